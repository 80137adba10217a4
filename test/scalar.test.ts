// A parameter that is one number, `[]`, in layers of the user's own: a temperature, a scale.
import { expect, test } from "vitest";
import { leastShare } from "../src/backends/threads.js";
import { type Builder, constant, dense, gradCheck, layer, meanSquaredError, network, sgd, type Tensor } from "../src/index.js";

// Also of the smallest plan each thread gets a share.
leastShare.flops = 0;

const inputs = [
  [1, 2, 3],
  [0, 1, 0],
  [2, 2, 2],
];

/** What a layer multiplies its input by. */
const factors: Readonly<Record<string, (g: Builder, s: Tensor) => Tensor>> = {
  "itself, with penalties": (_, s) => s,
  exp: (g, s) => g.exp(s),
  log: (g, s) => g.log(s),
  sqrt: (g, s) => g.sqrt(s),
  "a power": (g, s) => g.pow(s, -0.5),
  "a quotient": (g, s) => g.div(1, s),
  "a maximum": (g, s) => g.max(s, g.mul(s, s)),
  "an activation": (g, s) => g.activate(s, "gelu"),
  softmax: (g, s) => g.softmax(s),
  "the sum over its one column": (g, s) => g.sum(s),
  "the sum over its one row": (g, s) => g.sumRows(s),
  "half of two that are joined": (g, s) => g.slice(g.concat([g.sum(s), g.exp(g.sum(s))]), 1),
  dropout: (g, s) => g.add(g.dropout(s, 0.5), g.parameter("other", [1], constant(1))),
};

test.each(Object.keys(factors))(
  "%s: trains to the same bits on both backends and on threads, and agrees with differences",
  async (name) => {
    const scaled = () =>
      layer("scaled", {}, (g, x) => g.mul(x, factors[name]!(g, g.parameter("factor", [], constant(2), { l1: 0.01, l2: 0.01 }))));
    const hashes: string[] = [];
    for (const [backend, threads] of [
      ["wasm", 1],
      ["js", 1],
      ["wasm", 2],
    ] as const) {
      const net = await network({
        ...{ input: 3, layers: [dense(3), scaled()], loss: meanSquaredError(), seed: 1, backend, threads },
        // The norm is that of all of the slab: numbers in its padding would be seen.
        optimizer: sgd({ learningRate: 0.1, momentum: 0.9, clip: { type: "globalNorm", value: 1 } }),
      });
      if (threads === 1) expect(gradCheck(net, { inputs, targets: inputs }).agrees).toBe(true);
      const { epochs } = await net.fit({ inputs, targets: inputs }, { epochs: 4, batchSize: 2 });
      hashes.push(`${net.weightsHash()} ${epochs.map(({ loss }) => loss)}`);
    }
    expect(hashes).toEqual(hashes.map(() => hashes[0]));
  },
);
