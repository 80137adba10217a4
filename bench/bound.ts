// What binds a kernel that passes over slabs: a plain copy of as much memory, and its square roots and divisions alone, in registers.
import { compileAssembly } from "./compile.js";
import { type Budget, type Figure, measure } from "./measure.js";

/** Per element. */
export interface Divisions {
  readonly roots: number;
  readonly divisions: number;
}

/** Independent results x = 1/sqrt(sqrt(x)) and their like, which end at 1: enough to hide how long one of them takes. */
const CHAINS = 8;
const LOOP = 512;
/** The slabs of the optimizer with the most of them lie within it. */
const BYTES = 32 * 2 ** 20;

const loopName = ({ roots, divisions }: Divisions) => `roots${roots}divisions${divisions}`;

function loopSource(of: Divisions): string {
  const each = (f: (i: number) => string) => Array.from({ length: CHAINS }, (_, i) => f(i)).join(" ");
  const rooted = (x: string, roots: number): string => (roots === 0 ? x : `f32x4.sqrt(${rooted(x, roots - 1)})`);
  const divided = (x: string, divisions: number): string => (divisions === 0 ? x : `f32x4.div(one, ${divided(x, divisions - 1)})`);
  return `
export function ${loopName(of)}(times: u32): void {
  const one = f32x4.splat(1);
  ${each((i) => `let x${i} = v128.load(${16 * i});`)}
  do {
    ${each((i) => `x${i} = ${divided(rooted(`x${i}`, of.roots), of.divisions)};`)}
  } while (--times);
  ${each((i) => `v128.store(${16 * i}, x${i});`)}
}
`;
}

const copySource = `
export function copyVectors(y: usize, x: usize, bytes: usize): void {
  const stop = x + bytes;
  do {
    const a = v128.load(x);
    const b = v128.load(x, 16);
    const c = v128.load(x, 32);
    const d = v128.load(x, 48);
    v128.store(y, a);
    v128.store(y, b, 16);
    v128.store(y, c, 32);
    v128.store(y, d, 48);
    x += 64;
    y += 64;
  } while (x < stop);
}
export function copyBulk(y: usize, x: usize, bytes: usize): void {
  memory.copy(y, x, bytes);
}
`;

/** Measures once what several kernels share. */
export class Bounds {
  private readonly call: Record<string, (...args: number[]) => void>;
  private readonly known = new Map<string, number>();

  constructor(
    kinds: readonly Divisions[],
    private readonly budget: Budget,
  ) {
    const sources = new Map(kinds.map((kind) => [loopName(kind), loopSource(kind)]));
    const memory = new WebAssembly.Memory({ initial: BYTES / 65_536 });
    const module = compileAssembly("bound", [copySource, ...sources.values()].join(""));
    this.call = new WebAssembly.Instance(module, { env: { memory } }).exports as typeof this.call;
    new Float32Array(memory.buffer).fill(0.5);
  }

  /** GB/s of the faster way to copy one half of so many bytes to the other, counting both. */
  copy(bytes: number): number {
    const half = (bytes / 2) & ~63;
    return this.once(`copy ${half}`, () => {
      const rate = (name: string) => measure(() => this.call[name]!(half, 0, half), (2 * half) / 1e9, this.budget);
      return [rate("copyVectors"), rate("copyBulk")];
    });
  }

  /** Elements a second, in units of 10^9. */
  divisions(of: Divisions): number {
    if (of.roots + of.divisions === 0) return Number.POSITIVE_INFINITY;
    return this.once(loopName(of), () => [measure(() => this.call[loopName(of)]!(LOOP), (LOOP * CHAINS * 4) / 1e9, this.budget)]);
  }

  private once(name: string, figures: () => readonly Figure[]): number {
    const known = this.known.get(name) ?? Math.max(...figures().map(({ median }) => median));
    this.known.set(name, known);
    return known;
  }
}
