// The float32 functions of vmath: error in ulp against float64 over the whole range, special values, and AssemblyScript = JavaScript.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import asc from "assemblyscript/asc";
import { describe, expect, test } from "vitest";
import { type Claim, claims, names, vmath, worstErrors } from "./ulps.js";

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

describe("error", () => {
  test.each(names)("%s stays within its bound of ulps over all exponents, denormals included", (name) => {
    const { ulp, ulpNear0 = ulp } = claims[name] as Claim;
    const [worst, near0] = worstErrors(name, (visit) => {
      for (const x of floats(12347)) visit(x);
    });
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
