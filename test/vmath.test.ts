// The float32 functions of vmath: error in ulp against float64 over the whole range, special values, and AssemblyScript = JavaScript.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import asc from "assemblyscript/asc";
import { describe, expect, test } from "vitest";
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

interface Claim {
  readonly reference: (x: number) => number;
  /** Measured bounds, in ulp of the reference: overall, and for |x| <= 1 where that is better. */
  readonly ulp: number;
  readonly ulpNear0?: number;
  /** Arguments it is for; all float32 by default. */
  readonly holds?: (x: number) => boolean;
}

const claims = {
  exp: { reference: Math.exp, ulp: 1 },
  // As exp, whose twin it shares, where it is meant for.
  expNegative: { reference: Math.exp, ulp: 1, holds: (x) => !(x > 0) },
  expm1: { reference: Math.expm1, ulp: 1.7 },
  log: { reference: Math.log, ulp: 0.8 },
  log1p: { reference: Math.log1p, ulp: 1.5 },
  log1pUnit: { reference: Math.log1p, ulp: 2, holds: (x) => x >= 0 && x <= 1 },
  sigmoid: { reference: (x) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x))), ulp: 2.3 },
  softplus: { reference: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), ulp: 2.8 },
  tanh: { reference: Math.tanh, ulp: 6, ulpNear0: 3.4 },
  erf: { reference: erf, ulp: 7, ulpNear0: 3.2 },
  // Beyond |x| = 1, where the reference nears 0, an error is as good as its absolute size: see below.
  sin: { reference: Math.sin, ulp: 1.5, holds: (x) => Math.abs(x) <= 1 },
  cos: { reference: Math.cos, ulp: 1.5, holds: (x) => Math.abs(x) <= 1 },
} satisfies Record<string, Claim>;
const vmath: Record<keyof typeof claims, (x: number) => number> = { ...twins, expNegative: twins.exp };
const names = Object.keys(claims) as (keyof typeof claims)[];

const f32 = new Float32Array(1);
const u32 = new Uint32Array(f32.buffer);

/** Every `step`-th float32 by its bits, so all exponents and both signs alike; from 2^-7 to 2^7, where functions turn, 16 times as dense. */
function* floats(step: number): Generator<number> {
  for (let bits = 0; bits < 2 ** 32; bits += step) {
    u32[0] = bits;
    const dense = Math.abs(f32[0]!) >= 2 ** -7 && Math.abs(f32[0]!) < 2 ** 7;
    for (let k = 0; k < (dense ? 16 : 1); ++k) {
      u32[0] = bits + Math.floor((k * step) / 16);
      if (!Number.isNaN(f32[0]!)) yield f32[0]!;
    }
  }
}

/** Distance in units of the last float32 place of the exact value (2^-149 among the denormals). */
function ulps(value: number, exact: number): number {
  f32[0] = Math.abs(exact);
  const exponent = Math.max(u32[0]! >>> 23, 1) - 127;
  return Math.abs(value - exact) / 2 ** (exponent - 23);
}

describe("error", () => {
  test.each(names)("%s stays within its bound of ulps over all exponents, denormals included", (name) => {
    const { reference, ulp, ulpNear0 = ulp, holds = () => true } = claims[name] as Claim;
    let [worst, near0] = [0, 0];
    for (const x of floats(12347)) {
      if (!holds(x)) continue;
      const [value, exact] = [vmath[name](x), reference(x)];
      const rounded = Math.fround(exact);
      if (!Number.isFinite(rounded)) {
        if (!Object.is(value, rounded)) throw new Error(`${name}(${x}) = ${value}, expected ${rounded}`);
        continue;
      }
      const error = ulps(value, exact);
      worst = Math.max(worst, error);
      if (Math.abs(x) <= 1) near0 = Math.max(near0, error);
    }
    expect(worst).toBeLessThanOrEqual(ulp);
    expect(near0).toBeLessThanOrEqual(ulpNear0);
    expect(worst).toBeGreaterThan(ulp / 2); // the bound says something
  });
});

describe("limits", () => {
  const huge = Math.fround(3.4e38);
  test.each<[keyof typeof claims, number, number]>([
    ["exp", Number.NEGATIVE_INFINITY, 0],
    ["exp", Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ["exp", 0, 1],
    ["exp", -huge, 0],
    ["expm1", Number.NEGATIVE_INFINITY, -1],
    ["expm1", Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ["expm1", 2 ** -149, 2 ** -149],
    ["log", 0, Number.NEGATIVE_INFINITY],
    ["log", -1, Number.NaN],
    ["log", Number.NEGATIVE_INFINITY, Number.NaN],
    ["log", 1, 0],
    ["log", Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ["log1p", -1, Number.NEGATIVE_INFINITY],
    ["log1p", -2, Number.NaN],
    ["log1p", 2 ** -149, 2 ** -149],
    ["log1p", Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ["tanh", 9.02, 1],
    ["tanh", -9.02, -1],
    ["tanh", Number.POSITIVE_INFINITY, 1],
    ["tanh", Number.NEGATIVE_INFINITY, -1],
    ["tanh", 2 ** -149, 2 ** -149],
    ["tanh", -0, -0],
    ["sigmoid", huge, 1],
    ["sigmoid", -huge, 0],
    ["sigmoid", Number.NEGATIVE_INFINITY, 0],
    ["sigmoid", 0, 0.5],
    ["softplus", huge, huge],
    ["softplus", -huge, 0],
    ["softplus", Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ["erf", 3.93, 1],
    ["erf", -3.93, -1],
    ["erf", -0, -0],
    ["erf", Number.NEGATIVE_INFINITY, -1],
  ])("%s(%d) = %d", (name, x, y) => {
    expect(vmath[name](Math.fround(x))).toBe(y);
  });

  test.each(names)("%s(NaN) = NaN", (name) => {
    expect(vmath[name](Number.NaN)).toBeNaN();
  });

  test("tanh and erf stay within [-1, 1], so that 1 - y² is never negative", () => {
    for (const x of floats(65537)) {
      expect(Math.abs(vmath.tanh(x)) <= 1 && Math.abs(vmath.erf(x)) <= 1).toBe(true);
    }
  });
});

test("sin and cos are off by at most 1e-7 for |x| <= 10^4, and in [-1, 1] for every finite x", () => {
  let worst = 0;
  for (const x of floats(65537)) {
    const [s, c] = [vmath.sin(x), vmath.cos(x)];
    expect(Math.abs(s) <= 1 && Math.abs(c) <= 1).toBe(Number.isFinite(x));
    if (Math.abs(x) <= 1e4) worst = Math.max(worst, Math.abs(s - Math.sin(x)), Math.abs(c - Math.cos(x)));
  }
  expect(worst).toBeLessThan(1e-7);
});

describe("two languages", async () => {
  // v128 functions cannot be called from JavaScript: a module made for this test loops over them.
  const directory = mkdtempSync(resolve("build/vmath-"));
  const loop = (name: string) => `export function ${name}(y: usize, x: usize, end: usize): void {
    for (let at: usize = 0; at < end; at += 16) v128.store(y + at, vmath.${name}(v128.load(x + at)));
  }`;
  writeFileSync(`${directory}/each.ts`, `import * as vmath from "../../assembly/vmath";\n${names.map(loop).join("\n")}`);
  const wasm = `${directory}/each.wasm`;
  const options = ["--runtime", "stub", "--noAssert", "--importMemory", "--enable", "simd", "--use", "abort=", "-O2", "--config", "none"];
  const { error, stderr } = await asc.main([relative(".", `${directory}/each.ts`), "-o", relative(".", wasm), ...options]);
  if (error) throw new Error(stderr.toString());
  const memory = new WebAssembly.Memory({ initial: 256 });
  const { exports } = await WebAssembly.instantiate(await WebAssembly.compile(readFileSync(wasm)), { env: { memory } });
  rmSync(directory, { recursive: true });

  test.each(names)("%s has the same bits in WebAssembly and JavaScript for every kind of float32", (name) => {
    const xs = Float32Array.from([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, ...floats(12347)]);
    const count = xs.length & ~3;
    const [x, y] = [1 << 16, 1 << 23];
    new Float32Array(memory.buffer, x, xs.length).set(xs);
    (exports[name] as (y: number, x: number, end: number) => void)(y, x, count * 4);
    const actual = new Float32Array(memory.buffer, y, count);
    const { holds = () => true } = claims[name] as Claim;
    for (let i = 0; i < count; ++i) {
      if (name === "expNegative" && !holds(xs[i]!)) continue;
      const expected = vmath[name](xs[i]!);
      if (!Object.is(actual[i], expected)) throw new Error(`${name}(${xs[i]}): wasm ${actual[i]}, js ${expected}`);
    }
  });
});
