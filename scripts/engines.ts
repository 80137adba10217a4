// npm run engines: one network trained on every engine, backend and number of threads. Each row prints what really ran and fails if that is
// not what was asked for. Strict rows fail unless their weights are the same bits, and so do the relaxed ones of one engine and backend.
// Engines come from npm, into a folder of their own.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

const MAJORS = [20, 22, 24, 26];
const folder = process.env.CHAINRULE_ENGINES ?? join(tmpdir(), "chainrule-engines");

interface Row {
  readonly backend: "wasm" | "js";
  readonly arithmetic: "strict" | "relaxed";
  readonly threads: number;
  readonly revectorized: boolean;
}

const rows: readonly Row[] = [
  { backend: "wasm", arithmetic: "strict", threads: 1, revectorized: false },
  { backend: "wasm", arithmetic: "strict", threads: 2, revectorized: false },
  { backend: "wasm", arithmetic: "strict", threads: 3, revectorized: false },
  { backend: "wasm", arithmetic: "strict", threads: 8, revectorized: false },
  { backend: "wasm", arithmetic: "strict", threads: 1, revectorized: true },
  { backend: "wasm", arithmetic: "strict", threads: 2, revectorized: true },
  { backend: "wasm", arithmetic: "strict", threads: 3, revectorized: true },
  { backend: "wasm", arithmetic: "strict", threads: 8, revectorized: true },
  { backend: "js", arithmetic: "strict", threads: 1, revectorized: false },
  { backend: "wasm", arithmetic: "relaxed", threads: 1, revectorized: false },
  { backend: "wasm", arithmetic: "relaxed", threads: 2, revectorized: false },
  { backend: "wasm", arithmetic: "relaxed", threads: 1, revectorized: true },
  { backend: "wasm", arithmetic: "relaxed", threads: 2, revectorized: true },
  { backend: "js", arithmetic: "relaxed", threads: 1, revectorized: false },
];

/** By engine, as bench/ladder found it. */
function fastestTile({ arithmetic, revectorized }: Row, major: number): string {
  if (revectorized && arithmetic === "strict") return "4x16";
  if (major < 24) return "2x16";
  if (arithmetic === "strict") return "5x8";
  return revectorized ? "6x16" : "6x8";
}

/** What only some engines have, and how the error says so. */
function expectedRefusal({ backend, arithmetic, revectorized }: Row, major: number): RegExp | undefined {
  if (major > 20 || backend === "js") return undefined;
  if (revectorized) return /V8 11\.3 of Node 20\.\S+ has no revectorizer/;
  return arithmetic === "relaxed" ? /no relaxed SIMD/ : undefined;
}

/** Of an engine's newest release. */
function binaryOf(major: number): string {
  const [name, program] = process.platform === "win32" ? ["win", "node.exe"] : [process.platform, "bin/node"];
  const engine = `node-${name}-${process.arch}`;
  const home = join(folder, String(major));
  const binary = join(home, "node_modules", engine, program);
  if (!existsSync(binary)) {
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, "package.json"), '{ "private": true }');
    console.log(`installing Node ${major} into ${home}`);
    execFileSync("npm", ["install", "--no-audit", "--no-fund", `${engine}@${major}`], {
      cwd: home,
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
  return binary;
}

const WIDTHS = [14, 8, 15, 6, 8, 13];
const columns = (...texts: readonly string[]) =>
  texts
    .map((text, i) => text.padEnd(WIDTHS[i] ?? 0))
    .join("")
    .trimEnd();
const yes = (value: boolean) => (value ? "yes" : "no");

let strictHash: string | undefined;
/** By engine and backend: each CPU may fuse or not, and JavaScript's sums are float64. */
const relaxedHashes = new Map<string, string>();

/** A line of the page, and what is wrong with it, if anything is. */
function run(major: number, row: Row): { readonly line: string; readonly wrong?: string } {
  const binary = binaryOf(major);
  const version = `Node ${execFileSync(binary, ["-p", "process.versions.node"], { encoding: "utf8" }).trim()}`;
  const { stdout, stderr } = spawnSync(binary, ["scripts/engines/train.mjs", JSON.stringify(row)], { encoding: "utf8" });
  const { backend, arithmetic, threads, revectorized } = row;
  const asked = (rest: string) => columns(version, backend, arithmetic, "", String(threads), yes(revectorized), rest);
  const refusal = expectedRefusal(row, major);
  if (refusal) {
    const said = stderr.match(refusal)?.[0];
    return said ? { line: asked(said) } : { line: asked("ran"), wrong: `expected ${refusal}` };
  }
  if (!stdout) return { line: asked(""), wrong: stderr };
  const { ran, hash } = JSON.parse(stdout);
  const line = columns(version, ran.name, ran.build, ran.tile ?? "", String(ran.threads), yes(ran.revectorized), hash.slice(0, 16));
  const build = threads > 1 ? `${arithmetic}Threads` : arithmetic;
  const tile = backend === "wasm" ? { tile: fastestTile(row, major) } : {};
  const wanted = { name: backend, build, ...tile, threads, revectorized, arithmetic };
  if (!isDeepStrictEqual(ran, wanted)) return { line, wrong: `asked for ${JSON.stringify(wanted)}, ran ${JSON.stringify(ran)}` };
  if (arithmetic === "strict") strictHash ??= hash;
  if (arithmetic === "strict" && hash !== strictHash) return { line, wrong: "other weights" };
  const relaxedHash = relaxedHashes.get(`${major} ${backend}`) ?? hash;
  if (arithmetic === "relaxed") relaxedHashes.set(`${major} ${backend}`, relaxedHash);
  if (arithmetic === "relaxed" && hash !== relaxedHash) return { line, wrong: "other weights than this engine's first relaxed row" };
  if (arithmetic === "relaxed" && hash === strictHash) return { line, wrong: "the weights of strict arithmetic" };
  return { line };
}

console.log(columns("engine", "backend", "build", "tile", "threads", "revectorized", "weights"));
let failed = 0;
for (const major of MAJORS)
  for (const row of rows) {
    const { line, wrong } = run(major, row);
    console.log(wrong ? `${line}  FAILED: ${wrong}` : line);
    if (wrong) failed += 1;
  }
console.log(failed ? `${failed} rows failed` : `all strict rows have the weights\n${strictHash}`);
process.exitCode = failed ? 1 : 0;
