// The micro-kernels: C = start + A·B down a strip of C, 8 or 4 columns wide, in tiles of 4 rows held in registers.
//
// An element of A or B is found by strides, so one kernel reads packed panels and operands in place, transposed or not. Lanes are
// columns of C and every lane adds k = 0, 1, 2 … to its start: no tile size, packing or blocking changes a bit.
// Edges: a last tile of fewer than 4 rows computes its last row again in place of the missing ones; columns past `columns` are
// computed from whatever lies there and stored as +0.
// With 4 x 8 all of the loop stays in the 15 vector registers V8 has to give. All of a row is ready before its first store: V8 can
// then pair adjacent operations.
import { multiplyAdd } from "../arithmetic";

/** Ones in the lanes below `count`. */
export function lanesBelow(count: u32): v128 {
  return i32x4.gt_s(i32x4.splat(count), i32x4(0, 1, 2, 3));
}

/** A strip of C of m rows and up to 8 columns.
 *  c, ldc: its first element, bytes from row to row; start, startLd: the same for what the sums begin with, or 0, for +0
 *  a: A's first element; bytes from one tile of 4 rows to the next, from row to row, from k to k+1
 *  b: B's first element; bytes from k to k+1, its columns being adjacent */
export function gemmMicro4x8(
  c: usize,
  ldc: usize,
  start: usize,
  startLd: usize,
  a: usize,
  aTile: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  bStep: usize,
  m: u32,
  columns: u32,
  k: u32,
): void {
  const mask = lanesBelow(columns - 4);
  while (true) {
    const has1 = m > 1;
    const has2 = m > 2;
    const has3 = m > 3;
    let a0 = a;
    let a1 = a0 + (has1 ? aRow : 0);
    let a2 = a1 + (has2 ? aRow : 0);
    let a3 = a2 + (has3 ? aRow : 0);
    let c00 = f32x4.splat(0);
    let c01 = c00;
    let c10 = c00;
    let c11 = c00;
    let c20 = c00;
    let c21 = c00;
    let c30 = c00;
    let c31 = c00;
    if (start) {
      let row = start;
      c00 = v128.load(row);
      c01 = v128.load(row, 16);
      row += has1 ? startLd : 0;
      c10 = v128.load(row);
      c11 = v128.load(row, 16);
      row += has2 ? startLd : 0;
      c20 = v128.load(row);
      c21 = v128.load(row, 16);
      row += has3 ? startLd : 0;
      c30 = v128.load(row);
      c31 = v128.load(row, 16);
      start += startLd << 2;
    }
    let bk = b;
    let left = k;
    do {
      const b0 = v128.load(bk);
      const b1 = v128.load(bk, 16);
      let x = v128.load32_splat(a0);
      c00 = multiplyAdd(x, b0, c00);
      c01 = multiplyAdd(x, b1, c01);
      x = v128.load32_splat(a1);
      c10 = multiplyAdd(x, b0, c10);
      c11 = multiplyAdd(x, b1, c11);
      x = v128.load32_splat(a2);
      c20 = multiplyAdd(x, b0, c20);
      c21 = multiplyAdd(x, b1, c21);
      x = v128.load32_splat(a3);
      c30 = multiplyAdd(x, b0, c30);
      c31 = multiplyAdd(x, b1, c31);
      a0 += aStep;
      a1 += aStep;
      a2 += aStep;
      a3 += aStep;
      bk += bStep;
    } while (--left);
    c01 = v128.and(c01, mask);
    c11 = v128.and(c11, mask);
    c21 = v128.and(c21, mask);
    c31 = v128.and(c31, mask);
    let row = c;
    v128.store(row, c00);
    v128.store(row, c01, 16);
    row += has1 ? ldc : 0;
    v128.store(row, c10);
    v128.store(row, c11, 16);
    row += has2 ? ldc : 0;
    v128.store(row, c20);
    v128.store(row, c21, 16);
    row += has3 ? ldc : 0;
    v128.store(row, c30);
    v128.store(row, c31, 16);
    if (m <= 4) return;
    m -= 4;
    a += aTile;
    c += ldc << 2;
  }
}

/** The same for up to 4 columns. */
export function gemmMicro4x4(
  c: usize,
  ldc: usize,
  start: usize,
  startLd: usize,
  a: usize,
  aTile: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  bStep: usize,
  m: u32,
  columns: u32,
  k: u32,
): void {
  const mask = lanesBelow(columns);
  while (true) {
    const has1 = m > 1;
    const has2 = m > 2;
    const has3 = m > 3;
    let a0 = a;
    let a1 = a0 + (has1 ? aRow : 0);
    let a2 = a1 + (has2 ? aRow : 0);
    let a3 = a2 + (has3 ? aRow : 0);
    let c0 = f32x4.splat(0);
    let c1 = c0;
    let c2 = c0;
    let c3 = c0;
    if (start) {
      let row = start;
      c0 = v128.load(row);
      row += has1 ? startLd : 0;
      c1 = v128.load(row);
      row += has2 ? startLd : 0;
      c2 = v128.load(row);
      row += has3 ? startLd : 0;
      c3 = v128.load(row);
      start += startLd << 2;
    }
    let bk = b;
    let left = k;
    do {
      const b0 = v128.load(bk);
      c0 = multiplyAdd(v128.load32_splat(a0), b0, c0);
      c1 = multiplyAdd(v128.load32_splat(a1), b0, c1);
      c2 = multiplyAdd(v128.load32_splat(a2), b0, c2);
      c3 = multiplyAdd(v128.load32_splat(a3), b0, c3);
      a0 += aStep;
      a1 += aStep;
      a2 += aStep;
      a3 += aStep;
      bk += bStep;
    } while (--left);
    let row = c;
    v128.store(row, v128.and(c0, mask));
    row += has1 ? ldc : 0;
    v128.store(row, v128.and(c1, mask));
    row += has2 ? ldc : 0;
    v128.store(row, v128.and(c2, mask));
    row += has3 ? ldc : 0;
    v128.store(row, v128.and(c3, mask));
    if (m <= 4) return;
    m -= 4;
    a += aTile;
    c += ldc << 2;
  }
}
