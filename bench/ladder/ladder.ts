// npx tsx bench/ladder/ladder.ts [--relaxed] [--revectorize]: GFLOP/s of micro-kernels by tile, and by how they find A and B; panels in L1.
// Writes each variant out as AssemblyScript, compiles it alone and times it: how the tile of assembly/gemm/micro.ts was chosen, and a
// way to choose again for another engine. Order over k is the same in all of them, so none changes a bit.
// The baseline is 4x8 strided, gemm's own; the ceiling on that machine's 128-bit units is the table's best.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";

/** `packed`: panels, constant offsets; `strided`: one pointer for every row of A, strides as arguments (what gemm uses);
 *  `unrolled`: packed, two k at a time. */
type Style = "packed" | "strided" | "unrolled";
interface Tile {
  readonly rows: number;
  readonly vectors: number;
}

const relaxed = process.argv.includes("--relaxed");
if (process.argv.includes("--revectorize")) setFlagsFromString("--experimental-wasm-revectorize");

function source({ rows, vectors }: Tile, style: Style): string {
  const r = [...Array(rows).keys()];
  const v = [...Array(vectors).keys()];
  const each = (f: (i: number, j: number) => string) => r.flatMap((i) => v.map((j) => f(i, j))).join("");
  const line = (list: readonly number[], f: (i: number) => string) => list.map(f).join("");
  const step = (at: number) =>
    line(v, (j) => `const b${at}_${j} = v128.load(b, ${(at * vectors + j) * 16});\n`) +
    line(r, (i) => {
      const a = style === "strided" ? `a${i}` : `a, ${(at * rows + i) * 4}`;
      return `x = v128.load32_splat(${a});\n${line(v, (j) => `c${i}_${j} = multiplyAdd(x, b${at}_${j}, c${i}_${j});\n`)}`;
    });
  const loop = {
    packed: `${step(0)} a += ${rows * 4}; b += ${vectors * 16};`,
    unrolled: `${step(0)} ${step(1)} a += ${rows * 8}; b += ${vectors * 32}; --k;`,
    strided: `${step(0)} ${line(r, (i) => `a${i} += aStep;`)} b += bStep;`,
  }[style];
  return `import { multiplyAdd } from "../../assembly/arithmetic";
export function tile(c: usize, ldc: usize, a: usize, aRow: usize, aStep: usize, b: usize, bStep: usize, k: u32): void {
  ${line(r, (i) => `let a${i} = a + ${i} * aRow;\n`)}
  let x: v128;
  ${each((i, j) => `let c${i}_${j} = v128.load(c + ${i} * ldc, ${j * 16});\n`)}
  do { ${loop} } while (--k);
  ${each((i, j) => `v128.store(c + ${i} * ldc, c${i}_${j}, ${j * 16});\n`)}
}
export function sweep(times: u32, c: usize, ldc: usize, a: usize, aRow: usize, aStep: usize, b: usize, bStep: usize, k: u32): void {
  for (let t: u32 = 0; t < times; ++t) tile(c, ldc, a, aRow, aStep, b, bStep, k);
}`;
}

const K = 256;
const memory = new WebAssembly.Memory({ initial: 4 });
const folder = "build/ladder";
mkdirSync(folder, { recursive: true });

function measure(tile: Tile, style: Style): number {
  const [text, wasm] = [join(folder, "tile.ts"), join(folder, "tile.wasm")];
  writeFileSync(text, source(tile, style));
  const features = relaxed ? ["--enable", "relaxed-simd"] : [];
  const options = ["-O3", "--runtime", "stub", "--noAssert", "--importMemory", "--enable", "simd", ...features, "-o", wasm];
  execFileSync(process.execPath, ["node_modules/assemblyscript/bin/asc.js", text, ...options], { stdio: "inherit" });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(wasm)), { env: { memory } });
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
rmSync(folder, { recursive: true });
