// Networks whose lives are followed: each layer that keeps or draws something, one and several inputs and outputs, all optimizers and what
// can be added to them.
import {
  adadelta,
  adagrad,
  adam,
  adamax,
  adamW,
  binaryCrossEntropy,
  type ChainOptions,
  customMetric,
  dense,
  dropout,
  type GraphOptions,
  glorotUniform,
  input,
  layer,
  lion,
  meanSquaredError,
  nadam,
  type Optimizer,
  prelu,
  radam,
  residual,
  rmsprop,
  schedules,
  sgd,
  sparseCategoricalCrossEntropy,
} from "../../src/index.js";

export interface Port {
  readonly name: string;
  /** Elements of one sample. */
  readonly width: number;
  /** Class ids from 0 on, so many; default: values. */
  readonly classes?: number;
}

export interface Kind {
  readonly name: string;
  make(): Omit<ChainOptions, "optimizer"> | Omit<GraphOptions, "optimizer">;
  readonly inputs: readonly [Port, ...Port[]];
  readonly outputs: readonly [Port, ...Port[]];
  /** Of data, at most. */
  readonly rows: number;
  /** The loss of a target of 1e38 is beyond float32. */
  readonly squares?: boolean;
}

const only = (width: number): [Port] => [{ name: "input", width }];
const sparse = sparseCategoricalCrossEntropy({ fromLogits: true });
export const custom = {
  gated: () =>
    layer("gated", {}, (g, x) =>
      g.mul(g.activate(x, "sigmoid"), g.matmul(x, g.parameter("gate", [x.shape.at(-1)!, x.shape.at(-1)!], glorotUniform()))),
    ),
  farthest: () => customMetric("farthest", {}, (g, y, t) => g.mean(g.square(g.sub(y, t)))),
};

export const kinds: readonly Kind[] = [
  {
    name: "dense",
    make: () => ({ input: 3, layers: [dense(5, { activation: "tanh" }), dense(2)], loss: meanSquaredError(), metrics: ["mae"] }),
    inputs: only(3),
    outputs: [{ name: "values", width: 2 }],
    rows: 700,
    squares: true,
  },
  {
    name: "dropout",
    make: () => ({ input: 5, layers: [dense(9, { activation: "relu" }), dropout(0.3), dense(3)], loss: sparse, metrics: ["accuracy"] }),
    inputs: only(5),
    outputs: [{ name: "ids", width: 1, classes: 3 }],
    rows: 300,
  },
  {
    name: "two inputs, two outputs",
    make: () => {
      const [x, y] = [input(3, { name: "x" }), input(2, { name: "y" })];
      const shared = dense(3, { activation: "gelu" });
      const h = dropout(0.2)(residual([shared])(x));
      return {
        inputs: [x, y],
        outputs: [dense(2, { name: "values", kernelL2: 0.01 })(h), dense(3, { name: "ids", kernelL1: 0.001 })(y)],
        loss: [meanSquaredError({ weight: 0.5 }), sparse],
        metrics: { values: ["mae"], ids: ["accuracy"] },
      };
    },
    inputs: [
      { name: "x", width: 3 },
      { name: "y", width: 2 },
    ],
    outputs: [
      { name: "values", width: 2 },
      { name: "ids", width: 1, classes: 3 },
    ],
    rows: 300,
    squares: true,
  },
  {
    name: "sequences",
    make: () => ({
      input: [3, 5],
      layers: [dense(5, { activation: "silu" }), prelu(), dropout(0.2), dense(4)],
      loss: sparseCategoricalCrossEntropy({ fromLogits: true, ignoreIndex: 3 }),
      metrics: ["accuracy"],
    }),
    inputs: only(15),
    outputs: [{ name: "ids", width: 3, classes: 4 }],
    rows: 80,
  },
  {
    name: "a sum",
    make: () => ({
      input: 4,
      layers: [dense(4, { kernelL1: 0.001 }), dense(1)],
      loss: meanSquaredError({ reduction: "sum", weight: 0.01 }),
    }),
    inputs: only(4),
    outputs: [{ name: "values", width: 1 }],
    rows: 300,
    squares: true,
  },
  {
    name: "smoothed",
    make: () => ({
      input: 2,
      layers: [dense(6, { activation: "tanh" }), dense(1)],
      loss: binaryCrossEntropy({ fromLogits: true, labelSmoothing: 0.1 }),
      metrics: ["accuracy", "mae"],
    }),
    inputs: only(2),
    outputs: [{ name: "ids", width: 1, classes: 2 }],
    rows: 300,
  },
  {
    name: "of one's own",
    make: () => ({ input: 3, layers: [custom.gated(), dense(2)], loss: meanSquaredError(), metrics: [custom.farthest()] }),
    inputs: only(3),
    outputs: [{ name: "values", width: 2 }],
    rows: 300,
    squares: true,
  },
  {
    name: "wide",
    make: () => ({
      input: 64,
      layers: [dense(96, { activation: "relu" }), dropout(0.1), dense(10)],
      loss: sparse,
      metrics: ["accuracy"],
    }),
    inputs: only(64),
    outputs: [{ name: "ids", width: 1, classes: 10 }],
    rows: 60,
  },
];

/** Of 16 KiB a row: 1,100 are more than are staged at once. */
export const staged: Kind = {
  name: "staged in parts",
  make: () => ({ input: 4096, layers: [dense(2)], loss: meanSquaredError() }),
  inputs: only(4096),
  outputs: [{ name: "values", width: 2 }],
  rows: 1200,
  squares: true,
};

const base = 0.02;
/** Made anew for every network. */
export const optimizers: readonly (() => Optimizer)[] = [
  () => sgd({ learningRate: base }),
  () => sgd({ learningRate: base, momentum: 0.9, nesterov: true, clip: { type: "value", value: 0.1 } }),
  () => sgd({ learningRate: plateau(), ema: { decay: 0.8 } }),
  // One step of them overflows.
  () => sgd({ learningRate: schedules.list({ rates: [...new Array(25).fill(base), 3e38, ...new Array(20).fill(base)] }) }),
  () => adam({ learningRate: base, ema: { decay: 0.9 } }),
  () => adam({ learningRate: plateau(), amsgrad: true, clip: { type: "globalNorm", value: 0.5 } }),
  () => adam({ learningRate: schedules.list({ rates: Array.from({ length: 200 }, (_, i) => base / (1 + (i % 3))) }) }),
  () => adamW({ learningRate: base, weightDecay: 0.1, groups: [{ match: "*bias", frozen: true }], ema: { decay: 0.5 } }),
  () => rmsprop({ learningRate: base, centered: true, momentum: 0.5, clip: { type: "norm", value: 0.3 } }),
  () => adagrad({ learningRate: base, initialAccumulator: 0.1, learningRateDecay: 0.01 }),
  () => adadelta({ learningRate: 0.5 }),
  () => lion({ learningRate: 0.005, weightDecay: 0.01 }),
  () => nadam({ learningRate: schedules.cosine({ base, totalSteps: 40 }), groups: [{ match: "*weight", learningRateFactor: 0.3 }] }),
  () => radam({ learningRate: schedules.oneCycle({ max: base, totalSteps: 300 }) }),
  () => adamax({ learningRate: base }),
];

/** Falls after nearly each epoch. */
function plateau() {
  return schedules.reduceOnPlateau({ base, factor: 0.7, patience: 0, threshold: 0.3, cooldown: 1 });
}
