// Threefry, what src/random.ts makes of it, and the dropout kernel.
import { beforeAll, describe, expect, test } from "vitest";
import { Variate } from "../assembly/opcodes.js";
import { normalQuantile } from "../src/float64.js";
import { dense, meanSquaredError, network } from "../src/index.js";
import * as initializers from "../src/initializers.js";
import { drawSeed, permutation, Stream, threefry, uniform } from "../src/random.js";
import { Twin } from "./twin.js";

describe("threefry", () => {
  // Random123's kat_vectors, lines "threefry2x32 20": counter, key, result.
  const known = [
    [0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x6b200159, 0x99ba4efe],
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x1cb996fc, 0xbb002be7],
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xc4923a9c, 0x483df7a0],
  ] as const;
  test.each(known)("counter %i %i under key %i %i is the published block", (c0, c1, k0, k1, first, second) => {
    const out = new Uint32Array(2);
    threefry(k0, k1, c0, c1, out);
    expect([...out]).toEqual([first, second]);
  });
});

describe("uniform", () => {
  const draws = Float64Array.from({ length: 100_000 }, (_, i) => uniform(42, Stream.Initialize, 3, i));

  test("lies in [0, 1) in multiples of 2^-53", () => {
    expect(draws.every((u) => u >= 0 && u < 1 && Number.isInteger(u * 2 ** 53))).toBe(true);
    expect(draws.some((u) => !Number.isInteger(u * 2 ** 52))).toBe(true);
  });

  test("fills 100 bins evenly: chi-squared below its 99.9% point", () => {
    const bins = new Array(100).fill(0);
    for (const u of draws) ++bins[Math.floor(u * 100)];
    const chiSquared = bins.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
    expect(chiSquared).toBeLessThan(148.23); // 99 degrees of freedom
  });

  test("is a function of all four arguments", () => {
    const one = uniform(1, 2, 3, 4);
    expect(uniform(1, 2, 3, 4)).toBe(one);
    for (const other of [uniform(2, 2, 3, 4), uniform(1, 3, 3, 4), uniform(1, 2, 4, 4), uniform(1, 2, 3, 5)]) expect(other).not.toBe(one);
  });
});

describe("permutation", () => {
  test.each([0, 1, 2, 5, 1000])("of %i contains every row once and leaves the rest of `out`", (n) => {
    const out = new Uint32Array(n + 2).fill(7);
    permutation(n, 1, 0, out);
    expect([...out.slice(0, n)].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
    expect([...out.slice(n)]).toEqual([7, 7]);
  });

  test("all 24 orders of four rows are as frequent: chi-squared below its 99.9% point", () => {
    const counts = new Map<string, number>();
    const out = new Uint32Array(4);
    for (let epoch = 0; epoch < 24_000; ++epoch) {
      permutation(4, 9, epoch, out);
      counts.set(out.join(), (counts.get(out.join()) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    expect([...counts.values()].reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0)).toBeLessThan(49.73); // 23 degrees of freedom
  });

  test("the same seed and epoch give the same order, another epoch or seed another one", () => {
    const order = (seed: number, epoch: number) => {
      const out = new Uint32Array(100);
      permutation(100, seed, epoch, out);
      return out.join();
    };
    expect(order(1, 0)).toBe(order(1, 0));
    expect(new Set([order(1, 0), order(1, 1), order(2, 0)]).size).toBe(3);
  });
});

test("drawSeed gives uint32s that differ", () => {
  const seeds = Array.from({ length: 20 }, drawSeed);
  expect(seeds.every((s) => Number.isInteger(s) && s >= 0 && s < 2 ** 32)).toBe(true);
  expect(new Set(seeds).size).toBeGreaterThan(18); // a collision among 20 has probability 4e-8
});

describe("dropout", () => {
  let twin: Twin;
  beforeAll(async () => {
    twin = await Twin.create();
  });
  const seed = 0x9e3779b9;
  const stream = Stream.Dropout + 3;
  const half = 2 ** 31;
  const up = (columns: number) => (columns + 3) & ~3;

  /** y of x by the definition, in logical elements: the word of (row, column), then scale or 0. */
  function reference(x: ArrayLike<number>, columns: number, threshold: number, scale: number, number: number): Float32Array {
    const words = new Uint32Array(2);
    return Float32Array.from(x, (value, at) => {
      const [row, column] = [Math.floor(at / columns), at % columns];
      threefry(seed, stream, number, (row * Math.ceil(columns / 8) + Math.floor(column / 8)) * 4 + (column % 4), words);
      return value * (words[Math.floor(column / 4) % 2]! >= threshold ? scale : 0);
    });
  }

  const shapes = [1, 3, 5, 64].flatMap((rows) => [1, 3, 4, 5, 8, 12, 17, 64].map((columns) => [rows, columns] as const));
  test.each(shapes)("[%i, %i]: each element is scaled or dropped by its own word, in place too", (rows, columns) => {
    twin.reset();
    const x = Float32Array.from({ length: rows * columns }, (_, i) => i - 7);
    const [from, to] = [twin.placeRows(x, columns), twin.reserve(rows * up(columns))];
    const call = (y: number, input: number, begin: number, end: number) =>
      twin.call("dropout", y, input, seed, stream, half, 2, columns, up(columns), 11, begin, end);
    call(to, from, 0, rows);
    const expected = reference(x, columns, half, 2, 11);
    expect(twin.readRows(to, rows, columns)).toEqual(expected);
    // In place, as two threads would.
    call(from, from, 0, rows >> 1);
    call(from, from, rows >> 1, rows);
    expect(twin.readRows(from, rows, columns)).toEqual(expected);
  });

  test.each([0, 0.1, 0.5, 0.9])("a rate of %f drops that share, within 4 standard deviations, and others at the next step", (rate) => {
    twin.reset();
    const count = 256 * 64;
    const x = twin.placeRows(new Float32Array(count).fill(1), 64);
    const y = twin.reserve(count);
    const scale = Math.fround(1 / (1 - rate));
    const run = (step: number) => {
      twin.call("dropout", y, x, 5, stream, Math.floor(rate * 2 ** 32), scale, 64, 64, step, 0, 256);
      return twin.readRows(y, 256, 64);
    };
    const [first, second] = [run(1), run(2)];
    const dropped = first.filter((v) => v === 0).length;
    expect(Math.abs(dropped - rate * count)).toBeLessThanOrEqual(4 * Math.sqrt(count * rate * (1 - rate)));
    expect(first.every((v) => v === 0 || v === scale)).toBe(true);
    // Independent masks agree in rate² + (1 - rate)² of all places.
    const agreement = rate ** 2 + (1 - rate) ** 2;
    const same = first.filter((v, i) => v === second[i]).length;
    expect(Math.abs(same - agreement * count)).toBeLessThanOrEqual(4 * Math.sqrt(count * agreement * (1 - agreement)));
  });

  test("what is not finite is seen, kept or dropped", () => {
    twin.reset();
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const x = twin.placeRows(new Float32Array(64).fill(bad), 64);
      twin.call("dropout", x, x, seed, stream, half, 2, 64, 64, 0, 0, 1);
      expect(twin.readRows(x, 1, 64).some(Number.isFinite)).toBe(false);
    }
  });
});

describe("draw", () => {
  test.each([
    [Variate.Uniform, (u: number) => u],
    [Variate.UnitUniform, (u: number) => (2 * u - 1) * Math.sqrt(3)],
    [Variate.Normal, (u: number) => normalQuantile(u)],
    [Variate.Truncated, (u: number) => normalQuantile(0.02275013194817921 + u * (1 - 2 * 0.02275013194817921)) / 0.8796256610342398],
  ])("kind %i fills rows of any width with each element's own number and pads with zeros", async (kind, z) => {
    const twin = await Twin.create();
    for (const columns of [1, 3, 4, 5, 17, 64]) {
      const [rows, ld] = [7, (columns + 3) & ~3];
      const y = twin.reserve(rows * ld);
      twin.call("draw", y, 5, 2, kind, 0.25, 1.5, columns, ld, 0, 3);
      twin.call("draw", y, 5, 2, kind, 0.25, 1.5, columns, ld, 3, rows);
      const expected = Float32Array.from({ length: rows * columns }, (_, i) => 0.25 + 1.5 * z(uniform(5, Stream.Initialize, 2, i)));
      expect(twin.readRows(y, rows, columns)).toEqual(expected);
      for (let r = 0; r < rows; ++r)
        expect(twin.read(y + (r * ld + columns) * 4, ld - columns).every((pad) => Object.is(pad, 0))).toBe(true);
    }
  });

  test("a network's parameters are what its initializers fill, whichever backend draws them", async () => {
    const { lecunUniform, heNormal, normal, uniform: between } = initializers;
    for (const backend of ["wasm", "js"] as const) {
      const given = [lecunUniform(), normal({ mean: 1, std: 0.5 }), heNormal(), between({ min: -2, max: 3 })];
      const layers = [dense(5, { weight: given[0]!, bias: given[1]! }), dense(3, { weight: given[2]!, bias: given[3]! })];
      const net = await network({ input: 7, layers, loss: meanSquaredError(), seed: 9, backend });
      net.parameters().forEach(({ shape, values }, p) => {
        expect(values).toEqual(given[p]!.fill(shape, (element) => uniform(9, Stream.Initialize, p, element)));
      });
    }
  });
});
