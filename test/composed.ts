// Networks of users' own parts, which between them use every op there is for them. Beside test/cases.ts, since neither test/reference.ts nor
// a saved file knows them.
import {
  adam,
  type Builder,
  type ChainOptions,
  customActivation,
  customLoss,
  dense,
  glorotUniform,
  type Layer,
  type Loss,
  layer,
  meanSquaredError,
  normal,
  prelu,
  sgd,
  type Tensor,
  uniform,
} from "../src/index.js";
import { dataFor, type NetworkCase } from "./cases.js";

const weights = glorotUniform();
const noise = normal({ std: 0.5 });

export const swiglu = ({ units, name }: { readonly units: number; readonly name?: string }) =>
  layer("swiglu", { units, name }, (g, x) => {
    const z = g.matmul(x, g.parameter("weight", [x.shape.at(-1)!, 2 * units], weights));
    return g.mul(g.activate(g.slice(z, 0, units), "silu"), g.slice(z, units));
  });

export const snake = customActivation("snake", { a: 2 }, (g, x) => g.add(x, g.div(g.square(g.sin(g.mul(x, 2))), 2)));

export const quantile = (q: number): Loss =>
  customLoss("quantile", { q }, (g, prediction, target) => {
    const e = g.sub(target, prediction);
    return g.mean(g.max(g.mul(e, q), g.mul(e, q - 1)));
  });

/** Normalises over the last axis: layer normalisation, written out. */
export const normalised = () =>
  layer("normalised", {}, (g, x) => {
    const [gain, shift] = ["gain", "shift"].map((name) => g.parameter(name, [x.shape.at(-1)!], noise)) as [Tensor, Tensor];
    const centred = g.sub(x, g.mean(x));
    const spread = g.sqrt(g.add(g.mean(g.square(centred)), 1e-2));
    return g.add(g.mul(g.div(centred, spread), gain), shift);
  });

/** Over the rows of the batch. */
export const batchCentred = () => layer("batchCentred", {}, (g, x) => g.div(g.sub(x, g.meanRows(x)), g.add(g.meanRows(g.abs(x)), 0.5)));

/** `[batch, n, columns]` to `[batch, 2·columns]`: the mean over positions, and the second of them times the sum of a matrix's rows. */
export const pooled = () =>
  layer("pooled", {}, (g, x) => {
    const w = g.parameter("rows", [3, x.shape.at(-1)!], noise);
    return g.concat([g.meanPositions(g.square(x)), g.mul(g.position(x, 1), g.add(g.sumPositions(w), g.position(w, 2)))]);
  });

/** `[batch, n, m, columns]` to `[batch, 2·columns]`, axis by axis in either order, as is a parameter. */
export const overAxes = () =>
  layer("overAxes", {}, (g, x) => {
    const w = g.sumPositions(g.sumPositions(g.parameter("w", [2, 3, x.shape.at(-1)!], noise), 0));
    const a = g.meanPositions(g.sumPositions(g.square(x), 0));
    const b = g.add(g.sumPositions(g.meanPositions(x, -2), 0), g.position(g.position(x, 1, 0), 2));
    return g.mul(g.concat([a, b]), g.concat([w, w]));
  });

/** A layer whose weights are computed from parameters, whose own padding must stay +0. */
export const computedWeights = (units: number) =>
  layer("computedWeights", { units }, (g, x) => {
    const inputs = x.shape.at(-1)!;
    const v = g.parameter("direction", [units, inputs], noise);
    const scale = g.parameter("scale", [units, 1], noise);
    const mask = g.parameter("mask", [inputs, units], noise);
    const single = g.parameter("single", [1], noise);
    // Over its padding, 0, gradients are no numbers.
    const divisor = g.parameter("divisor", [inputs, units], uniform({ min: 1, max: 2 }));
    // Weight normalisation (Salimans & Kingma 2016), turned and masked.
    const length = g.sqrt(g.add(g.sum(g.square(v)), 0.1));
    const w = g.div(g.mul(g.transpose(g.div(g.mul(v, scale), length)), g.activate(mask, "sigmoid")), divisor);
    return g.mul(g.matmul(x, g.concat([w, g.matmul(w, g.matmul(g.transpose(w), w))])), g.add(single, 2));
  });

/** Every other op, on what is about 0 and differs from kinks. */
export const functions: Readonly<Record<string, (g: Builder, x: Tensor) => Tensor>> = {
  add: (g, x) => g.add(g.add(x, x), g.sum(x)),
  sub: (g, x) => g.sub(g.sub(1, x), g.mean(g.square(x))),
  mul: (g, x) => g.mul(g.mul(x, g.sum(x)), 0.5),
  div: (g, x) => g.div(g.div(1, g.add(g.square(x), 1)), g.add(g.square(g.sum(x)), 1)),
  neg: (g, x) => g.neg(x),
  exp: (g, x) => g.exp(g.mul(x, 0.5)),
  log: (g, x) => g.log(g.add(g.square(x), 0.5)),
  sqrt: (g, x) => g.sqrt(g.add(g.square(x), 0.5)),
  square: (g, x) => g.square(x),
  "pow 3": (g, x) => g.pow(x, 3),
  "pow -2": (g, x) => g.pow(g.add(g.square(x), 1), -2),
  "pow 2.5": (g, x) => g.pow(g.add(g.square(x), 1), 2.5),
  "pow 1.7": (g, x) => g.pow(g.add(g.square(x), 1), 1.7),
  abs: (g, x) => g.abs(x),
  max: (g, x) => g.max(x, g.mul(g.sum(x), 0.3)),
  min: (g, x) => g.min(x, 0.25),
  where: (g, x) => g.where(g.sub(x, 0.1), g.square(x), g.mul(x, 0.5)),
  sin: (g, x) => g.sin(g.mul(x, 3)),
  cos: (g, x) => g.cos(g.mul(x, 3)),
  sum: (g, x) => g.mul(g.sum(g.square(x)), x),
  mean: (g, x) => g.sub(x, g.mean(x)),
  sumRows: (g, x) => g.mul(x, g.sumRows(x)),
  meanRows: (g, x) => g.sub(x, g.meanRows(g.square(x))),
  concat: (g, x) => g.concat([g.square(x), x, g.sum(x)]),
  slice: (g, x) => g.mul(g.slice(x, 0, 1), g.slice(x, x.shape.at(-1)! - 1)),
  activate: (g, x) => g.activate(x, "mish"),
};

export const applied = (name: string): Layer => layer("applied", { function: name }, (g, x) => functions[name]!(g, x));

let seed = 0;

function composed(
  name: string,
  batch: number,
  given: Omit<ChainOptions, "seed" | "loss" | "optimizer"> & Partial<ChainOptions>,
): NetworkCase {
  const options = { loss: meanSquaredError(), optimizer: sgd({ learningRate: 0.05 }), ...given, seed: ++seed };
  return {
    name: `${name}, batch ${batch}`,
    options,
    batch,
    data: () => dataFor(options, Math.ceil(2.5 * batch), options.seed),
  } as NetworkCase;
}

/** With targets for networks that make one row of a sample's `positions`. */
function withoutPositions(positions: number, given: NetworkCase): NetworkCase {
  return {
    ...given,
    data: () => {
      const { inputs, targets } = given.data();
      return { inputs, targets: targets.subarray(0, targets.length / positions) };
    },
  };
}

export const composedCases: readonly NetworkCase[] = [
  composed("swiglu", 3, { input: 5, layers: [swiglu({ units: 7 }), dense(3)], optimizer: adam({ learningRate: 0.01, epsilon: 1e-3 }) }),
  composed("quantile loss", 32, { input: 3, layers: [dense(5, { activation: "tanh" }), dense(3)], loss: quantile(0.9) }),
  composed("quantile loss of sequences", 3, { input: [2, 3], layers: [dense(5)], loss: quantile(0.3) }),
  composed("snake", 3, { input: 3, layers: [dense(13, { activation: snake }), dense(1)] }),
  composed("prelu", 3, { input: [2, 3], layers: [dense(5), prelu(), dense(4), prelu()] }),
  composed("normalised", 3, { input: 5, layers: [dense(7), normalised(), dense(1)] }),
  composed("batch centred", 32, { input: 5, layers: [dense(7), batchCentred(), dense(3)] }),
  withoutPositions(2, composed("pooled", 3, { input: [2, 3], layers: [dense(5, { activation: "tanh" }), pooled(), dense(3)] })),
  withoutPositions(4, composed("pooled, 4 positions", 32, { input: [4, 2], layers: [dense(4), pooled(), dense(1)] })),
  withoutPositions(
    6,
    composed("over axes, padded", 3, { input: [2, 3, 5], layers: [dense(5, { activation: "tanh" }), overAxes(), dense(3)] }),
  ),
  withoutPositions(6, composed("over axes", 32, { input: [2, 3, 4], layers: [dense(4, { activation: "tanh" }), overAxes(), dense(1)] })),
  composed("computed weights", 3, { input: 3, layers: [computedWeights(5), dense(2)] }),
  ...Object.keys(functions).map((name, i) =>
    composed(name, [1, 3, 32][i % 3]!, {
      input: [3, 5, 17][i % 3]!,
      layers: [dense([5, 1, 4][i % 3]!, { activation: "tanh" }), applied(name), dense(2)],
    }),
  ),
];
