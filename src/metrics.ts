// Metrics computed in the step itself: sums over the batch's rows, divided by the rows when read.
import { checkOneOf, shown } from "./checks.js";
import { OptionError } from "./errors.js";
import type { Loss } from "./losses.js";
import type { Builder } from "./plan/builder.js";
import { columns, rows, type Tensor } from "./plan/tensor.js";

/** `accuracy`: share of rows (binary losses: of elements) predicted right, 0 … 1; `mae`: mean |p - y|. Labels count as they are given, not
 *  as the loss smooths or weighs them. */
export type MetricName = "accuracy" | "mae";

/** A metric of the user's own; see `customMetric`. */
export interface CustomMetric {
  readonly type: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** One number for each row of the prediction, `[batch, ..., 1]`; the metric is their mean. */
  apply(g: Builder, prediction: Tensor, target: Tensor): Tensor;
}

export type Metric = MetricName | CustomMetric;

export const metricTypes: readonly MetricName[] = ["accuracy", "mae"];

/** The name under which results are reported. */
export function metricName(metric: Metric): string {
  return typeof metric === "string" ? metric : metric.type;
}

/** @param who names the metrics in messages: "network: metrics", of one of several outputs with its name
 *  @throws {OptionError} if unknown, or if the metric has no meaning with the loss's kind of targets */
export function checkMetrics(who: string, metrics: unknown, loss: Loss): asserts metrics is readonly Metric[] {
  if (!Array.isArray(metrics))
    throw new OptionError(`${who}: got ${shown(metrics)}, expected an array of: ${metricTypes.join(", ")}, or customMetric()`);
  const taken = new Set<string>();
  for (const [i, metric] of metrics.entries()) {
    if (typeof metric !== "object" || metric === null || typeof metric.apply !== "function")
      checkOneOf(`${who}[${i}]`, metric, metricTypes);
    const name = metricName(metric);
    if (taken.has(name)) throw new OptionError(`${who}: ${name} is named twice`);
    taken.add(name);
    if (metric === "accuracy" && !loss.accuracy)
      throw new OptionError(`${who}: accuracy needs a classification loss, ${loss.type} has no right or wrong; try mae`);
    if (metric === "mae" && loss.targetColumns !== undefined)
      throw new OptionError(`${who}: mae needs targets of the prediction's shape, ${loss.type} has ${loss.targetColumns} columns`);
    if (metric === "mae" && loss.targets === "ids")
      throw new OptionError(`${who}: mae needs targets that are values, ${loss.type} has class ids`);
  }
}

/** @param target as the loss has it, but neither smoothed nor weighted
 *  @param out byte offset in the step's record @param weights as the loss has them: rows of weight 0 are left out, others count alike */
export function emitMetric(
  g: Builder,
  metric: Metric,
  loss: Loss,
  prediction: Tensor,
  target: Tensor,
  out: number,
  weights?: Tensor,
): void {
  const common = { out, ...(weights && { weights }) };
  if (typeof metric !== "string") {
    const x = metric.apply(g, prediction, target);
    g.emit("sumOfRows", { ...common, x, ld: x.stride, end: rows(x) });
    return;
  }
  const operands = {
    ...common,
    p: prediction,
    t: target,
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
