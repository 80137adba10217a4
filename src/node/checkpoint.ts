import { checkNumber, checkOptions } from "../checks.js";
import type { Callback, Run } from "../training/callbacks.js";
import { checkPath, checkWritable, writeWhole } from "./files.js";

export interface CheckpointOptions {
  /** writes when at least so much time has passed since the last one, default 60 */
  readonly everySeconds?: number | undefined;
}

/** Callback. Keeps the run in a file, from which `loadFile(path)` and `fit(data, { …, resume: true })` go on to the same bits, wherever the
 *  process ended; if that was after the run's end, they have nothing left to do. The file is written beside and renamed: it is always a whole one. Also written at the end of the run,
 *  when callbacks before it in the list have done what they do then: `[earlyStopping(), checkpoint(path)]` leaves the best parameters in it,
 *  the other order the last ones.
 *  @example // begins a run, or goes on with the one that was interrupted
 *  const resume = existsSync(path);
 *  const net = resume ? await loadFile(path) : await network({ … });
 *  await net.fit(data, { epochs: 100, resume, callbacks: [checkpoint(path)] });
 *  @throws {FormatError} by fit, before its first step if it can be told by then, if the file cannot be written */
export function checkpoint(path: string, options: CheckpointOptions = {}): Callback {
  checkPath("checkpoint", path);
  checkOptions("checkpoint", options, ["everySeconds"]);
  const { everySeconds = 60 } = options;
  checkNumber("checkpoint: everySeconds", everySeconds, { least: 0 });
  let last = 0;
  const write = async ({ net }: Run) => {
    await writeWhole(path, net.save({ training: true }));
    last = performance.now();
  };
  return {
    type: "checkpoint",
    // A path that leads nowhere says so now, not after a minute or at the end.
    onFitStart: async () => {
      await checkWritable(path);
      last = performance.now();
    },
    onChunkEnd: async (_, run) => {
      if (performance.now() - last >= everySeconds * 1000) await write(run);
    },
    onFitEnd: (_, run) => write(run),
    // Nothing of it is needed to go on.
    state: () => ({}),
    restore: () => {},
  };
}
