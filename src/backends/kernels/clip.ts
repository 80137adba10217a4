// The JavaScript twin of assembly/clip.ts; what is clipped how is said there.
import { Status } from "../../../assembly/opcodes.js";
import type { Views } from "../views.js";
import { sumOfPowers } from "./reductions.js";

const fround = Math.fround;

export function sumSquares(views: Views, out: number, status: number, g: number, begin: number, end: number): void {
  const { f32, f64, u32 } = views;
  const sum = sumOfPowers(f32, g, true, begin, end);
  f64[out >>> 3] = sum;
  if (!Number.isFinite(sum)) u32[status >>> 2]! |= Status.Gradient;
}

export function clipGlobalNorm(views: Views, g: number, sumSquares: number, limit: number, begin: number, end: number): void {
  scaleToNorm(views.f32, g, sumSquares, limit, begin, end);
}

export function clipNorm(views: Views, g: number, status: number, limit: number, begin: number, end: number): void {
  const sum = sumOfPowers(views.f32, g, true, begin, end);
  if (!Number.isFinite(sum)) views.u32[status >>> 2]! |= Status.Gradient;
  scaleToNorm(views.f32, g, sum, limit, begin, end);
}

function scaleToNorm(f32: Float32Array, g: number, sumSquares: number, limit: number, begin: number, end: number): void {
  const norm = Math.sqrt(sumSquares);
  if (!(norm > limit)) return;
  const factor = fround(limit / norm);
  for (let at = (g >>> 2) + begin, stop = (g >>> 2) + end; at < stop; ++at) f32[at] = fround(f32[at]! * factor);
}

export function clipValue(views: Views, g: number, status: number, limit: number, begin: number, end: number): void {
  const { f32, u32 } = views;
  let bad = 0;
  for (let at = (g >>> 2) + begin, stop = (g >>> 2) + end; at < stop; ++at) {
    const x = f32[at]!;
    f32[at] = Math.min(Math.max(x, -limit), limit); // both hand on a NaN
    bad += x - x;
  }
  if (bad !== 0) u32[status >>> 2]! |= Status.Gradient;
}
