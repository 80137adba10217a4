// L1 and L2 penalties on a parameter: what they add to the loss and to the gradient.
import { multiplyAdd } from "./arithmetic";
import { Status } from "./opcodes";
import { sumOfPowers } from "./reductions";
import { raise } from "./status";

/** out (f64) += l1·sum|w| + l2·sum w², all in float64, the sums in the tree of reductions.ts; sets Status.Loss if out is then not
 *  finite. w: f32[end]. Range in elements, both multiples of 4. */
export function penaltyForward(out: usize, status: usize, w: usize, l1: f32, l2: f32, begin: u32, end: u32): void {
  // A factor of 0 costs no pass over w.
  let penalty: f64 = 0;
  if (l1 != 0) penalty += <f64>l1 * sumOfPowers(w, false, begin, end);
  if (l2 != 0) penalty += <f64>l2 * sumOfPowers(w, true, begin, end);
  const total = load<f64>(out) + penalty;
  store<f64>(out, total);
  if (!isFinite(total)) raise(status, Status.Loss);
}

/** dw += l1·sign(w) + 2·l2·w with sign(0) = 0; a NaN in w arrives in dw. dw, w: f32[end]. Range in elements, both multiples of 4. */
export function penaltyBackward(dw: usize, w: usize, l1: f32, l2: f32, begin: u32, end: u32): void {
  const curvature = f32x4.splat(2 * l2);
  const stop = (<usize>end) << 2;
  let at = (<usize>begin) << 2;
  if (l1 == 0) {
    for (; at + 64 <= stop; at += 64) {
      const to = dw + at;
      const from = w + at;
      const y0 = multiplyAdd(curvature, v128.load(from), v128.load(to));
      const y1 = multiplyAdd(curvature, v128.load(from, 16), v128.load(to, 16));
      const y2 = multiplyAdd(curvature, v128.load(from, 32), v128.load(to, 32));
      const y3 = multiplyAdd(curvature, v128.load(from, 48), v128.load(to, 48));
      v128.store(to, y0);
      v128.store(to, y1, 16);
      v128.store(to, y2, 32);
      v128.store(to, y3, 48);
    }
    for (; at < stop; at += 16) v128.store(dw + at, multiplyAdd(curvature, v128.load(w + at), v128.load(dw + at)));
    return;
  }
  const zero = f32x4.splat(0);
  const signBit = f32x4.splat(-0.0);
  const slope = f32x4.splat(l1);
  for (; at < stop; at += 16) {
    const x = v128.load(w + at);
    const signed = v128.xor(slope, v128.and(x, signBit)); // ±l1 by the sign of x
    const sign = v128.and(signed, f32x4.ne(x, zero));
    v128.store(dw + at, f32x4.add(v128.load(dw + at), multiplyAdd(curvature, x, sign)));
  }
}
