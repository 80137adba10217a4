// The JavaScript twin of assembly/moments.ts; formulas are there.
import type { Views } from "../views.js";
import { report } from "./watch.js";

const fround = Math.fround;

/** Two loops: a choice in the loop, though always the same, halves the speed. */
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
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  const [wAt, mAt, vAt, maxAt, gAt] = [w >>> 2, m >>> 2, v >>> 2, vMax >>> 2, g >>> 2];
  let bad = 0;
  if (vMax)
    for (let i = begin; i < end; ++i) {
      const gradient = f32[gAt + i]!;
      const first = fround(fround(beta1 * f32[mAt + i]!) + fround(oneMinusBeta1 * gradient));
      const second = fround(fround(beta2 * f32[vAt + i]!) + fround(oneMinusBeta2 * fround(gradient * gradient)));
      const largest = Math.max(second, f32[maxAt + i]!);
      f32[mAt + i] = first;
      f32[vAt + i] = second;
      f32[maxAt + i] = largest;
      bad += second - second;
      const step = fround(first / fround(fround(fround(Math.sqrt(largest)) * inverseRootBias2) + epsilon));
      const updated = fround(fround(decay * f32[wAt + i]!) - fround(stepSize * step));
      f32[wAt + i] = updated;
      bad += updated - updated;
    }
  else
    for (let i = begin; i < end; ++i) {
      const gradient = f32[gAt + i]!;
      const first = fround(fround(beta1 * f32[mAt + i]!) + fround(oneMinusBeta1 * gradient));
      const second = fround(fround(beta2 * f32[vAt + i]!) + fround(oneMinusBeta2 * fround(gradient * gradient)));
      f32[mAt + i] = first;
      f32[vAt + i] = second;
      bad += second - second;
      const step = fround(first / fround(fround(fround(Math.sqrt(second)) * inverseRootBias2) + epsilon));
      const updated = fround(fround(decay * f32[wAt + i]!) - fround(stepSize * step));
      f32[wAt + i] = updated;
      bad += updated - updated;
    }
  report(views, bad, status, g, begin, end);
}

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
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  const [wAt, mAt, uAt, gAt] = [w >>> 2, m >>> 2, u >>> 2, g >>> 2];
  let bad = 0;
  for (let i = begin; i < end; ++i) {
    const weight = f32[wAt + i]!;
    const gradient = f32[gAt + i]!;
    const first = fround(fround(beta1 * f32[mAt + i]!) + fround(oneMinusBeta1 * gradient));
    const norm = Math.max(fround(Math.abs(gradient) + epsilon), fround(beta2 * f32[uAt + i]!)); // a NaN in the gradient stays
    f32[mAt + i] = first;
    f32[uAt + i] = norm === epsilon ? 0 : norm;
    const updated = fround(weight - fround(rate * fround(first / norm)));
    f32[wAt + i] = updated;
    bad += updated - updated;
  }
  report(views, bad, status, g, begin, end);
}

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
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  const [wAt, mAt, vAt, gAt] = [w >>> 2, m >>> 2, v >>> 2, g >>> 2];
  let bad = 0;
  for (let i = begin; i < end; ++i) {
    const weight = f32[wAt + i]!;
    const gradient = f32[gAt + i]!;
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
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  const [wAt, mAt, vAt, gAt] = [w >>> 2, m >>> 2, v >>> 2, g >>> 2];
  let bad = 0;
  for (let i = begin; i < end; ++i) {
    const weight = f32[wAt + i]!;
    const gradient = f32[gAt + i]!;
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
