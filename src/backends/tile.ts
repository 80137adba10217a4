// Which of gemm's tiles a memory's kernels take: a small table by arithmetic and engine, filled with bench/ladder. No tile changes a bit.
import { Control, Tile } from "../../assembly/opcodes.js";
import type { ArithmeticName } from "../arithmetic.js";
import { isV8 } from "./engine.js";
import { isWide } from "./revectorizer.js";

function fastestTile(arithmetic: ArithmeticName): Tile {
  // A row of 2x16 is two 256-bit sums: four chains, too few where an addition takes 3 cycles. GFLOP/s of 2x16 and 4x16, strict: 60 and 66 on
  // an Intel Xeon, 98 and 99 on Zen 5; Node 22 55 and 78.
  if (isWide(arithmetic)) return arithmetic === "strict" ? Tile.R4C16 : Tile.R6C16;
  // JavaScriptCore does not keep 10 sums in registers: Bun's 2x16 and 5x8 make 34 and 24 on Zen 3. SpiderMonkey (Firefox) does, but gains 0-3 % by it,
  // and with the fused 6x8 loses up to 20 %.
  if (!isV8()) return Tile.R2C16;
  return arithmetic === "strict" ? Tile.R5C8 : Tile.R6C8;
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
