// What `npm test` runs after the build: types, lint, all tests; the last line is the sum. Commands are found in npm's PATH.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Of vitest's JSON report, what is counted here. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly { readonly status: string }[] }[];
}

const sum = { passed: 0, failed: 0, skipped: 0 };

function succeeds(command: string, ...args: string[]): boolean {
  console.log(`> ${[command, ...args].join(" ")}`);
  return spawnSync(command, args, { stdio: "inherit" }).status === 0;
}

sum[succeeds("tsc", "--noEmit") ? "passed" : "failed"] += 1;
sum[succeeds("biome", "check") ? "passed" : "failed"] += 1;

const folder = mkdtempSync(join(tmpdir(), "chainrule-test-"));
const file = join(folder, "report.json");
const allPassed = succeeds("vitest", "run", "--reporter=default", "--reporter=json", `--outputFile.json=${file}`);
if (existsSync(file)) {
  const report: Report = JSON.parse(readFileSync(file, "utf8"));
  sum.passed += report.numPassedTests;
  // A file that cannot be loaded fails without any test of its own.
  const unloaded = report.testResults.filter((r) => r.status === "failed" && !r.assertionResults.some((a) => a.status === "failed"));
  sum.failed += report.numFailedTests + unloaded.length;
  sum.skipped += report.numPendingTests + report.numTodoTests;
}
// An error outside of any test, or no report at all.
if (!allPassed && sum.failed === 0) sum.failed += 1;
rmSync(folder, { recursive: true });

console.log(`${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ""}`);
process.exitCode = sum.failed > 0 ? 1 : 0;
