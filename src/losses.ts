// Losses: what a prediction `[batch, columns]` costs, given its targets. Formulas: test/golden/README.md, section Losses.
import { checkBoolean, checkNumber, checkOneOf, checkOptions } from "./checks.js";
import { FormatError, ShapeError } from "./errors.js";
import type { Builder } from "./plan/builder.js";
import { product, type Tensor } from "./plan/tensor.js";

export interface Loss {
  readonly type: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** `values`: targets have the prediction's shape; `ids`: one class id a row, in [0, columns). */
  readonly targets: "values" | "ids";
  /** Which of the accuracies suits it, if any, and the prediction from which a binary one means "yes". */
  readonly accuracy?: "categorical" | "sparse" | "binary";
  readonly threshold?: number;
  /** What the sum of all terms of a batch of so many rows is multiplied by. @param shape one sample's prediction */
  scale(shape: readonly number[], rows: number): number;
  /** @throws {ShapeError} if predictions of that shape cannot be meant */
  check(shape: readonly number[]): void;
  emit(g: Builder, prediction: Tensor, target: Tensor): void;
}

export interface LossOptions {
  /** `mean` (default): of all elements (elementwise losses) or of all rows (categorical ones); `sum`: of the same */
  readonly reduction?: "mean" | "sum";
  /** factor of the loss and its gradient, default 1 */
  readonly weight?: number;
}

interface Kind extends Pick<Loss, "targets" | "accuracy" | "threshold"> {
  readonly op: Parameters<Builder["loss"]>[0];
  readonly extra?: Readonly<Record<string, number>>;
  /** One term for each element, or one for each row of the last axis. */
  readonly termsPer: "element" | "row";
  readonly leastColumns?: number;
}

const shared = ["reduction", "weight"];

function loss(type: string, options: LossOptions & Readonly<Record<string, unknown>>, kind: Kind): Loss {
  const { reduction = "mean", weight = 1 } = options;
  checkOneOf(`${type}: reduction`, reduction, ["mean", "sum"]);
  checkNumber(`${type}: weight`, weight, { above: 0 });
  const { op, extra, termsPer, leastColumns = 1, ...rest } = kind;
  return {
    type,
    options: { ...options, reduction, weight },
    ...rest,
    scale: (shape, rows) => (reduction === "sum" ? weight : weight / (rows * product(termsPer === "element" ? shape : shape.slice(0, -1)))),
    check: (shape) => {
      if ((shape.at(-1) ?? 1) < leastColumns)
        throw new ShapeError(
          `${type}: the last layer has ${shape.at(-1)} column, expected at least ${leastColumns}, one a class; for two classes in one column take binaryCrossEntropy`,
        );
    },
    emit: (g, p, t) => g.loss(op, p, t, extra),
  };
}

/** Mean of (p - y)². */
export function meanSquaredError(options: LossOptions = {}): Loss {
  checkOptions("meanSquaredError", options, shared);
  return loss("meanSquaredError", { ...options }, { op: "meanSquaredError", termsPer: "element", targets: "values" });
}

/** Mean of |p - y|; its gradient at a tie is 0. */
export function meanAbsoluteError(options: LossOptions = {}): Loss {
  checkOptions("meanAbsoluteError", options, shared);
  return loss("meanAbsoluteError", { ...options }, { op: "meanAbsoluteError", termsPer: "element", targets: "values" });
}

/** Mean of e = |p - y| <= delta ? e²/2 : delta·(e - delta/2) (Huber 1964). @param options delta > 0, default 1 */
export function huber(options: LossOptions & { readonly delta?: number } = {}): Loss {
  checkOptions("huber", options, [...shared, "delta"]);
  const { delta = 1 } = options;
  checkNumber("huber: delta", delta, { above: 0 });
  return loss("huber", { ...options, delta }, { op: "huber", extra: { delta }, termsPer: "element", targets: "values" });
}

/** Mean of -(y·log q + (1 - y)·log(1 - q)), in nats; q = sigmoid(p) with `fromLogits`, else p itself. For probabilities of exactly 0 or 1
 *  the logarithms are held at -100, so that loss and gradient stay finite. */
export function binaryCrossEntropy(options: LossOptions & { readonly fromLogits?: boolean } = {}): Loss {
  checkOptions("binaryCrossEntropy", options, [...shared, "fromLogits"]);
  const { fromLogits = false } = options;
  checkBoolean("binaryCrossEntropy: fromLogits", fromLogits);
  return loss(
    "binaryCrossEntropy",
    { ...options, fromLogits },
    {
      op: fromLogits ? "binaryCrossEntropyLogits" : "binaryCrossEntropy",
      termsPer: "element",
      targets: "values",
      accuracy: "binary",
      threshold: fromLogits ? 0 : 0.5,
    },
  );
}

/** Mean over rows of -sum of y·log q, in nats; q = softmax(p) with `fromLogits`, else p itself. Targets: one-hot or soft rows, or class ids. */
export function categoricalCrossEntropy(options: LossOptions & { readonly fromLogits?: boolean } = {}): Loss {
  checkOptions("categoricalCrossEntropy", options, [...shared, "fromLogits"]);
  const { fromLogits = false } = options;
  checkBoolean("categoricalCrossEntropy: fromLogits", fromLogits);
  return loss(
    "categoricalCrossEntropy",
    { ...options, fromLogits },
    {
      op: fromLogits ? "categoricalCrossEntropyLogits" : "categoricalCrossEntropy",
      termsPer: "row",
      targets: "values",
      accuracy: "categorical",
      leastColumns: 2,
    },
  );
}

/** The same with targets as class ids only. */
export function sparseCategoricalCrossEntropy(options: LossOptions & { readonly fromLogits?: boolean } = {}): Loss {
  checkOptions("sparseCategoricalCrossEntropy", options, [...shared, "fromLogits"]);
  const { fromLogits = false } = options;
  checkBoolean("sparseCategoricalCrossEntropy: fromLogits", fromLogits);
  return loss(
    "sparseCategoricalCrossEntropy",
    { ...options, fromLogits },
    {
      op: fromLogits ? "sparseCategoricalCrossEntropyLogits" : "sparseCategoricalCrossEntropy",
      termsPer: "row",
      targets: "ids",
      accuracy: "sparse",
      leastColumns: 2,
    },
  );
}

const factories: Readonly<Record<string, (options: never) => Loss>> = {
  meanSquaredError,
  meanAbsoluteError,
  huber,
  binaryCrossEntropy,
  categoricalCrossEntropy,
  sparseCategoricalCrossEntropy,
};

export const lossTypes: readonly string[] = Object.keys(factories);

export function restoreLoss(type: string, options: Readonly<Record<string, unknown>>): Loss {
  const factory = Object.hasOwn(factories, type) ? factories[type] : undefined;
  if (!factory) throw new FormatError(`loss is ${JSON.stringify(type)}, expected one of: ${Object.keys(factories).join(", ")}`);
  return factory(options as never);
}

