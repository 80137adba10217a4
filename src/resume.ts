// A run as data: what `save({ training: true })` adds to a file, and how a network takes it up again.
import type { Callback, CallbackState } from "./callbacks.js";
import { FormatError, OptionError } from "./errors.js";
import type { StoredParameter, StoredTraining } from "./formats/native.js";
import type { Model } from "./model.js";
import { product } from "./plan/tensor.js";
import { isObserver, type PlateauState } from "./schedules/plateau.js";
import type { Interrupted, Position } from "./training.js";

/** A callback in a saved run: its state's JSON, or that it has none. */
interface StoredCallback {
  readonly type: string;
  readonly state?: unknown;
  readonly arrays?: readonly string[];
}

interface TrainingJson {
  readonly step: number;
  readonly epoch: number;
  readonly interrupted?: Interrupted;
  readonly callbacks: readonly StoredCallback[];
  /** Of a schedule that follows what training reports. */
  readonly schedule?: PlateauState;
}

/** What came out of a file and waits for `fit({ resume: true })`. */
export interface Pending {
  readonly callbacks: readonly { readonly type: string; readonly state?: CallbackState }[];
  /** Names of those that have no state in the file. */
  readonly withoutState: readonly string[];
}

/** Names of callbacks whose state a saved run does not hold, since they have no `state()`. */
export function withoutState(callbacks: readonly Callback[]): string[] {
  return callbacks.filter(({ state }) => !state).map(({ type }) => type);
}

export function storeTraining(model: Model, position: Position, callbacks: readonly Callback[]): StoredTraining {
  const tensors: StoredParameter[] = model.slots().map(({ name, shape, values }) => ({ name: `slot.${name}`, shape, values }));
  const stored = callbacks.map((callback, i): StoredCallback => {
    const state = callback.state?.();
    if (!state) return { type: callback.type };
    const arrays = Object.entries(state.arrays ?? {});
    for (const [name, values] of arrays) tensors.push({ name: `callback.${i}.${name}`, shape: [values.length], values });
    return { type: callback.type, state: state.json ?? null, arrays: arrays.map(([name]) => name) };
  });
  const { step, epoch, interrupted } = position;
  const { schedule } = model.definition.optimizer;
  const json: TrainingJson = {
    step,
    epoch,
    callbacks: stored,
    ...(interrupted && { interrupted }),
    ...(isObserver(schedule) && { schedule: schedule.state() }),
  };
  return { json, tensors };
}

/** Puts the optimizer's state and the position back. @returns what the callbacks will get
 *  @throws {FormatError} if the file's state is not that of this network's optimizer */
export function restoreTraining(model: Model, position: Position, { json, tensors }: StoredTraining): Pending {
  const { step, epoch, interrupted, callbacks, schedule: followed } = json as TrainingJson;
  const counts = [step, epoch];
  if (!counts.every((count) => Number.isInteger(count) && count >= 0) || !Array.isArray(callbacks))
    throw new FormatError("saved network: training lacks step, epoch or callbacks");
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const take = (name: string, shape: readonly number[] | undefined) => {
    const found = byName.get(name);
    if (!found || (shape && product(found.shape) !== product(shape)))
      throw new FormatError(`saved network: training lacks ${name}${shape ? ` [${shape.join(", ")}]` : ""}`);
    return found.values;
  };
  model.setSlots(model.slots().map(({ name, shape }) => take(`slot.${name}`, shape)));
  const { schedule } = model.definition.optimizer;
  if (isObserver(schedule) && followed) schedule.restore(followed);
  Object.assign(position, { step, epoch, ...(interrupted && { interrupted }) });
  return {
    withoutState: callbacks.filter(({ state }: StoredCallback) => state === undefined).map(({ type }) => type),
    callbacks: callbacks.map(({ type, state, arrays = [] }: StoredCallback, i) => ({
      type,
      ...(state !== undefined && {
        state: { json: state, arrays: Object.fromEntries(arrays.map((name) => [name, take(`callback.${i}.${name}`, undefined)])) },
      }),
    })),
  };
}

/** Gives callbacks the state that was saved of them. @throws {OptionError} if they are not the saved ones */
export function resumeCallbacks({ callbacks: saved }: Pending, callbacks: readonly Callback[]): void {
  const types = (list: readonly { readonly type: string }[]) => list.map(({ type }) => type).join(", ") || "none";
  if (types(saved) !== types(callbacks))
    throw new OptionError(`fit: resume: callbacks are ${types(callbacks)}, expected those of the saved run: ${types(saved)}`);
  callbacks.forEach((callback, i) => {
    const { state } = saved[i]!;
    if (state) callback.restore?.(state);
  });
}
