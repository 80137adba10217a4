// What options mean that are left out: the numbers of the docstrings, stated again.
import { expect, test } from "vitest";
import * as cr from "../src/index.js";

const moments = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
test.each<[string, object, object]>([
  ["sgd", cr.sgd(), { learningRate: 0.01, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0 }],
  ["adam", cr.adam(), { learningRate: 0.001, ...moments, amsgrad: false, weightDecay: 0 }],
  ["adamW", cr.adamW(), { learningRate: 0.001, ...moments, amsgrad: false, weightDecay: 0.01 }],
  ["adamax", cr.adamax(), { learningRate: 0.002, ...moments, weightDecay: 0 }],
  ["nadam", cr.nadam(), { learningRate: 0.002, ...moments, momentumDecay: 0.004, weightDecay: 0 }],
  ["radam", cr.radam(), { learningRate: 0.001, ...moments, weightDecay: 0 }],
  ["rmsprop", cr.rmsprop(), { learningRate: 0.001, rho: 0.9, epsilon: 1e-7, momentum: 0, centered: false, weightDecay: 0 }],
  ["adagrad", cr.adagrad(), { learningRate: 0.01, epsilon: 1e-7, initialAccumulator: 0, learningRateDecay: 0, weightDecay: 0 }],
  ["adadelta", cr.adadelta(), { learningRate: 1, rho: 0.9, epsilon: 1e-6, weightDecay: 0 }],
  ["lion", cr.lion(), { learningRate: 0.0001, beta1: 0.9, beta2: 0.99, weightDecay: 0 }],
  ["constant", cr.schedules.constant(), { base: 0.001 }],
  ["step", cr.schedules.step({ stepSize: 2 }), { base: 0.001, stepSize: 2, gamma: 0.1 }],
  ["multiStep", cr.schedules.multiStep({ milestones: [1] }), { base: 0.001, milestones: [1], gamma: 0.1 }],
  ["exponential", cr.schedules.exponential({ gamma: 0.5 }), { base: 0.001, gamma: 0.5 }],
  ["polynomial", cr.schedules.polynomial({ totalSteps: 4 }), { base: 0.001, totalSteps: 4, power: 1, end: 0 }],
  ["cosine", cr.schedules.cosine({ totalSteps: 4 }), { base: 0.001, totalSteps: 4, min: 0 }],
  ["cosineWarmRestarts", cr.schedules.cosineWarmRestarts({ firstPeriod: 2 }), { base: 0.001, firstPeriod: 2, periodFactor: 1, min: 0 }],
  [
    "warmupCosine",
    cr.schedules.warmupCosine({ warmupSteps: 1, totalSteps: 4 }),
    { base: 0.001, warmupSteps: 1, totalSteps: 4, min: 0, startFactor: 0 },
  ],
  [
    "oneCycle",
    cr.schedules.oneCycle({ max: 1, totalSteps: 4 }),
    { max: 1, totalSteps: 4, warmupFraction: 0.3, anneal: "cos", divFactor: 25, finalDivFactor: 1e4, threePhase: false },
  ],
  [
    "cyclic",
    cr.schedules.cyclic({ min: 0, max: 1, stepsUp: 2 }),
    { min: 0, max: 1, stepsUp: 2, stepsDown: 2, mode: "triangular", gamma: 1 },
  ],
  [
    "reduceOnPlateau",
    cr.schedules.reduceOnPlateau(),
    {
      base: 0.001,
      mode: "min",
      factor: 0.1,
      patience: 10,
      threshold: 1e-4,
      thresholdMode: "rel",
      cooldown: 0,
      min: 0,
      epsilon: 1e-8,
    },
  ],
])("%s takes for what is left out what its docstring says", (_, made, expected) => {
  expect((made as { readonly options: object }).options).toEqual(expected);
});

test("initializers take for what is left out what their docstrings say; a uniform one may have no width", () => {
  expect(cr.uniform()).toMatchObject({ min: -0.05, max: 0.05 });
  expect(cr.normal()).toMatchObject({ mean: 0, std: 0.05 });
  expect(cr.orthogonal()).toMatchObject({ gain: 1 });
  expect(cr.uniform({ min: 0.5, max: 0.5 })).toMatchObject({ min: 0.5, max: 0.5 });
});

test("what wraps the library may pass on options that it was not given: undefined is left out", async () => {
  const made = (name?: string, seed?: number, optimizer?: cr.Optimizer, kernelL2?: number, delta?: number) =>
    cr.network({ input: 2, layers: [cr.dense(1, { name, kernelL2 })], loss: cr.huber({ delta }), optimizer, seed, backend: "js" });
  const [net, plain] = [await made(undefined, 1), await cr.network({ input: 2, layers: [cr.dense(1)], loss: cr.huber(), seed: 1 })];
  const rows = cr.dataset({ inputs: [[1, 2], [3, 4]], targets: [1, 2] }, { classes: net.classes, features: undefined }); // biome-ignore format: rows
  const fit = (on: cr.Network, signal?: AbortSignal, validation?: cr.Data) =>
    on.fit(rows, { epochs: 2, signal, validation, onEpochEnd: undefined, callbacks: undefined });
  expect((await fit(net)).epochs.map(({ loss }) => loss)).toEqual((await fit(plain)).epochs.map(({ loss }) => loss));
  expect(net.weightsHash()).toBe(plain.weightsHash());
});
