// Float64 functions against the engine's, and against published or 60-digit values.
import { describe, expect, test } from "vitest";
import { cosPi, exp, ln, normalQuantile, power, powerInteger } from "../src/float64.js";

const relative = (a: number, b: number) => Math.abs(a - b) / Math.abs(b);

describe("ln", () => {
  test("agrees with Math.log within 4e-16 over all magnitudes and near 1", () => {
    // Both are within 1 ulp, which is at most 2.2e-16 relative.
    for (let e = -1074; e <= 1023; ++e) {
      for (const m of [1, 1.1, 1.3, Math.SQRT2, 1.5, 1.9999]) {
        const x = e < -1022 ? 2 ** e : m * 2 ** e;
        if (x !== 1) expect(relative(ln(x), Math.log(x))).toBeLessThan(4e-16);
      }
    }
    for (let k = 1; k <= 50; ++k) for (const x of [1 + 2 ** -k, 1 - 2 ** -k]) expect(relative(ln(x), Math.log(x))).toBeLessThan(4e-16);
  });

  test("is exact where it can be", () => {
    expect([ln(1), ln(2), ln(0), ln(-0), ln(Number.POSITIVE_INFINITY)]).toEqual([
      0,
      Math.LN2,
      Number.NEGATIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ]);
    expect([ln(-1), ln(Number.NaN), ln(Number.NEGATIVE_INFINITY)]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });
});

describe("normalQuantile", () => {
  // Newton's method on erfc with 60 digits (mpmath) for exactly these float64 probabilities.
  // Those for 0.25, 0.001 and 1e-20 are also the check values in Wichura's paper.
  test.each([
    [1e-300, -37.0470962993612],
    [1e-100, -21.273453560965326],
    [1e-20, -9.262340089798409],
    [1e-10, -6.361340902404056],
    [0.001, -3.0902323061678136],
    [0.02, -2.053748910631823],
    [0.0749, -1.4402382675279637],
    [0.0751, -1.43882539275254],
    [0.25, -0.6744897501960817],
    [0.4999, -0.0002506628300880075],
    [0.6, 0.2533471031357997],
    [0.9, 1.2815515655446006],
    [0.97, 1.8807936081512504],
    [0.999999, 4.753424308817088],
    [1 - 2 ** -53, 8.209536151601387],
  ])("of %f is %f", (p, x) => {
    expect(relative(normalQuantile(p), x)).toBeLessThan(1e-15);
  });

  test("is odd about 1/2, and infinite at the ends", () => {
    for (const p of [2 ** -50, 2 ** -20, 0.0625, 0.125, 0.375]) expect(normalQuantile(1 - p)).toBe(-normalQuantile(p));
    expect([normalQuantile(0.5), normalQuantile(0), normalQuantile(1)]).toEqual([0, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
    expect([normalQuantile(-0.1), normalQuantile(1.1), normalQuantile(Number.NaN)]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });
});

describe("powerInteger", () => {
  test("is exact where the power is a float64", () => {
    expect([
      powerInteger(0.5, 0),
      powerInteger(3, 1),
      powerInteger(3, 33),
      powerInteger(-2, 3),
      powerInteger(2, 1023),
      powerInteger(0, 0),
    ]).toEqual([1, 3, 5559060566555523, -8, 2 ** 1023, 1]);
  });

  test("agrees with Math.pow within its bound for the decay rates of optimizers", () => {
    for (const base of [0.9, 0.95, 0.99, 0.999, 0.9999]) {
      for (const t of [1, 2, 3, 5, 8, 16, 17, 100, 1000, 6000]) {
        expect(relative(powerInteger(base, t), base ** t)).toBeLessThan((t + 2) * 2 ** -53); // 2 more for Math.pow's own error
      }
    }
  });
});

describe("exp", () => {
  test("agrees with Math.exp within 4e-16 over all magnitudes and near 0", () => {
    // Both are within 1 ulp, which is at most 2.2e-16 relative.
    for (let x = -708; x <= 709.7; x += 0.37) expect(relative(exp(x), Math.exp(x))).toBeLessThan(4e-16);
    for (let k = 1; k <= 50; ++k) for (const x of [2 ** -k, -(2 ** -k)]) expect(relative(exp(x), Math.exp(x))).toBeLessThan(4e-16);
  });

  test("ends where float64 does, through the subnormal numbers", () => {
    expect([exp(0), exp(-0), exp(710), exp(-746), exp(Number.POSITIVE_INFINITY), exp(Number.NEGATIVE_INFINITY)]).toEqual([
      1,
      1,
      Number.POSITIVE_INFINITY,
      0,
      Number.POSITIVE_INFINITY,
      0,
    ]);
    expect(exp(Number.NaN)).toBeNaN();
    for (const x of [-709, -720, -740, -745]) expect(Math.abs(exp(x) - Math.exp(x))).toBeLessThanOrEqual(2 ** -1074);
  });
});

describe("power", () => {
  test("agrees with Math.pow within its bound for the shares and powers of schedules", () => {
    for (let x = 0.001; x < 2; x += 0.013)
      for (const y of [0.25, 0.5, 0.9, 1, 1.5, 2, 2.75, 3, -0.5, 65])
        expect(relative(power(x, y), x ** y)).toBeLessThan((1 + Math.abs(y * Math.log(x))) * 2 ** -51.5);
  });

  test("has the limits of Math.pow", () => {
    for (const [x, y] of [
      [0, 2],
      [0, 0.5],
      [0, 0],
      [5, 0],
      [0, -1.5],
      [1, 0.3],
      [4, 0.5],
    ] as const)
      expect(power(x, y)).toBe(x ** y);
  });
});

describe("cosPi", () => {
  test("is the cosine of π times its argument, within 4e-16", () => {
    // Math.cos sees a rounded product; its slope times that rounding is at most π · 2^-53, and both round their results.
    for (let x = -2; x <= 2; x += 1 / 777) expect(Math.abs(cosPi(x) - Math.cos(Math.PI * x))).toBeLessThan(4e-16 + Math.abs(x) * 4e-16);
  });

  test("is exact at the multiples of 1/2, right at thirds, and even", () => {
    expect([0, 0.5, 1, 1.5, 2, 2.5, 3, 1e6 + 0.5, 1e6 + 1].map(cosPi)).toEqual([1, 0, -1, 0, 1, 0, -1, 0, -1].map((v) => v + 0));
    expect(Math.abs(cosPi(1 / 3) - 0.5)).toBeLessThan(2e-16);
    for (const x of [0.1, 0.4, 0.7, 1.3]) expect(cosPi(-x)).toBe(cosPi(x));
  });
});
