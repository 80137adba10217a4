// Gradients against central differences of the loss itself: neither our formulas nor the reference's can be wrong here unnoticed.
import { describe, expect, test } from "vitest";
import { activation, dense, type Layer, type Loss, layer, meanSquaredError, network, normal, uniform } from "../src/index.js";
import { activations, dataFor, losses } from "./cases.js";
import { largest } from "./close.js";

/** The loss is float64 but its rows are float32, so it is known to 1e-7: over 2·h that is 1e-5. The truncation, h²/6 of a third
 *  derivative of about 1, is as much; softsign's reaches 6. */
const h = 2 ** -7;
const bound = 2e-4;

interface Setting {
  readonly input: number | readonly number[];
  readonly layers: readonly Layer[];
  readonly loss: Loss;
}

/** Where an activation's value or slope has a corner. */
const kinks: Readonly<Record<string, readonly number[]>> = {
  relu: [0],
  leakyRelu: [0],
  elu: [0],
  selu: [0],
  celu: [0],
  softsign: [0],
  hardSigmoid: [-3, 3],
  hardSwish: [-3, 3],
  hardTanh: [-1, 1],
  relu6: [0, 6],
};

/** Where differences cannot tell: how near the batch is to a kink of relu's kind, or of |p - y| and huber's. */
async function distanceToKinks({ input, layers, loss }: Setting, seed: number): Promise<number> {
  const net = await network({ input, layers, loss, seed, backend: "wasm" });
  const { inputs, targets } = dataFor({ input, layers, loss }, 3, seed);
  const trace = net.trace(inputs, targets);
  const kinksOf = ({ options }: Layer) => kinks[(options.activation as { type: string } | undefined)?.type ?? ""] ?? [];
  const margins = trace.layers.flatMap(({ z }, i) =>
    kinksOf(layers[i]!).flatMap((kink) => Array.from(z!.values, (x) => Math.abs(x - kink))),
  );
  const errors = Array.from(trace.prediction.values, (p, i) => Math.abs(p - targets[i]!));
  if (loss.type === "meanAbsoluteError") margins.push(...errors);
  if (loss.type === "huber") margins.push(...errors.map((e) => Math.abs(e - (loss.options.delta as number))));
  if (loss.type === "hinge") margins.push(...Array.from(trace.prediction.values, (p, i) => Math.abs(1 - p * targets[i]!)));
  if (loss.type === "categoricalHinge") margins.push(...rivalMargins(trace.prediction.values, targets));
  // 1 - cos has none, but the shorter p the more it bends: its third derivative is about 1/|p|³.
  if (loss.type === "cosineSimilarity")
    margins.push(...[0, 3, 6].map((at) => Math.hypot(...trace.prediction.values.slice(at, at + 3)) / 32));
  net.dispose();
  return Math.min(Number.POSITIVE_INFINITY, ...margins);
}

/** In rows of 3: by how much the largest rival leads, and how far the row is from its margin. */
function rivalMargins(p: Float32Array, y: ArrayLike<number>): number[] {
  return Array.from({ length: p.length / 3 }, (_, r) => {
    const row = [0, 1, 2].map((c) => ({ p: p[r * 3 + c]!, y: y[r * 3 + c]! }));
    const [first = Number.NEGATIVE_INFINITY, second = Number.NEGATIVE_INFINITY] = row
      .filter((one) => one.y === 0)
      .map((one) => one.p)
      .sort((a, b) => b - a);
    return [first - second, Math.abs(1 + first - row.reduce((sum, one) => sum + one.p * one.y, 0))];
  })
    .flat()
    .filter((margin) => !Number.isNaN(margin));
}

async function largestError(setting: Setting, seed: number): Promise<number> {
  const net = await network({ ...setting, seed, backend: "wasm" });
  const { inputs, targets } = dataFor(setting, 3, seed);
  const gradients = net.gradients(inputs, targets);
  const lossWith = (name: string, values: Float32Array) => {
    net.setParameters([{ name, values }]);
    return net.evaluate({ inputs, targets }).loss;
  };
  const errors: number[] = [];
  const all = Object.values(gradients).flatMap(({ values }) => [...values]);
  for (const { name, values } of net.parameters()) {
    values.forEach((value, i) => {
      // The float32 numbers about value - h and value + h, and their true distance.
      const [low, high] = [values.with(i, value - h), values.with(i, value + h)];
      const slope = (lossWith(name, high) - lossWith(name, low)) / (high[i]! - low[i]!);
      errors.push(slope - gradients[name]!.values[i]!);
    });
    net.setParameters([{ name, values }]);
  }
  net.dispose();
  return largest(errors) / largest(all);
}

async function check(setting: Setting): Promise<void> {
  let seed = 1;
  // The first seed whose batch stays on one side of every kink: |x| <= 1.5, and a second layer doubles at most.
  while ((await distanceToKinks(setting, seed)) < 3 * h) seed += 1;
  expect(await largestError(setting, seed)).toBeLessThan(bound);
}

describe("gradients agree with central differences", () => {
  test.each(activations)("$type after a dense layer", async (given) => {
    await check({ input: 5, layers: [dense(3, { activation: given }), dense(2)], loss: meanSquaredError() });
  });

  test.each(activations)("$type as a layer, over sequences", async (given) => {
    await check({ input: [2, 3], layers: [dense(3), activation(given), dense(1, { bias: false })], loss: meanSquaredError() });
  });

  test.each(losses)("$name", async ({ loss, last }) => {
    await check({ input: 3, layers: [dense(4, { activation: "tanh" }), dense(3, { activation: last })], loss });
  });

  test.each([[[]], [[1]], [[3]]])("a parameter of shape %j, repeated over sequences", async (shape) => {
    const affine = layer("affine", {}, (g, x) =>
      g.add(g.mul(x, g.parameter("scale", shape, uniform({ min: 0.5, max: 1 }))), g.parameter("shift", shape, normal())),
    );
    await check({ input: [2, 3], layers: [affine, dense(2)], loss: meanSquaredError() });
  });

  test("slices over sequences, the other way round", async () => {
    const turned = layer("turned", {}, (g, x) => g.concat([g.slice(x, 1), g.slice(x, 0, 1)]));
    await check({ input: [2, 3], layers: [dense(3, { activation: "tanh" }), turned, dense(2)], loss: meanSquaredError() });
  });

  test("L1 and L2 penalties", async () => {
    await check({
      input: 3,
      layers: [dense(4, { activation: "tanh", kernelL1: 0.1, kernelL2: 0.1 }), dense(2, { kernelL2: 0.3 })],
      loss: meanSquaredError(),
    });
  });
});
