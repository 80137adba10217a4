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
  const eight = i32x4.splat(8);
  const blocks = (columns + 7) >> 3;
  for (let r = begin; r < end; ++r) {
    const row = (<usize>r * ld) << 2;
    const stop = row + ((<usize>ld) << 2);
    let counter = i32x4.add(i32x4.splat((r * blocks) << 2), i32x4(0, 1, 2, 3));
    // Two blocks of counters, a and b, at a time: each is a chain of operations in which one waits for the other.
    for (let at = row; at < stop; at += 64) {
      let k0 = i32x4.splat(seed);
      let k1 = i32x4.splat(stream);
      let k2 = i32x4.splat(seed ^ stream ^ 0x1bd11bda);
      let a0 = i32x4.add(i32x4.splat(number), k0);
      let a1 = i32x4.add(counter, k1);
      let b0 = a0;
      let b1 = i32x4.add(a1, i32x4.splat(4));
      for (let group = 1; group <= 5; ++group) {
        if (group & 1) {
          a0 = i32x4.add(a0, a1);
          b0 = i32x4.add(b0, b1);
          a1 = v128.xor(rotate(a1, 13), a0);
          b1 = v128.xor(rotate(b1, 13), b0);
          a0 = i32x4.add(a0, a1);
          b0 = i32x4.add(b0, b1);
          a1 = v128.xor(rotate(a1, 15), a0);
          b1 = v128.xor(rotate(b1, 15), b0);
          a0 = i32x4.add(a0, a1);
          b0 = i32x4.add(b0, b1);
          a1 = v128.xor(rotate(a1, 26), a0);
          b1 = v128.xor(rotate(b1, 26), b0);
          a0 = i32x4.add(a0, a1);
          b0 = i32x4.add(b0, b1);
          a1 = v128.xor(rotate(a1, 6), a0);
          b1 = v128.xor(rotate(b1, 6), b0);
        } else {
          a0 = i32x4.add(a0, a1);
          b0 = i32x4.add(b0, b1);
          a1 = v128.xor(rotate(a1, 17), a0);
          b1 = v128.xor(rotate(b1, 17), b0);
          a0 = i32x4.add(a0, a1);
          b0 = i32x4.add(b0, b1);
          a1 = v128.xor(rotate(a1, 29), a0);
          b1 = v128.xor(rotate(b1, 29), b0);
          a0 = i32x4.add(a0, a1);
          b0 = i32x4.add(b0, b1);
          a1 = v128.xor(rotate(a1, 16), a0);
          b1 = v128.xor(rotate(b1, 16), b0);
          a0 = i32x4.add(a0, a1);
          b0 = i32x4.add(b0, b1);
          a1 = v128.xor(rotate(a1, 24), a0);
          b1 = v128.xor(rotate(b1, 24), b0);
        }
        const k = k0;
        k0 = k1;
        k1 = k2;
        k2 = k;
        const injected = i32x4.add(k1, i32x4.splat(group));
        a0 = i32x4.add(a0, k0);
        b0 = i32x4.add(b0, k0);
        a1 = i32x4.add(a1, injected);
        b1 = i32x4.add(b1, injected);
      }
      drop(y + at, x + at, a0, least, factor);
      if (at + 16 < stop) drop(y + at + 16, x + at + 16, a1, least, factor);
      if (at + 32 < stop) drop(y + at + 32, x + at + 32, b0, least, factor);
      if (at + 48 < stop) drop(y + at + 48, x + at + 48, b1, least, factor);
      counter = i32x4.add(counter, eight);
    }
  }
}

function drop(y: usize, x: usize, words: v128, least: v128, factor: v128): void {
  v128.store(y, f32x4.mul(v128.load(x), v128.and(factor, i32x4.ge_u(words, least))));
}

function rotate(x: v128, left: i32): v128 {
  return v128.or(i32x4.shl(x, left), i32x4.shr_u(x, 32 - left));
}
