// Every option of every factory refuses what it cannot mean, and every factory refuses an option it does not know.
import { expect, test } from "vitest";
import * as cr from "../src/index.js";

type Options = Readonly<Record<string, unknown>>;
type Factory = (options: Options) => unknown;

const s = cr.schedules;
const common = {
  learningRate: 0.1,
  clip: { type: "norm", value: 1 },
  weightDecay: 0.1,
  groups: [{ match: "bias", weightDecay: 0 }],
  ema: { decay: 0.9 },
};
const betas = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8 };
const shared = { reduction: "mean", weight: 1, normalization: "batchSize" };

const factories: Readonly<Record<string, readonly [Factory, Options]>> = {
  "dense(3)": [
    (o) => cr.dense(3, o),
    { activation: "relu", weight: cr.heNormal(), bias: cr.zeros(), kernelL1: 0.1, kernelL2: 0.1, name: "a" },
  ],
  "dropout(0.5)": [(o) => cr.dropout(0.5, o), { name: "a" }],
  prelu: [cr.prelu as Factory, { alpha: cr.zeros(), name: "a" }],
  add: [cr.add as Factory, { name: "a" }],
  concatenate: [cr.concatenate as Factory, { name: "a" }],
  residual: [(o) => cr.residual([cr.dense(2)], o), { name: "a" }],
  uniform: [cr.uniform as Factory, { min: -1, max: 1 }],
  normal: [cr.normal as Factory, { mean: 0, std: 1 }],
  orthogonal: [cr.orthogonal as Factory, { gain: 1 }],
  sgd: [cr.sgd as Factory, { ...common, momentum: 0.9, dampening: 0.1, nesterov: false }],
  adam: [cr.adam as Factory, { ...common, ...betas, amsgrad: true }],
  adamW: [cr.adamW as Factory, { ...common, ...betas, amsgrad: true }],
  adamax: [cr.adamax as Factory, { ...common, ...betas }],
  nadam: [cr.nadam as Factory, { ...common, ...betas, momentumDecay: 0.004 }],
  radam: [cr.radam as Factory, { ...common, ...betas }],
  rmsprop: [cr.rmsprop as Factory, { ...common, rho: 0.9, epsilon: 1e-7, momentum: 0.5, centered: true }],
  adagrad: [cr.adagrad as Factory, { ...common, epsilon: 1e-7, initialAccumulator: 0.1, learningRateDecay: 0.1 }],
  adadelta: [cr.adadelta as Factory, { ...common, rho: 0.9, epsilon: 1e-6 }],
  lion: [cr.lion as Factory, { ...common, beta1: 0.9, beta2: 0.99 }],
  meanSquaredError: [cr.meanSquaredError as Factory, shared],
  meanAbsoluteError: [cr.meanAbsoluteError as Factory, shared],
  huber: [cr.huber as Factory, { ...shared, delta: 1 }],
  logCosh: [cr.logCosh as Factory, shared],
  poisson: [cr.poisson as Factory, { ...shared, logInput: true }],
  cosineSimilarity: [cr.cosineSimilarity as Factory, shared],
  binaryCrossEntropy: [cr.binaryCrossEntropy as Factory, { ...shared, fromLogits: true, labelSmoothing: 0.1, positiveWeight: 2 }],
  categoricalCrossEntropy: [
    cr.categoricalCrossEntropy as Factory,
    { ...shared, fromLogits: true, labelSmoothing: 0.1, classWeights: [1, 2] },
  ],
  sparseCategoricalCrossEntropy: [
    cr.sparseCategoricalCrossEntropy as Factory,
    { ...shared, fromLogits: true, labelSmoothing: 0.1, classWeights: [1, 2], ignoreIndex: -1 },
  ],
  focal: [cr.focal as Factory, { ...shared, gamma: 2 }],
  binaryFocal: [cr.binaryFocal as Factory, { ...shared, gamma: 2, alpha: 0.25 }],
  hinge: [cr.hinge as Factory, shared],
  squaredHinge: [cr.squaredHinge as Factory, shared],
  categoricalHinge: [cr.categoricalHinge as Factory, shared],
  klDivergence: [cr.klDivergence as Factory, { ...shared, input: "probabilities" }],
  "schedules.constant": [s.constant as never, { base: 0.1 }],
  "schedules.list": [s.list as never, { rates: [0.1, 0.2] }],
  "schedules.step": [s.step as never, { base: 0.1, gamma: 0.5, stepSize: 3 }],
  "schedules.multiStep": [s.multiStep as never, { base: 0.1, gamma: 0.5, milestones: [3, 5] }],
  "schedules.exponential": [s.exponential as never, { base: 0.1, gamma: 0.9 }],
  "schedules.polynomial": [s.polynomial as never, { base: 0.1, end: 0.01, power: 2, totalSteps: 9 }],
  "schedules.cosine": [s.cosine as never, { base: 0.1, min: 0, totalSteps: 9 }],
  "schedules.warmupCosine": [s.warmupCosine as never, { base: 0.1, warmupSteps: 2, totalSteps: 9, min: 0, startFactor: 0.1 }],
  "schedules.reduceOnPlateau": [
    s.reduceOnPlateau as never,
    { base: 0.1, mode: "min", factor: 0.5, patience: 2, threshold: 0.1, thresholdMode: "abs", cooldown: 1, min: 0, epsilon: 0 },
  ],
  earlyStopping: [cr.earlyStopping as Factory, { patience: 2, minDelta: 0.1, mode: "min", restoreBest: true }],
};

test.each(Object.entries(factories))("%s takes good options, and none that it does not know", (_, [factory, options]) => {
  expect(() => factory(options)).not.toThrow();
  expect(() => factory({ ...options, noSuchOption: 1 })).toThrow(cr.OptionError);
  expect(() => factory({ ...options, noSuchOption: 1 })).toThrow(/noSuchOption/);
});

const rows = Object.entries(factories).flatMap(([name, [factory, options]]) =>
  Object.keys(options).map((option) => ({ name, option, factory, options })),
);

test.each(rows)("$name refuses nonsense as $option, saying which it was", ({ option, factory, options }) => {
  for (const nonsense of [Number.NaN, "no such thing", {}, [], Number.POSITIVE_INFINITY]) {
    // A name may be any text.
    if (option === "name" && nonsense === "no such thing") continue;
    let error: unknown;
    try {
      factory({ ...options, [option]: nonsense });
    } catch (thrown) {
      error = thrown;
    }
    // No groups at all are as good as none given.
    if (option === "groups" && Array.isArray(nonsense)) continue;
    expect({ nonsense, error }).toEqual({ nonsense, error: expect.any(cr.OptionError) });
    expect((error as Error).message).toContain(option);
  }
});
