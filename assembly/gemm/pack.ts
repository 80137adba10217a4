// Packing: copies of blocks of A and B as panels that the micro-kernel reads front to back. The only place that knows transposes.
// A panel has one row for every k: 4 rows of A, or 8 columns of B. What it has more than A or B is whatever lies there or a repetition;
// gemm does not keep what comes of it.

/** to[p][0..3] = from[p][0..3], rows p < depth; bytes from row to row: `step` and `ld`. */
function packColumns4(to: usize, step: usize, from: usize, ld: usize, depth: u32): void {
  do {
    v128.store(to, v128.load(from));
    to += step;
    from += ld;
  } while (--depth);
}

/** Four panels of 4 columns from 16 columns: whole cache lines, which are far apart where A is large. `panel`: bytes from panel to panel. */
function packColumns16(to: usize, panel: usize, from: usize, ld: usize, depth: u32): void {
  const to1 = to + panel;
  const to2 = to1 + panel;
  const to3 = to2 + panel;
  const stop = (<usize>depth) << 4;
  for (let at: usize = 0; at < stop; at += 16) {
    const x0 = v128.load(from);
    const x1 = v128.load(from, 16);
    const x2 = v128.load(from, 32);
    const x3 = v128.load(from, 48);
    v128.store(to + at, x0);
    v128.store(to1 + at, x1);
    v128.store(to2 + at, x2);
    v128.store(to3 + at, x3);
    from += ld;
  }
}

/** to[p][0..7] = from[p][0..7]; rows of `to` are adjacent. */
function packColumns8(to: usize, from: usize, ld: usize, depth: u32): void {
  do {
    const x = v128.load(from);
    const y = v128.load(from, 16);
    v128.store(to, x);
    v128.store(to, y, 16);
    to += 32;
    from += ld;
  } while (--depth);
}

/** mc columns of Aᵀ's rows, as panels of 4 that are `panel` bytes apart. */
export function packA(to: usize, panel: usize, from: usize, ld: usize, mc: u32, depth: u32): void {
  let left = mc;
  for (; left >= 16; left -= 16) {
    packColumns16(to, panel, from, ld, depth);
    to += panel << 2;
    from += 64;
  }
  for (let more: i32 = left; more > 0; more -= 4) {
    packColumns4(to, 16, from, ld, depth);
    to += panel;
    from += 16;
  }
}

/** One panel of B, 1..8 columns. */
export function packB(to: usize, from: usize, ld: usize, columns: u32, depth: u32): void {
  if (columns > 4) packColumns8(to, from, ld, depth);
  else packColumns4(to, 32, from, ld, depth);
}

/** One panel of B, whose columns are 1..8 rows at `from`. Writes up to 3 rows more than depth. */
export function packTransposedB(to: usize, from: usize, ld: usize, columns: u32, depth: u32): void {
  packRows4(to, from, ld, columns, depth);
  if (columns > 4) packRows4(to + 16, from + (ld << 2), ld, columns - 4, depth);
}

/** to[p][i] = from[i][p], i < 4, p < depth up to a multiple of 4. Of `from` only `rows` (at least 1) exist: the last one stands
 *  for those that are missing. */
function packRows4(to: usize, from: usize, ld: usize, rows: u32, depth: u32): void {
  const from1 = from + (rows > 1 ? ld : 0);
  const from2 = from1 + (rows > 2 ? ld : 0);
  const from3 = from2 + (rows > 3 ? ld : 0);
  const stop = (<usize>depth) << 2;
  for (let at: usize = 0; at < stop; at += 16) {
    const x0 = v128.load(from + at);
    const x1 = v128.load(from1 + at);
    const x2 = v128.load(from2 + at);
    const x3 = v128.load(from3 + at);
    const low01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5);
    const high01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
    const low23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5);
    const high23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
    to += 32;
    v128.store(to, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
    to += 32;
    v128.store(to, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
    to += 32;
    v128.store(to, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
    to += 32;
  }
}
