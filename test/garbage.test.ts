// Every public function, given what no type allows in place of each of its arguments and options: either it works or it says by name what
// is wrong. Which of both, and in which words, the other tests say.
import { expect, test } from "vitest";
import * as chainrule from "../src/index.js";
import { sparse } from "./refusals.js";

const {
  adam,
  categoricalCrossEntropy,
  ChainruleError,
  dataset,
  dense,
  input,
  meanSquaredError,
  network,
  schedules,
  standardize,
  toSafetensors,
  zeros,
} = chainrule;

const garbage: Readonly<Record<string, unknown>> = {
  undefined: undefined,
  null: null,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-1": -1,
  "0.5": 0.5,
  "2^53": 2 ** 53,
  "1n": 1n,
  '""': "",
  '"3"': "3",
  true: true,
  "a symbol": Symbol("s"),
  "a function": () => 1,
  "[]": [],
  "[[]]": [[]],
  "[undefined]": [undefined],
  "[1n]": [1n],
  '["1"]': ["1"],
  "[[1n]]": [[1n]],
  "[[null, 1, 2]]": [[null, 1, 2]],
  "a hole": sparse((_) => [1, _, 3]),
  "a hole among rows": sparse((_) => [[1, 2, 3], _, [1, 2, 3]]),
  "ragged rows": [[1, 2, 3], [1]],
  "no numbers": new Float32Array(0),
  bigints: new BigInt64Array(3),
  "a DataView": new DataView(new ArrayBuffer(12)),
  "a Proxy": new Proxy([], {}),
  "a frozen object": Object.freeze({ a: 1 }),
  "an object without a prototype": Object.create(null),
  "a Map": new Map([[1, 2]]),
  "a Date": new Date(0),
  "a Promise": Promise.resolve(1),
};

const inputs = [
  [0.1, 0.2, 0.3],
  [0.4, 0.5, 0.6],
];
const targets = [
  [1, 0],
  [0, 1],
];
const net = await network({
  input: 3,
  layers: [dense(4), dense(2)],
  loss: categoricalCrossEntropy({ fromLogits: true }),
  optimizer: adam({ ema: { decay: 0.9 } }),
  seed: 1,
});
const saved = net.save({ training: true });
const labelled = dataset({ inputs, targets: ["a", "b"] });
const valued = dataset({ inputs, targets });
const common = { learningRate: 0.1, weightDecay: 0, clip: { type: "value", value: 1 }, groups: [{ rank: 1, frozen: true }] };
const { custom, ...factories } = {
  custom: [{ a: 1 }, (_: unknown, x: unknown) => x],
  activation: ["relu", {}],
  add: [{}],
  concatenate: [{}],
  constant: [1],
  dense: [2, { activation: "relu", weight: zeros(), bias: zeros(), kernelL1: 0, name: "a" }],
  dropout: [0.5, {}],
  earlyStopping: [{ monitor: "loss", patience: 1, minDelta: 0, mode: "min", restoreBest: true }],
  elu: [1],
  focal: [{ gamma: 2 }],
  input: [3, { name: "a" }],
  normal: [{ mean: 0, std: 1 }],
  orthogonal: [{ gain: 1 }],
  prelu: [{}],
  residual: [[dense(3)], {}],
  sparseCategoricalCrossEntropy: [{ classWeights: [1, 2], ignoreIndex: -1, labelSmoothing: 0.1, fromLogits: true, weight: 1 }],
  uniform: [{ min: 0, max: 1 }],
  accuracy: [
    [0, 1],
    [1, 1],
  ],
  argmax: [inputs, 3],
  classWeights: [[0, 1], 2],
  confusionMatrix: [[0, 1], [1, 1], { classes: 2 }],
  f1: [[0, 1], [1, 1], { classes: 2, average: "macro" }],
  mae: [
    [1, 2],
    [1, 2],
  ],
  oneHot: [[0, 1], 2],
  r2: [inputs, inputs],
  rocAuc: [
    [0, 1],
    [0.2, 0.3],
  ],
  topK: [[0, 1], inputs, 1],
  dataset: [
    { inputs, targets: ["a", "b"] },
    { input: 3, classes: ["a", "b"], features: ["x", "y", "z"] },
  ],
  standardize: [valued, { of: "inputs" }],
  minMax: [inputs, { low: 0, high: 1, columns: 3 }],
  restoreScaler: ["standardize", { mean: [1], std: [1] }],
  parseIdx: [new Uint8Array([0, 0, 8, 1, 0, 0, 0, 1, 5])],
  decodeSafetensors: [toSafetensors(net)],
  encodeSafetensors: [[{ name: "a", shape: [1], values: [1] }], { of: "a test" }],
  toSafetensors: [net, { layout: "torch", rename: {}, metadata: {} }],
  fromSafetensors: [net, toSafetensors(net), { layout: "torch", rename: {}, strict: true }],
  gradCheck: [net, { inputs, targets }, { elements: 1, tolerance: 1 }],
  loadNetwork: [saved, { backend: "js", threads: 1, arithmetic: "strict", custom: {} }],
  network: [{ input: 3, layers: [dense(2)], loss: meanSquaredError(), metrics: [], seed: 1, backend: "js", threads: 1 }],
  adam: [{ ...common, beta1: 0.9, epsilon: 1e-7 }],
  lion: [common],
  sgd: [{ ...common, momentum: 0.5 }],
} as const;

// biome-ignore lint/suspicious/noExplicitAny: the point of this test
type Any = any;
const scaler = standardize(valued);
const x = input(3);
const calls: readonly (readonly [name: string, call: (...given: Any[]) => unknown, given: readonly unknown[]])[] = [
  ...Object.entries(factories).map(([name, given]) => [name, (chainrule as Any)[name], given] as const),
  ...(["layer", "customActivation", "customLoss", "customMetric"] as const).map(
    (name) => [name, (chainrule as Any)[name], ["mine", ...custom]] as const,
  ),
  ["network of a graph", network, [{ inputs: x, outputs: dense(2)(x), loss: meanSquaredError(), metrics: ["mae"] }]],
  ["dense()()", (node) => network({ inputs: x, outputs: dense(2)(node), loss: meanSquaredError() }), [x]],
  ["dataset.from", dataset.from, [[{ input: [1, 2], target: 1 }], {}]],
  ["dataset.stream", dataset.stream, [() => [], { shuffleBuffer: 3, rows: 2 }]],
  ["concat", (other) => labelled.concat(other), [labelled]],
  ["scale", (scalers) => valued.scale(scalers), [{ inputs: scaler, targets: standardize(valued, { of: "targets" }) }]],
  ["select", (rows) => labelled.select(rows), [[0, 1]]],
  ["shuffle", (seed) => labelled.shuffle(seed), [1]],
  ["slice", (begin, end) => labelled.slice(begin, end), [0, 1]],
  ["split", (options) => labelled.split(options), [{ test: 0.5, validation: 0, stratified: false, shuffle: true, seed: 1 }]],
  ["transform", (rows) => scaler.transform(rows), [inputs]],
  [
    "fit",
    (data, options) => net.fit(data, options),
    [
      { inputs, targets, sampleWeights: [1, 1] },
      { epochs: 1, batchSize: 2, callbacks: [] },
    ],
  ],
  ["trainOnBatch", (x, y, weights) => net.trainOnBatch(x, y, weights), [inputs, targets, [1, 1]]],
  ["predict", (x) => net.predict(x), [inputs]],
  ["predictAll", (x) => net.predictAll(x), [inputs]],
  ["evaluate", (data) => net.evaluate(data), [{ inputs, targets }]],
  ["trace", (x, y, weights) => net.trace(x, y, weights), [inputs, targets, [1, 1]]],
  ["diagnose", (data) => net.diagnose(data), [{ inputs, targets }]],
  ["withAverage", (body) => net.withAverage(body), [() => 1]],
  ["setParameters", (parameters) => net.setParameters(parameters), [[{ name: "dense_1.bias", shape: [4], values: [1, 2, 3, 4] }]]],
  ["setParameters of one", (one) => net.setParameters([one]), [{ name: "dense_1.bias", shape: [4], values: [1, 2, 3, 4] }]],
  ["profile", (data, options) => net.profile(data, options), [{ inputs, targets }, { batchSize: 2 }]],
  ["save", (options) => net.save(options), [{ training: false, attach: 1 }]],
  ["scalers", (scalers) => Object.assign(net, { scalers }), [{ inputs: scaler }]],
  ...Object.entries<object>({
    constant: { base: 1 },
    cosine: { base: 1, totalSteps: 3, min: 0 },
    cosineWarmRestarts: { base: 1, firstPeriod: 3, periodFactor: 2, min: 0 },
    cyclic: { min: 0, max: 1, stepsUp: 2, stepsDown: 2, mode: "triangular", gamma: 1 },
    exponential: { base: 1, gamma: 0.1 },
    list: { rates: [1, 2] },
    multiStep: { base: 1, milestones: [1, 2], gamma: 0.1 },
    oneCycle: { max: 1, totalSteps: 3, warmupFraction: 0.3, anneal: "cos", divFactor: 25, threePhase: false },
    polynomial: { base: 1, totalSteps: 3, power: 1, end: 0 },
    reduceOnPlateau: { base: 1, mode: "min", factor: 0.1, patience: 1, threshold: 1e-4, cooldown: 0, min: 0 },
    step: { base: 1, stepSize: 1, gamma: 0.1 },
    warmupCosine: { base: 1, warmupSteps: 1, totalSteps: 3, min: 0, startFactor: 0.1 },
  }).flatMap(([name, options]) => [
    [`schedules.${name}`, (schedules as Any)[name], [options]] as const,
    [`schedules.${name}().rate`, (i: Any) => (schedules as Any)[name](options).rate(i), [1]] as const,
  ]),
];

/** The arguments, with each in turn, and each field of those that are plain objects, replaced. */
function* spoilt(given: readonly unknown[]): Generator<readonly [what: string, given: readonly unknown[]]> {
  for (const [i, argument] of given.entries())
    for (const [kind, value] of Object.entries(garbage)) {
      yield [`argument ${i}: ${kind}`, given.with(i, value)];
      if (argument === null || typeof argument !== "object" || Object.getPrototypeOf(argument) !== Object.prototype) continue;
      for (const name of Object.keys(argument)) yield [`${name}: ${kind}`, given.with(i, { ...argument, [name]: value })];
    }
}

test.each(calls)("%s takes what it is for, and refuses other things by name", async (_, call, given) => {
  await call(...given);
  const unnamed: string[] = [];
  for (const [what, other] of spoilt(given))
    try {
      await call(...other);
    } catch (error) {
      if (!(error instanceof ChainruleError)) unnamed.push(`${what}: ${error}`);
    }
  expect(unnamed).toEqual([]);
});
