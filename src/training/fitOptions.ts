// What `fit` may be told, and what it tells while it runs.
import { checkBoolean, checkCount, checkFunction, checkNumber, checkOptions, shown } from "../checks.js";
import type { Data } from "../data/data.js";
import type { DataStream } from "../data/stream.js";
import { OptionError } from "../errors.js";
import { onPageThread } from "../macrotask.js";
import { type Callback, checkCallbacks } from "./callbacks.js";
import type { Epoch } from "./history.js";

export interface Progress {
  /** 1 … epochs, also of a run that was resumed */
  readonly epoch: number;
  /** done in that epoch, 1 … steps */
  readonly step: number;
  /** of an epoch */
  readonly steps: number;
  /** of the run */
  readonly epochs: number;
  /** Mean loss of the epoch so far. */
  readonly loss: number;
  /** Rows over the time of this call's steps, waiting for streams included. */
  readonly samplesPerSecond: number;
  /** Estimate for the rest of the run. */
  readonly secondsLeft: number;
}

export interface FitOptions {
  /** default 1 */
  readonly epochs?: number | undefined;
  /** rows a step; the last batch of an epoch may be smaller; default 32. A step's sums over its rows are float32, one row after another: where
   *  all contributions to a gradient are alike, it is 0.01 % off in batches of 10,000, 1 % in batches of a million. */
  readonly batchSize?: number | undefined;
  /** new order every epoch, from the seed; a batch of all rows keeps its order; default true */
  readonly shuffle?: boolean | undefined;
  /** evaluated after each epoch; a stream is read anew each time, and twice to its first item before the first step. Where validation throws, a
   *  resumed run begins with it. */
  readonly validation?: Data | DataStream | undefined;
  /** after each epoch and after the callbacks, before the next epoch begins: the network is as it left it. What it promises is awaited. */
  readonly onEpochEnd?: ((epoch: Epoch, index: number) => unknown) | undefined;
  /** after each chunk of steps; what it promises is awaited, but no longer than until `signal` ends the run */
  readonly onProgress?: ((progress: Progress) => unknown) | undefined;
  /** Stops between chunks, in validation, and while a stream is waited for, whose iterator is told to return and is given a second for it; `fit` then resolves
   *  with the epochs that were finished. Before the streams' first items have come nothing has begun: no callback is called, and a resumed run begins anew. */
  readonly signal?: AbortSignal | undefined;
  /** what acts between chunks of steps: earlyStopping(), those of chainrule/node, or your own */
  readonly callbacks?: readonly Callback[] | undefined;
  /** goes on with the run that a signal, an error or the end of a process interrupted, to `epochs` epochs in all. It ends as if it had not been
   *  interrupted: the same weights, epochs and, where they have `state`, decisions of callbacks; data, options and callbacks must be the same.
   *  Of a run that has ended, also since a callback stopped it, nothing is left to do: no epochs, no callback is called. Refused where there
   *  was no run, or `trainOnBatch` has trained the network since. */
  readonly resume?: boolean | undefined;
  /** aimed time of a chunk of steps, after which callbacks act and the event loop turns, as it does within validation; runs at the same time
   *  share it; default 50, on a page's main thread 8 */
  readonly chunkMilliseconds?: number | undefined;
}

export const fitOptionNames = [
  "epochs",
  "batchSize",
  "shuffle",
  "validation",
  "onEpochEnd",
  "onProgress",
  "signal",
  "callbacks",
  "resume",
  "chunkMilliseconds",
];

type Defaulted = "epochs" | "batchSize" | "shuffle" | "callbacks" | "resume" | "chunkMilliseconds";
/** With defaults filled in, checked. */
export type CompleteFit = Required<Pick<FitOptions, Defaulted>> & Omit<FitOptions, Defaulted>;

/** Whether anybody looks at epochs, and so at the network at their ends, where chunks then end, too. */
export function seesEpochs({ onEpochEnd, callbacks }: CompleteFit): boolean {
  return onEpochEnd !== undefined || callbacks.some((callback) => callback.onEpochEnd !== undefined);
}

export function completeFit(options: FitOptions): CompleteFit {
  checkOptions("fit", options, fitOptionNames);
  const {
    epochs = 1,
    batchSize = 32,
    shuffle = true,
    callbacks = [],
    resume = false,
    chunkMilliseconds = onPageThread() ? 8 : 50,
  } = options;
  const { validation, onEpochEnd, onProgress, signal } = options;
  checkCount("fit: epochs", epochs);
  checkCount("fit: batchSize", batchSize);
  checkBoolean("fit: shuffle", shuffle);
  checkBoolean("fit: resume", resume);
  checkCallbacks(callbacks);
  if (onEpochEnd !== undefined) checkFunction("fit: onEpochEnd", onEpochEnd);
  if (onProgress !== undefined) checkFunction("fit: onProgress", onProgress);
  // By what it does, not by its class: a signal may come from another realm.
  if (signal !== undefined && (typeof signal?.aborted !== "boolean" || typeof signal.addEventListener !== "function"))
    throw new OptionError(`fit: signal is ${shown(signal)}, expected an AbortSignal`);
  checkNumber("fit: chunkMilliseconds", chunkMilliseconds, { above: 0 });
  // What was checked, whatever becomes of the options and of the array while it runs.
  return {
    epochs,
    batchSize,
    shuffle,
    callbacks: [...callbacks],
    resume,
    chunkMilliseconds,
    ...(validation !== undefined && { validation }),
    ...(onEpochEnd && { onEpochEnd }),
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  };
}
