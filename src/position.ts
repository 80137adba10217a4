// How far a network has been trained, and where a run was interrupted.
import { OptionError } from "./errors.js";

/** Over the rows of an epoch that were used so far. */
export interface Sums {
  readonly penalty: number;
  /** By output: losses times what they are means over, rows or weights, and the sum of those; or losses that are sums themselves. */
  readonly losses: readonly number[];
  readonly divisors: readonly number[];
  readonly metrics: readonly number[];
}

/** A run that has not done all its epochs: where it is, as JSON. */
export interface Interrupted extends Sums {
  /** Epochs it has finished, and rows of the next one that it has used. */
  readonly epochs: number;
  readonly begin: number;
  /** What the run goes through: it can be resumed with the same only. */
  readonly rows: number;
  readonly batchSize: number;
  readonly shuffle: boolean;
  /** Of a stream. */
  readonly shuffleBuffer?: number;
}

/** How far a network has been trained; the seeds of dropout and shuffling count on from here. */
export interface Position {
  step: number;
  epoch: number;
  interrupted: Interrupted | undefined;
}

/** @throws {OptionError} if the run was over other data, batches or order, or has done all epochs that are asked for */
export function checkSameRun(
  { rows, batchSize, shuffle, shuffleBuffer, epochs }: Interrupted,
  now: Pick<Interrupted, "rows" | "batchSize" | "shuffle"> & { readonly shuffleBuffer: number | undefined },
  epochCount: number,
): void {
  const differs =
    rows !== now.rows
      ? `${rows} rows, got ${now.rows}`
      : batchSize !== now.batchSize
        ? `batches of ${batchSize}, got ${now.batchSize}`
        : shuffle !== now.shuffle
          ? `shuffle ${shuffle}, got ${now.shuffle}`
          : shuffleBuffer !== now.shuffleBuffer
            ? `a shuffleBuffer of ${shuffleBuffer ?? 0}, got ${now.shuffleBuffer ?? 0}`
            : undefined;
  if (differs) throw new OptionError(`fit: resume: the interrupted run had ${differs}`);
  if (epochs >= epochCount)
    throw new OptionError(
      `fit: resume: epochs is ${epochCount}, but the interrupted run has done ${epochs}; epochs counts from its beginning`,
    );
}
