// What a loss is: what a prediction `[batch, columns]` costs, given its targets, as plain data with functions. The losses themselves are
// in regression.ts and classification.ts; formulas: test/golden/README.md, section Losses.
import { checkNumber, checkOneOf } from "../checks.js";
import type { Matrix } from "../data/samples.js";
import { type Normalization, normalizations, type TargetRule, type Weighed, weigh } from "../data/weighting.js";
import { ShapeError } from "../errors.js";
import type { Builder } from "../plan/builder.js";
import { product, type Tensor } from "../plan/tensor.js";
import type { PredictionKind } from "./predictions.js";
import type { TargetKind } from "./targets.js";

export interface Loss {
  readonly type: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** What users give. `values`: targets have the prediction's shape; `ids`: one class id a row, in [0, columns). */
  readonly targets: "values" | "ids";
  /** Last axis of the targets, where it is not the prediction's. */
  readonly targetColumns?: number;
  /** What values must be; default: anything finite. */
  readonly targetKind?: TargetKind;
  /** What the step reads, after `prepare`; default `targets`. Smoothed class ids are rows of values. */
  readonly staged?: "values" | "ids";
  /** A class id out of range that `targets` may hold: its position is left out. */
  readonly ignoreIndex?: number;
  /** Which of the accuracies suits it, if any, and the prediction from which a binary one means "yes". */
  readonly accuracy?: "categorical" | "sparse" | "binary";
  readonly threshold?: number;
  /** Turns a whole data set's targets into what steps read, once. Absent: they are that already, and sample weights have no meaning.
   *  @param targets checked @param shape one sample's prediction @param sampleWeights checked, one a sample */
  prepare(targets: Matrix, shape: readonly number[], sampleWeights?: Float32Array): Weighed;
  /** `prepare` gives targets other values than the user's, and those beside them as `truth`. */
  readonly altersTargets?: boolean;
  /** What predictions are taken for; absent: for what they are. */
  readonly takes?: PredictionKind;
  /** The loss is a sum of its terms, not their mean. */
  readonly sums: boolean;
  /** What the sum of all terms of a batch of so many rows is multiplied by. @param shape one sample's prediction
   *  @param denominator of weighted data: the sum of the batch's `denominators`; 0 makes loss and gradient 0 */
  scale(shape: readonly number[], rows: number, denominator?: number): number;
  /** @throws {ShapeError} if predictions of that shape cannot be meant */
  check(shape: readonly number[]): void;
  /** @param weights one a row of the prediction, if the data is weighted */
  emit(g: Builder, prediction: Tensor, target: Tensor, weights?: Tensor): void;
}

/** One sample's targets, as users give them. @param shape its prediction */
export function targetShape(shape: readonly number[], { targets, targetColumns }: Loss): readonly number[] {
  return [...shape.slice(0, -1), targets === "ids" ? 1 : (targetColumns ?? shape.at(-1) ?? 1)];
}

/** May targets be class ids? Where rows of values are compared by their largest column, ids stand for one-hot rows. */
export function takesIds({ targets, accuracy }: Loss): boolean {
  return targets === "ids" || accuracy === "categorical";
}

export interface LossOptions {
  /** `mean` (default): of all elements (elementwise losses) or of all rows (categorical ones); `sum`: of the same */
  readonly reduction?: "mean" | "sum" | undefined;
  /** factor of the loss and its gradient, above 0, default 1 */
  readonly weight?: number | undefined;
  /** What a mean of weighted terms is divided by: the weights' sum (default, as PyTorch; their unit is of no matter, from 1e-36 to 1e36) or the number of terms
   *  (as Keras). Weights are sample weights and class weights; ignored positions count in neither. */
  readonly normalization?: Normalization | undefined;
}

export interface Kind extends Pick<Loss, "targets" | "targetKind" | "accuracy" | "threshold" | "takes"> {
  readonly op: Parameters<Builder["loss"]>[0];
  readonly extra?: Readonly<Record<string, number>>;
  /** One term for each element, or one for each row of the last axis. */
  readonly termsPer: "element" | "row";
  readonly leastColumns?: number;
  readonly rule?: Partial<TargetRule>;
}

export const shared = ["reduction", "weight", "normalization"];

/** What reduction and weight, checked, make of a loss. @param termsOf how many terms a row has, by one sample's prediction */
export function reduced(
  type: string,
  { reduction = "mean", weight = 1 }: Pick<LossOptions, "reduction" | "weight">,
  termsOf: (shape: readonly number[]) => number,
) {
  checkOneOf(`${type}: reduction`, reduction, ["mean", "sum"]);
  checkNumber(`${type}: weight`, weight, { above: 0 });
  const sums = reduction === "sum";
  const scale: Loss["scale"] = (shape, rows, denominator = rows * termsOf(shape)) => {
    if (sums) return weight;
    return denominator > 0 ? weight / denominator : 0;
  };
  return { options: { reduction, weight }, sums, scale };
}

/** @param options as given, defaults filled in, checked but for those that all losses share */
export function loss(type: string, options: LossOptions & Readonly<Record<string, unknown>>, kind: Kind): Loss {
  const { normalization = "sumOfWeights" } = options;
  checkOneOf(`${type}: normalization`, normalization, normalizations);
  const { op, extra, termsPer, leastColumns = 1, rule: given = {}, ...rest } = kind;
  const { classWeights, ignoreIndex, labelSmoothing = 0 } = given;
  const changes = classWeights !== undefined || ignoreIndex !== undefined || labelSmoothing > 0;
  const { options: common, ...reduction } = reduced(type, options, (shape) => product(termsPer === "element" ? shape : shape.slice(0, -1)));
  return {
    type,
    options: { ...options, ...common, normalization },
    ...reduction,
    ...rest,
    ...(kind.targets === "ids" && labelSmoothing > 0 && { staged: "values" }),
    ...(ignoreIndex !== undefined && { ignoreIndex }),
    ...((labelSmoothing > 0 || (classWeights && kind.targets === "values")) && { altersTargets: true }),
    prepare: (targets, shape, sampleWeights) => {
      // As most data is; single steps are short.
      if (!changes && !sampleWeights) return { targets };
      const columns = shape.at(-1) ?? 1;
      const rule = { ...given, normalization, columns, termsPerRow: termsPer === "element" ? columns : 1 };
      return weigh(targets, rule, sampleWeights);
    },
    check: (shape) => {
      const columns = shape.at(-1) ?? 1;
      if (columns < leastColumns)
        throw new ShapeError(
          `${type}: the last layer has ${columns} column, expected at least ${leastColumns}, one a class; for two classes in one column take binaryCrossEntropy`,
        );
      if (classWeights && classWeights.length !== columns)
        throw new ShapeError(`${type}: classWeights has ${classWeights.length} weights, but the last layer has ${columns} columns`);
    },
    emit: (g, p, t, weights) => g.loss(op, p, t, extra, weights),
  };
}
