// What goes through all rows of data, a slice at a time: evaluation and prediction.
import { metricNames } from "./compile.js";
import type { Ports } from "./data.js";
import type { DataStream } from "./dataset/stream.js";
import type { Model } from "./model.js";
import { product } from "./plan/tensor.js";
import { slicesOf } from "./reading.js";
import type { Samples } from "./samples.js";
import { countedByMetric, denominatorOf, lossOf, metricOf, penaltyOf, runBatch } from "./single.js";

/** Rows that predict and evaluate take at once; larger inputs go in slices. A constant, so that slices never depend on history. */
export const SLICE = 256;

export interface Evaluation {
  /** Mean over rows, penalties included, in the loss's unit (cross-entropies: nats). */
  readonly loss: number;
  /** The part of `loss` that L1 and L2 penalties make. */
  readonly penalty: number;
  readonly metrics: Readonly<Record<string, number>>;
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
        losses[i]! += lossOf(plan, views, 0, i) * (loss.sums ? 1 : divisor);
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
        (sum, { loss }, i) => sum + (loss.sums ? losses[i]! : losses[i]! / (divisors[i]! || 1)),
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

/** Every output's predictions, flat. */
export function predictSamples(model: Model, samples: Samples): Float32Array[] {
  const widths = model.predictions.map(product);
  const out = widths.map((width) => new Float32Array(samples.rows * width));
  for (let first = 0; first < samples.rows; first += SLICE) {
    const count = Math.min(SLICE, samples.rows - first);
    const plan = runBatch(model, "predict", samples, first, count, 0, Math.min(SLICE, samples.rows));
    plan.predictions.forEach((tensor, i) => {
      out[i]!.set(model.readTensor(tensor, plan.addresses.get(tensor)!, count), first * widths[i]!);
    });
  }
  return out;
}
