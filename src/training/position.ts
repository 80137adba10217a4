// How far a network has been trained, and where a run was interrupted.
import { OptionError } from "../errors.js";
import type { StoredSums } from "../sums.js";
import type { Callback } from "./callbacks.js";

/** What a run goes through: it can be resumed with the same only. */
export interface RunSettings {
  readonly rows: number;
  readonly batchSize: number;
  readonly shuffle: boolean;
  /** Of a stream. */
  readonly shuffleBuffer?: number;
}

/** A run that has not done all its epochs: where it is, as JSON; with the sums over the rows of the next epoch that it has used. */
export interface Interrupted extends RunSettings, StoredSums {
  /** Epochs it has finished, and rows of the next one that it has used: all, if what follows its steps, validation, has failed. */
  readonly epochs: number;
  readonly begin: number;
}

/** A run that has ended: resumed, it has nothing left to do. */
export interface EndedRun extends RunSettings {
  /** That it was for. */
  readonly epochs: number;
}

/** A run that was ended while it waited for the first of its data: nothing is known of it, and resumed it begins anew. */
export type Unbegun = "unbegun";

/** What a network holds of a callback, as a file does: what came out of a run waits for `fit({ resume: true })`, and can be saved again. */
export type Kept = Pick<Callback, "type" | "state">;

/** How far a network has been trained; the seeds of dropout and shuffling count on from here. */
export interface Position {
  step: number;
  epoch: number;
  interrupted: Interrupted | Unbegun | undefined;
  /** The last run, if it has ended. */
  ended: EndedRun | undefined;
  /** Of the run: the callbacks themselves while it goes on, then their state. */
  callbacks: readonly Kept[];
  /** Are they those of a loaded run, with which nothing has gone on? */
  loaded: boolean;
}

/** Of a network that was not trained. */
export const untrained = (): Position => ({ step: 0, epoch: 0, interrupted: undefined, ended: undefined, callbacks: [], loaded: false });

/** Steps were done that are not the last run's: it cannot go on from there. */
export function leaveRun(position: Position): void {
  position.interrupted = position.ended = undefined;
}

/** The run was for so many epochs, and has ended. */
export function end(position: Position, epochs: number): void {
  const { rows, batchSize, shuffle, shuffleBuffer } = position.interrupted as Interrupted;
  position.interrupted = undefined;
  position.ended = { epochs, rows, batchSize, shuffle, ...(shuffleBuffer !== undefined && { shuffleBuffer }) };
}

/** Whether the run has ended already: a script that is begun again after its end has no more to do.
 *  @param given rows: undefined of a stream, which is not read for this
 *  @throws {OptionError} if it was for another number of epochs, or over other data, batches or order */
export function hasEnded(
  { ended }: Position,
  epochs: number,
  given: Pick<RunSettings, "batchSize" | "shuffle"> & { readonly rows: number | undefined },
): boolean {
  if (ended === undefined) return false;
  const { rows = ended.rows, batchSize, shuffle } = given;
  checkSameSettings(ended, { ...ended, rows, batchSize: Math.min(batchSize, rows), shuffle }, "the run that has ended");
  if (ended.epochs !== epochs)
    throw new OptionError(
      `fit: resume: epochs is ${epochs}, but the run was for ${ended.epochs} and has ended; without resume, fit trains for more`,
    );
  return true;
}

type Now = Omit<RunSettings, "shuffleBuffer"> & { readonly shuffleBuffer?: number | undefined };

function checkSameSettings({ rows, batchSize, shuffle, shuffleBuffer }: RunSettings, now: Now, whose: string): void {
  const differs =
    rows !== now.rows
      ? `${now.rows} rows, expected ${rows}`
      : batchSize !== now.batchSize
        ? `batches of ${now.batchSize}, expected ${batchSize}`
        : shuffle !== now.shuffle
          ? `shuffle ${now.shuffle}, expected ${shuffle}`
          : shuffleBuffer !== now.shuffleBuffer
            ? `${shufflingOf(now.shuffleBuffer)}, expected ${shufflingOf(shuffleBuffer)}`
            : undefined;
  if (differs) throw new OptionError(`fit: resume: got ${differs}, as in ${whose}`);
}

/** The run that was interrupted after it had begun. @throws {OptionError} if there is none */
export function runToResume({ interrupted }: Position): Interrupted {
  if (interrupted === undefined || interrupted === "unbegun")
    throw new OptionError(
      "fit: resume: this network has no interrupted run, as net.interrupted says; one is kept by checkpoint(path), or save({ training: true }) while it trains, until trainOnBatch trains it otherwise",
    );
  return interrupted;
}

/** Where the interrupted run was.
 *  @throws {OptionError} if there is none, if it was over other data, batches or order, or has gone beyond the epochs that are asked for */
export function resumed(position: Position, now: Now, epochCount: number): Interrupted {
  const interrupted = runToResume(position);
  checkSameSettings(interrupted, now, "the interrupted run");
  const { rows, epochs, begin } = interrupted;
  // All of them: what ends a run is left to do.
  if (epochs * rows + begin > epochCount * rows)
    throw new OptionError(
      `fit: resume: epochs is ${epochCount}, but the interrupted run has done ${epochs}${begin > 0 ? ` and ${begin} rows` : ""}; epochs counts from its beginning`,
    );
  return interrupted;
}

/** Of data at hand all rows are shuffled, of a stream those of its buffer. */
function shufflingOf(shuffleBuffer: number | undefined): string {
  return shuffleBuffer === undefined ? "all rows shuffled" : `a shuffleBuffer of ${shuffleBuffer}`;
}
