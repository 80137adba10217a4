// The public names, and nothing else.

export { type Activation, type ActivationName, celu, type CustomActivation, elu, leakyRelu } from "./activations.js";
export type { BackendChoice, BackendInfo } from "./backends/backend.js";
export { customActivation, customLoss, layer } from "./custom.js";
export type { Data, Rows, Targets } from "./data.js";
export { BackendError, ChainruleError, FormatError, NonFiniteError, OptionError, PlanError, ShapeError } from "./errors.js";
export type { Epoch, History } from "./history.js";
export { type GradCheck, type GradCheckElement, type GradCheckOptions, type GradCheckTensor, gradCheck } from "./gradCheck.js";
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
export type { Layer, Node } from "./layers/layer.js";
export { type PreluOptions, prelu } from "./layers/prelu.js";
export {
  binaryCrossEntropy,
  categoricalCrossEntropy,
  huber,
  type Loss,
  type LossOptions,
  meanAbsoluteError,
  meanSquaredError,
  sparseCategoricalCrossEntropy,
} from "./losses.js";
export type { ChainOptions, GraphOptions, NetworkOptions } from "./definition.js";
export { input } from "./graph.js";
export type { MetricName } from "./metrics.js";
export {
  type LayerTrace,
  type LoadOptions,
  loadNetwork,
  type NamedTensor,
  Network,
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
export type { Builder } from "./plan/builder.js";
export type { Operand } from "./plan/expressions.js";
export type { Tensor } from "./plan/tensor.js";
export type { Evaluation } from "./single.js";
export type { FitOptions, Progress } from "./training.js";
