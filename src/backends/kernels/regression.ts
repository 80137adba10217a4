// The JavaScript twin of assembly/regression.ts; formulas and sources are there.
import { LEAST_DENOMINATOR, LOWEST_LOG } from "../../../assembly/limits.js";
import type { Views } from "../views.js";
import { lanes, sumLanes } from "./lanes.js";
import { sumOfTerms } from "./terms.js";
import { clamp, exp, expm1, log, log1pUnit, multiplyAdd, tanh } from "./vmath.js";

const fround = Math.fround;

const LN2 = fround(Math.LN2);

export function meanSquaredError(
  views: Views,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  for (let r = begin; r < end; ++r) {
    const pRow = (p >> 2) + r * ld;
    const tRow = (t >> 2) + r * ldt;
    const dxRow = (dx >> 2) + r * ld;
    lanes.fill(0);
    for (let c = 0; c < columns; ++c) {
      const e = fround(f32[pRow + c]! - f32[tRow + c]!);
      lanes[c & 3]! += fround(e * e);
      if (dx) f32[dxRow + c] = scale * fround(2 * e);
    }
    f32[(loss >> 2) + r] = sumLanes();
  }
}

export function meanAbsoluteError(
  views: Views,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  for (let r = begin; r < end; ++r) {
    const pRow = (p >> 2) + r * ld;
    const tRow = (t >> 2) + r * ldt;
    const dxRow = (dx >> 2) + r * ld;
    lanes.fill(0);
    for (let c = 0; c < columns; ++c) {
      const e = fround(f32[pRow + c]! - f32[tRow + c]!);
      lanes[c & 3]! += Math.abs(e);
      if (dx) f32[dxRow + c] = scale * (e > 0 ? 1 : e < 0 ? -1 : e);
    }
    f32[(loss >> 2) + r] = sumLanes();
  }
}

export function huber(
  views: Views,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  delta: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  for (let r = begin; r < end; ++r) {
    const pRow = (p >> 2) + r * ld;
    const tRow = (t >> 2) + r * ldt;
    const dxRow = (dx >> 2) + r * ld;
    lanes.fill(0);
    for (let c = 0; c < columns; ++c) {
      const e = fround(f32[pRow + c]! - f32[tRow + c]!);
      const a = Math.abs(e);
      lanes[c & 3]! += a <= delta ? fround(0.5 * fround(a * a)) : fround(delta * fround(a - fround(0.5 * delta)));
      if (dx) f32[dxRow + c] = scale * clamp(e, -delta, delta);
    }
    f32[(loss >> 2) + r] = sumLanes();
  }
}

function logCoshTerm(p: number, t: number): number {
  const a = Math.abs(fround(p - t));
  const u = expm1(-a);
  const e = fround(u + 1);
  if (a <= 1) return log1pUnit(fround(fround(u * u) / fround(e + e)));
  return fround(log1pUnit(fround(e * e)) + fround(a - LN2));
}
function logCoshSlope(p: number, t: number): number {
  return tanh(fround(p - t));
}
export function logCosh(
  views: Views,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  begin: number,
  end: number,
): void {
  sumOfTerms(views, logCoshTerm, logCoshSlope, loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}

function poissonTerm(p: number, t: number): number {
  return multiplyAdd(-t, Math.max(log(p), LOWEST_LOG), p);
}
function poissonSlope(p: number, t: number): number {
  return fround(1 - fround(t / Math.max(p, LEAST_DENOMINATOR)));
}
export function poisson(
  views: Views,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  begin: number,
  end: number,
): void {
  sumOfTerms(views, poissonTerm, poissonSlope, loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}

function poissonLogTerm(p: number, t: number): number {
  return multiplyAdd(-t, p, exp(p));
}
function poissonLogSlope(p: number, t: number): number {
  return fround(exp(p) - t);
}
export function poissonLog(
  views: Views,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  begin: number,
  end: number,
): void {
  sumOfTerms(views, poissonLogTerm, poissonLogSlope, loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}
