// Optimizer steps; twins of assembly/optimizers.ts, where the conventions are.
import { Status } from "../../../assembly/opcodes.js";
import { hasNonFinite } from "../reductions.js";
import type { Views } from "../views.js";

const fround = Math.fround;

/** `bad`: the sum of x - x over what is watched: 0, or NaN if one of them is not finite. */
function report(views: Views, bad: number, status: number, g: number, begin: number, end: number): void {
  if (bad === 0) return;
  const found = hasNonFinite(views.f32, g, begin, end) ? Status.Gradient | Status.Weight : Status.Weight;
  views.u32[status >>> 2]! |= found;
}

/** w -= rate·(g + weightDecay·w) */
export function sgdStep(
  views: Views,
  w: number,
  g: number,
  status: number,
  rate: number,
  weightDecay: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  const [wAt, gAt] = [w >>> 2, g >>> 2];
  let bad = 0;
  for (let i = begin; i < end; ++i) {
    const weight = f32[wAt + i]!;
    const gradient = fround(f32[gAt + i]! + fround(weightDecay * weight));
    const updated = fround(weight - fround(rate * gradient));
    f32[wAt + i] = updated;
    bad += updated - updated;
  }
  report(views, bad, status, g, begin, end);
}

/** g' = g + weightDecay·w; v = momentum·v + gradientFactor·g'; w -= rate·(nesterov ? g' + momentum·v : v) */
export function sgdMomentumStep(
  views: Views,
  w: number,
  v: number,
  g: number,
  status: number,
  rate: number,
  gradientFactor: number,
  momentum: number,
  nesterov: number,
  weightDecay: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  const [wAt, vAt, gAt] = [w >>> 2, v >>> 2, g >>> 2];
  let bad = 0;
  for (let i = begin; i < end; ++i) {
    const weight = f32[wAt + i]!;
    const gradient = fround(f32[gAt + i]! + fround(weightDecay * weight));
    let step = fround(fround(momentum * f32[vAt + i]!) + fround(gradientFactor * gradient));
    f32[vAt + i] = step;
    if (nesterov) step = fround(gradient + fround(momentum * step));
    const updated = fround(weight - fround(rate * step));
    f32[wAt + i] = updated;
    bad += updated - updated;
  }
  report(views, bad, status, g, begin, end);
}

/** g' = g + weightDecay·w; m = beta1·m + oneMinusBeta1·g'; v = beta2·v + oneMinusBeta2·g'²; vMax = max(vMax, v) if given, else v;
 *  w = decay·w - stepSize·(m / (sqrt(vMax)·inverseRootBias2 + epsilon)) */
export function adamStep(
  views: Views,
  w: number,
  m: number,
  v: number,
  vMax: number,
  g: number,
  status: number,
  stepSize: number,
  inverseRootBias2: number,
  decay: number,
  beta1: number,
  oneMinusBeta1: number,
  beta2: number,
  oneMinusBeta2: number,
  epsilon: number,
  weightDecay: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  const [wAt, mAt, vAt, maxAt, gAt] = [w >>> 2, m >>> 2, v >>> 2, vMax >>> 2, g >>> 2];
  let bad = 0;
  for (let i = begin; i < end; ++i) {
    const weight = f32[wAt + i]!;
    const gradient = fround(f32[gAt + i]! + fround(weightDecay * weight));
    const first = fround(fround(beta1 * f32[mAt + i]!) + fround(oneMinusBeta1 * gradient));
    let second = fround(fround(beta2 * f32[vAt + i]!) + fround(oneMinusBeta2 * fround(gradient * gradient)));
    f32[mAt + i] = first;
    f32[vAt + i] = second;
    bad += second - second;
    if (vMax) {
      second = Math.max(second, f32[maxAt + i]!); // hands on a NaN, as f32x4.max does
      f32[maxAt + i] = second;
    }
    const step = fround(first / fround(fround(fround(Math.sqrt(second)) * inverseRootBias2) + epsilon));
    const updated = fround(fround(decay * weight) - fround(stepSize * step));
    f32[wAt + i] = updated;
    bad += updated - updated;
  }
  report(views, bad, status, g, begin, end);
}

/** g' = g + weightDecay·w; v = rho·v + oneMinusRho·g'²; mean, if given, = rho·mean + oneMinusRho·g';
 *  step = g' / (sqrt(mean given ? v - mean² : v) + epsilon); velocity, if given, = momentum·velocity + step, and is the step; w -= rate·step */
export function rmspropStep(
  views: Views,
  w: number,
  v: number,
  mean: number,
  velocity: number,
  g: number,
  status: number,
  rate: number,
  rho: number,
  oneMinusRho: number,
  epsilon: number,
  momentum: number,
  weightDecay: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  const [wAt, vAt, meanAt, velocityAt, gAt] = [w >>> 2, v >>> 2, mean >>> 2, velocity >>> 2, g >>> 2];
  let bad = 0;
  for (let i = begin; i < end; ++i) {
    const weight = f32[wAt + i]!;
    const gradient = fround(f32[gAt + i]! + fround(weightDecay * weight));
    let variance = fround(fround(rho * f32[vAt + i]!) + fround(oneMinusRho * fround(gradient * gradient)));
    f32[vAt + i] = variance;
    bad += variance - variance;
    if (mean) {
      const average = fround(fround(rho * f32[meanAt + i]!) + fround(oneMinusRho * gradient));
      f32[meanAt + i] = average;
      variance = fround(variance - fround(average * average));
      if (variance < 0) variance = 0;
    }
    let step = fround(gradient / fround(fround(Math.sqrt(variance)) + epsilon));
    if (velocity) {
      step = fround(fround(momentum * f32[velocityAt + i]!) + step);
      f32[velocityAt + i] = step;
    }
    const updated = fround(weight - fround(rate * step));
    f32[wAt + i] = updated;
    bad += updated - updated;
  }
  report(views, bad, status, g, begin, end);
}

/** g' = g + weightDecay·w; h += g'²; w -= rate·(g' / (sqrt(h) + epsilon)) */
export function adagradStep(
  views: Views,
  w: number,
  h: number,
  g: number,
  status: number,
  rate: number,
  epsilon: number,
  weightDecay: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  const [wAt, hAt, gAt] = [w >>> 2, h >>> 2, g >>> 2];
  let bad = 0;
  for (let i = begin; i < end; ++i) {
    const weight = f32[wAt + i]!;
    const gradient = fround(f32[gAt + i]! + fround(weightDecay * weight));
    const sum = fround(f32[hAt + i]! + fround(gradient * gradient));
    f32[hAt + i] = sum;
    bad += sum - sum;
    const step = fround(gradient / fround(fround(Math.sqrt(sum)) + epsilon));
    const updated = fround(weight - fround(rate * step));
    f32[wAt + i] = updated;
    bad += updated - updated;
  }
  report(views, bad, status, g, begin, end);
}

/** g' = g + weightDecay·w; m = beta1·m + oneMinusBeta1·g'; u = max(beta2·u, |g'| + epsilon), stored as 0 as long as every g' was 0;
 *  w -= rate·(m / u) */
export function adamaxStep(
  views: Views,
  w: number,
  m: number,
  u: number,
  g: number,
  status: number,
  rate: number,
  beta1: number,
  oneMinusBeta1: number,
  beta2: number,
  epsilon: number,
  weightDecay: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  const [wAt, mAt, uAt, gAt] = [w >>> 2, m >>> 2, u >>> 2, g >>> 2];
  let bad = 0;
  for (let i = begin; i < end; ++i) {
    const weight = f32[wAt + i]!;
    const gradient = fround(f32[gAt + i]! + fround(weightDecay * weight));
    const first = fround(fround(beta1 * f32[mAt + i]!) + fround(oneMinusBeta1 * gradient));
    const before = f32[uAt + i]!;
    const size = Math.abs(gradient);
    const norm = Math.max(fround(beta2 * before), fround(size + epsilon)); // hands on a NaN, as f32x4.max does
    f32[mAt + i] = first;
    f32[uAt + i] = before + size === 0 ? 0 : norm;
    const updated = fround(weight - fround(rate * fround(first / norm)));
    f32[wAt + i] = updated;
    bad += updated - updated;
  }
  report(views, bad, status, g, begin, end);
}

/** g' = g + weightDecay·w; m = beta1·m + oneMinusBeta1·g'; v = beta2·v + oneMinusBeta2·g'²;
 *  w -= (momentFactor·m + gradientFactor·g') / (sqrt(v)·inverseRootBias2 + epsilon) */
export function nadamStep(
  views: Views,
  w: number,
  m: number,
  v: number,
  g: number,
  status: number,
  momentFactor: number,
  gradientFactor: number,
  inverseRootBias2: number,
  beta1: number,
  oneMinusBeta1: number,
  beta2: number,
  oneMinusBeta2: number,
  epsilon: number,
  weightDecay: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  const [wAt, mAt, vAt, gAt] = [w >>> 2, m >>> 2, v >>> 2, g >>> 2];
  let bad = 0;
  for (let i = begin; i < end; ++i) {
    const weight = f32[wAt + i]!;
    const gradient = fround(f32[gAt + i]! + fround(weightDecay * weight));
    const first = fround(fround(beta1 * f32[mAt + i]!) + fround(oneMinusBeta1 * gradient));
    const second = fround(fround(beta2 * f32[vAt + i]!) + fround(oneMinusBeta2 * fround(gradient * gradient)));
    f32[mAt + i] = first;
    f32[vAt + i] = second;
    const ahead = fround(fround(momentFactor * first) + fround(gradientFactor * gradient));
    const updated = fround(weight - fround(ahead / fround(fround(fround(Math.sqrt(second)) * inverseRootBias2) + epsilon)));
    f32[wAt + i] = updated;
    bad += second - second + (updated - updated);
  }
  report(views, bad, status, g, begin, end);
}

/** g' = g + weightDecay·w; m = beta1·m + oneMinusBeta1·g'; v = beta2·v + oneMinusBeta2·g'²; w -= stepSize·(m / (rootFactor·sqrt(v) + floor)) */
export function radamStep(
  views: Views,
  w: number,
  m: number,
  v: number,
  g: number,
  status: number,
  stepSize: number,
  rootFactor: number,
  floor: number,
  beta1: number,
  oneMinusBeta1: number,
  beta2: number,
  oneMinusBeta2: number,
  weightDecay: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  const [wAt, mAt, vAt, gAt] = [w >>> 2, m >>> 2, v >>> 2, g >>> 2];
  let bad = 0;
  for (let i = begin; i < end; ++i) {
    const weight = f32[wAt + i]!;
    const gradient = fround(f32[gAt + i]! + fround(weightDecay * weight));
    const first = fround(fround(beta1 * f32[mAt + i]!) + fround(oneMinusBeta1 * gradient));
    const second = fround(fround(beta2 * f32[vAt + i]!) + fround(oneMinusBeta2 * fround(gradient * gradient)));
    f32[mAt + i] = first;
    f32[vAt + i] = second;
    const step = fround(first / fround(fround(rootFactor * fround(Math.sqrt(second))) + floor));
    const updated = fround(weight - fround(stepSize * step));
    f32[wAt + i] = updated;
    bad += second - second + (updated - updated);
  }
  report(views, bad, status, g, begin, end);
}

/** g' = g + weightDecay·w; v = rho·v + oneMinusRho·g'²; step = (sqrt(squares + epsilon) / sqrt(v + epsilon))·g';
 *  squares = rho·squares + oneMinusRho·step²; w -= rate·step */
export function adadeltaStep(
  views: Views,
  w: number,
  v: number,
  squares: number,
  g: number,
  status: number,
  rate: number,
  rho: number,
  oneMinusRho: number,
  epsilon: number,
  weightDecay: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  const [wAt, vAt, squaresAt, gAt] = [w >>> 2, v >>> 2, squares >>> 2, g >>> 2];
  let bad = 0;
  for (let i = begin; i < end; ++i) {
    const weight = f32[wAt + i]!;
    const gradient = fround(f32[gAt + i]! + fround(weightDecay * weight));
    const variance = fround(fround(rho * f32[vAt + i]!) + fround(oneMinusRho * fround(gradient * gradient)));
    f32[vAt + i] = variance;
    const before = f32[squaresAt + i]!;
    const ratio = fround(fround(Math.sqrt(fround(before + epsilon))) / fround(Math.sqrt(fround(variance + epsilon))));
    const step = fround(ratio * gradient);
    const after = fround(fround(rho * before) + fround(oneMinusRho * fround(step * step)));
    f32[squaresAt + i] = after;
    const updated = fround(weight - fround(rate * step));
    f32[wAt + i] = updated;
    bad += variance - variance + (after - after) + (updated - updated);
  }
  report(views, bad, status, g, begin, end);
}

/** c = beta1·m + oneMinusBeta1·g; w = decay·w - rate·sign(c), sign(0) = 0; m = beta2·m + oneMinusBeta2·g */
export function lionStep(
  views: Views,
  w: number,
  m: number,
  g: number,
  status: number,
  rate: number,
  decay: number,
  beta1: number,
  oneMinusBeta1: number,
  beta2: number,
  oneMinusBeta2: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  const [wAt, mAt, gAt] = [w >>> 2, m >>> 2, g >>> 2];
  let bad = 0;
  for (let i = begin; i < end; ++i) {
    const gradient = f32[gAt + i]!;
    const moment = f32[mAt + i]!;
    const mixed = fround(fround(beta1 * moment) + fround(oneMinusBeta1 * gradient));
    f32[mAt + i] = fround(fround(beta2 * moment) + fround(oneMinusBeta2 * gradient));
    // Plus 0, or NaN where what the sign is taken of is not finite.
    const step = (mixed > 0 ? 1 : 0) - (mixed < 0 ? 1 : 0) + (mixed - mixed);
    const updated = fround(fround(decay * f32[wAt + i]!) - fround(rate * step));
    f32[wAt + i] = updated;
    bad += updated - updated;
  }
  report(views, bad, status, g, begin, end);
}

/** average += oneMinusDecay·(w - average) */
export function emaStep(views: Views, average: number, w: number, oneMinusDecay: number, begin: number, end: number): void {
  const { f32 } = views;
  const [averageAt, wAt] = [average >>> 2, w >>> 2];
  for (let i = begin; i < end; ++i) {
    const before = f32[averageAt + i]!;
    f32[averageAt + i] = fround(before + fround(oneMinusDecay * fround(f32[wAt + i]! - before)));
  }
}
