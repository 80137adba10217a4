// Packing: copies of blocks of A and B as panels that the micro-kernel reads front to back. The only place that knows transposes.
// A panel is `width` columns wide (4 or 8) and has one row for every k. `to` and `from` are addresses of 4 of its columns.

/** to[p][0..3] = from[p][0..3], rows p < depth; bytes from row to row: `step` and `ld`. */
export function packColumns4(to: usize, step: usize, from: usize, ld: usize, depth: u32): void {
  do {
    v128.store(to, v128.load(from));
    to += step;
    from += ld;
  } while (--depth);
}

/** to[p][0..7] = from[p][0..7]; rows of `to` are adjacent. */
export function packColumns8(to: usize, from: usize, ld: usize, depth: u32): void {
  do {
    const x = v128.load(from);
    const y = v128.load(from, 16);
    v128.store(to, x);
    v128.store(to, y, 16);
    to += 32;
    from += ld;
  } while (--depth);
}

/** to[p][i] = from[i][p], i < 4, p < depth up to a multiple of 4. Of `from` only `rows` (at least 1) exist: the last one stands
 *  for those that are missing, and gemm does not keep what comes of it. */
export function packRows4(to: usize, step: usize, from: usize, ld: usize, rows: u32, depth: u32): void {
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
    to += step;
    v128.store(to, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
    to += step;
    v128.store(to, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
    to += step;
    v128.store(to, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
    to += step;
  }
}
