// What binds a kernel that passes over slabs: a plain copy of as much memory, and its square roots and divisions alone, in registers.
import { base64 } from "../build/limitStrict.js";
import { CHAINS, type Divisions, loopName } from "../scripts/bound.js";
import { type Budget, type Figure, measure } from "./measure.js";

const LOOP = 512;
/** The slabs of the optimizer with the most of them lie within it. */
const BYTES = 32 * 2 ** 20;

/** What a kernel is to reach of each: beside a copy there is arithmetic, and roots and divisions share their ports with products. */
const OF_COPY = 0.7;
const OF_DIVISIONS = 0.85;

export interface Bound {
  readonly name: "copy" | "div";
  /** GB/s of a kernel that is as fast as its bound */
  readonly rate: number;
}

/** Measures once what several kernels share. */
export class Bounds {
  private loops: Record<string, (...args: number[]) => void> | undefined;
  private readonly known = new Map<string, number>();

  constructor(private readonly budget: Budget) {}

  private get call(): Record<string, (...args: number[]) => void> {
    if (!this.loops) {
      const memory = new WebAssembly.Memory({ initial: BYTES / 65_536 });
      const module = new WebAssembly.Module(Buffer.from(base64, "base64"));
      this.loops = new WebAssembly.Instance(module, { env: { memory } }).exports as Record<string, (...args: number[]) => void>;
      new Float32Array(memory.buffer).fill(0.5);
    }
    return this.loops;
  }

  /** What asks least of a kernel: a copy of as much memory as its operands lie in, or its roots and divisions alone.
   *  @param bytes that it reads and writes for an element */
  binding(of: Divisions, span: number, bytes: number): Bound {
    const [copy, div] = [this.copy(span), this.divisions(of) * bytes];
    return OF_DIVISIONS * div < OF_COPY * copy ? { name: "div", rate: div } : { name: "copy", rate: copy };
  }

  /** GB/s of the faster way to copy one half of so many bytes to the other, counting both. */
  private copy(bytes: number): number {
    const half = (bytes / 2) & ~63;
    return this.once(`copy ${half}`, () => {
      const rate = (name: string) => measure(() => this.call[name]!(half, 0, half), (2 * half) / 1e9, this.budget);
      return [rate("copyVectors"), rate("copyBulk")];
    });
  }

  /** Elements a second, in units of 10^9. */
  private divisions(of: Divisions): number {
    if (of.roots + of.divisions === 0) return Number.POSITIVE_INFINITY;
    return this.once(loopName(of), () => [measure(() => this.call[loopName(of)]!(LOOP), (LOOP * CHAINS * 4) / 1e9, this.budget)]);
  }

  private once(name: string, figures: () => readonly Figure[]): number {
    const known = this.known.get(name) ?? Math.max(...figures().map(({ median }) => median));
    this.known.set(name, known);
    return known;
  }
}
