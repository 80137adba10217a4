// net.trace: what it shows is what training does, to the bit, and fits together.
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import {
  activation,
  dense,
  dropout,
  input,
  layer,
  meanSquaredError,
  network,
  residual,
  sgd,
  sparseCategoricalCrossEntropy,
} from "../src/index.js";
import { tensorText } from "../src/inspect/tensorText.js";
import { cases, dataFor } from "./cases.js";
import { expectClose } from "./close.js";

const fround = Math.fround;
/** Float32 sums of up to 32 terms that cancel, in units of the largest sum. */
const ofSums = 1e-5;
/** A power of two: the product with it is exact, so that an update is one rounding. */
const learningRate = 2 ** -3;

describe.each(cases)("$name", ({ options, batch }) => {
  const { inputs, targets } = dataFor(options, batch);
  const traced = (backend: "wasm" | "js") => network({ ...options, optimizer: sgd({ learningRate }), backend });

  test.each(["wasm", "js"] as const)("loss and gradients are the training plan's bits on %s", async (backend) => {
    const net = await traced(backend);
    // The second step, so that dropout's counter has moved.
    for (let step = 0; step < 2; ++step) {
      const before = net.parameters();
      const trace = net.trace(inputs, targets);
      const gradients = net.gradients(inputs, targets);
      expect(net.trainOnBatch(inputs, targets)).toBe(trace.loss);
      const after = net.parameters();
      before.forEach(({ name, values }, p) => {
        const gradient = gradients[name]!.values;
        expect(after[p]!.values).toEqual(values.map((w, i) => fround(w - learningRate * gradient[i]!)));
      });
      const byLayer = trace.layers.flatMap((layer) => Object.values(layer.gradients).map(({ values }) => values));
      expect(byLayer).toEqual(Object.values(gradients).map(({ values }) => values));
    }
    net.dispose();
  });

  test("nothing changes", async () => {
    const net = await traced("wasm");
    const hash = net.weightsHash();
    net.trace(inputs, targets);
    net.gradients(inputs, targets);
    expect([net.weightsHash(), net.steps]).toEqual([hash, 0]);
    net.dispose();
  });

  test("gradients are xᵀ·delta and the sum of delta, and the input's is delta·Wᵀ", async () => {
    const net = await traced("wasm");
    const trace = net.trace(inputs, targets);
    let x: Matrix = { values: inputs, columns: [options.input].flat().at(-1)! };
    trace.layers.forEach(({ z, a, delta, gradients }, l) => {
      const columns = a.shape.at(-1)!;
      expect(a.values).toHaveLength(a.shape.reduce((p, q) => p * q, 1));
      expect(a.shape[0]).toBe(batch);
      if (z) expect(z.shape).toEqual(a.shape);
      if (delta) expect(delta.shape).toEqual(a.shape);
      if (options.layers[l]!.kind === "dense") {
        const { kernelL1, kernelL2 } = options.layers[l]!.options as { kernelL1: number; kernelL2: number };
        if (kernelL1 === 0 && kernelL2 === 0)
          expectClose("dW", gradients.weight!.values, transposedProduct(x, { values: delta!.values, columns }), ofSums);
        const ones = { values: new Float32Array(a.values.length / columns).fill(1), columns: 1 };
        if (gradients.bias) expectClose("db", gradients.bias.values, transposedProduct(ones, { values: delta!.values, columns }), ofSums);
      }
      x = { values: a.values, columns };
    });
    expect(trace.layers.at(-1)!.a.values).toEqual(trace.prediction.values);
    const first = options.layers[0]!;
    if (first.kind === "dense") {
      const weight = net.parameters()[0]!;
      const delta = { values: trace.layers[0]!.delta!.values, columns: weight.shape[1]! };
      expectClose("dx", trace.inputGradient.values, productTransposed(delta, { values: weight.values, columns: weight.shape[1]! }), ofSums);
    }
    expect(trace.inputGradient.values).toHaveLength(inputs.length);
    net.dispose();
  });
});

test("z is what the layer's last activation took, and delta the output's where something follows it", async () => {
  const scaled = layer("scaled", {}, (g, x) => g.mul(g.activate(x, "tanh"), 2));
  const squashed = layer("squashed", {}, (g, x) => g.activate(g.mul(x, 2), "tanh"));
  const net = await network({
    input: 2,
    layers: [residual([dense(3, { activation: "relu" }), dense(2)]), scaled, squashed, dense(1)],
    loss: meanSquaredError(),
    seed: 1,
  });
  const { layers, prediction } = net.trace([[0.25, -0.125]], [[3]]);
  expect(layers.map(({ z }) => z !== undefined)).toEqual([false, false, true, false]);
  const weight = net.parameters().at(-2)!.values;
  const d = 2 * (prediction.values[0]! - 3);
  // Backwards in float64, from the last layer on: tanh' = 1 - tanh², which is not small here, and the factor 2 of both layers.
  const slopes = layers.map(({ a }) => Array.from(a.values, (v) => 1 - v * v));
  const squashedZ = Array.from(weight, (w, i) => d * w * slopes[2]![i]!);
  const scaledA = squashedZ.map((delta) => 2 * delta);
  const residualA = scaledA.map((delta, i) => 2 * delta * (1 - (layers[1]!.a.values[i]! / 2) ** 2));
  expectClose("squashed dL/dz", layers[2]!.delta!.values, squashedZ, ofSums);
  expectClose("scaled dL/da", layers[1]!.delta!.values, scaledA, ofSums);
  expectClose("residual dL/da", layers[0]!.delta!.values, residualA, ofSums);
  net.dispose();
});

test("layers within a layer are traced with it, at every depth, each use of a shared one by itself", async () => {
  const twice = dense(2, { activation: "tanh", name: "twice" });
  const net = await network({
    input: 2,
    layers: [residual([twice, residual([dense(2, { bias: false })], { name: "inner" }), twice], { name: "outer" }), dense(1)],
    loss: meanSquaredError(),
    seed: 1,
  });
  const x = [0.25, -0.125];
  const [outer, last] = net.trace([x], [[3]]).layers;
  expect(last!.layers).toBeUndefined();
  const [first, inner, second] = outer!.layers!;
  expect(outer!.layers!.map(({ name }) => name)).toEqual(["outer.twice", "outer.inner", "outer.twice"]);
  expect(inner!.layers!.map(({ name }) => name)).toEqual(["outer.inner.dense_1"]);
  // What each adds to is what the one before it made.
  const sum = (a: ArrayLike<number>, b: ArrayLike<number>) => Float32Array.from(a, (v, i) => v + b[i]!);
  expect(outer!.a.values).toEqual(sum(x, second!.a.values));
  expect(inner!.a.values).toEqual(sum(first!.a.values, inner!.layers![0]!.a.values));
  for (const { z, a } of [first!, second!]) expectClose("tanh", a.values, z!.values.map(Math.tanh), ofSums);
  // A sum passes its gradient on as it is; tanh multiplies it by 1 - tanh².
  const slope = (a: Float32Array, d: Float32Array) => d.map((v, i) => v * (1 - a[i]! ** 2));
  expectClose("outer dL/da to the last within", second!.delta!.values, slope(second!.a.values, outer!.delta!.values), ofSums);
  expect(inner!.layers![0]!.delta!.values).toEqual(inner!.delta!.values);
  const all = Object.keys(outer!.gradients);
  expect(all).toEqual(["twice.weight", "twice.bias", "inner.dense_1.weight"]);
  for (const use of [first!, second!]) {
    expect(Object.keys(use.gradients)).toEqual(["weight", "bias"]);
    expect(use.gradients.weight).toBe(outer!.gradients["twice.weight"]);
  }
  expect(inner!.layers![0]!.gradients.weight).toBe(outer!.gradients["inner.dense_1.weight"]);
});

test("z is that of an activation which a layer within applied last, unless one within made no output", async () => {
  const within = layer("within", {}, (g, x) => g.within("last", activation("tanh"), g.mul(x, 2)));
  const before = layer("before", {}, (g, x) => {
    const y = g.activate(x, "tanh");
    g.within("aside", dropout(0), y);
    return y;
  });
  const net = await network({ input: 2, layers: [within, before, dropout(0), dense(1)], loss: meanSquaredError(), seed: 1 });
  const { layers } = net.trace([[0.25, -0.125]], [[3]]);
  expect([...layers[0]!.z!.values]).toEqual([0.5, -0.25]);
  expect(layers[1]!.z!.values).toEqual(layers[0]!.a.values);
  expect(layers[1]!.layers![0]!.z).toBeUndefined();
  // Its output is what the activation before it made.
  expect(layers[2]!.a.values).toEqual(layers[1]!.a.values);
  expect(layers[2]!.z).toBeUndefined();
});

describe("console.log of a trace", () => {
  const widest = (text: string) => Math.max(...text.split("\n").map((line) => line.length));

  /** relu(x·W + b)·V + c with numbers whose steps are all exact. */
  async function small() {
    const net = await network({
      input: 2,
      layers: [dense(2, { activation: "relu", name: "hidden" }), residual([dense(2, { bias: false })]), dense(1, { name: "out" })],
      loss: meanSquaredError(),
      seed: 1,
    });
    net.setParameters([
      {
        name: "hidden.weight",
        values: [
          [1, -1],
          [0.5, 2],
        ],
      },
      { name: "hidden.bias", values: [0, 1] },
      {
        name: "residual_1.dense_1.weight",
        values: [
          [0, 0],
          [0, 0],
        ],
      },
      { name: "out.weight", values: [[0.5], [-0.25]] },
      { name: "out.bias", values: [1] },
    ]);
    return net.trace(
      [
        [1, 2],
        [3, -1],
      ],
      [[0], [2]],
    );
  }

  test("shows loss, z, a, delta and gradients of each layer, with their shapes and numbers", async () => {
    const trace = await small();
    // By hand: z = [[1+1+0, -1+4+1], [3-0.5+0, -3-2+1]], y = [1, 2.25], dL/dy = 2(y - t)/2, and so on backwards.
    const text = [
      "trace of a batch of 2 rows: loss 0.53125",
      "hidden",
      "  z [2, 2]",
      "     2.0000   4.0000",
      "     2.5000  -4.0000",
      "  a [2, 2]",
      "    2.0000  4.0000",
      "    2.5000       0",
      "  delta [2, 2] dLoss/dz",
      "     0.5000  -0.2500",
      "     0.1250        0",
      "  gradient of weight [2, 2]",
      "     0.8750  -0.2500",
      "     0.8750  -0.5000",
      "  gradient of bias [2]",
      "     0.6250  -0.2500",
      "residual_1",
      "  residual_1.dense_1",
      "    a [2, 2]",
      "      0  0",
      "      0  0",
      "    delta [2, 2] dLoss/da",
      "       0.5000  -0.2500",
      "       0.1250  -0.0625",
      "    gradient of weight [2, 2]",
      "       1.3125  -0.6563",
      "       2.0000  -1.0000",
      "  a [2, 2]",
      "    2.0000  4.0000",
      "    2.5000       0",
      "  delta [2, 2] dLoss/da",
      "     0.5000  -0.2500",
      "     0.1250  -0.0625",
      "out",
      "  a [2, 1]",
      "    1.0000",
      "    2.2500",
      "  delta [2, 1] dLoss/da",
      "    1.0000",
      "    0.2500",
      "  gradient of weight [2, 1]",
      "    2.6250",
      "    4.0000",
      "  gradient of bias [1]",
      "    1.2500",
      "prediction: a of out",
      "gradient of input [2, 2] dLoss/dx",
      "   0.7500  -0.2500",
      "   0.1250   0.0625",
    ].join("\n");
    expect(inspect(trace)).toBe(text);
    expect(`${trace}`).toBe(text); // in browsers
    const lines = text.split("\n");
    expect(inspect(trace.layers[0])).toBe(lines.slice(1, 16).join("\n"));
    expect(inspect(trace.layers[0]!.a)).toBe("hidden.a [2, 2]\n  2.0000  4.0000\n  2.5000       0");
    expect(Object.keys(trace)).toEqual(["loss", "penalty", "layers", "inputGradient", "inputGradients", "prediction", "predictions"]);
    expect(Object.keys(trace.layers[0]!.a)).toEqual(["name", "shape", "values"]);
  });

  test("of one row, of an output that is an input, of a layer within whose output nothing is made of", async () => {
    const x = input(2, { name: "x" });
    const alone = layer("alone", {}, (g, x) => {
      g.within(
        "unused",
        layer("thrice", {}, (g, x) => g.mul(x, 3)),
        x,
      );
      return g.mul(x, 2);
    });
    const net = await network({ inputs: x, outputs: [x, alone(x)], loss: [meanSquaredError(), meanSquaredError()], seed: 1 });
    const trace = net.trace([[1, 2]], { x: [[1, 3]], alone_1: [[2, 4]] });
    expect(inspect(trace)).toBe(
      [
        "trace of a batch of 1 row: loss 0.50000", // the mean of 0 and 1, and of 0 and 0
        "alone_1",
        "  alone_1.unused",
        "    a [1, 2]",
        "      3.0000  6.0000",
        "  a [1, 2]",
        "    2.0000  4.0000",
        "  delta [1, 2] dLoss/da",
        "    0  0",
        "prediction x [1, 2]",
        "  1.0000  2.0000",
        "prediction: a of alone_1",
        "gradient of x [1, 2] dLoss/dx",
        "        0  -1.0000", // 2 (2 - 3) / 2
      ].join("\n"),
    );
  });

  test("cuts names of layers within layers to 72 columns", async () => {
    const name = "r".repeat(80);
    const net = await network({ input: 2, layers: [residual([dense(2)], { name })], loss: meanSquaredError(), seed: 1 });
    const lines = inspect(net.trace([[1, 2]], [[0, 0]])).split("\n");
    expect(lines.slice(1, 3)).toEqual([`${"r".repeat(71)}…`, `  ${"r".repeat(69)}…`]);
  });

  test("is made of the numbers when somebody looks", async () => {
    const trace = await small();
    trace.layers[0]!.a.values.fill(7);
    expect(inspect(trace)).toContain("  a [2, 2]\n    7.0000  7.0000\n    7.0000  7.0000\n");
  });

  test("of a large network shows shapes, ranges and first numbers, in 80 columns", async () => {
    const net = await network({
      input: 784,
      layers: [dense(128, { activation: "relu", kernelL2: 1e-4 }), dense(10)],
      loss: sparseCategoricalCrossEntropy({ fromLogits: true }),
      seed: 1,
    });
    const x = Float32Array.from({ length: 32 * 784 }, (_, i) => Math.sin(i));
    const trace = net.trace(
      x,
      Uint32Array.from({ length: 32 }, (_, i) => i % 10),
    );
    const text = inspect(trace);
    expect(widest(text)).toBeLessThanOrEqual(80);
    expect(text.split("\n").length).toBeLessThan(60);
    expect(text).toContain(`, penalties ${trace.penalty.toPrecision(5)} of it\n`);
    const { values } = trace.layers[0]!.gradients.weight!;
    const ends = [Math.min(...values), Math.max(...values)].map((end) => end.toPrecision(4));
    expect(text).toContain(`\n  gradient of weight [784, 128], ${ends.join(" to ")}\n`);
    expect(text).toMatch(/\n {2}z \[32, 128\].*\n( +-?\d\.\d{4}){8} …\n.*\n.*\n {4}… 29 more rows\n/);
  });

  test("parameters and gradients are shown likewise", async () => {
    const layers = [dense(3, { name: "a_name_that_is_longer_than_it_can_be_shown_beside_shapes_and_ranges" })];
    const net = await network({ input: [40, 100], layers, loss: meanSquaredError(), seed: 1 });
    const [weight] = net.parameters();
    expect(inspect(weight)).toMatch(/^a_name_that_is_longer_than_it_can_be_sh… \[100, 3\], -0\.\d+ to 0\.\d+\n/);
    const x = new Float32Array(4000).fill(3e8);
    const gradients = inspect(net.gradients(x, new Float32Array(120)));
    expect(gradients.split("\n")[0]).toMatch(/^a_name_that_is_longer_than_it_can_be_sh… \[100, 3\], -?\d/);
    expect(gradients).toMatch(/\n +-?\d\.\d{3}e\+\d+ /);
    expect(widest(gradients)).toBeLessThanOrEqual(80);
    expect(widest(inspect(net.trace(x, new Float32Array(120))))).toBeLessThanOrEqual(80);
  });
});

describe("a tensor's text", () => {
  const text = (shape: number[], ...values: number[]) => tensorText("t", { shape, values: Float32Array.from(values) });

  test("tells zeros from small numbers, and says what is no number", () => {
    expect(text([1, 5], 0, -0, 1e-6, -1e-6, 2)).toBe("t [1, 5]\n        0        0   0.0000  -0.0000   2.0000");
    expect(text([2, 2], Number.NaN, 1, Number.NEGATIVE_INFINITY, 0)).toBe("t [2, 2]\n        NaN     1.0000\n  -Infinity          0");
    expect(text([6, 1], Number.NaN, 1, 2, 3, 4, Number.POSITIVE_INFINITY)).toContain("t [6, 1], 1.000 to 4.000, 2 not finite\n");
    expect(text([5, 1], ...new Array(5).fill(Number.NaN))).toContain("t [5, 1], 5 not finite\n");
    expect(text([5, 1], 3, 3, Number.NaN, 3, 3)).toContain("t [5, 1], 3.000 to 3.000, 1 not finite\n");
    expect(text([5, 1], 0, 0, 0, 0, 0)).toContain("t [5, 1], 0 to 0\n");
  });

  test("has so many digits as the largest number needs", () => {
    expect(text([2], 0.0123456, -0.001)).toBe("t [2]\n   0.01235  -0.00100");
    expect(text([2], 1e-5, -2.5e-9)).toBe("t [2]\n   1.000e-5  -2.500e-9");
    expect(text([2], 12345, -0.5)).toBe("t [2]\n  12345     -1");
    expect(text([2], 9_999_999, 1)).toBe("t [2]\n  9999999        1");
    expect(text([2], 1e7, 1)).toBe("t [2]\n  1.000e+7  1.000e+0");
    expect(text([1], 2 ** -9)).toBe("t [1]\n  0.001953"); // 1 / 512
    expect(text([1], 2 ** -10)).toBe("t [1]\n  9.766e-4");
    expect(text([], 2)).toBe("t []\n  2.0000");
  });

  test("has all rows up to 4, all columns up to the 80th, and its range where some are left out", () => {
    const ones = (...shape: [number, number]) => text(shape, ...new Array(shape[0] * shape[1]).fill(1)).split("\n");
    const row = "  1.0000";
    expect(ones(4, 1)).toEqual(["t [4, 1]", row, row, row, row]);
    expect(ones(5, 1)).toEqual(["t [5, 1], 1.000 to 1.000", row, row, row, "  … 2 more rows"]);
    expect(ones(1, 10)).toEqual(["t [1, 10]", row.repeat(10)]);
    expect(ones(1, 11)).toEqual(["t [1, 11], 1.000 to 1.000", `${row.repeat(9)} …`]);
    expect(text([1, 30], ...new Array(30).fill(0))).toBe(`t [1, 30], 0 to 0\n${"  0".repeat(26)} …`);
  });
});

interface Matrix {
  readonly values: Float32Array;
  readonly columns: number;
}

/** aᵀ·b in float64. */
function transposedProduct(a: Matrix, b: Matrix): Float64Array {
  const out = new Float64Array(a.columns * b.columns);
  for (let r = 0; r < a.values.length / a.columns; ++r)
    for (let i = 0; i < a.columns; ++i)
      for (let j = 0; j < b.columns; ++j) out[i * b.columns + j]! += a.values[r * a.columns + i]! * b.values[r * b.columns + j]!;
  return out;
}

/** a·bᵀ in float64. */
function productTransposed(a: Matrix, b: Matrix): Float64Array {
  const [rows, columns] = [a.values.length / a.columns, b.values.length / b.columns];
  const out = new Float64Array(rows * columns);
  for (let r = 0; r < rows; ++r)
    for (let j = 0; j < columns; ++j)
      for (let k = 0; k < a.columns; ++k) out[r * columns + j]! += a.values[r * a.columns + k]! * b.values[j * b.columns + k]!;
  return out;
}
