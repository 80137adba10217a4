// What Node's console.log shows of what the library gives out: inspect of node:util is what it calls.
import { inspect } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { leastShare } from "../src/backends/threads.js";
import { adam, dataset, dense, gradCheck, input, network, sparseCategoricalCrossEntropy } from "../src/index.js";
import { modelOf } from "./internals.js";

const data = dataset({
  inputs: [
    [1, 2],
    [3, 4],
    [5, 6],
    [7, 8],
  ],
  targets: ["no", "yes", "no", "yes"],
});
const make = (backend: "wasm" | "js" = "wasm") =>
  network({
    input: 2,
    layers: [dense(3, { activation: "tanh" }), dense(2)],
    loss: sparseCategoricalCrossEntropy({ fromLogits: true }),
    optimizer: adam(),
    seed: 1,
    backend,
  });

test("a network is shown as its summary: layers, shapes, parameters, backend", async () => {
  const net = await make();
  expect(inspect(net)).toBe(net.summary());
  expect(`${net}`).toBe(net.summary());
  expect(inspect(net)).toBe(
    [
      "layer    kind           output      parameters",
      "input    input          [batch, 2]",
      "dense_1  dense, tanh    [batch, 3]           9",
      "dense_2  dense, linear  [batch, 2]           8",
      "17 parameters, loss sparseCategoricalCrossEntropy, optimizer adam, backend wasm,",
      "arithmetic strict",
    ].join("\n"),
  );
  expect(inspect(await make("js"))).toContain("backend js");
  expect(inspect([net], { depth: 0 })).not.toContain("memory"); // within something else: no internals either
});

test.each([1, 2])("a network is shown while fit runs, on %d threads, and after dispose", async (threads) => {
  const { flops } = leastShare;
  onTestFinished(() => {
    leastShare.flops = flops;
  });
  leastShare.flops = 0;
  const net = await network({
    input: 2,
    layers: [dense(4, { activation: "relu" }), dense(2)],
    loss: sparseCategoricalCrossEntropy({ fromLogits: true }),
    seed: 1,
    threads,
  });
  const before = inspect(net);
  const seen: string[] = [];
  const model = modelOf(net);
  const runShared = model.runShared.bind(model);
  model.runShared = (...given) => {
    const running = runShared(...given);
    expect(() => net.memory()).toThrow(/^memory: threads are at work/);
    seen.push(inspect(net));
    return running;
  };
  await net.fit(data, { epochs: 3, onEpochEnd: () => seen.push(inspect(net)) });
  expect(seen.length).toBeGreaterThanOrEqual(threads > 1 ? 4 : 3);
  expect(new Set(seen)).toEqual(new Set([before]));
  net.dispose();
  expect(inspect(net)).toBe(before);
});

test("of a dataset its shape and meaning are shown, not its numbers", () => {
  expect(inspect(data)).toBe(
    inspect({ rows: 4, input: [2], inputs: "Float32Array(8)", targets: "Uint32Array(4)", columns: 1, classes: ["no", "yes"] }),
  );
  const lost = dataset({ inputs: Float32Array.of(1, 2), targets: [1, 2] });
  structuredClone(lost.inputs.buffer, { transfer: [lost.inputs.buffer as ArrayBuffer] });
  expect(inspect(lost)).toContain("buffer is detached");
});

test("a layer is shown as data, within a node too", () => {
  const named = dense(3, { name: "last" });
  expect(inspect(named)).toBe(inspect({ kind: "dense", name: "last", options: named.options }));
  expect(inspect(named(input(2)), { depth: 9 })).not.toContain("[Function (anonymous)] {");
});

test("reports are shown as their tables", async () => {
  const net = await make();
  const checked = gradCheck(net, data);
  expect(inspect(checked)).toBe(checked.summary);
  expect(`${checked}`).toBe(checked.summary); // in browsers
  const health = net.diagnose(data);
  expect(inspect(health)).toBe(health.summary);
  expect(`${health}`).toBe(health.summary);
  const profile = net.profile(data, { milliseconds: 1 });
  expect(inspect(profile)).toBe(`${profile}`);
  expect(Object.keys(profile)).toEqual(["backend", "rows", "instructions", "nanoseconds", "stepNanoseconds"]);
});
