// At batch 1 the gradient of a layer's weights is an outer product. An optimizer that can steps along it without its being in memory: the same
// bits as with it, and only where nothing else looks at it.
import { beforeEach, describe, expect, test } from "vitest";
import { Status } from "../assembly/opcodes.js";
import { adam, type ChainOptions, dense, layer, meanSquaredError, network, normal, sgd } from "../src/index.js";
import { numbers } from "./cases.js";
import { modelOf } from "./internals.js";
import { Twin } from "./twin.js";

const fround = Math.fround;

describe("the kernel", () => {
  let twin: Twin;
  beforeEach(async () => {
    twin = await Twin.create();
  });

  const scales = [1, 0, 1e-30, -0, 1e15, 1e-44, 1e-8];
  const some = (count: number, seed: number) => {
    const next = numbers(seed);
    return Float32Array.from({ length: count }, (_, i) => next() * scales[(i * seed) % 7]!);
  };

  test.each([0, fround(0.01)])("has the bits of a product and a step, weight decay %f", (weightDecay) => {
    for (const rows of [1, 3, 4, 9])
      for (const n of [1, 3, 4, 7, 16, 20, 21, 34]) {
        twin.reset();
        const ld = (n + 3) & ~3;
        const weights = some(rows * n, 2).map((x, i) => (i % 11 === 5 ? -0 : x));
        // With zeros, whose rows are skipped, and without any.
        const factors = some(rows, 3).map((x, i) => (n % 2 === 0 ? x || i + 1 : x));
        const [a, b] = [twin.place(factors), twin.placeRows(some(n, 5), n)];
        const [together, apart] = [twin.placeRows(weights, n, 0), twin.placeRows(weights, n, 0)];
        const [g, status] = [twin.reserve(rows * ld), twin.placeIds([0, 0, 0, 0])];
        twin.call("outerSgdStep", together, a, b, status, fround(0.1), weightDecay, n, ld, 0, rows);
        twin.call("gemmTransposedA", g, a, b, 0, twin.reserve(1024), n, 1, (rows + 3) & ~3, ld, ld, 0, 0, 0, 0, rows);
        twin.call("sgdStep", apart, g, status, fround(0.1), weightDecay, 0, rows * ld);
        const bits = (address: number) => new Uint32Array(twin.read(address, rows * ld).buffer);
        expect(bits(together)).toEqual(bits(apart));
        expect(twin.wasm.u32[status >> 2]).toBe(0);
      }
  });

  test("shares of its rows give the bits of the whole", () => {
    const [weights, a, b] = [some(8 * 6, 2), twin.place(some(8, 3)), twin.placeRows(some(6, 5), 6)];
    const run = (ranges: [number, number][]) => {
      const [w, status] = [twin.placeRows(weights, 6, 0), twin.placeIds([0, 0, 0, 0])];
      for (const range of ranges) twin.call("outerSgdStep", w, a, b, status, 0.5, 0, 6, 8, ...range);
      return twin.read(w, 64);
    };
    expect(
      run([
        [0, 4],
        [4, 8],
      ]),
    ).toEqual(run([[0, 8]]));
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, 3e38])("reports what is not finite: %f", (value) => {
    const at = (values: Float32Array, i: number) => values.map((x, j) => (i === j ? value : x));
    const ones = (count: number) => new Float32Array(count).fill(2);
    const run = (weights: Float32Array, a: Float32Array, b: Float32Array, rate: number) => {
      const status = twin.placeIds([Status.Loss, 0, 0, 0]);
      twin.call("outerSgdStep", twin.placeRows(weights, 6, 0), twin.place(a), twin.placeRows(b, 6), status, rate, 0, 6, 8, 0, 5);
      return twin.wasm.u32[status >> 2];
    };
    const [w, a, b] = [ones(30), ones(5), ones(6)];
    const gradient = Status.Loss | Status.Gradient | Status.Weight;
    for (const i of [0, 4]) expect(run(w, at(a, i), b, 0.5)).toBe(gradient);
    for (const i of [0, 3, 5]) expect(run(w, a, at(b, i), 0.5)).toBe(gradient);
    // Rows along which a is 0 stay as they are, but for what is not finite.
    for (const i of [0, 3, 5]) expect(run(w, new Float32Array(5), at(b, i), 0.5)).toBe(value === 3e38 ? Status.Loss : gradient);
    // A weight of 3e38 is one, but for a step of 2e38 more.
    for (const i of [0, 13, 29]) expect(run(at(w, i), a, b, -5e37)).toBe(Status.Loss | Status.Weight);
    expect(run(w, a, b, 0.5)).toBe(Status.Loss);
  });

  test.each([Number.POSITIVE_INFINITY, Number.NaN])("a rate of %f spoils rows along which a is 0, too", (rate) => {
    const [w, a, b] = [twin.placeRows(some(30, 2), 6, 0), twin.place(new Float32Array(5)), twin.placeRows(some(6, 5), 6)];
    const status = twin.placeIds([0, 0, 0, 0]);
    twin.call("outerSgdStep", w, a, b, status, rate, 0, 6, 8, 0, 5);
    expect(twin.wasm.u32[status >> 2]).toBe(Status.Weight);
    for (let row = 0; row < 5; ++row) expect(twin.read(w + row * 32, 6)).toEqual(new Float32Array(6).fill(Number.NaN));
  });
});

/** Adds to each row the product of two of its own parameters, whose rows are one in every batch. */
const bilinear = () =>
  layer("bilinear", {}, (g, x) => {
    const p = g.parameter("p", [1, 4], normal({ std: 0.5 }));
    const q = g.parameter("q", [4, 3], normal({ std: 0.5 }));
    return g.add(x, g.matmul(p, q));
  });

/** Applies one dense layer twice. */
const twice = () => {
  const inner = dense(5);
  return layer("twice", {}, (g, x) => g.within("inner", inner, g.within("inner", inner, x)));
};

const both = ["dense_1.weight", "dense_2.weight"];
const all: readonly (readonly [name: string, more: Partial<ChainOptions>, expected: readonly string[]])[] = [
  ["sgd", {}, both],
  ["weight decay", { optimizer: sgd({ learningRate: 0.05, weightDecay: 0.1 }) }, both],
  ["an average", { optimizer: sgd({ learningRate: 0.05, ema: { decay: 0.9 } }) }, both],
  ["groups", { optimizer: sgd({ learningRate: 0.05, groups: [{ match: "dense_1", learningRateFactor: 0.5, weightDecay: 0.1 }] }) }, both],
  ["biases' group", { optimizer: sgd({ learningRate: 0.05, groups: [{ match: "bias", learningRateFactor: 2 }] }) }, both],
  ["a frozen layer", { optimizer: sgd({ learningRate: 0.05, groups: [{ match: "dense_1", frozen: true }] }) }, ["dense_2.weight"]],
  ["a penalty", { layers: [dense(6, { activation: "tanh", kernelL2: 0.01 }), dense(3)] }, ["dense_2.weight"]],
  ["weights used twice", { layers: [dense(5, { activation: "tanh" }), twice(), dense(3)] }, ["dense_1.weight", "dense_2.weight"]],
  ["a product of parameters", { layers: [dense(3), bilinear()] }, ["dense_1.weight"]],
  ["several rows a sample", { input: [2, 5] }, []],
  ...(["globalNorm", "norm", "value"] as const).map(
    (type) => [type, { optimizer: sgd({ learningRate: 0.05, clip: { type, value: 0.1 } }) }, []] as const,
  ),
  ["momentum", { optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }) }, []],
  ["adam", { optimizer: adam({ learningRate: 0.05 }) }, []],
];

describe("a network", () => {
  const make = (more: Partial<ChainOptions>, backend: "wasm" | "js" = "wasm") =>
    network({
      input: 5,
      layers: [dense(6, { activation: "tanh" }), dense(3)],
      loss: meanSquaredError(),
      optimizer: sgd({ learningRate: 0.05 }),
      seed: 3,
      ...more,
      backend,
    });
  const sizes = { capacity: 1, dataRows: 8, orderRows: 64, steps: 64, threads: 1 };

  test.each(all)("%s: what steps along outer products, and to the same bits", async (_, more, expected) => {
    const next = numbers(4);
    const width = more.input ? 10 : 5;
    const data = {
      inputs: Float32Array.from({ length: 8 * width }, () => 2 * next() - 1),
      targets: Float32Array.from({ length: 8 * (more.input ? 6 : 3) }, next),
    };
    const hashes: string[] = [];
    for (const backend of ["wasm", "js"] as const)
      for (const capacity of [1, 2]) {
        const net = await make(more, backend);
        const { program } = modelOf(net).plan("train", { ...sizes, capacity });
        const fused = program.instructions
          .filter(({ op }) => op === "outerSgdStep")
          .map(({ operands }) => (operands.w as { name: string }).name);
        expect(fused).toEqual(capacity === 1 ? expected : []);
        await net.fit(data, { epochs: 3, batchSize: 1 });
        hashes.push(net.weightsHash());
      }
    expect(new Set(hashes).size).toBe(1);
  });
});
