// The JavaScript twin of assembly/penalties.ts; formulas are there.
import { Status } from "../../../assembly/opcodes.js";
import type { Views } from "../views.js";
import { sumOfPowers } from "./reductions.js";

const fround = Math.fround;

export function penaltyForward(
  views: Views,
  out: number,
  status: number,
  w: number,
  l1: number,
  l2: number,
  begin: number,
  end: number,
): void {
  const { f32, f64, u32 } = views;
  let penalty = 0;
  if (l1 !== 0) penalty += l1 * sumOfPowers(f32, w, false, begin, end);
  if (l2 !== 0) penalty += l2 * sumOfPowers(f32, w, true, begin, end);
  const total = f64[out >>> 3]! + penalty;
  f64[out >>> 3] = total;
  if (!Number.isFinite(total)) u32[status >>> 2]! |= Status.Loss;
}

export function penaltyBackward(views: Views, dw: number, w: number, l1: number, l2: number, begin: number, end: number): void {
  const { f32 } = views;
  const curvature = fround(2 * l2);
  const dwAt = dw >>> 2;
  const wAt = w >>> 2;
  for (let i = begin; i < end; ++i) {
    const x = f32[wAt + i]!;
    let slope = fround(curvature * x);
    if (l1 !== 0) slope = fround(slope + (x > 0 ? l1 : x < 0 ? -l1 : 0));
    f32[dwAt + i] = fround(f32[dwAt + i]! + slope);
  }
}
