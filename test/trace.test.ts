// net.trace: what it shows is what training does, to the bit, and fits together.
import { describe, expect, test } from "vitest";
import { dense, layer, meanSquaredError, network, residual, sgd } from "../src/index.js";
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
