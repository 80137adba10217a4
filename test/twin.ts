/// <reference types="vite/client" />
// Runs one kernel in WebAssembly and in JavaScript on the same bytes and demands the same bytes back.
import { readFileSync } from "node:fs";
import { firstByte } from "../src/backends/arena.js";
import { type Views, viewsOf } from "../src/backends/views.js";

const kernelFiles = import.meta.glob("../src/backends/kernels/*.ts", { eager: true }) as Record<string, Record<string, unknown>>;
const jsKernels = Object.assign({}, ...Object.values(kernelFiles)) as Record<string, (...args: unknown[]) => void>;

export class Twin {
  private at = firstByte;
  private constructor(
    private readonly exports: Record<string, (...args: number[]) => void>,
    readonly wasm: Views,
    readonly js: Views,
  ) {}

  static async create(bytes = 1 << 24, build = "strict"): Promise<Twin> {
    const memory = new WebAssembly.Memory({ initial: bytes >> 16 });
    const module = new WebAssembly.Module(readFileSync(`build/${build}.wasm`));
    const instance = new WebAssembly.Instance(module, { env: { memory } });
    return new Twin(instance.exports as never, viewsOf(memory.buffer, 0, bytes), viewsOf(new ArrayBuffer(bytes), 0, bytes));
  }

  /** Reserves so many 32-bit elements, 16-byte aligned, filled with NaN in both memories (values that nobody wrote must not matter). */
  reserve(elements: number): number {
    const address = this.at;
    this.at += (elements * 4 + 15 + 64) & ~15;
    for (const v of [this.wasm, this.js]) v.f32.fill(Number.NaN, address >> 2, this.at >> 2);
    return address;
  }

  /** Reserves and writes values to both memories. */
  place(values: ArrayLike<number>): number {
    const address = this.reserve(values.length);
    for (const v of [this.wasm, this.js]) v.f32.set(values, address >> 2);
    return address;
  }

  placeIds(values: ArrayLike<number>): number {
    const address = this.reserve(values.length);
    for (const v of [this.wasm, this.js]) v.u32.set(values, address >> 2);
    return address;
  }

  /** A `[rows, columns]` matrix with padded rows whose padding is `filler`. Returns its address; its stride is columns up to 4. */
  placeRows(values: ArrayLike<number>, columns: number, filler = Number.NaN): number {
    const stride = (columns + 3) & ~3;
    const rows = values.length / columns;
    const padded = new Float32Array(rows * stride).fill(filler);
    for (let r = 0; r < rows; ++r) for (let c = 0; c < columns; ++c) padded[r * stride + c] = values[r * columns + c]!;
    return this.place(padded);
  }

  /** Calls the kernel on both sides, then throws at the first 32-bit word that differs (NaNs are equal to NaNs). */
  call(kernel: string, ...args: number[]): void {
    this.exports[kernel]!(...args);
    jsKernels[kernel]!(this.js, ...args);
    const end = this.at >> 2;
    for (let i = firstByte >> 2; i < end; ++i) {
      if (this.wasm.u32[i] === this.js.u32[i]) continue;
      const [a, b] = [this.wasm.f32[i]!, this.js.f32[i]!];
      if (Number.isNaN(a) && Number.isNaN(b)) continue;
      throw new Error(
        `${kernel}: byte ${i * 4}: wasm ${a} (0x${this.wasm.u32[i]!.toString(16)}), js ${b} (0x${this.js.u32[i]!.toString(16)})`,
      );
    }
  }

  read(address: number, elements: number): Float32Array {
    return this.wasm.f32.slice(address >> 2, (address >> 2) + elements);
  }

  readF64(address: number): number {
    return this.wasm.f64[address >> 3]!;
  }

  /** Logical elements of a padded matrix. */
  readRows(address: number, rows: number, columns: number): Float32Array {
    const stride = (columns + 3) & ~3;
    const out = new Float32Array(rows * columns);
    for (let r = 0; r < rows; ++r) out.set(this.read(address + r * stride * 4, columns), r * columns);
    return out;
  }

  /** Frees everything reserved so far. */
  reset(): void {
    this.at = firstByte;
  }
}
