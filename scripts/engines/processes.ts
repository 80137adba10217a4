// Engines that npm installs, into a folder of their own; each row is a process.
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Engine, Outcome } from "./engine.js";

interface Released {
  readonly name: Engine["name"];
  readonly major: number;
  /** What npm installs. */
  readonly package: string;
  /** In node_modules. */
  readonly program: string;
  /** Before a script's path. */
  readonly command?: readonly string[];
  readonly fusesNothing?: boolean;
}

const windows = process.platform === "win32";
const folder = process.env.CHAINRULE_ENGINES ?? join(tmpdir(), "chainrule-engines");

/** The newest release of a major version. */
function node(major: number): Released {
  const name = `node-${windows ? "win" : process.platform}-${process.arch}`;
  return { name: "Node", major, package: `${name}@${major}`, program: `${name}/${windows ? "node.exe" : "bin/node"}` };
}

export const released: readonly Released[] = [
  ...[20, 22, 24, 26].map(node),
  { name: "Bun", major: 26, package: "bun@1.4.5", program: "bun/bin/bun.exe", fusesNothing: process.arch === "x64" },
  { name: "Deno", major: 26, package: "deno@2.9.6", program: windows ? "deno/deno.exe" : "deno/deno", command: ["run", "--allow-all"] },
];

export function install(release: Released): Engine {
  const { command = [], program, ...rest } = release;
  const home = join(folder, rest.name === "Node" ? String(rest.major) : rest.package);
  const binary = join(home, "node_modules", program);
  if (!existsSync(binary)) {
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, "package.json"), '{ "private": true }');
    console.log(`installing ${rest.package} into ${home}`);
    execFileSync("npm", ["install", "--no-audit", "--no-fund", rest.package], { cwd: home, stdio: ["ignore", "ignore", "inherit"] });
  }
  return {
    ...rest,
    version: /\d+\.\d+\.\d+/.exec(execFileSync(binary, ["--version"], { encoding: "utf8" }))![0],
    train: (row) =>
      new Promise<Outcome>((resolve) => {
        execFile(binary, [...command, "scripts/engines/process.mjs", JSON.stringify(row)], (_, stdout, stderr) =>
          resolve(stdout ? JSON.parse(stdout) : { error: stderr }),
        );
      }),
    close: async () => {},
  };
}
