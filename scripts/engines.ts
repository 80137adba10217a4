// npm run engines: one network trained on every engine, backend and number of threads. Each row prints what really ran and fails if that is
// not what was asked for. Strict rows fail unless their weights are the same bits, and so do the relaxed ones of one engine and backend.
import { isDeepStrictEqual } from "node:util";
import { browsers, missing, open } from "./engines/browsers.js";
import type { Engine, Row } from "./engines/engine.js";
import { install, released } from "./engines/processes.js";

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
  if (["Bun", "Firefox", "WebKit"].includes(name)) return "2x16";
  if (arithmetic === "strict") return revectorized ? "4x16" : "5x8";
  // The revectorizer of Node 22 pairs no fused operations.
  return revectorized && major >= 24 ? "6x16" : "6x8";
}

/** What only some engines have, and how the error says so. */
function expectedRefusal({ backend, arithmetic, threads, revectorized }: Row, { name, major }: Engine): RegExp | undefined {
  // WebKit's own browser isolates no pages.
  if (name === "WebKit" && backend === "wasm" && !revectorized) {
    if (arithmetic === "relaxed") return /no relaxed SIMD/;
    if (threads > 1) return /no memory that threads could share/;
  }
  if (revectorized && name !== "Node") return /only Node can switch V8's revectorizer on/;
  if (major > 20 || backend === "js") return undefined;
  if (revectorized) return /V8 11\.3 of Node 20\.\S+ has no revectorizer/;
  return arithmetic === "relaxed" ? /no relaxed SIMD/ : undefined;
}

const WIDTHS = [20, 8, 15, 6, 8, 13];
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
async function run(engine: Engine, row: Row): Promise<{ readonly line: string; readonly wrong?: string }> {
  const { backend, arithmetic, threads, revectorized } = row;
  const version = `${engine.name} ${engine.version}`;
  const outcome = await engine.train(row);
  const asked = (rest: string) => columns(version, backend, arithmetic, "", String(threads), yes(revectorized), rest);
  const refusal = expectedRefusal(row, engine);
  if ("error" in outcome) {
    const said = refusal && outcome.error.match(refusal)?.[0];
    return said ? { line: asked(said) } : { line: asked(""), wrong: outcome.error };
  }
  if (refusal) return { line: asked("ran"), wrong: `expected ${refusal}` };
  const { ran, hash } = outcome;
  const line = columns(version, ran.name, ran.build, ran.tile ?? "", String(ran.threads), yes(ran.revectorized), hash.slice(0, 10));
  const build = threads > 1 ? `${arithmetic}Threads` : arithmetic;
  const tile = backend === "wasm" ? { tile: fastestTile(row, engine) } : {};
  const wanted = { name: backend, build, ...tile, threads, revectorized, arithmetic };
  if (!isDeepStrictEqual(ran, wanted)) return { line, wrong: `asked for ${JSON.stringify(wanted)}, ran ${JSON.stringify(ran)}` };
  if (arithmetic === "strict") {
    strictHash ??= hash;
    return hash === strictHash ? { line } : { line, wrong: "other weights" };
  }
  const own = `${version} ${backend}`;
  const relaxedHash = relaxedHashes.get(own) ?? hash;
  relaxedHashes.set(own, relaxedHash);
  if (hash !== relaxedHash) return { line, wrong: "other weights than this engine's first relaxed row" };
  const fuses = !(engine.fusesNothing && backend === "wasm");
  return (hash !== strictHash) === fuses ? { line } : { line, wrong: `${fuses ? "" : "not "}the weights of strict arithmetic` };
}

console.log(columns("engine", "backend", "build", "tile", "threads", "revectorized", "weights"));
let failed = 0;
for (const given of [...released, ...browsers]) {
  const lacking = "programs" in given ? missing(given) : undefined;
  if (lacking) {
    console.log(`${given.name} is left out: there is no ${lacking}`);
    continue;
  }
  const engine = "programs" in given ? await open(given) : install(given);
  for (const row of rows) {
    const { line, wrong } = await run(engine, row);
    console.log(wrong ? `${line}  FAILED: ${wrong}` : line);
    if (wrong) failed += 1;
  }
  await engine.close();
}
console.log(failed ? `${failed} rows failed` : `all strict rows have the weights\n${strictHash}`);
process.exitCode = failed ? 1 : 0;
