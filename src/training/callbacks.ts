// What acts while a network trains, between chunks of steps. A callback that has `onEpochEnd` ends each chunk with its epoch, as fit's own
// does, since it may stop or change the run. Those that write files are in src/node/.
import { checkBoolean, checkCount, checkFunction, checkNumber, checkOneOf, checkOptions, shown } from "../checks.js";
import { OptionError } from "../errors.js";
import type { Network } from "../network.js";
import type { Progress } from "./fitOptions.js";
import type { Epoch, History } from "./history.js";
import { checkReported, numberOf } from "./reported.js";

/** A callback's own state, for a run that is saved and resumed: JSON, and arrays of float32 beside it. */
export interface CallbackState {
  readonly json?: unknown;
  readonly arrays?: Readonly<Record<string, Float32Array>>;
}

/** What a callback may do to the run. */
export interface Run {
  readonly net: Network;
  /** Epochs that were asked for. */
  readonly epochs: number;
  /** Does it go on with a run that was interrupted? */
  readonly resumed: boolean;
  /** Names of the numbers that every epoch reports: `loss`, of several outputs each one's, the network's metrics, and all with `validation.` before them. */
  readonly reported: readonly string[];
  /** Ends the run after this chunk; `history.stopped` tells. */
  stop(): void;
  /** A copy of all parameters, as one array that only `setWeights` understands.
   *  @throws {OptionError} while threads are at work, or after the run's end */
  weights(): Float32Array<ArrayBuffer>;
  /** Puts such a copy back. @throws {ShapeError} another type or length, or what is not finite: nothing is set; {OptionError} as `weights` */
  setWeights(copy: Float32Array): void;
}

export interface Callback {
  /** Its name in saved runs. */
  readonly type: string;
  /** Before any data is read, which for a stream may take as long as an epoch. @param reported as `Run.reported` @internal */
  checkReported?(reported: readonly string[]): void;
  /** Before the first step; what it throws refuses the run. */
  onFitStart?(run: Run): void | Promise<void>;
  /** After each chunk of steps, and after the ends of epochs in it. Those after one that throws do not see it. */
  onChunkEnd?(progress: Progress, run: Run): void | Promise<void>;
  /** After each epoch and its validation. Where one throws, those after it see the epoch nevertheless; the first error then ends the run, and
   *  a resumed one goes on with the next epoch: each callback sees each epoch once. @param index number of the epoch in the run, from 0 on */
  onEpochEnd?(epoch: Epoch, index: number, run: Run): void | Promise<void>;
  /** After the last chunk, also of a run that was stopped; not after an error. In the callbacks' order, as all of these. */
  onFitEnd?(history: History, run: Run): void | Promise<void>;
  /** After an error, with which `fit` then rejects, whatever this throws; of callbacks whose `onFitStart` was reached. For what must be put in
   *  order however a run ends. */
  onFitError?(error: unknown, run: Run): void | Promise<void>;
  /** Both or neither: without them a resumed run starts the callback anew, and the saved file says so. The state is the run's: its network
   *  keeps a copy, also when the callback serves another one, and `restore` gets it before `onFitStart` when the run is resumed. A callback
   *  that has state serves one `fit` at a time. */
  state?(): CallbackState;
  restore?(state: CallbackState): void;
}

const hooks: readonly string[] = ["onFitStart", "onChunkEnd", "onEpochEnd", "onFitEnd", "onFitError"];

/** Other libraries' hooks and misspelt ones, which nobody would call; fields of any other name are the callback's own. */
const HOOKLIKE = /^on_?(fit|train|epoch|batch|step|chunk)_?(begin|start|end|error)$/i;

/** Of an object's fields and methods, those of its class included. */
function namesOf(given: object | null): string[] {
  return given === null || given === Object.prototype
    ? []
    : [...Object.getOwnPropertyNames(given), ...namesOf(Object.getPrototypeOf(given))];
}

export function checkCallbacks(callbacks: unknown): void {
  if (!Array.isArray(callbacks)) throw new OptionError(`fit: callbacks is ${shown(callbacks)}, expected an array of callbacks`);
  for (const [i, callback] of callbacks.entries()) {
    if (callback === null || typeof callback !== "object" || typeof callback.type !== "string")
      throw new OptionError(
        `fit: callbacks[${i}] is ${shown(callback)}, expected a callback: earlyStopping(), or { type: "mine", onEpochEnd(epoch) { … } }`,
      );
    const who = `fit: callbacks[${i}] (${callback.type})`;
    for (const name of ["checkReported", ...hooks, "state", "restore"])
      if (callback[name] !== undefined) checkFunction(`${who}: ${name}`, callback[name]);
    const unknown = namesOf(callback).find((name) => HOOKLIKE.test(name) && !hooks.includes(name));
    if (unknown) throw new OptionError(`${who} has ${shown(unknown)}, which fit does not call, expected any of: ${hooks.join(", ")}`);
    if ((callback.state === undefined) !== (callback.restore === undefined))
      throw new OptionError(`fit: callbacks[${i}] (${callback.type}) has one of state and restore, expected both or neither`);
    const first = callbacks.indexOf(callback);
    if (first < i && callback.state !== undefined)
      throw new OptionError(
        `fit: callbacks[${i}] (${callback.type}) is callbacks[${first}], which would see each epoch twice; give each place one of its own`,
      );
  }
}

/** Callbacks whose state is that of a run that goes on: a mark from outside, for whoever made them may have frozen them. */
const serving = new WeakSet<Callback>();

/** Has those with state serve the run that `body` is, alone.
 *  @throws {OptionError} where one serves another run, whose state this one would spoil */
export async function serve<T>(callbacks: readonly Callback[], body: () => Promise<T>): Promise<T> {
  for (const [i, callback] of callbacks.entries())
    if (serving.has(callback))
      throw new OptionError(`fit: callbacks[${i}] (${callback.type}) serves another fit now; give each fit one of its own`);
  const stateful = callbacks.filter(({ state }) => state !== undefined);
  for (const callback of stateful) serving.add(callback);
  try {
    return await body();
  } finally {
    for (const callback of stateful) serving.delete(callback);
  }
}

export interface EarlyStoppingOptions {
  /** default `validation.loss` */
  readonly monitor?: string | undefined;
  /** epochs without an improvement before the run ends, default 5 */
  readonly patience?: number | undefined;
  /** less than this is no improvement, default 0 */
  readonly minDelta?: number | undefined;
  /** of the monitored number; default: `max` for accuracies, else `min` */
  readonly mode?: "min" | "max" | undefined;
  /** at the end, puts back the parameters of the best epoch, default true */
  readonly restoreBest?: boolean | undefined;
}

/** Ends the run when the monitored number has not improved for `patience` epochs. At the run's end callbacks act in their order: give those
 *  that are to have the best parameters, as `checkpoint(path)`, after it. */
export function earlyStopping(options: EarlyStoppingOptions = {}): Callback {
  checkOptions("earlyStopping", options, ["monitor", "patience", "minDelta", "mode", "restoreBest"]);
  const { monitor = "validation.loss", patience = 5, minDelta = 0, restoreBest = true } = options;
  if (typeof monitor !== "string" || monitor === "")
    throw new OptionError(`earlyStopping: monitor is ${shown(monitor)}, expected a name, as "validation.loss"`);
  const { mode = monitor.endsWith("accuracy") ? "max" : "min" } = options;
  checkCount("earlyStopping: patience", patience);
  checkNumber("earlyStopping: minDelta", minDelta, { least: 0 });
  checkBoolean("earlyStopping: restoreBest", restoreBest);
  checkOneOf("earlyStopping: mode", mode, ["min", "max"]);
  const sign = mode === "min" ? 1 : -1;
  const fresh: Waiting = { best: Number.POSITIVE_INFINITY, waited: 0 };
  let now = fresh;
  /** What `restore` was given: of the run that begins next. */
  let restored: Waiting | undefined;
  return {
    type: "earlyStopping",
    checkReported: (reported) => checkReported("earlyStopping", monitor, reported),
    onFitStart(run) {
      now = restored ?? fresh;
      restored = undefined;
      // Where another callback has this one within it, it is called by that alone.
      checkReported("earlyStopping", monitor, run.reported);
      // The run was interrupted when it had just been told to end.
      if (now.waited >= patience) run.stop();
    },
    onEpochEnd(epoch, _, run) {
      const value = sign * numberOf(epoch, monitor);
      if (value < now.best - minDelta) now = { best: value, waited: 0, ...(restoreBest && { weights: run.weights() }) };
      else now = { ...now, waited: now.waited + 1 };
      if (now.waited >= patience) run.stop();
    },
    onFitEnd({ stopped }, run) {
      // What a signal stopped may be resumed.
      if (stopped === "signal") return;
      if (now.weights) run.setWeights(now.weights);
      now = fresh;
    },
    // JSON has no infinity: before the first epoch there is no best.
    state: () => ({
      json: { best: Number.isFinite(now.best) ? now.best : null, waited: now.waited },
      ...(now.weights && { arrays: { weights: now.weights } }),
    }),
    restore({ json, arrays }) {
      // It may be out of a file.
      checkOptions("earlyStopping: state", json, ["best", "waited"]);
      const { best, waited } = json as { readonly best: number | null; readonly waited: number };
      if (best !== null && !Number.isFinite(best))
        throw new OptionError(`earlyStopping: state.best is ${shown(best)}, expected a number or null`);
      checkCount("earlyStopping: state.waited", waited, 0);
      restored = { best: best ?? Number.POSITIVE_INFINITY, waited, ...(arrays?.weights && { weights: arrays.weights }) };
    },
  };
}

/** How early stopping stands. */
interface Waiting {
  /** of the monitored number, negated where more is better */
  readonly best: number;
  /** epochs since */
  readonly waited: number;
  /** then */
  readonly weights?: Float32Array;
}
