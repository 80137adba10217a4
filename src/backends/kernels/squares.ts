// The JavaScript twin of assembly/squares.ts; formulas are there.
import type { Views } from "../views.js";
import { report } from "./watch.js";

const fround = Math.fround;

/** Two loops: choices in the loop, though always the same, halve the speed. */
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
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  const [wAt, vAt, meanAt, velocityAt, gAt] = [w >>> 2, v >>> 2, mean >>> 2, velocity >>> 2, g >>> 2];
  let bad = 0;
  if (mean || velocity)
    for (let i = begin; i < end; ++i) {
      const gradient = f32[gAt + i]!;
      const before = f32[vAt + i]!;
      let variance: number;
      if (mean) {
        const average = f32[meanAt + i]!;
        const off = fround(gradient - average);
        variance = fround(rho * fround(before + fround(oneMinusRho * fround(off * off))));
        f32[meanAt + i] = fround(fround(rho * average) + fround(oneMinusRho * gradient));
      } else variance = fround(fround(rho * before) + fround(oneMinusRho * fround(gradient * gradient)));
      f32[vAt + i] = variance;
      bad += variance - variance;
      let step = fround(gradient / fround(fround(Math.sqrt(variance)) + epsilon));
      if (velocity) {
        step = fround(fround(momentum * f32[velocityAt + i]!) + step);
        f32[velocityAt + i] = step;
      }
      const updated = fround(f32[wAt + i]! - fround(rate * step));
      f32[wAt + i] = updated;
      bad += updated - updated;
    }
  else
    for (let i = begin; i < end; ++i) {
      const gradient = f32[gAt + i]!;
      const variance = fround(fround(rho * f32[vAt + i]!) + fround(oneMinusRho * fround(gradient * gradient)));
      f32[vAt + i] = variance;
      bad += variance - variance;
      const step = fround(gradient / fround(fround(Math.sqrt(variance)) + epsilon));
      const updated = fround(f32[wAt + i]! - fround(rate * step));
      f32[wAt + i] = updated;
      bad += updated - updated;
    }
  report(views, bad, status, g, begin, end);
}

export function adagradStep(
  views: Views,
  w: number,
  h: number,
  g: number,
  status: number,
  rate: number,
  epsilon: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  const [wAt, hAt, gAt] = [w >>> 2, h >>> 2, g >>> 2];
  let bad = 0;
  for (let i = begin; i < end; ++i) {
    const weight = f32[wAt + i]!;
    const gradient = f32[gAt + i]!;
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
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  const [wAt, vAt, squaresAt, gAt] = [w >>> 2, v >>> 2, squares >>> 2, g >>> 2];
  let bad = 0;
  for (let i = begin; i < end; ++i) {
    const weight = f32[wAt + i]!;
    const gradient = f32[gAt + i]!;
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
