// npx tsx scripts/fit.ts: fits the polynomials and rationals of vmath, writes assembly/coefficients.ts, prints each fit's error.
// Minimax by Lawson's iteration (least squares, weights multiplied by the error), in float64; then coefficients are rounded
// to float32 one at a time from the lowest power, each time refitting those still free.
import { writeFileSync } from "node:fs";

const fround = Math.fround;

interface Fit {
  readonly name: string;
  readonly says: string;
  /** What P(z) or P(z)/Q(z) approximates, for z in [from, to]. */
  readonly f: (z: number) => number;
  readonly from: number;
  readonly to: number;
  /** How much an error of P/Q at z counts. */
  readonly weight: (z: number) => number;
  /** Degrees of P and Q. */
  readonly p: number;
  readonly q: number;
  /** The value at 0, if it is to be met exactly: Q(0) is then chosen so that P(0) is very nearly a float32; else Q(0) = 1. */
  readonly start?: number;
  /** For odd functions that saturate: where they are 1 within half an ulp. */
  readonly limit?: number;
}

/** erf by its series of positive terms, 2/sqrt(pi)·exp(-x²)·sum of 2^n x^(2n+1) / (2n+1)!! (Abramowitz & Stegun 7.1.6). */
function erf(x: number): number {
  let [sum, term] = [0, x];
  for (let n = 1; term > sum * 1e-17; ++n) {
    sum += term;
    term *= (2 * x * x) / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** The sum over n of term(n)·z^n, |z| < 1: what is left of a function after its first Taylor terms, without cancellation. */
function series(term: (n: number) => number, z: number): number {
  let [sum, power] = [0, 1];
  for (let n = 0; n < 400 && Math.abs(power) > 1e-18; ++n) {
    sum += term(n) * power;
    power *= z;
  }
  return sum;
}
const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));

const fits: readonly Fit[] = [
  {
    name: "EXPM1",
    says: "e^r - 1 = r + r²·P(r), |r| <= ln2/2",
    f: (r) => series((n) => (n < 40 ? 1 / factorial(n + 2) : 0), r),
    from: -0.3467,
    to: 0.3467,
    weight: (r) => Math.abs((r * r) / Math.expm1(r)),
    p: 4,
    q: 0,
  },
  {
    name: "LOG",
    says: "log(1 + f) = f - f²/2 + f³·P(f), f in [sqrt(1/2) - 1, sqrt(2) - 1]",
    f: (f) => series((n) => (-1) ** n / (n + 3), f),
    from: Math.SQRT1_2 - 1,
    to: Math.SQRT2 - 1,
    weight: (f) => Math.abs(f ** 3 / Math.log1p(f)),
    p: 7,
    q: 0,
  },
  {
    name: "LOG1P",
    says: "log(1 + e) = 2·atanh(d/2) = d + d·z·P(z), d = 2e/(2 + e), z = d², 0 <= e <= 1",
    f: (z) => series((n) => 0.25 ** (n + 1) / (2 * n + 3), z),
    from: 0,
    to: 4 / 9,
    weight: (z) => z, // at most: d <= 2·atanh(d/2)
    p: 3,
    q: 0,
  },
  {
    name: "TANH",
    says: "tanh(x) = x·P(z)/Q(z), z = x², |x| <= 9.01",
    f: (z) => (z === 0 ? 1 : Math.tanh(Math.sqrt(z)) / Math.sqrt(z)),
    from: 0,
    to: 9.01 ** 2,
    weight: (z) => Math.sqrt(z) / Math.tanh(Math.sqrt(z)) || 1,
    p: 4,
    q: 4,
    start: 1,
    limit: 9.01, // 1 - tanh < 2^-25
  },
  {
    name: "ERF",
    says: "erf(x) = x·P(z)/Q(z), z = x², |x| <= 3.92",
    f: (z) => (z === 0 ? 2 / Math.sqrt(Math.PI) : erf(Math.sqrt(z)) / Math.sqrt(z)),
    from: 0,
    to: 3.92 ** 2,
    weight: (z) => (z === 0 ? 1 : Math.sqrt(z) / erf(Math.sqrt(z))),
    p: 5,
    q: 5,
    start: 2 / Math.sqrt(Math.PI),
    limit: 3.92, // 1 - erf < 2^-25
  },
  {
    name: "SIN",
    says: "sin(r) = r + r·z·P(z), z = r², |r| <= pi/4",
    f: (z) => series((n) => (n < 12 ? (-1) ** (n + 1) / factorial(2 * n + 3) : 0), z),
    from: 0,
    to: 0.62, // a little more than (pi/4)²
    weight: (z) => z,
    p: 2,
    q: 0,
  },
  {
    name: "COS",
    says: "cos(r) = 1 - z/2 + z²·P(z), z = r², |r| <= pi/4",
    f: (z) => series((n) => (n < 12 ? (-1) ** n / factorial(2 * n + 4) : 0), z),
    from: 0,
    to: 0.62,
    weight: (z) => (z * z) / Math.cos(Math.sqrt(z)),
    p: 2,
    q: 0,
  },
];

/** Least squares by Householder reflections: x with |rows·x - right| least. */
function leastSquares(rows: number[][], right: number[]): number[] {
  const [m, n] = [rows.length, rows[0]!.length];
  const a = rows.map((row, i) => [...row, right[i]!]);
  for (let k = 0; k < n; ++k) {
    let norm = 0;
    for (let i = k; i < m; ++i) norm = Math.hypot(norm, a[i]![k]!);
    const alpha = a[k]![k]! > 0 ? -norm : norm;
    const v = a.map((row, i) => (i < k ? 0 : row[k]! - (i === k ? alpha : 0)));
    const vv = v.reduce((sum, value) => sum + value * value, 0);
    for (let j = k; j <= n; ++j) {
      let dot = 0;
      for (let i = k; i < m; ++i) dot += v[i]! * a[i]![j]!;
      for (let i = k; i < m; ++i) a[i]![j]! -= (2 * dot * v[i]!) / vv;
    }
  }
  const x = new Array<number>(n).fill(0);
  for (let k = n - 1; k >= 0; --k) {
    let value = a[k]![n]!;
    for (let j = k + 1; j < n; ++j) value -= a[k]![j]! * x[j]!;
    x[k] = value / a[k]![k]!;
  }
  return x;
}

const horner = (c: readonly number[], z: number) => c.reduceRight((sum, value) => sum * z + value, 0);

/** The d of 1, 1 + 2^-10 … 2 with value·d closest to a float32. */
function denominatorFor(value: number): number {
  const candidates = Array.from({ length: 1025 }, (_, k) => 1 + k / 1024);
  const error = (d: number) => Math.abs(fround(value * d) / d - value);
  return candidates.reduce((best, d) => (error(d) < error(best) ? d : best));
}

/** The first float32 from `limit` on at which x·P(x²)/Q(x²) as vmath computes it is at least 1, strict and fused: arguments are
 *  clamped there and results to 1, so that beyond it the value is exactly 1 (gelu of large negative x must be 0). */
function saturation(limit: number, P: readonly number[], Q: readonly number[]): number {
  const strict = (a: number, b: number, c: number) => fround(fround(a * b) + c);
  const fused = (a: number, b: number, c: number) => fround(a * b + c);
  const reaches = (x: number, multiplyAdd: typeof strict) => {
    const at = (c: readonly number[]) => c.slice(0, -1).reduceRight((sum, value) => multiplyAdd(sum, fround(x * x), value), c.at(-1)!);
    return fround(fround(x * at(P)) / at(Q)) >= 1;
  };
  let x = fround(limit);
  while (!reaches(x, strict) || !reaches(x, fused)) x = fround(x + 2 ** -20);
  return x;
}

/** Returns the lines that define the fit's constants. */
function fit({ name, says, f, from, to, weight, p, q, start, limit }: Fit): string {
  const points = Array.from({ length: 600 }, (_, i) => (from + to) / 2 - ((to - from) / 2) * Math.cos((Math.PI * (i + 0.5)) / 600));
  const unit = Math.max(Math.abs(from), Math.abs(to)); // makes columns of like size
  const P = new Array<number>(p + 1).fill(0);
  const Q = [start === undefined ? 1 : denominatorFor(start), ...new Array<number>(q).fill(0)];
  const errorAt = (z: number) => weight(z) * (horner(P, z) / horner(Q, z) - f(z));
  const worst = () => Math.max(...points.map((z) => Math.abs(errorAt(z))));

  // Unknowns in the order in which they are rounded: P0, Q1, P1, Q2, …
  const unknowns: { readonly of: number[]; readonly power: number }[] = [];
  for (let power = 0; power <= Math.max(p, q); ++power) {
    if (power > 0 && power <= q) unknowns.push({ of: Q, power });
    if (power <= p) unknowns.push({ of: P, power });
  }
  if (start !== undefined) P[unknowns.shift()!.power] = fround(start * Q[0]!);

  for (; unknowns.length > 0; unknowns.shift()) {
    for (const { of, power } of unknowns) of[power] = 0;
    const [fixedP, fixedQ] = [[...P], [...Q]];
    const lawson = points.map(() => 1);
    let best = { error: Number.POSITIVE_INFINITY, P: [...P], Q: [...Q] };
    for (let round = 0; round < 150; ++round) {
      const weights = points.map((z, i) => (Math.sqrt(lawson[i]!) * weight(z)) / horner(Q, z));
      const rows = points.map((z, i) => unknowns.map(({ of, power }) => weights[i]! * (z / unit) ** power * (of === P ? 1 : -f(z))));
      const right = points.map((z, i) => weights[i]! * (f(z) * horner(fixedQ, z) - horner(fixedP, z)));
      leastSquares(rows, right).forEach((value, k) => {
        const { of, power } = unknowns[k]!;
        of[power] = value / unit ** power;
      });
      const error = worst();
      if (error < best.error) best = { error, P: [...P], Q: [...Q] };
      points.forEach((z, i) => {
        lawson[i]! *= Math.abs(errorAt(z)) / error + 1e-9;
      });
      const mean = lawson.reduce((sum, value) => sum + value, 0) / lawson.length;
      lawson.forEach((value, i) => {
        lawson[i] = value / mean;
      });
    }
    P.splice(0, p + 1, ...best.P);
    Q.splice(0, q + 1, ...best.Q);
    const { of, power } = unknowns[0]!;
    of[power] = fround(of[power]!);
  }

  const error = (worst() * 2 ** 24).toFixed(2);
  console.log(`${name}: error ${error} x 2^-24`);
  const define = (what: string, value: number) => `export const ${name}_${what} = ${fround(value)};\n`;
  return [
    `\n// ${says}: error ${error}·2^-24\n`,
    limit === undefined ? "" : define("LIMIT", saturation(limit, P, Q)),
    ...P.map((value, k) => define(`P${k}`, value)),
    ...(q > 0 ? Q.map((value, k) => define(`Q${k}`, value)) : []),
  ].join("");
}

const high = 355 / 512; // n·high is exact for |n| < 2^15 (Cephes, expf.c)
// The first 11 bits of pi/2, the next 11, and the rest: n times each of the first two is exact for |n| < 2^13.
const halfPi1 = Math.floor((Math.PI / 2) * 2 ** 10) / 2 ** 10;
const halfPi2 = Math.floor((Math.PI / 2 - halfPi1) * 2 ** 22) / 2 ** 22;
// biome-ignore lint/correctness/noPrecisionLoss: as published (Klambauer et al. 2017); a float64 keeps 17 digits of them
const selu = { lambda: 1.0507009873554804934193349852946, alpha: 1.6732632423543772848170429916717 };
const gelu = 2 * Math.sqrt(2 / Math.PI);
const header = `// Generated by scripts/fit.ts: the constants of vmath, exact float32 values, read by both asc and tsc. An error is that of the exact
// P or P/Q with these coefficients, relative to the function it serves.

export const LOG2E = ${fround(Math.LOG2E)};
// ln2 in two parts, the first short enough for exact products with exponents
export const LN2_HIGH = ${high};
export const LN2_LOW = ${fround(Math.LN2 - high)};
// pi/2 in three parts (Cody & Waite 1980), the first two short enough for exact products with |n| < 2^13
export const HALF_PI_1 = ${halfPi1};
export const HALF_PI_2 = ${halfPi2};
export const HALF_PI_3 = ${fround(Math.PI / 2 - halfPi1 - halfPi2)};
export const TWO_OVER_PI = ${fround(2 / Math.PI)};
// 1.5·2^23: adding it leaves a float32's nearest integer in the low bits of the sum
export const MAGIC = ${1.5 * 2 ** 23};
export const SQRT_HALF = ${fround(Math.SQRT1_2)};
export const INVERSE_SQRT_2PI = ${fround(1 / Math.sqrt(2 * Math.PI))};
// geluTanh's 2·sqrt(2/pi), 0.044715 times it, and three times that
export const GELU_LINEAR = ${fround(gelu)};
export const GELU_CUBIC = ${fround(gelu * 0.044715)};
export const GELU_CUBIC_3 = ${fround(3 * gelu * 0.044715)};
// selu's lambda, and lambda·alpha (Klambauer et al. 2017)
export const SELU_SCALE = ${fround(selu.lambda)};
export const SELU_SCALE_ALPHA = ${fround(selu.lambda * selu.alpha)};
export const SMALLEST_NORMAL = ${2 ** -126};
// the float32 below sqrt(1/2), as an integer
export const SQRT_HALF_BITS = ${new Int32Array(new Float32Array([Math.SQRT1_2]).buffer)[0]};
`;
writeFileSync("assembly/coefficients.ts", header + fits.map(fit).join(""));
