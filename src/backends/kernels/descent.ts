// The JavaScript twin of assembly/descent.ts; formulas are there.
import type { Views } from "../views.js";
import { report } from "./watch.js";

const fround = Math.fround;

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
