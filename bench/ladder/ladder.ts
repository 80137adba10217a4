// npx tsx bench/ladder/ladder.ts [--relaxed] [--revectorize]: GFLOP/s of micro-kernels by tile, and by how they find A and B; panels in L1.
// Compiles each variant alone and times it: how the tile of assembly/gemm/micro.ts was chosen, and a way to choose again for another
// engine. The baseline is 4x8 strided, gemm's own; the ceiling on that machine's 128-bit units is the table's best.
import { setFlagsFromString } from "node:v8";
import { compileAssembly } from "../compile.js";
import { type Style, type Tile, tileSource } from "./tile.js";

const relaxed = process.argv.includes("--relaxed");
if (process.argv.includes("--revectorize")) setFlagsFromString("--experimental-wasm-revectorize");

const K = 256;
const memory = new WebAssembly.Memory({ initial: 4 });

function measure(tile: Tile, style: Style): number {
  const source = `import { multiplyAdd } from "../../assembly/arithmetic";\n${tileSource(tile, style)}`;
  const { exports } = new WebAssembly.Instance(compileAssembly("ladder", source, { relaxed }), { env: { memory } });
  const sweep = exports.sweep as (...args: number[]) => void;
  const width = tile.vectors * 16;
  const [a, b, c] = [1 << 16, 1 << 17, 3 << 16];
  const times = 2000;
  const flops = times * K * tile.rows * tile.vectors * 8;
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 40; ++round) {
    const from = performance.now();
    sweep(times, c, 1024, a, 4, 4 * tile.rows, b, width, K);
    best = Math.min(best, performance.now() - from);
  }
  return flops / best / 1e6;
}

const styles: readonly Style[] = ["packed", "unrolled", "strided"];
console.log(`Node ${process.versions.node}, ${relaxed ? "relaxed" : "strict"}, one thread, k = ${K}, GFLOP/s (best of 40)`);
console.log(`tile    ${styles.map((s) => s.padStart(10)).join("")}`);
for (const [rows, vectors] of [
  [1, 8],
  [2, 3],
  [2, 4],
  [3, 3],
  [4, 1],
  [4, 2],
  [4, 3],
  [5, 2],
  [6, 2],
  [8, 1],
] as const) {
  const row = styles.map((style) => measure({ rows, vectors }, style).toFixed(1).padStart(10));
  console.log(`${`${rows}x${vectors * 4}`.padEnd(8)}${row.join("")}`);
}
