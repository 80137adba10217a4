// npx tsx bench/ladder/steps.ts: GB/s of the ways to write an optimizer's loop that were tried, on slabs of 784-512-512-10. How the loops
// of assembly/descent.ts were chosen: what a turn costs beside arithmetic is V8's, and depends on the engine and on where code begins.
import { compileAssembly } from "../compile.js";
import { median } from "../median.js";

/** Elements of a slab, a multiple of 8, so that no way needs a tail. */
const END = 670_736;
const SLAB = 65_536 * Math.ceil((END * 4) / 65_536);
const ROUNDS = 15;
/** Milliseconds before anything counts, each. */
const WARM = 300;

/** Vectors a turn: one; two whose stores come last, so that V8 keeps both in registers; two one after the other. */
const ways = ["one", "interleaved", "in turn"] as const;

interface Formula {
  /** Slabs: `w`, `v` and `g`; means of squares `s` too. */
  readonly squares?: true;
  /** What a vector computes, and what it then stores; `@` stands for its number, its offset is the constant `OFFSET`. */
  readonly compute: string;
  readonly store: string;
}
const load = (slab: string) => `v128.load(${slab} + at, OFFSET)`;
/** The gradient; with weight decay in the loop a product and a sum more, what many optimizers had. */
const gradient = (decays: boolean) => (decays ? `multiplyAdd(a, w@, ${load("g")})` : load("g"));
const store = (slab: string, value: string) => `v128.store(${slab} + at, ${value}, OFFSET);`;
const lion = (sign: string): Formula => ({
  compute: `const g@ = ${load("g")}; const m@ = ${load("v")};
    const c@ = multiplyAdd(a, m@, f32x4.mul(b, g@)); const next@ = multiplyAdd(c, m@, f32x4.mul(d, g@));
    const y@ = f32x4.sub(f32x4.mul(d, ${load("w")}), ${sign}); watched = f32x4.add(watched, y@);`,
  store: store("v", "next@") + store("w", "y@"),
});
/** A step along `m` divided by what is computed from the mean of squares `s`. */
const divided = (squares: string, step: string, decays = false): Formula => ({
  squares: true,
  compute: `const w@ = ${load("w")}; const g@ = ${gradient(decays)}; const m@ = multiplyAdd(c, ${load("v")}, f32x4.mul(b, g@));
    const s@ = ${squares}; const y@ = ${step}; watched = f32x4.add(f32x4.add(watched, s@), y@);`,
  store: store("v", "m@") + store("s", "s@") + store("w", "y@"),
});
const mean = `multiplyAdd(c, ${load("s")}, f32x4.mul(d, f32x4.mul(g@, g@)))`;
const momentum = (decays: boolean): Formula => ({
  compute: `const w@ = ${load("w")}; const g@ = ${gradient(decays)};
    const next@ = multiplyAdd(b, ${load("v")}, f32x4.mul(c, g@)); const y@ = multiplyAdd(d, next@, w@); watched = f32x4.add(watched, y@);`,
  store: store("v", "next@") + store("w", "y@"),
});
const alongMean = "multiplyAdd(a, f32x4.div(m@, multiplyAdd(f32x4.sqrt(s@), c, a)), f32x4.mul(b, w@))";
const formulas: Readonly<Record<string, Formula>> = {
  momentum: momentum(false),
  "momentum, decay": momentum(true),
  "lion, sign by bits": lion("v128.or(v128.and(v128.xor(a, v128.and(c@, minus)), f32x4.ne(c@, zero)), f32x4.sub(c@, c@))"),
  "lion, sign by a product": lion("v128.and(v128.or(f32x4.mul(c@, zero), a), f32x4.ne(c@, zero))"),
  adam: divided(mean, alongMean),
  "adam, decay": divided(mean, alongMean, true),
  nadam: divided(mean, "f32x4.sub(w@, f32x4.div(multiplyAdd(a, m@, f32x4.mul(a, g@)), multiplyAdd(f32x4.sqrt(s@), c, a)))"),
  adamax: divided(`f32x4.pmax(f32x4.add(f32x4.abs(g@), a), f32x4.mul(c, ${load("s")}))`, "multiplyAdd(a, f32x4.div(m@, s@), w@)"),
};

const variants = Object.entries(formulas).flatMap(([formula, { compute, store, squares }], f) =>
  ways.map((way, w) => {
    const [first, second] = [0, 1].map((i) =>
      [compute, store].map((text) => text.replaceAll("@", `${i}`).replaceAll("OFFSET", `${16 * i}`)),
    );
    const turn = way === "one" ? first! : way === "in turn" ? [...first!, ...second!] : [first![0], second![0], first![1], second![1]];
    const name = `step${f}${w}`;
    const source = `
export function ${name}(w: usize, v: usize, g: usize, s: usize, end: usize): f32 {
  const a = f32x4.splat(1e-9); const b = f32x4.splat(0.1); const c = f32x4.splat(0.9); const d = f32x4.splat(0.01);
  const zero = f32x4.splat(0); const minus = f32x4.splat(-0.0);
  let watched = f32x4.splat(0); let at: usize = 0;
  do { ${turn.join("\n")} at += ${way === "one" ? 16 : 32}; } while (at < end);
  return f32x4.extract_lane(watched, 0);
}`;
    return { formula, name, source, bytes: squares ? 28 : 20, samples: [] as number[] };
  }),
);
const sources = variants.map(({ source }) => source).join("");
const module = compileAssembly("steps", `import { multiplyAdd } from "../../assembly/arithmetic";\n${sources}`);
const memory = new WebAssembly.Memory({ initial: (4 * SLAB) / 65_536 });
const f32 = new Float32Array(memory.buffer);
const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as Record<string, (...args: number[]) => void>;

for (let round = -1; round < ROUNDS; ++round)
  for (const { name, bytes, samples } of variants) {
    f32.fill(0.5); // anew, for what shrinks from call to call ends as subnormal numbers, which take longer
    const from = performance.now();
    let calls = 0;
    do {
      kernels[name]!(0, SLAB, 2 * SLAB, 3 * SLAB, END * 4);
      ++calls;
    } while (performance.now() - from < (round < 0 ? WARM : 1));
    if (round >= 0) samples.push((calls * END * bytes) / (performance.now() - from) / 1e6);
  }

console.log(`Node ${process.versions.node}, one thread, ${END} elements, GB/s (median of ${ROUNDS})`);
console.log(`${"".padEnd(24)}${ways.map((way) => way.padStart(12)).join("")}`);
for (const formula of Object.keys(formulas)) {
  const row = variants.filter((variant) => variant.formula === formula);
  console.log(`${formula.padEnd(24)}${row.map(({ samples }) => median(samples).toFixed(1).padStart(12)).join("")}`);
}
