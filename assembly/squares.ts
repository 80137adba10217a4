// Optimizer steps along the gradient, each divided by the root of its own squares. What holds for every step is in watch.ts.
import { multiplyAdd } from "./arithmetic";
import { report, suspicious } from "./watch";

/** If mean is given: v = rho·(v + oneMinusRho·(g - mean)²), mean = rho·mean + oneMinusRho·g, so that v is the mean of g² less the mean's square,
 *  which taken off would leave nothing but rounding where gradients hardly vary; else v = rho·v + oneMinusRho·g².
 *  step = g / (sqrt(v) + epsilon); velocity, if given, = momentum·velocity + step, and is the step; w -= rate·step */
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
  begin: u32,
  end: u32,
): void {
  const minusRate = f32x4.splat(-rate);
  const keep = f32x4.splat(rho);
  const take = f32x4.splat(oneMinusRho);
  const floor = f32x4.splat(epsilon);
  const inertia = f32x4.splat(momentum);
  let watched = f32x4.splat(0);
  const stop = (<usize>end) << 2;
  if (begin >= end) return;
  let at = (<usize>begin) << 2;
  do {
    const weight = v128.load(w + at);
    const gradient = v128.load(g + at);
    const before = v128.load(v + at);
    let variance: v128;
    if (mean) {
      const average = v128.load(mean + at);
      const off = f32x4.sub(gradient, average);
      variance = f32x4.mul(keep, multiplyAdd(take, f32x4.mul(off, off), before));
      v128.store(mean + at, multiplyAdd(keep, average, f32x4.mul(take, gradient)));
    } else variance = multiplyAdd(keep, before, f32x4.mul(take, f32x4.mul(gradient, gradient)));
    v128.store(v + at, variance);
    watched = f32x4.add(watched, variance);
    let step = f32x4.div(gradient, f32x4.add(f32x4.sqrt(variance), floor));
    if (velocity) {
      step = multiplyAdd(inertia, v128.load(velocity + at), step);
      v128.store(velocity + at, step);
    }
    const updated = multiplyAdd(minusRate, step, weight);
    v128.store(w + at, updated);
    watched = f32x4.add(watched, updated);
    at += 16;
  } while (at < stop);
  if (suspicious(watched)) report(status, g, w, v, 0, begin, end);
}

/** h += g²; w -= rate·(g / (sqrt(h) + epsilon)) */
export function adagradStep(
  w: usize,
  h: usize,
  g: usize,
  status: usize,
  rate: f32,
  epsilon: f32,
  begin: u32,
  end: u32,
): void {
  const minusRate = f32x4.splat(-rate);
  const floor = f32x4.splat(epsilon);
  let watched = f32x4.splat(0);
  const stop = (<usize>end) << 2;
  if (begin >= end) return;
  let at = (<usize>begin) << 2;
  do {
    const weight = v128.load(w + at);
    const gradient = v128.load(g + at);
    const sum = multiplyAdd(gradient, gradient, v128.load(h + at));
    v128.store(h + at, sum);
    watched = f32x4.add(watched, sum);
    const step = f32x4.div(gradient, f32x4.add(f32x4.sqrt(sum), floor));
    const updated = multiplyAdd(minusRate, step, weight);
    v128.store(w + at, updated);
    watched = f32x4.add(watched, updated);
    at += 16;
  } while (at < stop);
  if (suspicious(watched)) report(status, g, w, h, 0, begin, end);
}

/** v = rho·v + oneMinusRho·g²; step = (sqrt(squares + epsilon) / sqrt(v + epsilon))·g;
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
  begin: u32,
  end: u32,
): void {
  const minusRate = f32x4.splat(-rate);
  const keep = f32x4.splat(rho);
  const take = f32x4.splat(oneMinusRho);
  const floor = f32x4.splat(epsilon);
  let watched = f32x4.splat(0);
  const stop = (<usize>end) << 2;
  if (begin >= end) return;
  let at = (<usize>begin) << 2;
  do {
    const weight = v128.load(w + at);
    const gradient = v128.load(g + at);
    const variance = multiplyAdd(keep, v128.load(v + at), f32x4.mul(take, f32x4.mul(gradient, gradient)));
    v128.store(v + at, variance);
    const before = v128.load(squares + at);
    const ratio = f32x4.div(f32x4.sqrt(f32x4.add(before, floor)), f32x4.sqrt(f32x4.add(variance, floor)));
    const step = f32x4.mul(ratio, gradient);
    const after = multiplyAdd(keep, before, f32x4.mul(take, f32x4.mul(step, step)));
    v128.store(squares + at, after);
    const updated = multiplyAdd(minusRate, step, weight);
    v128.store(w + at, updated);
    watched = f32x4.add(f32x4.add(f32x4.add(watched, variance), after), updated);
    at += 16;
  } while (at < stop);
  if (suspicious(watched)) report(status, g, w, v, squares, begin, end);
}
