// exp, log, tanh and their like, four float32 at a time; src/backends/kernels/vmath.ts does the same one at a time, with the same
// bits. Every function takes any float32: NaN gives NaN, infinities and overflow give the limits, denormal results are rounded
// as others are. Bounds in ulp are those of strict arithmetic; test/vmath.test.ts measures them, and npm run ulps over
// every float32.
//
// Inlined by decree: as functions of their own, which asc makes of what has several callers, sigmoid, softplus and elu take twice as
// long (Node 20: 11.1, 15.0, 9.3 instead of 5.9, 8.0, 4.9 ns for four elements).
import { multiplyAdd } from "./arithmetic";
import * as C from "./coefficients";

// @ts-ignore: decorator
@inline
export function splat(value: f64): v128 {
  return f32x4.splat(<f32>value);
}

/** One step of Horner's rule: sum·z + coefficient. */
// @ts-ignore: decorator
@inline
function horner(sum: v128, z: v128, coefficient: f64): v128 {
  return multiplyAdd(sum, z, splat(coefficient));
}

/** x within [low, high]: pmax(x, low) is x < low ? low : x, which keeps the NaN that x may be. */
// @ts-ignore: decorator
@inline
export function clamp(x: v128, low: f64, high: f64): v128 {
  return f32x4.pmin(f32x4.pmax(x, splat(low)), splat(high));
}

/** n + bias in the low bits, n = x/ln2 rounded to an integer, |n| < 2^22; an even bias leaves ties as they are. */
// @ts-ignore: decorator
@inline
function biasedExponent(x: v128, bias: f64): v128 {
  return multiplyAdd(x, splat(C.LOG2E), splat(C.MAGIC + bias));
}

/** 2^(n - 127) of the number n < 255 in the low bits. */
// @ts-ignore: decorator
@inline
function power2(n: v128): v128 {
  return i32x4.shl(n, 23);
}

/** e^r - 1 of r = x - n·ln2, with n = biased - MAGIC - bias */
// @ts-ignore: decorator
@inline
function reducedExpm1(x: v128, biased: v128, bias: f64): v128 {
  const n = f32x4.sub(biased, splat(C.MAGIC + bias));
  const r = multiplyAdd(n, splat(-C.LN2_LOW), multiplyAdd(n, splat(-C.LN2_HIGH), x));
  let p = horner(splat(C.EXPM1_P4), r, C.EXPM1_P3);
  p = horner(p, r, C.EXPM1_P2);
  p = horner(p, r, C.EXPM1_P1);
  p = horner(p, r, C.EXPM1_P0);
  return multiplyAdd(f32x4.mul(r, r), p, r);
}

/** About half of n, + 127, in the low bits: so 2^n is a product of two powers where it is none itself. What is between the two powers is
 *  exact, whichever they are. */
// @ts-ignore: decorator
@inline
function halfExponent(x: v128): v128 {
  return multiplyAdd(x, splat(0.5 * C.LOG2E), splat(C.MAGIC + 127));
}

/** e^x, at most 1.01 ulp off. n runs from -150 (denormal results) to 128 (overflow). */
// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  const clamped = clamp(x, -104, 89); // e^-104 < 2^-150, e^89 > 2^128
  const n = biasedExponent(clamped, 254);
  const half = halfExponent(clamped);
  const y = f32x4.add(reducedExpm1(clamped, n, 254), splat(1));
  return f32x4.mul(f32x4.mul(y, power2(half)), power2(i32x4.sub(n, half)));
}

/** The same for x <= 0, with the same bits: there 2^(n + 65) is always a float32, and 2^-65 the other factor. (What it gives for x > 0 has
 *  no meaning.) */
// @ts-ignore: decorator
@inline
export function expNegative(x: v128): v128 {
  const clamped = f32x4.pmax(x, splat(-104));
  const n = biasedExponent(clamped, 192);
  const y = f32x4.add(reducedExpm1(clamped, n, 192), splat(1));
  return f32x4.mul(f32x4.mul(y, power2(n)), splat(2.7105054312137611e-20)); // 2^-65
}

/** -|x| */
// @ts-ignore: decorator
@inline
export function minusAbs(x: v128): v128 {
  return v128.or(x, splat(-0.0));
}

/** e^x - 1, at most 2 ulp off: 2^n·(e^r - 1) + (2^n - 1). */
// @ts-ignore: decorator
@inline
export function expm1(x: v128): v128 {
  const clamped = clamp(x, -18, 89); // e^-18 < 2^-25
  const n = biasedExponent(clamped, 254);
  const half = halfExponent(clamped);
  const rest = i32x4.sub(n, half);
  const first = power2(half);
  const less = f32x4.sub(first, power2(i32x4.sub(i32x4.splat(254), rest)));
  return f32x4.mul(multiplyAdd(reducedExpm1(clamped, n, 254), first, less), power2(rest));
}

/** log(1 + f) + e·ln2, f in [sqrt(1/2) - 1, sqrt(2) - 1] */
// @ts-ignore: decorator
@inline
function reducedLog(f: v128, e: v128): v128 {
  const z = f32x4.mul(f, f);
  let p = horner(splat(C.LOG_P7), f, C.LOG_P6);
  p = horner(p, f, C.LOG_P5);
  p = horner(p, f, C.LOG_P4);
  p = horner(p, f, C.LOG_P3);
  p = horner(p, f, C.LOG_P2);
  p = horner(p, f, C.LOG_P1);
  p = horner(p, f, C.LOG_P0);
  let y = f32x4.mul(f32x4.mul(f, z), p);
  y = multiplyAdd(e, splat(C.LN2_LOW), y);
  y = multiplyAdd(z, splat(-0.5), y);
  return multiplyAdd(e, splat(C.LN2_HIGH), f32x4.add(f, y));
}

/** What is left of u = m·2^e, m in [sqrt(1/2), sqrt(2)), e in the bits from 23 up: bits of u less those of sqrt(1/2). */
// @ts-ignore: decorator
@inline
function split(u: v128): v128 {
  return i32x4.sub(u, i32x4.splat(C.SQRT_HALF_BITS));
}

/** m - 1 */
// @ts-ignore: decorator
@inline
function mantissaLess1(parts: v128): v128 {
  const m = i32x4.add(v128.and(parts, i32x4.splat(0x7fffff)), i32x4.splat(C.SQRT_HALF_BITS));
  return f32x4.sub(m, splat(1));
}

/** y, but x where that is NaN or +Infinity, -Infinity at x = zero, NaN below. */
// @ts-ignore: decorator
@inline
function logOutside(y: v128, x: v128, zero: f64): v128 {
  const inside = v128.bitselect(y, x, f32x4.lt(x, splat(Infinity)));
  const finite = v128.bitselect(splat(-Infinity), inside, f32x4.eq(x, splat(zero)));
  return v128.or(finite, f32x4.lt(x, splat(zero)));
}

/** ln x, at most 1 ulp off; log(0) = -Infinity, NaN below. */
// @ts-ignore: decorator
@inline
export function log(x: v128): v128 {
  const denormal = f32x4.lt(x, splat(C.SMALLEST_NORMAL));
  const parts = split(v128.bitselect(f32x4.mul(x, splat(8388608)), x, denormal)); // 2^23
  const e = i32x4.sub(i32x4.shr_s(parts, 23), v128.and(denormal, i32x4.splat(23)));
  return logOutside(reducedLog(mantissaLess1(parts), f32x4.convert_i32x4_s(e)), x, 0);
}

/** ln(1 + x), at most 2 ulp off: what rounding 1 + x loses is added to the mantissa. */
// @ts-ignore: decorator
@inline
export function log1p(x: v128): v128 {
  const u = f32x4.add(x, splat(1));
  const lost = f32x4.sub(x, f32x4.sub(u, splat(1)));
  const parts = split(u);
  const e = i32x4.shr_s(parts, 23);
  const scale = power2(i32x4.sub(i32x4.splat(127), i32x4.min_s(e, i32x4.splat(127))));
  return logOutside(reducedLog(multiplyAdd(lost, scale, mantissaLess1(parts)), f32x4.convert_i32x4_s(e)), x, -1);
}

/** ln(1 + e) for e in [0, 1], at most 2 ulp off. */
// @ts-ignore: decorator
@inline
export function log1pUnit(e: v128): v128 {
  const d = f32x4.div(f32x4.add(e, e), f32x4.add(e, splat(2)));
  const z = f32x4.mul(d, d);
  let p = horner(splat(C.LOG1P_P3), z, C.LOG1P_P2);
  p = horner(p, z, C.LOG1P_P1);
  p = horner(p, z, C.LOG1P_P0);
  return multiplyAdd(f32x4.mul(d, z), p, d);
}

/** ln(1 + e^x), at most 3 ulp off. */
// @ts-ignore: decorator
@inline
export function softplus(x: v128): v128 {
  return f32x4.add(log1pUnit(expNegative(minusAbs(x))), f32x4.pmax(x, splat(0)));
}

/** 1/(1 + e^-x), at most 3 ulp off. */
// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  const e = expNegative(minusAbs(x));
  const numerator = v128.bitselect(e, splat(1), f32x4.lt(x, splat(0)));
  return f32x4.div(numerator, f32x4.add(e, splat(1)));
}

/** At most 3.7 ulp off for |x| <= 1, 6.3 ulp (3.8e-7) beyond; exactly ±1 from 9.02. */
// @ts-ignore: decorator
@inline
export function tanh(x: v128): v128 {
  const c = clamp(x, -C.TANH_LIMIT, C.TANH_LIMIT);
  const z = f32x4.mul(c, c);
  let p = horner(splat(C.TANH_P4), z, C.TANH_P3);
  p = horner(p, z, C.TANH_P2);
  p = horner(p, z, C.TANH_P1);
  p = horner(p, z, C.TANH_P0);
  let q = horner(splat(C.TANH_Q4), z, C.TANH_Q3);
  q = horner(q, z, C.TANH_Q2);
  q = horner(q, z, C.TANH_Q1);
  q = horner(q, z, C.TANH_Q0);
  return clamp(f32x4.div(f32x4.mul(c, p), q), -1, 1);
}

/** At most 3.2 ulp off for |x| <= 1, 8 ulp (4.8e-7) beyond; exactly ±1 from 3.93. */
// @ts-ignore: decorator
@inline
export function erf(x: v128): v128 {
  const c = clamp(x, -C.ERF_LIMIT, C.ERF_LIMIT);
  const z = f32x4.mul(c, c);
  let p = horner(splat(C.ERF_P5), z, C.ERF_P4);
  p = horner(p, z, C.ERF_P3);
  p = horner(p, z, C.ERF_P2);
  p = horner(p, z, C.ERF_P1);
  p = horner(p, z, C.ERF_P0);
  let q = horner(splat(C.ERF_Q5), z, C.ERF_Q4);
  q = horner(q, z, C.ERF_Q3);
  q = horner(q, z, C.ERF_Q2);
  q = horner(q, z, C.ERF_Q1);
  q = horner(q, z, C.ERF_Q0);
  return clamp(f32x4.div(f32x4.mul(c, p), q), -1, 1);
}

/** r = x - n·pi/2, n the nearest integer, which stands in `shifted` - MAGIC; held in ±13/16, where the polynomials live, for x so
 *  large that nothing of r is left. */
// @ts-ignore: decorator
@inline
function reducedAngle(x: v128, shifted: v128): v128 {
  const n = f32x4.sub(shifted, splat(C.MAGIC));
  let r = multiplyAdd(n, splat(-C.HALF_PI_1), x);
  r = multiplyAdd(n, splat(-C.HALF_PI_2), r);
  return clamp(multiplyAdd(n, splat(-C.HALF_PI_3), r), -0.8125, 0.8125);
}

/** sin(r + n·pi/2), |r| <= 13/16, n in the low bits of `quadrant` */
// @ts-ignore: decorator
@inline
function sinOf(r: v128, quadrant: v128): v128 {
  const z = f32x4.mul(r, r);
  let s = horner(splat(C.SIN_P2), z, C.SIN_P1);
  s = horner(s, z, C.SIN_P0);
  s = multiplyAdd(f32x4.mul(r, z), s, r);
  let c = horner(splat(C.COS_P2), z, C.COS_P1);
  c = horner(c, z, C.COS_P0);
  c = multiplyAdd(f32x4.mul(z, z), c, multiplyAdd(z, splat(-0.5), splat(1)));
  const odd = i32x4.neg(v128.and(quadrant, i32x4.splat(1)));
  return v128.xor(v128.bitselect(c, s, odd), i32x4.shl(i32x4.shr_u(quadrant, 1), 31));
}

/** sin x, off by at most 1e-7 for |x| <= 10^4; in [-1, 1] for every finite x, but without accuracy far beyond. */
// @ts-ignore: decorator
@inline
export function sin(x: v128): v128 {
  const shifted = multiplyAdd(x, splat(C.TWO_OVER_PI), splat(C.MAGIC));
  return sinOf(reducedAngle(x, shifted), shifted);
}

/** cos x, as well as sin. */
// @ts-ignore: decorator
@inline
export function cos(x: v128): v128 {
  const shifted = multiplyAdd(x, splat(C.TWO_OVER_PI), splat(C.MAGIC));
  return sinOf(reducedAngle(x, shifted), i32x4.add(shifted, i32x4.splat(1)));
}
