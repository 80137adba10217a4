// The comparison with other libraries: its command line, its tables and its baseline. Nothing is installed here and nothing is timed.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { handwritten } from "../bench/handwritten.js";
import { networkOf } from "../bench/networks.js";
import { bars } from "../bench/peers/bars.js";
import { differences, type Line, ratioOf, table, verdict } from "../bench/peers/page.js";
import { batchesOf, rateOfHalfSum, rowByRow, softmax } from "../bench/peers/peer.js";
import { OURS, peers, WIDE } from "../bench/peers/peers.js";
import { nameOf, rowsOf, type Workload, weightsOf, workloads } from "../bench/workloads.js";

const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));

const lines: Line[] = [
  { peer: OURS, rates: [7.4e6, 7.2e6, 7e6], lossOff: 0, notes: [] },
  { peer: "synaptic", version: "1.1.4", rates: [2e6, 3e6, 2.4e6], notes: ["an update after each row"] },
  { peer: "toygrad", version: "2.6.0", rates: [4e5, 5e5, 6e5], lossOff: 0.02, notes: [] },
  {
    peer: "ml-fnn",
    version: "5.0.0",
    rates: [],
    notes: ["tanh for relu", "sgd for adam", "its batches go in the order of their classes, by sums"],
  },
];

test("a table shows rates, ratios, differing losses and, by number, what a library does otherwise", () => {
  expect(table(workloads[0]!, lines).split("\n")).toEqual([
    "",
    "2-8-1 batch 4: tanh, squared error, sgd; samples/s",
    "                                     min   median      max    ratio loss off",
    "chainrule wasm                     7.00M    7.20M    7.40M    1.00x     0e+0",
    // Of 3.70, 2.40 and 2.92 the median, which is not the ratio of the medians.
    "synaptic (1.1.4)                   2.00M    2.40M    3.00M    2.92x        - [1]",
    "toygrad (2.6.0)                     400k     500k     600k    14.4x   2e-2 !",
    "ml-fnn (5.0.0)                         -        -        -        -        - [2]",
    "  [1] an update after each row",
    "  [2] tanh for relu; sgd for adam; its batches go in the order of their classes,",
    "      by sums",
  ]);
});

test("a bar is measured over the fastest line it names that ran, and left out if none did", () => {
  const bar = { network: "2-8-1 batch 4", over: "the fastest library", lines: ["toygrad", "synaptic", "ml-fnn"] };
  expect(verdict({ ...bar, times: 2.5 }, lines, OURS)).toBe(`  ${OURS}: 2.5x over the fastest library reached, 2.92x over synaptic`);
  expect(verdict({ ...bar, times: 3.5 }, lines, OURS)).toBe(`  ${OURS}: 3.5x over the fastest library NOT reached, 2.92x over synaptic`);
  expect(verdict({ ...bar, times: 3.5, lines: ["ml-fnn"] }, lines, OURS)).toBeUndefined();
});

test("a bar is measured by the revectorized line too, if it ran", () => {
  const bar = { network: "2-8-1 batch 4", over: "the fastest library", lines: ["toygrad", "synaptic"], times: 5 };
  const wide: Line = { peer: WIDE, rates: [2e7, 1.5e7, 1.2e7], notes: [] };
  expect(verdict(bar, [...lines, wide], WIDE)).toBe(`  ${WIDE}: 5x over the fastest library reached, 5.00x over\n    synaptic`);
  expect(ratioOf(lines[0]!, wide)).toBeCloseTo(0.48, 12);
  expect(verdict(bar, [...lines, { ...wide, rates: [], notes: ["Node 20 has no revectorizer"] }], WIDE)).toBeUndefined();
  expect(verdict(bar, lines, WIDE)).toBeUndefined();
});

test("every bar names a network and lines that there are", () => {
  for (const { network, lines: names } of bars) {
    expect(workloads.map(nameOf)).toContain(network);
    expect(names.filter((name) => peers[name] === undefined)).toEqual([]);
    expect(names).not.toContain(OURS);
  }
});

test("what a library does otherwise is told in words", () => {
  const asked = workloads[1]!;
  expect(differences(asked, asked)).toEqual([]);
  const done: Workload = { ...rowByRow(asked), hidden: "tanh", output: "sigmoid", loss: "squared error", optimizer: "sgd" };
  expect(differences(asked, done)).toEqual([
    "an update after each row",
    "tanh for relu",
    "sigmoid outputs",
    "squared error",
    "sgd for adam",
  ]);
});

test("a squared error of half a sum takes the same steps at twice the rate over the number of outputs", () => {
  expect(rateOfHalfSum({ ...workloads[0]!, widths: [2, 8, 4], learningRate: 0.1 })).toBeCloseTo(0.05, 15);
  expect(rateOfHalfSum(workloads[2]!)).toBe(workloads[2]!.learningRate);
});

test.each(workloads.slice(0, 2).map((workload) => [nameOf(workload), workload] as const))(
  "%s: the handwritten float64 loop takes the same eight steps as the library",
  async (_, workload) => {
    const rows = rowsOf(workload);
    const weights = weightsOf(workload);
    const net = await networkOf(workload, { backend: "js" });
    const values = weights.flatMap(({ weight, bias }) => [weight, bias]);
    net.setParameters(net.parameters().map(({ name }, i) => ({ name, values: values[i]! })));
    const step = handwritten(workload, weights);
    const batches = batchesOf(workload, rows);
    for (let i = 0; i < 8; ++i) {
      const { inputs, targets } = batches[i % batches.length]!;
      const predicted = net.predict(inputs);
      const expected = workload.loss === "cross-entropy" ? softmax(predicted, workload.widths.at(-1)!) : predicted;
      const outputs = step(Float64Array.from(inputs), Float64Array.from(targets));
      // float32 against float64: sums of at most 16 products near 1 round by about 1e-6.
      outputs.forEach((value, at) => {
        expect(Math.abs(value - expected[at]!)).toBeLessThan(5e-6);
      });
      net.trainOnBatch(inputs, targets);
    }
  },
);

test("an unknown option or a text that no line has ends the command before anything is installed", () => {
  const before = existsSync("bench/peers/node_modules");
  for (const options of [["--fast"], ["--only", "no such line"]]) {
    const { status, stderr, stdout } = spawnSync(process.execPath, ["--import", "tsx", "bench/peers/index.ts", ...options], {
      encoding: "utf8",
    });
    expect([options, status, stdout]).toEqual([options, 2, ""]);
    expect(stderr).toMatch(/^bench: .*\n$/);
  }
  expect(existsSync("bench/peers/node_modules")).toBe(before);
});

test("the package neither depends on the other libraries nor publishes them, and they are pinned", () => {
  const main = json("package.json");
  const { dependencies, private: hidden } = json("bench/peers/package.json");
  const names = Object.keys(dependencies);
  const ours = [main.dependencies, main.devDependencies, main.peerDependencies, main.optionalDependencies].flatMap((list) =>
    Object.keys(list ?? {}),
  );
  expect(names.filter((name) => ours.includes(name))).toEqual([]);
  expect(
    Object.keys(json("package-lock.json").packages).filter((path) => names.some((name) => path.endsWith(`node_modules/${name}`))),
  ).toEqual([]);
  expect(main.workspaces).toBeUndefined();
  expect(main.files).toEqual(["dist", "CONTRIBUTING.md", "MEASUREMENTS.md"]);
  expect(hidden).toBe(true);
  for (const version of Object.values<string>(dependencies)) expect(version).toMatch(/^(npm:.+@)?\d+\.\d+\.\d+(-[\w.]+)?$/);
  expect(json("bench/peers/package-lock.json").packages[""].dependencies).toEqual(dependencies);
  const folders = Object.values(peers).flatMap(({ folder }) => folder ?? []);
  expect(folders.filter((folder) => !names.includes(folder))).toEqual([]);
});
