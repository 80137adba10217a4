// Losses give one number a row and, if wanted, the gradient at once; then their sum, penalties on parameters, and metrics.
import { Op } from "../../../assembly/opcodes.js";
import { type OpSpec, op, optional, read, scalar, update, type Values, write } from "../spec.js";

const byRows = (v: Values) => v.end! * v.ld!;
const targetRows = (v: Values) => v.end! * v.ldt!;
const perRow = (v: Values) => v.end!;
const terms = (v: Values) => v.end! * v.columns!;

/** loss[r] = the sum of the row's terms (elementwise losses) or the row's loss; dx = scale · d loss[r] / d p, p `[rows, columns]`. */
const operands = [
  write("loss", perRow),
  optional(write("dx", byRows)),
  read("p", byRows),
  read("t", targetRows),
  scalar("columns", "u32"),
  scalar("ld", "u32"),
  scalar("ldt", "u32"),
  scalar("scale", "stepF32"),
  scalar("end", "extent"),
] as const;

const idRows = [["columns", "ld"]] as const;
const valueRows = [...idRows, ["columns", "ldt"]] as const;

function loss(code: Op, flopsPerTerm: number, within: OpSpec["within"] = valueRows) {
  return op({ code, operands, within, split: 1, flops: (v) => flopsPerTerm * terms(v) });
}

function metric(code: Op, within: OpSpec["within"] = valueRows) {
  return op({
    code,
    operands: [
      scalar("out", "stepAddress"),
      read("p", byRows),
      read("t", targetRows),
      scalar("columns", "u32"),
      scalar("ld", "u32"),
      scalar("ldt", "u32"),
      scalar("end", "extent"),
    ],
    within,
    split: "none",
    flops: terms,
  });
}

export const lossOps = {
  meanSquaredError: loss(Op.MeanSquaredError, 4),
  meanAbsoluteError: loss(Op.MeanAbsoluteError, 4),
  /** 0.5·e² where |e| <= delta, else delta·(|e| - 0.5·delta) */
  huber: op({
    code: Op.Huber,
    operands: [...operands.slice(0, 8), scalar("delta", "f32"), scalar("end", "extent")] as unknown as readonly [
      ...typeof operands,
      { readonly name: "delta"; readonly kind: "f32" },
    ],
    within: valueRows,
    split: 1,
    flops: (v) => 6 * terms(v),
  }),
  binaryCrossEntropy: loss(Op.BinaryCrossEntropy, 8),
  binaryCrossEntropyLogits: loss(Op.BinaryCrossEntropyLogits, 8),
  /** t: rows of probabilities (one-hot or soft) */
  categoricalCrossEntropy: loss(Op.CategoricalCrossEntropy, 4),
  categoricalCrossEntropyLogits: loss(Op.CategoricalCrossEntropyLogits, 6),
  /** t: class ids, u32, one a row */
  sparseCategoricalCrossEntropy: loss(Op.SparseCategoricalCrossEntropy, 1, idRows),
  sparseCategoricalCrossEntropyLogits: loss(Op.SparseCategoricalCrossEntropyLogits, 6, idRows),

  /** out (f64) = lossScale · the sum of the rows' losses, added in float64 in row order */
  reduceLoss: op({
    code: Op.ReduceLoss,
    operands: [
      scalar("out", "stepAddress"),
      scalar("status", "stepAddress"),
      read("loss", perRow),
      scalar("lossScale", "stepF64"),
      scalar("end", "extent"),
    ],
    split: "none",
    flops: perRow,
  }),

  /** out (f64) += l1·sum|w| + l2·sum w² */
  penaltyForward: op({
    code: Op.PenaltyForward,
    operands: [
      scalar("out", "stepAddress"),
      scalar("status", "stepAddress"),
      read("w", perRow),
      scalar("l1", "f32"),
      scalar("l2", "f32"),
      scalar("end", "extent"),
    ],
    split: "none",
    flops: (v) => 4 * v.end!,
  }),
  /** dw += l1·sign(w) + 2·l2·w */
  penaltyBackward: op({
    code: Op.PenaltyBackward,
    operands: [update("dw", perRow), read("w", perRow), scalar("l1", "f32"), scalar("l2", "f32"), scalar("end", "extent")],
    split: 4,
    flops: (v) => 5 * v.end!,
  }),

  /** out (f64) = rows whose largest p is where their largest t is (the first of equals, both times) */
  categoricalAccuracy: metric(Op.CategoricalAccuracy),
  /** out (f64) = rows whose largest p is at their class id */
  sparseCategoricalAccuracy: metric(Op.SparseCategoricalAccuracy, idRows),
  /** out (f64) = the sum over rows of the share of elements with (p > threshold) = (t > 0.5) */
  binaryAccuracy: op({
    code: Op.BinaryAccuracy,
    operands: [
      scalar("out", "stepAddress"),
      read("p", byRows),
      read("t", targetRows),
      scalar("columns", "u32"),
      scalar("ld", "u32"),
      scalar("ldt", "u32"),
      scalar("threshold", "f32"),
      scalar("end", "extent"),
    ],
    within: valueRows,
    split: "none",
    flops: terms,
  }),
  /** out (f64) = the sum over rows of the mean of |p - t| */
  absoluteError: metric(Op.AbsoluteError),
};
