// From nothing to the first step, over an empty script, each time in a process of its own; and the parts of it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Budget, Figure } from "./measure.js";
import type { How } from "./networks.js";

/** A script that does nothing but say when it runs, as started.ts does. */
function emptyScript(): string {
  const file = join(mkdtempSync(join(tmpdir(), "chainrule-bench-")), "empty.mjs");
  writeFileSync(file, "process.stdout.write(JSON.stringify({ import: performance.now() }));\n");
  return file;
}

/** Runs a script. @returns milliseconds: its own, and until the process had ended */
function run(...script: readonly string[]): Record<string, number> {
  const begun = performance.now();
  const times = JSON.parse(execFileSync(process.execPath, script, { encoding: "utf8" }));
  return { ...times, all: performance.now() - begun };
}

/** Milliseconds, by part: `all` first, then in their order.
 *  @param started the script started.ts, bundled */
export function measureStart(started: string, backend: How["backend"], { samples }: Budget): ReadonlyMap<string, Figure> {
  const parts = new Map<string, number[]>();
  const empty = emptyScript();
  const push = (part: string, time: number) => parts.set(part, [...(parts.get(part) ?? []), time]);
  for (let i = 0; i < samples; ++i) {
    const nothing = run(empty);
    const { all, ...times } = run(started, backend);
    push("all", all! - nothing.all!);
    let before = nothing.import!;
    for (const [part, time] of Object.entries(times)) {
      push(part, time - before);
      before = time;
    }
  }
  rmSync(dirname(empty), { recursive: true });
  return new Map(
    [...parts].map(([part, list]) => {
      const sorted = list.sort((a, b) => a - b);
      return [part, { median: sorted[sorted.length >> 1]!, min: sorted[0]!, max: sorted.at(-1)! }];
    }),
  );
}
