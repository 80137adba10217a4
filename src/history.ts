// What fit reports of each epoch, kept as columns of numbers: tiny networks run a million epochs a second, and as many objects, kept
// alive and moved by the collector, take longer than their training. Objects are made when somebody looks.
import type { Evaluation } from "./slices.js";

export interface Epoch {
  /** Over the epoch's rows as `evaluate` has it, each as its step saw it, before the update; penalties included, in the loss's unit. */
  readonly loss: number;
  /** As the steps saw them, before each update. */
  readonly metrics: Readonly<Record<string, number>>;
  /** After the epoch, if there is validation data. */
  readonly validation?: Evaluation;
  /** Wall time of the epoch's steps. */
  readonly seconds: number;
}

export interface History {
  /** Those that were finished in this call, in order. */
  readonly epochs: readonly Epoch[];
  /** What ended it before all epochs were done. */
  readonly stopped: false | "signal" | "callback";
}

/** Numbers there is room for at first, 1 MiB. Pages that are not written cost nothing, arrays that were outgrown make the engine collect. */
const FIRST = 2 ** 17;

export class EpochLog {
  length = 0;
  /** By epoch: mean loss, seconds, metrics. */
  private numbers: Float64Array;
  private readonly validations = new Map<number, Evaluation>();

  /** @param most epochs that there can be */
  constructor(
    private readonly metrics: readonly string[],
    private readonly most: number,
  ) {
    this.numbers = new Float64Array(Math.min(FIRST, most * (2 + metrics.length)));
  }

  /** @param metricSums over so many rows */
  push(loss: number, metricSums: readonly number[], rows: number, seconds: number): void {
    const columns = 2 + metricSums.length;
    let at = this.length * columns;
    if (at + columns > this.numbers.length) {
      const larger = new Float64Array(Math.min(this.numbers.length * 2 + columns, this.most * columns));
      larger.set(this.numbers);
      this.numbers = larger;
    }
    this.numbers[at++] = loss;
    this.numbers[at++] = seconds;
    for (let i = 0; i < metricSums.length; ++i) this.numbers[at++] = metricSums[i]! / rows;
    this.length += 1;
  }

  /** Adds to the last epoch. */
  validate(evaluation: Evaluation): void {
    this.validations.set(this.length - 1, evaluation);
  }

  at(index: number): Epoch {
    const [loss, seconds, ...metrics] = this.numbers.subarray(index * (2 + this.metrics.length), (index + 1) * (2 + this.metrics.length));
    const validation = this.validations.get(index);
    return {
      loss: loss!,
      metrics: Object.fromEntries(this.metrics.map((name, i) => [name, metrics[i]!])),
      ...(validation && { validation }),
      seconds: seconds!,
    };
  }

  history(stopped: History["stopped"]): History {
    let made: readonly Epoch[] | undefined;
    const make = () => Array.from({ length: this.length }, (_, i) => this.at(i));
    return {
      get epochs() {
        made ??= make();
        return made;
      },
      stopped,
    };
  }
}
