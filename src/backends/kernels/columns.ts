// The JavaScript twin of assembly/columns.ts; what each kernel does is said there.
import type { Views } from "../views.js";
import { sumRow } from "./lanes.js";

const fround = Math.fround;

export function sumColumns(
  { f32 }: Views,
  y: number,
  x: number,
  columns: number,
  ld: number,
  ldy: number,
  begin: number,
  end: number,
): void {
  for (let r = begin; r < end; ++r) {
    const yRow = (y >>> 2) + r * ldy;
    f32[yRow] = sumRow(f32, (x >>> 2) + r * ld, columns);
    if (ldy > 1) f32.fill(0, yRow + 1, yRow + 4);
  }
}

export function copyColumns(
  { u32 }: Views,
  y: number,
  x: number,
  count: number,
  to: number,
  from: number,
  ldy: number,
  ldx: number,
  _first: number,
  begin: number,
  end: number,
): void {
  for (let r = begin; r < end; ++r) {
    const yRow = (y >>> 2) + r * ldy + to;
    const xRow = (x >>> 2) + r * ldx + from;
    for (let j = 0; j < count; ++j) u32[yRow + j] = u32[xRow + j]!;
  }
}

export function addColumns(
  { f32 }: Views,
  y: number,
  x: number,
  count: number,
  to: number,
  from: number,
  ldy: number,
  ldx: number,
  begin: number,
  end: number,
): void {
  for (let r = begin; r < end; ++r) {
    const yRow = (y >>> 2) + r * ldy + to;
    const xRow = (x >>> 2) + r * ldx + from;
    for (let j = 0; j < count; ++j) f32[yRow + j] = fround(f32[yRow + j]! + f32[xRow + j]!);
  }
}

export function transpose(
  { f32 }: Views,
  y: number,
  x: number,
  columns: number,
  ldy: number,
  ldx: number,
  begin: number,
  end: number,
): void {
  for (let r = begin; r < end; ++r) {
    const yRow = (y >>> 2) + r * ldy;
    for (let j = 0; j < columns; ++j) f32[yRow + j] = f32[(x >>> 2) + j * ldx + r]!;
    f32.fill(0, yRow + columns, yRow + ldy);
  }
}

export function clearPadding({ f32 }: Views, y: number, columns: number, ld: number, begin: number, end: number): void {
  for (let r = begin; r < end; ++r) f32.fill(0, (y >>> 2) + r * ld + columns, (y >>> 2) + (r + 1) * ld);
}
