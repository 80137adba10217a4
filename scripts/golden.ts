// npm run golden -- DIR [--backend wasm|js] [--group NAME] [--name TEXT]
// Runs every golden case in a folder, on both backends if none is named. Exit code 1: a case failed; 2: nothing could be run.
import { parseArgs } from "node:util";
import { type Backend, type Outcome, runCase, selectCases, UsageError } from "./golden/run.js";

const usage = "npm run golden -- DIR [--backend wasm|js] [--group NAME] [--name TEXT]";

function parse(): { folder: string; backends: Backend[]; group: string | undefined; name: string | undefined } {
  let parsed: ReturnType<typeof read>;
  try {
    parsed = read();
  } catch (cause) {
    throw new UsageError((cause as Error).message.split(". ")[0]!, { cause });
  }
  const { values, positionals } = parsed;
  if (positionals.length !== 1) throw new UsageError(`expected one folder, got ${positionals.length}`);
  const { backend, group, name } = values;
  if (backend !== undefined && backend !== "wasm" && backend !== "js")
    throw new UsageError(`--backend is ${JSON.stringify(backend)}, expected wasm or js`);
  return { folder: positionals[0]!, backends: backend ? [backend] : ["wasm", "js"], group, name };
}

function read() {
  const text = { type: "string" } as const;
  return parseArgs({ allowPositionals: true, options: { backend: text, group: text, name: text } });
}

/** Lines `count  label`, largest first. */
function table(counts: ReadonlyMap<string, number>): string {
  const sorted = [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
  return sorted.map(([label, count]) => `${String(count).padStart(6)}  ${label}`).join("\n");
}

function countBy(outcomes: readonly Outcome[], key: (outcome: Outcome) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const outcome of outcomes) counts.set(key(outcome), (counts.get(key(outcome)) ?? 0) + 1);
  return counts;
}

async function main(): Promise<void> {
  const { folder, backends, group, name } = parse();
  const cases = selectCases(folder, { group, name });
  const outcomes: Outcome[] = [];
  for (const one of cases)
    for (const backend of backends) {
      const outcome = await runCase(one, backend);
      outcomes.push(outcome);
      if (outcome.status === "failed") console.log(`FAIL ${outcome.group}/${outcome.name} [${backend}] ${outcome.message}`);
    }
  const of = (status: Outcome["status"]) => outcomes.filter((outcome) => outcome.status === status);
  console.log(`${cases.length} cases, each on: ${backends.join(", ")}`);
  if (of("passed").length > 0) console.log(`passed:\n${table(countBy(of("passed"), (outcome) => outcome.group))}`);
  if (of("skipped").length > 0)
    console.log(`skipped, for the library has none yet of:\n${table(countBy(of("skipped"), (outcome) => outcome.message!))}`);
  console.log(`${of("passed").length} passed, ${of("failed").length} failed, ${of("skipped").length} skipped`);
  process.exitCode = of("failed").length > 0 ? 1 : 0;
}

main().catch((error: unknown) => {
  if (!(error instanceof UsageError)) throw error;
  console.error(`golden: ${error.message}; usage: ${usage}`);
  process.exitCode = 2;
});
