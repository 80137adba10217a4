// What this core can do at most with 128-bit multiplications and additions: the fastest of loops that live in registers and of
// micro-kernels on panels in L1. Many, because each engine spoils some of them by how it gives out registers.
import { base64 as relaxedLoops } from "../build/limitRelaxed.js";
import { base64 as strictLoops } from "../build/limitStrict.js";
import { CHAINS, micro, ORDERS, TILES } from "../scripts/limit.js";
import { tileName } from "../scripts/micro.js";
import { type Budget, type Figure, measure } from "./measure.js";

export interface Limit {
  readonly name: string;
  /** GFLOP/s */
  readonly figure: Figure;
}

interface Candidate {
  readonly name: string;
  readonly flops: number;
  run(): void;
}

const LOOP = 1024;
const K = 256;
/** Bytes from one row of C to the next. */
const LDC = 1024;
/** Calls of a tile in one call of a sweep. */
const TIMES = 16;

function candidates(arithmetic: "strict" | "relaxed"): Candidate[] {
  const memory = new WebAssembly.Memory({ initial: 4 });
  const module = new WebAssembly.Module(Buffer.from(arithmetic === "strict" ? strictLoops : relaxedLoops, "base64"));
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const call = instance.exports as Record<string, (...args: number[]) => void>;
  const f32 = new Float32Array(memory.buffer);
  const [a, b, c] = [1 << 16, 1 << 17, 3 << 16];
  f32.fill(0.5, 0, c >> 2); // The loops' c = c·x + y stays at 1: nothing grows, nothing becomes denormal.

  return [
    ...CHAINS.flatMap((chains) =>
      ORDERS.map((order) => {
        const loop = call[`${order}${chains}`]!;
        return { name: `${chains} chains ${order}`, flops: LOOP * chains * 8, run: () => loop(0, LOOP) };
      }),
    ),
    ...TILES.map(({ rows, vectors }) => {
      const sweep = call[`sweep${rows}x${vectors * 4}`]!;
      return {
        name: `tile ${rows}x${vectors * 4}`,
        flops: TIMES * K * rows * vectors * 8,
        run: () => sweep(TIMES, c, LDC, a, 4, 4 * rows, b, 16 * vectors, K),
      };
    }),
    ...micro.map((tile) => {
      const sweep = call[`${tileName(tile)}Sweep`]!;
      return { name: tileName(tile), flops: TIMES * K * tile.rows * tile.vectors * 8, run: () => sweep(TIMES, c, LDC, a, b, K) };
    }),
  ];
}

const compiled = new Map<string, readonly Candidate[]>();

function loopsOf(arithmetic: "strict" | "relaxed"): readonly Candidate[] {
  const loops = compiled.get(arithmetic) ?? candidates(arithmetic);
  compiled.set(arithmetic, loops);
  return loops;
}

/** The loop with the most instructions a cycle, on a panel in L1. */
export function densestLoop(): () => void {
  return loopsOf("strict").find(({ name }) => name === "gemmMicro5x8")!.run;
}

/** All candidates, the fastest first, which is the limit. */
export function measureLimit(arithmetic: "strict" | "relaxed", budget: Budget, at: (loop: string) => void): readonly Limit[] {
  const measured = loopsOf(arithmetic).map(({ name, flops, run }) => {
    at(`limit, ${name}`);
    return { name, figure: measure(run, flops / 1e9, budget) };
  });
  return sorted(measured);
}

/** One of them again. */
export function measureAgain(arithmetic: "strict" | "relaxed", name: string, budget: Budget): Figure {
  const { flops, run } = loopsOf(arithmetic).find((candidate) => candidate.name === name)!;
  return measure(run, flops / 1e9, budget);
}

/** The better of two measurements of each. */
export function fasterOf(first: readonly Limit[], second: readonly Limit[]): readonly Limit[] {
  return sorted(first.map((one) => sorted([one, second.find(({ name }) => name === one.name)!])[0]!));
}

function sorted(limits: readonly Limit[]): readonly Limit[] {
  return [...limits].sort((x, y) => y.figure.median - x.figure.median);
}
