// Matrix products: C `[m, n]` = start + the sum over k of A·B, k = 0, 1, 2 … in order, each product and each sum rounded; then the
// activation. Here is the blocking for caches; register tiles are in scripts/micro.ts, few rows in rows.ts,
// copies in pack.ts, sizes in blocks.ts.
// `[begin, end)` are rows of C; scratch as the op table reserves it; lda, ldb, ldc in elements.
import { applyActivation } from "../../build/wasm/epilogue";
import {
  gemmMicro2x12,
  gemmMicro2x16,
  gemmMicro4x4,
  gemmMicro4x8,
  gemmMicro4x16,
  gemmMicro5x8,
  gemmMicro6x8,
  gemmMicro6x16,
  gemmMicroPanels4x16,
  gemmMicroPanels5x8,
  gemmMicroPanels6x8,
  gemmMicroPanels6x16,
  gemmPack2x16,
  gemmPackPanels4x16,
  gemmPackPanels5x8,
  gemmPackPanels6x8,
  gemmPackPanels6x16,
} from "../../build/wasm/micro";
import { Control, Start, Tile } from "../opcodes";
import { Block } from "./blocks";
import { packColumn, packPanels, packRows, packTransposedB, packTransposedPanels } from "./pack";
import { gemmColumn, gemmDots, gemmOuter, gemmRows } from "./rows";

// Nobody's but gemmRows': with a name in the artefact it is not inlined.
export { addRows32 } from "./rows";

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

/** The tile for V8's revectorizer. */
const WIDE: u32 = ASC_FEATURE_RELAXED_SIMD ? Tile.R6C16 : Tile.R4C16;

/** Rows of C in a tile, and of A in a panel for it. */
// @ts-ignore: decorator
@inline
function rowsOf(tile: u32): u32 {
  if (tile == Tile.R2C16) return 2;
  if (ASC_FEATURE_RELAXED_SIMD) return 6;
  return tile == Tile.R4C16 ? 4 : 5;
}

/** A whole strip, 16 columns: as many rows as can be in the tile, the rest in one of two rows; an odd rest would have one in it alone, which
 *  takes as long as two. `panels`: A's whole panels, if it goes to any; the rest is read in place, where `a` is the first row. */
function gemmStrip(
  tile: u32,
  c: usize,
  ldc: usize,
  start: usize,
  startLd: usize,
  panels: usize,
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  bStep: usize,
  m: u32,
  k: u32,
): void {
  const rows = rowsOf(tile);
  let rest = tile == Tile.R2C16 ? m : m % rows;
  // One tile of five less makes an odd rest even. Others have even numbers of rows.
  if (tile == Tile.R5C8 && rest & 1 && rest < m) rest += 5;
  const each = tile == WIDE ? m - rest : rows;
  const down = ldc * each;
  const startDown = startLd * each;
  const aDown = aRow * each;
  const panelsDown = (<usize>each * k) << 2;
  for (; m > rest; m -= each) {
    if (panels) {
      if (ASC_FEATURE_RELAXED_SIMD) {
        if (tile == WIDE) gemmMicroPanels6x16(c, ldc, start, startLd, panels, b, bStep, each, k);
        else {
          gemmMicroPanels6x8(c, ldc, start, startLd, panels, b, bStep, k);
          gemmMicroPanels6x8(c + 32, ldc, start + 32, startLd, panels, b + 32, bStep, k);
        }
      } else if (tile == WIDE) gemmMicroPanels4x16(c, ldc, start, startLd, panels, b, bStep, each, k);
      else {
        gemmMicroPanels5x8(c, ldc, start, startLd, panels, b, bStep, k);
        gemmMicroPanels5x8(c + 32, ldc, start + 32, startLd, panels, b + 32, bStep, k);
      }
      panels += panelsDown;
    } else if (ASC_FEATURE_RELAXED_SIMD) {
      if (tile == WIDE) gemmMicro6x16(c, ldc, start, startLd, a, aRow, aStep, b, bStep, each, k);
      else {
        gemmMicro6x8(c, ldc, start, startLd, a, aRow, aStep, b, bStep, k);
        gemmMicro6x8(c + 32, ldc, start + 32, startLd, a, aRow, aStep, b + 32, bStep, k);
      }
    } else if (tile == WIDE) gemmMicro4x16(c, ldc, start, startLd, a, aRow, aStep, b, bStep, each, k);
    else {
      gemmMicro5x8(c, ldc, start, startLd, a, aRow, aStep, b, bStep, k);
      gemmMicro5x8(c + 32, ldc, start + 32, startLd, a, aRow, aStep, b + 32, bStep, k);
    }
    c += down;
    start += startDown;
    a += aDown;
  }
  if (rest) gemmMicro2x16(c, ldc, start, startLd, a, aRow, aStep, b, bStep, rest, k);
}

/** The first tile of a strip, on a panel of A: copies what it reads of B to `panel`. */
function packingTile(
  tile: u32,
  c: usize,
  ldc: usize,
  start: usize,
  startLd: usize,
  a: usize,
  b: usize,
  bStep: usize,
  panel: usize,
  k: u32,
): void {
  if (ASC_FEATURE_RELAXED_SIMD) {
    if (tile == WIDE) gemmPackPanels6x16(c, ldc, start, startLd, a, b, bStep, panel, k);
    else {
      gemmPackPanels6x8(c, ldc, start, startLd, a, b, bStep, panel, k);
      gemmPackPanels6x8(c + 32, ldc, start + 32, startLd, a, b + 32, bStep, panel + 32, k);
    }
  } else if (tile == WIDE) gemmPackPanels4x16(c, ldc, start, startLd, a, b, bStep, panel, k);
  else {
    gemmPackPanels5x8(c, ldc, start, startLd, a, b, bStep, panel, k);
    gemmPackPanels5x8(c + 32, ldc, start + 32, startLd, a, b + 32, bStep, panel + 32, k);
  }
}

/** Up to 12 columns. */
// @ts-ignore: decorator
@inline
function gemmNarrow(
  c: usize,
  ldc: usize,
  start: usize,
  startLd: usize,
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  bStep: usize,
  m: u32,
  n: u32,
  k: u32,
): void {
  if (n > 8) gemmMicro2x12(c, ldc, start, startLd, a, aRow, aStep, b, bStep, m, n, k);
  else if (n > 4) gemmMicro4x8(c, ldc, start, startLd, a, aRow, aStep, b, bStep, m, n, k);
  else gemmMicro4x4(c, ldc, start, startLd, a, aRow, aStep, b, bStep, m, n, k);
}

/** Elements from line to line of a packed block of A: an odd number of cache lines, so that a column of it meets all sets of L1. */
function packedLine(length: u32): u32 {
  return (((length + 15) >> 4) | 1) << 4;
}

/** Blocks of k as equal as can be, of whole vectors. */
function blockDepth(k: u32): u32 {
  if (k <= <u32>Block.KC) return (k + 3) & ~3;
  const blocks = (k + Block.KC - 1) / Block.KC;
  return ((k + blocks - 1) / blocks + 3) & ~3;
}

/** How many of so many, `each` elements large, fit in so many elements. Most products fit as a whole, and tiny ones feel a division. */
function fitting(count: u32, each: u32, room: u32): u32 {
  return count * each <= room ? count : room / each;
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
  if (!m) return;
  // Bytes from row to row (of B: from k to k+1, unless transposed), and of A from k to k+1.
  const bRow = (<usize>ldb) << 2;
  const cRow = (<usize>ldc) << 2;
  const aRow = transposedA ? <usize>4 : (<usize>lda) << 2;
  const aStep = transposedA ? (<usize>lda) << 2 : <usize>4;
  const firstRow = start == Start.C ? cRow : 0;
  c += <usize>begin * cRow;
  a += <usize>begin * aRow;
  const first = start == Start.C ? c : start == Start.Bias ? bias : Control.Zeros;

  // What is small comes first, for there a test counts.
  const small = k * n <= <u32>Block.Direct;
  if (transposedA && n == 1 && !activation) {
    gemmColumn(c, cRow, first, firstRow, a, aStep, b, bRow, m, k);
    return;
  }
  if (!transposedB && small && n <= 12 && m * n <= <u32>Block.C && (k > 1 || n <= 8)) {
    gemmNarrow(c, cRow, first, firstRow, a, aRow, aStep, b, bRow, m, n, k);
    if (activation) applyActivation(activation, c, alpha, 0, m * ldc);
    return;
  }
  if (k == 1 && (transposedB || n > 8)) {
    if (transposedB) {
      packColumn(scratch, b, bRow, n);
      b = scratch;
    }
    gemmOuter(c, cRow, first, firstRow, a, aRow, b, m, n);
    if (activation) applyActivation(activation, c, alpha, 0, m * ldc);
    return;
  }

  if (transposedB && m == 1) {
    gemmDots(c, first, a, b, bRow, n, k);
    if (activation) applyActivation(activation, c, alpha, 0, ldc);
    return;
  }

  // The planner's rule too: `packing` in src/plan/ops/matrix.ts.
  const packsA = transposedA && k * m > <u32>Block.Direct && n > <u32>Block.Columns;
  const packsB = transposedB || (!small && m >= <u32>Block.Rows);
  if (m < 4 && n > <u32>Block.Columns && !packsB) {
    gemmRows(c, cRow, first, firstRow, a, aRow, aStep, b, bRow, m, n, k);
    if (activation) applyActivation(activation, c, alpha, 0, m * ldc);
    return;
  }

  // Transposed B is packed four k at a time.
  const depth = packsA || packsB ? blockDepth(k) : k;
  const tile = load<u32>(Control.Tile);
  const most = (packsA || packsB) && m > <u32>Block.Few ? <u32>(tile == Tile.R5C8 ? Block.MC5 : Block.MC) : m + 3;
  // Columns that fill no strip are computed where A's rows lie side by side, or, where they are few of many, slowly. Of fewer than two panels
  // one would pack B for itself.
  const panelColumns: u32 = tile == Tile.R5C8 ? Block.PanelColumns5 : Block.PanelColumns;
  const tileRows = rowsOf(tile);
  const panelled =
    tile != Tile.R2C16 &&
    ((packsA && n % Block.NR == 0) || ((packsA || packsB) && n >= panelColumns && m >= tileRows << 1));
  let height = max<u32>(min<u32>(most, packsB ? most : fitting(m + 3, n, Block.C)) & ~3, 4);
  if (panelled && height < m) height = max<u32>(height - (height % tileRows), tileRows);
  const width = packsB ? fitting(n + Block.NR - 1, depth, Block.B) & ~(Block.NR - 1) : n;
  const blockA = (scratch + 63) & ~63;
  const rows = min<u32>(height, m);
  const elementsA = panelled ? (rows * depth + 3 * Block.Panel + 15) & ~15 : packsA ? packedLine(rows) * depth : 0;
  const panels = blockA + ((<usize>elementsA) << 2);

  for (let j: u32 = 0; j < n; j += width) {
    const nc = min<u32>(n - j, width);
    for (let p: u32 = 0; p < k; p += depth) {
      const kc = min<u32>(k - p, depth);
      const last = p + kc == k && j + nc == n;
      for (let i: u32 = 0; i < m; i += height) {
        const mc = min<u32>(m - i, height);
        let block = a + <usize>i * aRow + <usize>p * aStep;
        let down = aRow;
        let step = aStep;
        if (panelled) {
          const whole = mc - (mc % tileRows);
          if (transposedA) packTransposedPanels(blockA, tileRows, block, aStep, whole, kc);
          else packPanels(blockA, tileRows, block, aRow, whole, kc);
        } else if (packsA) {
          step = <usize>packedLine(mc) << 2;
          packRows(blockA, step, (<usize>((mc + 3) & ~3)) << 2, block, aStep, kc);
          block = blockA;
        }
        let panel = panels;
        for (let q: u32 = 0; q < nc; ) {
          const left = nc - q;
          const strip = left >= <u32>Block.NR ? <u32>Block.NR : min<u32>((left + 3) & ~3, 12);
          const columns = min<u32>(left, strip);
          const across = (<usize>(j + q)) << 2;
          const target = c + <usize>i * cRow + across;
          // Later blocks of k go on from C.
          const origin = p ? target : first ? first + <usize>i * firstRow + across : Control.Zeros;
          const originRow = p ? cRow : firstRow;
          let bAt = b + across + <usize>p * bRow;
          let bStep = bRow;
          let packed: u32 = 0;
          if (packsB) {
            bStep = (<usize>strip) << 2;
            if (i == 0) {
              if (transposedB) packTransposedB(panel, bStep, b + <usize>(j + q) * bRow + ((<usize>p) << 2), bRow, columns, kc);
              else if (strip == Block.NR) {
                if (panelled && mc >= tileRows) {
                  packed = tileRows;
                  packingTile(tile, target, cRow, origin, originRow, blockA, bAt, bRow, panel, kc);
                } else {
                  packed = min<u32>(mc, 2);
                  gemmPack2x16(target, cRow, origin, originRow, block, down, step, bAt, bRow, panel, packed, kc);
                }
              } else packRows(panel, bStep, bStep, bAt, bRow, kc);
            }
            bAt = panel;
            // Where one block of rows is all, each panel of B is used up before the next one is packed, in the same place.
            if (height < m) panel += bStep * depth;
          }
          if (columns == Block.NR && packed < mc) {
            const skip = <usize>packed;
            const from = block + skip * down;
            const to = target + skip * cRow;
            const start = origin + skip * originRow;
            const rows = panelled ? blockA + ((skip * kc) << 2) : 0;
            gemmStrip(tile, to, cRow, start, originRow, rows, from, down, step, bAt, bStep, mc - packed, kc);
          } else if (columns < <u32>Block.NR) gemmNarrow(target, cRow, origin, originRow, block, down, step, bAt, bStep, mc, columns, kc);
          q += columns;
        }
        if (last && activation) applyActivation(activation, c, alpha, i * ldc, (i + mc) * ldc);
      }
    }
  }
}
