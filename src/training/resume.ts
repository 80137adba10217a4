// A run as data: what `save({ training: true })` adds to a file, and how a network takes it up again.
import { checkBoolean, checkCount, checkNumber, checkPlain, isRecord, shown } from "../checks.js";
import { FormatError, OptionError } from "../errors.js";
import type { StoredParameter, StoredTraining } from "../formats/native.js";
import type { Model } from "../model.js";
import { metricCount } from "../objectives.js";
import { product } from "../plan/tensor.js";
import { isObserver, type PlateauState } from "../schedules/plateau.js";
import type { Callback, CallbackState } from "./callbacks.js";
import type { EndedRun, Interrupted, Kept, Position, RunSettings, Unbegun } from "./position.js";

/** A callback in a saved run: its state's JSON, or that it has none. */
interface StoredCallback {
  readonly type: string;
  readonly state?: unknown;
  readonly arrays?: readonly string[];
}

interface TrainingJson {
  readonly step: number;
  readonly epoch: number;
  readonly interrupted?: StoredInterrupted;
  readonly ended?: EndedRun;
  readonly callbacks: readonly StoredCallback[];
  /** Of a schedule that follows what training reports. */
  readonly schedule?: PlateauState;
}

/** A metric of a user's own may be no finite number, for which JSON has no word: it is then a text. */
type StoredInterrupted = Omit<Interrupted, "metrics"> & { readonly metrics: readonly (number | string)[] };

/** A run that has not begun, as files have had it from the first: it goes through no rows. */
const unbegun: StoredInterrupted = {
  epochs: 0,
  begin: 0,
  penalty: 0,
  losses: [],
  divisors: [],
  metrics: [],
  rows: 0,
  batchSize: 0,
  shuffle: false,
};

const nonFinite: ReadonlyMap<unknown, number> = new Map(
  [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((n) => [`${n}`, n]),
);

/** Callbacks as they are now, whatever they do afterwards. What is wrong with a state is said where it is asked for. */
export function keep(callbacks: readonly Callback[]): readonly Kept[] {
  return callbacks.map((callback, i): Kept => {
    const { type } = callback;
    if (!callback.state) return { type };
    try {
      const { json, arrays = {} } = stateOf(callback, i);
      const copies = Object.fromEntries(Object.entries(arrays).map(([name, values]) => [name, values.slice()]));
      const copy = { ...(json !== undefined && { json: structuredClone(json) }), arrays: copies };
      return { type, state: () => copy };
    } catch (error) {
      return {
        type,
        state: () => {
          throw error;
        },
      };
    }
  });
}

function stateOf(callback: Kept, i: number): CallbackState {
  const state = callback.state!();
  checkState(`save: callbacks[${i}] (${callback.type}): state()`, state);
  return state;
}

/** Names of callbacks whose state a saved run does not hold, since they have no `state()`. */
export function withoutState(callbacks: readonly Kept[]): string[] {
  return callbacks.filter(({ state }) => !state).map(({ type }) => type);
}

function storeInterrupted(interrupted: Interrupted | Unbegun): StoredInterrupted {
  if (interrupted === "unbegun") return unbegun;
  return { ...interrupted, metrics: interrupted.metrics.map((sum) => (Number.isFinite(sum) ? sum : `${sum}`)) };
}

export function storeTraining(model: Model, position: Position): StoredTraining {
  const { step, epoch, interrupted, ended, callbacks } = position;
  const tensors: StoredParameter[] = model.slots().map(({ name, shape, values }) => ({ name: `slot.${name}`, shape, values }));
  const stored = callbacks.map((callback, i): StoredCallback => {
    if (!callback.state) return { type: callback.type };
    const state = stateOf(callback, i);
    const arrays = Object.entries(state.arrays ?? {});
    for (const [name, values] of arrays) tensors.push({ name: `callback.${i}.${name}`, shape: [values.length], values });
    return { type: callback.type, state: state.json ?? null, arrays: arrays.map(([name]) => name) };
  });
  const { schedule } = model.definition.optimizer;
  const json: TrainingJson = {
    step,
    epoch,
    callbacks: stored,
    ...(interrupted && { interrupted: storeInterrupted(interrupted) }),
    ...(ended !== undefined && { ended }),
    ...(isObserver(schedule) && { schedule: schedule.state() }),
  };
  return { json, tensors };
}

/** Anything else would come back as something else, or not at all. @throws {OptionError} */
function checkState(who: string, state: unknown): asserts state is CallbackState {
  if (!isRecord(state)) throw new OptionError(`${who} is ${shown(state)}, expected { json, arrays }`);
  for (const key of Object.keys(state))
    if (key !== "json" && key !== "arrays") throw new OptionError(`${who} has ${shown(key)}, expected json and arrays alone`);
  const { json, arrays = {} } = state;
  if (json !== undefined) checkPlain(`${who}: json`, json);
  if (!isRecord(arrays)) throw new OptionError(`${who}: arrays is ${shown(arrays)}, expected an object of Float32Arrays`);
  for (const [name, values] of Object.entries(arrays))
    if (!(values instanceof Float32Array))
      throw new OptionError(`${who}: arrays: ${name} is ${shown(values)}, expected a Float32Array; other data goes into json`);
}

function checkSettings(who: string, { rows, batchSize, shuffle, shuffleBuffer }: Partial<RunSettings>): void {
  checkCount(`${who}.rows`, rows);
  checkCount(`${who}.batchSize`, batchSize, 1, rows);
  checkBoolean(`${who}.shuffle`, shuffle);
  if (shuffleBuffer !== undefined) checkCount(`${who}.shuffleBuffer`, shuffleBuffer);
}

/** @throws {OptionError} what no run can be @returns the same with numbers for texts */
function checkInterrupted(
  who: string,
  stored: unknown,
  { step, epoch }: Pick<Position, "step" | "epoch">,
  outputs: number,
  metricNumbers: number,
): Interrupted | Unbegun {
  if (!isRecord(stored)) throw new OptionError(`${who} is ${shown(stored)}, expected { epochs, begin, losses, … }`);
  if (stored.rows === unbegun.rows && stored.batchSize === unbegun.batchSize) return "unbegun";
  const { epochs, begin, penalty, losses, divisors, metrics, rows, batchSize } = stored as Partial<StoredInterrupted>;
  checkSettings(who, stored);
  checkCount(`${who}.epochs`, epochs, 0, epoch);
  checkCount(`${who}.begin`, begin, 0, rows);
  if (begin! % batchSize! !== 0 && begin !== rows)
    throw new OptionError(`${who}.begin is ${begin}, expected a multiple of batchSize, ${batchSize}, or all ${rows} rows`);
  const steps = epochs! * Math.ceil(rows! / batchSize!) + Math.ceil(begin! / batchSize!);
  if (steps > step) throw new OptionError(`${who} has ${steps} steps, expected at most ${step}, all that the network has done`);
  const finite = { least: -Number.MAX_VALUE, most: Number.MAX_VALUE };
  checkNumber(`${who}.penalty`, penalty, finite);
  for (const [name, list] of Object.entries({ losses, divisors })) {
    if (!Array.isArray(list) || list.length !== outputs)
      throw new OptionError(`${who}.${name} is ${shown(list)}, expected an array of ${outputs}, one number an output`);
    for (const [i, sum] of list.entries()) checkNumber(`${who}.${name}[${i}]`, sum, finite);
  }
  if (!Array.isArray(metrics) || metrics.length !== metricNumbers)
    throw new OptionError(`${who}.metrics is ${shown(metrics)}, expected an array of ${metricNumbers}, one sum a metric`);
  const sums = metrics.map((sum: number | string) => nonFinite.get(sum) ?? sum);
  sums.forEach((sum, i) => {
    if (typeof sum !== "number") throw new OptionError(`${who}.metrics[${i}] is ${shown(sum)}, expected a number`);
  });
  return { ...(stored as unknown as Interrupted), metrics: sums as number[] };
}

/** @throws {OptionError} */
function checkCallback(who: string, stored: unknown): void {
  if (!isRecord(stored) || typeof stored.type !== "string") throw new OptionError(`${who} is ${shown(stored)}, expected { type, … }`);
  const { arrays = [] } = stored;
  if (!Array.isArray(arrays) || arrays.some((name) => typeof name !== "string"))
    throw new OptionError(`${who}.arrays is ${shown(arrays)}, expected an array of names`);
  if (stored.state !== undefined) checkPlain(`${who}.state`, stored.state);
}

/** Puts the optimizer's state and the position back, with its callbacks as far as it holds them.
 *  @throws {FormatError} if the file's state is not that of this network's optimizer; {OptionError} a field that no run has */
export function restoreTraining(model: Model, position: Position, { json, tensors }: StoredTraining): void {
  if (!isRecord(json)) throw new OptionError(`training.json is ${shown(json)}, expected { step, epoch, callbacks, … }`);
  const { step, epoch, ended, callbacks, schedule: followed } = json as unknown as TrainingJson;
  checkCount("training.json.step", step, 0, Number.MAX_SAFE_INTEGER);
  checkCount("training.json.epoch", epoch, 0, Number.MAX_SAFE_INTEGER);
  if (ended !== undefined) {
    if (!isRecord(ended)) throw new OptionError(`training.json.ended is ${shown(ended)}, expected { epochs, rows, batchSize, shuffle }`);
    checkCount("training.json.ended.epochs", ended.epochs);
    checkSettings("training.json.ended", ended);
  }
  if (!Array.isArray(callbacks)) throw new OptionError(`training.json.callbacks is ${shown(callbacks)}, expected an array`);
  callbacks.forEach((callback, i) => {
    checkCallback(`training.json.callbacks[${i}]`, callback);
  });
  const { objectives, optimizer } = model.definition;
  const interrupted =
    json.interrupted === undefined
      ? undefined
      : checkInterrupted("training.json.interrupted", json.interrupted, { step, epoch }, objectives.length, metricCount(objectives));
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const take = (name: string, shape: readonly number[] | undefined) => {
    const found = byName.get(name);
    if (!found || (shape && product(found.shape) !== product(shape)))
      throw new FormatError(`training lacks ${name}${shape ? ` [${shape.join(", ")}]` : ""}`);
    return found.values;
  };
  model.setSlots(model.slots().map(({ name, shape }) => take(`slot.${name}`, shape)));
  if (isObserver(optimizer.schedule)) optimizer.schedule.restore(followed!);
  const kept = callbacks.map(({ type, state, arrays = [] }: StoredCallback, i): Kept => {
    if (state === undefined) return { type };
    const saved = { json: state, arrays: Object.fromEntries(arrays.map((name) => [name, take(`callback.${i}.${name}`, undefined)])) };
    return { type, state: () => saved };
  });
  Object.assign(position, { step, epoch, interrupted, ended, callbacks: kept, loaded: true } satisfies Position);
}

/** The state that was kept for each callback: those of one type have theirs in their order.
 *  @throws {OptionError} if they are not those of the file the run was loaded from, of which nothing may be lost without a word */
export function statesFor(callbacks: readonly Callback[], { callbacks: kept, loaded }: Position): readonly (CallbackState | undefined)[] {
  const types = (list: readonly { readonly type: string }[]) => list.map(({ type }) => type).join(", ") || "none";
  if (loaded && types(kept) !== types(callbacks))
    throw new OptionError(`fit: resume: callbacks are ${types(callbacks)}, expected those of the saved run: ${types(kept)}`);
  const left = [...kept];
  return callbacks.map(({ type }) => {
    const at = left.findIndex((one) => one.type === type);
    return at < 0 ? undefined : left.splice(at, 1)[0]!.state?.();
  });
}
