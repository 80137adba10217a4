// Runs of one batch that JavaScript stages itself. Data of more rows goes in slices: slices.ts.
import { Step } from "../assembly/opcodes.js";
import type { Views } from "./backends/views.js";
import type { Plan, Purpose } from "./compile.js";
import { type Matrix, type Samples, weightedOutputs } from "./data/samples.js";
import type { Model } from "./model.js";
import { columns, product, sampleElements } from "./plan/tensor.js";
import type { LoadedPlan } from "./plans.js";

/** Copies rows [first, first + count) of checked data to where a plan has its feeds, from the `at`-th place on. */
export function stage(views: Views, plan: Plan, samples: Samples, first: number, count: number, at = 0): void {
  for (let f = 0; f < plan.feeds.length; ++f) {
    const { staged, batch } = plan.feeds[f]!;
    const matrix = samples.feeds[f]!;
    const to = matrix.values instanceof Uint32Array ? views.u32 : views.f32;
    const words = sampleElements(batch);
    const width = columns(batch);
    let address = (plan.addresses.get(staged)! >> 2) + at * words;
    // Without padding all rows are one.
    if (words === matrix.width) copyElements(matrix.values, first * words, count * words, to, address);
    else for (let i = 0; i < count; ++i, address += words) copyRow(matrix, first + i, width, batch.stride, to, address);
  }
}

/** Stages all rows of the samples in their order, as the batch of a training plan's first step. */
export function stageInOrder(views: Views, plan: Plan, samples: Samples): void {
  stage(views, plan, samples, 0, samples.rows);
  if (!plan.order) return;
  const order = plan.addresses.get(plan.order)!;
  for (let i = 0; i < samples.rows; ++i) views.u32[(order >> 2) + i] = i;
  views.u32[(plan.table + Step.Order) >> 2] = order;
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
): LoadedPlan {
  const plan = model.plan(purpose, { capacity }, purpose === "predict" ? [] : weightedOutputs(samples));
  model.claim(plan);
  const views = model.region.views();
  stage(views, plan, samples, first, count);
  model.writeStep(plan, views, 0, count, t, samples, first);
  model.run(plan, 1);
  return plan;
}

/** The single step's data loss, of all outputs together. */
export function lossOf({ table, layout }: Plan, { f64 }: Views): number {
  let sum = 0;
  for (let i = 0; i < layout.losses.length; ++i) sum += f64[(table + layout.losses[i]!.loss) >> 3]!;
  return sum;
}

/** Its penalties. */
export function penaltyOf({ table }: Plan, { f64 }: Views): number {
  return f64[(table + Step.Penalty) >> 3]!;
}

/** By metric: what its sum over all samples is divided by. */
export function countedByMetric(model: Model, { rows, weighing }: Samples): number[] {
  return model.definition.objectives.flatMap(({ metrics }, i) => {
    const counted = weighing[i] ? weighing[i].counted.reduce((sum, count) => sum + count, 0) : rows * positionsOf(model.predictions[i]!);
    return metrics.map(() => counted);
  });
}

/** Rows of the last axis in one sample, each of which metrics count. */
function positionsOf(shape: readonly number[]): number {
  return product(shape.slice(0, -1));
}

/** Below so many elements a loop is faster than a view and its copy. */
const FEW = 32;

function copyElements(from: Float32Array | Uint32Array, begin: number, count: number, to: Float32Array | Uint32Array, at: number): void {
  if (count > FEW) to.set(from.subarray(begin, begin + count), at);
  else for (let i = 0; i < count; ++i) to[at + i] = from[begin + i]!;
}

/** Copies one row to memory whose rows have `stride` elements after every `columns`. Padding is left as it is. */
export function copyRow(matrix: Matrix, row: number, columns: number, stride: number, to: Float32Array | Uint32Array, at: number): void {
  const { values, width } = matrix;
  const from = row * width;
  if (width <= FEW) {
    for (let c = 0, gap = 0; c < width; ++c) {
      if (c > 0 && c % columns === 0) gap += stride - columns;
      to[at + c + gap] = values[from + c]!;
    }
    return;
  }
  for (let c = 0; c < width; c += columns) {
    to.set(values.subarray(from + c, from + c + columns), at);
    at += stride;
  }
}
