import { expect, test } from "vitest";
import {
  adam,
  type Callback,
  dense,
  dropout,
  earlyStopping,
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

test("resuming says what does not fit", async () => {
  const bytes = await interruptAfter(await make("adam"), 7);
  const net = await loadNetwork(bytes);
  const before = net.weightsHash();
  const resume = (changes: object, over = data) => net.fit(over, { ...options, resume: true, ...changes });
  await expect(resume({ batchSize: 8 })).rejects.toThrow(/the interrupted run had batches of 16, got 8/);
  await expect(resume({ shuffle: false })).rejects.toThrow(/had shuffle true, got false/);
  await expect(resume({ epochs: 1 })).rejects.toThrow(/epochs is 1, but the interrupted run has done 1/);
  await expect(resume({ callbacks: [earlyStopping()] })).rejects.toThrow(
    /callbacks are earlyStopping, expected those of the saved run: none/,
  );
  await expect(resume({}, { inputs: inputs.slice(1), targets: data.targets.slice(1) })).rejects.toThrow(/had 70 rows, got 69/);
  await expect((await make("adam")).fit(data, { ...options, resume: true })).rejects.toThrow(OptionError);
  expect(net.weightsHash()).toBe(before);
  await expect(resume({})).resolves.toMatchObject({ stopped: false });
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
