// What a network did before leaves nothing behind but its weights, state and position: plans and memory are shared by calls of all kinds, and
// each call is as on a network that has been loaded and has done nothing yet. Random calls, of random sizes.
import { expect, test } from "vitest";
import {
  adam,
  dataset,
  dense,
  dropout,
  input,
  loadNetwork,
  meanSquaredError,
  type Network,
  network,
  sparseCategoricalCrossEntropy,
} from "../src/index.js";
import { numbers } from "./cases.js";

const WIDTH = 3;
/** Of each network. */
const CALLS = 20;

const make = (seed: number, backend: "wasm" | "js") => {
  const x = input(WIDTH);
  const y = dropout(0.2)(dense(9, { activation: "tanh" })(x));
  return network({
    inputs: x,
    outputs: [dense(2, { name: "values" })(y), dense(3, { name: "ids" })(y)],
    loss: [meanSquaredError(), sparseCategoricalCrossEntropy({ fromLogits: true })],
    metrics: { ids: ["accuracy"] },
    optimizer: adam({ ema: { decay: 0.9 } }),
    seed,
    backend,
  });
};

/** Data of so many rows. @param weighted by sample: the second output's rows alone */
function random(next: () => number, rows: number, weighted: boolean) {
  const fill = (length: number) => Float32Array.from({ length }, () => next() - 0.5);
  return {
    inputs: fill(rows * WIDTH),
    targets: { values: fill(rows * 2), ids: Uint32Array.from({ length: rows }, () => 3 * next()) },
    ...(weighted && { sampleWeights: { ids: fill(rows).map((w) => w + 1) } }),
  };
}

/** A call, to be made of several networks alike. */
function call(next: () => number): { readonly name: string; make(net: Network): unknown } {
  const below = (n: number) => Math.floor(n * next());
  const rows = 1 + below([4, 40, 300][below(3)]!);
  const weighted = next() < 0.4;
  const data = random(next, rows, weighted);
  const { inputs, targets, sampleWeights } = data;
  const shuffle = next() < 0.5;
  const options = {
    epochs: 1 + below(3),
    batchSize: 1 + below(next() < 0.3 ? rows : 20),
    shuffle,
    chunkMilliseconds: [1e-9, 50][below(2)]!,
    ...(next() < 0.3 && { validation: random(next, 1 + below(50), next() < 0.5) }),
  };
  const streamed = dataset.stream(() => [data], { shuffleBuffer: shuffle ? 2 + below(50) : 0 });
  const calls: Readonly<Record<string, (net: Network) => unknown>> = {
    fit: (net) => net.fit(data, options),
    "fit of a stream": (net) => net.fit(streamed, options),
    trainOnBatch: (net) => net.trainOnBatch(inputs, targets, sampleWeights),
    "trainOnBatch again": (net) => net.trainOnBatch(inputs, targets, sampleWeights),
    predictAll: (net) => net.predictAll(inputs),
    evaluate: (net) => net.evaluate(data),
    "evaluate withAverage": (net) => net.withAverage(() => net.evaluate(data)),
    trace: (net) => net.trace(inputs, targets, sampleWeights),
    gradients: (net) => net.gradients(inputs, targets, sampleWeights),
    profile: (net) => void net.profile(data, { milliseconds: 1 }),
  };
  const names = Object.keys(calls);
  const name = names[below(names.length)]!;
  return { name: `${name}, ${rows} rows${weighted ? " with weights" : ""}, ${JSON.stringify(options).slice(0, 60)}`, make: calls[name]! };
}

/** As text, with typed arrays' elements and without times. */
const told = (result: unknown) =>
  JSON.stringify(result, (key, value) =>
    key === "seconds" ? undefined : ArrayBuffer.isView(value) ? [...(value as Float32Array)] : value,
  );

test.each(["wasm", "js"] as const)("%s: each of many calls is as the first one of a loaded network", async (backend) => {
  for (let seed = 1; seed <= 12; ++seed) {
    const next = numbers(seed);
    const net = await make(seed, backend);
    const names: string[] = [];
    for (let i = 0; i < CALLS; ++i) {
      const { name, make: act } = call(next);
      names.push(name);
      const fresh = await loadNetwork(net.save({ training: true }), { backend });
      const who = `seed ${seed}: ${names.join("; ")}`;
      expect(told(await act(net)), who).toBe(told(await act(fresh)));
      expect(Buffer.compare(net.save({ training: true }), fresh.save({ training: true })), who).toBe(0);
      fresh.dispose();
    }
    net.dispose();
  }
});
