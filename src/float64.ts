// Float64 functions that give the same bits in every engine: + - * / sqrt, comparisons and bit operations only. Math.log, Math.pow
// and their like differ between engine versions; they may not decide anything that ends up in a network's memory.
import { Variate } from "../assembly/opcodes.js";
import {
  LN2_HIGH,
  LN2_LOW,
  lnOfParts,
  normalAt,
  quantileFar,
  quantileNear,
  TRUNCATED_DEVIATION,
  truncatedAt,
  unitUniform,
} from "../assembly/quantile.js";

const f64 = new Float64Array(1);
const u32 = new Uint32Array(f64.buffer); // little-endian, as every platform with WebAssembly is: u32[1] holds sign and exponent

/** Natural logarithm, error below 1 ulp; -Infinity at 0, NaN below. */
export function ln(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  let k = 0;
  if (x < 2.2250738585072014e-308) {
    k = -54;
    x *= 18014398509481984; // 2^54 makes subnormal numbers normal
  }
  // x = 2^k (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2); 0x3fe6a09e is the high word of sqrt(1/2).
  f64[0] = x;
  const high = u32[1]! + (0x3ff00000 - 0x3fe6a09e);
  k += (high >>> 20) - 0x3ff;
  u32[1] = (high & 0xfffff) + 0x3fe6a09e;
  return lnOfParts(f64[0]! - 1, k);
}

/** The x with Φ(x) = p for the standard normal distribution; -Infinity at 0, Infinity at 1, NaN outside. Relative error about 1e-16. */
export function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) return quantileNear(q);
  const tail = q < 0 ? p : 1 - p;
  if (!(tail > 0)) return tail === 0 ? (q < 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY) : Number.NaN;
  const x = quantileFar(Math.sqrt(-ln(tail)));
  return q < 0 ? -x : x;
}

/** What u in [0, 1) makes of a distribution: by the inverse of its distribution function, one uniform number for one of it. */
export function variate(kind: Variate, u: number): number {
  if (kind === Variate.Truncated) return normalQuantile(truncatedAt(u)) / TRUNCATED_DEVIATION;
  if (kind === Variate.Normal) return normalQuantile(normalAt(u));
  return kind === Variate.UnitUniform ? unitUniform(u) : u;
}

/** base^exponent by repeated squaring, for an integer exponent >= 0; relative error at most about exponent · 2^-53. */
export function powerInteger(base: number, exponent: number): number {
  // Steps are counted beyond int32: a small network's run has as many in half an hour.
  if (exponent >= 2 ** 32) return powerInteger(base * base, Math.floor(exponent / 2)) * (exponent % 2 === 1 ? base : 1);
  let power = 1;
  for (let square = base, rest = exponent; rest > 0; rest >>>= 1, square *= square) {
    if (rest & 1) power *= square;
  }
  return power;
}

/** e^x, error below 1 ulp for normal results. Sun's fdlibm, e_exp.c, whose constants these are. */
export function exp(x: number): number {
  // Beyond the logarithms of the largest float64 and of half the smallest.
  if (x > 709.782712893384) return Number.POSITIVE_INFINITY;
  if (x < -745.1332191019411) return 0;
  // x = k ln 2 + r with |r| <= ln(2)/2, ln 2 in its two parts; a NaN makes NaN of everything.
  const k = Math.round(x * Math.LOG2E);
  const high = x - k * LN2_HIGH;
  const low = k * LN2_LOW;
  const r = high - low;
  // e^r = 1 + 2r / (R - r) with R(r²) = r (e^r + 1) / (e^r - 1), a minimax polynomial about 2.
  const t = r * r;
  const c =
    r -
    t *
      (0.16666666666666602 +
        t * (-0.0027777777777015593 + t * (6.613756321437934e-5 + t * (-1.6533902205465252e-6 + t * 4.1381367970572385e-8))));
  const power = 1 - (low - (r * c) / (2 - c) - high);
  // In two steps, of which the first is exact, since 2^k itself may be out of range.
  const half = Math.floor(k / 2);
  return power * powerOfTwo(half) * powerOfTwo(k - half);
}

/** 2^k for an integer k in [-1022, 1023]. */
function powerOfTwo(k: number): number {
  u32[0] = 0;
  u32[1] = (k + 1023) << 20;
  return f64[0]!;
}

/** base^exponent for base >= 0: relative error about (1 + |exponent · ln(base)|) · 2^-52, or that of powerInteger. */
export function power(base: number, exponent: number): number {
  if (Number.isInteger(exponent) && exponent >= 0 && exponent <= 64) return powerInteger(base, exponent);
  if (base === 0 || exponent === 0) return exponent === 0 ? 1 : exponent > 0 ? 0 : Number.POSITIVE_INFINITY;
  return exp(exponent * ln(base));
}

/** cos(πx) for |x| < 2^52, absolute error below 3e-16, exact at multiples of 1/2. The argument is reduced without error, which radians
 *  cannot be; kernels and constants: Sun's fdlibm, k_cos.c and k_sin.c, on [0, π/4]. */
export function cosPi(x: number): number {
  const turn = Math.abs(x) % 2;
  const half = turn > 1 ? 2 - turn : turn; // cos is even, and its period is 2
  const fold = half > 0.5 ? 1 - half : half;
  const sign = half > 0.5 ? -1 : 1;
  return sign * (fold > 0.25 ? sine((0.5 - fold) * Math.PI) : cosine(fold * Math.PI));
}

function cosine(x: number): number {
  const z = x * x;
  const r =
    z *
    (0.0416666666666666 +
      z *
        (-0.001388888888887411 +
          z * (2.480158728947673e-5 + z * (-2.7557314351390663e-7 + z * (2.087572321298175e-9 + z * -1.1359647557788195e-11)))));
  const half = 0.5 * z;
  const w = 1 - half;
  return w + (1 - w - half + z * r);
}

function sine(x: number): number {
  const z = x * x;
  const r =
    0.00833333333332249 +
    z * (-0.0001984126982985795 + z * (2.7557313707070068e-6 + z * (-2.5050760253406863e-8 + z * 1.58969099521155e-10)));
  return x + z * x * (-0.16666666666666632 + z * r);
}
