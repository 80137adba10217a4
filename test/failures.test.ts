// Steps that fail at random places of random runs: each failure leaves the network as it was before that step, and the run, resumed, ends as one
// in which nothing failed. How long chunks, calls and copies last is random, too: it follows from a clock that is.
import { afterEach, expect, test, vi } from "vitest";
import { Step } from "../assembly/opcodes.js";
import {
  adam,
  type Callback,
  dataset,
  dense,
  dropout,
  type Epoch,
  loadNetwork,
  meanSquaredError,
  type Network,
  NonFiniteError,
  network,
  type Run,
  schedules,
  sgd,
} from "../src/index.js";
import { numbers } from "./cases.js";
import { modelOf } from "./internals.js";

afterEach(() => vi.restoreAllMocks());

const RUNS = 40;

/** One of many runs: what it trains, on what, and how. */
function scenario(seed: number, backend: "wasm" | "js") {
  const next = numbers(1000 * seed);
  for (let i = 0; i < 5; ++i) next();
  const below = (n: number) => Math.floor(n * next());
  const pick = <T>(...choices: readonly T[]): T => choices[below(choices.length)]!;
  const [rows, epochs] = [3 + below(60), 1 + below(6)];
  const batchSize = Math.min(rows, 1 + below(12));
  const total = epochs * Math.ceil(rows / batchSize);
  const base = 0.02;
  const learningRate = pick<number | schedules.Schedule>(
    base,
    schedules.cosine({ base, totalSteps: total }),
    schedules.list({ rates: Array.from({ length: total }, (_, i) => base / (1 + (i % 4))) }),
    // It falls after each epoch.
    schedules.reduceOnPlateau({ base, factor: 0.5, patience: 0, threshold: 10, thresholdMode: "abs" }),
  );
  const optimizer = pick(
    sgd({ learningRate, momentum: 0.9, clip: { type: "norm", value: 0.5 } }),
    adam({ learningRate, ema: { decay: 0.9 }, clip: { type: "globalNorm", value: 0.5 } }),
    adam({ learningRate, amsgrad: true, groups: [{ match: "bias", learningRateFactor: 0.3 }] }),
  );
  const layers = [dense(1 + below(8), { activation: "tanh" }), dropout(0.3), dense(2)];
  const make = () => network({ input: 3, layers, loss: meanSquaredError(), metrics: ["mae"], optimizer, seed, backend });
  const fill = (length: number) => Float32Array.from({ length }, () => next() - 0.5);
  const whole = { inputs: fill(3 * rows), targets: fill(2 * rows), ...(next() < 0.3 && { sampleWeights: fill(rows).map((w) => w + 1) }) };
  const shuffle = next() < 0.6;
  const data = next() < 0.25 ? dataset.stream(() => [whole], { shuffleBuffer: shuffle ? 2 + below(40) : 0 }) : whole;
  /** Changes the weights itself, between chunks. */
  const shrinks: Callback = {
    type: "shrinks",
    onEpochEnd: (_, i, run: Run) => {
      if (i % 2) run.setWeights(run.weights().map((w) => 0.9 * w));
    },
  };
  const options = {
    ...{ epochs, batchSize, shuffle },
    ...(next() < 0.3 && { validation: { inputs: whole.inputs, targets: whole.targets } }),
    callbacks: next() < 0.4 ? [shrinks] : [],
  };
  return { make, data, options, total, next, below, chunkMilliseconds: pick(1e-9, 3, 30, 300) };
}

/** Makes the gradients of step `at` infinite: what is before it in the same call stays. */
function spoil(net: Network, at: number): void {
  const model = modelOf(net);
  const { writeStep } = model;
  model.writeStep = (plan, views, index, ...more) => {
    writeStep.call(model, plan, views, index, ...more);
    const record = plan.table + index * plan.layout.stride;
    if (plan.purpose === "train" && views.u32[(record + Step.Number) >> 2] === at)
      views.f32[(record + plan.layout.losses[0]!.gradientScale) >> 2] = Number.POSITIVE_INFINITY;
  };
}

/** Parameters and optimizer state. */
const stateOf = (net: Network) => Buffer.from(modelOf(net).backup().slice().buffer).toString("base64");

test.each(["wasm", "js"] as const)("%s: wherever steps fail, nothing of them is left", async (backend) => {
  let now = 1;
  let tick = () => 1;
  vi.spyOn(performance, "now").mockImplementation(() => {
    now += tick();
    return now;
  });
  let failed = 0;
  for (let seed = 1; seed <= RUNS; ++seed) {
    const { make, data, options, total, next, below, chunkMilliseconds } = scenario(seed, backend);
    const who = `seed ${seed}`;
    // Step by step, undisturbed.
    const states = [];
    const smooth = await make();
    states.push(stateOf(smooth));
    const plain = ({ seconds: _, ...rest }: Epoch) => rest;
    const wanted = await smooth.fit(data, { ...options, chunkMilliseconds: 1e-9, onProgress: () => states.push(stateOf(smooth)) });
    expect(states.length, who).toBe(total + 1);

    tick = () => (next() < 0.02 ? 300 : 1) * next();
    let net = await make();
    const epochs: (readonly [number, object])[] = [];
    const onEpochEnd = (epoch: Epoch, index: number) => epochs.push([index, plain(epoch)]);
    const places = [below(total), below(total), below(total)].map((step) => step + 1).sort((a, b) => a - b);
    for (const [i, at] of new Set(places).entries()) {
      spoil(net, at);
      const resume = net.interrupted !== undefined;
      const error = await net.fit(data, { ...options, chunkMilliseconds, onEpochEnd, resume }).catch((thrown) => thrown);
      expect(error, `${who}, ${i}`).toBeInstanceOf(NonFiniteError);
      expect(net.steps, who).toBe(at - 1);
      expect(stateOf(net), `${who}: after step ${at} failed`).toBe(states[at - 1]);
      failed += 1;
      net = await loadNetwork(net.save({ training: true }), { backend });
    }
    await net.fit(data, { ...options, chunkMilliseconds, onEpochEnd, resume: net.interrupted !== undefined });
    expect(stateOf(net), who).toBe(states.at(-1));
    expect(epochs, who).toEqual(wanted.epochs.map((epoch, index) => [index, plain(epoch)]));
    tick = () => 1;
  }
  expect(failed).toBeGreaterThan(RUNS);
});
