// The JavaScript twin of assembly/distributions.ts; formulas and sources are there.
import { LEAST_DENOMINATOR, LOWEST_LOG } from "../../../assembly/limits.js";
import type { Views } from "../views.js";
import { lanes, sumLanes } from "./lanes.js";
import { sumOfTerms } from "./terms.js";
import { log } from "./vmath.js";

const fround = Math.fround;

export function categoricalCrossEntropy(
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
      const x = f32[pRow + c]!;
      const y = f32[tRow + c]!;
      lanes[c & 3]! += fround(-y * Math.max(log(x), LOWEST_LOG));
      if (dx) f32[dxRow + c] = scale * fround(-y / Math.max(x, LEAST_DENOMINATOR));
    }
    f32[(loss >> 2) + r] = sumLanes();
  }
}

function divergenceTerm(p: number, t: number): number {
  return fround(t * fround(Math.max(log(t), LOWEST_LOG) - Math.max(log(p), LOWEST_LOG)));
}
function divergenceSlope(p: number, t: number): number {
  return fround(-t / Math.max(p, LEAST_DENOMINATOR));
}
export function klDivergence(
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
  sumOfTerms(views, divergenceTerm, divergenceSlope, loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}

function divergenceLogTerm(p: number, t: number): number {
  return fround(t * fround(Math.max(log(t), LOWEST_LOG) - p));
}
function divergenceLogSlope(p: number, t: number): number {
  return fround(-t + fround(0 * p));
}
export function klDivergenceLog(
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
  sumOfTerms(views, divergenceLogTerm, divergenceLogSlope, loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}
