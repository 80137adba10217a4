// trainOnBatch on networks so large that one copy of parameters and state serves several calls: a step that fails leaves the network as just
// before it, whatever became of the batches before, and whatever was done in between.
import { beforeEach, describe, expect, test, vi } from "vitest";
import {
  adam,
  dataset,
  dense,
  dropout,
  loadNetwork,
  type Network,
  NonFiniteError,
  network,
  schedules,
  sparseCategoricalCrossEntropy,
} from "../src/index.js";
import { modelOf } from "./internals.js";

const WIDTH = 40;

const make = (more = {}) =>
  network({
    input: WIDTH,
    layers: [dense(64, { activation: "relu" }), dropout(0.2), dense(3)],
    loss: sparseCategoricalCrossEntropy({ fromLogits: true }),
    optimizer: adam({ learningRate: 0.01 }),
    seed: 5,
    ...more,
  });

/** The batch of a step: of 1 to 4 rows, every third with weights. */
function batch(step: number) {
  const rows = 1 + (step % 4);
  const inputs = Float32Array.from({ length: rows * WIDTH }, (_, i) => ((i + 7 * step) * 0.618034) % 1);
  const targets = Uint32Array.from({ length: rows }, (_, i) => (i + step) % 3);
  return { inputs, targets, weights: step % 3 === 0 ? Float32Array.from(targets, (id) => 1 + id) : undefined };
}

/** The same for `fit`. */
function data(step: number) {
  const { inputs, targets } = batch(step);
  return { inputs, targets };
}

/** Trains on the batches of steps `from` to `to`, and overwrites each afterwards. */
function train(net: Network, from: number, to: number): void {
  for (let step = from; step <= to; ++step) {
    const { inputs, targets, weights } = batch(step);
    net.trainOnBatch(inputs, targets, weights);
    inputs.fill(9);
    targets.fill(0);
  }
}

/** Weights, state and number of steps. */
const saved = (net: Network) => Buffer.from(net.save({ training: true }));

/** A step that spoils the weights: the largest finite inputs. */
function fail(net: Network): void {
  const before = saved(net);
  expect(() => net.trainOnBatch(new Float32Array(WIDTH).fill(3e38), [1])).toThrow(NonFiniteError);
  expect(saved(net).equals(before)).toBe(true);
}

// Each look at the clock is a tenth of a millisecond later: a copy takes as long and serves for a hundred looks, which are as many calls.
let now = 0;
let copies = 0;
beforeEach(() => {
  copies = 0;
  vi.spyOn(performance, "now").mockImplementation(() => (now += 0.1));
  return () => vi.restoreAllMocks();
});

function counted(net: Network): Network {
  const model = modelOf(net);
  const { backup } = model;
  vi.spyOn(model, "backup").mockImplementation((into) => {
    ++copies;
    return backup.call(model, into);
  });
  return net;
}

describe.each(["wasm", "js"] as const)("%s", (backend) => {
  test("the steps since the copy are run again, on the batches as they were", async () => {
    const net = counted(await make({ backend }));
    train(net, 1, 30);
    expect(copies).toBe(1);
    fail(net);
    fail(net);
    train(net, 31, 40);
    fail(net);
    train(net, 41, 50);
    expect(copies).toBe(1);
    const undisturbed = await make({ backend });
    train(undisturbed, 1, 50);
    expect(saved(net).equals(saved(undisturbed))).toBe(true);
  });
});

test("a copy is made anew after so many calls, and where batches have filled as much memory as it", async () => {
  const many = counted(await make());
  train(many, 1, 250);
  expect(copies).toBe(3);
  fail(many);

  copies = 0;
  const large = counted(await make());
  const { stateLength } = modelOf(large);
  const rows = Math.floor(stateLength / 5 / (WIDTH + 1));
  for (let i = 0; i < 11; ++i) large.trainOnBatch(new Float32Array(rows * WIDTH).fill(i / 10), new Uint32Array(rows));
  expect(copies).toBe(2);
  fail(large);
});

test.each([
  ["set", (net: Network) => net.setParameters(net.parameters().map(({ name, values }) => ({ name, values: values.map((w) => w / 2) })))],
  ["trained by fit", (net: Network) => net.fit(data(3), { epochs: 2 })],
  [
    "used for predictions, gradients and a profile",
    (net: Network) => {
      const { inputs, targets } = batch(2);
      net.predict(inputs);
      net.gradients(inputs, targets);
      net.profile(undefined, { batchSize: 1, milliseconds: 1 });
    },
  ],
])("weights may be %s meanwhile", async (_, act) => {
  const net = await make();
  train(net, 1, 10);
  await act(net);
  fail(net);
  train(net, 11, 20);
  fail(net);
  const undisturbed = await make();
  train(undisturbed, 1, 10);
  await act(undisturbed);
  train(undisturbed, 11, 20);
  expect(net.weightsHash()).toBe(undisturbed.weightsHash());
});

test("a loaded network's steps begin with a copy of its own", async () => {
  const net = await make();
  train(net, 1, 10);
  const loaded = await loadNetwork(net.save({ training: true }));
  train(loaded, 11, 15);
  fail(loaded);
});

test("a learning rate that follows the epochs may change between two steps", async () => {
  const learningRate = schedules.reduceOnPlateau({ base: 0.01, factor: 0.5, patience: 0, threshold: 10, thresholdMode: "abs" });
  const net = await make({ optimizer: adam({ learningRate }) });
  let broken = true;
  const open = () => {
    if (broken && net.steps === 12) throw new Error("no validation");
    return [{ input: new Float32Array(WIDTH), target: [0] }];
  };
  const options = { epochs: 1, validation: dataset.stream(open) };
  await net.fit(data(3), { epochs: 1 });
  train(net, 1, 10);
  // All of its steps are done, but what follows the epoch is not.
  await expect(net.fit(data(3), options)).rejects.toThrow("no validation");
  broken = false;
  await net.fit(data(3), { ...options, resume: true });
  expect(net.steps).toBe(12);
  train(net, 11, 15);
  fail(net);
});

test("networks take turns", async () => {
  const nets = await Promise.all([make(), make({ seed: 6 })]);
  for (let step = 1; step < 20; ++step) for (const net of nets) train(net, step, step);
  for (const net of nets) fail(net);
});

test("where steps cannot be run again, the network goes back to the copy", async () => {
  const net = await make();
  train(net, 1, 10);
  const early = saved(net);
  net.setParameters(net.parameters());
  train(net, 11, 15);
  const model = modelOf(net);
  vi.spyOn(model, "run").mockImplementation(() => {
    throw new RangeError("Maximum call stack size exceeded");
  });
  const { inputs, targets } = batch(16);
  expect(() => net.trainOnBatch(inputs, targets)).toThrow("Maximum call stack");
  vi.restoreAllMocks();
  expect(net.steps).toBe(10);
  expect(saved(net).equals(early)).toBe(true);
  train(net, 11, 15);
  fail(net);
});

test("of small networks every call has a copy", async () => {
  const net = counted(await make({ layers: [dense(3)] }));
  train(net, 1, 10);
  expect(copies).toBe(10);
  fail(net);
});

test("a run does not take over the copy of one before it, nor of trainOnBatch, nor does that the copy of a run", async () => {
  const net = await make();
  const failing = async () => {
    const before = saved(net);
    await expect(net.fit({ inputs: new Float32Array(WIDTH).fill(3e38), targets: [1] })).rejects.toThrow(NonFiniteError);
    expect(saved(net).equals(before)).toBe(true);
  };
  train(net, 1, 2);
  await failing();
  await net.fit(data(3));
  await failing();
  await net.fit(data(4));
  fail(net);
  train(net, 5, 6);
  fail(net);
});
