// From nothing to the first step, over an empty script, each time in a process of its own; and the parts of it.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { build } from "tsdown";
import config from "../tsdown.config.js";
import type { Budget, Figure } from "./measure.js";

const folder = "build/bench";
const empty = `${folder}/empty.js`;
const started = `${folder}/started.js`;

/** Bundles the script as the package's modules are. */
export async function prepareStart(): Promise<void> {
  const { format, target, fixedExtension, platform, minify, deps } = config[0]!;
  const options = { format, target, fixedExtension, platform, minify, deps, clean: false, dts: false, config: false } as const;
  await build({ ...options, entry: ["bench/started.ts"], outDir: folder, logLevel: "error" });
  writeFileSync(empty, "process.stdout.write(JSON.stringify({ import: performance.now() }));\n");
}

/** Runs a script. @returns milliseconds: its own, and until the process had ended */
function run(file: string, backend: string): Record<string, number> {
  const begun = performance.now();
  const times = JSON.parse(execFileSync(process.execPath, [file, backend], { encoding: "utf8" }));
  return { ...times, all: performance.now() - begun };
}

/** Milliseconds, by part: `all` first, then in their order. */
export function measureStart(backend: "wasm" | "js", { samples }: Budget): ReadonlyMap<string, Figure> {
  const parts = new Map<string, number[]>();
  const push = (part: string, time: number) => parts.set(part, [...(parts.get(part) ?? []), time]);
  for (let i = 0; i < samples; ++i) {
    const nothing = run(empty, backend);
    const { all, ...times } = run(started, backend);
    push("all", all! - nothing.all!);
    let before = nothing.import!;
    for (const [part, time] of Object.entries(times)) {
      push(part, time - before);
      before = time;
    }
  }
  return new Map(
    [...parts].map(([part, list]) => {
      const sorted = list.sort((a, b) => a - b);
      return [part, { median: sorted[sorted.length >> 1]!, min: sorted[0]!, max: sorted.at(-1)! }];
    }),
  );
}
