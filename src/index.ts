// The public names, and nothing else.

export { type Activation, type ActivationName, type CustomActivation, celu, elu, leakyRelu } from "./activations.js";
export type { Arithmetic, ArithmeticName } from "./arithmetic.js";
export { type BackendChoice, type BackendInfo, disposeThreads, type ThreadChoice, useModule } from "./backends/backend.js";
export type { BuildName } from "./backends/builds.js";
export { type CustomTargets, customActivation, customLoss, customMetric, layer } from "./custom.js";
export { type Classes, classWeights, type Label, oneHot } from "./data/classes.js";
export type { DatasetOptions } from "./data/collect.js";
export type { Data, Targets } from "./data/data.js";
export { Dataset, dataset, type FoldOptions, type SplitOptions } from "./data/dataset.js";
export {
  type Average,
  type AverageOptions,
  accuracy,
  type ClassOptions,
  confusionMatrix,
  f1,
  mae,
  mse,
  precision,
  r2,
  recall,
  rmse,
  rocAuc,
  topK,
} from "./data/evaluation.js";
export type { Batch, Sample } from "./data/items.js";
export type { Rows } from "./data/rows.js";
export { minMax, restoreScaler, type Scaler, type ScalerOptions, type Scalers, standardize } from "./data/scalers.js";
export { argmax, sigmoid, softmax } from "./data/scores.js";
export type { DataStream, InputItem, StreamItem, StreamOptions } from "./data/stream.js";
export type { ChainOptions, GraphOptions, NetworkOptions } from "./definition.js";
export { BackendError, ChainruleError, FormatError, NonFiniteError, type Norm, OptionError, PlanError, ShapeError } from "./errors.js";
export { type Feature, type Features, features } from "./features.js";
export { type Idx, parseIdx } from "./formats/idx.js";
export {
  decodeSafetensors,
  encodeSafetensors,
  fromSafetensors,
  type Layout,
  type Safetensor,
  type Safetensors,
  type SafetensorsOptions,
  type SafetensorValues,
  toSafetensors,
} from "./formats/safetensors.js";
export { input } from "./graph.js";
export {
  constant,
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  type Initializer,
  lecunNormal,
  lecunUniform,
  type NormalOptions,
  normal,
  orthogonal,
  type UniformOptions,
  uniform,
  zeros,
} from "./initializers.js";
export { type GradCheck, type GradCheckElement, type GradCheckOptions, type GradCheckTensor, gradCheck } from "./inspect/gradCheck.js";
export type { Health, LayerHealth, Spread } from "./inspect/health.js";
export type { Profile, ProfiledInstruction, ProfileOptions } from "./inspect/profile.js";
export type { LayerTrace, Trace } from "./inspect/trace.js";
export { activation } from "./layers/activation.js";
export { add, concatenate, residual } from "./layers/combine.js";
export { type DenseOptions, dense } from "./layers/dense.js";
export { dropout } from "./layers/dropout.js";
export type { Layer, Node } from "./layers/layer.js";
export { type PreluOptions, prelu } from "./layers/prelu.js";
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
export { type LoadOptions, loadNetwork, network } from "./make.js";
export type { CustomMetric, Metric, MetricName } from "./metrics.js";
export { Network, type SaveOptions } from "./network.js";
export { type AdadeltaOptions, type AdagradOptions, adadelta, adagrad } from "./optimizers/adagrad.js";
export { type AdamOptions, adam, adamax, adamW, type BetaOptions, type NadamOptions, nadam, radam } from "./optimizers/adam.js";
export type { Clip } from "./optimizers/clip.js";
export { type ParameterGroup, vectorsWithoutDecay } from "./optimizers/groups.js";
export { type LionOptions, lion } from "./optimizers/lion.js";
export type { Optimizer } from "./optimizers/optimizer.js";
export type { Ema } from "./optimizers/options.js";
export { type RmspropOptions, rmsprop } from "./optimizers/rmsprop.js";
export { type SgdOptions, sgd } from "./optimizers/sgd.js";
export type { GivenParameter, NamedTensor } from "./parameters.js";
export type { Builder } from "./plan/builder.js";
export type { Operand } from "./plan/expressions.js";
export type { Tensor } from "./plan/tensor.js";
export * as schedules from "./schedules.js";
export type { Evaluation } from "./slices.js";
export { type Callback, type CallbackState, type EarlyStoppingOptions, earlyStopping, type Run } from "./training/callbacks.js";
export type { FitOptions, Progress } from "./training/fitOptions.js";
export type { Epoch, History } from "./training/history.js";
