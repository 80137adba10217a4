// Matrix products, the twin of assembly/gemm: every element of C adds k = 0, 1, 2 … in order to its start, one rounding for each product
// and each sum, so the order of the elements is free. It is chosen for what a scalar loop can keep in registers.

import { Start } from "../../../assembly/opcodes.js";
import { applyActivation } from "../../../build/js/epilogue.js";
import type { Views } from "../views.js";

const fround = Math.fround;

/** C = A·B with A `[m, k]`, B `[k, n]` */
export function gemm(
  views: Views,
  c: number,
  a: number,
  b: number,
  bias: number,
  _scratch: number,
  n: number,
  k: number,
  lda: number,
  ldb: number,
  ldc: number,
  start: number,
  activation: number,
  alpha: number,
  begin: number,
  end: number,
): void {
  strips(views, c, a, b, bias, n, k, lda, 1, 1, ldb, ldc, start, begin, end);
  applyActivation(views, activation, c, alpha, begin * ldc, end * ldc);
}

/** C = Aᵀ·B with A `[k, m]`, B `[k, n]` */
export function gemmTransposedA(
  views: Views,
  c: number,
  a: number,
  b: number,
  bias: number,
  _scratch: number,
  n: number,
  k: number,
  lda: number,
  ldb: number,
  ldc: number,
  start: number,
  activation: number,
  alpha: number,
  begin: number,
  end: number,
): void {
  strips(views, c, a, b, bias, n, k, 1, lda, 1, ldb, ldc, start, begin, end);
  applyActivation(views, activation, c, alpha, begin * ldc, end * ldc);
}

/** C = A·Bᵀ with A `[m, k]`, B `[n, k]` */
export function gemmTransposedB(
  views: Views,
  c: number,
  a: number,
  b: number,
  bias: number,
  _scratch: number,
  n: number,
  k: number,
  lda: number,
  ldb: number,
  ldc: number,
  start: number,
  activation: number,
  alpha: number,
  begin: number,
  end: number,
): void {
  strips(views, c, a, b, bias, n, k, lda, 1, ldb, 1, ldc, start, begin, end);
  applyActivation(views, activation, c, alpha, begin * ldc, end * ldc);
}

/** A's elements are `aRow` apart from row to row and `aStep` from k to k+1, B's `bColumn` from column to column and `bStep` from
 *  k to k+1. Tiles of 2 x 4: a last tile that is short computes its last row or column again in place of the missing ones. */
function strips(
  views: Views,
  c: number,
  a: number,
  b: number,
  bias: number,
  n: number,
  k: number,
  aRow: number,
  aStep: number,
  bColumn: number,
  bStep: number,
  ldc: number,
  start: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  for (let j = 0; j < n; j += 4) {
    const j1 = Math.min(j + 1, n - 1);
    const j2 = Math.min(j + 2, n - 1);
    const j3 = Math.min(j + 3, n - 1);
    for (let i = begin; i < end; i += 2) {
      const i1 = Math.min(i + 1, end - 1);
      const row0 = (c >> 2) + i * ldc;
      const row1 = (c >> 2) + i1 * ldc;
      let c00 = 0;
      let c01 = 0;
      let c02 = 0;
      let c03 = 0;
      let c10 = 0;
      let c11 = 0;
      let c12 = 0;
      let c13 = 0;
      if (start !== Start.Zero) {
        const from0 = start === Start.C ? row0 : bias >> 2;
        const from1 = start === Start.C ? row1 : bias >> 2;
        c00 = f32[from0 + j]!;
        c01 = f32[from0 + j1]!;
        c02 = f32[from0 + j2]!;
        c03 = f32[from0 + j3]!;
        c10 = f32[from1 + j]!;
        c11 = f32[from1 + j1]!;
        c12 = f32[from1 + j2]!;
        c13 = f32[from1 + j3]!;
      }
      let a0 = (a >> 2) + i * aRow;
      let a1 = (a >> 2) + i1 * aRow;
      let b0 = (b >> 2) + j * bColumn;
      let b1 = (b >> 2) + j1 * bColumn;
      let b2 = (b >> 2) + j2 * bColumn;
      let b3 = (b >> 2) + j3 * bColumn;
      for (let p = 0; p < k; ++p) {
        const x0 = f32[a0]!;
        const x1 = f32[a1]!;
        let y = f32[b0]!;
        c00 = fround(c00 + fround(x0 * y));
        c10 = fround(c10 + fround(x1 * y));
        y = f32[b1]!;
        c01 = fround(c01 + fround(x0 * y));
        c11 = fround(c11 + fround(x1 * y));
        y = f32[b2]!;
        c02 = fround(c02 + fround(x0 * y));
        c12 = fround(c12 + fround(x1 * y));
        y = f32[b3]!;
        c03 = fround(c03 + fround(x0 * y));
        c13 = fround(c13 + fround(x1 * y));
        a0 += aStep;
        a1 += aStep;
        b0 += bStep;
        b1 += bStep;
        b2 += bStep;
        b3 += bStep;
      }
      f32[row0 + j] = c00;
      f32[row0 + j1] = c01;
      f32[row0 + j2] = c02;
      f32[row0 + j3] = c03;
      f32[row1 + j] = c10;
      f32[row1 + j1] = c11;
      f32[row1 + j2] = c12;
      f32[row1 + j3] = c13;
    }
  }
  for (let i = begin; i < end; ++i) f32.fill(0, (c >> 2) + i * ldc + n, (c >> 2) + i * ldc + ((n + 3) & ~3));
}
