// What takes random numbers, Threefry2x32-20 in four lanes: dropout, and what parameters are before any training. The generator's source
// and its scalar version are in src/random.ts.
import { lanesWithin } from "./lanes";
import { Variate } from "./opcodes";
import * as Q from "./quantile";

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

/** y = mean + scale·z, z being what `kind` makes of u, the uniform number of src/random.ts for the key (seed, stream 0) and the counters
 *  (parameter, row·columns + column). In float64, by the inverse of the distribution function: a process that begins has no optimised
 *  JavaScript to do it in.
 *  y: f32[end][ld], 16-byte aligned, whose padding becomes +0. Range in rows. */
export function draw(
  y: usize,
  seed: u32,
  parameter: u32,
  kind: u32,
  mean: f64,
  scale: f64,
  columns: u32,
  ld: u32,
  begin: u32,
  end: u32,
): void {
  for (let r = begin; r < end; ++r) {
    let at = y + ((<usize>r * ld) << 2);
    const first = r * columns;
    for (let c: u32 = 0; c < columns; c += 4, at += 16) {
      // Threefry2x32-20, the rounds of dropout: a function cannot return both words.
      let k0 = i32x4.splat(seed);
      let k1 = i32x4.splat(0);
      let k2 = i32x4.splat(seed ^ 0x1bd11bda);
      let x0 = i32x4.splat(parameter + seed);
      let x1 = i32x4.add(i32x4.splat(first + c), i32x4(0, 1, 2, 3));
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
      const high = i32x4.shr_u(x0, 5);
      const low = i32x4.shr_u(x1, 6);
      const near = f32x4.demote_f64x2_zero(pair(kind, mean, scale, high, low));
      const far = f32x4.demote_f64x2_zero(
        pair(kind, mean, scale, v128.shuffle<u32>(high, high, 2, 3, 2, 3), v128.shuffle<u32>(low, low, 2, 3, 2, 3)),
      );
      v128.store(at, v128.and(v128.shuffle<u32>(near, far, 0, 1, 4, 5), lanesWithin(columns - c)));
    }
  }
}

/** mean + scale·z of two uniform numbers, whose high 27 and low 26 bits are in the first two lanes. */
function pair(kind: u32, mean: f64, scale: f64, high: v128, low: v128): v128 {
  const sum = f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_u(high), f64x2.splat(67108864)), f64x2.convert_low_i32x4_u(low));
  const u = f64x2.mul(sum, f64x2.splat(1.1102230246251565e-16)); // 2^-53
  return f64x2.add(f64x2.splat(mean), f64x2.mul(f64x2.splat(scale), variates(kind, u)));
}

/** Twin of variate in src/float64.ts, of two numbers. */
function variates(kind: u32, u: v128): v128 {
  if (kind == Variate.Truncated) {
    const p = f64x2.add(f64x2.splat(Q.TAIL), f64x2.mul(u, f64x2.splat(1 - 2 * Q.TAIL)));
    return f64x2.div(quantiles(p), f64x2.splat(Q.TRUNCATED_DEVIATION));
  }
  if (kind == Variate.Normal) return quantiles(v128.bitselect(f64x2.splat(Q.LEAST), u, f64x2.eq(u, f64x2.splat(0))));
  if (kind == Variate.UnitUniform)
    return f64x2.mul(f64x2.sub(f64x2.mul(f64x2.splat(2), u), f64x2.splat(1)), f64x2.splat(Q.SQRT_3));
  return u;
}

/** Twin of normalQuantile in src/float64.ts for 0 < p < 1, of two numbers: most are near the middle, where both take the same way. */
function quantiles(p: v128): v128 {
  const q = f64x2.sub(p, f64x2.splat(0.5));
  const x = f64x2.sub(f64x2.splat(0.180625), f64x2.mul(q, q));
  let n = horner(f64x2.splat(Q.NEAR_N7), x, Q.NEAR_N6);
  let d = horner(f64x2.splat(Q.NEAR_D7), x, Q.NEAR_D6);
  n = horner(n, x, Q.NEAR_N5);
  d = horner(d, x, Q.NEAR_D5);
  n = horner(n, x, Q.NEAR_N4);
  d = horner(d, x, Q.NEAR_D4);
  n = horner(n, x, Q.NEAR_N3);
  d = horner(d, x, Q.NEAR_D3);
  n = horner(n, x, Q.NEAR_N2);
  d = horner(d, x, Q.NEAR_D2);
  n = horner(n, x, Q.NEAR_N1);
  d = horner(d, x, Q.NEAR_D1);
  n = horner(n, x, Q.NEAR_N0);
  d = horner(d, x, 1);
  let z = f64x2.mul(q, f64x2.div(n, d));
  const far = f64x2.gt(f64x2.abs(q), f64x2.splat(0.425));
  if (v128.any_true(far)) {
    if (i64x2.extract_lane(far, 0)) z = f64x2.replace_lane(z, 0, quantileBeyond(f64x2.extract_lane(p, 0)));
    if (i64x2.extract_lane(far, 1)) z = f64x2.replace_lane(z, 1, quantileBeyond(f64x2.extract_lane(p, 1)));
  }
  return z;
}

/** sum·x + coefficient */
function horner(sum: v128, x: v128, coefficient: f64): v128 {
  return f64x2.add(f64x2.mul(sum, x), f64x2.splat(coefficient));
}

function quantileBeyond(p: f64): f64 {
  return p < 0.5 ? -Q.quantileFar(sqrt(-ln(p))) : Q.quantileFar(sqrt(-ln(1 - p)));
}

/** Twin of ln in src/float64.ts for normal numbers. */
function ln(x: f64): f64 {
  const bits = reinterpret<u64>(x);
  const high = <u32>(bits >> 32) + (0x3ff00000 - 0x3fe6a09e);
  const k = <i32>(high >> 20) - 0x3ff;
  const fraction = (<u64>((high & 0xfffff) + 0x3fe6a09e) << 32) | (bits & 0xffffffff);
  return Q.lnOfParts(reinterpret<f64>(fraction) - 1, <f64>k);
}

/** The bits of each 32-bit lane, rotated to the left. */
function rotate(x: v128, left: i32): v128 {
  return v128.or(i32x4.shl(x, left), i32x4.shr_u(x, 32 - left));
}
