// Metrics: what the step counts of the batch's rows.
import { Op } from "../../../assembly/opcodes.js";
import { byRows, numbers, type OpSpec, op, optional, read, scalar, whole } from "../spec.js";
import { idRows, valueRows } from "./losses.js";

/** Sums over the batch's rows. With weights, rows of weight 0 are left out; what other rows weigh is not asked. */
function metric<const N extends string = never>(
  code: Op,
  flopsPerTerm: number,
  options: readonly N[] = [],
  within: OpSpec["within"] = valueRows,
) {
  return op(() => ({
    code,
    operands: [
      scalar("out", "stepAddress"),
      read("p", byRows),
      read("t", (v) => v.end! * v.ldt!),
      optional(read("weights", whole)),
      scalar("columns", "u32"),
      scalar("ld", "u32"),
      scalar("ldt", "u32"),
      ...numbers(options),
      scalar("end", "extent"),
    ] as const,
    within,
    split: "none",
    flops: (v) => flopsPerTerm * v.end! * v.columns!,
  }));
}

export const metricOps = {
  /** out (f64) = rows whose largest p is where their largest t is (the first of equals, both times) */
  categoricalAccuracy: metric(Op.CategoricalAccuracy, 2),
  /** out (f64) = rows whose largest p is at their class id */
  sparseCategoricalAccuracy: metric(Op.SparseCategoricalAccuracy, 1, [], idRows),
  /** out (f64) = the sum over rows of the share of elements with (p > threshold) = (t > 0.5) */
  binaryAccuracy: metric(Op.BinaryAccuracy, 1, ["threshold"]),
  /** out (f64) = the sum over rows of the mean of |p - t| */
  absoluteError: metric(Op.AbsoluteError, 3),
  /** out (f64) = the sum of x's first column: a metric that was composed */
  sumOfRows: op(() => ({
    code: Op.SumOfRows,
    operands: [
      scalar("out", "stepAddress"),
      read("x", byRows),
      optional(read("weights", whole)),
      scalar("ld", "u32"),
      scalar("end", "extent"),
    ],
    split: "none",
    flops: whole,
  })),
};
