// Activations and softmax against float64 formulas and PyTorch's numbers. Twin.call demands the same bits of WebAssembly and JavaScript.
import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { Twin } from "./twin.js";

const twin = await Twin.create();
beforeEach(() => twin.reset());

/** erf by its series of positive terms (Abramowitz & Stegun 7.1.6). */
function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  let [sum, term] = [0, a];
  for (let n = 1; term > sum * 1e-17; ++n) {
    sum += term;
    term *= (2 * a * a) / (2 * n + 1);
  }
  return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * Math.exp(-a * a) * sum;
}
const logistic = (x: number) => 1 / (1 + Math.exp(-x));
const cdf = (x: number) => 0.5 * (1 + erf(x / Math.SQRT2));
const density = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
const inner = (x: number) => Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
const innerSlope = (x: number) => Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
const clip = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);
const sech2 = (u: number) => 1 - Math.tanh(u) ** 2;

interface Claim {
  readonly f: (x: number, alpha: number) => number;
  readonly slope: (x: number, alpha: number) => number;
  readonly keeps: "x" | "y";
  readonly alpha?: number;
}
const claims: Record<string, Claim> = {
  relu: { f: (x) => Math.max(x, 0), slope: (x) => (x > 0 ? 1 : 0), keeps: "y" },
  leakyRelu: { f: (x, a) => (x > 0 ? x : a * x), slope: (x, a) => (x > 0 ? 1 : a), keeps: "y", alpha: 0.25 },
  sigmoid: { f: logistic, slope: (x) => logistic(x) * (1 - logistic(x)), keeps: "y" },
  tanh: { f: Math.tanh, slope: sech2, keeps: "y" },
  softplus: { f: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), slope: logistic, keeps: "x" },
  elu: { f: (x, a) => (x > 0 ? x : a * Math.expm1(x)), slope: (x, a) => (x > 0 ? 1 : a * Math.exp(x)), keeps: "y", alpha: 1.5 },
  gelu: { f: (x) => x * cdf(x), slope: (x) => cdf(x) + x * density(x), keeps: "x" },
  geluTanh: {
    f: (x) => 0.5 * x * (1 + Math.tanh(inner(x))),
    slope: (x) => 0.5 * (1 + Math.tanh(inner(x))) + 0.5 * x * sech2(inner(x)) * innerSlope(x),
    keeps: "x",
  },
  silu: { f: (x) => x * logistic(x), slope: (x) => logistic(x) * (1 + x * (1 - logistic(x))), keeps: "x" },
  selu: {
    f: (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
    slope: (x) => 1.0507009873554805 * (x > 0 ? 1 : 1.6732632423543772 * Math.exp(x)),
    keeps: "y",
  },
  celu: { f: (x, a) => (x > 0 ? x : a * Math.expm1(x / a)), slope: (x, a) => (x > 0 ? 1 : Math.exp(x / a)), keeps: "y", alpha: 1.5 },
  mish: {
    f: (x) => x * Math.tanh(Math.log1p(Math.exp(x))),
    slope: (x) => Math.tanh(Math.log1p(Math.exp(x))) + x * sech2(Math.log1p(Math.exp(x))) * logistic(x),
    keeps: "x",
  },
  softsign: { f: (x) => x / (1 + Math.abs(x)), slope: (x) => (1 + Math.abs(x)) ** -2, keeps: "x" },
  logSigmoid: { f: (x) => Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x))), slope: (x) => logistic(-x), keeps: "x" },
  hardSigmoid: { f: (x) => clip(x + 3, 0, 6) / 6, slope: (x) => (Math.abs(x) < 3 ? 1 / 6 : 0), keeps: "y" },
  hardSwish: { f: (x) => (x * clip(x + 3, 0, 6)) / 6, slope: (x) => (x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6), keeps: "x" },
  hardTanh: { f: (x) => clip(x, -1, 1), slope: (x) => (Math.abs(x) < 1 ? 1 : 0), keeps: "y" },
  relu6: { f: (x) => clip(x, 0, 6), slope: (x) => (x > 0 && x < 6 ? 1 : 0), keeps: "y" },
};
const names = Object.keys(claims);
/** Those that are x, or 1, above and 0, -1 or alpha·x below, to the last bit. */
const exact = ["relu", "leakyRelu", "sigmoid", "tanh", "softplus", "elu", "gelu", "geluTanh", "silu"];

function random(seed: number): () => number {
  let state = seed >>> 0; // Numerical Recipes' LCG
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function arguments_(count: number): Float32Array {
  const next = random(count);
  return Float32Array.from({ length: count }, () => (next() - 0.5) * 12);
}
const options = ({ alpha }: Claim) => (alpha === undefined ? [] : [alpha]);

describe.each(names)("%s", (name) => {
  const claim = claims[name]!;
  const { f, slope, keeps, alpha = 0 } = claim;

  test.each([4, 8, 12, 20, 64])("forward and backward of %d elements agree with float64", (count) => {
    const xs = arguments_(count);
    const dys = arguments_(count + 1).subarray(0, count);
    const [x, dy] = [twin.place(xs), twin.place(dys)];
    const [y, dx] = [twin.reserve(count), twin.reserve(count)];
    twin.call(`${name}Forward`, y, x, ...options(claim), 0, count);
    twin.call(`${name}Backward`, dx, dy, keeps === "x" ? x : y, ...options(claim), 0, count);
    const [values, gradients] = [twin.read(y, count), twin.read(dx, count)];
    for (let i = 0; i < count; ++i) {
      // erf and tanh are off by up to 4.8e-7, x up to 6 scales that; slopes are of order 1, dy up to 6
      expect(Math.abs(values[i]! - f(xs[i]!, alpha))).toBeLessThan(3e-6);
      expect(Math.abs(gradients[i]! - dys[i]! * slope(xs[i]!, alpha))).toBeLessThan(6e-6);
    }
  });

  test("a range leaves the elements outside it alone", () => {
    const x = twin.place(arguments_(32));
    const [y, dx] = [twin.place(new Float32Array(32).fill(7)), twin.place(new Float32Array(32).fill(7))];
    twin.call(`${name}Forward`, y, x, ...options(claim), 8, 20);
    twin.call(`${name}Backward`, dx, x, x, ...options(claim), 8, 20);
    for (const written of [twin.read(y, 32), twin.read(dx, 32)]) {
      written.forEach((value, i) => {
        if (i < 8 || i >= 20) expect(value).toBe(7);
      });
    }
  });

  test("y may be x, and dx may be dy", () => {
    const [apart, x, dy] = [twin.place(arguments_(20)), twin.place(arguments_(20)), twin.place(arguments_(24).subarray(0, 20))];
    const [y, dx] = [twin.reserve(20), twin.reserve(20)];
    twin.call(`${name}Forward`, y, apart, ...options(claim), 0, 20);
    twin.call(`${name}Backward`, dx, dy, keeps === "x" ? apart : y, ...options(claim), 0, 20);
    twin.call(`${name}Forward`, x, x, ...options(claim), 0, 20);
    twin.call(`${name}Backward`, dy, dy, keeps === "x" ? apart : y, ...options(claim), 0, 20);
    expect(twin.read(x, 20)).toEqual(twin.read(y, 20));
    expect(twin.read(dy, 20)).toEqual(twin.read(dx, 20));
  });

  test("huge arguments give the limits, and nothing infinite", () => {
    const xs = Float32Array.from([3e38, -3e38, 1e20, -1e20, 100, -1000, 1e-45, -1e-45]);
    const [x, dy] = [twin.place(xs), twin.place(new Float32Array(8).fill(1))];
    const [y, dx] = [twin.reserve(8), twin.reserve(8)];
    twin.call(`${name}Forward`, y, x, ...options(claim), 0, 8);
    twin.call(`${name}Backward`, dx, dy, keeps === "x" ? x : y, ...options(claim), 0, 8);
    const [values, gradients] = [twin.read(y, 8), twin.read(dx, 8)];
    xs.forEach((value, i) => {
      expect(Math.abs(values[i]! - f(value, alpha))).toBeLessThanOrEqual(1e-6 * Math.abs(f(value, alpha)) + 1e-40);
      // At the smallest float32 a kink is as good as there.
      if (i < 6) expect(Math.abs(gradients[i]! - slope(value, alpha))).toBeLessThan(1e-6);
    });
    expect([...values, ...gradients].every(Number.isFinite)).toBe(true);
  });

  if (exact.includes(name))
    test("huge arguments give finite values and gradients, saturated exactly", () => {
      const xs = [3e38, -3e38, 1e20, -1e20, 100, -1000, 1e-45, -1e-45];
      const x = twin.place(xs);
      const dy = twin.place(new Float32Array(8).fill(1));
      const [y, dx] = [twin.reserve(8), twin.reserve(8)];
      twin.call(`${name}Forward`, y, x, ...options(claim), 0, 8);
      twin.call(`${name}Backward`, dx, dy, keeps === "x" ? x : y, ...options(claim), 0, 8);
      const [values, gradients] = [twin.read(y, 8), twin.read(dx, 8)];
      for (const i of [0, 2, 4]) {
        expect(values[i]).toBe(name === "sigmoid" || name === "tanh" ? 1 : Math.fround(xs[i]!));
        expect(gradients[i]).toBeCloseTo(name === "sigmoid" || name === "tanh" ? 0 : 1, 12);
      }
      for (const i of [1, 3, 5]) {
        const low = { leakyRelu: Math.fround(alpha * Math.fround(xs[i]!)), tanh: -1, elu: -alpha }[name] ?? 0;
        expect(values[i]! + 0).toBe(low);
        expect(gradients[i]! + 0).toBe(name === "leakyRelu" ? alpha : 0);
      }
      expect([...values, ...gradients].every(Number.isFinite)).toBe(true);
    });

  test("NaN passes", () => {
    const x = twin.place(new Float32Array(4).fill(Number.NaN));
    const y = twin.reserve(4);
    twin.call(`${name}Forward`, y, x, ...options(claim), 0, 4);
    expect([...twin.read(y, 4)].every(Number.isNaN)).toBe(true);
  });
});

describe("softmax", () => {
  const softmax = (row: readonly number[]) => {
    const most = Math.max(...row);
    const e = row.map((value) => Math.exp(value - most));
    const sum = e.reduce((a, b) => a + b, 0);
    return e.map((value) => value / sum);
  };
  const rowsOf = (flat: Float32Array, columns: number) =>
    Array.from({ length: flat.length / columns }, (_, r) => [...flat.subarray(r * columns, (r + 1) * columns)]);

  test.each([1, 3, 4, 5, 17, 64])("forward and backward of rows of %d agree with float64, whatever the padding holds", (columns) => {
    const [rows, ld] = [3, (columns + 3) & ~3];
    const [xs, dys] = [arguments_(rows * columns), arguments_(rows * columns + 1).subarray(1)];
    const [x, dy] = [twin.placeRows(xs, columns), twin.placeRows(dys, columns)];
    const [y, dx] = [twin.reserve(rows * ld), twin.reserve(rows * ld)];
    twin.call("softmaxForward", y, x, columns, ld, 0, rows);
    twin.call("softmaxBackward", dx, dy, y, columns, ld, 0, rows);
    const [values, gradients] = [rowsOf(twin.readRows(y, rows, columns), columns), rowsOf(twin.readRows(dx, rows, columns), columns)];
    rowsOf(xs, columns).forEach((row, r) => {
      const expected = softmax(row);
      const dyRow = rowsOf(dys, columns)[r]!;
      const mean = expected.reduce((sum, value, c) => sum + value * dyRow[c]!, 0);
      for (let c = 0; c < columns; ++c) {
        expect(Math.abs(values[r]![c]! / expected[c]! - 1)).toBeLessThan(2e-6); // x - max is off by half an ulp of 12
        expect(Math.abs(gradients[r]![c]! - expected[c]! * (dyRow[c]! - mean))).toBeLessThan(4e-6);
      }
    });
    twin.call("softmaxForward", x, x, columns, ld, 0, rows);
    twin.call("softmaxBackward", dy, dy, y, columns, ld, 0, rows);
    expect(twin.readRows(x, rows, columns)).toEqual(twin.readRows(y, rows, columns));
    expect(twin.readRows(dy, rows, columns)).toEqual(twin.readRows(dx, rows, columns));
  });

  test("rows of ±1000 neither overflow nor vanish", () => {
    const x = twin.placeRows([1000, 1000, 1000, -1000, 0, 1000, -1000, -1000, -1000], 3);
    const y = twin.reserve(12);
    twin.call("softmaxForward", y, x, 3, 4, 0, 3);
    const third = Math.fround(1 / 3);
    expect([...twin.readRows(y, 3, 3)]).toEqual([third, third, third, 0, 0, 1, third, third, third]);
  });

  test.each([0, 2, 4])("a NaN in column %d makes its whole row NaN and no other", (column) => {
    const xs = new Float32Array(10).fill(1);
    xs[column] = Number.NaN;
    const x = twin.placeRows(xs, 5);
    const y = twin.reserve(16);
    twin.call("softmaxForward", y, x, 5, 8, 0, 2);
    const values = [...twin.readRows(y, 2, 5)];
    expect(values.slice(0, 5).every(Number.isNaN)).toBe(true);
    expect(values.slice(5)).toEqual(new Array(5).fill(Math.fround(0.2)));
  });
});

describe("logSoftmax", () => {
  test.each([1, 3, 4, 5, 17, 64])("forward and backward of rows of %d agree with float64, whatever the padding holds", (columns) => {
    const [rows, ld] = [3, (columns + 3) & ~3];
    const [xs, dys] = [arguments_(rows * columns), arguments_(rows * columns + 1).subarray(1)];
    const [x, dy] = [twin.placeRows(xs, columns), twin.placeRows(dys, columns)];
    const [y, dx] = [twin.reserve(rows * ld), twin.reserve(rows * ld)];
    twin.call("logSoftmaxForward", y, x, columns, ld, 0, rows);
    twin.call("logSoftmaxBackward", dx, dy, y, columns, ld, 0, rows);
    const [values, gradients] = [twin.readRows(y, rows, columns), twin.readRows(dx, rows, columns)];
    for (let r = 0; r < rows; ++r) {
      const [row, dyRow] = [xs, dys].map((flat) => [...flat.subarray(r * columns, (r + 1) * columns)]) as [number[], number[]];
      const most = Math.max(...row);
      const logSum = most + Math.log(row.reduce((sum, value) => sum + Math.exp(value - most), 0));
      const dySum = dyRow.reduce((a, b) => a + b, 0);
      for (let c = 0; c < columns; ++c) {
        // y is up to 16, and x - max off by half an ulp of 12
        expect(Math.abs(values[r * columns + c]! - (row[c]! - logSum))).toBeLessThan(2e-6);
        // the sum of 64 terms of up to 6
        expect(Math.abs(gradients[r * columns + c]! - (dyRow[c]! - Math.exp(row[c]! - logSum) * dySum))).toBeLessThan(2e-5);
      }
    }
    twin.call("logSoftmaxForward", x, x, columns, ld, 0, rows);
    twin.call("logSoftmaxBackward", dy, dy, y, columns, ld, 0, rows);
    expect(twin.readRows(x, rows, columns)).toEqual(twin.readRows(y, rows, columns));
    expect(twin.readRows(dy, rows, columns)).toEqual(twin.readRows(dx, rows, columns));
  });

  test("rows of ±1000 do not overflow", () => {
    const x = twin.placeRows([1000, 0, -1000], 3);
    const y = twin.reserve(4);
    twin.call("logSoftmaxForward", y, x, 3, 4, 0, 1);
    expect([...twin.readRows(y, 1, 3)].map((value) => value + 0)).toEqual([0, -1000, -2000]);
  });
});

describe("PyTorch's numbers (golden cases)", () => {
  interface Values {
    readonly shape: readonly number[];
    readonly data: readonly number[];
  }
  interface Case {
    readonly name: string;
    readonly activation: { readonly type: string; readonly alpha?: number };
    readonly x: Values;
    readonly y: Values;
    readonly dy: Values;
    readonly dx: Values;
    readonly kinks?: readonly { readonly index: number; readonly accept: readonly number[] }[];
    readonly rtol: number;
    readonly atol: number;
  }
  const rowwise = ["softmax", "logSoftmax"];
  const { cases } = JSON.parse(readFileSync("test/golden/cases/activations.json", "utf8")) as { cases: readonly Case[] };
  const inScope = cases.filter(({ activation }) => activation.type in claims || rowwise.includes(activation.type));
  test("there are cases for every activation", () => {
    expect(new Set(inScope.map((c) => c.activation.type))).toEqual(new Set([...names, ...rowwise]));
  });

  test.each(inScope)("$name", ({ activation: { type, alpha }, x, y, dy, dx, kinks = [], rtol, atol }) => {
    const columns = x.shape.at(-1)!;
    const [rows, ld] = [x.data.length / columns, (columns + 3) & ~3];
    const [xs, dys] = [twin.placeRows(x.data, columns), twin.placeRows(dy.data, columns)];
    const [ys, dxs] = [twin.reserve(rows * ld), twin.reserve(rows * ld)];
    const rest = rowwise.includes(type) ? [columns, ld, 0, rows] : [...(alpha === undefined ? [] : [Math.fround(alpha)]), 0, rows * ld];
    twin.call(`${type}Forward`, ys, xs, ...rest);
    twin.call(`${type}Backward`, dxs, dys, claims[type]?.keeps === "x" ? xs : ys, ...rest);
    const [values, gradients] = [twin.readRows(ys, rows, columns), twin.readRows(dxs, rows, columns)];
    const close = (a: number, b: number) => Math.abs(a - b) <= atol + rtol * Math.abs(b);
    y.data.forEach((expected, i) => {
      expect(close(values[i]!, expected)).toBe(true);
    });
    dx.data.forEach((expected, i) => {
      const accepted = kinks.find((kink) => kink.index === i)?.accept ?? [expected];
      expect(accepted.some((value) => close(gradients[i]!, value))).toBe(true);
    });
  });
});
