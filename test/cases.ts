// Networks that between them use every op, at widths that are no multiples of four as well as at those that are. Tests compare them with
// test/reference.ts, backends with each other, and plant faults in their plans.
import {
  type Activation,
  activation,
  adadelta,
  adagrad,
  adam,
  adamax,
  adamW,
  binaryCrossEntropy,
  binaryFocal,
  type ChainOptions,
  categoricalCrossEntropy,
  categoricalHinge,
  celu,
  cosineSimilarity,
  dense,
  dropout,
  elu,
  focal,
  hinge,
  huber,
  klDivergence,
  type Loss,
  leakyRelu,
  lion,
  logCosh,
  meanAbsoluteError,
  meanSquaredError,
  nadam,
  type Optimizer,
  type ParameterGroup,
  poisson,
  radam,
  rmsprop,
  schedules,
  sgd,
  sparseCategoricalCrossEntropy,
  squaredHinge,
  vectorsWithoutDecay,
} from "../src/index.js";

export interface NetworkCase {
  readonly name: string;
  /** Everything but the backend. */
  readonly options: ChainOptions & { readonly optimizer: Optimizer; readonly seed: number };
  /** Made anew at every call, always the same: two and a half batches of rows. */
  data(): { readonly inputs: Float32Array; readonly targets: Float32Array | Uint32Array };
  /** Rows of a batch. */
  readonly batch: number;
}

/** Uniform in [0, 1), the same in every run (Lehmer's generator, MINSTD). */
export function numbers(seed: number): () => number {
  let state = (seed % 2147483646) + 1;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

export const sum = (row: readonly number[]) => row.reduce((a, b) => a + b, 0);

/** Numbers from -1.5 to 1.5, as rows. */
export function matrix(rows: number, columns: number, seed: number): number[][] {
  const next = numbers(seed);
  return Array.from({ length: rows }, () => Array.from({ length: columns }, () => Math.fround(3 * (next() - 0.5))));
}

/** Inputs about 0, and targets that suit the loss: values, signs, probabilities, one-hot or soft rows, class ids. */
export function dataFor({ input, layers, loss }: ChainOptions, rows: number, seed = 1): ReturnType<NetworkCase["data"]> {
  const next = numbers(seed);
  const shape = typeof input === "number" ? [input] : input;
  const positions = rows * shape.slice(0, -1).reduce((a, b) => a * b, 1);
  const units = layers.findLast(({ kind }) => kind === "dense")?.options.units as number | undefined;
  const columns = units ?? shape.at(-1)!;
  const inputs = Float32Array.from({ length: positions * shape.at(-1)! }, () => 3 * (next() - 0.5));
  if (loss.targets === "ids") return { inputs, targets: Uint32Array.from({ length: positions }, () => Math.floor(next() * columns)) };
  const targets = new Float32Array(positions * columns);
  for (let p = 0; p < positions; ++p) {
    const row = targets.subarray(p * columns, (p + 1) * columns);
    const hard = p % 2 === 0 || loss.targetKind === "membership";
    if (loss.accuracy === "categorical" && hard) row[Math.floor(next() * columns)] = 1;
    else for (let c = 0; c < columns; ++c) row[c] = loss.accuracy === "categorical" ? (c + 1) / ((columns * (columns + 1)) / 2) : next();
    // Hard and soft targets.
    if (loss.targetKind === "sign") for (let c = 0; c < columns; ++c) row[c] = 2 * Math.round(row[c]!) - 1;
    else if (loss.accuracy === "binary" && p % 2 === 0) for (let c = 0; c < columns; ++c) row[c] = Math.round(row[c]!);
  }
  return { inputs, targets };
}

type Options = Omit<ChainOptions, "optimizer" | "seed" | "backend" | "loss"> & Partial<Pick<ChainOptions, "optimizer" | "loss">>;

let seed = 0;

function networkCase(
  name: string,
  batch: number,
  { optimizer = sgd({ learningRate: 0.1 }), loss = meanSquaredError(), ...rest }: Options,
): NetworkCase {
  const options = { ...rest, loss, optimizer, seed: ++seed };
  return { name: `${name}, batch ${batch}`, options, batch, data: () => dataFor(options, Math.ceil(2.5 * batch), options.seed) };
}

export const widths = [1, 3, 5, 7, 10, 13, 17, 64, 100];
export const batches = [1, 3, 32];

const firstActivations: readonly Activation[] = [
  ...(["linear", "relu", "sigmoid", "tanh", "softmax", "softplus", "gelu", "geluTanh", "silu"] as const).map((type) => ({ type })),
  leakyRelu(0.2),
  elu(0.5),
];
const laterActivations: readonly Activation[] = [
  ...(["selu", "mish", "softsign", "logSigmoid", "hardSigmoid", "hardSwish", "hardTanh", "relu6", "logSoftmax"] as const).map((type) => ({
    type,
  })),
  celu(0.5),
];
export const activations: readonly Activation[] = [...firstActivations, ...laterActivations];

/** Losses that take any value as a prediction, and those that take probabilities, with the activation that makes them. */
export const losses: readonly { readonly name: string; readonly loss: Loss; readonly last: "linear" | "sigmoid" | "softmax" }[] = [
  { name: "mean squared error", loss: meanSquaredError(), last: "linear" },
  { name: "mean squared error sum", loss: meanSquaredError({ reduction: "sum", weight: 0.5 }), last: "linear" },
  { name: "mean absolute error", loss: meanAbsoluteError(), last: "linear" },
  { name: "huber", loss: huber({ delta: 0.5 }), last: "linear" },
  { name: "binary cross-entropy", loss: binaryCrossEntropy(), last: "sigmoid" },
  { name: "binary cross-entropy logits", loss: binaryCrossEntropy({ fromLogits: true }), last: "linear" },
  { name: "cross-entropy", loss: categoricalCrossEntropy(), last: "softmax" },
  { name: "cross-entropy logits", loss: categoricalCrossEntropy({ fromLogits: true }), last: "linear" },
  { name: "sparse cross-entropy", loss: sparseCategoricalCrossEntropy(), last: "softmax" },
  { name: "sparse cross-entropy logits", loss: sparseCategoricalCrossEntropy({ fromLogits: true }), last: "linear" },
  { name: "log cosh", loss: logCosh(), last: "linear" },
  { name: "hinge", loss: hinge(), last: "linear" },
  { name: "squared hinge", loss: squaredHinge(), last: "linear" },
  { name: "poisson", loss: poisson(), last: "sigmoid" },
  { name: "poisson of logarithms", loss: poisson({ logInput: true }), last: "linear" },
  { name: "KL divergence", loss: klDivergence(), last: "softmax" },
  { name: "KL divergence of logarithms", loss: klDivergence({ input: "logProbabilities" }), last: "linear" },
  { name: "binary cross-entropy, positives weighted", loss: binaryCrossEntropy({ positiveWeight: 3 }), last: "sigmoid" },
  {
    name: "binary cross-entropy logits, positives weighted",
    loss: binaryCrossEntropy({ fromLogits: true, positiveWeight: 0.3 }),
    last: "linear",
  },
  { name: "binary focal", loss: binaryFocal(), last: "linear" },
  { name: "binary focal alpha", loss: binaryFocal({ gamma: 0.5, alpha: 0.25 }), last: "linear" },
  { name: "focal", loss: focal(), last: "linear" },
  { name: "categorical hinge", loss: categoricalHinge(), last: "linear" },
  { name: "cosine similarity", loss: cosineSimilarity(), last: "linear" },
];

/** An optimizer's factory with some options, to which clipping can be added. */
function variants<O extends object>(name: string, make: (options: O) => Optimizer, given: readonly (readonly [string, O])[]) {
  const plain = given.map(([variant, options]) => ({ name: `${name} ${variant}`.trimEnd(), optimizer: make(options) }));
  const clipped = clips.map((clip) => ({ name: `${name} clip ${clip.type}`, optimizer: make({ ...given[0]![1], clip }) }));
  return [...plain, ...clipped];
}

const clips = [
  { type: "globalNorm", value: 0.1 } as const,
  { type: "value", value: 0.01 } as const,
  { type: "norm", value: 0.05 } as const,
];

/** Of every kind, on their way after so many steps. */
function schedulesOf(steps: number): readonly schedules.Schedule[] {
  const base = 0.1;
  return [
    schedules.constant({ base }),
    schedules.list({ rates: Array.from({ length: 64 }, (_, i) => [0.1, 0.02, 0.05][i % 3]!) }),
    schedules.step({ base, stepSize: 2 }),
    schedules.multiStep({ base, milestones: [1, 3] }),
    schedules.exponential({ base, gamma: 0.8 }),
    schedules.polynomial({ base, totalSteps: steps, power: 1.5 }),
    schedules.cosine({ base, totalSteps: steps }),
    schedules.cosineWarmRestarts({ base, firstPeriod: 2, periodFactor: 2 }),
    schedules.warmupCosine({ base, warmupSteps: 2, totalSteps: steps }),
    schedules.oneCycle({ max: base, totalSteps: steps + 5 }),
    schedules.cyclic({ min: 0.01, max: base, stepsUp: 2, mode: "triangular2" }),
    schedules.reduceOnPlateau({ base }),
  ];
}

const groups: Readonly<Record<string, readonly ParameterGroup[]>> = {
  "vectors without decay": [vectorsWithoutDecay],
  "layer and bias": [
    { match: "dense_1", learningRateFactor: 0.5 },
    { match: "bias", weightDecay: 0 },
  ],
  "a layer frozen": [{ match: "dense_1", frozen: true }, vectorsWithoutDecay],
  "biases frozen": [{ match: "*.b*s", frozen: true }],
};

/** Every optimizer and every variant of its kernel. */
export const optimizers: readonly { readonly name: string; readonly optimizer: Optimizer }[] = [
  ...variants("sgd", sgd, [
    ["", { learningRate: 0.1 }],
    ["weightDecay", { learningRate: 0.1, weightDecay: 0.01 }],
    ["momentum", { learningRate: 0.05, momentum: 0.9, weightDecay: 0.01 }],
    ["nesterov", { learningRate: 0.05, momentum: 0.9, nesterov: true }],
    ["dampening", { learningRate: 0.05, momentum: 0.9, dampening: 0.5 }],
  ]),
  ...variants("adam", adam, [
    ["", { learningRate: 0.01, epsilon: 1e-3 }],
    ["amsgrad", { learningRate: 0.01, epsilon: 1e-3, beta2: 0.9, amsgrad: true, weightDecay: 0.1 }],
  ]),
  ...variants("adamW", adamW, [["", { learningRate: 0.01, epsilon: 1e-3, weightDecay: 0.1 }]]),
  ...variants("rmsprop", rmsprop, [
    ["", { learningRate: 0.01, epsilon: 1e-3 }],
    ["centered", { learningRate: 0.01, epsilon: 1e-2, centered: true }],
    ["momentum", { learningRate: 0.01, epsilon: 1e-3, momentum: 0.9, weightDecay: 0.01 }],
    ["centered momentum", { learningRate: 0.01, epsilon: 1e-2, momentum: 0.5, centered: true }],
  ]),
  ...variants("adagrad", adagrad, [["", { learningRate: 0.1, initialAccumulator: 0.1, learningRateDecay: 0.01 }]]),
  ...variants("adamax", adamax, [["", { learningRate: 0.01, epsilon: 1e-3, weightDecay: 0.01 }]]),
  ...variants("nadam", nadam, [["", { learningRate: 0.01, epsilon: 1e-3, weightDecay: 0.01 }]]),
  ...variants("radam", radam, [["", { learningRate: 0.01, epsilon: 1e-3, beta2: 0.8, weightDecay: 0.01 }]]),
  ...variants("adadelta", adadelta, [["", { learningRate: 0.5, epsilon: 1e-3, weightDecay: 0.01 }]]),
  ...variants("lion", lion, [["", { learningRate: 0.01, weightDecay: 0.1 }]]),
  ...schedulesOf(5).map((schedule) => ({ name: `sgd ${schedule.type}`, optimizer: sgd({ learningRate: schedule }) })),
  ...Object.entries(groups).map(([name, given]) => ({
    name: `adamW ${name}`,
    optimizer: adamW({
      learningRate: schedules.cosine({ base: 0.02, totalSteps: 9, min: 0.005 }),
      epsilon: 1e-3,
      weightDecay: 0.2,
      clip: clips[0]!,
      groups: given,
    }),
  })),
  {
    name: "sgd groups",
    optimizer: sgd({ learningRate: 0.1, momentum: 0.5, weightDecay: 0.1, groups: groups["layer and bias"]!, clip: clips[2]! }),
  },
  { name: "adam ema", optimizer: adam({ learningRate: 0.01, epsilon: 1e-3, ema: { decay: 0.9 } }) },
  { name: "sgd ema, all frozen", optimizer: sgd({ groups: [{ match: "*", frozen: true }], ema: { decay: 0.5 } }) },
];

const sparse = sparseCategoricalCrossEntropy({ fromLogits: true });
const batchOf = (i: number) => batches[i % batches.length]!;

function activationCases(given: readonly Activation[]): NetworkCase[] {
  // Without a bound below, logSoftmax diverges at the others' rate.
  const rate = (type: string) => (type === "logSoftmax" ? { optimizer: sgd({ learningRate: 1e-3 }) } : {});
  const within = given.map((one, i) =>
    networkCase(`${one.type} 5-7-${3 + i}`, batchOf(i), {
      input: 5,
      layers: [dense(7, { activation: one }), dense(3 + i, { activation: one })],
    }),
  );
  const between = given.map((one, i) =>
    networkCase(`${one.type} as a layer`, batchOf(i + 1), {
      input: 10,
      layers: [dense(13), activation(one), dense(2), activation(one)],
      ...rate(one.type),
    }),
  );
  return [...within, ...between];
}

export const cases: readonly NetworkCase[] = [
  // Every width, as inputs, hidden units and outputs.
  ...widths.flatMap((width, i) =>
    batches.map((batch) =>
      networkCase(`${width}-${widths[(i + 4) % 9]}-${widths[(i + 7) % 9]}`, batch, {
        input: width,
        layers: [dense(widths[(i + 4) % 9]!, { activation: "tanh" }), dense(widths[(i + 7) % 9]!)],
      }),
    ),
  ),
  ...activationCases(firstActivations),
  ...losses.map(({ name, loss, last }, i) =>
    networkCase(name, batchOf(i), {
      input: 7,
      layers: [dense(10, { activation: "tanh" }), dense(5, { activation: last })],
      loss,
    }),
  ),
  ...optimizers.map(({ name, optimizer }, i) =>
    networkCase(name, batchOf(i), { input: 5, layers: [dense(13, { activation: "tanh" }), dense(3)], loss: sparse, optimizer }),
  ),
  networkCase("no bias, no hidden layer", 3, { input: 17, layers: [dense(1, { bias: false })] }),
  networkCase("1-1", 1, { input: 1, layers: [dense(1)] }),
  networkCase("L1 and L2", 3, {
    input: 5,
    layers: [dense(7, { activation: "tanh", kernelL1: 0.01, kernelL2: 0.02 }), dense(1, { kernelL2: 0.05 })],
  }),
  networkCase("dropout", 32, {
    input: 10,
    layers: [dropout(0.1), dense(17, { activation: "relu" }), dropout(0.5), dense(13, { activation: "silu" }), dropout(0.25), dense(3)],
    loss: sparse,
    optimizer: adam({ learningRate: 0.01, epsilon: 1e-3 }),
    metrics: ["accuracy"],
  }),
  networkCase("dropout on the prediction", 3, { input: 3, layers: [dense(5), dropout(0.5)] }),
  networkCase("rows of sequences [3, 4]", 3, {
    input: [3, 4],
    layers: [dense(5, { activation: "gelu" }), dropout(0.2), dense(7)],
    loss: sparse,
    metrics: ["accuracy"],
  }),
  networkCase("values of sequences [2, 3, 5]", 3, {
    input: [2, 3, 5],
    layers: [dense(7, { activation: "elu" }), dense(1)],
    metrics: ["mae"],
  }),
  networkCase("one-hot rows, accuracy and mae", 32, {
    input: 4,
    layers: [dense(16, { activation: "relu" }), dense(3, { activation: "softmax" })],
    loss: categoricalCrossEntropy(),
    metrics: ["accuracy", "mae"],
  }),
  networkCase("binary, accuracy and mae", 32, {
    input: 64,
    layers: [dense(64, { activation: "softplus" }), dense(1)],
    loss: binaryCrossEntropy({ fromLogits: true }),
    metrics: ["accuracy", "mae"],
    optimizer: adam({ learningRate: 0.01, epsilon: 1e-3, clip: { type: "globalNorm", value: 1 } }),
  }),
  networkCase("deep, of all kinds", 3, {
    input: 13,
    layers: [
      dense(17, { activation: "gelu" }),
      dense(5, { activation: leakyRelu(0.1), bias: false }),
      activation("softmax"),
      dropout(0.3),
      dense(10, { activation: "elu", kernelL2: 0.01 }),
      dense(7, { activation: "softplus", kernelL1: 0.001 }),
      dense(3, { activation: "sigmoid" }),
    ],
    loss: binaryCrossEntropy(),
    optimizer: adamW({ learningRate: 0.01, epsilon: 1e-3, clip: { type: "value", value: 0.1 } }),
  }),
  ...activationCases(laterActivations),
];
