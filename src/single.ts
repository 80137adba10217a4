// Runs of one batch that JavaScript stages itself: predict, evaluate, trace.
import { Step } from "../assembly/opcodes.js";
import type { Views } from "./backends/views.js";
import { type Feed, metricNames, type Plan, type Purpose } from "./compile.js";
import { copyRow, type Matrix, type Samples } from "./data.js";
import type { Model } from "./model.js";
import { columns, sampleElements } from "./plan/tensor.js";

type Loaded = Plan & { readonly address: number };

/** Rows that predict and evaluate take at once; larger inputs go in slices. A constant, so that slices never depend on history. */
export const SLICE = 256;

/** Copies rows of checked data to where a plan has one of its feeds. `rowOf(i)`: which row comes i-th, from the `at`-th place on. */
export function stage(views: Views, plan: Plan, feed: Feed, matrix: Matrix, count: number, rowOf: (i: number) => number, at = 0): void {
  const to = matrix.values instanceof Uint32Array ? views.u32 : views.f32;
  const words = sampleElements(feed.batch);
  const [width, stride] = [columns(feed.batch), feed.batch.stride];
  let address = (plan.addresses.get(feed.staged)! >> 2) + at * words;
  for (let i = 0; i < count; ++i, address += words) copyRow(matrix, rowOf(i), width, stride, to, address);
}

/** Runs one batch: rows [first, first + count) of the data, of which predict takes the inputs only. */
export function runBatch(
  model: Model,
  purpose: Exclude<Purpose, "train">,
  samples: Samples,
  first: number,
  count: number,
  t: number,
  capacity = count,
): Loaded {
  const plan = model.plan(purpose, { capacity });
  model.claim(plan);
  const views = model.region.views();
  plan.feeds.forEach((feed, i) => stage(views, plan, feed, samples.feeds[i]!, count, (row) => first + row));
  model.writeStep(plan, views, 0, count, t);
  model.run(plan, 1);
  return plan;
}

export interface Evaluation {
  /** Mean over rows, penalties included, in the loss's unit (cross-entropies: nats). */
  readonly loss: number;
  /** The part of `loss` that L1 and L2 penalties make. */
  readonly penalty: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** Data losses of a step, summed over the outputs. */
export function lossOf({ table, layout }: Plan, { f64 }: Views, index: number): number {
  const record = table + index * layout.stride;
  let sum = 0;
  for (let i = 0; i < layout.losses.length; ++i) sum += f64[(record + layout.losses[i]!.loss) >> 3]!;
  return sum;
}

/** Penalties of a step. */
export function penaltyOf({ table, layout }: Plan, { f64 }: Views, index: number): number {
  return f64[(table + index * layout.stride + Step.Penalty) >> 3]!;
}

/** A metric's sum over a step's rows. */
export function metricOf({ table, layout }: Plan, { f64 }: Views, index: number, metric: number): number {
  return f64[(table + index * layout.stride + layout.metrics[metric]!) >> 3]!;
}

export function evaluateSamples(model: Model, samples: Samples): Evaluation {
  const names = metricNames(model.definition.objectives);
  const sums = names.map(() => 0);
  let loss = 0;
  let penalty = 0;
  for (let first = 0; first < samples.rows; first += SLICE) {
    const count = Math.min(SLICE, samples.rows - first);
    const plan = runBatch(model, "evaluate", samples, first, count, 0, Math.min(SLICE, samples.rows));
    const views = model.region.views();
    loss += lossOf(plan, views, 0) * count;
    penalty = penaltyOf(plan, views, 0);
    for (let i = 0; i < sums.length; ++i) sums[i]! += metricOf(plan, views, 0, i);
  }
  return {
    loss: loss / samples.rows + penalty,
    penalty,
    metrics: Object.fromEntries(names.map((name, i) => [name, sums[i]! / samples.rows])),
  };
}
