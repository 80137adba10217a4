// Matrix products: C `[m, n]` = start + the sum over k of A·B, k = 0, 1, 2 … in order, each product and each sum rounded; then the
// activation. Here is the blocking for caches; register tiles are in scripts/micro.ts, few rows in rows.ts,
// copies in pack.ts, sizes in blocks.ts.
// `[begin, end)` are rows of C; scratch as the op table reserves it; lda, ldb, ldc in elements.
import { applyActivation } from "../../build/wasm/epilogue";
import { gemmMicro2x12, gemmMicro2x16, gemmMicro4x4, gemmMicro4x8 } from "../../build/wasm/micro";
import { Start } from "../opcodes";
import { Block } from "./blocks";
import { packRows, packTransposedB } from "./pack";
import { gemmRows } from "./rows";

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

/** Blocks of k as equal as can be, of whole vectors. */
function blockDepth(k: u32): u32 {
  const blocks = (k + Block.KC - 1) / Block.KC;
  return ((k + blocks - 1) / blocks + 3) & ~3;
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
  // The planner's rule too: `packing` in src/plan/ops/matrix.ts.
  const packsA = transposedA && k * m > <u32>Block.Direct && n > <u32>Block.Columns;
  const packsB = transposedB || (k * n > <u32>Block.Direct && m >= <u32>Block.Rows);

  // Bytes from row to row (of B: from k to k+1, unless transposed), and of A from k to k+1.
  const bRow = (<usize>ldb) << 2;
  const cRow = (<usize>ldc) << 2;
  const aRow = transposedA ? <usize>4 : (<usize>lda) << 2;
  const aStep = transposedA ? (<usize>lda) << 2 : <usize>4;
  const first = start == Start.C ? c : start == Start.Bias ? bias : 0;
  const firstRow = start == Start.C ? cRow : 0;

  if (m < 4 && n > <u32>Block.Columns && !packsB) {
    const skip = <usize>begin;
    gemmRows(c + skip * cRow, cRow, first + skip * firstRow, firstRow, a + skip * aRow, aRow, aStep, b, bRow, m, n, k);
    if (activation) applyActivation(activation, c, alpha, begin * ldc, end * ldc);
    return;
  }

  // Transposed B is packed four k at a time.
  const depth = packsA || packsB ? blockDepth(k) : k;
  const height = max<u32>(min<u32>(Block.A / depth, packsB ? m + 3 : Block.C / n) & ~3, 4);
  const width = packsB ? (Block.B / depth) & ~(Block.NR - 1) : n;
  const blockA = (scratch + 63) & ~63;
  const panels = blockA + (packsA ? (<usize>(min<u32>(height, (m + 15) & ~15) * depth)) << 2 : 0);

  for (let j: u32 = 0; j < n; j += width) {
    const nc = min<u32>(n - j, width);
    for (let p: u32 = 0; p < k; p += depth) {
      const kc = min<u32>(k - p, depth);
      const last = p + kc == k && j + nc == n;
      for (let i = begin; i < end; i += height) {
        const mc = min<u32>(end - i, height);
        let block = a + <usize>i * aRow + <usize>p * aStep;
        let step = aStep;
        if (packsA) {
          step = (<usize>((mc + 3) & ~3)) << 2;
          packRows(blockA, step, block, aStep, kc);
          block = blockA;
        }
        let panel = panels;
        for (let q: u32 = 0; q < nc; ) {
          const left = nc - q;
          const strip = left >= 16 ? 16 : min<u32>((left + 3) & ~3, 12);
          const columns = min<u32>(left, strip);
          const across = (<usize>(j + q)) << 2;
          let bAt = b + across + <usize>p * bRow;
          let bStep = bRow;
          if (packsB) {
            bStep = (<usize>strip) << 2;
            if (i == begin) {
              if (transposedB) packTransposedB(panel, bStep, b + <usize>(j + q) * bRow + ((<usize>p) << 2), bRow, columns, kc);
              else packRows(panel, bStep, bAt, bRow, kc);
            }
            bAt = panel;
            // Where one block of rows is all, each panel of B is used up before the next one is packed, in the same place.
            if (height < m) panel += bStep * depth;
          }
          const target = c + <usize>i * cRow + across;
          // Later blocks of k go on from C.
          const origin = p ? target : first ? first + <usize>i * firstRow + across : 0;
          const originRow = p ? cRow : firstRow;
          if (strip == 16) gemmMicro2x16(target, cRow, origin, originRow, block, aRow, step, bAt, bStep, mc, kc);
          else if (strip == 12) gemmMicro2x12(target, cRow, origin, originRow, block, aRow, step, bAt, bStep, mc, columns, kc);
          else if (strip == 8) gemmMicro4x8(target, cRow, origin, originRow, block, aRow, step, bAt, bStep, mc, columns, kc);
          else gemmMicro4x4(target, cRow, origin, originRow, block, aRow, step, bAt, bStep, mc, columns, kc);
          q += columns;
        }
        if (last && activation) applyActivation(activation, c, alpha, i * ldc, (i + mc) * ldc);
      }
    }
  }
}
