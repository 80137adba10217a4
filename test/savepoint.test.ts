// One copy of parameters and state undoes several calls: after a failure in a later one the network is as just before the step that failed,
// whatever was changed meanwhile.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  adam,
  type Data,
  type DataStream,
  dataset,
  dense,
  dropout,
  meanSquaredError,
  type Network,
  NonFiniteError,
  network,
  type Progress,
  type Run,
  schedules,
} from "../src/index.js";
import { modelOf } from "./internals.js";

const ROWS = 200;
const BATCH = 4;
/** The step whose batch has the row that no float32 can take the square of. */
const BAD_STEP = 38;

function rows(bad = true) {
  const inputs = Float32Array.from({ length: ROWS * 3 }, (_, i) => (i * 0.618034) % 1);
  const targets = Float32Array.from({ length: ROWS }, (_, i) => i % 2);
  if (bad) targets[(BAD_STEP - 1) * BATCH + 1] = 1e38;
  return { inputs, targets };
}

const make = (more = {}) =>
  network({
    input: 3,
    layers: [dense(5, { activation: "tanh" }), dropout(0.2), dense(1)],
    loss: meanSquaredError(),
    optimizer: adam({ learningRate: 0.01 }),
    seed: 3,
    ...more,
  });

// Each look at the clock is a millisecond later: a copy takes one and serves for a hundred, some 14 calls.
let now = 0;
beforeEach(() => {
  vi.spyOn(performance, "now").mockImplementation(() => ++now);
});
afterEach(() => vi.restoreAllMocks());

/** Trains in calls of one step until it fails. @param change is called after each @returns hashes after each call, and how many copies were made */
async function fail(net: Network, change: (calls: number, run: Run) => unknown = () => {}, data: Data | DataStream = rows()) {
  const hashes: string[] = [];
  const copies = vi.spyOn(modelOf(net), "backup");
  const onChunkEnd = (_: Progress, run: Run) => {
    change(hashes.length, run);
    hashes.push(net.weightsHash());
  };
  const options = { epochs: 2, batchSize: BATCH, shuffle: false, chunkMilliseconds: 1e-9, callbacks: [{ type: "own", onChunkEnd }] };
  await expect(net.fit(data, options)).rejects.toThrow(NonFiniteError);
  expect(hashes.length).toBe(BAD_STEP - 1);
  return { hashes, copies: copies.mock.calls.length };
}

describe.each(["wasm", "js"] as const)("%s", (backend) => {
  test("the steps since the copy are run again", async () => {
    const net = await make({ backend });
    const { hashes, copies } = await fail(net);
    expect(copies).toBeGreaterThan(1);
    expect(copies).toBeLessThan(BAD_STEP / 5);
    expect(net.weightsHash()).toBe(hashes.at(-1));
    expect(net.steps).toBe(BAD_STEP - 1);
    // The optimizer's state, too.
    const undisturbed = await make({ backend });
    await expect(undisturbed.fit(rows(), { batchSize: BATCH, shuffle: false })).rejects.toThrow();
    for (const one of [net, undisturbed]) await one.fit(rows(false), { batchSize: BATCH });
    expect(net.weightsHash()).toBe(undisturbed.weightsHash());
  });

  test.each([
    ["set weights", (run: Run) => run.setWeights(run.weights().map((w) => 2 * w))],
    ["predict, which makes the data be staged anew", (run: Run) => run.net.predict(rows(false).inputs)],
  ])("a callback may %s meanwhile", async (_, change) => {
    for (const when of [BAD_STEP - 2, BAD_STEP - 4]) {
      const net = await make({ backend });
      const { hashes } = await fail(net, (calls, run) => calls === when && change(run));
      expect(net.weightsHash()).toBe(hashes.at(-1));
    }
  });
});

test("steps on rows of a stream, which are gone, are undone by a copy of their own", async () => {
  const { inputs, targets } = rows();
  const open = () => Array.from(targets, (target, i) => ({ input: inputs.subarray(3 * i, 3 * i + 3), target: [target] }));
  const net = await make();
  const { hashes, copies } = await fail(net, undefined, dataset.stream(open, { shuffleBuffer: 1 }));
  expect(net.weightsHash()).toBe(hashes.at(-1));
  expect(copies).toBeGreaterThanOrEqual(BAD_STEP);
});

test("a learning rate that follows the epochs makes a copy of its own in each", async () => {
  const learningRate = schedules.reduceOnPlateau({ base: 0.01, factor: 0.5, patience: 0, threshold: 10, thresholdMode: "abs" });
  const net = await make({ optimizer: adam({ learningRate }) });
  const data = rows(false);
  // Epochs of 4 steps; in the midst of one the data spoils a step.
  const hashes: string[] = [];
  const onProgress = () => {
    hashes.push(net.weightsHash());
    if (hashes.length === 18) modelOf(net).run = fault(net);
  };
  const part = { inputs: data.inputs.subarray(0, 48), targets: data.targets.subarray(0, 16) };
  await expect(net.fit(part, { epochs: 9, batchSize: BATCH, chunkMilliseconds: 1e-9, onProgress })).rejects.toThrow(/^out of order$/);
  expect(net.weightsHash()).toBe(hashes.at(-1));
});

/** Throws once, when the next training call is made, after it was made. */
function fault(net: Network) {
  const model = modelOf(net);
  const run = model.run.bind(model);
  const spoiled: typeof run = (plan, steps) => {
    run(plan, steps);
    model.run = run;
    throw new Error("out of order");
  };
  return spoiled;
}

test("data that was changed under way, too, leaves a network of finite weights", async () => {
  const net = await make();
  const data = rows();
  const onProgress = () => {
    // Staged anew after predict, with rows that were good when they were used.
    if (net.steps === BAD_STEP - 1) {
      data.targets.fill(1e38);
      net.predict(data.inputs);
    }
  };
  await expect(net.fit(data, { batchSize: BATCH, shuffle: false, chunkMilliseconds: 1e-9, onProgress })).rejects.toThrow(/^step 38: /);
  expect(Object.values(net.parameters()).every((p) => [...p.values].every(Number.isFinite))).toBe(true);
  await net.fit(rows(false));
});
