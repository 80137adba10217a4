// From nothing to the first step, over an empty script, each time in a process of its own, and the parts of it; and compiling a plan, which
// costs most the first time.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Budget, Figure } from "./measure.js";
import { median } from "./median.js";
import type { How } from "./networks.js";

/** The bench is published as a bundle, and these scripts are next to it. */
const script = (name: "started" | "planned") => fileURLToPath(new URL(`${name}.js`, import.meta.url));

/** A script that does nothing but say when it runs, as started.ts does. */
function emptyScript(): string {
  const file = join(mkdtempSync(join(tmpdir(), "chainrule-bench-")), "empty.mjs");
  writeFileSync(file, "process.stdout.write(JSON.stringify({ import: performance.now() }));\n");
  return file;
}

/** Runs a script. @returns milliseconds: its own, and until the process had ended */
function run(...command: readonly string[]): Record<string, number> & { readonly end: number } {
  const begun = performance.now();
  const times = JSON.parse(execFileSync(process.execPath, command, { encoding: "utf8" }));
  return { ...times, end: performance.now() - begun };
}

/** Milliseconds over an empty script, by part: "all" is until the first step is done, "end" until the process has ended, which waits for
 *  what V8 optimises at that moment. */
export function measureStart(backend: How["backend"], { samples }: Budget): ReadonlyMap<string, Figure> {
  const parts = new Parts();
  const empty = emptyScript();
  for (let i = 0; i < samples; ++i) {
    const nothing = run(empty);
    const { end, ...times } = run(script("started"), backend);
    parts.add("all", Math.max(...Object.values(times)) - nothing.import!);
    let before = nothing.import!;
    for (const [part, time] of Object.entries(times)) {
      parts.add(part, time - before);
      before = time;
    }
    parts.add("end", end - nothing.end);
  }
  rmSync(dirname(empty), { recursive: true });
  return parts.figures();
}

/** Milliseconds to compile the plan of ten layers, by how often the process has compiled one. */
export function measurePlan({ samples }: Budget): ReadonlyMap<string, Figure> {
  const parts = new Parts();
  for (let i = 0; i < samples; ++i) {
    const { end, ...times } = run(script("planned"));
    for (const [part, time] of Object.entries(times)) parts.add(part, time);
  }
  return parts.figures();
}

/** Times by name, in the order in which they were first added. */
class Parts {
  private readonly times = new Map<string, number[]>();

  add(part: string, time: number): void {
    this.times.set(part, [...(this.times.get(part) ?? []), time]);
  }

  figures(): ReadonlyMap<string, Figure> {
    return new Map([...this.times].map(([part, list]) => [part, { median: median(list), min: Math.min(...list), max: Math.max(...list) }]));
  }
}
