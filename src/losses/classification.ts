// Losses of predictions that are classes: probabilities, logits, or scores with a margin. Logarithms are natural, losses in nats.
import { checkBoolean, checkCount, checkNumber, checkOneOf, checkOptions } from "../checks.js";
import { checkClassWeights } from "../data/weighting.js";
import { type Loss, type LossOptions, loss, shared } from "./loss.js";

interface FromLogits {
  /** whether predictions are logits, which is exact for probabilities near 0 and, but for a rounding of 6e-8 in them, near 1; default false:
   *  they are probabilities */
  readonly fromLogits?: boolean | undefined;
}

interface Smoothing {
  /** s in [0, 1), default 0: targets y become y·(1 - s) + s/C, over C classes (binary: 2) */
  readonly labelSmoothing?: number | undefined;
}

export type BinaryCrossEntropyOptions = LossOptions &
  FromLogits &
  Smoothing & {
    /** factor of the terms whose target is 1, above 0, default 1; as negatives / positives it balances the two */
    readonly positiveWeight?: number | undefined;
  };

export type CategoricalCrossEntropyOptions = LossOptions &
  FromLogits &
  Smoothing & {
    /** one a class, at least 0, not all 0: the factor of its rows; see `normalization` */
    readonly classWeights?: ArrayLike<number> | undefined;
  };

export type SparseCategoricalCrossEntropyOptions = CategoricalCrossEntropyOptions & {
  /** positions with this class id have loss and gradient 0 and do not count in a mean; may be out of range, as -100 */
  readonly ignoreIndex?: number | undefined;
};

/** Mean of -(positiveWeight·y·log q + (1 - y)·log(1 - q)); q = sigmoid(p) with `fromLogits`, else p itself. Logarithms are
 *  held at -100 and what gradients are divided by at 1e-12, so that probabilities of 0 and 1 have a loss and a gradient; for those within 1e-12
 *  of them the gradient is less than the slope. `fromLogits` has no such limits, but rounds a
 *  probability within 6e-8 of 1 to 1. */
export function binaryCrossEntropy(options: BinaryCrossEntropyOptions = {}): Loss {
  checkOptions("binaryCrossEntropy", options, [...shared, "fromLogits", "labelSmoothing", "positiveWeight"]);
  const { fromLogits = false, labelSmoothing = 0, positiveWeight = 1 } = options;
  checkBoolean("binaryCrossEntropy: fromLogits", fromLogits);
  checkSmoothing("binaryCrossEntropy", labelSmoothing);
  checkNumber("binaryCrossEntropy: positiveWeight", positiveWeight, { above: 0 });
  const ops = fromLogits
    ? (["binaryCrossEntropyLogits", "weightedBinaryCrossEntropyLogits"] as const)
    : (["binaryCrossEntropy", "weightedBinaryCrossEntropy"] as const);
  return loss(
    "binaryCrossEntropy",
    { ...options, fromLogits, labelSmoothing, positiveWeight },
    {
      ...(positiveWeight === 1 ? { op: ops[0] } : { op: ops[1], extra: { positiveWeight } }),
      termsPer: "element",
      targets: "values",
      targetKind: "probability",
      takes: fromLogits ? "logits" : "probabilities",
      accuracy: "binary",
      threshold: fromLogits ? 0 : 0.5,
      rule: { labelSmoothing, smoothedOver: 2 },
    },
  );
}

/** Mean over rows of -sum of w·y·log q, w the class weights; q = softmax(p) with `fromLogits`, else p itself, held as in `binaryCrossEntropy`.
 *  Targets: one-hot or soft rows, which sum to 1 within 0.001, or class ids. */
export function categoricalCrossEntropy(options: CategoricalCrossEntropyOptions = {}): Loss {
  const { own, fromLogits, rule } = classRule("categoricalCrossEntropy", options, []);
  return loss("categoricalCrossEntropy", own, {
    op: fromLogits ? "categoricalCrossEntropyLogits" : "categoricalCrossEntropy",
    termsPer: "row",
    targets: "values",
    targetKind: "distribution",
    takes: fromLogits ? "logits" : "distributions",
    accuracy: "categorical",
    leastColumns: 2,
    rule,
  });
}

/** The same with targets as class ids only. */
export function sparseCategoricalCrossEntropy(options: SparseCategoricalCrossEntropyOptions = {}): Loss {
  const { own, fromLogits, rule } = classRule("sparseCategoricalCrossEntropy", options, ["ignoreIndex"]);
  const { ignoreIndex } = options;
  if (ignoreIndex !== undefined) checkCount("sparseCategoricalCrossEntropy: ignoreIndex", ignoreIndex, -(2 ** 31));
  const dense = rule.labelSmoothing > 0;
  return loss("sparseCategoricalCrossEntropy", own, {
    op: dense
      ? (`categoricalCrossEntropy${fromLogits ? "Logits" : ""}` as const)
      : (`sparseCategoricalCrossEntropy${fromLogits ? "Logits" : ""}` as const),
    termsPer: "row",
    targets: "ids",
    takes: fromLogits ? "logits" : "distributions",
    accuracy: dense ? "categorical" : "sparse",
    leastColumns: 2,
    rule: { ...rule, ...(ignoreIndex !== undefined && { ignoreIndex }) },
  });
}

/** @returns the options, complete and the loss's own: who made them may change the weights afterwards */
function classRule(type: string, options: CategoricalCrossEntropyOptions, more: readonly string[]) {
  checkOptions(type, options, [...shared, "fromLogits", "labelSmoothing", "classWeights", ...more]);
  const { fromLogits = false, labelSmoothing = 0, classWeights } = options;
  checkBoolean(`${type}: fromLogits`, fromLogits);
  checkSmoothing(type, labelSmoothing);
  if (classWeights !== undefined) checkClassWeights(`${type}: classWeights`, classWeights);
  const copied = classWeights && { classWeights: Array.from(classWeights) };
  return { own: { ...options, fromLogits, labelSmoothing, ...copied }, fromLogits, rule: { labelSmoothing, ...copied } };
}

function checkSmoothing(type: string, labelSmoothing: unknown): void {
  checkNumber(`${type}: labelSmoothing`, labelSmoothing, { least: 0, below: 1 });
}

/** Mean over rows of (1 - q)^gamma·(-log q), q = softmax(p) at the class id: well classified rows count little (Lin et al. 2017). Predictions
 *  are logits, targets class ids. @param options gamma >= 0, default 2; 0 is cross-entropy */
export function focal(options: LossOptions & { readonly gamma?: number | undefined } = {}): Loss {
  checkOptions("focal", options, [...shared, "gamma"]);
  const { gamma = 2 } = options;
  checkNumber("focal: gamma", gamma, { least: 0 });
  return loss(
    "focal",
    { ...options, gamma },
    { op: "focal", extra: { gamma }, termsPer: "row", targets: "ids", takes: "logits", accuracy: "sparse", leastColumns: 2 },
  );
}

/** Mean of y·a·(1 - q)^gamma·(-log q) + (1 - y)·(1 - a)·q^gamma·(-log(1 - q)), q = sigmoid(p). Predictions are logits.
 *  @param options gamma >= 0, default 2; alpha a in [0, 1], absent: both factors are 1 */
export function binaryFocal(
  options: LossOptions & { readonly gamma?: number | undefined; readonly alpha?: number | undefined } = {},
): Loss {
  checkOptions("binaryFocal", options, [...shared, "gamma", "alpha"]);
  const { gamma = 2, alpha } = options;
  checkNumber("binaryFocal: gamma", gamma, { least: 0 });
  if (alpha !== undefined) checkNumber("binaryFocal: alpha", alpha, { least: 0, most: 1 });
  return loss(
    "binaryFocal",
    { ...options, gamma },
    {
      op: "binaryFocal",
      extra: { gamma, positive: alpha ?? 1, negative: alpha === undefined ? 1 : 1 - alpha },
      termsPer: "element",
      targets: "values",
      targetKind: "probability",
      takes: "logits",
      accuracy: "binary",
      threshold: 0,
    },
  );
}

const margin = { termsPer: "element", targets: "values", targetKind: "sign", accuracy: "binary", threshold: 0 } as const;

/** Mean of max(0, 1 - y·p), targets y -1 and +1; where all are 0 or 1, 0 means -1, as in Keras:
 *  to the loss, while metrics compare with the 0. */
export function hinge(options: LossOptions = {}): Loss {
  checkOptions("hinge", options, shared);
  return loss("hinge", { ...options }, { op: "hinge", ...margin });
}

/** Mean of max(0, 1 - y·p)², targets as for `hinge`. */
export function squaredHinge(options: LossOptions = {}): Loss {
  checkOptions("squaredHinge", options, shared);
  return loss("squaredHinge", { ...options }, { op: "squaredHinge", ...margin });
}

const ofClasses = { termsPer: "row", targets: "values", accuracy: "categorical", leastColumns: 2 } as const;

/** Mean over rows of max(0, 1 + the largest p of another class - p of the row's class). Targets: one-hot rows or class ids. */
export function categoricalHinge(options: LossOptions = {}): Loss {
  checkOptions("categoricalHinge", options, shared);
  return loss("categoricalHinge", { ...options }, { op: "categoricalHinge", targetKind: "membership", ...ofClasses });
}

/** Mean over rows of the sum of y·(log y - log p), 0 where y is 0; p probabilities or, by `input`, their logarithms.
 *  Targets y: rows that sum to 1, or class ids. */
export function klDivergence(options: LossOptions & { readonly input?: "probabilities" | "logProbabilities" | undefined } = {}): Loss {
  checkOptions("klDivergence", options, [...shared, "input"]);
  const { input = "probabilities" } = options;
  checkOneOf("klDivergence: input", input, ["probabilities", "logProbabilities"]);
  const read =
    input === "probabilities"
      ? ({ op: "klDivergence", takes: "distributions" } as const)
      : ({ op: "klDivergenceLog", takes: "logProbabilities" } as const);
  return loss("klDivergence", { ...options, input }, { ...read, targetKind: "distribution", ...ofClasses });
}
