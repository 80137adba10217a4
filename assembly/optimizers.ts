// Optimizer steps: one pass over the slabs of parameters, gradients and slots. Formulas: src/plan/ops/optimizers.ts; what is computed
// once a step (rates, bias corrections) comes as a factor. Every slab is f32[end], 16-byte aligned; slots given as address 0 do
// not exist. Ranges in elements, both multiples of 4. Padding (w = g = slots = 0) stays +0, since epsilon > 0.
//
// Every step reports to the u32 at `status`: Status.Gradient if some g is NaN or infinite, Status.Weight if some new w or slot is.
// A g that is not finite always makes such a w (0·∞ and ∞/∞ are NaN), and so do slots but for one case: where the square of a finite g
// overflows, w stays as it is, now and ever after. So the loops watch w and the mean of squares.
import { multiplyAdd } from "./arithmetic";
import { Status } from "./opcodes";
import { collect, hasNonFinite } from "./reductions";
import { raise } from "./status";

function report(bad: v128, status: usize, g: usize, begin: u32, end: u32): void {
  if (!v128.any_true(bad)) return;
  const found: u32 = hasNonFinite(g, begin, end) ? Status.Gradient | Status.Weight : Status.Weight;
  raise(status, found);
}

/** w -= rate·(g + weightDecay·w) */
export function sgdStep(w: usize, g: usize, status: usize, rate: f32, weightDecay: f32, begin: u32, end: u32): void {
  const minusRate = f32x4.splat(-rate);
  const l2 = f32x4.splat(weightDecay);
  let bad = f32x4.splat(0);
  const stop = (<usize>end) << 2;
  for (let at = (<usize>begin) << 2; at < stop; at += 16) {
    const weight = v128.load(w + at);
    const updated = multiplyAdd(minusRate, multiplyAdd(l2, weight, v128.load(g + at)), weight);
    v128.store(w + at, updated);
    bad = collect(bad, updated);
  }
  report(bad, status, g, begin, end);
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
  let bad = f32x4.splat(0);
  const stop = (<usize>end) << 2;
  for (let at = (<usize>begin) << 2; at < stop; at += 16) {
    const weight = v128.load(w + at);
    const gradient = multiplyAdd(l2, weight, v128.load(g + at));
    let step = multiplyAdd(keep, v128.load(v + at), f32x4.mul(take, gradient));
    v128.store(v + at, step);
    if (nesterov) step = multiplyAdd(keep, step, gradient);
    const updated = multiplyAdd(minusRate, step, weight);
    v128.store(w + at, updated);
    bad = collect(bad, updated);
  }
  report(bad, status, g, begin, end);
}

/** g' = g + weightDecay·w; m = beta1·m + oneMinusBeta1·g'; v = beta2·v + oneMinusBeta2·g'²; vMax = max(vMax, v) if given, else v;
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
  weightDecay: f32,
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
  const l2 = f32x4.splat(weightDecay);
  let bad = f32x4.splat(0);
  const stop = (<usize>end) << 2;
  for (let at = (<usize>begin) << 2; at < stop; at += 16) {
    const weight = v128.load(w + at);
    const gradient = multiplyAdd(l2, weight, v128.load(g + at));
    const first = multiplyAdd(keep1, v128.load(m + at), f32x4.mul(take1, gradient));
    let second = multiplyAdd(keep2, v128.load(v + at), f32x4.mul(take2, f32x4.mul(gradient, gradient)));
    v128.store(m + at, first);
    v128.store(v + at, second);
    bad = collect(bad, second);
    if (vMax) {
      second = f32x4.max(second, v128.load(vMax + at));
      v128.store(vMax + at, second);
    }
    const step = f32x4.div(first, multiplyAdd(f32x4.sqrt(second), correction, floor));
    const updated = multiplyAdd(minusRate, step, f32x4.mul(shrink, weight));
    v128.store(w + at, updated);
    bad = collect(bad, updated);
  }
  report(bad, status, g, begin, end);
}

/** g' = g + weightDecay·w; v = rho·v + oneMinusRho·g'²; mean, if given, = rho·mean + oneMinusRho·g';
 *  step = g' / (sqrt(mean given ? v - mean² : v) + epsilon); velocity, if given, = momentum·velocity + step, and is the step; w -= rate·step */
export function rmspropStep(
  w: usize,
  v: usize,
  mean: usize,
  velocity: usize,
  g: usize,
  status: usize,
  rate: f32,
  rho: f32,
  oneMinusRho: f32,
  epsilon: f32,
  momentum: f32,
  weightDecay: f32,
  begin: u32,
  end: u32,
): void {
  const zero = f32x4.splat(0);
  const minusRate = f32x4.splat(-rate);
  const keep = f32x4.splat(rho);
  const take = f32x4.splat(oneMinusRho);
  const floor = f32x4.splat(epsilon);
  const inertia = f32x4.splat(momentum);
  const l2 = f32x4.splat(weightDecay);
  let bad = f32x4.splat(0);
  const stop = (<usize>end) << 2;
  for (let at = (<usize>begin) << 2; at < stop; at += 16) {
    const weight = v128.load(w + at);
    const gradient = multiplyAdd(l2, weight, v128.load(g + at));
    let variance = multiplyAdd(keep, v128.load(v + at), f32x4.mul(take, f32x4.mul(gradient, gradient)));
    v128.store(v + at, variance);
    bad = collect(bad, variance);
    if (mean) {
      const average = multiplyAdd(keep, v128.load(mean + at), f32x4.mul(take, gradient));
      v128.store(mean + at, average);
      variance = multiplyAdd(f32x4.neg(average), average, variance);
      // Never negative but by rounding; a NaN is not below 0 and stays.
      variance = v128.andnot(variance, f32x4.lt(variance, zero));
    }
    let step = f32x4.div(gradient, f32x4.add(f32x4.sqrt(variance), floor));
    if (velocity) {
      step = multiplyAdd(inertia, v128.load(velocity + at), step);
      v128.store(velocity + at, step);
    }
    const updated = multiplyAdd(minusRate, step, weight);
    v128.store(w + at, updated);
    bad = collect(bad, updated);
  }
  report(bad, status, g, begin, end);
}

/** g' = g + weightDecay·w; h += g'²; w -= rate·(g' / (sqrt(h) + epsilon)) */
export function adagradStep(
  w: usize,
  h: usize,
  g: usize,
  status: usize,
  rate: f32,
  epsilon: f32,
  weightDecay: f32,
  begin: u32,
  end: u32,
): void {
  const minusRate = f32x4.splat(-rate);
  const floor = f32x4.splat(epsilon);
  const l2 = f32x4.splat(weightDecay);
  let bad = f32x4.splat(0);
  const stop = (<usize>end) << 2;
  for (let at = (<usize>begin) << 2; at < stop; at += 16) {
    const weight = v128.load(w + at);
    const gradient = multiplyAdd(l2, weight, v128.load(g + at));
    const sum = multiplyAdd(gradient, gradient, v128.load(h + at));
    v128.store(h + at, sum);
    bad = collect(bad, sum);
    const step = f32x4.div(gradient, f32x4.add(f32x4.sqrt(sum), floor));
    const updated = multiplyAdd(minusRate, step, weight);
    v128.store(w + at, updated);
    bad = collect(bad, updated);
  }
  report(bad, status, g, begin, end);
}

/** g' = g + weightDecay·w; m = beta1·m + oneMinusBeta1·g'; u = max(beta2·u, |g'| + epsilon); w -= rate·(m / u).
 *  As long as every g' was 0, u is stored as 0, not epsilon: m is 0 then, and the next |g'| + epsilon is at least either. So padding stays +0. */
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
  weightDecay: f32,
  begin: u32,
  end: u32,
): void {
  const zero = f32x4.splat(0);
  const minusRate = f32x4.splat(-rate);
  const keep1 = f32x4.splat(beta1);
  const take1 = f32x4.splat(oneMinusBeta1);
  const keep2 = f32x4.splat(beta2);
  const floor = f32x4.splat(epsilon);
  const l2 = f32x4.splat(weightDecay);
  let bad = f32x4.splat(0);
  const stop = (<usize>end) << 2;
  for (let at = (<usize>begin) << 2; at < stop; at += 16) {
    const weight = v128.load(w + at);
    const gradient = multiplyAdd(l2, weight, v128.load(g + at));
    const first = multiplyAdd(keep1, v128.load(m + at), f32x4.mul(take1, gradient));
    const before = v128.load(u + at);
    const size = f32x4.abs(gradient);
    const norm = f32x4.max(f32x4.mul(keep2, before), f32x4.add(size, floor));
    v128.store(m + at, first);
    v128.store(u + at, v128.andnot(norm, f32x4.eq(f32x4.add(before, size), zero)));
    const updated = multiplyAdd(minusRate, f32x4.div(first, norm), weight);
    v128.store(w + at, updated);
    bad = collect(bad, updated);
  }
  report(bad, status, g, begin, end);
}

/** g' = g + weightDecay·w; m = beta1·m + oneMinusBeta1·g'; v = beta2·v + oneMinusBeta2·g'²;
 *  w -= (momentFactor·m + gradientFactor·g') / (sqrt(v)·inverseRootBias2 + epsilon) */
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
  weightDecay: f32,
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
  const l2 = f32x4.splat(weightDecay);
  let bad = f32x4.splat(0);
  const stop = (<usize>end) << 2;
  for (let at = (<usize>begin) << 2; at < stop; at += 16) {
    const weight = v128.load(w + at);
    const gradient = multiplyAdd(l2, weight, v128.load(g + at));
    const first = multiplyAdd(keep1, v128.load(m + at), f32x4.mul(take1, gradient));
    const second = multiplyAdd(keep2, v128.load(v + at), f32x4.mul(take2, f32x4.mul(gradient, gradient)));
    v128.store(m + at, first);
    v128.store(v + at, second);
    const ahead = multiplyAdd(ofMoment, first, f32x4.mul(ofGradient, gradient));
    const updated = f32x4.sub(weight, f32x4.div(ahead, multiplyAdd(f32x4.sqrt(second), correction, floor)));
    v128.store(w + at, updated);
    bad = collect(collect(bad, second), updated);
  }
  report(bad, status, g, begin, end);
}

/** g' = g + weightDecay·w; m = beta1·m + oneMinusBeta1·g'; v = beta2·v + oneMinusBeta2·g'²; w -= stepSize·(m / (rootFactor·sqrt(v) + floor)):
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
  weightDecay: f32,
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
  const l2 = f32x4.splat(weightDecay);
  let bad = f32x4.splat(0);
  const stop = (<usize>end) << 2;
  for (let at = (<usize>begin) << 2; at < stop; at += 16) {
    const weight = v128.load(w + at);
    const gradient = multiplyAdd(l2, weight, v128.load(g + at));
    const first = multiplyAdd(keep1, v128.load(m + at), f32x4.mul(take1, gradient));
    const second = multiplyAdd(keep2, v128.load(v + at), f32x4.mul(take2, f32x4.mul(gradient, gradient)));
    v128.store(m + at, first);
    v128.store(v + at, second);
    const step = f32x4.div(first, multiplyAdd(ofRoot, f32x4.sqrt(second), least));
    const updated = multiplyAdd(minusRate, step, weight);
    v128.store(w + at, updated);
    bad = collect(collect(bad, second), updated);
  }
  report(bad, status, g, begin, end);
}

/** g' = g + weightDecay·w; v = rho·v + oneMinusRho·g'²; step = (sqrt(squares + epsilon) / sqrt(v + epsilon))·g';
 *  squares = rho·squares + oneMinusRho·step²; w -= rate·step */
export function adadeltaStep(
  w: usize,
  v: usize,
  squares: usize,
  g: usize,
  status: usize,
  rate: f32,
  rho: f32,
  oneMinusRho: f32,
  epsilon: f32,
  weightDecay: f32,
  begin: u32,
  end: u32,
): void {
  const minusRate = f32x4.splat(-rate);
  const keep = f32x4.splat(rho);
  const take = f32x4.splat(oneMinusRho);
  const floor = f32x4.splat(epsilon);
  const l2 = f32x4.splat(weightDecay);
  let bad = f32x4.splat(0);
  const stop = (<usize>end) << 2;
  for (let at = (<usize>begin) << 2; at < stop; at += 16) {
    const weight = v128.load(w + at);
    const gradient = multiplyAdd(l2, weight, v128.load(g + at));
    const variance = multiplyAdd(keep, v128.load(v + at), f32x4.mul(take, f32x4.mul(gradient, gradient)));
    v128.store(v + at, variance);
    const before = v128.load(squares + at);
    const ratio = f32x4.div(f32x4.sqrt(f32x4.add(before, floor)), f32x4.sqrt(f32x4.add(variance, floor)));
    const step = f32x4.mul(ratio, gradient);
    const after = multiplyAdd(keep, before, f32x4.mul(take, f32x4.mul(step, step)));
    v128.store(squares + at, after);
    const updated = multiplyAdd(minusRate, step, weight);
    v128.store(w + at, updated);
    bad = collect(collect(collect(bad, variance), after), updated);
  }
  report(bad, status, g, begin, end);
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
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  const minusRate = f32x4.splat(-rate);
  const shrink = f32x4.splat(decay);
  const keep1 = f32x4.splat(beta1);
  const take1 = f32x4.splat(oneMinusBeta1);
  const keep2 = f32x4.splat(beta2);
  const take2 = f32x4.splat(oneMinusBeta2);
  let bad = f32x4.splat(0);
  const stop = (<usize>end) << 2;
  for (let at = (<usize>begin) << 2; at < stop; at += 16) {
    const gradient = v128.load(g + at);
    const moment = v128.load(m + at);
    const mixed = multiplyAdd(keep1, moment, f32x4.mul(take1, gradient));
    v128.store(m + at, multiplyAdd(keep2, moment, f32x4.mul(take2, gradient)));
    const sign = f32x4.sub(v128.and(f32x4.gt(mixed, zero), one), v128.and(f32x4.lt(mixed, zero), one));
    // Plus 0, or NaN where what the sign is taken of is not finite.
    const step = f32x4.add(sign, f32x4.sub(mixed, mixed));
    const updated = multiplyAdd(minusRate, step, f32x4.mul(shrink, v128.load(w + at)));
    v128.store(w + at, updated);
    bad = collect(bad, updated);
  }
  report(bad, status, g, begin, end);
}

/** average += oneMinusDecay·(w - average). In this form, unlike decay·average + oneMinusDecay·w, the average of a constant is that constant
 *  however decay and 1 - decay round. average, w: f32[end]. Range in elements, both multiples of 4. */
export function emaStep(average: usize, w: usize, oneMinusDecay: f32, begin: u32, end: u32): void {
  const take = f32x4.splat(oneMinusDecay);
  const stop = (<usize>end) << 2;
  for (let at = (<usize>begin) << 2; at < stop; at += 16) {
    const before = v128.load(average + at);
    v128.store(average + at, multiplyAdd(take, f32x4.sub(v128.load(w + at), before), before));
  }
}
