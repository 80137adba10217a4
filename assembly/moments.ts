// Optimizer steps along a mean of gradients, each divided by a mean of sizes: Adam and its kin. What holds for every step is in watch.ts.
import { multiplyAdd } from "./arithmetic";
import { report, suspicious } from "./watch";

/** Bytes [at, stop) of each slab. `largest`: whether there is a vMax, a constant where this is inlined: a branch in the loop costs some percent
 *  of the speed. @returns the sum of the new means of squares and weights */
// @ts-ignore: decorator
@inline
function adamLoop(
  largest: bool,
  w: usize,
  m: usize,
  v: usize,
  vMax: usize,
  g: usize,
  minusRate: v128,
  correction: v128,
  shrink: v128,
  keep1: v128,
  take1: v128,
  keep2: v128,
  take2: v128,
  floor: v128,
  at: usize,
  stop: usize,
): v128 {
  let watched = f32x4.splat(0);
  do {
    const weight = v128.load(w + at);
    const gradient = v128.load(g + at);
    const first = multiplyAdd(keep1, v128.load(m + at), f32x4.mul(take1, gradient));
    let second = multiplyAdd(keep2, v128.load(v + at), f32x4.mul(take2, f32x4.mul(gradient, gradient)));
    v128.store(m + at, first);
    v128.store(v + at, second);
    watched = f32x4.add(watched, second);
    if (largest) {
      second = f32x4.pmax(second, v128.load(vMax + at)); // a NaN in the gradient stays
      v128.store(vMax + at, second);
    }
    const step = f32x4.div(first, multiplyAdd(f32x4.sqrt(second), correction, floor));
    const updated = multiplyAdd(minusRate, step, f32x4.mul(shrink, weight));
    v128.store(w + at, updated);
    watched = f32x4.add(watched, updated);
    at += 16;
  } while (at < stop);
  return watched;
}

/** m = beta1·m + oneMinusBeta1·g; v = beta2·v + oneMinusBeta2·g²; vMax = max(vMax, v) if given, else v;
 *  w = decay·w - stepSize·(m / (sqrt(vMax)·inverseRootBias2 + epsilon)) */
export function adamStep(
  w: usize,
  m: usize,
  v: usize,
  vMax: usize,
  g: usize,
  status: usize,
  stepSize: f32,
  inverseRootBias2: f32,
  decay: f32,
  beta1: f32,
  oneMinusBeta1: f32,
  beta2: f32,
  oneMinusBeta2: f32,
  epsilon: f32,
  begin: u32,
  end: u32,
): void {
  const minusRate = f32x4.splat(-stepSize);
  const correction = f32x4.splat(inverseRootBias2);
  const shrink = f32x4.splat(decay);
  const keep1 = f32x4.splat(beta1);
  const take1 = f32x4.splat(oneMinusBeta1);
  const keep2 = f32x4.splat(beta2);
  const take2 = f32x4.splat(oneMinusBeta2);
  const floor = f32x4.splat(epsilon);
  if (begin >= end) return;
  const at = (<usize>begin) << 2;
  const stop = (<usize>end) << 2;
  let watched: v128;
  if (vMax) watched = adamLoop(true, w, m, v, vMax, g, minusRate, correction, shrink, keep1, take1, keep2, take2, floor, at, stop);
  else watched = adamLoop(false, w, m, v, 0, g, minusRate, correction, shrink, keep1, take1, keep2, take2, floor, at, stop);
  if (suspicious(watched)) report(status, g, w, v, 0, begin, end);
}

/** m = beta1·m + oneMinusBeta1·g; u = max(beta2·u, |g| + epsilon); w -= rate·(m / u).
 *  A u of just epsilon, as every g of 0 leaves, is stored as 0: the next |g| + epsilon is at least either. So padding stays +0. */
export function adamaxStep(
  w: usize,
  m: usize,
  u: usize,
  g: usize,
  status: usize,
  rate: f32,
  beta1: f32,
  oneMinusBeta1: f32,
  beta2: f32,
  epsilon: f32,
  begin: u32,
  end: u32,
): void {
  const minusRate = f32x4.splat(-rate);
  const keep1 = f32x4.splat(beta1);
  const take1 = f32x4.splat(oneMinusBeta1);
  const keep2 = f32x4.splat(beta2);
  const floor = f32x4.splat(epsilon);
  let watched = f32x4.splat(0);
  const stop = (<usize>end) << 2;
  if (begin >= end) return;
  let at = (<usize>begin) << 2;
  do {
    const weight = v128.load(w + at);
    const gradient = v128.load(g + at);
    const first = multiplyAdd(keep1, v128.load(m + at), f32x4.mul(take1, gradient));
    // A NaN in the gradient stays.
    const norm = f32x4.pmax(f32x4.add(f32x4.abs(gradient), floor), f32x4.mul(keep2, v128.load(u + at)));
    v128.store(m + at, first);
    v128.store(u + at, v128.and(norm, f32x4.ne(norm, floor)));
    const updated = multiplyAdd(minusRate, f32x4.div(first, norm), weight);
    v128.store(w + at, updated);
    watched = f32x4.add(watched, updated);
    at += 16;
  } while (at < stop);
  if (suspicious(watched)) report(status, g, w, 0, 0, begin, end);
}

/** m = beta1·m + oneMinusBeta1·g; v = beta2·v + oneMinusBeta2·g²;
 *  w -= (momentFactor·m + gradientFactor·g) / (sqrt(v)·inverseRootBias2 + epsilon) */
export function nadamStep(
  w: usize,
  m: usize,
  v: usize,
  g: usize,
  status: usize,
  momentFactor: f32,
  gradientFactor: f32,
  inverseRootBias2: f32,
  beta1: f32,
  oneMinusBeta1: f32,
  beta2: f32,
  oneMinusBeta2: f32,
  epsilon: f32,
  begin: u32,
  end: u32,
): void {
  const ofMoment = f32x4.splat(momentFactor);
  const ofGradient = f32x4.splat(gradientFactor);
  const correction = f32x4.splat(inverseRootBias2);
  const keep1 = f32x4.splat(beta1);
  const take1 = f32x4.splat(oneMinusBeta1);
  const keep2 = f32x4.splat(beta2);
  const take2 = f32x4.splat(oneMinusBeta2);
  const floor = f32x4.splat(epsilon);
  let watched = f32x4.splat(0);
  const stop = (<usize>end) << 2;
  if (begin >= end) return;
  let at = (<usize>begin) << 2;
  do {
    const weight = v128.load(w + at);
    const gradient = v128.load(g + at);
    const first = multiplyAdd(keep1, v128.load(m + at), f32x4.mul(take1, gradient));
    const second = multiplyAdd(keep2, v128.load(v + at), f32x4.mul(take2, f32x4.mul(gradient, gradient)));
    v128.store(m + at, first);
    v128.store(v + at, second);
    const ahead = multiplyAdd(ofMoment, first, f32x4.mul(ofGradient, gradient));
    const updated = f32x4.sub(weight, f32x4.div(ahead, multiplyAdd(f32x4.sqrt(second), correction, floor)));
    v128.store(w + at, updated);
    watched = f32x4.add(f32x4.add(watched, second), updated);
    at += 16;
  } while (at < stop);
  if (suspicious(watched)) report(status, g, w, v, 0, begin, end);
}

/** m = beta1·m + oneMinusBeta1·g; v = beta2·v + oneMinusBeta2·g²; w -= stepSize·(m / (rootFactor·sqrt(v) + floor)):
 *  adaptive with rootFactor 1 and floor epsilon, plain momentum with 0 and 1. */
export function radamStep(
  w: usize,
  m: usize,
  v: usize,
  g: usize,
  status: usize,
  stepSize: f32,
  rootFactor: f32,
  floor: f32,
  beta1: f32,
  oneMinusBeta1: f32,
  beta2: f32,
  oneMinusBeta2: f32,
  begin: u32,
  end: u32,
): void {
  const minusRate = f32x4.splat(-stepSize);
  const ofRoot = f32x4.splat(rootFactor);
  const least = f32x4.splat(floor);
  const keep1 = f32x4.splat(beta1);
  const take1 = f32x4.splat(oneMinusBeta1);
  const keep2 = f32x4.splat(beta2);
  const take2 = f32x4.splat(oneMinusBeta2);
  let watched = f32x4.splat(0);
  const stop = (<usize>end) << 2;
  if (begin >= end) return;
  let at = (<usize>begin) << 2;
  do {
    const weight = v128.load(w + at);
    const gradient = v128.load(g + at);
    const first = multiplyAdd(keep1, v128.load(m + at), f32x4.mul(take1, gradient));
    const second = multiplyAdd(keep2, v128.load(v + at), f32x4.mul(take2, f32x4.mul(gradient, gradient)));
    v128.store(m + at, first);
    v128.store(v + at, second);
    const step = f32x4.div(first, multiplyAdd(ofRoot, f32x4.sqrt(second), least));
    const updated = multiplyAdd(minusRate, step, weight);
    v128.store(w + at, updated);
    watched = f32x4.add(f32x4.add(watched, second), updated);
    at += 16;
  } while (at < stop);
  if (suspicious(watched)) report(status, g, w, v, 0, begin, end);
}
