// Gradient clipping: what happens to the slab of gradients before the optimizer reads it.
import { Status } from "./opcodes";
import { collect, sumOfPowers } from "./reductions";
import { raise } from "./status";

/** out (f64) = the sum of g² in float64, in the tree of reductions.ts; sets Status.Gradient if it is not finite, which it is
 *  if and only if all of g is (float64 holds the squares of all floats). g: f32[end]. Range in elements, both multiples of 4. */
export function sumSquares(out: usize, status: usize, g: usize, begin: u32, end: u32): void {
  const sum = sumOfPowers(g, true, begin, end);
  store<f64>(out, sum);
  if (!isFinite(sum)) raise(status, Status.Gradient);
}

/** g *= limit / sqrt(sumSquares), a factor computed in float64 and rounded once, where the norm is above the limit;
 *  else g keeps its bits. g: f32[end]. Range in elements, both multiples of 4. */
export function clipGlobalNorm(g: usize, sumSquares: f64, limit: f32, begin: u32, end: u32): void {
  scaleToNorm(g, sumSquares, limit, begin, end);
}

/** The same for one tensor with its own norm; sets Status.Gradient if some g is not finite. */
export function clipNorm(g: usize, status: usize, limit: f32, begin: u32, end: u32): void {
  const sum = sumOfPowers(g, true, begin, end);
  if (!isFinite(sum)) raise(status, Status.Gradient);
  scaleToNorm(g, sum, limit, begin, end);
}

function scaleToNorm(g: usize, sumSquares: f64, limit: f32, begin: u32, end: u32): void {
  const norm = sqrt<f64>(sumSquares);
  if (!(norm > <f64>limit)) return;
  const factor = f32x4.splat(<f32>(<f64>limit / norm));
  const stop = (<usize>end) << 2;
  if (begin >= end) return;
  let at = (<usize>begin) << 2;
  do {
    v128.store(g + at, f32x4.mul(v128.load(g + at), factor));
    at += 16;
  } while (at < stop);
}

/** g = g held within [-limit, limit], NaN stays NaN; sets Status.Gradient if some g was not finite before.
 *  g: f32[end], limit > 0. Range in elements, both multiples of 4. */
export function clipValue(g: usize, status: usize, limit: f32, begin: u32, end: u32): void {
  const most = f32x4.splat(limit);
  const least = f32x4.splat(-limit);
  let bad = f32x4.splat(0);
  const stop = (<usize>end) << 2;
  if (begin >= end) return;
  let at = (<usize>begin) << 2;
  do {
    const x = v128.load(g + at);
    v128.store(g + at, f32x4.pmin(f32x4.pmax(x, least), most)); // x < least ? least : x, and so on: a NaN stays
    bad = collect(bad, x);
    at += 16;
  } while (at < stop);
  if (v128.any_true(bad)) raise(status, Status.Gradient);
}
