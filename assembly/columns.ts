// Kernels that sum, cut, join and turn matrices by their columns. All but sumColumns touch logical elements only, or clear padding.
import { rowAt, sumRow } from "./lanes";

/** y[r] = the sum of x's row r, by the tree of lanes.ts. y: rows of ldy elements; of 4, the last three are +0; of 1, none.
 *  x: f32[end, ld], `columns` of them logical. Range in rows. */
export function sumColumns(y: usize, x: usize, columns: u32, ld: u32, ldy: u32, begin: u32, end: u32): void {
  for (let r = begin; r < end; ++r) {
    const sum = sumRow(rowAt(x, r, ld), columns);
    if (ldy == 1) store<f32>(rowAt(y, r, 1), sum);
    else v128.store(rowAt(y, r, ldy), f32x4(sum, 0, 0, 0));
  }
}

/** y[r][to + j] = x[r][from + j] for j < count, as bits; y's other elements stay. y: f32[end, ldy], x: f32[end, ldx]. Range in rows. */
export function copyColumns(
  y: usize,
  x: usize,
  count: u32,
  to: u32,
  from: u32,
  ldy: u32,
  ldx: u32,
  _first: u32,
  begin: u32,
  end: u32,
): void {
  const bytes = (<usize>count) << 2;
  for (let r = begin; r < end; ++r) {
    const yRow = rowAt(y, r, ldy) + ((<usize>to) << 2);
    const xRow = rowAt(x, r, ldx) + ((<usize>from) << 2);
    let at: usize = 0;
    for (; at + 16 <= bytes; at += 16) v128.store(yRow + at, v128.load(xRow + at));
    for (; at < bytes; at += 4) store<u32>(yRow + at, load<u32>(xRow + at));
  }
}

/** y[r][to + j] += x[r][from + j] for j < count; the rest as copyColumns. */
export function addColumns(y: usize, x: usize, count: u32, to: u32, from: u32, ldy: u32, ldx: u32, begin: u32, end: u32): void {
  const bytes = (<usize>count) << 2;
  for (let r = begin; r < end; ++r) {
    const yRow = rowAt(y, r, ldy) + ((<usize>to) << 2);
    const xRow = rowAt(x, r, ldx) + ((<usize>from) << 2);
    let at: usize = 0;
    for (; at + 16 <= bytes; at += 16) v128.store(yRow + at, f32x4.add(v128.load(yRow + at), v128.load(xRow + at)));
    for (; at < bytes; at += 4) store<f32>(yRow + at, load<f32>(yRow + at) + load<f32>(xRow + at));
  }
}

/** y[r][j] = x[j][r] for j < columns, +0 in y's padding. y: f32[end, ldy], x: f32[columns, ldx]. Range in rows of y. */
export function transpose(y: usize, x: usize, columns: u32, ldy: u32, ldx: u32, begin: u32, end: u32): void {
  for (let r = begin; r < end; ++r) {
    const yRow = rowAt(y, r, ldy);
    let from = x + ((<usize>r) << 2);
    for (let j: u32 = 0; j < ldy; ++j, from += (<usize>ldx) << 2) {
      store<f32>(yRow + ((<usize>j) << 2), j < columns ? load<f32>(from) : 0);
    }
  }
}

/** y[r][j] = +0 for columns <= j < ld. Range in rows. */
export function clearPadding(y: usize, columns: u32, ld: u32, begin: u32, end: u32): void {
  for (let r = begin; r < end; ++r) {
    const row = rowAt(y, r, ld);
    for (let j = columns; j < ld; ++j) store<f32>(row + ((<usize>j) << 2), 0);
  }
}
