// The golden files' names for layers, losses and optimizers, as the library's objects. What the library does not have yet throws `Later`.
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
  categoricalCrossEntropy,
  categoricalHinge,
  cosineSimilarity,
  dense,
  focal,
  hinge,
  huber,
  klDivergence,
  type Layer,
  type Loss,
  lion,
  logCosh,
  meanAbsoluteError,
  meanSquaredError,
  nadam,
  type Optimizer,
  poisson,
  prelu,
  radam,
  residual,
  rmsprop,
  schedules,
  sgd,
  sparseCategoricalCrossEntropy,
  squaredHinge,
} from "../../src/index.js";

/** A case that needs what the library does not have yet; the message names it. */
export class Later extends Error {}

export interface Spec {
  readonly type: string;
  readonly [option: string]: unknown;
}

export interface TensorSpec {
  readonly shape: readonly number[];
  readonly data: readonly number[];
  readonly dtype?: "int";
}

const laterLayers = [
  "flatten",
  "reshape",
  "conv1d",
  "conv2d",
  "conv2dTranspose",
  "maxPool1d",
  "maxPool2d",
  "avgPool1d",
  "avgPool2d",
  "globalAvgPool1d",
  "globalAvgPool2d",
  "globalMaxPool1d",
  "globalMaxPool2d",
  "batchNorm",
  "layerNorm",
  "rmsNorm",
  "embedding",
  "simpleRnn",
  "lstm",
  "gru",
  "bidirectional",
  "multiHeadAttention",
];

// biome-ignore lint/suspicious/noExplicitAny: options come from a file; each factory checks its own
type Factories<T> = Readonly<Record<string, (options: any) => T>>;

const losses: Factories<Loss> = {
  mse: meanSquaredError,
  mae: meanAbsoluteError,
  huber,
  binaryCrossEntropy,
  categoricalCrossEntropy,
  sparseCategoricalCrossEntropy,
  logCosh,
  hinge,
  squaredHinge,
  categoricalHinge,
  poisson,
  klDivergence,
  cosineSimilarity,
  // Of logits, both: there is no other kind.
  focal: ({ fromLogits: _, ...options }) => focal(options),
  binaryFocal: ({ fromLogits: _, ...options }) => binaryFocal(options),
};
const optimizers: Factories<Optimizer> = { sgd, adam, adamW, adamax, nadam, radam, rmsprop, adagrad, adadelta, lion };
const layers: Factories<Layer> = {
  dense: ({ units, bias, activation: given, ...options }) =>
    dense(units, { ...options, ...(bias === false && { bias }), ...(given && { activation: toActivation(given) }) }),
  activation: ({ activation: given }) => activation(toActivation(given)),
  prelu: () => prelu(),
  residual: ({ layers: inner }) => residual(toLayers(inner)),
};

function make<T>(kind: string, factories: Factories<T>, { type, ...options }: Spec): T {
  const factory = Object.hasOwn(factories, type) ? factories[type] : undefined;
  if (!factory) throw new Error(`${kind} is ${JSON.stringify(type)}, expected one of: ${Object.keys(factories).join(", ")}`);
  return factory(options);
}

export function toActivation(given: string | Spec): Activation {
  const spec = typeof given === "string" ? { type: given } : given;
  return spec as Activation;
}

export function toLoss(spec: Spec): Loss {
  return make("loss", losses, spec);
}

export function toOptimizer(spec: Spec): Optimizer {
  const { learningRate } = spec;
  return make(
    "optimizer",
    optimizers,
    Array.isArray(learningRate) ? { ...spec, learningRate: schedules.list({ rates: learningRate }) } : spec,
  );
}

export function toSchedule(spec: Spec): schedules.Schedule {
  const { list: _, ...factories } = schedules;
  return make("schedule", factories as unknown as Factories<schedules.Schedule>, spec);
}

export function toLayers(specs: readonly Spec[]): Layer[] {
  for (const { type } of specs) if (laterLayers.includes(type)) throw new Later(`layer ${type}`);
  return specs.map((spec) => make("layer", layers, spec));
}

/** One sample's shape; single numbers are rows of one column. */
export function sampleShape(tensor: TensorSpec): readonly number[] {
  return tensor.shape.length > 1 ? tensor.shape.slice(1) : [1];
}

/** Rows [begin, end) of the first axis, as what the facade takes: values, or class ids. */
export function rowsOf({ shape, data, dtype }: TensorSpec, begin = 0, end = shape[0]!): Float32Array | Int32Array {
  const width = data.length / shape[0]!;
  const rows = data.slice(begin * width, end * width);
  return dtype === "int" ? Int32Array.from(rows) : Float32Array.from(rows);
}
