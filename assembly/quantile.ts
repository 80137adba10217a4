// Float64 functions whose source asc and tsc both compile (`number` is float64 to both): + - * / in one order, so both give the same bits.
// What needs the bits of a number is beside them in each language: assembly/random.ts, src/float64.ts.

// ln 2 in two parts, the first with so few bits that a whole number below 2^20 times it is exact.
export const LN2_HIGH = 0.6931471803691238;
export const LN2_LOW = 1.9082149292705877e-10;

/** ln(2^k·(1 + f)) for sqrt(1/2) <= 1 + f < sqrt(2), error below 1 ulp. Sun's fdlibm, e_log.c, whose constants these are. */
export function lnOfParts(f: number, k: number): number {
  // ln(1 + f) = f - f²/2 + s (f²/2 + R) with s = f / (2 + f) and R(s²) a minimax polynomial.
  const half = 0.5 * f * f;
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const even = w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373));
  const odd = z * (0.6666666666666735 + w * (0.2857142874366239 + w * (0.1818357216161805 + w * 0.14798198605116586)));
  return s * (half + even + odd) + k * LN2_LOW - half + f + k * LN2_HIGH;
}

// The three ranges of Wichura's PPND16 ("Algorithm AS 241: The percentage points of the normal distribution", Applied Statistics 37,
// 1988) with the paper's digits, which are more than float64 has.
// biome-ignore-start lint/correctness/noPrecisionLoss: as published

// Numerator and denominator for |q| <= 0.425, by power: named, since assembly/random.ts takes two numbers at once there.
export const NEAR_N7 = 2.5090809287301226727e3;
export const NEAR_N6 = 3.3430575583588128105e4;
export const NEAR_N5 = 6.7265770927008700853e4;
export const NEAR_N4 = 4.5921953931549871457e4;
export const NEAR_N3 = 1.3731693765509461125e4;
export const NEAR_N2 = 1.9715909503065514427e3;
export const NEAR_N1 = 1.3314166789178437745e2;
export const NEAR_N0 = 3.387132872796366608;
export const NEAR_D7 = 5.226495278852854561e3;
export const NEAR_D6 = 2.8729085735721942674e4;
export const NEAR_D5 = 3.930789580009271061e4;
export const NEAR_D4 = 2.1213794301586595867e4;
export const NEAR_D3 = 5.3941960214247511077e3;
export const NEAR_D2 = 6.871870074920579083e2;
export const NEAR_D1 = 4.2313330701600911252e1;

/** The x with Φ(x) = 1/2 + q, |q| <= 0.425. */
export function quantileNear(q: number): number {
  const x = 0.180625 - q * q;
  const n = horner(x, NEAR_N7, NEAR_N6, NEAR_N5, NEAR_N4, NEAR_N3, NEAR_N2, NEAR_N1, NEAR_N0);
  return q * (n / horner(x, NEAR_D7, NEAR_D6, NEAR_D5, NEAR_D4, NEAR_D3, NEAR_D2, NEAR_D1, 1));
}

/** The x > 0 with Φ(-x) = exp(-r²), beyond the range of `quantileNear`. */
export function quantileFar(r: number): number {
  if (r <= 5) {
    const x = r - 1.6;
    return (
      horner(
        x,
        7.7454501427834140764e-4,
        2.27238449892691845833e-2,
        2.4178072517745061177e-1,
        1.27045825245236838258,
        3.64784832476320460504,
        5.7694972214606914055,
        4.6303378461565452959,
        1.42343711074968357734,
      ) /
      horner(
        x,
        1.05075007164441684324e-9,
        5.475938084995344946e-4,
        1.51986665636164571966e-2,
        1.4810397642748007459e-1,
        6.8976733498510000455e-1,
        1.6763848301838038494,
        2.05319162663775882187,
        1,
      )
    );
  }
  const x = r - 5;
  return (
    horner(
      x,
      2.01033439929228813265e-7,
      2.71155556874348757815e-5,
      1.2426609473880784386e-3,
      2.6532189526576123093e-2,
      2.9656057182850489123e-1,
      1.7848265399172913358,
      5.4637849111641143699,
      6.6579046435011037772,
    ) /
    horner(
      x,
      2.04426310338993978564e-15,
      1.4215117583164458887e-7,
      1.8463183175100546818e-5,
      7.868691311456132591e-4,
      1.48753612908506148525e-2,
      1.3692988092273580531e-1,
      5.9983220655588793769e-1,
      1,
    )
  );
}
// biome-ignore-end lint/correctness/noPrecisionLoss: as published

/** a·x⁷ + b·x⁶ + … + h: a call costs interpreters less than a loop over an array. */
function horner(x: number, a: number, b: number, c: number, d: number, e: number, f: number, g: number, h: number): number {
  return ((((((a * x + b) * x + c) * x + d) * x + e) * x + f) * x + g) * x + h;
}

/** 2^-54, the middle of what a uniform number is that was rounded down to 0. */
export const LEAST = 5.551115123125783e-17;
/** Φ(-2) */
export const TAIL = 0.02275013194817921;
/** The standard deviation of a normal distribution cut off at ±2: sqrt(1 - 4φ(2) / (1 - 2Φ(-2))), as Keras and JAX correct for. */
export const TRUNCATED_DEVIATION = 0.8796256610342398;
export const SQRT_3 = 1.7320508075688772;

/** The distribution function's value that makes u in [0, 1) a number of the normal distribution, */
export function normalAt(u: number): number {
  return u === 0 ? LEAST : u;
}

/** or of the one cut off at ±2. */
export function truncatedAt(u: number): number {
  return TAIL + u * (1 - 2 * TAIL);
}

/** The number with mean 0 and variance 1, uniform, that u in [0, 1) makes. */
export function unitUniform(u: number): number {
  return (2 * u - 1) * SQRT_3;
}
