// Runs of one batch that JavaScript stages itself: predict, evaluate, trace.
import { Step } from "../assembly/opcodes.js";
import type { Views } from "./backends/views.js";
import { metricNames, type Plan, type Purpose } from "./compile.js";
import { copyElements, copyRow, type Ports, type Samples, weightedOutputs } from "./data.js";
import type { DataStream } from "./dataset/stream.js";
import type { Model } from "./model.js";
import { columns, product, sampleElements } from "./plan/tensor.js";
import { slicesOf } from "./reading.js";

type Loaded = Plan & { readonly address: number };

/** Rows that predict and evaluate take at once; larger inputs go in slices. A constant, so that slices never depend on history. */
export const SLICE = 256;

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
  const order = plan.addresses.get(plan.order!)!;
  for (let i = 0; i < samples.rows; ++i) views.u32[(order >> 2) + i] = i;
  views.u32[(plan.table + Step.Order) >> 2] = order;
}

/** Of a weighted output: the denominator of the mean loss over so many rows. */
export function denominatorOf({ weighing }: Samples, output: number, count: number, rowOf: (i: number) => number): number {
  const { denominators } = weighing[output]!;
  let sum = 0;
  for (let i = 0; i < count; ++i) sum += denominators[rowOf(i)]!;
  return sum;
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
  const plan = model.plan(purpose, { capacity }, purpose === "predict" ? [] : weightedOutputs(samples));
  model.claim(plan);
  const views = model.region.views();
  stage(views, plan, samples, first, count);
  model.writeStep(plan, views, 0, count, t, (output) => denominatorOf(samples, output, count, (i) => first + i));
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

/** A step's data loss, of one output or of all together. */
export function lossOf({ table, layout }: Plan, { f64 }: Views, index: number, output?: number): number {
  const record = table + index * layout.stride;
  if (output !== undefined) return f64[(record + layout.losses[output]!.loss) >> 3]!;
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

/** Adds up a data set's loss and metrics in the order in which its rows come, all at once or in parts of SLICE rows: to the same bits. */
class Scores {
  private readonly names: readonly string[];
  private readonly metrics: number[];
  private readonly counted: number[];
  /** By output: losses of slices are means over what they divide by, or sums. */
  private readonly losses: number[];
  private readonly divisors: number[];
  private penalty = 0;

  constructor(private readonly model: Model) {
    const { objectives } = model.definition;
    this.names = metricNames(objectives);
    this.metrics = this.names.map(() => 0);
    this.counted = this.names.map(() => 0);
    this.losses = objectives.map(() => 0);
    this.divisors = objectives.map(() => 0);
  }

  add(samples: Samples): void {
    const { model, metrics, counted, losses, divisors } = this;
    for (let first = 0; first < samples.rows; first += SLICE) {
      const count = Math.min(SLICE, samples.rows - first);
      const plan = runBatch(model, "evaluate", samples, first, count, 0, Math.min(SLICE, samples.rows));
      const views = model.region.views();
      model.definition.objectives.forEach(({ loss }, i) => {
        const divisor = samples.weighing[i] ? denominatorOf(samples, i, count, (row) => first + row) : count;
        losses[i]! += lossOf(plan, views, 0, i) * (loss.options.reduction === "sum" ? 1 : divisor);
        divisors[i]! += divisor;
      });
      this.penalty = penaltyOf(plan, views, 0);
      for (let i = 0; i < metrics.length; ++i) metrics[i]! += metricOf(plan, views, 0, i);
    }
    countedByMetric(model, samples).forEach((count, i) => {
      counted[i]! += count;
    });
  }

  result(): Evaluation {
    const { names, metrics, counted, losses, divisors, penalty } = this;
    return {
      // Nothing that counts: loss 0, as its gradient is.
      loss: this.model.definition.objectives.reduce(
        (sum, { loss }, i) => sum + (loss.options.reduction === "sum" ? losses[i]! : losses[i]! / (divisors[i]! || 1)),
        penalty,
      ),
      penalty,
      metrics: Object.fromEntries(names.map((name, i) => [name, metrics[i]! / (counted[i]! || 1)])),
    };
  }
}

export function evaluateSamples(model: Model, samples: Samples): Evaluation {
  const scores = new Scores(model);
  scores.add(samples);
  return scores.result();
}

/** @param check throws if the network may not be evaluated any more: others act while the source is waited for */
export async function evaluateStream(who: string, model: Model, stream: DataStream, ports: Ports, check = () => {}): Promise<Evaluation> {
  const scores = new Scores(model);
  for await (const slice of slicesOf(who, stream, ports, SLICE)) {
    check();
    scores.add(slice);
  }
  check();
  return scores.result();
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
