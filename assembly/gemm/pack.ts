// Packing: copies of blocks of A and B that the micro-kernel reads front to back. The only place that knows transposes.
// What a panel has more than A or B is whatever lies there or a repetition; gemm does not keep what comes of it.
import { interleaveHigh, interleaveLow, joinHigh, joinLow } from "../lanes";

/** to[p][j] = from[p][j], rows p < depth of `width` bytes, a multiple of 16. step, ld: bytes from row to row. */
export function packRows(to: usize, step: usize, width: usize, from: usize, ld: usize, depth: u32): void {
  do {
    let at: usize = 0;
    for (; at + 64 <= width; at += 64) {
      const x0 = v128.load(from + at);
      const x1 = v128.load(from + at, 16);
      const x2 = v128.load(from + at, 32);
      const x3 = v128.load(from + at, 48);
      v128.store(to + at, x0);
      v128.store(to + at, x1, 16);
      v128.store(to + at, x2, 32);
      v128.store(to + at, x3, 48);
    }
    for (; at < width; at += 16) v128.store(to + at, v128.load(from + at));
    to += step;
    from += ld;
  } while (--depth);
}

/** One panel of B, whose columns are 1..16 rows at `from`; step: bytes from k to k+1 in the panel. Writes up to 3 rows more than depth. */
export function packTransposedB(to: usize, step: usize, from: usize, ld: usize, columns: u32, depth: u32): void {
  for (let left: i32 = columns; left > 0; left -= 4) {
    packColumns4(to, step, from, ld, left, depth);
    to += 16;
    from += ld << 2;
  }
}

/** A block of A in panels, one after the other, each k by k. rows: a multiple of `height`, 4, 5 or 6. Writes up to 3 k and 12 bytes more. */
export function packPanels(to: usize, height: u32, from: usize, ld: usize, rows: u32, depth: u32): void {
  const step = (<usize>height) << 2;
  for (; rows; rows -= height) {
    // Four of which one or two count: what these write past them is overwritten by what comes next.
    if (height != 4) packColumns4(to + 16, step, from + (ld << 2), ld, height - 4, depth);
    packColumns4(to, step, from, ld, 4, depth);
    to += <usize>depth * step;
    from += ld * height;
  }
}

/** The same of a transposed A; height: 4, 5 or 6. */
export function packTransposedPanels(to: usize, height: u32, from: usize, ld: usize, rows: u32, depth: u32): void {
  const step = (<usize>height) << 2;
  const panel = <usize>depth * step;
  for (const end = to + panel; to < end; to += step) {
    const stop = from + ((<usize>rows) << 2);
    let at = to;
    for (let column = from; column < stop; column += step) {
      v128.store(at, v128.load(column));
      if (height == 6) store<u64>(at + 16, load<u64>(column + 16));
      else if (height == 5) store<u32>(at + 16, load<u32>(column + 16));
      at += panel;
    }
    from += ld;
  }
}

/** to[p][i] = from[i][p], i < 4, p < depth up to a multiple of 4. Of `from` only `rows` (at least 1) exist: the last one stands
 *  for those that are missing. */
function packColumns4(to: usize, step: usize, from: usize, ld: usize, rows: u32, depth: u32): void {
  const from1 = from + (rows > 1 ? ld : 0);
  const from2 = from1 + (rows > 2 ? ld : 0);
  const from3 = from2 + (rows > 3 ? ld : 0);
  const stop = (<usize>depth) << 2;
  for (let at: usize = 0; at < stop; at += 16) {
    const x0 = v128.load(from + at);
    const x1 = v128.load(from1 + at);
    const x2 = v128.load(from2 + at);
    const x3 = v128.load(from3 + at);
    const low01 = interleaveLow(x0, x1);
    const high01 = interleaveHigh(x0, x1);
    const low23 = interleaveLow(x2, x3);
    const high23 = interleaveHigh(x2, x3);
    v128.store(to, joinLow(low01, low23));
    to += step;
    v128.store(to, joinHigh(low01, low23));
    to += step;
    v128.store(to, joinLow(high01, high23));
    to += step;
    v128.store(to, joinHigh(high01, high23));
    to += step;
  }
}

/** to[i] = from[i][0], i < rows. */
export function packColumn(to: usize, from: usize, ld: usize, rows: u32): void {
  const ld2 = ld << 1;
  for (; rows >= 4; rows -= 4) {
    const third = from + ld2;
    v128.store(to, f32x4(load<f32>(from), load<f32>(from + ld), load<f32>(third), load<f32>(third + ld)));
    to += 16;
    from = third + ld2;
  }
  for (; rows; --rows, to += 4, from += ld) store<f32>(to, load<f32>(from));
}
