// npm run engines: one network trained on every engine, backend and number of threads. Each row prints what really ran and fails if that is
// not what was asked for. Strict rows fail unless their weights are the same bits, and so do the relaxed ones of one engine and backend.
// Engines come from npm, into a folder of their own.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

interface Engine {
  readonly name: "Node" | "Bun" | "Deno";
  /** Node's major version, of others that of the Node which their `process` says they are. */
  readonly major: number;
  /** What npm installs. */
  readonly package: string;
  /** In node_modules. */
  readonly program: string;
  /** Before a script's path. */
  readonly command?: readonly string[];
  /** Its WebAssembly's relaxed product and sum are two operations. */
  readonly fusesNothing?: boolean;
}

const windows = process.platform === "win32";

/** The newest release of a major version. */
function node(major: number): Engine {
  const name = `node-${windows ? "win" : process.platform}-${process.arch}`;
  return { name: "Node", major, package: `${name}@${major}`, program: `${name}/${windows ? "node.exe" : "bin/node"}` };
}

const engines: readonly Engine[] = [
  ...[20, 22, 24, 26].map(node),
  { name: "Bun", major: 26, package: "bun@1.4.5", program: "bun/bin/bun.exe", fusesNothing: process.arch === "x64" },
  { name: "Deno", major: 26, package: "deno@2.9.6", program: windows ? "deno/deno.exe" : "deno/deno", command: ["run", "--allow-all"] },
];

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
function fastestTile({ arithmetic, revectorized }: Row, { name, major }: Engine): string {
  if (name === "Bun") return "2x16";
  if (arithmetic === "strict") return revectorized ? "4x16" : "5x8";
  // The revectorizer of Node 22 pairs no fused operations.
  return revectorized && major >= 24 ? "6x16" : "6x8";
}

/** What only some engines have, and how the error says so. */
function expectedRefusal({ backend, arithmetic, revectorized }: Row, { name, major }: Engine): RegExp | undefined {
  if (revectorized && name !== "Node") return /only Node can switch V8's revectorizer on/;
  if (major > 20 || backend === "js") return undefined;
  if (revectorized) return /V8 11\.3 of Node 20\.\S+ has no revectorizer/;
  return arithmetic === "relaxed" ? /no relaxed SIMD/ : undefined;
}

function binaryOf({ name, major, package: released, program }: Engine): string {
  const home = join(folder, name === "Node" ? String(major) : released);
  const binary = join(home, "node_modules", program);
  if (!existsSync(binary)) {
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, "package.json"), '{ "private": true }');
    console.log(`installing ${released} into ${home}`);
    execFileSync("npm", ["install", "--no-audit", "--no-fund", released], {
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
function run(engine: Engine, row: Row): { readonly line: string; readonly wrong?: string } {
  const binary = binaryOf(engine);
  const { name, major, command = [], fusesNothing = false } = engine;
  const version = `${name} ${/\d+\.\d+\.\d+/.exec(execFileSync(binary, ["--version"], { encoding: "utf8" }))![0]}`;
  const { stdout, stderr } = spawnSync(binary, [...command, "scripts/engines/train.mjs", JSON.stringify(row)], { encoding: "utf8" });
  const { backend, arithmetic, threads, revectorized } = row;
  const asked = (rest: string) => columns(version, backend, arithmetic, "", String(threads), yes(revectorized), rest);
  const refusal = expectedRefusal(row, engine);
  if (refusal) {
    const said = stderr.match(refusal)?.[0];
    return said ? { line: asked(said) } : { line: asked("ran"), wrong: `expected ${refusal}` };
  }
  if (!stdout) return { line: asked(""), wrong: stderr };
  const { ran, hash } = JSON.parse(stdout);
  const line = columns(version, ran.name, ran.build, ran.tile ?? "", String(ran.threads), yes(ran.revectorized), hash.slice(0, 16));
  const build = threads > 1 ? `${arithmetic}Threads` : arithmetic;
  const tile = backend === "wasm" ? { tile: fastestTile(row, engine) } : {};
  const wanted = { name: backend, build, ...tile, threads, revectorized, arithmetic };
  if (!isDeepStrictEqual(ran, wanted)) return { line, wrong: `asked for ${JSON.stringify(wanted)}, ran ${JSON.stringify(ran)}` };
  if (arithmetic === "strict") strictHash ??= hash;
  if (arithmetic === "strict" && hash !== strictHash) return { line, wrong: "other weights" };
  const own = `${name} ${major} ${backend}`;
  const relaxedHash = relaxedHashes.get(own) ?? hash;
  if (arithmetic === "relaxed") relaxedHashes.set(own, relaxedHash);
  if (arithmetic === "relaxed" && hash !== relaxedHash) return { line, wrong: "other weights than this engine's first relaxed row" };
  if (arithmetic === "relaxed" && (hash === strictHash) !== (fusesNothing && backend === "wasm"))
    return { line, wrong: `${hash === strictHash ? "" : "not "}the weights of strict arithmetic` };
  return { line };
}

console.log(columns("engine", "backend", "build", "tile", "threads", "revectorized", "weights"));
let failed = 0;
for (const engine of engines)
  for (const row of rows) {
    const { line, wrong } = run(engine, row);
    console.log(wrong ? `${line}  FAILED: ${wrong}` : line);
    if (wrong) failed += 1;
  }
console.log(failed ? `${failed} rows failed` : `all strict rows have the weights\n${strictHash}`);
process.exitCode = failed ? 1 : 0;
