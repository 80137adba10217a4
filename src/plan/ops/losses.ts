// Losses give one number a row and, if wanted, the gradient at once; then they are weighed and summed.
import { Op, Share } from "../../../assembly/opcodes.js";
import { byRows, numbers, type OpSpec, op, optional, read, scalar, update, type Values, whole, write } from "../spec.js";

const targetRows = (v: Values) => v.end! * v.ldt!;
const terms = (v: Values) => v.end! * v.columns!;

/** loss[r] = the sum of the row's terms (elementwise losses) or the row's loss; dx = scale · d loss[r] / d p, p `[rows, columns]`. */
const operands = [
  write("loss", whole),
  optional(write("dx", byRows)),
  read("p", byRows),
  read("t", targetRows),
  scalar("columns", "u32"),
  scalar("ld", "u32"),
  scalar("ldt", "u32"),
  scalar("scale", "stepF32"),
] as const;

/** Targets are class ids, or rows of values. */
export const idRows = [["columns", "ld"]] as const;
export const valueRows = [...idRows, ["columns", "ldt"]] as const;

/** @param work floating-point operations: for each term, or in all
 *  @param options the loss's own numbers, float32 */
function loss<const N extends string = never>(
  code: Op,
  work: number | OpSpec["flops"],
  options: readonly N[] = [],
  within: NonNullable<OpSpec["within"]> = valueRows,
  vectors = within.map(([, stride]) => stride),
) {
  const end = scalar("end", "extent");
  return op(() => ({
    code,
    operands: [...operands, ...numbers(options), end] as const,
    within,
    vectors,
    split: Share.Rows,
    flops: typeof work === "number" ? (v) => work * terms(v) : work,
  }));
}

export const lossOps = {
  meanSquaredError: loss(Op.MeanSquaredError, 4),
  meanAbsoluteError: loss(Op.MeanAbsoluteError, 5),
  /** 0.5·e² where |e| <= delta, else delta·(|e| - 0.5·delta) */
  huber: loss(Op.Huber, 7, ["delta"]),
  binaryCrossEntropy: loss(Op.BinaryCrossEntropy, 12),
  binaryCrossEntropyLogits: loss(Op.BinaryCrossEntropyLogits, 12),
  /** t: rows of probabilities (one-hot or soft) */
  categoricalCrossEntropy: loss(Op.CategoricalCrossEntropy, 5),
  categoricalCrossEntropyLogits: loss(Op.CategoricalCrossEntropyLogits, 10),
  /** t: class ids, u32, one a row */
  sparseCategoricalCrossEntropy: loss(Op.SparseCategoricalCrossEntropy, (v) => 2 * v.end!, [], idRows),
  sparseCategoricalCrossEntropyLogits: loss(Op.SparseCategoricalCrossEntropyLogits, 5, [], idRows),

  /** log cosh(p - t) */
  logCosh: loss(Op.LogCosh, 6),
  /** max(0, 1 - y·p), y = 1 where t > 0, else -1, and its square */
  hinge: loss(Op.Hinge, 5),
  squaredHinge: loss(Op.SquaredHinge, 7),
  /** p - t·log p; Log: e^p - t·p */
  poisson: loss(Op.Poisson, 7),
  poissonLog: loss(Op.PoissonLog, 6),
  /** t·(log t - log p); Log: t·(log t - p) */
  klDivergence: loss(Op.KlDivergence, 7),
  klDivergenceLog: loss(Op.KlDivergenceLog, 5),
  /** -(positiveWeight·t·log q + (1 - t)·log(1 - q)), q = p or sigmoid(p) */
  weightedBinaryCrossEntropy: loss(Op.WeightedBinaryCrossEntropy, 15, ["positiveWeight"]),
  weightedBinaryCrossEntropyLogits: loss(Op.WeightedBinaryCrossEntropyLogits, 14, ["positiveWeight"]),
  /** positive·t·(1 - q)^gamma·(-log q) + negative·(1 - t)·q^gamma·(-log(1 - q)), q = sigmoid(p) */
  binaryFocal: loss(Op.BinaryFocal, 27, ["gamma", "positive", "negative"]),
  /** (1 - q)^gamma·(-log q), q = softmax(p) at the class id */
  focal: loss(Op.Focal, 5, ["gamma"], idRows),
  /** max(0, 1 + the largest p where t is 0, less the sum of t·p) */
  categoricalHinge: loss(Op.CategoricalHinge, 4),
  /** 1 - cos(p, t); 1, with gradient 0, where either is a row of zeros */
  cosineSimilarity: loss(Op.CosineSimilarity, 10, [], valueRows, []),

  /** loss[r] and dx of row r, times weights[r]; 0 where that is 0, whatever they were. */
  weighRows: op(() => ({
    code: Op.WeighRows,
    operands: [update("loss", whole), optional(update("dx", byRows)), read("weights", whole), scalar("ld", "u32"), scalar("end", "extent")],
    vectors: ["ld"],
    split: Share.Rows,
    flops: byRows,
  })),

  /** out (f64) = lossScale · the sum of the rows' losses, added in float64 in row order */
  reduceLoss: op(() => ({
    code: Op.ReduceLoss,
    operands: [
      scalar("out", "stepAddress"),
      scalar("status", "stepStatus"),
      read("loss", whole),
      scalar("lossScale", "stepF64"),
      scalar("end", "extent"),
    ],
    split: "none",
    flops: whole,
  })),
};
