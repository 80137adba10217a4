// The JavaScript twin of assembly/descent.ts; formulas are there.
import type { Views } from "../views.js";
import { report, reportFound } from "./watch.js";

const fround = Math.fround;

/** g + weightDecay·w */
function decayed(gradient: number, weightDecay: number, weight: number): number {
  return fround(gradient + fround(weightDecay * weight));
}

/** w -= rate·step @returns 0, or NaN where w is no longer finite */
function descend(f32: Float32Array, at: number, rate: number, step: number): number {
  const updated = fround(f32[at]! - fround(rate * step));
  f32[at] = updated;
  return updated - updated;
}

/** Two loops: a choice in the loop, though always the same, halves the speed. */
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
  if (weightDecay === 0) for (let i = begin; i < end; ++i) bad += descend(f32, wAt + i, rate, f32[gAt + i]!);
  else for (let i = begin; i < end; ++i) bad += descend(f32, wAt + i, rate, decayed(f32[gAt + i]!, weightDecay, f32[wAt + i]!));
  report(views, bad, status, g, begin, end);
}

/** Two loops, as sgdStep. */
export function outerSgdStep(
  views: Views,
  w: number,
  a: number,
  b: number,
  status: number,
  rate: number,
  weightDecay: number,
  n: number,
  ldw: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  const [wAt, aAt, bAt] = [w >>> 2, a >>> 2, b >>> 2];
  let bad = 0;
  for (let i = begin; i < end; ++i) {
    const x = f32[aAt + i]!;
    const row = wAt + i * ldw;
    // A product's sum begins with +0, which makes +0 of -0.
    if (weightDecay === 0) for (let j = 0; j < n; ++j) bad += descend(f32, row + j, rate, fround(x * f32[bAt + j]!) + 0);
    else for (let j = 0; j < n; ++j) bad += descend(f32, row + j, rate, decayed(fround(x * f32[bAt + j]!) + 0, weightDecay, f32[row + j]!));
  }
  if (bad === 0) return;
  let products = 0;
  for (let i = begin; i < end; ++i)
    for (let j = 0; j < n; ++j) {
      const product = fround(f32[aAt + i]! * f32[bAt + j]!);
      products += product - product;
    }
  reportFound(views, status, products !== 0);
}

/** v = momentum·v + gradientFactor·g @returns it */
function updateVelocity(f32: Float32Array, at: number, momentum: number, gradientFactor: number, gradient: number): number {
  const velocity = fround(fround(momentum * f32[at]!) + fround(gradientFactor * gradient));
  f32[at] = velocity;
  return velocity;
}

/** As many loops as there are choices, as above. */
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
  const decays = weightDecay !== 0;
  let bad = 0;
  if (nesterov) {
    if (decays)
      for (let i = begin; i < end; ++i) {
        const gradient = decayed(f32[gAt + i]!, weightDecay, f32[wAt + i]!);
        const velocity = updateVelocity(f32, vAt + i, momentum, gradientFactor, gradient);
        bad += descend(f32, wAt + i, rate, fround(gradient + fround(momentum * velocity)));
      }
    else
      for (let i = begin; i < end; ++i) {
        const gradient = f32[gAt + i]!;
        const velocity = updateVelocity(f32, vAt + i, momentum, gradientFactor, gradient);
        bad += descend(f32, wAt + i, rate, fround(gradient + fround(momentum * velocity)));
      }
  } else if (decays)
    for (let i = begin; i < end; ++i) {
      const gradient = decayed(f32[gAt + i]!, weightDecay, f32[wAt + i]!);
      bad += descend(f32, wAt + i, rate, updateVelocity(f32, vAt + i, momentum, gradientFactor, gradient));
    }
  else
    for (let i = begin; i < end; ++i)
      bad += descend(f32, wAt + i, rate, updateVelocity(f32, vAt + i, momentum, gradientFactor, f32[gAt + i]!));
  report(views, bad, status, g, begin, end);
}

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

export function emaStep(views: Views, average: number, w: number, oneMinusDecay: number, begin: number, end: number): void {
  const { f32 } = views;
  const [averageAt, wAt] = [average >>> 2, w >>> 2];
  for (let i = begin; i < end; ++i) {
    const before = f32[averageAt + i]!;
    f32[averageAt + i] = fround(before + fround(oneMinusDecay * fround(f32[wAt + i]! - before)));
  }
}
