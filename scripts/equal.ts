// npm run equal -- [--epochs 2]
// The same seed on both backends, and on 1, 2 and 3 threads: the same bits? Every row trains one network on each, states how many steps each
// ran (as counted inside it), and compares what ran with what was asked for, weights, losses and predictions. Exit code 1 if anything differs.
import { parseArgs } from "node:util";
import { cases } from "../test/cases.js";
import { composedCases } from "../test/composed.js";
import { compareBackends, type Way } from "./equal/compare.js";

const usage = "npm run equal -- [--epochs N]";

function parseEpochs(): number | string {
  try {
    const { values } = parseArgs({ options: { epochs: { type: "string", default: "2" } } });
    const epochs = Number(values.epochs);
    return Number.isInteger(epochs) && epochs > 0
      ? epochs
      : `--epochs is ${JSON.stringify(values.epochs)}, expected a whole number of at least 1`;
  } catch (error) {
    return (error as Error).message.split(". ")[0]!;
  }
}

const ways: readonly Way[] = [
  { backend: "js", threads: 1 },
  { backend: "wasm", threads: 2 },
  { backend: "wasm", threads: 3 },
];

async function main(epochs: number): Promise<void> {
  const columns = [36, 6, 6, 10, 10, 8] as const;
  const row = (...cells: string[]) => console.log([...cells.map((cell, i) => cell.padEnd(columns[i] ?? 0))].join(" ").trimEnd());
  row("steps of", "wasm", ...ways.map(({ backend, threads }) => (threads > 1 ? `${threads} threads` : backend)), "weights", "equal");
  const all = [...cases, ...composedCases];
  let different = 0;
  let total = 0;
  for (const one of all) {
    const { wasm, others, differences } = await compareBackends(one, epochs, ways);
    const steps = [wasm, ...others].map((ran) => ran.steps);
    if (differences.length > 0) different += 1;
    total += steps.reduce((sum, count) => sum + count, 0);
    row(one.name, ...steps.map(String), wasm.weightsHash.slice(0, 7), differences.length === 0 ? "yes" : "NO");
    for (const difference of differences) console.log(`  ${difference}`);
  }
  console.log(`${all.length - different} equal, ${different} different, ${total} steps`);
  process.exitCode = different > 0 ? 1 : 0;
}

const epochs = parseEpochs();
if (typeof epochs === "number") await main(epochs);
else {
  console.error(`equal: ${epochs}; usage: ${usage}`);
  process.exitCode = 2;
}
