// Kernels that move whole rows, fill and add up. Sums over all of a tensor are in reductions.ts.
import { Start } from "./opcodes";

/** y[r] = data[order[r]], rows of `words` 32-bit words one after the other, as bits. order: u32[end]. Range in rows of y. */
export function gatherRows(y: usize, data: usize, order: usize, words: u32, begin: u32, end: u32): void {
  const bytes = (<usize>words) << 2;
  // Class ids have a word a row, up to four features or targets a vector: the loop for all tests thrice a row what it is.
  if (words == 1) {
    for (let r = <usize>begin; r < end; ++r) store<u32>(y + (r << 2), load<u32>(data + ((<usize>load<u32>(order + (r << 2))) << 2)));
    return;
  }
  if (words == 4) {
    for (let r = <usize>begin; r < end; ++r) v128.store(y + (r << 4), v128.load(data + ((<usize>load<u32>(order + (r << 2))) << 4)));
    return;
  }
  for (let r = <usize>begin; r < end; ++r) {
    copyWords(y + r * bytes, data + <usize>load<u32>(order + (r << 2)) * bytes, bytes);
  }
}

/** Any number of whole words: rows of class ids have one, rows of features are mostly whole v128s. */
function copyWords(to: usize, from: usize, bytes: usize): void {
  const stop = to + bytes;
  for (; to + 64 <= stop; to += 64, from += 64) {
    const a = v128.load(from);
    const b = v128.load(from, 16);
    const c = v128.load(from, 32);
    const d = v128.load(from, 48);
    v128.store(to, a);
    v128.store(to, b, 16);
    v128.store(to, c, 32);
    v128.store(to, d, 48);
  }
  for (; to + 16 <= stop; to += 16, from += 16) v128.store(to, v128.load(from));
  for (; to < stop; to += 4, from += 4) store<u32>(to, load<u32>(from));
}

/** y = value. y: f32[end], 16-byte aligned. Range in elements, both multiples of 4. */
export function fill(y: usize, value: f32, begin: u32, end: u32): void {
  const values = f32x4.splat(value);
  const stop = (<usize>end) << 2;
  for (let at = (<usize>begin) << 2; at < stop; at += 16) v128.store(y + at, values);
}

/** The same with a value from the step's record. */
export function fillStep(y: usize, value: f32, begin: u32, end: u32): void {
  fill(y, value, begin, end);
}

/** y += x. y, x: f32[end], 16-byte aligned. Range in elements, both multiples of 4. */
export function accumulate(y: usize, x: usize, begin: u32, end: u32): void {
  const stop = (<usize>end) << 2;
  for (let at = (<usize>begin) << 2; at < stop; at += 16) {
    v128.store(y + at, f32x4.add(v128.load(y + at), v128.load(x + at)));
  }
}

/** y[j] = start + x[0][j] + x[1][j] + …, added in row order; start is +0, or y[j] if `start` is Start.C.
 *  y: f32[end], x: f32[rows][ld], 16-byte aligned. y[j] = +0 for j >= columns, whatever x's padding holds.
 *  Range in elements of y, both multiples of 4. */
export function sumRows(y: usize, x: usize, rows: u32, columns: u32, ld: u32, start: u32, begin: u32, end: u32): void {
  if (start != Start.C) fill(y, 0, begin, end);
  const stride = (<usize>ld) << 2;
  const first = (<usize>begin) << 2;
  const stop = (<usize>end) << 2;
  // Four rows at a time: y is loaded and stored a quarter as often, and x is read in streams.
  for (; rows >= 4; rows -= 4, x += stride << 2) {
    const x1 = x + stride;
    const x2 = x1 + stride;
    const x3 = x2 + stride;
    for (let at = first; at < stop; at += 16) {
      let sum = f32x4.add(v128.load(y + at), v128.load(x + at));
      sum = f32x4.add(sum, v128.load(x1 + at));
      sum = f32x4.add(sum, v128.load(x2 + at));
      v128.store(y + at, f32x4.add(sum, v128.load(x3 + at)));
    }
  }
  for (; rows; --rows, x += stride) accumulate(y, x, begin, end);
  if (end <= columns) return;
  // The last vector has padding, which is cleared.
  const lanes = i32x4.add(i32x4.splat(end - 4), i32x4(0, 1, 2, 3));
  const logical = i32x4.lt_u(lanes, i32x4.splat(columns));
  v128.store(y + stop - 16, v128.and(v128.load(y + stop - 16), logical));
}
