// What fit reports of each epoch, kept as columns of numbers: tiny networks run a million epochs a second, and as many objects, kept
// alive and moved by the collector, take longer than their training. Objects are made when somebody looks.
import { historyText } from "../inspect/historyText.js";
import { showText } from "../inspect/inspect.js";
import type { Evaluation } from "../slices.js";
import { VALIDATION } from "./reported.js";

export interface Epoch {
  /** Over the epoch's rows as `evaluate` has it, each as its step saw it, before the update; penalties included, in the loss's unit. */
  readonly loss: number;
  /** As the steps saw them, before each update; named as in `Evaluation`. */
  readonly metrics: Readonly<Record<string, number>>;
  /** After the epoch, if there is validation data. */
  readonly validation?: Evaluation;
  /** Wall time of the epoch's steps. */
  readonly seconds: number;
}

/** `console.log` of it, in browsers of `${history}`, shows loss and metrics by epoch as a table. */
export interface History {
  /** Those that were finished in this call, in order. */
  readonly epochs: readonly Epoch[];
  /** What ended it before all epochs were done. */
  readonly stopped: false | "signal" | "callback";
}

/** Epochs of a block. What is kept never moves: an array that is outgrown costs page faults and copies, together a tenth of a tiny network's
 *  step. */
const BLOCK = 4096;

export class EpochLog {
  length = 0;
  /** By epoch: mean loss, metrics. */
  private readonly blocks: Float64Array[] = [];
  /** Where the seconds of an epoch change: those of one chunk of steps are alike. */
  private readonly paces: { readonly from: number; readonly seconds: number }[] = [];
  private block = new Float64Array(0);
  private pace = Number.NaN;
  private readonly validations = new Map<number, Evaluation>();

  private readonly columns: number;

  /** @param most epochs that there can be */
  constructor(
    private readonly metrics: readonly string[],
    private readonly most: number,
  ) {
    this.columns = 1 + metrics.length;
  }

  /** Adds an epoch. */
  push(loss: number, seconds: number): void {
    const { length, columns } = this;
    const place = length % BLOCK;
    if (place === 0) {
      this.block = new Float64Array(Math.min(BLOCK, this.most - length) * columns);
      this.blocks.push(this.block);
    }
    if (seconds !== this.pace) {
      this.pace = seconds;
      this.paces.push({ from: length, seconds });
    }
    this.block[place * columns] = loss;
    this.length = length + 1;
  }

  /** Of the last epoch. */
  setMetric(index: number, value: number): void {
    this.block[((this.length - 1) % BLOCK) * this.columns + 1 + index] = value;
  }

  /** Of the last epoch. */
  validate(evaluation: Evaluation): void {
    this.validations.set(this.length - 1, evaluation);
  }

  at(index: number): Epoch {
    const { columns } = this;
    const begin = (index % BLOCK) * columns;
    const [loss, ...metrics] = this.blocks[Math.floor(index / BLOCK)]!.subarray(begin, begin + columns);
    const validation = this.validations.get(index);
    return {
      loss: loss!,
      metrics: Object.fromEntries(this.metrics.map((name, i) => [name, metrics[i]!])),
      ...(validation && { validation }),
      seconds: this.secondsOf(index),
    };
  }

  /** By bisection: the last pace that began at this epoch or before. */
  private secondsOf(index: number): number {
    const { paces } = this;
    let low = 0;
    for (let high = paces.length; high - low > 1; ) {
      const middle = (low + high) >> 1;
      if (paces[middle]!.from <= index) low = middle;
      else high = middle;
    }
    return paces[low]!.seconds;
  }

  /** Of all epochs. */
  get seconds(): number {
    const { paces, length } = this;
    return paces.reduce((sum, { from, seconds }, i) => sum + seconds * ((paces[i + 1]?.from ?? length) - from), 0);
  }

  /** Where the losses were lowest; validation's last, if there were any. */
  lowest(): { readonly name: string; readonly value: number; readonly index: number }[] {
    const least = (name: string, losses: Iterable<readonly [number, number]>) => {
      let [index, value] = [-1, Number.POSITIVE_INFINITY];
      for (const [i, loss] of losses) if (loss < value) [index, value] = [i, loss];
      return index < 0 ? [] : [{ name, value, index }];
    };
    return [...least("loss", this.losses()), ...least(`${VALIDATION}loss`, this.validationLosses())];
  }

  private *losses(): Generator<readonly [number, number]> {
    for (let i = 0; i < this.length; ++i) yield [i, this.blocks[Math.floor(i / BLOCK)]![(i % BLOCK) * this.columns]!];
  }

  private *validationLosses(): Generator<readonly [number, number]> {
    for (const [i, { loss }] of this.validations) yield [i, loss];
  }

  /** @param first number of the run's epoch with which it begins, from 1 on */
  history(stopped: History["stopped"], first: number): History {
    let made: readonly Epoch[] | undefined;
    const make = () => Array.from({ length: this.length }, (_, i) => this.at(i));
    const history: History = {
      get epochs() {
        made ??= make();
        return made;
      },
      stopped,
    };
    return showText(history, () => historyText(this, stopped, first));
  }
}
