// Matrix products, the twin of assembly/gemm: every element of C adds k = 0, 1, 2 … in order to its start, in strict arithmetic with one
// rounding for each product and each sum, so the order of the elements is free. The inner loops are written by scripts/tiles.ts.
import { Start } from "../../../assembly/opcodes.js";
import { applyActivation } from "../../../build/js/epilogue.js";
import { MR, NR, type Panel, relaxedPanel, relaxedRow, relaxedTile, strictPanel, strictRow, strictTile } from "../../../build/js/tiles.js";
import type { Views } from "../views.js";

interface Loops {
  readonly Panel: new (length: number) => Panel;
  readonly tile: typeof strictTile;
  readonly row: typeof strictRow;
  /** Kept from call to call: nothing is allocated in a step. */
  a: Panel;
  b: Panel;
}

const loops = (Panel: Loops["Panel"], tile: Loops["tile"], row: Loops["row"]): Loops => ({
  Panel,
  tile,
  row,
  a: new Panel(0),
  b: new Panel(0),
});
const strict = loops(strictPanel, strictTile, strictRow);
/** Sums in float64, rounded when they are stored. */
const relaxed = loops(relaxedPanel, relaxedTile, relaxedRow);

/** Elements of A that are packed at once, in float64 1 MiB: smaller blocks cost more by packing B again than they save (Zen 5, 1 MiB L2). */
const BLOCK = 131_072;

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
  product(views, c, a, b, bias, n, k, lda, 1, 1, ldb, ldc, start, begin, end);
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
  product(views, c, a, b, bias, n, k, 1, lda, 1, ldb, ldc, start, begin, end);
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
  product(views, c, a, b, bias, n, k, lda, 1, ldb, 1, ldc, start, begin, end);
  applyActivation(views, activation, c, alpha, begin * ldc, end * ldc);
}

/** A's elements are `aRow` apart from row to row and `aStep` from k to k+1, B's `bColumn` from column to column and `bStep` from
 *  k to k+1. */
function product(
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
  const loops = views.relaxed ? relaxed : strict;
  const a0 = (a >> 2) + begin * aRow;
  const b0 = b >> 2;
  const c0 = (c >> 2) + begin * ldc;
  const from = start === Start.Zero ? -1 : start === Start.C ? c0 : bias >> 2;
  const fromRow = start === Start.C ? ldc : 0;
  const m = end - begin;
  (m < MR ? inPlace : packed)(loops, f32, c0, ldc, from, fromRow, a0, aRow, aStep, b0, bColumn, bStep, m, n, k);
  const padded = (n + 3) & ~3;
  for (let row = c0; row < c0 + m * ldc; row += ldc) f32.fill(0, row + n, row + padded);
}

/** Few rows: nothing is read often enough to be copied. */
function inPlace(
  { row }: Loops,
  f32: Float32Array,
  c: number,
  ldc: number,
  from: number,
  fromRow: number,
  a: number,
  aRow: number,
  aStep: number,
  b: number,
  bColumn: number,
  bStep: number,
  m: number,
  n: number,
  k: number,
): void {
  for (let i = 0; i < m; ++i)
    for (let j = 0; j < n; j += NR) {
      const j1 = Math.min(j + 1, n - 1);
      const j2 = Math.min(j + 2, n - 1);
      const j3 = Math.min(j + 3, n - 1);
      const b0 = b + j * bColumn;
      const b1 = b + j1 * bColumn;
      const b2 = b + j2 * bColumn;
      const b3 = b + j3 * bColumn;
      row(f32, a + i * aRow, aStep, b0, b1, b2, b3, bStep, k, c + i * ldc, from + i * fromRow, j, j1, j2, j3);
    }
}

/** Tiles, a block of A's rows at a time. One that is short computes its last row or column again in place of the missing ones. */
function packed(
  loops: Loops,
  f32: Float32Array,
  c: number,
  ldc: number,
  from: number,
  fromRow: number,
  a: number,
  aRow: number,
  aStep: number,
  b: number,
  bColumn: number,
  bStep: number,
  m: number,
  n: number,
  k: number,
): void {
  const { tile } = loops;
  const height = Math.min(Math.max(Math.floor(BLOCK / (MR * k)), 1), Math.ceil(m / MR)) * MR;
  if (loops.a.length < height * k) loops.a = new loops.Panel(height * k);
  if (loops.b.length < NR * k) loops.b = new loops.Panel(NR * k);
  for (let block = 0; block < m; block += height) {
    const stop = Math.min(block + height, m);
    for (let i = block; i < stop; i += MR) pack(loops.a, (i - block) * k, f32, a + i * aRow, Math.min(MR, stop - i), aRow, aStep, k);
    for (let j = 0; j < n; j += NR) {
      const j1 = Math.min(j + 1, n - 1);
      const j2 = Math.min(j + 2, n - 1);
      const j3 = Math.min(j + 3, n - 1);
      pack(loops.b, 0, f32, b + j * bColumn, Math.min(NR, n - j), bColumn, bStep, k);
      for (let i = block; i < stop; i += MR) {
        const i1 = Math.min(i + 1, stop - 1);
        const i2 = Math.min(i + 2, stop - 1);
        const i3 = Math.min(i + 3, stop - 1);
        const c0 = c + i * ldc;
        const c1 = c + i1 * ldc;
        const c2 = c + i2 * ldc;
        const c3 = c + i3 * ldc;
        const from0 = from + i * fromRow;
        const from1 = from + i1 * fromRow;
        const from2 = from + i2 * fromRow;
        const from3 = from + i3 * fromRow;
        tile(f32, loops.a, (i - block) * k, loops.b, k, c0, c1, c2, c3, from0, from1, from2, from3, j, j1, j2, j3);
      }
    }
  }
}

/** A panel: for each k the elements of four rows or columns side by side, the last of `count` again in place of missing ones.
 *  `from`: the first element; `apart`: from one row or column to the next; `step`: from k to k+1. */
function pack(panel: Panel, to: number, f32: Float32Array, from: number, count: number, apart: number, step: number, k: number): void {
  const more = count - 1;
  let s0 = from;
  let s1 = from + Math.min(1, more) * apart;
  let s2 = from + Math.min(2, more) * apart;
  let s3 = from + Math.min(3, more) * apart;
  const stop = to + 4 * k;
  for (let at = to; at < stop; at += 4) {
    panel[at] = f32[s0]!;
    panel[at + 1] = f32[s1]!;
    panel[at + 2] = f32[s2]!;
    panel[at + 3] = f32[s3]!;
    s0 += step;
    s1 += step;
    s2 += step;
    s3 += step;
  }
}
