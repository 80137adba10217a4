// npx tsx bench/ladder/ladder.ts [--relaxed] [--revectorize]: GFLOP/s of micro-kernels by tile and style, panels in L1. How the tiles of
// scripts/micro.ts were chosen, and a way to choose again for another engine: `node --import tsx bench/ladder/ladder.ts` with its Node.
import { setFlagsFromString } from "node:v8";
import { compileAssembly } from "../compile.js";
import { median } from "../median.js";
import { type Style, styles, type Tile, tileSource } from "./tile.js";

const relaxed = process.argv.includes("--relaxed");
const revectorize = process.argv.includes("--revectorize");
if (revectorize) setFlagsFromString("--experimental-wasm-revectorize");

const K = 256;
/** Floating-point operations of a sample, about 0.3 ms. */
const WORK = 1.5e7;
const ROUNDS = 9;
const [A, B, C] = [1 << 16, 1 << 17, 3 << 16];
const LDC = 1024;
const TILES = [
  [1, 8],
  [2, 3],
  [2, 4],
  [3, 3],
  [3, 4],
  [4, 1],
  [4, 2],
  [4, 3],
  [4, 4],
  [5, 2],
  [6, 1],
  [6, 2],
  [6, 4],
  [8, 1],
].map(([rows, vectors]) => ({ rows: rows!, vectors: vectors! }));

const size = ({ rows, vectors }: Tile) => `${rows}x${4 * vectors}`;
const suffix = (tile: Tile, style: Style) => `${size(tile)}${style.replace(" ", "by")}`;
const variants = TILES.flatMap((tile) => styles.map((style) => ({ tile, style })));
const source = variants.map(({ tile, style }) => tileSource(tile, style, suffix(tile, style))).join("");
const module = compileAssembly("ladder", `import { multiplyAdd } from "../../assembly/arithmetic";\n${source}`, { relaxed });
const memory = new WebAssembly.Memory({ initial: 4 });
const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as Record<string, (...args: number[]) => void>;

const candidates = variants.map(({ tile, style }) => {
  const { rows, vectors } = tile;
  const flops = 2 * K * rows * 4 * vectors;
  const kernel = kernels[`sweep${suffix(tile, style)}`]!;
  const run = (times: number) => kernel(times, C, LDC, A, 4, 4 * rows, B, 16 * vectors, K);
  return { tile, style, flops, run, samples: [] as number[] };
});

// V8 replaces Liftoff's code after some calls, in the background: a while to do so, more than once.
for (let pass = 0; pass < 4; ++pass) {
  for (const { run } of candidates) for (let call = 0; call < 20; ++call) run(20);
  await new Promise((resolve) => setTimeout(resolve, 100));
}
for (let round = 0; round < ROUNDS; ++round)
  for (const { run, flops, samples } of candidates) {
    const times = Math.ceil(WORK / flops);
    run(times);
    const from = performance.now();
    run(times);
    samples.push((times * flops) / (performance.now() - from) / 1e6);
  }

console.log(
  `Node ${process.versions.node}, ${relaxed ? "relaxed" : "strict"}${revectorize ? ", revectorized" : ""}, one thread, k = ${K}, GFLOP/s (median of ${ROUNDS})`,
);
console.log(`tile    ${styles.map((style) => style.padStart(13)).join("")}`);
for (const tile of TILES) {
  const row = candidates.filter((candidate) => candidate.tile === tile).map(({ samples }) => median(samples).toFixed(1).padStart(13));
  console.log(`${size(tile).padEnd(8)}${row.join("")}`);
}
