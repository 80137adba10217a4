// What vmath claims of its float32 functions, and how an error is measured; for the test, which takes samples, and scripts/ulps.ts, which
// takes every float32.
import * as twins from "../src/backends/kernels/vmath.js";

/** erf by its series of positive terms (Abramowitz & Stegun 7.1.6); 1 within float64 beyond 6. */
function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 6 || Number.isNaN(x)) return Math.sign(x);
  let [sum, term] = [0, a];
  for (let n = 1; term > sum * 1e-17; ++n) {
    sum += term;
    term *= (2 * a * a) / (2 * n + 1);
  }
  return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * Math.exp(-a * a) * sum;
}

export interface Claim {
  readonly reference: (x: number) => number;
  /** Measured bounds, in ulp of the reference: overall, and for |x| <= 1 where that is better. */
  readonly ulp: number;
  readonly ulpNear0?: number;
  /** Arguments it is for; all float32 by default. */
  readonly holds?: (x: number) => boolean;
}

export const claims = {
  exp: { reference: Math.exp, ulp: 1.01 },
  // As exp, whose twin it shares, where it is meant for.
  expNegative: { reference: Math.exp, ulp: 1.01, holds: (x) => !(x > 0) },
  expm1: { reference: Math.expm1, ulp: 1.7 },
  log: { reference: Math.log, ulp: 0.9 },
  log1p: { reference: Math.log1p, ulp: 1.5 },
  log1pUnit: { reference: Math.log1p, ulp: 2, holds: (x) => x >= 0 && x <= 1 },
  sigmoid: { reference: (x) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x))), ulp: 2.5 },
  softplus: { reference: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), ulp: 2.9 },
  tanh: { reference: Math.tanh, ulp: 6.3, ulpNear0: 3.7 },
  erf: { reference: erf, ulp: 8, ulpNear0: 3.2 },
  // Beyond |x| = 1, where the reference nears 0, an error is as good as its absolute size: see below.
  sin: { reference: Math.sin, ulp: 1.5, holds: (x) => Math.abs(x) <= 1 },
  cos: { reference: Math.cos, ulp: 1.5, holds: (x) => Math.abs(x) <= 1 },
} satisfies Record<string, Claim>;
export const vmath: Record<keyof typeof claims, (x: number) => number> = { ...twins, expNegative: twins.exp };
export const names = Object.keys(claims) as (keyof typeof claims)[];

const f64 = new Float64Array(1);
const f64Words = new Uint32Array(f64.buffer);
/** The last place of a float32 by the exponent of the exact value, as float64 has it: 2^-149 among the denormals. */
const lastPlace = Float64Array.from({ length: 1023 + 128 }, (_, exponent) => 2 ** Math.max(exponent - 1023 - 23, -149));

/** Distance in units of the last float32 place of the exact value. */
function ulps(value: number, exact: number): number {
  f64[0] = Math.abs(exact);
  return Math.abs(value - exact) / lastPlace[f64Words[1]! >>> 20]!;
}

/** The largest errors of a function over arguments, in ulp: of all, and of those in [-1, 1].
 * @param each calls what it is given with each argument
 * @throws where the exact value rounds to an infinity or is NaN and the function's value is another */
export function worstErrors(name: keyof typeof claims, each: (visit: (x: number) => void) => void): readonly [all: number, near0: number] {
  const { reference, holds = () => true } = claims[name] as Claim;
  const approximation = vmath[name];
  let worst = 0;
  let near0 = 0;
  each((x) => {
    if (!holds(x)) return;
    const value = approximation(x);
    const exact = reference(x);
    const rounded = Math.fround(exact);
    if (!Number.isFinite(rounded)) {
      if (!Object.is(value, rounded)) throw new Error(`${name}(${x}) = ${value}, expected ${rounded}`);
      return;
    }
    const error = ulps(value, exact);
    worst = Math.max(worst, error);
    if (Math.abs(x) <= 1) near0 = Math.max(near0, error);
  });
  return [worst, near0];
}
