// Optimizer steps without roots, and the average of weights. What holds for every step is in watch.ts.
//
// A step's loop is written once and there for each choice that is the same in all of a pass: with weight decay and without it, as most networks
// are trained. A product and a sum more for each vector cost up to a quarter of the speed, and so does a branch in the loop. Such choices
// (`decays`, `nesterov`, `skips`) are constants wherever a loop is inlined.
import { multiplyAdd } from "./arithmetic";
import { lanesWithin } from "./lanes";
import { Control } from "./opcodes";
import { collect } from "./reductions";
import { report, reportFound, suspicious } from "./watch";

/** g + weightDecay·w */
// @ts-ignore: decorator
@inline
function decayed(decays: bool, gradient: v128, l2: v128, weight: v128): v128 {
  return decays ? multiplyAdd(l2, weight, gradient) : gradient;
}

/** Four new weights. */
// @ts-ignore: decorator
@inline
function descended(decays: bool, w: usize, g: usize, minusRate: v128, l2: v128): v128 {
  const weight = v128.load(w);
  return multiplyAdd(minusRate, decayed(decays, v128.load(g), l2, weight), weight);
}

/** Bytes [at, stop) of each slab, as the loops below. @returns the sum of the new weights */
// @ts-ignore: decorator
@inline
function descend(decays: bool, w: usize, g: usize, minusRate: v128, l2: v128, at: usize, stop: usize): v128 {
  let watched = f32x4.splat(0);
  // What is watched is added up four vectors at a time: one after the other, each sum would wait for the one before.
  if (at + 64 <= stop) {
    do {
      const to = w + at;
      const from = g + at;
      const y0 = descended(decays, to, from, minusRate, l2);
      const y1 = descended(decays, to + 16, from + 16, minusRate, l2);
      const y2 = descended(decays, to + 32, from + 32, minusRate, l2);
      const y3 = descended(decays, to + 48, from + 48, minusRate, l2);
      v128.store(to, y0);
      v128.store(to, y1, 16);
      v128.store(to, y2, 32);
      v128.store(to, y3, 48);
      watched = f32x4.add(watched, f32x4.add(f32x4.add(y0, y1), f32x4.add(y2, y3)));
      at += 64;
    } while (at + 64 <= stop);
  }
  for (; at < stop; at += 16) {
    const updated = descended(decays, w + at, g + at, minusRate, l2);
    v128.store(w + at, updated);
    watched = f32x4.add(watched, updated);
  }
  return watched;
}

/** w -= rate·(g + weightDecay·w) */
export function sgdStep(w: usize, g: usize, status: usize, rate: f32, weightDecay: f32, begin: u32, end: u32): void {
  if (weightDecay != 0) {
    decayedSgdStep(w, g, status, rate, weightDecay, begin, end);
    return;
  }
  const minusRate = f32x4.splat(-rate);
  const watched = descend(false, w, g, minusRate, minusRate, (<usize>begin) << 2, (<usize>end) << 2);
  if (suspicious(watched)) report(status, g, w, 0, 0, begin, end);
}

/** Exported, which keeps it a function of its own: with both loops in one, V8 13 has a network of 33 parameters make 5 % fewer steps. */
export function decayedSgdStep(w: usize, g: usize, status: usize, rate: f32, weightDecay: f32, begin: u32, end: u32): void {
  const minusRate = f32x4.splat(-rate);
  const l2 = f32x4.splat(weightDecay);
  const watched = descend(true, w, g, minusRate, l2, (<usize>begin) << 2, (<usize>end) << 2);
  if (suspicious(watched)) report(status, g, w, 0, 0, begin, end);
}

/** w + minusRate·(x·b + l2·w), four weights of a row; a product's sum begins with +0. */
// @ts-ignore: decorator
@inline
function outerVector(decays: bool, w: usize, x: v128, b: usize, minusRate: v128, l2: v128): v128 {
  const weight = v128.load(w);
  const gradient = multiplyAdd(x, v128.load(b), f32x4.splat(0));
  return multiplyAdd(minusRate, decayed(decays, gradient, l2, weight), weight);
}

/** Rows [begin, end) of w. `skips`: those along which a is 0; b and the rate are finite, so they would stay as they are. @returns the sum of the new weights */
// @ts-ignore: decorator
@inline
function descendByOuter(
  decays: bool,
  skips: bool,
  w: usize,
  a: usize,
  b: usize,
  minusRate: v128,
  l2: v128,
  n: u32,
  ldw: u32,
  begin: u32,
  end: u32,
): v128 {
  const whole = (<usize>(n & ~3)) << 2;
  const mask = lanesWithin(n & 3);
  const down = (<usize>ldw) << 2;
  let watched = f32x4.splat(0);
  let row = w + down * begin;
  for (let i = begin; i < end; ++i, row += down) {
    const xAt = a + ((<usize>i) << 2);
    if (skips && load<f32>(xAt) == 0) continue;
    const x = v128.load32_splat(xAt);
    let at: usize = 0;
    for (; at + 64 <= whole; at += 64) {
      const to = row + at;
      const from = b + at;
      const y0 = outerVector(decays, to, x, from, minusRate, l2);
      const y1 = outerVector(decays, to + 16, x, from + 16, minusRate, l2);
      const y2 = outerVector(decays, to + 32, x, from + 32, minusRate, l2);
      const y3 = outerVector(decays, to + 48, x, from + 48, minusRate, l2);
      v128.store(to, y0);
      v128.store(to, y1, 16);
      v128.store(to, y2, 32);
      v128.store(to, y3, 48);
      watched = f32x4.add(watched, f32x4.add(f32x4.add(y0, y1), f32x4.add(y2, y3)));
    }
    for (; at < whole; at += 16) {
      const updated = outerVector(decays, row + at, x, b + at, minusRate, l2);
      v128.store(row + at, updated);
      watched = f32x4.add(watched, updated);
    }
    if (n & 3) {
      const updated = v128.and(outerVector(decays, row + at, x, b + at, minusRate, l2), mask);
      v128.store(row + at, updated);
      watched = f32x4.add(watched, updated);
    }
  }
  return watched;
}

/** w[i][j] -= rate·(a[i]·b[j] + weightDecay·w[i][j]), n columns: sgdStep where the gradient is the product of two rows. It is never in memory. */
export function outerSgdStep(
  w: usize,
  a: usize,
  b: usize,
  status: usize,
  rate: f32,
  weightDecay: f32,
  n: u32,
  ldw: u32,
  begin: u32,
  end: u32,
): void {
  const minusRate = f32x4.splat(-rate);
  const l2 = f32x4.splat(weightDecay);
  let watched: v128;
  if (weightDecay != 0) watched = descendByOuter(true, false, w, a, b, minusRate, l2, n, ldw, begin, end);
  else if (rate * 0 == 0 && isSparse(a, begin, end) && !isOuterBroken(Control.Zeros, b, n, 0, 1))
    watched = descendByOuter(false, true, w, a, b, minusRate, l2, n, ldw, begin, end);
  else watched = descendByOuter(false, false, w, a, b, minusRate, l2, n, ldw, begin, end);
  if (suspicious(watched)) reportFound(status, isOuterBroken(a, b, n, begin, end), w, 0, 0, begin * ldw, end * ldw);
}

/** Whether an eighth of a is 0 or more, as of most images and all one-hot rows: looking at each element costs a dense step a tenth of its speed. */
function isSparse(a: usize, begin: u32, end: u32): bool {
  const zero = f32x4.splat(0);
  let count = i32x4.splat(0);
  const stop = a + ((<usize>end) << 2);
  // What lies behind the last element only makes the guess worse.
  for (let at = a + ((<usize>begin) << 2); at < stop; at += 16) count = i32x4.sub(count, f32x4.eq(v128.load(at), zero));
  const pairs = i32x4.add(count, v128.shuffle<i32>(count, count, 2, 3, 0, 1));
  return <u32>(i32x4.extract_lane(pairs, 0) + i32x4.extract_lane(pairs, 1)) >= (end - begin) >> 3;
}

/** Whether some a[i]·b[j] is not finite. */
function isOuterBroken(a: usize, b: usize, n: u32, begin: u32, end: u32): bool {
  let bad = f32x4.splat(0);
  for (let i = begin; i < end; ++i) {
    const x = v128.load32_splat(a + ((<usize>i) << 2));
    for (let j: u32 = 0; j < n; j += 4) {
      const product = f32x4.mul(x, v128.load(b + ((<usize>j) << 2)));
      bad = collect(bad, v128.and(product, lanesWithin(n - j)));
    }
  }
  return v128.any_true(bad);
}

// @ts-ignore: decorator
@inline
function momentumVector(
  nesterov: bool,
  decays: bool,
  w: usize,
  v: usize,
  g: usize,
  minusRate: v128,
  keep: v128,
  take: v128,
  l2: v128,
): v128 {
  const weight = v128.load(w);
  const gradient = decayed(decays, v128.load(g), l2, weight);
  let step = multiplyAdd(keep, v128.load(v), f32x4.mul(take, gradient));
  v128.store(v, step);
  if (nesterov) step = multiplyAdd(keep, step, gradient);
  const updated = multiplyAdd(minusRate, step, weight);
  v128.store(w, updated);
  return updated;
}

// @ts-ignore: decorator
@inline
function descendWithMomentum(
  nesterov: bool,
  decays: bool,
  w: usize,
  v: usize,
  g: usize,
  minusRate: v128,
  keep: v128,
  take: v128,
  l2: v128,
  at: usize,
  stop: usize,
): v128 {
  let watched = f32x4.splat(0);
  if ((stop - at) & 16) {
    watched = momentumVector(nesterov, decays, w + at, v + at, g + at, minusRate, keep, take, l2);
    at += 16;
  }
  if (at < stop)
    do {
      const first = momentumVector(nesterov, decays, w + at, v + at, g + at, minusRate, keep, take, l2);
      const second = momentumVector(nesterov, decays, w + at + 16, v + at + 16, g + at + 16, minusRate, keep, take, l2);
      watched = f32x4.add(watched, f32x4.add(first, second));
      at += 32;
    } while (at < stop);
  return watched;
}

/** g' = g + weightDecay·w; v = momentum·v + gradientFactor·g'; w -= rate·(nesterov ? g' + momentum·v : v) */
export function sgdMomentumStep(
  w: usize,
  v: usize,
  g: usize,
  status: usize,
  rate: f32,
  gradientFactor: f32,
  momentum: f32,
  nesterov: u32,
  weightDecay: f32,
  begin: u32,
  end: u32,
): void {
  const minusRate = f32x4.splat(-rate);
  const keep = f32x4.splat(momentum);
  const take = f32x4.splat(gradientFactor);
  const l2 = f32x4.splat(weightDecay);
  const at = (<usize>begin) << 2;
  const stop = (<usize>end) << 2;
  const decays = weightDecay != 0;
  let watched: v128;
  if (nesterov) {
    if (decays) watched = descendWithMomentum(true, true, w, v, g, minusRate, keep, take, l2, at, stop);
    else watched = descendWithMomentum(true, false, w, v, g, minusRate, keep, take, l2, at, stop);
  } else if (decays) watched = descendWithMomentum(false, true, w, v, g, minusRate, keep, take, l2, at, stop);
  else watched = descendWithMomentum(false, false, w, v, g, minusRate, keep, take, l2, at, stop);
  if (suspicious(watched)) report(status, g, w, 0, 0, begin, end);
}

/** most: the rate, not negative. */
// @ts-ignore: decorator
@inline
function lionVector(
  decays: bool,
  w: usize,
  m: usize,
  g: usize,
  most: v128,
  shrink: v128,
  keep1: v128,
  take1: v128,
  keep2: v128,
  take2: v128,
): v128 {
  const zero = f32x4.splat(0);
  const gradient = v128.load(g);
  const moment = v128.load(m);
  const mixed = multiplyAdd(keep1, moment, f32x4.mul(take1, gradient));
  v128.store(m, multiplyAdd(keep2, moment, f32x4.mul(take2, gradient)));
  // mixed·0 is mixed's sign and no other bit, or NaN where mixed is not finite, which it stays whatever bits are set in it.
  const step = v128.and(v128.or(f32x4.mul(mixed, zero), most), f32x4.ne(mixed, zero));
  const weight = v128.load(w);
  const updated = f32x4.sub(decays ? f32x4.mul(shrink, weight) : weight, step);
  v128.store(w, updated);
  return updated;
}

// @ts-ignore: decorator
@inline
function descendBySign(
  decays: bool,
  w: usize,
  m: usize,
  g: usize,
  most: v128,
  shrink: v128,
  keep1: v128,
  take1: v128,
  keep2: v128,
  take2: v128,
  at: usize,
  stop: usize,
): v128 {
  let watched = f32x4.splat(0);
  if ((stop - at) & 16) {
    watched = lionVector(decays, w + at, m + at, g + at, most, shrink, keep1, take1, keep2, take2);
    at += 16;
  }
  if (at < stop)
    do {
      const first = lionVector(decays, w + at, m + at, g + at, most, shrink, keep1, take1, keep2, take2);
      const second = lionVector(decays, w + at + 16, m + at + 16, g + at + 16, most, shrink, keep1, take1, keep2, take2);
      watched = f32x4.add(watched, f32x4.add(first, second));
      at += 32;
    } while (at < stop);
  return watched;
}

/** c = beta1·m + oneMinusBeta1·g; w = decay·w - rate·sign(c), sign(0) = 0; m = beta2·m + oneMinusBeta2·g */
export function lionStep(
  w: usize,
  m: usize,
  g: usize,
  status: usize,
  rate: f32,
  decay: f32,
  beta1: f32,
  oneMinusBeta1: f32,
  beta2: f32,
  oneMinusBeta2: f32,
  begin: u32,
  end: u32,
): void {
  const most = f32x4.splat(rate);
  const shrink = f32x4.splat(decay);
  const keep1 = f32x4.splat(beta1);
  const take1 = f32x4.splat(oneMinusBeta1);
  const keep2 = f32x4.splat(beta2);
  const take2 = f32x4.splat(oneMinusBeta2);
  const at = (<usize>begin) << 2;
  const stop = (<usize>end) << 2;
  let watched: v128;
  if (decay == 1) watched = descendBySign(false, w, m, g, most, shrink, keep1, take1, keep2, take2, at, stop);
  else watched = descendBySign(true, w, m, g, most, shrink, keep1, take1, keep2, take2, at, stop);
  if (suspicious(watched)) report(status, g, w, 0, 0, begin, end);
}

/** average += oneMinusDecay·(w - average). In this form, unlike decay·average + oneMinusDecay·w, the average of a constant is that constant
 *  however decay and 1 - decay round. average, w: f32[end]. Range in elements, both multiples of 4. */
export function emaStep(average: usize, w: usize, oneMinusDecay: f32, begin: u32, end: u32): void {
  const take = f32x4.splat(oneMinusDecay);
  const stop = (<usize>end) << 2;
  if (begin >= end) return;
  let at = (<usize>begin) << 2;
  do {
    const before = v128.load(average + at);
    v128.store(average + at, multiplyAdd(take, f32x4.sub(v128.load(w + at), before), before));
    at += 16;
  } while (at < stop);
}
