// Cross-entropies of logits of up to four classes, to the bits of rowlosses.ts, where their formulas are. Lanes are rows here: a class is a
// vector, and the maximum, the sum, the logarithm and the division are one operation for four rows. In place of rows past the end the last
// one is computed again. t: rows of `columns` values, or class ids.
import { multiplyAdd } from "./arithmetic";
import { interleaveHigh, interleaveLow, joinHigh, joinLow, rowAt, storeLanes } from "./lanes";
import { expNegative, log, splat } from "./vmath";

export const FEW_CLASSES: u32 = 4;

/** @param ids whether t is class ids */
// @ts-ignore: decorator
@inline
export function crossEntropyOfFew(
  ids: bool,
  loss: usize,
  dx: usize,
  p: usize,
  t: usize,
  columns: u32,
  ld: u32,
  ldt: u32,
  scale: f32,
  begin: u32,
  end: u32,
): void {
  const factor = f32x4.splat(scale);
  const zero = splat(0);
  const one = splat(1);
  for (let ra = begin; ra < end; ra += 4) {
    const rb = min<u32>(ra + 1, end - 1);
    const rc = min<u32>(ra + 2, end - 1);
    const rd = min<u32>(ra + 3, end - 1);
    const pa = v128.load(rowAt(p, ra, ld));
    const pb = v128.load(rowAt(p, rb, ld));
    const pc = v128.load(rowAt(p, rc, ld));
    const pd = v128.load(rowAt(p, rd, ld));
    // x, less the maximum, and its exponential; of classes that there are not, 0 in both.
    let d0 = joinLow(interleaveLow(pa, pb), interleaveLow(pc, pd));
    let d1 = joinHigh(interleaveLow(pa, pb), interleaveLow(pc, pd));
    let d2 = joinLow(interleaveHigh(pa, pb), interleaveHigh(pc, pd));
    let d3 = joinHigh(interleaveHigh(pa, pb), interleaveHigh(pc, pd));
    let maximum = d0;
    if (columns > 1) maximum = f32x4.pmax(maximum, d1);
    if (columns > 2) maximum = f32x4.pmax(maximum, d2);
    if (columns > 3) maximum = f32x4.pmax(maximum, d3);
    d0 = f32x4.sub(d0, maximum);
    d1 = columns > 1 ? f32x4.sub(d1, maximum) : zero;
    d2 = columns > 2 ? f32x4.sub(d2, maximum) : zero;
    d3 = columns > 3 ? f32x4.sub(d3, maximum) : zero;
    const e0 = expNegative(d0);
    const e1 = columns > 1 ? expNegative(d1) : zero;
    const e2 = columns > 2 ? expNegative(d2) : zero;
    const e3 = columns > 3 ? expNegative(d3) : zero;
    // In the order of sumLanes.
    const sum = f32x4.add(f32x4.add(e0, e1), f32x4.add(e2, e3));

    const losses = loss + ((<usize>ra) << 2);
    const rows = min<u32>(4, end - ra);
    let s0: v128;
    let s1: v128;
    let s2: v128;
    let s3: v128;
    if (ids) {
      let id = v128.load32_splat(rowAt(t, ra, ldt));
      id = v128.load_lane<u32>(rowAt(t, rb, ldt), id, 1);
      id = v128.load_lane<u32>(rowAt(t, rc, ldt), id, 2);
      id = v128.load_lane<u32>(rowAt(t, rd, ldt), id, 3);
      const is0 = i32x4.eq(id, i32x4.splat(0));
      const is1 = i32x4.eq(id, i32x4.splat(1));
      const is2 = i32x4.eq(id, i32x4.splat(2));
      const is3 = i32x4.eq(id, i32x4.splat(3));
      const own = v128.or(v128.or(v128.and(d0, is0), v128.and(d1, is1)), v128.or(v128.and(d2, is2), v128.and(d3, is3)));
      storeLanes(losses, f32x4.sub(log(sum), own), rows);
      if (!dx) continue;
      const inverse = f32x4.div(one, sum);
      s0 = f32x4.mul(e0, inverse);
      s1 = f32x4.mul(e1, inverse);
      s2 = f32x4.mul(e2, inverse);
      s3 = f32x4.mul(e3, inverse);
      s0 = v128.bitselect(f32x4.sub(s0, one), s0, is0);
      s1 = v128.bitselect(f32x4.sub(s1, one), s1, is1);
      s2 = v128.bitselect(f32x4.sub(s2, one), s2, is2);
      s3 = v128.bitselect(f32x4.sub(s3, one), s3, is3);
    } else {
      const ta = v128.load(rowAt(t, ra, ldt));
      const tb = v128.load(rowAt(t, rb, ldt));
      const tc = v128.load(rowAt(t, rc, ldt));
      const td = v128.load(rowAt(t, rd, ldt));
      const t0 = joinLow(interleaveLow(ta, tb), interleaveLow(tc, td));
      const t1 = columns > 1 ? joinHigh(interleaveLow(ta, tb), interleaveLow(tc, td)) : zero;
      const t2 = columns > 2 ? joinLow(interleaveHigh(ta, tb), interleaveHigh(tc, td)) : zero;
      const t3 = columns > 3 ? joinHigh(interleaveHigh(ta, tb), interleaveHigh(tc, td)) : zero;
      // A sum of lanes begins with +0, which -0 becomes.
      const mass = f32x4.add(f32x4.add(f32x4.add(zero, t0), f32x4.add(zero, t1)), f32x4.add(f32x4.add(zero, t2), f32x4.add(zero, t3)));
      const product = f32x4.add(
        f32x4.add(multiplyAdd(t0, d0, zero), multiplyAdd(t1, d1, zero)),
        f32x4.add(multiplyAdd(t2, d2, zero), multiplyAdd(t3, d3, zero)),
      );
      storeLanes(losses, f32x4.sub(f32x4.mul(mass, log(sum)), product), rows);
      if (!dx) continue;
      const share = f32x4.div(mass, sum);
      s0 = multiplyAdd(e0, share, f32x4.neg(t0));
      s1 = multiplyAdd(e1, share, f32x4.neg(t1));
      s2 = multiplyAdd(e2, share, f32x4.neg(t2));
      s3 = multiplyAdd(e3, share, f32x4.neg(t3));
    }
    s0 = f32x4.mul(factor, s0);
    s1 = f32x4.mul(factor, s1);
    s2 = f32x4.mul(factor, s2);
    s3 = f32x4.mul(factor, s3);
    storeLanes(rowAt(dx, ra, ld), joinLow(interleaveLow(s0, s1), interleaveLow(s2, s3)), columns);
    storeLanes(rowAt(dx, rb, ld), joinHigh(interleaveLow(s0, s1), interleaveLow(s2, s3)), columns);
    storeLanes(rowAt(dx, rc, ld), joinLow(interleaveHigh(s0, s1), interleaveHigh(s2, s3)), columns);
    storeLanes(rowAt(dx, rd, ld), joinHigh(interleaveHigh(s0, s1), interleaveHigh(s2, s3)), columns);
  }
}
