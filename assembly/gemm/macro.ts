// Matrix products: C `[m, n]` = start + the sum over k of A·B, k = 0, 1, 2 … in order, each product and each sum rounded; then the
// activation. Here is the blocking for caches; register tiles are in micro.ts, copies in pack.ts, sizes in blocks.ts.
// `[begin, end)` are rows of C; scratch as the op table reserves it; lda, ldb, ldc in elements.
import { applyActivation } from "../../build/wasm/epilogue";
import { Start } from "../opcodes";
import { Block } from "./blocks";
import { gemmMicro4x4, gemmMicro4x8 } from "./micro";
import { packColumns4, packColumns8, packRows4 } from "./pack";

/** C = A·B with A `[m, k]`, B `[k, n]` */
export function gemm(
  c: usize,
  a: usize,
  b: usize,
  bias: usize,
  scratch: usize,
  n: u32,
  k: u32,
  lda: u32,
  ldb: u32,
  ldc: u32,
  start: u32,
  activation: u32,
  alpha: f32,
  begin: u32,
  end: u32,
): void {
  blocked(false, false, c, a, b, bias, scratch, n, k, lda, ldb, ldc, start, activation, alpha, begin, end);
}

/** C = Aᵀ·B with A `[k, m]`, B `[k, n]` */
export function gemmTransposedA(
  c: usize,
  a: usize,
  b: usize,
  bias: usize,
  scratch: usize,
  n: u32,
  k: u32,
  lda: u32,
  ldb: u32,
  ldc: u32,
  start: u32,
  activation: u32,
  alpha: f32,
  begin: u32,
  end: u32,
): void {
  blocked(true, false, c, a, b, bias, scratch, n, k, lda, ldb, ldc, start, activation, alpha, begin, end);
}

/** C = A·Bᵀ with A `[m, k]`, B `[n, k]` */
export function gemmTransposedB(
  c: usize,
  a: usize,
  b: usize,
  bias: usize,
  scratch: usize,
  n: u32,
  k: u32,
  lda: u32,
  ldb: u32,
  ldc: u32,
  start: u32,
  activation: u32,
  alpha: f32,
  begin: u32,
  end: u32,
): void {
  blocked(false, true, c, a, b, bias, scratch, n, k, lda, ldb, ldc, start, activation, alpha, begin, end);
}

function blocked(
  transposedA: bool,
  transposedB: bool,
  c: usize,
  a: usize,
  b: usize,
  bias: usize,
  scratch: usize,
  n: u32,
  k: u32,
  lda: u32,
  ldb: u32,
  ldc: u32,
  start: u32,
  activation: u32,
  alpha: f32,
  begin: u32,
  end: u32,
): void {
  const m = end - begin;
  const packsA = transposedA && k * m > <u32>Block.Direct;
  const packsB = transposedB || (k * n > <u32>Block.Direct && m >= <u32>Block.Rows);
  // Row panels are packed 4 k at a time.
  const depth = packsA || packsB ? min<u32>((k + 3) & ~3, Block.KC) : k;
  const height = packsA ? min<u32>((Block.A / depth) & ~3, (m + 3) & ~3) : m;
  const width = packsB ? (Block.B / depth) & ~7 : n;
  const panels = scratch + (packsA ? (<usize>(height * depth)) << 2 : 0);
  // Panels of B are used by one block of rows only, or kept for the next one.
  const panel = height < m ? (<usize>depth) << 5 : 0;

  const aRow = <usize>(transposedA ? 4 : lda << 2);
  const aStep = transposedA ? (<usize>lda) << 2 : 4;
  const bRow = (<usize>ldb) << 2;
  const cRow = (<usize>ldc) << 2;

  for (let j: u32 = 0; j < n; j += width) {
    const nc = min<u32>(n - j, width);
    for (let p: u32 = 0; p < k; p += depth) {
      const kc = min<u32>(k - p, depth);
      const last = p + kc == k && j + nc == n;
      for (let i = begin; i < end; i += height) {
        const mc = min<u32>(end - i, height);
        const ai = a + <usize>i * aRow + <usize>p * aStep;
        let block = ai;
        if (packsA) {
          block = scratch;
          for (let r: u32 = 0; r < mc; r += 4) packColumns4(scratch + <usize>((r * kc) << 2), 16, ai + (r << 2), aStep, kc);
        }
        const aTile = packsA ? (<usize>kc) << 4 : aRow << 2;
        const row = packsA ? <usize>4 : aRow;
        const step = packsA ? <usize>16 : aStep;
        let at = panels;
        for (let q: u32 = 0; q < nc; q += 8) {
          const columns = min<u32>(nc - q, 8);
          const from = (<usize>(j + q)) << 2;
          let bk = b + from + <usize>p * bRow;
          let bStep = bRow;
          if (packsB) {
            if (i == begin) {
              if (transposedB) {
                const rows = b + <usize>(j + q) * bRow + ((<usize>p) << 2);
                packRows4(at, 32, rows, bRow, columns, kc);
                if (columns > 4) packRows4(at + 16, 32, rows + (bRow << 2), bRow, columns - 4, kc);
              } else if (columns > 4) packColumns8(at, bk, bRow, kc);
              else packColumns4(at, 32, bk, bRow, kc);
            }
            bk = at;
            bStep = 32;
            at += panel;
          }
          const ci = c + <usize>i * cRow + from;
          let origin = ci;
          let originRow = cRow;
          if (!p && start != Start.C) {
            origin = start == Start.Bias ? bias + from : 0;
            originRow = 0;
          }
          if (columns > 4) gemmMicro4x8(ci, cRow, origin, originRow, block, aTile, row, step, bk, bStep, mc, columns, kc);
          else gemmMicro4x4(ci, cRow, origin, originRow, block, aTile, row, step, bk, bStep, mc, columns, kc);
        }
        if (last && activation) applyActivation(activation, c, alpha, i * ldc, (i + mc) * ldc);
      }
    }
  }
}
