// Reads a folder of golden cases and runs each on each backend. The format: test/golden/README.md.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Comparison } from "./compare.js";
import { runActivation } from "./functions.js";
import { runLoss } from "./loss.js";
import { runMetric } from "./metrics.js";
import { runNetwork, runTextbook } from "./network.js";
import { type OptimizerInputs, runOptimizer } from "./optimizer.js";
import { runSchedule } from "./schedule.js";
import { Later } from "./spec.js";

export type Backend = "wasm" | "js";

/** One case as it is in its file; what kind it is shows in its fields. */
export type Case = Readonly<Record<string, unknown>>;

interface File {
  readonly cases: readonly Case[];
  readonly inputs?: Readonly<Record<string, OptimizerInputs>>;
}

interface Selected {
  /** The file's name without its ending. */
  readonly group: string;
  readonly name: string;
  readonly given: Case;
  readonly file: File;
}

export interface Outcome {
  readonly group: string;
  readonly name: string;
  readonly backend: Backend;
  readonly status: "passed" | "failed" | "skipped";
  /** Failed: what is wrong; skipped: what the library does not have yet. */
  readonly message?: string;
}

/** Something is wrong with what was asked for, not with a case. */
export class UsageError extends Error {}

type Runner = (given: Case, backend: Backend, file: File) => Promise<Comparison>;

/** The fields that tell a kind of case, most telling first. */
const kinds: readonly { readonly has: readonly string[]; readonly run: Runner }[] = [
  { has: ["firstStep", "initial"], run: runTextbook },
  { has: ["layers", "steps"], run: runNetwork },
  { has: ["optimizer", "weights"], run: runOptimizer },
  { has: ["loss", "prediction", "target"], run: runLoss },
  { has: ["activation", "x", "dy"], run: runActivation },
  { has: ["schedule"], run: runSchedule },
  { has: ["yTrue", "expected"], run: runMetric },
];

/** @returns the cases of `folder`, or of its subfolder `cases`, that the filters leave
 *  @throws {UsageError} if there is no such folder, or none are left */
export function selectCases(
  folder: string,
  filters: { readonly group?: string | undefined; readonly name?: string | undefined } = {},
): Selected[] {
  if (!existsSync(folder)) throw new UsageError(`no such folder: ${folder}`);
  const inner = join(folder, "cases");
  const from = existsSync(inner) ? inner : folder;
  const files = readdirSync(from).filter((name) => name.endsWith(".json"));
  const all = files.flatMap((fileName): Selected[] => {
    const file = parse(join(from, fileName));
    const group = basename(fileName, ".json");
    return file.cases.map((given, i) => ({ group, name: String(given.name ?? `case ${i}`), given, file }));
  });
  if (all.length === 0) throw new UsageError(`no cases in ${folder}: expected .json files with "cases"`);
  const { group, name } = filters;
  const ofGroup = all.filter((one) => group === undefined || one.group === group);
  if (ofGroup.length === 0)
    throw new UsageError(`no group ${JSON.stringify(group)}, expected one of: ${[...new Set(all.map((one) => one.group))].join(", ")}`);
  const chosen = ofGroup.filter((one) => name === undefined || one.name.includes(name));
  if (chosen.length === 0) throw new UsageError(`no case has ${JSON.stringify(name)} in its name`);
  return chosen;
}

function parse(path: string): File {
  let file: unknown;
  try {
    file = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new UsageError(`${path} is not JSON: ${(cause as Error).message}`, { cause });
  }
  const cases = (file as Partial<File> | null)?.cases;
  if (!Array.isArray(cases)) throw new UsageError(`${path} has no array "cases"`);
  return file as File;
}

export async function runCase({ group, name, given, file }: Selected, backend: Backend): Promise<Outcome> {
  const outcome = { group, name, backend };
  const kind = kinds.find(({ has }) => has.every((field) => field in given));
  if (!kind) return { ...outcome, status: "failed", message: `no known kind of case has the fields: ${Object.keys(given).join(", ")}` };
  try {
    const message = (await kind.run(given, backend, file)).failure;
    return message ? { ...outcome, status: "failed", message } : { ...outcome, status: "passed" };
  } catch (error) {
    const message = (error as Error).message.replaceAll("\n", " ");
    return { ...outcome, status: error instanceof Later ? "skipped" : "failed", message };
  }
}
