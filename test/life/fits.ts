// Runs of fit, with all that may happen in them, from few numbers.
import fc from "fast-check";
import {
  type Callback,
  type CallbackState,
  type Data,
  type DataStream,
  earlyStopping,
  type FitOptions,
  type Network,
  type Progress,
  type Run,
} from "../../src/index.js";
import { type DataSpec, dataOf, dataSpec, type StreamSpec, streamOf, streamSpec } from "./data.js";
import { act, atOnce, bad, type Deed, deed } from "./deeds.js";
import type { Kind } from "./networks.js";
import { outcome, told } from "./told.js";

/** What a callback does once, in its run. */
export interface Incident {
  readonly at: "start" | "epoch" | "step" | "end";
  /** Which epoch or step of the run, from 0 on. */
  readonly index: number;
  readonly does: "stops" | "aborts" | "throws" | "shrinks the weights" | "sets bad weights" | "trains, too" | "disposes" | "acts";
  readonly deed: Deed;
}

export interface FitSpec {
  readonly data: DataSpec;
  readonly epochs: number;
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly validation: DataSpec | undefined;
  readonly stream: StreamSpec | undefined;
  readonly validationStream: StreamSpec | undefined;
  readonly earlyStopping: { readonly patience: number; readonly restoreBest: boolean } | undefined;
  readonly counts: boolean;
  readonly incidents: readonly Incident[];
  readonly chunkMilliseconds: number;
}

const incident: fc.Arbitrary<Incident> = fc.record({
  at: fc.constantFrom("start", "epoch", "epoch", "step", "step", "end"),
  index: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 30 })),
  does: fc.constantFrom(
    ...(["stops", "aborts", "throws", "shrinks the weights", "shrinks the weights", "shrinks the weights"] as const),
    ...(["sets bad weights", "trains, too", "disposes", "acts", "acts", "acts", "acts"] as const),
  ),
  deed,
});

/** In one of four. */
const rarely = <T>(given: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: given });

/** @param smooth nothing goes wrong in it, and no callback without state acts */
export const fitSpec = (smooth = false): fc.Arbitrary<FitSpec> =>
  fc.record({
    data: dataSpec(smooth ? ["nothing"] : bad),
    epochs: fc.integer({ min: 1, max: 4 }),
    batchSize: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 1200 })),
    shuffle: fc.boolean(),
    validation: rarely(dataSpec(smooth ? ["nothing"] : bad)),
    stream: rarely(streamSpec(!smooth)),
    validationStream: rarely(streamSpec(!smooth)),
    earlyStopping: rarely(fc.record({ patience: fc.integer({ min: 1, max: 2 }), restoreBest: fc.boolean() })),
    counts: fc.boolean(),
    incidents: smooth ? fc.constant([]) : fc.array(incident, { maxLength: 2 }),
    chunkMilliseconds: fc.constantFrom(1e-9, 0.05, 50),
  });

/** Chunks of one step, where what happens depends on where they end: with its rows a stream's fault comes before all steps of its chunk. */
export const stepwise = ({ incidents, stream }: FitSpec) => stream?.fault !== undefined || incidents.some(({ at }) => at === "step");

/** Steps of an epoch. */
export const perEpoch = (rows: number, batchSize: number) => Math.ceil(rows / Math.min(rows, batchSize));

/** What its callbacks have seen and met, in their order. */
export type Log = string[];

export interface Fit {
  readonly data: Data | DataStream;
  readonly options: FitOptions;
}

/** @param own replaces the specification's length of chunks where nothing depends on it */
export function fitOf(kind: Kind, spec: FitSpec, log: Log, own: { readonly chunkMilliseconds?: number } = {}): Fit {
  const { epochs, batchSize, incidents } = spec;
  const data = dataOf(kind, spec.data);
  const validation = spec.validation && dataOf(kind, spec.validation);
  const buffer = spec.shuffle ? Math.max(2, spec.stream?.buffer ?? 0) : 0;
  const abort = new AbortController();
  const callbacks = [
    ...(spec.earlyStopping ? [earlyStopping({ monitor: validation ? "validation.loss" : "loss", ...spec.earlyStopping })] : []),
    ...(spec.counts ? [counter(log)] : []),
    ...incidents.map((one) => callbackOf(kind, one, abort, log)),
  ];
  return {
    data: spec.stream ? streamOf(kind, data, { ...spec.stream, buffer }) : data,
    options: {
      ...{ epochs, batchSize, shuffle: spec.shuffle, signal: abort.signal, callbacks },
      chunkMilliseconds: stepwise(spec) ? 1e-9 : (own.chunkMilliseconds ?? spec.chunkMilliseconds),
      ...(validation && { validation: spec.validationStream ? streamOf(kind, validation, spec.validationStream) : validation }),
    },
  };
}

/** Has state: how many epochs it has seen. */
function counter(log: Log): Callback {
  let seen = 0;
  return {
    type: "counter",
    onEpochEnd: (epoch, index) => void log.push(`epoch ${index}, ${++seen} seen: ${told(epoch)}`),
    state: () => ({ json: seen, arrays: { twice: Float32Array.of(seen, seen) } }),
    restore: ({ json, arrays }: CallbackState) => {
      seen = json as number;
      log.push(`restored: ${told(arrays)}`);
    },
  };
}

function callbackOf(kind: Kind, { at, index, does, deed }: Incident, abort: AbortController, log: Log): Callback {
  const happen = async (run: Run) => {
    if (does === "throws") throw new Error("a callback is out of order");
    if (does === "stops") run.stop();
    if (does === "aborts") abort.abort();
    if (does === "shrinks the weights") run.setWeights(run.weights().map((w) => 0.8 * w));
    if (does === "sets bad weights") log.push(await outcome(() => run.setWeights(run.weights().fill(Number.NaN))));
    if (does === "trains, too") log.push(await outcome(() => run.net.fit(dataOf(kind, deed.data) as Data)));
    if (does === "disposes") log.push(await outcome(() => run.net.dispose()));
    if (does === "acts") log.push(await outcome(() => act(run.net, kind, deed)));
  };
  const type = `${does} at ${at} ${index}`;
  if (at === "start") return { type, onFitStart: happen };
  if (at === "end") return { type, onFitEnd: (_, run) => happen(run), onFitError: (_, run) => happen(run) };
  if (at === "epoch") return { type, onEpochEnd: (_, epoch, run) => (epoch === index ? happen(run) : undefined) };
  return {
    type,
    onChunkEnd: (progress, run) => {
      log.push(told(progress));
      return stepOf(progress) === index ? happen(run) : undefined;
    },
  };
}

/** Of the run, from 0 on. */
export const stepOf = ({ epoch, step, steps }: Progress) => (epoch - 1) * steps + step - 1;

/** Deeds of others while a network trains or reads: none of them may change it, or what it comes to. */
export const company = fc.array(atOnce(), { minLength: 1, maxLength: 3 });
export async function disturb(net: Network, kind: Kind, deeds: readonly Deed[], until: Promise<unknown>): Promise<void> {
  let ended = false;
  const over = until.then(
    () => {
      ended = true;
    },
    () => {
      ended = true;
    },
  );
  for (let i = 0; !ended && i < 50; ++i) {
    // Not for the first one, which comes before the first step.
    if (i > 0) await new Promise((resolve) => setImmediate(resolve));
    if (!ended) await outcome(() => act(net, kind, deeds[i % deeds.length]!));
  }
  await over;
}
