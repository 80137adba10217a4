// Checked data of a network, as rows of numbers: what goes from data.ts, data sets and streams to steps, evaluation and prediction.
import { ShapeError } from "../errors.js";

/** Checked data: `values` holds `rows` rows of `width` elements. */
export interface Matrix {
  readonly rows: number;
  readonly width: number;
  readonly values: Float32Array | Uint32Array;
}

/** By sample: what it adds to the denominator of a batch's mean loss, and how many of its positions metrics count. */
export interface Weighing {
  readonly denominators: Float64Array;
  readonly counted: Float64Array;
}

/** Checked data of a network: one matrix for each input, then for each output's targets, then the row weights of those that have any, then
 *  the users' own targets of those whose loss alters them and which have metrics. */
export interface Samples {
  readonly rows: number;
  readonly feeds: readonly Matrix[];
  /** By output; undefined where all rows count 1. */
  readonly weighing: readonly (Weighing | undefined)[];
  /** Number of each row in the user's data, where it is not the row's own. */
  readonly numbers?: Float64Array;
}

/** Users' typed arrays are read where they lie for as long as a run lasts: what is gone of one would be left as rows of earlier steps.
 *  @throws {ShapeError} an array whose buffer has been transferred or has shrunk since it was checked */
export function checkKept(who: string, { feeds }: Samples): void {
  for (const { rows, width, values } of feeds)
    if (values.length < rows * width)
      throw new ShapeError(
        `${who}: ${values.length} numbers are left of an array that had ${rows * width}: its buffer was transferred or has shrunk; keep the data until fit has ended, or give a copy`,
      );
}

/** What an output's mean loss over a batch is divided by: the number of its rows, or what they weigh, in their order.
 *  @param first of the rows, or of their places in `order` */
export function denominatorOf({ weighing }: Samples, output: number, first: number, count: number, order?: Uint32Array): number {
  const weighed = weighing[output];
  if (!weighed) return count;
  const { denominators } = weighed;
  let sum = 0;
  for (let at = first; at < first + count; ++at) sum += denominators[order ? order[at]! : at]!;
  return sum;
}

/** Room for so many rows of the same kind. */
export function emptySamples({ feeds, weighing }: Samples, rows: number): Samples {
  return {
    rows,
    feeds: feeds.map(({ width, values }) => ({
      rows,
      width,
      values: values instanceof Uint32Array ? new Uint32Array(rows * width) : new Float32Array(rows * width),
    })),
    weighing: weighing.map((of) => of && { denominators: new Float64Array(rows), counted: new Float64Array(rows) }),
    numbers: new Float64Array(rows),
  };
}

/** Copies row `row` of one to row `at` of the other, which `emptySamples` made. @param number of the row in the user's data */
export function putRow(to: Samples, at: number, from: Samples, row: number, number = from.numbers?.[row] ?? row): void {
  from.feeds.forEach(({ values, width }, f) => {
    to.feeds[f]!.values.set(values.subarray(row * width, (row + 1) * width), at * width);
  });
  from.weighing.forEach((of, output) => {
    if (!of) return;
    const { denominators, counted } = to.weighing[output]!;
    denominators[at] = of.denominators[row]!;
    counted[at] = of.counted[row]!;
  });
  to.numbers![at] = number;
}

/** How many numbers they hold. */
export function elements({ feeds }: Samples): number {
  let sum = 0;
  for (const { rows, width } of feeds) sum += rows * width;
  return sum;
}

/** So many rows of the samples, in the order given. */
export function pickRows(samples: Samples, rows: readonly number[]): Samples {
  const picked = emptySamples(samples, rows.length);
  rows.forEach((row, i) => {
    putRow(picked, i, samples, row);
  });
  return picked;
}

/** Which outputs' rows have weights: what a plan must read. */
export function weightedOutputs({ weighing }: Samples): readonly boolean[] {
  return weighing.map((of) => of !== undefined);
}
