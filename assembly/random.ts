// Dropout, with Threefry2x32-20 in four lanes; the generator's source and its scalar version are in src/random.ts.

/** y = x·(the element's random word >= threshold ? scale : 0). A product, so that a NaN or an infinity in x is seen in y even
 *  where it is dropped.
 *  The words are those of the key (seed, stream) and the counters (number, (row·ceil(columns / 8) + floor(column / 8))·4 + column mod 4):
 *  the first word where floor(column / 4) is even, else the second. So four counters make eight columns, and an element's word depends
 *  on its row and column only. y, x: f32[end][ld], 16-byte aligned, y may be x. Range in rows. */
export function dropout(
  y: usize,
  x: usize,
  seed: u32,
  stream: u32,
  threshold: u32,
  scale: f32,
  columns: u32,
  ld: u32,
  number: u32,
  begin: u32,
  end: u32,
): void {
  const least = i32x4.splat(threshold);
  const factor = f32x4.splat(scale);
  const four = i32x4.splat(4);
  const blocks = (columns + 7) >> 3;
  for (let r = begin; r < end; ++r) {
    const row = (<usize>r * ld) << 2;
    const stop = row + ((<usize>ld) << 2);
    let counter = i32x4.add(i32x4.splat((r * blocks) << 2), i32x4(0, 1, 2, 3));
    for (let at = row; at < stop; at += 32) {
      let k0 = i32x4.splat(seed);
      let k1 = i32x4.splat(stream);
      let k2 = i32x4.splat(seed ^ stream ^ 0x1bd11bda);
      let x0 = i32x4.add(i32x4.splat(number), k0);
      let x1 = i32x4.add(counter, k1);
      for (let group = 1; group <= 5; ++group) {
        if (group & 1) {
          x0 = i32x4.add(x0, x1);
          x1 = v128.xor(rotate(x1, 13), x0);
          x0 = i32x4.add(x0, x1);
          x1 = v128.xor(rotate(x1, 15), x0);
          x0 = i32x4.add(x0, x1);
          x1 = v128.xor(rotate(x1, 26), x0);
          x0 = i32x4.add(x0, x1);
          x1 = v128.xor(rotate(x1, 6), x0);
        } else {
          x0 = i32x4.add(x0, x1);
          x1 = v128.xor(rotate(x1, 17), x0);
          x0 = i32x4.add(x0, x1);
          x1 = v128.xor(rotate(x1, 29), x0);
          x0 = i32x4.add(x0, x1);
          x1 = v128.xor(rotate(x1, 16), x0);
          x0 = i32x4.add(x0, x1);
          x1 = v128.xor(rotate(x1, 24), x0);
        }
        const k = k0;
        k0 = k1;
        k1 = k2;
        k2 = k;
        x0 = i32x4.add(x0, k0);
        x1 = i32x4.add(i32x4.add(x1, k1), i32x4.splat(group));
      }
      v128.store(y + at, f32x4.mul(v128.load(x + at), v128.and(factor, i32x4.ge_u(x0, least))));
      if (at + 16 < stop) v128.store(y + at, f32x4.mul(v128.load(x + at, 16), v128.and(factor, i32x4.ge_u(x1, least))), 16);
      counter = i32x4.add(counter, four);
    }
  }
}

function rotate(x: v128, left: i32): v128 {
  return v128.or(i32x4.shl(x, left), i32x4.shr_u(x, 32 - left));
}
