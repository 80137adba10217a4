// Losses against float64 formulas, central differences and PyTorch's numbers. Twin.call demands the same bits of WebAssembly and JavaScript.
import { readFileSync } from "node:fs";
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
  readonly targets: "values" | "probabilities" | "ids";
  readonly delta?: number;
}
const delta = 0.75;
const claims: Record<string, Claim> = {
  meanSquaredError: { f: (p, y) => sum(p.map((x, c) => (x - y[c]!) ** 2)), targets: "values" },
  meanAbsoluteError: { f: (p, y) => sum(p.map((x, c) => Math.abs(x - y[c]!))), targets: "values" },
  huber: {
    f: (p, y) => sum(p.map((x, c) => Math.abs(x - y[c]!)).map((a) => (a <= delta ? 0.5 * a * a : delta * (a - 0.5 * delta)))),
    targets: "values",
    delta,
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
  readonly delta?: number;
  readonly ids: boolean;
  readonly gradient?: boolean;
}

/** Places p and y, padding and outputs poisoned with NaN, calls the kernel on all rows. */
function run({ kernel, p, y, columns, scale = 1, delta, ids, gradient = true }: Run) {
  const rows = p.length / columns;
  const ld = up(columns);
  const [pAt, yAt] = [twin.placeRows(p, columns), ids ? twin.placeIds(y) : twin.placeRows(y, columns)];
  const loss = twin.reserve(rows);
  const dx = gradient ? twin.reserve(rows * ld) : 0;
  const rest = [columns, ld, ids ? 1 : ld, Math.fround(scale), ...(delta === undefined ? [] : [delta]), 0, rows];
  twin.call(kernel, loss, dx, pAt, yAt, ...rest);
  return { loss: [...twin.read(loss, rows)], dx: gradient ? [...twin.readRows(dx, rows, columns)] : [], lossAt: loss };
}

describe.each(Object.keys(claims))("%s", (kernel) => {
  const { f, probabilities = false, targets, delta } = claims[kernel]!;
  const ids = targets === "ids";
  const sample = (rows: number, columns: number) => {
    const next = random(columns);
    const p = Array.from({ length: rows * columns }, () => Math.fround(probabilities ? 0.05 + 0.9 * next() : 8 * next() - 4));
    const target = { values: () => 8 * next() - 4, probabilities: () => next(), ids: () => Math.floor(next() * columns) }[targets];
    const y = Array.from({ length: ids ? rows : rows * columns }, () => Math.fround(target()));
    return { p, y };
  };
  const width = (columns: number) => (ids ? 1 : columns);

  test.each([1, 3, 4, 5, 17, 64])("rows of %d: loss agrees with float64, gradient with its central differences", (columns) => {
    const [rows, scale, step] = [3, 0.125, 1e-5];
    const { p, y } = sample(rows, columns);
    const { loss, dx } = run({ kernel, p, y, columns, scale, delta, ids });
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

  test("without a gradient the loss is the same", () => {
    const { p, y } = sample(5, 7);
    const input = { kernel, p, y, columns: 7, delta, ids };
    expect(run({ ...input, gradient: false }).loss).toEqual(run(input).loss);
  });

  test("rows outside the range are left alone", () => {
    const { p, y } = sample(4, 5);
    const [pAt, yAt] = [twin.placeRows(p, 5), ids ? twin.placeIds(y) : twin.placeRows(y, 5)];
    const [loss, dx] = [twin.place([9, 9, 9, 9]), twin.placeRows(new Array(20).fill(9), 5)];
    twin.call(kernel, loss, dx, pAt, yAt, 5, 8, ids ? 1 : 8, 1, ...(delta === undefined ? [] : [delta]), 1, 3);
    const written = [...twin.read(loss, 4)];
    expect([written[0], written[3], written[1] !== 9, written[2] !== 9]).toEqual([9, 9, true, true]);
    const gradient = [...twin.readRows(dx, 4, 5)];
    expect([...gradient.slice(0, 5), ...gradient.slice(15)]).toEqual(new Array(10).fill(9));
  });

  test("a NaN prediction makes its row's loss and gradient NaN, other rows stay", () => {
    const { p, y } = sample(2, 5);
    const at = ids ? y[1]! : 4;
    const { loss, dx } = run({ kernel, p: p.with(5 + at, Number.NaN), y, columns: 5, delta, ids });
    expect([Number.isNaN(loss[1]), Number.isNaN(dx[5 + at]), Number.isFinite(loss[0])]).toEqual([true, true, true]);
    expect(dx.slice(0, 5).every(Number.isFinite)).toBe(true);
  });
});

describe("by hand", () => {
  test("meanAbsoluteError's gradient is the sign, 0 at a tie", () => {
    const { dx } = run({ kernel: "meanAbsoluteError", p: [1, 2, 3], y: [2, 2, 2], columns: 3, scale: 0.5, ids: false });
    expect(dx).toEqual([-0.5, 0, 0.5]);
  });

  test("huber is quadratic up to delta, linear beyond", () => {
    const { loss, dx } = run({ kernel: "huber", p: [1, -1, 3, -3], y: [0, 0, 0, 0], columns: 1, delta: 1, ids: false });
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

describe("PyTorch's numbers (golden cases)", () => {
  interface Values {
    readonly shape: readonly number[];
    readonly data: readonly number[];
  }
  interface Case {
    readonly name: string;
    readonly loss: Readonly<Record<string, unknown>> & { readonly type: string };
    readonly prediction: Values;
    readonly target: Values;
    readonly sampleWeights?: unknown;
    readonly value: number;
    readonly gradient: Values;
    readonly expect?: "finite";
    readonly valueRange?: readonly [number, number];
    readonly kinks?: readonly { readonly index: number; readonly accept: readonly number[] }[];
    readonly rtol: number;
    readonly atol: number;
  }
  const kernels: Record<string, string> = {
    mse: "meanSquaredError",
    mae: "meanAbsoluteError",
    huber: "huber",
    binaryCrossEntropy: "binaryCrossEntropy",
    categoricalCrossEntropy: "categoricalCrossEntropy",
    sparseCategoricalCrossEntropy: "sparseCategoricalCrossEntropy",
  };
  const scope = ["type", "delta", "fromLogits", "reduction"];
  const { cases } = JSON.parse(readFileSync("test/golden/cases/losses.json", "utf8")) as { cases: readonly Case[] };
  const inScope = cases.filter(
    (c) => c.loss.type in kernels && Object.keys(c.loss).every((option) => scope.includes(option)) && !c.sampleWeights,
  );
  test("there are cases for every kernel", () => {
    const found = inScope.map(({ loss }) => kernels[loss.type]! + (loss.fromLogits ? "Logits" : ""));
    expect(new Set(found)).toEqual(new Set(Object.keys(claims)));
  });

  test.each(inScope)("$name", (given) => {
    const { loss: options, prediction, target, value, gradient, kinks = [], rtol, atol } = given;
    const columns = prediction.shape.at(-1)!;
    const rows = prediction.data.length / columns;
    const perPosition = options.type.endsWith("ategoricalCrossEntropy");
    const lossScale = options.reduction === "sum" ? 1 : 1 / (perPosition ? rows : rows * columns);
    const { dx, lossAt } = run({
      kernel: kernels[options.type]! + (options.fromLogits ? "Logits" : ""),
      p: prediction.data,
      y: target.data,
      columns,
      scale: lossScale,
      delta: options.delta as number | undefined,
      ids: options.type === "sparseCategoricalCrossEntropy",
    });
    const [out, status] = [twin.place([0, 0]), twin.placeIds([0])];
    twin.call("reduceLoss", out, status, lossAt, lossScale, 0, rows);
    const total = twin.readF64(out);
    if (given.expect === "finite") {
      const [low, high] = given.valueRange!;
      expect(total).toBeGreaterThanOrEqual(low);
      expect(total).toBeLessThanOrEqual(high);
      expect(dx.every(Number.isFinite)).toBe(true);
      return;
    }
    const close = (a: number, b: number) => Math.abs(a - b) <= atol + rtol * Math.abs(b);
    expect(close(total, value)).toBe(true);
    gradient.data.forEach((expected, i) => {
      const accepted = kinks.find((kink) => kink.index === i)?.accept ?? [expected];
      expect(accepted.some((one) => close(dx[i]!, one))).toBe(true);
    });
  });
});
