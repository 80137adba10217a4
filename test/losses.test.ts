// Losses' kernels against float64 formulas, central differences and numbers by hand; PyTorch's numbers are in golden.test.ts. Twin.call
// demands the same bits of WebAssembly and JavaScript.
import { beforeEach, describe, expect, test } from "vitest";
import { Twin } from "./twin.js";

const twin = await Twin.create();
beforeEach(() => twin.reset());

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const logSumExp = (row: readonly number[]) => {
  const most = Math.max(...row);
  return most + Math.log(sum(row.map((value) => Math.exp(value - most))));
};
const binary = (q: number, y: number) => -(y * Math.log(q) + (1 - y) * Math.log1p(-q));

interface Claim {
  /** The row's loss in float64; y: values, or a class id. */
  readonly f: (p: readonly number[], y: readonly number[]) => number;
  readonly probabilities?: boolean;
  readonly targets: "values" | "signs" | "probabilities" | "one-hot" | "ids";
  /** The op's own, in its order. */
  readonly options?: readonly number[];
}
const delta = 0.75;
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const sigmoid = (x: number) => Math.exp(-softplus(-x));
const claims: Record<string, Claim> = {
  meanSquaredError: { f: (p, y) => sum(p.map((x, c) => (x - y[c]!) ** 2)), targets: "values" },
  meanAbsoluteError: { f: (p, y) => sum(p.map((x, c) => Math.abs(x - y[c]!))), targets: "values" },
  huber: {
    f: (p, y) => sum(p.map((x, c) => Math.abs(x - y[c]!)).map((a) => (a <= delta ? 0.5 * a * a : delta * (a - 0.5 * delta)))),
    targets: "values",
    options: [delta],
  },
  binaryCrossEntropy: { f: (p, y) => sum(p.map((x, c) => binary(x, y[c]!))), probabilities: true, targets: "probabilities" },
  binaryCrossEntropyLogits: {
    f: (p, y) => sum(p.map((x, c) => Math.max(x, 0) - x * y[c]! + Math.log1p(Math.exp(-Math.abs(x))))),
    targets: "probabilities",
  },
  categoricalCrossEntropy: { f: (p, y) => -sum(p.map((x, c) => y[c]! * Math.log(x))), probabilities: true, targets: "probabilities" },
  categoricalCrossEntropyLogits: { f: (p, y) => sum(p.map((x, c) => y[c]! * (logSumExp(p) - x))), targets: "probabilities" },
  sparseCategoricalCrossEntropy: { f: (p, [id]) => -Math.log(p[id!]!), probabilities: true, targets: "ids" },
  sparseCategoricalCrossEntropyLogits: { f: (p, [id]) => logSumExp(p) - p[id!]!, targets: "ids" },
  logCosh: { f: (p, y) => sum(p.map((x, c) => Math.log(Math.cosh(x - y[c]!)))), targets: "values" },
  hinge: { f: (p, y) => sum(p.map((x, c) => Math.max(0, 1 - x * y[c]!))), targets: "signs" },
  squaredHinge: { f: (p, y) => sum(p.map((x, c) => Math.max(0, 1 - x * y[c]!) ** 2)), targets: "signs" },
  poisson: { f: (p, y) => sum(p.map((x, c) => x - y[c]! * Math.log(x))), probabilities: true, targets: "values" },
  poissonLog: { f: (p, y) => sum(p.map((x, c) => Math.exp(x) - y[c]! * x)), targets: "values" },
  klDivergence: {
    f: (p, y) => sum(p.map((x, c) => y[c]! * Math.log(y[c]! / x))),
    probabilities: true,
    targets: "probabilities",
  },
  klDivergenceLog: { f: (p, y) => sum(p.map((x, c) => y[c]! * (Math.log(y[c]!) - x))), targets: "probabilities" },
  weightedBinaryCrossEntropy: {
    f: (p, y) => -sum(p.map((x, c) => 3 * y[c]! * Math.log(x) + (1 - y[c]!) * Math.log1p(-x))),
    probabilities: true,
    targets: "probabilities",
    options: [3],
  },
  weightedBinaryCrossEntropyLogits: {
    f: (p, y) => sum(p.map((x, c) => 3 * y[c]! * softplus(-x) + (1 - y[c]!) * softplus(x))),
    targets: "probabilities",
    options: [3],
  },
  binaryFocal: {
    f: (p, y) =>
      sum(
        p.map((x, c) => {
          const yes = 0.25 * sigmoid(-x) ** 1.5 * softplus(-x);
          const no = 0.75 * sigmoid(x) ** 1.5 * softplus(x);
          return y[c]! * yes + (1 - y[c]!) * no;
        }),
      ),
    targets: "probabilities",
    options: [1.5, 0.25, 0.75],
  },
  focal: {
    f: (p, [id]) => {
      const surprise = logSumExp(p) - p[id!]!;
      return (1 - Math.exp(-surprise)) ** 2 * surprise;
    },
    targets: "ids",
    options: [2],
  },
  categoricalHinge: {
    f: (p, y) => Math.max(0, 1 + Math.max(...p.filter((_, c) => y[c] === 0)) - sum(p.map((x, c) => x * y[c]!))),
    targets: "one-hot",
  },
  cosineSimilarity: {
    f: (p, y) => 1 - sum(p.map((x, c) => x * y[c]!)) / Math.hypot(...p) / Math.hypot(...y),
    targets: "values",
  },
};

function random(seed: number): () => number {
  let state = seed >>> 0; // Numerical Recipes' LCG
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const up = (columns: number) => (columns + 3) & ~3;

interface Run {
  readonly kernel: string;
  readonly p: readonly number[];
  readonly y: readonly number[];
  readonly columns: number;
  readonly scale?: number;
  readonly options?: readonly number[];
  readonly ids: boolean;
  readonly gradient?: boolean;
}

/** Places p and y, padding and outputs poisoned with NaN, calls the kernel on all rows. */
function run({ kernel, p, y, columns, scale = 1, options = [], ids, gradient = true }: Run) {
  const rows = p.length / columns;
  const ld = up(columns);
  const [pAt, yAt] = [twin.placeRows(p, columns), ids ? twin.placeIds(y) : twin.placeRows(y, columns)];
  const loss = twin.reserve(rows);
  const dx = gradient ? twin.reserve(rows * ld) : 0;
  const rest = [columns, ld, ids ? 1 : ld, Math.fround(scale), ...options, 0, rows];
  twin.call(kernel, loss, dx, pAt, yAt, ...rest);
  return { loss: [...twin.read(loss, rows)], dx: gradient ? [...twin.readRows(dx, rows, columns)] : [], lossAt: loss };
}

describe.each(Object.keys(claims))("%s", (kernel) => {
  const { f, probabilities = false, targets, options = [] } = claims[kernel]!;
  const ids = targets === "ids";
  const sample = (rows: number, columns: number) => {
    const next = random(columns);
    const p = Array.from({ length: rows * columns }, () => Math.fround(probabilities ? 0.05 + 0.9 * next() : 8 * next() - 4));
    const id = () => Math.floor(next() * columns);
    if (targets === "one-hot") {
      const chosen = Array.from({ length: rows }, id);
      return { p, y: p.map((_, i) => (i % columns === chosen[Math.floor(i / columns)] ? 1 : 0)) };
    }
    const target = { values: () => 8 * next() - 4, signs: () => (next() < 0.5 ? -1 : 1), probabilities: () => next(), ids: id }[targets];
    const y = Array.from({ length: ids ? rows : rows * columns }, () => Math.fround(target()));
    return { p, y };
  };
  const width = (columns: number) => (ids ? 1 : columns);

  test.each([1, 3, 4, 5, 17, 64])("rows of %d: loss agrees with float64, gradient with its central differences", (columns) => {
    const [rows, scale, step] = [3, 0.125, 1e-5];
    const { p, y } = sample(rows, columns);
    const { loss, dx } = run({ kernel, p, y, columns, scale, options, ids });
    for (let r = 0; r < rows; ++r) {
      const row = p.slice(r * columns, (r + 1) * columns);
      const target = y.slice(r * width(columns), (r + 1) * width(columns));
      const expected = f(row, target);
      expect(Math.abs(loss[r]! - expected)).toBeLessThan(1e-6 * (1 + Math.abs(expected)) * Math.sqrt(columns));
      row.forEach((value, c) => {
        const moved = (by: number) => f(row.with(c, value + by), target);
        const slope = scale * ((moved(step) - moved(-step)) / (2 * step));
        // differences: rounding 1e-16·loss/step, third derivative (up to 2/0.05³) times step²/6; float32: some ulp
        expect(Math.abs(dx[r * columns + c]! - slope)).toBeLessThan(2e-6 * (1 + Math.abs(slope)));
      });
    }
  });

  test.each([2, 7])("rows of %d: without a gradient the loss is the same", (columns) => {
    const { p, y } = sample(5, columns);
    const input = { kernel, p, y, columns, options, ids };
    expect(run({ ...input, gradient: false }).loss).toEqual(run(input).loss);
  });

  test.each([3, 5])("rows of %d: those outside the range are left alone", (columns) => {
    const { p, y } = sample(4, columns);
    const [pAt, yAt] = [twin.placeRows(p, columns), ids ? twin.placeIds(y) : twin.placeRows(y, columns)];
    const [loss, dx] = [twin.place([9, 9, 9, 9]), twin.placeRows(new Array(4 * columns).fill(9), columns)];
    twin.call(kernel, loss, dx, pAt, yAt, columns, up(columns), ids ? 1 : up(columns), 1, ...options, 1, 3);
    const written = [...twin.read(loss, 4)];
    expect([written[0], written[3], written[1] !== 9, written[2] !== 9]).toEqual([9, 9, true, true]);
    const gradient = [...twin.readRows(dx, 4, columns)];
    expect([...gradient.slice(0, columns), ...gradient.slice(3 * columns)]).toEqual(new Array(2 * columns).fill(9));
  });

  test.each([3, 5])("rows of %d: a NaN prediction makes its row's loss and gradient NaN, other rows stay", (columns) => {
    const { p, y } = sample(2, columns);
    const at = ids ? y[1]! : columns - 1;
    const { loss, dx } = run({ kernel, p: p.with(columns + at, Number.NaN), y, columns, options, ids });
    expect([Number.isNaN(loss[1]), Number.isNaN(dx[columns + at]), Number.isFinite(loss[0])]).toEqual([true, true, true]);
    expect(dx.slice(0, columns).every(Number.isFinite)).toBe(true);
  });

  test.each([1, 2, 3, 4, 5])(
    "rows of %d: WebAssembly and JavaScript agree on zeros, denormals, huge values, infinities and ties",
    (columns) => {
      const ps = [0, -0, 1e-45, -1e-45, 1e-30, -1e-30, 0.5, 1, -1, 1 - 2 ** -24, 88, -88, 104, -104, 1000, -1000, 1e30, -1e30, 3e38, -3e38];
      const ys = ids ? [0, 1, 2, 3, 4].slice(0, columns) : [0, 1, -1, 0.5, 1e-40, 1e30, -1e30, 2];
      const all = [...ps, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
      for (const [shift, y] of ys.entries()) {
        const p = Array.from({ length: all.length * columns }, (_, i) => all[(i * (shift + 1)) % all.length]!);
        const target = ids ? all.map(() => y) : p.map((_, i) => ys[(i + shift) % ys.length]!);
        twin.reset();
        run({ kernel, p, y: target, columns, options, ids });
      }
    },
  );
});

describe("by hand", () => {
  test("meanAbsoluteError's gradient is the sign, 0 at a tie", () => {
    const { dx } = run({ kernel: "meanAbsoluteError", p: [1, 2, 3], y: [2, 2, 2], columns: 3, scale: 0.5, ids: false });
    expect(dx).toEqual([-0.5, 0, 0.5]);
  });

  test("huber is quadratic up to delta, linear beyond", () => {
    const { loss, dx } = run({ kernel: "huber", p: [1, -1, 3, -3], y: [0, 0, 0, 0], columns: 1, options: [1], ids: false });
    expect(loss).toEqual([0.5, 0.5, 2.5, 2.5]);
    expect(dx).toEqual([1, -1, 1, -1]);
  });

  test("logits of ±1000: the loss is the margin, the gradient one-hot differences", () => {
    const p = [1000, 1000, 1000, 1000, -1000, 0, -1000, 1000, 0];
    const sparse = run({ kernel: "sparseCategoricalCrossEntropyLogits", p, y: [2, 0, 0], columns: 3, ids: true });
    const dense = run({ kernel: "categoricalCrossEntropyLogits", p, y: [0, 0, 1, 1, 0, 0, 1, 0, 0], columns: 3, ids: false });
    expect(sparse.loss).toEqual([Math.fround(Math.log(3)), 0, 2000]);
    expect(sparse.dx.slice(3)).toEqual([0, 0, 0, -1, 1, 0]);
    expect([dense.loss, dense.dx.map((value) => value + 0)]).toEqual([sparse.loss, sparse.dx.map((value) => value + 0)]);
  });

  test("binary logits of ±1000 are as exact when right as when wrong", () => {
    const { loss, dx } = run({
      kernel: "binaryCrossEntropyLogits",
      p: [1000, 1000, -1000, -1000],
      y: [1, 0, 1, 0],
      columns: 1,
      ids: false,
    });
    expect(loss).toEqual([0, 1000, 1000, 0]);
    expect(dx).toEqual([0, 1, -1, 0]);
  });

  test("soft targets that do not sum to 1: gradient is softmax times their sum, less them", () => {
    const { loss, dx } = run({ kernel: "categoricalCrossEntropyLogits", p: [0, 0], y: [1, 2], columns: 2, ids: false });
    expect(loss[0]).toBeCloseTo(3 * Math.LN2, 6);
    expect(dx).toEqual([0.5, -0.5]);
  });

  test("probabilities of exactly 0 where the target is 0 add nothing and have no gradient", () => {
    const { loss, dx } = run({ kernel: "categoricalCrossEntropy", p: [0, 1, 0], y: [0, 1, 0], columns: 3, ids: false });
    expect([loss[0]! + 0, ...dx.map((value) => value + 0)]).toEqual([0, 0, -1, 0]);
  });

  const close = (values: readonly number[], expected: readonly number[], relative = 1e-6) =>
    values.forEach((value, i) => {
      expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(relative * Math.abs(expected[i]!));
    });

  test("logCosh keeps its relative precision near 0 and overflows nowhere", () => {
    const p = [1e-4, -0.01, 1, -1.0001, 40, -1e30];
    const { loss, dx } = run({ kernel: "logCosh", p, y: p.map(() => 0), columns: 1, ids: false });
    // log cosh x = x²/2 - x⁴/12 + …
    close(loss, [5e-9, 0.00004999916668, 0.4337808304830272, 0.4338569927, 40 - Math.LN2, 1e30]);
    close(dx, p.map(Math.tanh));
  });

  test("hinges have slope 0 at the margin and beyond it", () => {
    const given = { p: [0.5, 1, 2, -0.5], y: [1, 1, 1, 1], columns: 4, ids: false };
    const [first, squared] = [run({ kernel: "hinge", ...given }), run({ kernel: "squaredHinge", ...given })];
    expect([first.loss[0], ...first.dx]).toEqual([2, -1, 0, 0, -1]);
    expect([squared.loss[0], ...squared.dx.map((value) => value + 0)]).toEqual([2.5, -1, 0, 0, -3]);
  });

  test("hinges take a target of 0 for -1", () => {
    const p = [0.5, -1, -2, -0.5, 1.25];
    for (const kernel of ["hinge", "squaredHinge"] as const) {
      const [zero, minus] = [0, -1].map((y) => run({ kernel, p, y: p.map(() => y), columns: 5, ids: false }));
      expect([zero!.loss, zero!.dx]).toEqual([minus!.loss, minus!.dx]);
    }
  });

  test("categoricalHinge pushes the first of equal rivals, and nothing where there is none or the margin is kept", () => {
    const p = [1, 2, 2, 5, 1, 1, 1, 2, 3];
    const { loss, dx } = run({ kernel: "categoricalHinge", p, y: [1, 0, 0, 1, 0, 0, 1, 1, 1], columns: 3, ids: false });
    expect(loss).toEqual([2, 0, 0]);
    expect(dx.map((value) => value + 0)).toEqual([-1, 1, 0, 0, 0, 0, 0, 0, 0]);
  });

  test("poisson and klDivergence: where the target is 0 a probability of 0 costs nothing", () => {
    expect(run({ kernel: "poisson", p: [0, 2], y: [0, 0], columns: 2, ids: false })).toMatchObject({ loss: [2], dx: [1, 1] });
    const { loss, dx } = run({ kernel: "klDivergence", p: [0, 0.5], y: [0, 1], columns: 2, ids: false });
    close([...loss, dx[1]!], [Math.LN2, -2]);
    expect(dx[0]! + 0).toBe(0);
  });

  test("cosineSimilarity is the same for vectors of any length, and has no direction to push rows of zeros", () => {
    const p = [3e30, 4e30, 3e-30, 4e-30, 0, 0, 3, 4];
    const { loss, dx } = run({ kernel: "cosineSimilarity", p, y: [4, 3, 4e-25, 3e-25, 1, 1, 0, 0], columns: 2, ids: false });
    close(loss, [0.04, 0.04, 1, 1]);
    // (cos·p/|p| - y/|y|)/|p|, |p| = 5e±30
    close(dx.slice(0, 4), [-0.224 / 5e30, 0.168 / 5e30, -0.224 / 5e-30, 0.168 / 5e-30]);
    expect(dx.slice(4)).toEqual([0, 0, 0, 0]);
  });

  test("focal: a class that is certain costs nothing, one that is ruled out its margin; gamma 0 is cross-entropy", () => {
    const p = [1000, 0, 0, -1000, 0, 0, 20, 0, 0];
    const certain = run({ kernel: "focal", p, y: [0, 0, 0], columns: 3, options: [2], ids: true });
    const rest = 2 * Math.exp(-20); // 1 - q; -log q is the same to first order
    // The power is e^(2·log(1 - q)), where 2·19 is known to 2e-6.
    close(certain.loss, [0, 1000 + Math.LN2, rest ** 3], 5e-6);
    close(certain.dx, [0, 0, 0, -1, 0.5, 0.5, -3 * rest ** 3, 1.5 * rest ** 3, 1.5 * rest ** 3], 5e-6);
    const [none, plain] = [
      run({ kernel: "focal", p, y: [0, 0, 0], columns: 3, options: [0], ids: true }),
      run({ kernel: "sparseCategoricalCrossEntropyLogits", p, y: [0, 0, 0], columns: 3, ids: true }),
    ];
    none.dx.forEach((value, i) => {
      expect(value).toBeCloseTo(plain.dx[i]!, 6);
    });
    none.loss.forEach((value, r) => {
      expect(value).toBeCloseTo(plain.loss[r]!, 6);
    });
  });

  test("binaryFocal at ±1000: nothing, or the margin; gamma 0 is cross-entropy", () => {
    const given = { p: [1000, 1000, -1000, -1000, 0.5], y: [1, 0, 1, 0, 1], columns: 1, ids: false };
    const { loss, dx } = run({ kernel: "binaryFocal", ...given, options: [2, 1, 1] });
    expect(loss.slice(0, 4)).toEqual([0, 1000, 1000, 0]);
    expect(dx.slice(0, 4).map((value) => value + 0)).toEqual([0, 1, -1, 0]);
    const none = run({ kernel: "binaryFocal", ...given, options: [0, 1, 1] });
    close(none.loss, run({ kernel: "binaryCrossEntropyLogits", ...given }).loss);
  });

  test.each([1, 3, 4, 5, 17])(
    "weighRows multiplies losses and rows of %d by their weights; what weighs 0 becomes 0, whatever it was",
    (columns) => {
      const weights = [0.5, 0, 3, 0];
      const loss = twin.place([2, Number.POSITIVE_INFINITY, 0.1, Number.NaN]);
      const dx = twin.placeRows(
        Array.from({ length: 4 * columns }, (_, i) => (i < columns ? 3 : i < 2 * columns ? Number.NaN : 0.1)),
        columns,
      );
      twin.call("weighRows", loss, dx, twin.place(weights), up(columns), 0, 4);
      const third = Math.fround(3 * Math.fround(0.1));
      expect([...twin.read(loss, 4)]).toEqual([1, 0, third, 0]);
      expect([...twin.readRows(dx, 4, columns)]).toEqual([1.5, 0, third, 0].flatMap((value) => new Array(columns).fill(value)));
      twin.call("weighRows", loss, 0, twin.place(weights), up(columns), 1, 3);
      expect([...twin.read(loss, 4)]).toEqual([1, 0, Math.fround(3 * third), 0]);
    },
  );

  test("reduceLoss scales the sum in row order and reports what is not finite, keeping other bits", () => {
    const [good, bad, infinite] = [twin.place([1, 2, 3.5]), twin.place([1, Number.NaN]), twin.place([1, Number.POSITIVE_INFINITY])];
    const [out, status] = [twin.place([0, 0]), twin.placeIds([4])];
    twin.call("reduceLoss", out, status, good, 0.1, 0, 3);
    expect([twin.readF64(out), twin.wasm.u32[status >> 2]]).toEqual([0.1 * 6.5, 4]);
    twin.call("reduceLoss", out, status, bad, 1, 0, 2);
    expect([twin.readF64(out), twin.wasm.u32[status >> 2]]).toEqual([Number.NaN, 5]);
    twin.wasm.u32[status >> 2] = 0;
    twin.js.u32[status >> 2] = 0;
    twin.call("reduceLoss", out, status, infinite, 1, 0, 2);
    expect(twin.wasm.u32[status >> 2]).toBe(1);
  });
});
