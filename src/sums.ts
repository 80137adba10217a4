// What steps have left in their records, added up: over an epoch's steps, or over the slices of what is evaluated.
import { Step } from "../assembly/opcodes.js";
import { type Definition, stepLayoutOf } from "./compile.js";
import { denominatorOf, type Samples } from "./data/samples.js";
import type { StepLayout } from "./plan/step.js";

/** As plain data. */
export interface StoredSums {
  /** Of each step, times its rows. */
  readonly penalty: number;
  /** By output: losses times what they are means over, rows or weights, and the sum of those; or losses that are sums themselves. */
  readonly losses: readonly number[];
  readonly divisors: readonly number[];
  readonly metrics: readonly number[];
}

export class Sums {
  /** The penalty, by output a loss and its denominator, then the metrics. */
  private readonly numbers: Float64Array;
  /** By output: is its loss a sum, no mean? */
  private readonly areSums: readonly boolean[];

  private readonly layout: StepLayout;

  constructor(definition: Definition, from?: StoredSums) {
    this.layout = stepLayoutOf(definition);
    const { losses, divisors, metrics, penalty } = from ?? nothing(this.layout);
    this.areSums = definition.objectives.map(({ loss }) => loss.sums);
    this.numbers = Float64Array.from([penalty, ...losses.flatMap((loss, i) => [loss, divisors[i]!]), ...metrics]);
  }

  /** Adds the record at byte `record`, of a step on so many rows of the samples from `first` on, or in that part of an order. Called once a
   *  step: it allocates nothing. */
  add(f64: Float64Array, record: number, rows: number, samples: Samples, first: number, order?: Uint32Array): void {
    const { numbers, areSums } = this;
    const { losses, metrics } = this.layout;
    numbers[0]! += f64[(record + Step.Penalty) >> 3]! * rows;
    let at = 1;
    for (let i = 0; i < losses.length; ++i) {
      const denominator = denominatorOf(samples, i, first, rows, order);
      numbers[at++]! += f64[(record + losses[i]!.loss) >> 3]! * (areSums[i] ? 1 : denominator);
      numbers[at++]! += denominator;
    }
    for (let i = 0; i < metrics.length; ++i) numbers[at++]! += f64[(record + metrics[i]!) >> 3]!;
  }

  get penalty(): number {
    return this.numbers[0]!;
  }

  /** The loss, with so much of a penalty. */
  loss(penalty: number): number {
    let loss = penalty;
    for (let i = 0; i < this.areSums.length; ++i) loss += this.lossOf(i);
    return loss;
  }

  /** An output's own, without penalties. What nothing counts for is 0, as its gradient is. */
  private lossOf(output: number): number {
    const { numbers, areSums } = this;
    const sum = numbers[2 * output + 1]!;
    return areSums[output] ? sum : sum / (numbers[2 * output + 2]! || 1);
  }

  /** How many numbers there are beside the loss, as `metricNames` has them. */
  get count(): number {
    const { losses, metrics } = this.layout;
    return metrics.length + (losses.length > 1 ? losses.length : 0);
  }

  /** One of these. @param counted by metric, what it is a mean over */
  metric(index: number, counted: readonly number[]): number {
    const outputs = this.areSums.length;
    const own = outputs > 1 ? index - outputs : index;
    return own < 0 ? this.lossOf(index) : this.numbers[2 * outputs + 1 + own]! / (counted[own]! || 1);
  }

  clear(): void {
    for (let i = 0; i < this.numbers.length; ++i) this.numbers[i] = 0;
  }

  stored(): StoredSums {
    const { numbers, areSums } = this;
    return {
      penalty: numbers[0]!,
      losses: areSums.map((_, i) => numbers[2 * i + 1]!),
      divisors: areSums.map((_, i) => numbers[2 * i + 2]!),
      metrics: [...numbers.subarray(2 * areSums.length + 1)],
    };
  }
}

function nothing({ losses, metrics }: StepLayout): StoredSums {
  const zeros = (of: readonly unknown[]) => of.map(() => 0);
  return { losses: zeros(losses), divisors: zeros(losses), metrics: zeros(metrics), penalty: 0 };
}
