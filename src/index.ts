// The public names, and nothing else.

export { type Activation, type ActivationName, elu, leakyRelu } from "./activations.js";
export type { BackendChoice, BackendInfo } from "./backends/backend.js";
export type { Data, Rows, Targets } from "./data.js";
export { BackendError, ChainruleError, FormatError, NonFiniteError, OptionError, PlanError, ShapeError } from "./errors.js";
export {
  constant,
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  type Initializer,
  lecunNormal,
  lecunUniform,
  normal,
  orthogonal,
  uniform,
  zeros,
} from "./initializers.js";
export { activation } from "./layers/activation.js";
export { type DenseOptions, dense } from "./layers/dense.js";
export { dropout } from "./layers/dropout.js";
export type { Layer } from "./layers/layer.js";
export {
  type BinaryCrossEntropyOptions,
  binaryCrossEntropy,
  binaryFocal,
  type CategoricalCrossEntropyOptions,
  categoricalCrossEntropy,
  categoricalHinge,
  focal,
  hinge,
  klDivergence,
  type SparseCategoricalCrossEntropyOptions,
  sparseCategoricalCrossEntropy,
  squaredHinge,
} from "./losses/classification.js";
export type { Loss, LossOptions } from "./losses/loss.js";
export { cosineSimilarity, huber, logCosh, meanAbsoluteError, meanSquaredError, poisson } from "./losses/regression.js";
export type { MetricName } from "./metrics.js";
export {
  type LayerTrace,
  type LoadOptions,
  loadNetwork,
  type NamedTensor,
  Network,
  type NetworkOptions,
  network,
  type Trace,
} from "./network.js";
export {
  type AdagradOptions,
  type AdamOptions,
  adagrad,
  adam,
  adamW,
  type Clip,
  type Optimizer,
  type RmspropOptions,
  rmsprop,
  type SgdOptions,
  sgd,
} from "./optimizers.js";
export type { Evaluation } from "./single.js";
export type { Epoch, FitOptions, History, Progress } from "./training.js";
