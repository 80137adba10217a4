// npx tsx bench/ladder/blocks.ts [--revectorize]: GFLOP/s of relaxed arithmetic's tile on blocks that stay where they are, or move through
// matrices of 1024 columns as gemm's do: what memory costs beside the arithmetic, by rows in a block. How Block.MC was chosen.
import { setFlagsFromString } from "node:v8";
import { compileAssembly } from "../compile.js";
import { median } from "../median.js";

const wide = process.argv.includes("--revectorize");
if (wide) setFlagsFromString("--experimental-wasm-revectorize");

const [N, K, ROWS] = [1024, 256, 960];
const HEIGHTS = [12, 24, 48, 96, 240, 960];
const ROUNDS = 15;
/** Bytes from row to row of A and C, and of a panel of B. */
const [LINE, PANEL] = [4 * N, K * 64];
const [A, B, C] = [1 << 20, 6 << 20, 8 << 20];
/** What moves from block to block and strip to strip. */
const MOVES = { nothing: 0, A: 1, B: 2, C: 4, all: 7 } as const;

const tile = wide
  ? "gemmMicro6x16(c1, ldc, c1, ldc, a1, ldc, 4, b1, 64, height, K);"
  : `gemmMicro6x8(c1, ldc, c1, ldc, a1, ldc, 4, b1, 64, height, K);
     gemmMicro6x8(c1 + 32, ldc, c1 + 32, ldc, a1, ldc, 4, b1 + 32, 64, height, K);`;
const source = `
import { ${wide ? "gemmMicro6x16" : "gemmMicro6x8"} } from "../wasm/micro";
const K: u32 = ${K};
export function run(c: usize, a: usize, b: usize, ldc: usize, height: u32, moves: u32): void {
  for (let i: u32 = 0; i < ${ROWS}; i += height)
    for (let q: u32 = 0; q < ${N / 16}; ++q) {
      const down = <usize>i * ldc;
      const a1 = moves & 1 ? a + down : a;
      const b1 = moves & 2 ? b + <usize>(q & 31) * ${PANEL} : b;
      const c1 = moves & 4 ? c + down + (<usize>q << 6) : c;
      ${tile}
    }
}
`;
const memory = new WebAssembly.Memory({ initial: 256 });
const module = compileAssembly("blocks", source, { relaxed: true });
const { run } = new WebAssembly.Instance(module, { env: { memory } }).exports as Record<string, (...args: number[]) => void>;

const lines = HEIGHTS.flatMap((height) => Object.entries(MOVES).map(([name, moves]) => ({ height, name, moves, samples: [] as number[] })));
for (let round = -5; round < ROUNDS; ++round)
  for (const { height, moves, samples } of lines) {
    const from = performance.now();
    run!(C, A, B, LINE, height, moves);
    if (round >= 0) samples.push((2 * ROWS * N * K) / (performance.now() - from) / 1e6);
  }

console.log(
  `Node ${process.versions.node}, relaxed${wide ? ", revectorized" : ""}, one thread, GFLOP/s (median of ${ROUNDS}); what moves:`,
);
console.log(
  `rows  ${Object.keys(MOVES)
    .map((name) => name.padStart(9))
    .join("")}`,
);
for (const height of HEIGHTS) {
  const row = lines.filter((line) => line.height === height).map(({ samples }) => median(samples).toFixed(1).padStart(9));
  console.log(`${String(height).padEnd(6)}${row.join("")}`);
}
