// A run of training with what acts between its chunks of steps: callbacks, progress, a signal. The chunks are in training.ts, what is around
// a run in fit.ts.
import type { ThreadChoice } from "../backends/backend.js";
import { isStop } from "../data/reading.js";
import { macrotask } from "../macrotask.js";
import type { Model } from "../model.js";
import type { Callback, CallbackState, Run } from "./callbacks.js";
import { type CompleteFit, seesEpochs } from "./fitOptions.js";
import type { Epoch, History } from "./history.js";
import { end, type Position } from "./position.js";
import type { Sources } from "./sources.js";
import { Training } from "./training.js";

/** Under way in this process. */
let runs = 0;

/** Waits for what is promised, or for the signal: a page's next frame, say, never comes while the page is hidden. */
async function unlessStopped(signal: AbortSignal | undefined, promised: unknown): Promise<void> {
  if (!signal || signal.aborted) return void (await promised);
  let stop: () => void;
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
    signal.addEventListener("abort", stop, { once: true });
  });
  await Promise.race([promised, stopped]).finally(() => signal.removeEventListener("abort", stop));
}

/** @param control what callbacks get of the network and its numbers
 *  @param states which callbacks had when the run was interrupted */
export async function train(
  { model, position, threads }: { readonly model: Model; readonly position: Position; readonly threads: ThreadChoice },
  { data, validate }: Sources,
  options: CompleteFit,
  control: Omit<Run, "epochs" | "resumed" | "stop">,
  states: readonly (CallbackState | undefined)[],
): Promise<History> {
  const { callbacks, onEpochEnd, onProgress, signal } = options;
  const loop = new Training(model, data, validate, options, position);
  await loop.share(threads);
  let stopped: History["stopped"] = false;
  const run: Run = {
    ...control,
    epochs: options.epochs,
    resumed: options.resume,
    stop: () => {
      stopped = "callback";
    },
  };
  const watched = seesEpochs(options);
  /** Who comes after one that throws sees the epoch, too: the run is behind it, also when it is resumed. */
  const report = async (epoch: Epoch, index: number) => {
    const errors: unknown[] = [];
    const tell = async (listen: () => unknown) => {
      try {
        await listen();
      } catch (error) {
        errors.push(error);
      }
    };
    for (const callback of callbacks) await tell(() => callback.onEpochEnd?.(epoch, index, run));
    // After them, so that what it saves holds their state of this epoch.
    await tell(() => onEpochEnd?.(epoch, index));
    if (errors.length > 0) throw errors[0];
  };
  const begun: Callback[] = [];
  runs += 1;
  try {
    for (const [i, callback] of callbacks.entries()) {
      begun.push(callback);
      // Next to its start: what a refused run gave it would else be the next one's.
      if (states[i]) callback.restore?.(states[i]);
      await callback.onFitStart?.(run);
    }
    while (!loop.finished && !stopped) {
      if (signal?.aborted) {
        stopped = "signal";
        break;
      }
      const chunk = await loop.chunk(runs).catch((error: unknown) => {
        if (!isStop(error, signal)) throw error;
      });
      // In the midst of a chunk the signal ended the wait for a stream.
      if (!chunk) continue;
      const { ended, steps, failure } = chunk;
      // An object of each only where somebody looks at it; else tiny networks have thousands of epochs in a chunk.
      for (let index = ended.begin; watched && index < ended.end; ++index) await report(loop.epochs.at(index - loop.firstEpoch), index);
      // What came before the failure counts and was reported, however the steps were divided into chunks.
      if (failure) throw failure();
      if (steps > 0 && (onProgress || callbacks.length > 0)) {
        const progress = loop.progress();
        for (const callback of callbacks) await callback.onChunkEnd?.(progress, run);
        await unlessStopped(signal, onProgress?.(progress));
      }
      // The event loop turns between chunks; the last one has nobody to wait for.
      if (!loop.finished) await macrotask();
    }
    if (stopped !== "signal") end(position, options.epochs);
    const history = loop.epochs.history(stopped, loop.firstEpoch + 1);
    try {
      for (const callback of callbacks) await callback.onFitEnd?.(history, run);
    } catch (error) {
      // Something of its end is left to do, and nobody knows what.
      position.ended = undefined;
      throw error;
    }
    return history;
  } catch (error) {
    // What they say to it does not hide it.
    for (const callback of begun) await (async () => callback.onFitError?.(error, run))().catch(() => {});
    throw error;
  } finally {
    runs -= 1;
  }
}
