// Losses of targets that are distributions, as sums over their elements: what is said of operands in terms.ts holds here. Those that need
// a row as a whole are in rowlosses.ts. Formulas: test/golden/README.md, section Losses.
import { LEAST_DENOMINATOR, LOWEST_LOG } from "./limits";
import { sumOfTerms } from "./terms";
import { log, splat } from "./vmath";

/** -t·log p, p and t probabilities of classes. */
@unmanaged
class ClassProbability {
  @inline term(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    return f32x4.mul(f32x4.neg(t), f32x4.pmax(log(p), splat(LOWEST_LOG)));
  }
  @inline slope(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    return f32x4.div(f32x4.neg(t), f32x4.pmax(p, splat(LEAST_DENOMINATOR)));
  }
}

export function categoricalCrossEntropy(
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
  sumOfTerms<ClassProbability>(loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}

/** t·(log t - log p); 0 where t is 0. */
@unmanaged
class Divergence {
  @inline term(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    const own = f32x4.pmax(log(t), splat(LOWEST_LOG));
    return f32x4.mul(t, f32x4.sub(own, f32x4.pmax(log(p), splat(LOWEST_LOG))));
  }
  @inline slope(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    return f32x4.div(f32x4.neg(t), f32x4.pmax(p, splat(LEAST_DENOMINATOR)));
  }
}

export function klDivergence(
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
  sumOfTerms<Divergence>(loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}

/** The same, p logarithms of probabilities. (0·p: NaN stays NaN.) */
@unmanaged
class DivergenceLog {
  @inline term(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    return f32x4.mul(t, f32x4.sub(f32x4.pmax(log(t), splat(LOWEST_LOG)), p));
  }
  @inline slope(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    return f32x4.add(f32x4.neg(t), f32x4.mul(splat(0), p));
  }
}

export function klDivergenceLog(
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
  sumOfTerms<DivergenceLog>(loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}
