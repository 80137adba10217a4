// Optimizer steps without roots, and the average of weights. What holds for every step is in watch.ts.
import { multiplyAdd } from "./arithmetic";
import { report, suspicious } from "./watch";

/** Four new weights. */
function descended(w: usize, g: usize, minusRate: v128, l2: v128): v128 {
  const weight = v128.load(w);
  return multiplyAdd(minusRate, multiplyAdd(l2, weight, v128.load(g)), weight);
}

/** w -= rate·(g + weightDecay·w) */
export function sgdStep(w: usize, g: usize, status: usize, rate: f32, weightDecay: f32, begin: u32, end: u32): void {
  const minusRate = f32x4.splat(-rate);
  const l2 = f32x4.splat(weightDecay);
  let watched = f32x4.splat(0);
  const stop = (<usize>end) << 2;
  let at = (<usize>begin) << 2;
  // What is watched is added up four vectors at a time: one after the other, each sum would wait for the one before.
  if (at + 64 <= stop) {
    do {
      const to = w + at;
      const from = g + at;
      const y0 = descended(to, from, minusRate, l2);
      const y1 = descended(to + 16, from + 16, minusRate, l2);
      const y2 = descended(to + 32, from + 32, minusRate, l2);
      const y3 = descended(to + 48, from + 48, minusRate, l2);
      v128.store(to, y0);
      v128.store(to, y1, 16);
      v128.store(to, y2, 32);
      v128.store(to, y3, 48);
      watched = f32x4.add(watched, f32x4.add(f32x4.add(y0, y1), f32x4.add(y2, y3)));
      at += 64;
    } while (at + 64 <= stop);
  }
  for (; at < stop; at += 16) {
    const updated = descended(w + at, g + at, minusRate, l2);
    v128.store(w + at, updated);
    watched = f32x4.add(watched, updated);
  }
  if (suspicious(watched)) report(status, g, w, 0, 0, begin, end);
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
  let watched = f32x4.splat(0);
  let at = (<usize>begin) << 2;
  const stop = (<usize>end) << 2;
  if ((stop - at) & 16) {
    watched = momentumVector(w + at, v + at, g + at, minusRate, keep, take, nesterov, l2);
    at += 16;
  }
  if (at < stop)
    do {
      const first = momentumVector(w + at, v + at, g + at, minusRate, keep, take, nesterov, l2);
      watched = f32x4.add(watched, f32x4.add(first, momentumVector(w + at + 16, v + at + 16, g + at + 16, minusRate, keep, take, nesterov, l2)));
      at += 32;
    } while (at < stop);
  if (suspicious(watched)) report(status, g, w, 0, 0, begin, end);
}

// @ts-ignore: decorator
@inline
function momentumVector(w: usize, v: usize, g: usize, minusRate: v128, keep: v128, take: v128, nesterov: u32, l2: v128): v128 {
  const weight = v128.load(w);
  const gradient = multiplyAdd(l2, weight, v128.load(g));
  let step = multiplyAdd(keep, v128.load(v), f32x4.mul(take, gradient));
  v128.store(v, step);
  if (nesterov) step = multiplyAdd(keep, step, gradient);
  const updated = multiplyAdd(minusRate, step, weight);
  v128.store(w, updated);
  return updated;
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
  let watched = f32x4.splat(0);
  let at = (<usize>begin) << 2;
  const stop = (<usize>end) << 2;
  if ((stop - at) & 16) {
    watched = lionVector(w + at, m + at, g + at, most, shrink, keep1, take1, keep2, take2);
    at += 16;
  }
  if (at < stop)
    do {
      const first = lionVector(w + at, m + at, g + at, most, shrink, keep1, take1, keep2, take2);
      watched = f32x4.add(watched, f32x4.add(first, lionVector(w + at + 16, m + at + 16, g + at + 16, most, shrink, keep1, take1, keep2, take2)));
      at += 32;
    } while (at < stop);
  if (suspicious(watched)) report(status, g, w, 0, 0, begin, end);
}

/** most: the rate, not negative. */
// @ts-ignore: decorator
@inline
function lionVector(
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
  const updated = f32x4.sub(f32x4.mul(shrink, v128.load(w)), step);
  v128.store(w, updated);
  return updated;
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
