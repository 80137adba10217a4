import { describe, expect, test, vi } from "vitest";
import { decode, encode, type StoredTraining } from "../src/formats/native.js";
import {
  adam,
  type Callback,
  type CallbackState,
  customMetric,
  dataset,
  dense,
  dropout,
  earlyStopping,
  FormatError,
  loadNetwork,
  type Network,
  network,
  OptionError,
  rmsprop,
  schedules,
  sgd,
  sparseCategoricalCrossEntropy,
} from "../src/index.js";
import { numbers } from "./cases.js";
import { modelOf } from "./internals.js";
import { any, thrownBy } from "./refusals.js";

const next = numbers(3);
const inputs = Array.from({ length: 70 }, () => Array.from({ length: 5 }, () => next() - 0.5));
const data = { inputs, targets: inputs.map((row) => (row[0]! + row[1]! > 0 ? 1 : row[2]! > 0 ? 2 : 0)) };
const optimizers = {
  sgd: sgd({ learningRate: 0.1, momentum: 0.9 }),
  adam: adam({ learningRate: 0.01 }),
  rmsprop: rmsprop({ momentum: 0.5 }),
};
const make = (optimizer: keyof typeof optimizers) =>
  network({
    input: 5,
    layers: [dense(11, { activation: "relu" }), dropout(0.3), dense(3)],
    loss: sparseCategoricalCrossEntropy({ fromLogits: true }),
    optimizer: optimizers[optimizer],
    metrics: ["accuracy"],
    seed: 11,
  });
// 70 rows in batches of 16: 5 steps an epoch, the last of 6 rows.
const options = { epochs: 8, batchSize: 16 } as const;
const STEPS = 40;

/** Stops after so many steps: chunks of one step, each too slow for its budget. */
async function interruptAfter(net: Network, steps: number): Promise<Uint8Array> {
  const controller = new AbortController();
  let saved: Uint8Array | undefined;
  await net.fit(data, {
    ...options,
    chunkMilliseconds: 1e-9,
    signal: controller.signal,
    onProgress: () => {
      if (net.steps !== steps) return;
      controller.abort();
      saved = net.save({ training: true });
    },
  });
  return saved!;
}

test.each(Object.keys(optimizers) as (keyof typeof optimizers)[])(
  "%s: a run resumed after any of 20 random steps ends with the weights, history and results of one that was not interrupted",
  async (optimizer) => {
    const whole = await make(optimizer);
    const { epochs } = await whole.fit(data, options);
    const pick = numbers(5);
    const points = new Set<number>();
    while (points.size < 20) points.add(1 + Math.floor(pick() * (STEPS - 1)));
    for (const steps of points) {
      const bytes = await interruptAfter(await make(optimizer), steps);
      const net = await loadNetwork(bytes);
      expect(net.steps).toBe(steps);
      const resumed = await net.fit(data, { ...options, resume: true });
      expect({ steps, hash: net.weightsHash() }).toEqual({ steps, hash: whole.weightsHash() });
      const rest = epochs.slice(epochs.length - resumed.epochs.length);
      expect(resumed.epochs.map(({ loss, metrics }) => ({ loss, metrics }))).toEqual(rest.map(({ loss, metrics }) => ({ loss, metrics })));
    }
  },
);

test("early stopping keeps its patience and its best weights over an interruption", async () => {
  const stopping = () => earlyStopping({ monitor: "loss", patience: 2, minDelta: 0.05 });
  const whole = await make("sgd");
  const history = await whole.fit(data, { ...options, epochs: 50, callbacks: [stopping()] });
  expect(history.stopped).toBe("callback");
  const half = await make("sgd");
  const controller = new AbortController();
  const stopAt: Callback = { type: "stopAt", onEpochEnd: (_, index) => void (index === history.epochs.length - 2 && controller.abort()) };
  let bytes: Uint8Array = new Uint8Array();
  const keep: Callback = {
    type: "keep",
    onChunkEnd: (_, { net }) => {
      bytes = net.save({ training: true });
    },
  };
  await half.fit(data, { ...options, epochs: 50, callbacks: [stopping(), stopAt, keep], signal: controller.signal });
  const net = await loadNetwork(bytes);
  expect(net.interrupted?.withoutState).toEqual(["stopAt", "keep"]);
  await net.fit(data, { ...options, epochs: 50, resume: true, callbacks: [stopping(), { type: "stopAt" }, { type: "keep" }] });
  expect(net.weightsHash()).toBe(whole.weightsHash());
});

test("a run that was loaded and saved again is the same file", async () => {
  const net = await make("adam");
  const kept: Callback = { type: "kept", state: () => ({ json: { at: 3 }, arrays: { best: Float32Array.of(1, 2) } }), restore: () => {} };
  const controller = new AbortController();
  const callbacks = [kept, { type: "other" }];
  const stop = { onProgress: () => net.steps >= 7 && controller.abort(), signal: controller.signal, chunkMilliseconds: 1e-9 };
  await net.fit(data, { ...options, callbacks, ...stop });
  const bytes = net.save({ training: true });
  const again = await loadNetwork(bytes);
  expect(again.save({ training: true })).toEqual(bytes);
  expect(again.interrupted).toEqual(net.interrupted);
  expect(again.interrupted!.withoutState).toEqual(["other"]);
});

test("what onEpochEnd saves holds what callbacks made of that epoch", async () => {
  const options = { epochs: 50, batchSize: 16 } as const;
  const stopping = () => earlyStopping({ monitor: "loss", patience: 2, minDelta: 0.05 });
  const saved: Uint8Array[] = [];
  const whole = await make("sgd");
  const history = await whole.fit(data, {
    ...options,
    callbacks: [stopping()],
    onEpochEnd: () => saved.push(whole.save({ training: true })),
  });
  expect(history.stopped).toBe("callback");
  for (const bytes of saved) {
    const net = await loadNetwork(bytes);
    const resumed = await net.fit(data, { ...options, callbacks: [stopping()], resume: true });
    expect([resumed.stopped, net.weightsHash(), net.steps]).toEqual(["callback", whole.weightsHash(), whole.steps]);
  }
});

test("a run over data at hand is not resumed over a stream that is shuffled otherwise, nor the reverse", async () => {
  const stream = dataset.stream(() => inputs.map((input, i) => ({ input, target: data.targets[i]! })), { shuffleBuffer: 20 });
  const stopped = async (over: typeof data | typeof stream) => {
    const net = await make("sgd");
    const stop = new AbortController();
    await net.fit(over, { ...options, chunkMilliseconds: 1e-9, signal: stop.signal, onProgress: () => stop.abort() });
    return net;
  };
  const resume = { ...options, resume: true };
  await expect((await stopped(data)).fit(stream, resume)).rejects.toThrow("got a shuffleBuffer of 20, expected all rows shuffled");
  await expect((await stopped(stream)).fit(data, resume)).rejects.toThrow("got all rows shuffled, expected a shuffleBuffer of 20");
});

test("resuming says what does not fit", async () => {
  const bytes = await interruptAfter(await make("adam"), 7);
  const net = await loadNetwork(bytes);
  const before = net.weightsHash();
  const resume = (changes: object, over = data) => net.fit(over, { ...options, resume: true, ...changes });
  await expect(resume({ batchSize: 8 })).rejects.toThrow(/^fit: resume: got batches of 8, expected 16, as in the interrupted run$/);
  await expect(resume({ shuffle: false })).rejects.toThrow(/^fit: resume: got shuffle false, expected true, /);
  await expect(resume({ epochs: 1 })).rejects.toThrow(
    "fit: resume: epochs is 1, but the interrupted run has done 1 and 32 rows; epochs counts from its beginning",
  );
  await expect(resume({ callbacks: [earlyStopping()] })).rejects.toThrow(
    /callbacks are earlyStopping, expected those of the saved run: none/,
  );
  await expect(resume({}, { inputs: inputs.slice(1), targets: data.targets.slice(1) })).rejects.toThrow(
    /^fit: resume: got 69 rows, expected 70, /,
  );
  await expect((await make("adam")).fit(data, { ...options, resume: true })).rejects.toThrow(OptionError);
  expect(net.weightsHash()).toBe(before);
  await expect(resume({})).resolves.toMatchObject({ stopped: false });
});

test("a run that has ended has nothing left to do, from a file as well, until the network is trained otherwise", async () => {
  const stop: Callback = { type: "stop", onEpochEnd: (_, index, run) => void (index === 2 && run.stop()) };
  for (const callbacks of [[], [stop]]) {
    const net = await make("adam");
    const { stopped } = await net.fit(data, { ...options, callbacks });
    expect([stopped, net.steps]).toEqual(callbacks.length > 0 ? ["callback", 15] : [false, STEPS]);
    const loaded = await loadNetwork(net.save({ training: true }));
    const hash = net.weightsHash();
    for (const ended of [net, loaded]) {
      const called: string[] = [];
      const watch: Callback = { type: "watch", onFitStart: () => void called.push("start"), onFitEnd: () => void called.push("end") };
      const again = { ...options, resume: true, callbacks: [...callbacks, watch] };
      expect(await ended.fit(data, again)).toEqual({ epochs: [], stopped: false });
      expect([ended.weightsHash(), ended.interrupted, called]).toEqual([hash, undefined, []]);
      await expect(ended.fit(data, { ...again, epochs: 9 })).rejects.toThrow(
        "fit: resume: epochs is 9, but the run was for 8 and has ended; without resume, fit trains for more",
      );
      const others = { inputs: inputs.slice(1), targets: data.targets.slice(1) };
      await expect(ended.fit(others, again)).rejects.toThrow("fit: resume: got 69 rows, expected 70, as in the run that has ended");
      await expect(ended.fit(data, { ...again, batchSize: 8 })).rejects.toThrow("got batches of 8, expected 16");
      await expect(ended.fit(data, { ...again, shuffle: false })).rejects.toThrow("got shuffle false, expected true");
      ended.trainOnBatch(inputs, data.targets);
      await expect(ended.fit(data, again)).rejects.toThrow("no interrupted run");
    }
  }
});

test("a run whose end failed has not ended, and cannot be resumed", async () => {
  const net = await make("adam");
  const onFitEnd = () => {
    throw new Error("the disk is full");
  };
  await expect(net.fit(data, { ...options, callbacks: [{ type: "fails", onFitEnd }] })).rejects.toThrow("the disk is full");
  await expect(net.fit(data, { ...options, resume: true })).rejects.toThrow("no interrupted run");
});

test("a run that was interrupted is not resumed after other steps, but after a step that failed", async () => {
  const net = await loadNetwork(await interruptAfter(await make("adam"), 7));
  expect(() => net.trainOnBatch([[1]], [0])).toThrow();
  expect(net.interrupted).toBeDefined();
  net.trainOnBatch(inputs, data.targets);
  expect(net.interrupted).toBeUndefined();
  await expect(net.fit(data, { ...options, resume: true })).rejects.toThrow("until trainOnBatch trains it otherwise");
});

test("a list of rates that is too short is refused before the first step", async () => {
  const net = await network({
    input: 5,
    layers: [dense(3)],
    loss: sparseCategoricalCrossEntropy({ fromLogits: true }),
    optimizer: sgd({ learningRate: schedules.list({ rates: new Array(9).fill(0.1) }) }),
    seed: 1,
  });
  await expect(net.fit(data, { epochs: 2, batchSize: 16 })).rejects.toThrow(
    /list: rates has 9, expected one for each update; update 10 was asked for/,
  );
  expect(net.steps).toBe(0);
  await net.fit(data, { epochs: 1, batchSize: 16 });
  expect(net.steps).toBe(5);
  const controller = new AbortController();
  await net.fit(data, {
    ...{ epochs: 1, batchSize: 18, chunkMilliseconds: 1e-9, signal: controller.signal },
    onProgress: () => controller.abort(),
  });
  expect(net.steps).toBe(6);
  await expect(net.fit(data, { epochs: 2, batchSize: 18, resume: true })).rejects.toThrow(/update 13 was asked for/);
  expect(net.steps).toBe(6);
  await net.fit(data, { epochs: 1, batchSize: 18, resume: true });
  expect(net.steps).toBe(9);
});

test("a rate that follows the loss goes on where it was", async () => {
  const following = () =>
    network({
      input: 5,
      layers: [dense(11, { activation: "relu" }), dense(3)],
      loss: sparseCategoricalCrossEntropy({ fromLogits: true }),
      optimizer: sgd({
        learningRate: schedules.reduceOnPlateau({ base: 0.5, patience: 0, threshold: 0.2, factor: 0.5 }),
        ema: { decay: 0.9 },
      }),
      seed: 11,
    });
  const whole = await following();
  await whole.fit(data, options);
  const plain = await network({
    input: 5,
    layers: [dense(11, { activation: "relu" }), dense(3)],
    loss: sparseCategoricalCrossEntropy({ fromLogits: true }),
    optimizer: sgd({ learningRate: 0.5, ema: { decay: 0.9 } }),
    seed: 11,
  });
  await plain.fit(data, options);
  expect(whole.weightsHash()).not.toBe(plain.weightsHash());
  const net = await loadNetwork(await interruptAfter(await following(), 23));
  await net.fit(data, { ...options, resume: true });
  expect(net.weightsHash()).toBe(whole.weightsHash());
  const averaged = net.withAverage(() => net.weightsHash());
  expect(averaged).toBe(whole.withAverage(() => whole.weightsHash()));
  expect(averaged).not.toBe(net.weightsHash());
  expect(net.weightsHash()).toBe(whole.weightsHash());
});

const small = { input: 5, layers: [dense(3)], loss: sparseCategoricalCrossEntropy({ fromLogits: true }), seed: 1 };

test("a metric that is no number is kept, too", async () => {
  const log = customMetric("log", {}, (g, p) => g.mean(g.log(g.sub(g.mul(p, 0), 1))));
  const net = await network({ ...small, metrics: [log], seed: 1 });
  const controller = new AbortController();
  const one = { epochs: 1, batchSize: 16 };
  await net.fit(data, { ...one, chunkMilliseconds: 1e-9, signal: controller.signal, onProgress: () => controller.abort() });
  const loaded = await loadNetwork(net.save({ training: true }), { custom: { log: () => log } });
  const { epochs } = await loaded.fit(data, { ...one, resume: true });
  expect(epochs[0]!.metrics).toEqual({ log: Number.NaN });
});

describe("what a callback keeps", () => {
  /** Saves while a callback with such a state is at work. */
  const saving = async (state: unknown) => {
    const net = await network(small);
    let saved: Uint8Array = new Uint8Array();
    const save: Callback = {
      type: "mine",
      state: () => any(state),
      restore: () => {},
      onChunkEnd: () => {
        saved = net.save({ training: true });
      },
    };
    await net.fit(data, { callbacks: [save] });
    return saved;
  };

  test.each<[string, CallbackState, CallbackState?]>([
    [
      "an empty array, one with NaN, and data",
      { json: { a: [1, null, "b"] }, arrays: { none: new Float32Array(), some: Float32Array.of(1.5, Number.NaN) } },
    ],
    ["arrays alone", { arrays: { some: Float32Array.of(1.5) } }, { json: null, arrays: { some: Float32Array.of(1.5) } }],
    ["nothing, which is told nevertheless", {}, { json: null, arrays: {} }],
  ])("comes back: %s", async (_, state, expected = state) => {
    const net = await loadNetwork(await saving(state));
    let restored: CallbackState | undefined;
    const mine: Callback = {
      type: "mine",
      state: () => ({}),
      restore: (given) => {
        restored = given;
      },
    };
    await net.fit(data, { epochs: 2, resume: true, callbacks: [mine] });
    expect(restored).toEqual(expected);
  });

  test.each<[string, unknown, RegExp]>([
    ["nothing", undefined, /^save: callbacks\[0\] \(mine\): state\(\) is undefined, expected \{ json, arrays \}$/],
    ["a promise", Promise.resolve({}), /state\(\) is a Promise/],
    ["another field", { best: 3 }, /state\(\) has "best", expected json and arrays alone/],
    ["a bigint", { json: 5n }, /state\(\): json is 5n, expected plain data/],
    ["a Map", { json: { seen: new Map() } }, /state\(\): json: seen is a Map, expected plain data/],
    ["a function", { json: [() => 1] }, /state\(\): json: 0 is a function, expected plain data/],
    ["NaN", { json: { best: Number.NaN } }, /state\(\): json: best is NaN, expected plain data/],
    ["a Promise of data", { json: Promise.resolve(1) }, /state\(\): json is a Promise, expected plain data/],
    ["a list of arrays", { arrays: [new Float32Array(1)] }, /state\(\): arrays is an array of 1, expected an object of Float32Arrays/],
    ["text for an array", { arrays: { a: "abc" } }, /state\(\): arrays: a is "abc", expected a Float32Array/],
    ["float64", { arrays: { a: new Float64Array([1e300]) } }, /state\(\): arrays: a is Float64Array\(1\), expected a Float32Array/],
  ])("may not be %s", async (_, state, message) => {
    const error = await thrownBy(() => saving(state));
    expect(error).toBeInstanceOf(OptionError);
    expect((error as Error).message).toMatch(message);
  });
});

describe("a run in a file", () => {
  // After 7 steps of 5 an epoch: one epoch and 32 rows.
  const saved = (async () => decode(await interruptAfter(await make("adam"), 7)))();
  type Json = { readonly interrupted: object; readonly callbacks: readonly unknown[] };
  const load = async (change: (json: Json) => unknown) => {
    const { training, ...rest } = await saved;
    const { json, tensors } = training as StoredTraining;
    return loadNetwork(encode({ ...rest, training: { json: change(json as Json), tensors } }));
  };
  const interrupted = (changes: object) => (json: Json) => ({ ...json, interrupted: { ...json.interrupted, ...changes } });

  test("that is not changed goes on", async () => {
    const net = await load((json) => json);
    expect(net.interrupted?.epochs).toBe(1);
    await net.fit(data, { ...options, resume: true });
    expect(net.steps).toBe(STEPS);
  });

  test("that has not begun goes through no rows, in old files and new ones, and begins", async () => {
    const none = { epochs: 0, begin: 0, penalty: 0, losses: [], divisors: [], metrics: [], rows: 0, batchSize: 0, shuffle: false };
    const net = await load((json) => ({ ...json, interrupted: none }));
    expect(net.interrupted).toEqual({ epochs: 0, withoutState: [] });
    expect((decode(net.save({ training: true })).training!.json as Json).interrupted).toEqual(none);
    const seen: boolean[] = [];
    const started: Callback = { type: "started", onFitStart: ({ resumed }) => void seen.push(resumed) };
    await net.fit(data, { ...options, callbacks: [started], resume: true });
    expect([seen, net.steps]).toEqual([[false], 7 + STEPS]);
  });

  test.each<[string, (json: Json) => unknown, RegExp]>([
    ["no object", () => null, /training.json is null, expected \{ step, epoch, callbacks, … \}/],
    ["an end that is none", (json) => ({ ...json, ended: 8 }), /training.json.ended is 8, expected \{ epochs, rows/],
    ["an end after no epochs", (json) => ({ ...json, ended: { epochs: 0 } }), /training.json.ended.epochs is 0, expected/],
    ["an end without rows", (json) => ({ ...json, ended: { epochs: 1 } }), /training.json.ended.rows is undefined, expected/],
    ["half a step", (json) => ({ ...json, step: 1.5 }), /training.json.step is 1.5, expected a whole number/],
    ["an epoch as text", (json) => ({ ...json, epoch: "1" }), /training.json.epoch is "1", expected a whole number/],
    ["no callbacks", (json) => ({ ...json, callbacks: undefined }), /training.json.callbacks is undefined, expected an array/],
    ["a callback of null", (json) => ({ ...json, callbacks: [null] }), /training.json.callbacks\[0\] is null, expected \{ type, … \}/],
    [
      "a callback without type",
      (json) => ({ ...json, callbacks: [{}] }),
      /training.json.callbacks\[0\] is an object \{\}, expected \{ type, … \}/,
    ],
    [
      "a number for arrays",
      (json) => ({ ...json, callbacks: [{ type: "a", arrays: 1 }] }),
      /callbacks\[0\].arrays is 1, expected an array of/,
    ],
    [
      "arrays that are no names",
      (json) => ({ ...json, callbacks: [{ type: "a", arrays: [1] }] }),
      /training.json.callbacks\[0\].arrays is an array of 1, expected an array of names/,
    ],
    ["interrupted: null", (json) => ({ ...json, interrupted: null }), /training.json.interrupted is null, expected \{ epochs, begin/],
    ["begin before the first row", interrupted({ begin: -1 }), /interrupted.begin is -1, expected a whole number from 0 to 70/],
    ["begin far before it", interrupted({ begin: -1e9 }), /interrupted.begin is -1000000000/],
    ["half a row", interrupted({ begin: 1.5 }), /interrupted.begin is 1.5/],
    ["begin within a batch", interrupted({ begin: 8 }), /interrupted.begin is 8, expected a multiple of batchSize, 16, or all 70 rows/],
    ["begin past the last row", interrupted({ begin: 80 }), /interrupted.begin is 80/],
    ["an epoch that was not finished", interrupted({ begin: 70 }), /interrupted has 10 steps, expected at most 7/],
    ["begin as text", interrupted({ begin: "16" }), /interrupted.begin is "16"/],
    ["epochs below 0", interrupted({ epochs: -1 }), /interrupted.epochs is -1, expected a whole number from 0 to 1/],
    ["half an epoch", interrupted({ epochs: 0.5 }), /interrupted.epochs is 0.5/],
    ["epochs as text", interrupted({ epochs: "1" }), /interrupted.epochs is "1"/],
    ["epochs that were not trained", interrupted({ epochs: 2 }), /interrupted.epochs is 2/],
    ["steps that were not made", interrupted({ begin: 48 }), /interrupted has 8 steps, expected at most 7/],
    ["no rows", interrupted({ rows: 0 }), /interrupted.rows is 0/],
    ["batches of no rows", interrupted({ batchSize: 0 }), /interrupted.batchSize is 0, expected a whole number from 1 to 70/],
    ["batches of more than the rows", interrupted({ batchSize: 71 }), /interrupted.batchSize is 71, expected a whole number from 1 to 70/],
    ["no losses", interrupted({ losses: undefined }), /interrupted.losses is undefined, expected an array of 1, one number an output/],
    ["a loss of null", interrupted({ losses: [null] }), /interrupted.losses\[0\] is null, expected a finite number/],
    ["a divisor too many", interrupted({ divisors: [1, 2] }), /interrupted.divisors is an array of 2, expected an array of 1/],
    ["a penalty as text", interrupted({ penalty: "0" }), /interrupted.penalty is "0", expected a finite number/],
    ["no metrics", interrupted({ metrics: null }), /interrupted.metrics is null, expected an array of 1/],
    ["a metric too many", interrupted({ metrics: [1, 2] }), /interrupted.metrics is an array of 2, expected an array of 1/],
    ["a metric of null", interrupted({ metrics: [null] }), /interrupted.metrics\[0\] is null, expected a number/],
    ["a metric as text", interrupted({ metrics: ["1"] }), /interrupted.metrics\[0\] is "1"/],
    ["shuffle as a number", interrupted({ shuffle: 1 }), /interrupted.shuffle is 1, expected true or false/],
    ["a shuffleBuffer of null", interrupted({ shuffleBuffer: null }), /interrupted.shuffleBuffer is null/],
  ])("is refused with %s", async (_, change, message) => {
    const error = await thrownBy(() => load(change));
    expect(error).toBeInstanceOf(FormatError);
    expect((error as Error).message).toMatch(message);
  });

  test("without a tensor of the optimizer's or of a callback's, or with one of another size, is refused", async () => {
    const { training, ...rest } = await saved;
    const { json, tensors } = training as StoredTraining;
    const load = (tensors: StoredTraining["tensors"], more = {}) =>
      loadNetwork(encode({ ...rest, training: { json: { ...(json as Json), ...more }, tensors } }));
    const [first, ...others] = tensors;
    const error = new FormatError("saved network: training lacks slot.m.dense_1.weight [5, 11]");
    await expect(load(others)).rejects.toThrow(error);
    await expect(load([{ ...first!, shape: [5, 10], values: first!.values.subarray(0, 50) }, ...others])).rejects.toThrow(error);
    const callbacks = [{ type: "own", state: 1, arrays: ["best"] }];
    await expect(load(tensors, { callbacks })).rejects.toThrow(new FormatError("saved network: training lacks callback.0.best"));
  });

  test("has callbacks' states as they were when the run stopped, and says when it is saved what is wrong with one", async () => {
    const state = { json: { at: 1 }, arrays: { best: Float32Array.of(1) } };
    let given: unknown = state;
    const own: Callback = { type: "own", state: () => any(given), restore: () => {} };
    const stopped = async () => {
      const net = await make("sgd");
      const stop = new AbortController();
      await net.fit(data, { ...options, callbacks: [own], chunkMilliseconds: 1e-9, signal: stop.signal, onProgress: () => stop.abort() });
      return net;
    };
    const net = await stopped();
    state.json.at = 2;
    state.arrays.best[0] = 2;
    const { json, tensors } = decode(net.save({ training: true })).training!;
    expect((json as Json).callbacks).toEqual([{ type: "own", state: { at: 1 }, arrays: ["best"] }]);
    expect([...tensors.at(-1)!.values]).toEqual([1]);
    given = 5;
    const bad = await stopped();
    expect(() => bad.save({ training: true })).toThrow("save: callbacks[0] (own): state() is 5, expected { json, arrays }");
  });

  test("gives callbacks of one type their states in their order", async () => {
    const restored: unknown[] = [];
    const own = (type: string, value: number): Callback => ({
      type,
      state: () => ({ json: value }),
      restore: ({ json }) => void restored.push([type, value, json]),
    });
    const net = await make("sgd");
    const stop = new AbortController();
    const callbacks = [own("a", 1), own("a", 2), own("b", 3), own("a", 4)];
    await net.fit(data, { ...options, callbacks, chunkMilliseconds: 1e-9, signal: stop.signal, onProgress: () => stop.abort() });
    const loaded = await loadNetwork(net.save({ training: true }));
    await loaded.fit(data, { ...options, callbacks: [own("a", 5), own("a", 6), own("b", 7), own("a", 8)], resume: true });
    // biome-ignore format: one a line
    expect(restored).toEqual([["a", 5, 1], ["a", 6, 2], ["b", 7, 3], ["a", 8, 4]]);
  });

  test("without the state of the schedule that follows the loss is refused", async () => {
    const net = await network({ ...small, optimizer: sgd({ learningRate: schedules.reduceOnPlateau() }) });
    const { training, ...rest } = decode(net.save({ training: true }));
    const { schedule, ...json } = training!.json as { readonly schedule: unknown };
    expect(schedule).toBeDefined();
    await expect(loadNetwork(encode({ ...rest, training: { ...training!, json } }))).rejects.toThrow(
      /reduceOnPlateau: state: options are undefined/,
    );
  });
});

test("the event loop turns within a validation, to the same bits; a signal is heard there, and the run goes on with that validation", async () => {
  // Of four slices.
  const many = Array.from({ length: 1000 }, (_, i) => inputs[i % 70]!);
  const validation = { inputs: many, targets: many.map((_, i) => data.targets[i % 70]!) };
  const whole = await make("adam");
  const { epochs } = await whole.fit(data, { ...options, validation });
  const net = await make("adam");
  const given = { ...options, validation, chunkMilliseconds: 1e-9 };
  const controller = new AbortController();
  let turns = 0;
  const model = modelOf(net);
  const run = model.run.bind(model);
  vi.spyOn(model, "run").mockImplementation((plan, steps) => {
    // Whatever else comes to the event loop may look at the network.
    if (plan.purpose === "evaluate")
      setImmediate(() => {
        turns += 1;
        net.predict(inputs.slice(0, 3));
        if (turns === 6) controller.abort();
      });
    return run(plan, steps);
  });
  const first = await net.fit(data, { ...given, signal: controller.signal });
  expect([first.stopped, first.epochs.length, turns]).toEqual(["signal", 1, 6]);
  const saved = net.save({ training: true });
  vi.restoreAllMocks();
  for (const resumed of [net, await loadNetwork(saved)]) {
    const rest = await resumed.fit(data, { ...given, resume: true });
    const numbers = (list: typeof epochs) => list.map(({ loss, metrics, validation }) => ({ loss, metrics, validation }));
    expect(numbers([...first.epochs, ...rest.epochs])).toEqual(numbers(epochs));
    expect(resumed.weightsHash()).toBe(whole.weightsHash());
  }
});
