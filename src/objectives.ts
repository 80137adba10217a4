// What is wanted of a network's outputs: a loss for each, and metrics.
import type { Loss } from "./losses.js";
import { type Metric, metricName } from "./metrics.js";

/** What is wanted of one output of the graph. */
export interface Objective {
  /** The output's name: its layer's. */
  readonly name: string;
  readonly loss: Loss;
  readonly metrics: readonly Metric[];
}

/** Whether an output's metrics need targets of their own, because its loss reads altered ones. */
export function readsTruth({ loss, metrics }: Objective): boolean {
  return loss.altersTargets === true && metrics.length > 0;
}

export function metricCount(objectives: readonly Objective[]): number {
  return objectives.reduce((sum, { metrics }) => sum + metrics.length, 0);
}

/** Names under which results are reported beside the loss: metrics by their own with one output, else `<output>.loss` of each output, then
 *  `<output>.<metric>`. `Sums` has the numbers in this order. */
export function metricNames(objectives: readonly Objective[]): string[] {
  const alone = objectives.length === 1;
  const losses = alone ? [] : objectives.map(({ name }) => `${name}.loss`);
  return [
    ...losses,
    ...objectives.flatMap(({ name, metrics }) => metrics.map((metric) => (alone ? metricName(metric) : `${name}.${metricName(metric)}`))),
  ];
}
