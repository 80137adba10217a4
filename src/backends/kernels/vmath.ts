// exp, log, tanh and their like for one float32, operation by operation as in assembly/vmath.ts: the same bits. What each
// computes and how well is said there.
import * as C from "../../../assembly/coefficients.js";

const fround = Math.fround;

/** a·b + c, rounded twice: strict arithmetic. */
export function multiplyAdd(a: number, b: number, c: number): number {
  return fround(fround(a * b) + c);
}

const word = new Int32Array(1);
const float = new Float32Array(word.buffer);

function bitsOf(x: number): number {
  float[0] = x;
  return word[0]!;
}
function ofBits(bits: number): number {
  word[0] = bits;
  return float[0]!;
}
/** 2^n for -127 < n < 128; 0 and Infinity next to that. */
function power2(n: number): number {
  return ofBits((n + 127) << 23);
}

/** As pmin and pmax in WebAssembly: a NaN stays one. */
export function clamp(x: number, low: number, high: number): number {
  return Math.min(Math.max(x, low), high);
}

function nearestExponent(x: number): number {
  return fround(multiplyAdd(C.LOG2E, x, C.MAGIC) - C.MAGIC);
}

/** e^r - 1 of r = x - n·ln2 */
function reducedExpm1(x: number, n: number): number {
  const r = multiplyAdd(n, -C.LN2_LOW, multiplyAdd(n, -C.LN2_HIGH, x));
  let p = multiplyAdd(C.EXPM1_P4, r, C.EXPM1_P3);
  p = multiplyAdd(p, r, C.EXPM1_P2);
  p = multiplyAdd(p, r, C.EXPM1_P1);
  p = multiplyAdd(p, r, C.EXPM1_P0);
  return multiplyAdd(fround(r * r), p, r);
}

export function exp(x: number): number {
  const clamped = clamp(x, -104, 89);
  const n = nearestExponent(clamped);
  const y = fround(reducedExpm1(clamped, n) + 1);
  const half = n >> 1;
  return fround(fround(y * power2(half)) * power2(n - half));
}

export function expm1(x: number): number {
  const clamped = clamp(x, -18, 89);
  const n = nearestExponent(clamped);
  const y = reducedExpm1(clamped, n);
  const half = n >> 1;
  const rest = n - half;
  const first = power2(half);
  return fround(multiplyAdd(y, first, fround(first - power2(-rest))) * power2(rest));
}

/** log(1 + f) + e·ln2 */
function reducedLog(f: number, e: number): number {
  const z = fround(f * f);
  let p = multiplyAdd(C.LOG_P7, f, C.LOG_P6);
  p = multiplyAdd(p, f, C.LOG_P5);
  p = multiplyAdd(p, f, C.LOG_P4);
  p = multiplyAdd(p, f, C.LOG_P3);
  p = multiplyAdd(p, f, C.LOG_P2);
  p = multiplyAdd(p, f, C.LOG_P1);
  p = multiplyAdd(p, f, C.LOG_P0);
  let y = fround(fround(f * z) * p);
  y = multiplyAdd(e, C.LN2_LOW, y);
  y = multiplyAdd(z, -0.5, y);
  return multiplyAdd(e, C.LN2_HIGH, fround(f + y));
}

export function log(x: number): number {
  if (!(x < Number.POSITIVE_INFINITY)) return x;
  if (x <= 0) return x < 0 ? Number.NaN : Number.NEGATIVE_INFINITY;
  const denormal = x < C.SMALLEST_NORMAL;
  const i = bitsOf(denormal ? x * 8388608 : x) - C.SQRT_HALF_BITS;
  return reducedLog(fround(ofBits((i & 0x7fffff) + C.SQRT_HALF_BITS) - 1), (i >> 23) - (denormal ? 23 : 0));
}

export function log1p(x: number): number {
  if (!(x < Number.POSITIVE_INFINITY)) return x;
  if (x <= -1) return x < -1 ? Number.NaN : Number.NEGATIVE_INFINITY;
  const u = fround(x + 1);
  const lost = fround(x - fround(u - 1));
  const i = bitsOf(u) - C.SQRT_HALF_BITS;
  const e = i >> 23;
  const f = fround(ofBits((i & 0x7fffff) + C.SQRT_HALF_BITS) - 1);
  return reducedLog(multiplyAdd(lost, power2(-Math.min(e, 127)), f), e);
}

export function log1pUnit(e: number): number {
  const d = fround(fround(e + e) / fround(e + 2));
  const z = fround(d * d);
  let p = multiplyAdd(C.LOG1P_P3, z, C.LOG1P_P2);
  p = multiplyAdd(p, z, C.LOG1P_P1);
  p = multiplyAdd(p, z, C.LOG1P_P0);
  return multiplyAdd(fround(d * z), p, d);
}

export function softplus(x: number): number {
  return fround(log1pUnit(exp(-Math.abs(x))) + Math.max(x, 0));
}

export function sigmoid(x: number): number {
  const e = exp(-Math.abs(x));
  return fround((x < 0 ? e : 1) / fround(e + 1));
}

export function tanh(x: number): number {
  const c = clamp(x, -C.TANH_LIMIT, C.TANH_LIMIT);
  const z = fround(c * c);
  let p = multiplyAdd(C.TANH_P4, z, C.TANH_P3);
  p = multiplyAdd(p, z, C.TANH_P2);
  p = multiplyAdd(p, z, C.TANH_P1);
  p = multiplyAdd(p, z, C.TANH_P0);
  let q = multiplyAdd(C.TANH_Q4, z, C.TANH_Q3);
  q = multiplyAdd(q, z, C.TANH_Q2);
  q = multiplyAdd(q, z, C.TANH_Q1);
  q = multiplyAdd(q, z, C.TANH_Q0);
  return clamp(fround(fround(c * p) / q), -1, 1);
}

export function erf(x: number): number {
  const c = clamp(x, -C.ERF_LIMIT, C.ERF_LIMIT);
  const z = fround(c * c);
  let p = multiplyAdd(C.ERF_P5, z, C.ERF_P4);
  p = multiplyAdd(p, z, C.ERF_P3);
  p = multiplyAdd(p, z, C.ERF_P2);
  p = multiplyAdd(p, z, C.ERF_P1);
  p = multiplyAdd(p, z, C.ERF_P0);
  let q = multiplyAdd(C.ERF_Q5, z, C.ERF_Q4);
  q = multiplyAdd(q, z, C.ERF_Q3);
  q = multiplyAdd(q, z, C.ERF_Q2);
  q = multiplyAdd(q, z, C.ERF_Q1);
  q = multiplyAdd(q, z, C.ERF_Q0);
  return clamp(fround(fround(c * p) / q), -1, 1);
}

function reducedAngle(x: number, shifted: number): number {
  const n = fround(shifted - C.MAGIC);
  let r = multiplyAdd(n, -C.HALF_PI_1, x);
  r = multiplyAdd(n, -C.HALF_PI_2, r);
  return clamp(multiplyAdd(n, -C.HALF_PI_3, r), -0.8125, 0.8125);
}

function sinOf(r: number, quadrant: number): number {
  const z = fround(r * r);
  if (quadrant & 1) {
    let c = multiplyAdd(C.COS_P2, z, C.COS_P1);
    c = multiplyAdd(c, z, C.COS_P0);
    c = multiplyAdd(fround(z * z), c, multiplyAdd(z, -0.5, 1));
    return quadrant & 2 ? -c : c;
  }
  let s = multiplyAdd(C.SIN_P2, z, C.SIN_P1);
  s = multiplyAdd(s, z, C.SIN_P0);
  s = multiplyAdd(fround(r * z), s, r);
  return quadrant & 2 ? -s : s;
}

export function sin(x: number): number {
  const shifted = multiplyAdd(x, C.TWO_OVER_PI, C.MAGIC);
  return sinOf(reducedAngle(x, shifted), bitsOf(shifted));
}

export function cos(x: number): number {
  const shifted = multiplyAdd(x, C.TWO_OVER_PI, C.MAGIC);
  return sinOf(reducedAngle(x, shifted), bitsOf(shifted) + 1);
}
