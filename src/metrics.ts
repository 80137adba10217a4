// Metrics computed in the step itself: sums over the batch's rows, divided by the rows when read.
import { checkOneOf } from "./checks.js";
import { OptionError } from "./errors.js";
import type { Loss } from "./losses.js";
import type { Builder } from "./plan/builder.js";
import { columns, rows, type Tensor } from "./plan/tensor.js";

/** `accuracy`: share of rows (binary losses: of elements) predicted right, 0 … 1; `mae`: mean |p - y|. */
export type MetricName = "accuracy" | "mae";

const names: readonly MetricName[] = ["accuracy", "mae"];

/** @throws {OptionError} if unknown, or if the metric has no meaning with the loss's kind of targets */
export function checkMetrics(metrics: readonly MetricName[], loss: Loss): void {
  if (!Array.isArray(metrics)) throw new OptionError(`metrics: expected an array of: ${names.join(", ")}`);
  metrics.forEach((metric, i) => {
    checkOneOf(`metrics[${i}]`, metric, names);
    if (metrics.indexOf(metric) !== i) throw new OptionError(`metrics: ${metric} is named twice`);
    if (metric === "accuracy" && !loss.accuracy)
      throw new OptionError(`metrics: accuracy needs a classification loss, ${loss.type} has no right or wrong; try mae`);
    if (metric === "mae" && loss.targets === "ids")
      throw new OptionError(`metrics: mae needs targets that are values, ${loss.type} has class ids`);
  });
}

/** @param out byte offset in the step's record @param weights as the loss has them: rows of weight 0 are left out, others count alike */
export function emitMetric(
  g: Builder,
  metric: MetricName,
  loss: Loss,
  prediction: Tensor,
  target: Tensor,
  out: number,
  weights?: Tensor,
): void {
  const operands = {
    out,
    p: prediction,
    t: target,
    ...(weights && { weights }),
    columns: columns(prediction),
    ld: prediction.stride,
    ldt: target.dtype === "u32" ? 1 : target.stride,
    end: rows(prediction),
  };
  if (metric === "mae") g.emit("absoluteError", operands);
  else if (loss.accuracy === "categorical") g.emit("categoricalAccuracy", operands);
  else if (loss.accuracy === "sparse") g.emit("sparseCategoricalAccuracy", operands);
  else g.emit("binaryAccuracy", { ...operands, threshold: loss.threshold ?? 0.5 });
}
