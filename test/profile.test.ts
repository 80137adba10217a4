// net.profile: every instruction of the plan has its time and its cost, and the network is as it was.
import { expect, test, vi } from "vitest";
import {
  adam,
  BackendError,
  categoricalCrossEntropy,
  concatenate,
  customLoss,
  dense,
  input,
  meanSquaredError,
  network,
  OptionError,
  ShapeError,
  schedules,
  sgd,
  sparseCategoricalCrossEntropy,
} from "../src/index.js";
import { explain } from "../src/plan/explain.js";
import { cases, dataFor } from "./cases.js";
import { modelOf } from "./internals.js";

const short = { milliseconds: 1 };

/** Ops by line of what `net.explain()` gives: the name, and what it is fused with. */
function explained(text: string): string[] {
  return text.split("\n").flatMap((line) => /^ {2}(\w+(?: \+ \w+)?)/.exec(line)?.[1] ?? []);
}

// All ops in WebAssembly; every tenth network in JavaScript too.
const runs = cases.flatMap((one, i) => [
  { ...one, backend: "wasm" as const },
  ...(i % 10 === 0 ? [{ ...one, backend: "js" as const }] : []),
]);

test.each(runs)("$name: each instruction is timed once and nothing changes on $backend", async ({ options, data, batch, backend }) => {
  const net = await network({ ...options, backend });
  net.trainOnBatch(data().inputs, data().targets);
  const before = net.save({ training: true });
  const { instructions, rows, nanoseconds } = net.profile(data(), { ...short, batchSize: batch });
  expect(net.save({ training: true })).toEqual(before);
  expect(rows).toBe(batch);
  // For one row there may be a plan of its own; net.explain() is of many.
  const model = modelOf(net);
  const unweighted = model.definition.objectives.map(() => false);
  const { program } = model.plan("train", { capacity: batch, orderRows: batch }, unweighted);
  expect(instructions.map(({ op }) => op)).toEqual(explained(batch > 1 ? net.explain() : explain(program)));
  const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
  expect(sum(instructions.map(({ share }) => share))).toBeCloseTo(1, 12); // float64 sums of a few dozen terms
  expect(sum(instructions.map((one) => one.nanoseconds))).toBeCloseTo(nanoseconds, 3);
  net.dispose();
});

test("a batch that needs more memory than there is is refused before its rows are made up", async () => {
  const net = await network({ input: 2, layers: [dense(1)], loss: meanSquaredError(), seed: 1 });
  expect(() => net.profile(undefined, { ...short, batchSize: 2 ** 31 - 1 })).toThrow(
    /^memory: a network needs \d+ MiB, the limit is 2048 MiB .*; use smaller batches or fewer units$/,
  );
  expect(net.profile(undefined, short).rows).toBe(32);
});

test("operations and bytes are those of the layers' formulas, rates are these over the time", async () => {
  const net = await network({
    input: 6,
    layers: [dense(8, { activation: "relu" }), dense(3)],
    loss: meanSquaredError(),
    optimizer: sgd({ learningRate: 0.1 }),
    seed: 1,
  });
  const profile = net.profile(undefined, { ...short, batchSize: 5 });
  // Rows are padded to 4 elements: the input to 8, the output to 4.
  const [gather, first, second] = profile.instructions;
  expect(gather).toMatchObject({ op: "gatherRows", layer: "input", flops: 0, bytes: 4 * (5 * 8 + 5 * 8), gflops: 0 });
  expect(first).toMatchObject({ op: "gemm + reluForward", layer: "dense_1", phase: "forward", flops: 2 * 5 * 6 * 8 });
  expect(first!.bytes).toBe(4 * (5 * 8 + 5 * 8 + 6 * 8 + 8));
  expect(second).toMatchObject({ op: "gemm", layer: "dense_2", flops: 2 * 5 * 8 * 3, bytes: 4 * (5 * 4 + 5 * 8 + 8 * 4 + 4) });
  // What it packs is not what it must move.
  const back = profile.instructions.find(({ op }) => op === "gemmTransposedB")!;
  expect(back).toMatchObject({ layer: "dense_2", flops: 2 * 5 * 8 * 3, bytes: 4 * (5 * 8 + 5 * 4 + 8 * 4) });
  const update = profile.instructions.at(-1)!;
  // w is read and written, g read: all parameters with their padding.
  expect(update).toMatchObject({ op: "sgdStep", layer: "optimizer", phase: "update", bytes: 4 * 3 * (6 * 8 + 8 + 8 * 4 + 4) });
  for (const { nanoseconds, flops, bytes, gflops, gigabytesPerSecond } of profile.instructions) {
    if (nanoseconds === 0) continue;
    expect(gflops * nanoseconds).toBeCloseTo(flops, 6);
    expect(gigabytesPerSecond * nanoseconds).toBeCloseTo(bytes, 6);
  }
  expect(profile.stepNanoseconds).toBeGreaterThan(0);
});

test("a network trains to the same bits whether it was profiled or not", async () => {
  const options = {
    input: 4,
    layers: [dense(16, { activation: "relu" }), dense(3)],
    loss: categoricalCrossEntropy({ fromLogits: true }),
    optimizer: adam({ learningRate: schedules.cosine({ base: 0.01, totalSteps: 100 }), clip: { type: "globalNorm", value: 1 } }),
    seed: 5,
  };
  const data = dataFor(options, 64);
  const [one, other] = [await network(options), await network(options)];
  await one.fit(data, { epochs: 1 });
  await other.fit(data, { epochs: 1 });
  one.profile(data, short);
  await one.fit(data, { epochs: 2 });
  await other.fit(data, { epochs: 2 });
  expect(one.weightsHash()).toBe(other.weightsHash());
});

test("a network keeps all its weights, also where a smaller one was profiled before it", async () => {
  const make = (units: number) =>
    network({ input: 2, layers: [dense(units), dense(1)], loss: meanSquaredError(), optimizer: adam(), seed: 1 });
  // Larger than any network above: what is kept of them for copies is too short.
  for (const units of [8, 50_000]) {
    const net = await make(units);
    const before = net.weightsHash();
    net.profile({ inputs: [[1, 2]], targets: [[3]] }, { milliseconds: 1 });
    expect(net.weightsHash()).toBe(before);
  }
});

test("several inputs and outputs, class ids and weighted rows are profiled", async () => {
  const [left, right] = [input(3, { name: "left" }), input(2, { name: "right" })];
  const both = concatenate()(left, right);
  const net = await network({
    inputs: [left, right],
    outputs: [dense(2, { name: "values" })(both), dense(4, { name: "classes" })(both)],
    loss: [meanSquaredError(), sparseCategoricalCrossEntropy({ fromLogits: true })],
    seed: 1,
  });
  expect(net.profile(undefined, short).rows).toBe(32);
  const data = {
    inputs: { left: new Float32Array(9), right: new Float32Array(6) },
    targets: { values: new Float32Array(6), classes: [0, 3, 1] },
    sampleWeights: { values: [1, 0, 2] },
  };
  const { rows, instructions } = net.profile(data, short);
  expect(rows).toBe(3);
  expect(instructions.map(({ op }) => op)).toContain("weighRows");
});

test("a loss whose targets have columns of their own is profiled with made-up ones", async () => {
  const loss = customLoss("quantiles", {}, (g, p, y) => g.mean(g.abs(g.sub(y, p))), { columns: 3 });
  const net = await network({ input: 4, layers: [dense(1)], loss, seed: 1 });
  expect(net.profile(undefined, { batchSize: 8, ...short }).rows).toBe(8);
});

test("the table has a line for every instruction and at most 80 columns, whatever names layers have", async () => {
  const net = await network({
    input: 5,
    layers: [dense(4, { activation: { type: "leakyRelu", alpha: 0.1 }, name: "a layer whose name is longer than the column" }), dense(2)],
    loss: categoricalCrossEntropy({ fromLogits: true }),
    seed: 1,
  });
  const profile = net.profile(undefined, short);
  const lines = `${profile}`.split("\n");
  expect(lines.length).toBe(profile.instructions.length + 3);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(lines[0]).toMatch(/^a training step of 32 rows on wasm: /);
  profile.instructions.forEach(({ op }, i) => {
    expect(lines[i + 2]).toContain(op);
  });
});

// As in Cloudflare Workers.
test("where the clock stands still nothing is timed: an error, not a loop without an end", async () => {
  const net = await network({ input: 2, layers: [dense(1)], loss: meanSquaredError(), seed: 1 });
  vi.stubGlobal("performance", { now: () => 1 });
  expect(() => net.profile(undefined, short)).toThrow(BackendError);
  vi.unstubAllGlobals();
  expect(net.profile(undefined, short).nanoseconds).toBeGreaterThan(0);
});

test("what cannot be profiled is refused by name", async () => {
  const net = await network({ input: 2, layers: [dense(1)], loss: meanSquaredError(), seed: 1 });
  const data = { inputs: new Float32Array(8), targets: new Float32Array(4) };
  for (const options of [{ batchSize: 0 }, { batchSize: 1.5 }, { milliseconds: 0 }, { milliseconds: Number.NaN }, { seconds: 1 }])
    expect(() => net.profile(data, options as never)).toThrow(OptionError);
  expect(() => net.profile(data, { batchSize: 5 })).toThrow(new ShapeError("profile: the data has 4 rows, fewer than batchSize, 5"));
  expect(() => net.profile({ inputs: new Float32Array(3), targets: [1] })).toThrow(/^profile: inputs: /);
  const running = net.fit(data, { epochs: 1 });
  expect(() => net.profile(data)).toThrow(/^profile: fit is running/);
  await running;
  net.dispose();
  expect(() => net.profile()).toThrow(/^profile: the network has been disposed of/);
});

test("what is done in every 64th step moves bytes in that step only", async () => {
  const net = await network({ input: 3, layers: [dense(4)], loss: meanSquaredError(), optimizer: adam(), seed: 1 });
  const moved = () => {
    const flushes = net.profile(undefined, short).instructions.filter(({ op }) => op === "flushSubnormals");
    return flushes.map(({ bytes, gigabytesPerSecond }) => [bytes, gigabytesPerSecond > 0]);
  };
  const batch = [[[1, 2, 3]], [[1, 2, 3, 4]]] as const;
  for (let step = 1; step <= 62; ++step) net.trainOnBatch(...batch);
  expect(moved()).toEqual([
    [0, false],
    [0, false],
  ]);
  net.trainOnBatch(...batch);
  // m and v, read and written: 3 rows of 4 and the bias.
  expect(moved().map(([bytes]) => bytes)).toEqual([2 * 4 * 16, 2 * 4 * 16]);
  net.dispose();
});
