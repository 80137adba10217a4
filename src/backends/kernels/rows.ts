// The JavaScript twin of assembly/rows.ts; what each kernel does is said there.
import { Start } from "../../../assembly/opcodes.js";
import type { Views } from "../views.js";

const fround = Math.fround;

export function gatherRows(views: Views, y: number, data: number, order: number, words: number, begin: number, end: number): void {
  const { u32 } = views;
  for (let r = begin; r < end; ++r) copyWords(u32, (y >>> 2) + r * words, (data >>> 2) + u32[(order >>> 2) + r]! * words, words);
}

/** As integers: a JavaScript engine may change the bits of a NaN that passes through a float. */
function copyWords(u32: Uint32Array, to: number, from: number, words: number): void {
  // A call into the engine costs as much as a loop over some tens of words.
  if (words > 32) u32.copyWithin(to, from, from + words);
  else for (let i = 0; i < words; ++i) u32[to + i] = u32[from + i]!;
}

export function fill(views: Views, y: number, value: number, begin: number, end: number): void {
  views.f32.fill(value, (y >>> 2) + begin, (y >>> 2) + end);
}

export function fillStep(views: Views, y: number, value: number, begin: number, end: number): void {
  fill(views, y, value, begin, end);
}

export function accumulate(views: Views, y: number, x: number, begin: number, end: number): void {
  const { f32 } = views;
  const yAt = y >>> 2;
  const xAt = x >>> 2;
  for (let i = begin; i < end; ++i) f32[yAt + i] = fround(f32[yAt + i]! + f32[xAt + i]!);
}

export function sumRows(
  views: Views,
  y: number,
  x: number,
  rows: number,
  columns: number,
  ld: number,
  start: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  const yAt = y >>> 2;
  const stop = Math.min(end, columns);
  f32.fill(0, yAt + (start === Start.C ? Math.max(begin, columns) : begin), yAt + end);
  for (let r = 0, xAt = x >>> 2; r < rows; ++r, xAt += ld) {
    for (let j = begin; j < stop; ++j) f32[yAt + j] = fround(f32[yAt + j]! + f32[xAt + j]!);
  }
}
