// The end of an epoch: validation, the schedule that follows it, callbacks, fit's own function. Where one of them throws, the run is resumed
// to what it would have been.
import { describe, expect, test } from "vitest";
import * as cr from "../src/index.js";
import { numbers } from "./cases.js";

const next = numbers(6);
const inputs = Array.from({ length: 38 }, () => Array.from({ length: 4 }, () => next() - 0.5));
const targets = inputs.map((row) => (row[0]! + row[1]! > 0 ? 1 : row[2]! > 0 ? 2 : 0));
const sampleWeights = inputs.map((_, i) => i % 4);
const data = { inputs, targets, sampleWeights };
// 38 rows in batches of 8: 5 steps an epoch, the last of 6 rows.
const EPOCHS = 6;
const sources = {
  arrays: { data, shuffle: true },
  "a stream": { data: cr.dataset.stream(() => [data], { shuffleBuffer: 10 }), shuffle: true },
  "a stream in its order": { data: cr.dataset.stream(() => [data]), shuffle: false },
} as const;

const make = () =>
  cr.network({
    input: 4,
    layers: [cr.dense(9, { activation: "tanh" }), cr.dropout(0.2), cr.dense(3)],
    loss: cr.sparseCategoricalCrossEntropy({ fromLogits: true }),
    optimizer: cr.sgd({ learningRate: cr.schedules.reduceOnPlateau({ base: 0.5, patience: 0, threshold: 0.05, factor: 0.5 }) }),
    metrics: ["accuracy"],
    seed: 5,
  });

/** Validation data; its reading of that number breaks off. */
function breaking(reading: number): cr.DataStream {
  let begun = 0;
  return cr.dataset.stream(function* () {
    yield { inputs: inputs.slice(0, 5), targets: targets.slice(0, 5) };
    // fit tries the first item of each stream.
    if (begun++ === reading) throw new RangeError("broken off");
    yield { inputs: inputs.slice(5, 20), targets: targets.slice(5, 20) };
  });
}

/** Remembers the epochs it saw, and throws at one of them. */
function witness(epoch: number, keeps = true): cr.Callback & { readonly seen: number[] } {
  const seen: number[] = [];
  let fails = epoch >= 0;
  return {
    type: "witness",
    seen,
    onEpochEnd: (_, index) => {
      if (fails && index === epoch) {
        fails = false;
        throw new RangeError("broken off");
      }
      seen.push(index);
    },
    ...(keeps && {
      state: () => ({ json: seen }),
      restore: ({ json }) => {
        seen.splice(0, seen.length, ...(json as number[]));
      },
    }),
  };
}

const numbersOf = (epochs: readonly cr.Epoch[]) => epochs.map(({ seconds, ...epoch }) => epoch);
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

/** Of a whole run and of one that was broken off: what makes the difference at `epoch`. */
interface Break {
  readonly validation?: number;
  readonly before?: number;
  readonly after?: number;
  readonly own?: number;
  readonly progress?: number;
  /** Must the epoch be closed when the run is resumed? */
  readonly left?: boolean;
}
const breaks: Readonly<Record<string, (epoch: number) => Break>> = {
  "validation data": (epoch) => ({ validation: epoch, left: true }),
  "a callback before others": (epoch) => ({ before: epoch }),
  "a callback after others": (epoch) => ({ after: epoch }),
  "fit's onEpochEnd": (epoch) => ({ own: epoch }),
  "fit's onProgress": (epoch) => ({ progress: epoch }),
};

const fitting = (source: keyof typeof sources, at: Break, stopping: cr.EarlyStoppingOptions) => {
  const [before, after] = [witness(at.before ?? -1), witness(at.after ?? -1)];
  const own = witness(at.own ?? -1, false);
  let pending = at.progress ?? -1;
  const options: cr.FitOptions = {
    epochs: EPOCHS,
    batchSize: 8,
    shuffle: sources[source].shuffle,
    validation: breaking(at.validation ?? -1),
    callbacks: [before, cr.earlyStopping(stopping), after],
    onEpochEnd: (epoch, index) => own.onEpochEnd!(epoch, index, undefined as never),
    onProgress: ({ epoch, step, steps, samplesPerSecond }) => {
      expect(samplesPerSecond).toBeGreaterThan(0);
      if (epoch - 1 !== pending || step < steps) return;
      pending = -1;
      throw new RangeError("broken off");
    },
  };
  return { before, after, own, options };
};

describe.each(Object.keys(sources) as (keyof typeof sources)[])("of %s", (source) => {
  const { data: rows } = sources[source];
  describe.each(Object.entries(breaks))("a run that %s broke off", (_, breakAt) => {
    test.each<readonly [string, number, cr.EarlyStoppingOptions, number]>([
      ["in the first epoch", 0, { patience: 4 }, EPOCHS],
      ["in the middle", 2, { patience: 4 }, EPOCHS],
      ["in the last epoch", EPOCHS - 1, { patience: 4, minDelta: 0.05 }, EPOCHS],
      ["before the epoch in which early stopping ends it", 1, { patience: 2, minDelta: 9 }, 3],
      ["in the epoch in which early stopping ends it", 2, { patience: 2, minDelta: 9 }, 3],
    ])("%s ends as one that was not", async (_, epoch, stopping, length) => {
      const whole = await make();
      const history = await whole.fit(rows, fitting(source, {}, stopping).options);
      expect(history.epochs).toHaveLength(length);

      const at = breakAt(epoch);
      for (const loads of [false, true]) {
        let net = await make();
        let run = fitting(source, at, stopping);
        await expect(net.fit(rows, run.options)).rejects.toThrow(new RangeError("broken off"));
        const closed = epoch + (at.left ? 0 : 1);
        expect(net.interrupted!.epochs).toBe(closed);
        const { own } = run;
        if (loads) {
          net = await cr.loadNetwork(net.save({ training: true }));
          run = fitting(source, {}, stopping);
        }
        const rest = await net.fit(rows, { ...run.options, resume: true });
        expect(net.weightsHash()).toBe(whole.weightsHash());
        expect(rest.stopped).toBe(history.stopped);
        expect(numbersOf(rest.epochs)).toEqual(numbersOf(history.epochs.slice(closed)));
        // Once, but for what threw.
        const without = (failed: number | undefined) => upTo(length).filter((index) => index !== failed);
        expect([run.before.seen, run.after.seen]).toEqual([without(at.before), without(at.after)]);
        expect(loads ? [...own.seen, ...run.own.seen] : own.seen).toEqual(without(at.own));
      }
    });
  });
});

test("validation that fails again leaves the run as it was, and without it the epoch is closed, too", async () => {
  const whole = await make();
  const plain = { epochs: 3, batchSize: 8 } as const;
  const { epochs } = await whole.fit(data, plain);
  const net = await make();
  const validation = cr.dataset.stream(function* () {
    yield { inputs: inputs.slice(0, 5), targets: targets.slice(0, 5) };
    yield* breaking(0).open() as Iterable<cr.Data>;
  });
  await expect(net.fit(data, { ...plain, validation })).rejects.toThrow("broken off");
  const before = net.save({ training: true });
  await expect(net.fit(data, { ...plain, validation, resume: true })).rejects.toThrow("broken off");
  expect(net.save({ training: true })).toEqual(before);
  const rest = await net.fit(data, { ...plain, resume: true });
  expect(numbersOf(rest.epochs)).toEqual(numbersOf(epochs));
  expect(net.weightsHash()).toBe(whole.weightsHash());
});

test("of several errors at the end of an epoch the first is thrown", async () => {
  const failing = (message: string): cr.Callback => ({
    type: "failing",
    onEpochEnd: () => {
      throw new RangeError(message);
    },
  });
  const net = await make();
  const onEpochEnd = () => Promise.reject(new RangeError("third"));
  await expect(net.fit(data, { callbacks: [failing("first"), failing("second")], onEpochEnd })).rejects.toThrow("first");
});
