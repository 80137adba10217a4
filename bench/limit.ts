// What this core can do at most with 128-bit multiplications and additions: the fastest of loops that live in registers and of
// micro-kernels on panels in L1. Many, because each engine spoils some of them by how it gives out registers.
import { tileName, tiles } from "../scripts/micro.js";
import { compileAssembly } from "./compile.js";
import { type Tile, tileSource } from "./ladder/tile.js";
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

/** Independent sums c = c·x + y: addition and multiplication take about three cycles each, and two of each start in a cycle. */
const CHAINS = [8, 10, 12, 13];
/** `paired`: the product and the sum of one chain, then the next chain; `grouped`: all products, then all sums. */
const ORDERS = ["paired", "grouped"] as const;
const TILES: readonly Tile[] = [
  { rows: 2, vectors: 4 },
  { rows: 4, vectors: 2 },
  { rows: 5, vectors: 2 },
  { rows: 3, vectors: 3 },
];
const LOOP = 1024;
const K = 256;
/** Bytes from one row of C to the next. */
const LDC = 1024;
/** Calls of a tile in one call of a sweep. */
const TIMES = 16;

function loopSource(chains: number, order: (typeof ORDERS)[number]): string {
  const each = (f: (i: number) => string) => Array.from({ length: chains }, (_, i) => f(i)).join(" ");
  const product = (i: number) => `c${i} = f32x4.mul(c${i}, x);`;
  const sum = (i: number) => `c${i} = f32x4.add(c${i}, y);`;
  return `
export function ${order}${chains}(at: usize, times: u32): void {
  const x = v128.load(at);
  const y = v128.load(at, 16);
  ${each((i) => `let c${i} = v128.load(at, ${32 + 16 * i});`)}
  do {
    ${order === "paired" ? each((i) => `${product(i)} ${sum(i)}`) : `${each(product)} ${each(sum)}`}
  } while (--times);
  ${each((i) => `v128.store(at, c${i}, ${32 + 16 * i});`)}
}
`;
}

/** gemm's own micro-kernels, one tile on packed panels. */
const micro = tiles.filter(({ packs }) => !packs);
const production = micro.map((tile) => {
  const { rows, vectors, edges } = tile;
  const [kernel, columns] = [tileName(tile), 4 * vectors];
  return `
export function ${kernel}Sweep(times: u32, c: usize, ldc: usize, a: usize, b: usize, k: u32): void {
  for (let t: u32 = 0; t < times; ++t) ${kernel}(c, ldc, c, ldc, a, 4, ${4 * rows}, b, ${4 * columns}, ${rows}, ${edges === "columns" ? `${columns}, ` : ""}k);
}
`;
});

function candidates(): Candidate[] {
  const source = [
    `import { multiplyAdd } from "../../assembly/arithmetic";\nimport { ${micro.map(tileName).join(", ")} } from "../wasm/micro";\n`,
    ...CHAINS.flatMap((chains) => ORDERS.map((order) => loopSource(chains, order))),
    ...TILES.map((tile) => tileSource(tile, "packed", `${tile.rows}x${tile.vectors * 4}`)),
    ...production,
  ].join("");
  const memory = new WebAssembly.Memory({ initial: 4 });
  const instance = new WebAssembly.Instance(compileAssembly("limit", source), { env: { memory } });
  const call = instance.exports as Record<string, (...args: number[]) => void>;
  const f32 = new Float32Array(memory.buffer);
  const [a, b, c] = [1 << 16, 1 << 17, 3 << 16];
  f32.fill(0.5, 0, a >> 2); // The loops' c = c·x + y stays at 1: nothing grows, nothing becomes denormal.
  f32.fill(0.5, a >> 2, c >> 2);

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

let compiled: readonly Candidate[] | undefined;

/** All candidates, the fastest first, which is the limit. */
export function measureLimit(budget: Budget): readonly Limit[] {
  compiled ??= candidates();
  return sorted(compiled.map(({ name, flops, run }) => ({ name, figure: measure(run, flops / 1e9, budget) })));
}

/** The better of two measurements of each. */
export function fasterOf(first: readonly Limit[], second: readonly Limit[]): readonly Limit[] {
  return sorted(first.map((one) => sorted([one, second.find(({ name }) => name === one.name)!])[0]!));
}

function sorted(limits: readonly Limit[]): readonly Limit[] {
  return [...limits].sort((x, y) => y.figure.median - x.figure.median);
}
