// The other libraries come from npm the first time they are asked for, into this folder; the package itself never sees them.
// Install scripts are off: they would build or download native parts (headless WebGL, which gpu.js of brain.js wants) that no CPU path loads.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const folder = import.meta.dirname;

export function install(): void {
  // npm writes this file last.
  if (existsSync(join(folder, "node_modules", ".package-lock.json"))) return;
  console.error("bench:peers: installing the other libraries into bench/peers (once)");
  const options = { cwd: folder, stdio: ["ignore", 2, 2] as ("ignore" | number)[], shell: process.platform === "win32" };
  execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], options);
}

/** Of an installed package. */
export function versionOf(name: string): string {
  return JSON.parse(readFileSync(join(folder, "node_modules", name, "package.json"), "utf8")).version;
}
