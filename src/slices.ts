// What goes through all rows of data, a slice at a time: evaluation and prediction.
import type { Ports } from "./data/data.js";
import type { OnMeaning } from "./data/meaning.js";
import { slicesOf } from "./data/reading.js";
import type { Samples } from "./data/samples.js";
import type { DataStream } from "./data/stream.js";
import { macrotask } from "./macrotask.js";
import type { Model } from "./model.js";
import { metricNames } from "./objectives.js";
import { product } from "./plan/tensor.js";
import { countedByMetric, penaltyOf, runBatch } from "./single.js";
import { Sums } from "./sums.js";

/** Rows that predict and evaluate take at once; larger inputs go in slices. A constant, so that slices never depend on history. */
export const SLICE = 256;

export interface Evaluation {
  /** Mean over rows, penalties included, in the loss's unit (cross-entropies: nats). */
  readonly loss: number;
  /** The part of `loss` that L1 and L2 penalties make. */
  readonly penalty: number;
  /** By their names; with several outputs `<output>.<metric>`, and `<output>.loss`, each output's own part of `loss`. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** Adds up a data set's loss and metrics in the order in which its rows come, all at once or in parts of SLICE rows: to the same bits. */
class Scores {
  private readonly names: readonly string[];
  private readonly counted: number[];
  private readonly sums: Sums;
  private penalty = 0;

  constructor(private readonly model: Model) {
    this.names = metricNames(model.definition.objectives);
    this.counted = model.definition.objectives.flatMap(({ metrics }) => metrics.map(() => 0));
    this.sums = new Sums(model.definition);
  }

  add(samples: Samples): void {
    for (const _ of this.adding(samples));
  }

  /** The same, and rests after each part. */
  *adding(samples: Samples): Generator<void, void> {
    const { model, counted, sums } = this;
    for (let first = 0; first < samples.rows; first += SLICE) {
      const count = Math.min(SLICE, samples.rows - first);
      const plan = runBatch(model, "evaluate", samples, first, count, 0, Math.min(SLICE, samples.rows));
      const views = model.region.views();
      sums.add(views.f64, plan.table, count, samples, first);
      this.penalty = penaltyOf(plan, views);
      yield;
    }
    countedByMetric(model, samples).forEach((count, i) => {
      counted[i]! += count;
    });
  }

  result(): Evaluation {
    const { names, counted, sums, penalty } = this;
    return {
      loss: sums.loss(penalty),
      penalty,
      metrics: Object.fromEntries(names.map((name, i) => [name, sums.metric(i, counted)])),
    };
  }
}

export function evaluateSamples(model: Model, samples: Samples): Evaluation {
  const scores = new Scores(model);
  scores.add(samples);
  return scores.result();
}

/** To the same bits, letting the event loop turn every so many milliseconds. @param check throws if it may not go on after such a turn */
export async function evaluateInTurns(model: Model, samples: Samples, milliseconds: number, check: () => void): Promise<Evaluation> {
  const scores = new Scores(model);
  let begun = performance.now();
  for (const _ of scores.adding(samples)) {
    if (performance.now() - begun < milliseconds) continue;
    await macrotask();
    check();
    begun = performance.now();
  }
  return scores.result();
}

/** @param check throws if the network may not be evaluated any more: others act while the source is waited for */
export async function evaluateStream(
  who: string,
  model: Model,
  stream: DataStream,
  ports: Ports,
  hear: OnMeaning,
  check = () => {},
): Promise<Evaluation> {
  const scores = new Scores(model);
  for await (const slice of slicesOf(who, stream, ports, hear, SLICE)) {
    check();
    scores.add(slice);
  }
  check();
  return scores.result();
}

/** Every output's predictions, flat. */
export function predictSamples(model: Model, samples: Samples): Float32Array<ArrayBuffer>[] {
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
