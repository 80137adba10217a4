// Float64 functions that give the same bits in every engine: + - * / sqrt, comparisons and bit operations only. Math.log, Math.pow
// and their like differ between engine versions; they may not decide anything that ends up in a network's memory.

const f64 = new Float64Array(1);
const u32 = new Uint32Array(f64.buffer); // little-endian, as every platform with WebAssembly is: u32[1] holds sign and exponent

/** Natural logarithm, error below 1 ulp; -Infinity at 0, NaN below. Sun's fdlibm, e_log.c, whose constants these are. */
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
  const f = f64[0]! - 1;
  // ln(1 + f) = f - f²/2 + s (f²/2 + R) with s = f / (2 + f) and R(s²) a minimax polynomial.
  const half = 0.5 * f * f;
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const even = w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373));
  const odd = z * (0.6666666666666735 + w * (0.2857142874366239 + w * (0.1818357216161805 + w * 0.14798198605116586)));
  // ln 2 in two parts, the first with so few bits that k times it is exact.
  return s * (half + even + odd) + k * 1.9082149292705877e-10 - half + f + k * 0.6931471803691238;
}

/** The x with Φ(x) = p for the standard normal distribution; -Infinity at 0, Infinity at 1, NaN outside. Relative error about 1e-16:
 *  Wichura, "Algorithm AS 241: The percentage points of the normal distribution", Applied Statistics 37 (1988), PPND16. */
export function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) return q * rational(central, 0.180625 - q * q);
  const tail = q < 0 ? p : 1 - p;
  if (!(tail > 0)) return tail === 0 ? (q < 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY) : Number.NaN;
  const r = Math.sqrt(-ln(tail));
  const x = r <= 5 ? rational(middle, r - 1.6) : rational(far, r - 5);
  return q < 0 ? -x : x;
}

interface Rational {
  /** Coefficients from the highest power down. */
  readonly numerator: readonly number[];
  readonly denominator: readonly number[];
}

function rational({ numerator, denominator }: Rational, x: number): number {
  return horner(numerator, x) / horner(denominator, x);
}

function horner(coefficients: readonly number[], x: number): number {
  let sum = 0;
  for (const c of coefficients) sum = sum * x + c;
  return sum;
}

// The three ranges of PPND16 with the paper's digits, which are more than float64 has.
// biome-ignore-start lint/correctness/noPrecisionLoss: as published
const central: Rational = {
  numerator: [
    2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4, 1.3731693765509461125e4,
    1.9715909503065514427e3, 1.3314166789178437745e2, 3.387132872796366608,
  ],
  denominator: [
    5.226495278852854561e3, 2.8729085735721942674e4, 3.930789580009271061e4, 2.1213794301586595867e4, 5.3941960214247511077e3,
    6.871870074920579083e2, 4.2313330701600911252e1, 1,
  ],
};
const middle: Rational = {
  numerator: [
    7.7454501427834140764e-4, 2.27238449892691845833e-2, 2.4178072517745061177e-1, 1.27045825245236838258, 3.64784832476320460504,
    5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734,
  ],
  denominator: [
    1.05075007164441684324e-9, 5.475938084995344946e-4, 1.51986665636164571966e-2, 1.4810397642748007459e-1, 6.8976733498510000455e-1,
    1.6763848301838038494, 2.05319162663775882187, 1,
  ],
};
const far: Rational = {
  numerator: [
    2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.2426609473880784386e-3, 2.6532189526576123093e-2, 2.9656057182850489123e-1,
    1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772,
  ],
  denominator: [
    2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4, 1.48753612908506148525e-2,
    1.3692988092273580531e-1, 5.9983220655588793769e-1, 1,
  ],
};
// biome-ignore-end lint/correctness/noPrecisionLoss: as published

/** base^exponent by repeated squaring, for an integer exponent >= 0; relative error at most about exponent · 2^-53. */
export function powerInteger(base: number, exponent: number): number {
  let power = 1;
  for (let square = base, rest = exponent; rest > 0; rest = Math.floor(rest / 2), square *= square) {
    if (rest % 2 === 1) power *= square;
  }
  return power;
}

/** e^x, error below 1 ulp for normal results. Sun's fdlibm, e_exp.c, whose constants these are. */
export function exp(x: number): number {
  // Beyond the logarithms of the largest float64 and of half the smallest.
  if (x > 709.782712893384) return Number.POSITIVE_INFINITY;
  if (x < -745.1332191019411) return 0;
  // x = k ln 2 + r with |r| <= ln(2)/2, ln 2 in the two parts of `ln`; a NaN makes NaN of everything.
  const k = Math.round(x * Math.LOG2E);
  const high = x - k * 0.6931471803691238;
  const low = k * 1.9082149292705877e-10;
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
