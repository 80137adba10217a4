// Losses of predicted values, sums over elements: what is said of operands in terms.ts holds here. Formulas: test/golden/README.md, section
// Losses.
import { multiplyAdd } from "./arithmetic";
import { LEAST_DENOMINATOR, LOWEST_LOG } from "./limits";
import { sumOfTerms } from "./terms";
import { exp, expm1, log, log1pUnit, splat, tanh } from "./vmath";

const LN2: f64 = 0.6931471805599453;

/** (p - t)² */
@unmanaged
class SquaredError {
  @inline term(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    const e = f32x4.sub(p, t);
    return f32x4.mul(e, e);
  }
  @inline slope(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    return f32x4.mul(splat(2), f32x4.sub(p, t));
  }
}

export function meanSquaredError(
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
  sumOfTerms<SquaredError>(loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}

/** |p - t|; the slope is 0 at a tie. */
@unmanaged
class AbsoluteError {
  @inline term(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    return f32x4.abs(f32x4.sub(p, t));
  }
  @inline slope(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    const e = f32x4.sub(p, t);
    const one = v128.or(v128.and(e, i32x4.splat(0x80000000)), splat(1));
    return v128.bitselect(one, e, f32x4.gt(f32x4.abs(e), splat(0))); // e itself is 0 or NaN there
  }
}

export function meanAbsoluteError(
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
  sumOfTerms<AbsoluteError>(loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}

/** 0.5·e² where |e| <= delta, else delta·(|e| - 0.5·delta), e = p - t (Huber 1964). */
@unmanaged
class HuberError {
  @inline term(p: v128, t: v128, delta: v128, _b: v128, _c: v128): v128 {
    const a = f32x4.abs(f32x4.sub(p, t));
    const square = f32x4.mul(splat(0.5), f32x4.mul(a, a));
    const line = f32x4.mul(delta, f32x4.sub(a, f32x4.mul(splat(0.5), delta)));
    return v128.bitselect(square, line, f32x4.le(a, delta));
  }
  @inline slope(p: v128, t: v128, delta: v128, _b: v128, _c: v128): v128 {
    return f32x4.pmin(f32x4.pmax(f32x4.sub(p, t), f32x4.neg(delta)), delta);
  }
}

export function huber(
  loss: usize,
  dx: usize,
  p: usize,
  t: usize,
  columns: u32,
  ld: u32,
  ldt: u32,
  scale: f32,
  delta: f32,
  begin: u32,
  end: u32,
): void {
  sumOfTerms<HuberError>(loss, dx, p, t, columns, ld, ldt, scale, delta, 0, 0, begin, end);
}

/** log cosh(p - t): where a = |p - t| is large, a + log(1 + e^-2a) - ln 2; up to 1, where that cancels, log(1 + 2·sinh²(a/2)), with
 *  2·sinh²(a/2) = (1 - e^-a)² / (2·e^-a). */
@unmanaged
class LogCosh {
  @inline term(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    const a = f32x4.abs(f32x4.sub(p, t));
    const u = expm1(f32x4.neg(a));
    const e = f32x4.add(u, splat(1));
    const small = f32x4.le(a, splat(1));
    const beyond1 = v128.bitselect(f32x4.div(f32x4.mul(u, u), f32x4.add(e, e)), f32x4.mul(e, e), small);
    return f32x4.add(log1pUnit(beyond1), v128.andnot(f32x4.sub(a, splat(LN2)), small));
  }
  @inline slope(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    return tanh(f32x4.sub(p, t));
  }
}

export function logCosh(
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
  sumOfTerms<LogCosh>(loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}

/** p - t·log p, p a rate. */
@unmanaged
class Poisson {
  @inline term(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    return multiplyAdd(f32x4.neg(t), f32x4.pmax(log(p), splat(LOWEST_LOG)), p);
  }
  @inline slope(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    return f32x4.sub(splat(1), f32x4.div(t, f32x4.pmax(p, splat(LEAST_DENOMINATOR))));
  }
}

export function poisson(
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
  sumOfTerms<Poisson>(loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}

/** e^p - t·p, p a rate's logarithm. */
@unmanaged
class PoissonLog {
  @inline term(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    return multiplyAdd(f32x4.neg(t), p, exp(p));
  }
  @inline slope(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    return f32x4.sub(exp(p), t);
  }
}

export function poissonLog(
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
  sumOfTerms<PoissonLog>(loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}
