// Which of gemm's tiles a memory's kernels take: a small table by arithmetic and engine, filled with bench/ladder. No tile changes a bit.
import { Control, Tile } from "../../assembly/opcodes.js";
import type { ArithmeticName } from "../arithmetic.js";
import { isWide } from "./revectorizer.js";

/** V8 of Node 24, the first that keeps tiles of 10 and 12 sums in registers. */
const ROOMY = 13;

function fastestTile(arithmetic: ArithmeticName): Tile {
  const v8 = Number.parseInt(globalThis.process?.versions?.v8 ?? "", 10);
  // A row of 2x16 is two 256-bit sums: four chains, too few where an addition takes 3 cycles. GFLOP/s of 2x16 and 4x16, strict: 60 and 66 on
  // an Intel Xeon, 98 and 99 on Zen 5; Node 22 55 and 78.
  if (isWide(arithmetic)) return arithmetic === "strict" ? Tile.R4C16 : Tile.R6C16;
  // Of 2x16 and 6x8, relaxed, on Node 22: 45 and 26.
  if (v8 < ROOMY) return Tile.R2C16;
  if (arithmetic === "relaxed") return Tile.R6C8;
  // Other engines: what none is slow with.
  return v8 >= ROOMY ? Tile.R5C8 : Tile.R2C16;
}

/** To be called before a build's kernels run in a new memory. */
export function setTile(memory: WebAssembly.Memory, arithmetic: ArithmeticName): void {
  new Uint32Array(memory.buffer)[Control.Tile >> 2] = fastestTile(arithmetic);
}

const names: Readonly<Record<Tile, string>> = {
  [Tile.R2C16]: "2x16",
  [Tile.R4C16]: "4x16",
  [Tile.R5C8]: "5x8",
  [Tile.R6C8]: "6x8",
  [Tile.R6C16]: "6x16",
};

/** The tile that kernels take in a memory, rows x columns. */
export function tileIn(memory: WebAssembly.Memory): string {
  return names[new Uint32Array(memory.buffer)[Control.Tile >> 2] as Tile];
}
