// npm run equal -- [--epochs 2]
// The same seed on both backends: the same bits? Every row trains one network on each, states which backend and build ran how many
// steps (as counted inside it), and compares weights, losses and predictions. Exit code 1 if anything differs.
import { parseArgs } from "node:util";
import { cases } from "../test/cases.js";
import { composedCases } from "../test/composed.js";
import { compareBackends, type Ran } from "./equal/compare.js";

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

const ran = ({ name, build }: Ran) => `${name} ${build}`;

async function main(epochs: number): Promise<void> {
  const columns = [40, 11, 9, 5, 7] as const;
  const row = (...cells: string[]) => console.log([...cells.map((cell, i) => cell.padEnd(columns[i] ?? 0))].join(" ").trimEnd());
  row("network", "ran", "ran", "steps", "weights", "equal");
  const all = [...cases, ...composedCases];
  let different = 0;
  let total = 0;
  for (const one of all) {
    const { wasm, js, differences } = await compareBackends(one, epochs);
    if (differences.length > 0) different += 1;
    total += wasm.steps + js.steps;
    row(one.name, ran(wasm), ran(js), `${wasm.steps}+${js.steps}`, wasm.weightsHash.slice(0, 7), differences.length === 0 ? "yes" : "NO");
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
