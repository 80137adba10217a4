// Callbacks and the run: whose state it is, and what a fit leaves behind that fails before its first step.
import { describe, expect, test } from "vitest";
import * as cr from "../src/index.js";
import { numbers } from "./cases.js";

const next = numbers(4);
const inputs = Array.from({ length: 40 }, () => [next() - 0.5, next() - 0.5]);
const data = { inputs, targets: inputs.map(([a, b]) => [a! * b!]) };
const options = { epochs: 12, batchSize: 8 } as const;

const make = (units = 6, seed = 2) =>
  cr.network({
    input: 2,
    layers: [cr.dense(units, { activation: "tanh" }), cr.dense(1)],
    loss: cr.meanSquaredError(),
    metrics: ["mae"],
    optimizer: cr.sgd({ learningRate: 0.5, momentum: 0.9 }),
    seed,
  });
/** No epoch is better than the first: it ends the run after 4 epochs, with the weights of the first. */
const stopping = () => cr.earlyStopping({ monitor: "loss", patience: 3, minDelta: 1e3 });

const failing = (epoch: number): cr.Callback => ({
  type: "failing",
  onEpochEnd: (_, index) => {
    if (index === epoch) throw new RangeError("enough");
  },
});

const unwilling: cr.Callback = {
  type: "unwilling",
  onFitStart: () => {
    throw new RangeError("not today");
  },
};
const refused = (net: cr.Network, changes: cr.FitOptions) => expect(net.fit(data, { ...options, ...changes })).rejects.toThrow("not today");

async function aborted(net: cr.Network, steps: number, changes: cr.FitOptions = {}): Promise<void> {
  const controller = new AbortController();
  const onProgress = () => net.steps === steps && controller.abort();
  await net.fit(data, { ...options, chunkMilliseconds: 1e-9, signal: controller.signal, onProgress, ...changes });
  expect(net.steps).toBe(steps);
}

describe("earlyStopping", () => {
  const alone = async (units: number) => {
    const net = await make(units);
    const { epochs, stopped } = await net.fit(data, { ...options, callbacks: [stopping()] });
    return { epochs: epochs.length, stopped, hash: net.weightsHash() };
  };

  test.each<readonly [string, (net: cr.Network, stop: cr.Callback) => Promise<unknown>]>([
    ["an error ended", (net, stop) => expect(net.fit(data, { ...options, callbacks: [stop, failing(2)] })).rejects.toThrow("enough")],
    ["a signal ended", (net, stop) => aborted(net, 12, { callbacks: [stop] })],
    ["it ended itself", (net, stop) => net.fit(data, { ...options, callbacks: [stop] })],
  ])("knows nothing of a run before, which %s", async (_, run) => {
    const stop = stopping();
    await run(await make(20, 9), stop);
    // Of the same size, too: weights that another network put there would fit.
    for (const units of [20, 6]) {
      const net = await make(units);
      const { epochs, stopped } = await net.fit(data, { ...options, callbacks: [stop] });
      expect({ epochs: epochs.length, stopped, hash: net.weightsHash() }).toEqual(await alone(units));
    }
  });

  test.each<readonly [string, (net: cr.Network, stop: cr.Callback) => Promise<unknown>]>([
    // Called first: it knows the epoch in which the run ended.
    [
      "an error",
      (net, stop) => expect(net.fit(data, { ...options, callbacks: [stop, failing(1), { type: "other" }] })).rejects.toThrow("enough"),
    ],
    ["a signal", (net, stop) => aborted(net, 12, { callbacks: [stop] })],
  ])("goes on where it was when the same network's run is resumed after %s", async (_, interrupt) => {
    const stop = stopping();
    const net = await make();
    await interrupt(net, stop);
    const { epochs, stopped } = await net.fit(data, { ...options, resume: true, callbacks: [stop] });
    expect({ epochs: epochs.length + 2, stopped, hash: net.weightsHash() }).toEqual(await alone(6));
  });

  test("of another network's run does not go on in this one's", async () => {
    const stop = stopping();
    await aborted(await make(20), 12, { callbacks: [stop] });
    const net = await make();
    await aborted(net, 12);
    // As with a new one: it begins with the third epoch, and waits for three more.
    expect((await net.fit(data, { ...options, resume: true, callbacks: [stop] })).epochs).toHaveLength(4);
  });

  test.each<readonly [string, (net: cr.Network, stop: cr.Callback) => Promise<unknown>]>([
    ["a fit that another callback refused", (net, stop) => refused(net, { callbacks: [stop, unwilling] })],
    ["a resume that another callback refused", (net, stop) => refused(net, { callbacks: [stop, unwilling], resume: true })],
    ["a run of another network", async (_, stop) => void (await (await make(20)).fit(data, { ...options, callbacks: [stop] }))],
    ["a resumed run of another network", async (_, stop) => {
      const other = await make(20);
      await aborted(other, 7, { callbacks: [stop] });
      await other.fit(data, { ...options, resume: true, callbacks: [stop] });
    }], // biome-ignore format: one row
  ])("of an interrupted run is as before after %s", async (_, between) => {
    const stop = stopping();
    const net = await make();
    await aborted(net, 12, { callbacks: [stop] });
    const before = net.save({ training: true });
    await between(net, stop);
    expect(net.save({ training: true })).toEqual(before);
    const loaded = await cr.loadNetwork(before);
    for (const each of [net, loaded]) {
      const { epochs, stopped } = await each.fit(data, { ...options, resume: true, callbacks: [stop] });
      expect({ epochs: epochs.length + 2, stopped, hash: each.weightsHash() }).toEqual(await alone(6));
    }
  });

  test("without restoreBest ends the run with the weights of its last epoch", async () => {
    const [net, twin] = [await make(), await make()];
    const stop = cr.earlyStopping({ monitor: "loss", patience: 3, minDelta: 1e3, restoreBest: false });
    expect((await net.fit(data, { ...options, callbacks: [stop] })).epochs).toHaveLength(4);
    await twin.fit(data, { ...options, epochs: 4 });
    expect(net.weightsHash()).toBe(twin.weightsHash());
  });

  test("in two runs at once is refused", async () => {
    const stop = stopping();
    const [a, b] = [await make(), await make()];
    const runs = await Promise.allSettled([a, b].map((net) => net.fit(data, { ...options, callbacks: [stop] })));
    expect(runs).toContainEqual({
      status: "rejected",
      reason: new cr.OptionError("fit: callbacks[0] (earlyStopping) serves another fit now; give each fit one of its own"),
    });
    // Until it has ended.
    expect((await b.fit(data, { ...options, callbacks: [stop] })).epochs).toHaveLength(4);
  });

  test("in two places of one run is refused", async () => {
    const stop = stopping();
    await expect((await make()).fit(data, { ...options, callbacks: [stop, { type: "other" }, stop] })).rejects.toThrow(
      "fit: callbacks[2] (earlyStopping) is callbacks[0], which would see each epoch twice; give each place one of its own",
    );
    const counted: cr.Callback = { type: "counted", onEpochEnd: () => {} };
    await (await make()).fit(data, { ...options, callbacks: [counted, counted] });
  });
});

test("what earlyStopping follows is one number: a name of two is refused", async () => {
  const own = (name: string) => cr.customMetric(name, {}, (g, p) => g.mean(g.mul(p, 0)));
  const net = await cr.network({
    input: 2,
    layers: [cr.dense(1)],
    loss: cr.meanSquaredError(),
    metrics: ["mae", own("validation.mae"), own("loss")],
  });
  const stop = (monitor: string) =>
    net.fit(data, { validation: data, callbacks: [cr.earlyStopping({ monitor })] }).then(({ epochs }) => epochs.length);
  expect(await stop("mae")).toBe(1);
  for (const name of ["validation.mae", "loss", "validation.loss"])
    await expect(stop(name)).rejects.toThrow(
      `earlyStopping: monitor is "${name}", a name of 2 numbers, expected one's own: name the metric otherwise`,
    );
});

test("what earlyStopping cannot follow is refused before streams are read", async () => {
  let readings = 0;
  const rows = cr.dataset.stream(() => {
    readings += 1;
    return [data];
  });
  const net = await make();
  const refused = (more: cr.FitOptions, monitor?: string) =>
    expect(net.fit(rows, { shuffle: false, callbacks: [cr.earlyStopping({ ...(monitor && { monitor }) })], ...more })).rejects;
  await refused({}).toThrow("earlyStopping: validation.loss needs validation data; give fit the option validation");
  await refused({ validation: rows }, "validation.mse").toThrow('earlyStopping: monitor is "validation.mse", expected one of: loss, mae');
  expect(readings).toBe(0);
});

describe("a fit that fails before its first step leaves the network as it was:", () => {
  const scaled = () => {
    const set = cr.dataset(data);
    return set.scale({ inputs: cr.standardize(set) });
  };
  test.each<readonly [string, cr.Data, cr.FitOptions, string | RegExp]>([
    [
      "no validation data to stop by",
      data,
      { callbacks: [cr.earlyStopping()] },
      "earlyStopping: validation.loss needs validation data; give fit the option validation",
    ],
    [
      "a metric to stop by that is none",
      data,
      { callbacks: [cr.earlyStopping({ monitor: "mse" })] },
      'earlyStopping: monitor is "mse", expected one of: loss, mae',
    ],
    [
      "a metric of validation that is none",
      data,
      { callbacks: [cr.earlyStopping({ monitor: "validation.mse" })], validation: data },
      'earlyStopping: monitor is "validation.mse", expected one of: loss, mae, validation.loss, validation.mae',
    ],
    ["a callback that throws", scaled(), { callbacks: [unwilling] }, "not today"],
    [
      "a run to resume that had other batches",
      scaled(),
      { resume: true, batchSize: 5 },
      /^fit: resume: got batches of 5, expected 8, as in the interrupted run$/,
    ],
    [
      "a loss that is not finite in the first step",
      { inputs: [[1e30, 0]], targets: [[1e30]] },
      { callbacks: [{ type: "other" }] },
      /^step 11: the value of loss \(meanSquaredError\) is not finite/,
    ],
  ])("%s", async (_, rows, changes, message) => {
    const whole = await make();
    await whole.fit(data, options);
    const net = await make();
    await aborted(net, 10);
    const before = net.save({ training: true });
    const interrupted = net.interrupted;
    await expect(net.fit(rows, { ...options, ...changes })).rejects.toThrow(message);
    expect(net.steps).toBe(10);
    expect(net.interrupted).toEqual(interrupted);
    expect(net.save({ training: true })).toEqual(before);
    await net.fit(data, { ...options, resume: true });
    expect(net.weightsHash()).toBe(whole.weightsHash());
  });

  test("no run to resume", async () => {
    const net = await make();
    await expect(net.fit(scaled(), { ...options, resume: true })).rejects.toThrow(
      "fit: resume: this network has no interrupted run, as net.interrupted says; one is kept by checkpoint(path)",
    );
    expect(net.scalers).toEqual({});
  });

  test("no run to resume is said first: not that callbacks of the one that has ended are missing, and no stream is read for it", async () => {
    const ended = await make();
    await ended.fit(data, { ...options, callbacks: [{ type: "counter" }] });
    ended.trainOnBatch(data.inputs, data.targets);
    const net = await cr.loadNetwork(ended.save({ training: true }));
    let readings = 0;
    const rows = cr.dataset.stream(() => {
      readings += 1;
      return [data];
    });
    await expect(net.fit(rows, { ...options, shuffle: false, resume: true })).rejects.toThrow(
      "fit: resume: this network has no interrupted",
    );
    expect(readings).toBe(0);
  });
});

test("an error is told to all callbacks that the run has reached, whatever they say to it", async () => {
  const told: unknown[] = [];
  const hearing = (name: string): cr.Callback => ({
    type: name,
    onFitEnd: () => void told.push("the end"),
    onFitError: async (error, { net }) => {
      told.push(name, error, net.steps);
      throw new Error("not that");
    },
  });
  const error = new RangeError("broken off");
  const failing = (hook: string): cr.Callback => ({ ...hearing("second"), [hook]: () => Promise.reject(error) });
  for (const [hook, steps, names] of [
    ["onFitStart", 0, ["first", "second"]],
    ["onEpochEnd", 5, ["first", "second", "third"]],
  ] as const) {
    const net = await make(20);
    told.length = 0;
    await expect(net.fit(data, { ...options, callbacks: [hearing("first"), failing(hook), hearing("third")] })).rejects.toBe(error);
    expect(told).toEqual(names.flatMap((name) => [name, error, steps]));
  }
});

test("a run whose signal was aborted beforehand is resumed from its beginning", async () => {
  const whole = await make();
  await whole.fit(data, options);
  const net = await make();
  const history = await net.fit(data, { ...options, signal: AbortSignal.abort() });
  expect({ epochs: history.epochs, stopped: history.stopped }).toEqual({ epochs: [], stopped: "signal" });
  expect(net.interrupted).toEqual({ epochs: 0, withoutState: [] });
  expect((await net.fit(data, { ...options, resume: true })).epochs).toHaveLength(12);
  expect(net.weightsHash()).toBe(whole.weightsHash());
});

test.each<readonly [unknown, RegExp]>([
  [null, /^earlyStopping: state: options are null, expected an object$/],
  [{ best: { toString: 1 }, waited: 0 }, /^earlyStopping: state.best is an object \{toString\}, expected a number or null$/],
  [{ best: null, waited: -1 }, /^earlyStopping: state.waited is -1, expected a whole number of at least 0$/],
  [{ best: 1, waited: 0, patience: 9 }, /^earlyStopping: state: unknown option "patience", expected one of: best, waited$/],
])("earlyStopping refuses the state %o, as of a file that others wrote", (json, message) => {
  expect(() => cr.earlyStopping().restore!({ json })).toThrow(cr.OptionError);
  expect(() => cr.earlyStopping().restore!({ json })).toThrow(message);
});

test("a run keeps to the options that were checked, whatever becomes of them while it goes on", async () => {
  const net = await make();
  let reads = 0;
  const callbacks: cr.Callback[] = [{ type: "adder", onChunkEnd: () => void callbacks.push({ type: "more", onChunkEnd: 5 as never }) }];
  const changing = {
    epochs: 2,
    callbacks,
    // The checks of names and of values read it once each.
    get onEpochEnd() {
      return (reads++ < 2 ? () => {} : 5) as () => void;
    },
  };
  expect((await net.fit(data, changing)).epochs).toHaveLength(2);
});
