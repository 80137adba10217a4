import { setFlagsFromString } from "node:v8";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { Block } from "../assembly/gemm/blocks.js";
import { Control, Op, Start, Tile } from "../assembly/opcodes.js";
import { lacks } from "../src/backends/engine.js";
import { ops } from "../src/plan/ops.js";
import { Twin } from "./twin.js";

const forms = ["gemm", "gemmTransposedA", "gemmTransposedB"] as const;
type Form = (typeof forms)[number];

let twin: Twin;
beforeAll(async () => {
  twin = await Twin.create();
});
beforeEach(() => twin.reset());

/** Numerical Recipes' linear congruential generator (3rd ed., 7.1), high bits. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
}

/** Values of mixed size and sign, some of them zeros of either sign, so that any other order of adding shows. */
function values(count: number, random: () => number): Float32Array {
  return Float32Array.from({ length: count }, () => {
    const u = random();
    if (u < 0.05) return u < 0.025 ? 0 : -0;
    return (random() - 0.5) * 2 ** Math.floor(8 * random() - 4);
  });
}

interface Case {
  readonly form: Form;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly start: Start;
  readonly activation?: number;
  readonly begin?: number;
  readonly end?: number;
}

/** The definition: a float32 triple loop. `a` is [m, k], `b` is [k, n]. */
function reference({ m, n, k, start }: Case, a: Float32Array, b: Float32Array, c: Float32Array, bias: Float32Array): Float32Array {
  const out = new Float32Array(m * n);
  for (let i = 0; i < m; ++i) {
    for (let j = 0; j < n; ++j) {
      let sum = start === Start.C ? c[i * n + j]! : start === Start.Bias ? bias[j]! : 0;
      for (let p = 0; p < k; ++p) sum = Math.fround(sum + Math.fround(a[i * k + p]! * b[p * n + j]!));
      out[i * n + j] = sum;
    }
  }
  return out;
}

function transpose(x: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from({ length: x.length }, (_, i) => x[(i % rows) * columns + Math.floor(i / rows)]!);
}

/** Scratch lies beyond what the twin compares: only WebAssembly packs. Its elements up to the next are NaN before the call. */
const scratch = 12 << 20;

/** Runs one product on both backends, all padding and the scratch memory NaN. Returns C with its padding and what it should be. */
function run(spec: Case, random: () => number, a = values(spec.m * spec.k, random), b = values(spec.k * spec.n, random)) {
  const { form, m, n, k, start, activation = 0, begin = 0, end = m } = spec;
  const up = (x: number) => (x + 3) & ~3;
  const c = values(m * n, random);
  const biases = values(n, random);
  const at = {
    a: form === "gemmTransposedA" ? twin.placeRows(transpose(a, m, k), m) : twin.placeRows(a, k),
    b: form === "gemmTransposedB" ? twin.placeRows(transpose(b, k, n), k) : twin.placeRows(b, n),
    c: twin.placeRows(c, n),
    bias: twin.placeRows(biases, n),
  };
  const lda = up(form === "gemmTransposedA" ? m : k);
  const ldb = up(form === "gemmTransposedB" ? k : n);
  const before = twin.read(at.c, m * up(n));
  const reserved = ops[form]().operands[4].span!({ end: m, n, k });
  twin.wasm.f32.fill(Number.NaN, scratch >> 2, (scratch >> 2) + reserved + 64);
  const bias = start === Start.Bias ? at.bias : 0;
  twin.call(form, at.c, at.a, at.b, bias, reserved ? scratch : 0, n, k, lda, ldb, up(n), start, activation, 1 / 4, begin, end);
  const beyond = twin.wasm.f32.subarray((scratch >> 2) + reserved, (scratch >> 2) + reserved + 64);
  return { c: twin.read(at.c, m * up(n)), before, beyond, wanted: reference(spec, a, b, c, biases), stride: up(n) };
}

/** Exact equality, -0 and +0 told apart; padding must be +0, rows outside [begin, end) as before. */
function check(spec: Case, random: () => number, f = (x: number) => x, draw = values): void {
  twin.reset();
  const { c, before, beyond, wanted, stride } = run(spec, random, draw(spec.m * spec.k, random), draw(spec.k * spec.n, random));
  const bits = (x: ArrayLike<number>) => new Uint32Array(Float32Array.from(x).buffer);
  const full = Float32Array.from(before);
  for (let i = spec.begin ?? 0; i < (spec.end ?? spec.m); ++i) {
    full.fill(0, i * stride, (i + 1) * stride);
    for (let j = 0; j < spec.n; ++j) full[i * stride + j] = f(wanted[i * spec.n + j]!);
  }
  const [got, expected] = [bits(c), bits(full)];
  const wrong = got.findIndex((x, i) => x !== expected[i]);
  if (wrong >= 0)
    throw new Error(
      `${JSON.stringify(spec)}: row ${Math.floor(wrong / stride)}, column ${wrong % stride}: ${c[wrong]}, wanted ${full[wrong]}`,
    );
  if (!beyond.every(Number.isNaN)) throw new Error(`${JSON.stringify(spec)}: wrote beyond its scratch`);
}

const starts = [Start.Zero, Start.C, Start.Bias];

for (const form of forms) {
  test(`${form}: every element is the float32 sum over k in order, for all small sizes`, () => {
    const random = generator(1);
    for (const m of [1, 2, 3, 4, 5, 8])
      for (const n of [1, 2, 3, 4, 5, 7, 8, 9, 13])
        for (const k of [1, 2, 3, 4, 5, 8]) for (const start of starts) check({ form, m, n, k, start }, random);
  });

  test(`${form}: the same for sizes across tiles and blocks, drawn at random`, () => {
    const random = generator(2);
    const sizes = [1, 2, 3, 4, 5, 7, 8, 9, 13, 17, 31, 64, 100, 257];
    const draw = () => sizes[Math.floor(random() * sizes.length)]!;
    for (let i = 0; i < 120; ++i) check({ form, m: draw(), n: draw(), k: draw(), start: starts[i % 3]! }, random);
  });

  test(`${form}: blocks of k, of rows and of columns change no bit`, () => {
    const random = generator(3);
    check({ form, m: 13, n: 21, k: 2 * Block.KC + 3, start: Start.Zero }, random);
    check({ form, m: 13, n: 21, k: 2 * Block.KC + 3, start: Start.Bias }, random);
    check({ form, m: Block.Few, n: 30, k: Block.KC + 1, start: Start.C }, random);
    check({ form, m: Block.Few - 1, n: 33, k: Block.KC - 5, start: Start.Zero }, random);
    check({ form, m: Block.Few + 1, n: 30, k: Block.KC + 1, start: Start.C }, random);
    check({ form, m: Block.Few + 12, n: 71, k: Block.KC, start: Start.C, begin: 8, end: Block.Few + 9 }, random);
    check({ form, m: 3 * Block.MC + 6, n: Block.B / Block.KC + 11, k: Block.KC + 6, start: Start.Bias }, random);
    check({ form, m: 7, n: 20, k: 32 * Block.KC, start: Start.C }, random);
    // Up to three rows: strips of 32 columns, and what is left of them, in blocks of so many k that end anywhere.
    for (const m of [1, 2, 3])
      for (const n of [27, 31, 32, 33, 60, 64, 99, 130, Block.SmallB / 8 + 3]) {
        const depth = Math.floor(Block.SmallB / n);
        for (const k of [depth - 1, depth + 1, 2 * depth + 7]) check({ form, m, n, k, start: starts[k % 3]! }, random);
      }
    check({ form, m: 9, n: Block.B / Block.KC + 3, k: 2 * Block.KC, start: Start.Zero }, random);
    check({ form, m: 32, n: 17, k: Block.KC + 4, start: Start.C }, random);
    check({ form, m: 64, n: 33, k: Block.KC, start: Start.Zero }, random);
  });

  test(`${form}: blocks of A in panels change no bit`, () => {
    const random = generator(10);
    const [n, k] = [512, 192];
    check({ form, m: 45, n, k, start: Start.Zero }, random);
    check({ form, m: 47, n: n - 4, k, start: Start.Bias }, random);
    check({ form, m: 46, n: n + 7, k: k - 1, start: Start.C }, random);
    check({ form, m: 103, n: n + 1, k: k + 6, start: Start.C, begin: 8, end: 99 }, random);
    check({ form, m: Block.Few, n: n + 9, k: 2 * Block.KC - 5, start: Start.C }, random);
    check({ form, m: 3 * Block.MC + 13, n: n + 9, k: 2 * Block.KC - 5, start: Start.Bias }, random);
  });

  test(`${form}: a range of rows is those rows of the whole, and leaves the others alone`, () => {
    const random = generator(4);
    for (const [m, n, k] of [
      [13, 9, 5],
      [100, 70, 130],
      [257, 17, 64],
    ] as const) {
      for (const [begin, end] of [
        [0, 4],
        [4, m],
        [8, 12],
        [8, 11],
        [4, 4],
      ] as const)
        check({ form, m, n, k, start: Start.C, begin, end }, random);
    }
  });

  test(`${form}: the activation is applied once, to the finished sums`, () => {
    const random = generator(5);
    const leakyRelu = (x: number) => (x < 0 ? x / 4 : x); // exact, and twice is not once
    for (const [m, n, k] of [
      [1, 3, 5],
      [5, 7, 4],
      [70, 33, 40],
      [4 * Block.MC + 15, Block.B / Block.KC + 5, Block.KC + 9],
    ] as const) {
      for (const start of starts) check({ form, m, n, k, start, activation: Op.LeakyReluForward }, random, leakyRelu);
    }
  });

  test(`${form}: one sample's products, of one row or of one k, over several vectors and with padding`, () => {
    const random = generator(9);
    for (const m of [1, 2, 3, 4, 9])
      for (const n of [9, 12, 15, 16, 17, 35, 64, 70])
        for (const k of m === 1 ? [1, 2, 3, 4, 5, 7, 30, 64] : [1]) for (const start of starts) check({ form, m, n, k, start }, random);
    check({ form, m: 2, n: Block.B + 70, k: 1, start: Start.Zero }, random);
  });

  test(`${form}: sums begin at +0, and -0 is kept where it is added to -0`, () => {
    const negative = Float32Array.of(-0);
    const one = Float32Array.of(1);
    const random = generator(6);
    const spec = { form, m: 1, n: 1, k: 1 } as const;
    expect(run({ ...spec, start: Start.Zero }, random, negative, one).c[0]).toBe(0); // IEEE 754, 6.3: +0 + -0 = +0
    const biased = run({ ...spec, start: Start.C }, () => 0.03, negative, one); // 0.03 draws a -0 for C
    expect(biased.before[0]).toBe(-0);
    expect(biased.c[0]).toBe(-0);
  });

  test(`${form}: a NaN or an infinity of A reaches its row and no padding`, () => {
    const random = generator(7);
    const a = values(6 * 5, random);
    a[2 * 5 + 1] = Number.NaN;
    a[4 * 5 + 4] = Number.POSITIVE_INFINITY;
    const { c, stride } = run({ form, m: 6, n: 5, k: 5, start: Start.Zero }, random, a, values(25, random).fill(1));
    for (let i = 0; i < 6; ++i) {
      const row = c.subarray(i * stride, i * stride + 5);
      expect(row.every((x) => (i === 2 ? Number.isNaN(x) : i === 4 ? x === Number.POSITIVE_INFINITY : Number.isFinite(x)))).toBe(true);
      expect(Array.from(c.subarray(i * stride + 5, (i + 1) * stride))).toEqual([0, 0, 0]);
    }
  });
}

/** Whole numbers whose products and sums are exact, so that relaxed arithmetic, which may fuse them, has no other result. */
function wholeNumbers(count: number, random: () => number): Float32Array {
  return Float32Array.from({ length: count }, () => Math.floor(17 * random()) - 8);
}

const tilesOf = { strict: [Tile.R2C16, Tile.R4C16, Tile.R5C8], relaxed: [Tile.R2C16, Tile.R6C8, Tile.R6C16] };
for (const build of ["strict", "relaxed"] as const)
  for (const tile of tilesOf[build])
    test(`${build}: tile ${Tile[tile]} changes no bit`, async () => {
      if (build === "relaxed" && lacks("relaxedSimd")) setFlagsFromString("--experimental-wasm-relaxed-simd"); // Node 20 has it behind this flag
      const usual = twin;
      twin = await Twin.create(1 << 24, build);
      twin.wasm.u32[Control.Tile >> 2] = tile;
      const random = generator(8);
      const draw = () => [1, 2, 3, 5, 6, 7, 8, 11, 15, 16, 17, 31, 33, 50, 100, 257][Math.floor(16 * random())]!;
      for (let i = 0; i < 120; ++i) {
        const spec = { form: forms[i % 3]!, m: draw(), n: draw(), k: draw(), start: starts[Math.floor(i / 3) % 3]! };
        check(spec, random, undefined, build === "strict" ? values : wholeNumbers);
      }
      // Where A goes to panels: in one block of rows and in several, of k and of columns, with rows that fill no panel.
      const of = (...sizes: number[]) => sizes[Math.floor(sizes.length * random())]!;
      for (let i = 0; i < 45; ++i) {
        const least = tile === Tile.R5C8 ? Block.PanelColumns5 : Block.PanelColumns;
        const [m, n, k] = [of(4, 5, 6, 7, 13, 48, 61, 129, 175), of(least, 260, 300, 544), of(32, 33, 65, 255, 261, 518)];
        check(
          { form: forms[i % 3]!, m, n, k, start: starts[Math.floor(i / 3) % 3]! },
          random,
          undefined,
          build === "strict" ? values : wholeNumbers,
        );
      }
      twin = usual;
    });
