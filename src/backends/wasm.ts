// WebAssembly on one thread: the module, compiled once per process from the bytes inlined at build time (no path, no fetch), and the
// regions that networks hold. Where in which memory a region lies is arena.ts's business.
/// <reference lib="es2024.arraybuffer" />
import { instantiateSync } from "@assemblyscript/loader";
import { strictModule } from "../../build/strict.js";
import { BackendError } from "../errors.js";
import { macrotask } from "../macrotask.js";
import { Arena, type Block, freeBlock, growBlock, hasRoom, isShared, type OpenArena, outOfMemory, placeBlock, type Run } from "./arena.js";
import type { Backend, BackendInfo, Region } from "./backend.js";
import { type Views, viewsOf } from "./views.js";

/** Bytes of new regions after which the engine is made to collect before it is asked for more memory; above 32 MiB, where C libraries map fresh pages instead of zeroing. */
const collectEvery = 64 * 2 ** 20;

let compiled: Promise<WebAssembly.Module> | undefined;

/** @throws {BackendError} saying why there is no WebAssembly here */
export function compileModule(): Promise<WebAssembly.Module> {
  compiled ??= compile();
  return compiled;
}

async function compile(): Promise<WebAssembly.Module> {
  if (typeof WebAssembly !== "object") throw new BackendError("wasm: this environment has no WebAssembly");
  const bytes = Uint8Array.from(atob(strictModule), (character) => character.charCodeAt(0));
  if (!WebAssembly.validate(bytes)) throw new BackendError("wasm: this engine's WebAssembly has no 128-bit SIMD");
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw new BackendError(
      `wasm: this environment refuses to compile WebAssembly (${cause}); a page's Content-Security-Policy must allow 'wasm-unsafe-eval' in script-src`,
      { cause },
    );
  }
}

export function wasmBackend(module: WebAssembly.Module, reason: string): Backend {
  const open: OpenArena = (pages, limit) => {
    try {
      const memory = new WebAssembly.Memory({ initial: pages });
      // Hot calls take the raw export: the loader's own is a closure around it, 12-14 ns a call against 4-6.
      const { instance } = instantiateSync(module, { env: { memory } });
      return new Arena(memory, instance.exports.run as Run, limit);
    } catch (cause) {
      throw outOfMemory(pages * 65_536, cause);
    }
  };
  return {
    name: "wasm",
    async region(bytes) {
      await letCollectedRegionsReturn(bytes);
      return new WasmRegion(placeBlock(bytes, open), open, reason);
    },
  };
}

/** What remains to be freed of a region that was never disposed of. Holds the block, not the handle. */
const collected = new FinalizationRegistry<Block>(freeBlock);

class WasmRegion implements Region {
  #block: Block | undefined;
  #views: Views | undefined;
  #steps = 0;
  /** See `pressure`. */
  protected pressure: ArrayBuffer | undefined;

  constructor(
    block: Block,
    private readonly open: OpenArena,
    private readonly reason: string,
  ) {
    this.#block = block;
    this.#watch(block);
  }

  get backend(): BackendInfo {
    return { name: "wasm", build: "strict", threads: 1, reason: this.reason, steps: this.#steps };
  }

  get bytes(): number {
    return this.#live().bytes;
  }

  views(): Views {
    const { arena, start, bytes } = this.#live();
    const { buffer } = arena.memory;
    if (this.#views?.u8.buffer !== buffer) this.#views = viewsOf(buffer, start, bytes);
    return this.#views!;
  }

  reserve(bytes: number): void {
    const block = this.#live();
    if (bytes <= block.bytes) return;
    growBlock(block, bytes, this.open);
    this.#views = undefined;
    collected.unregister(block);
    this.#watch(block);
  }

  run(plan: number, table: number, stride: number, steps: number): number {
    const { arena, start } = this.#live();
    let good: number;
    try {
      good = arena.run(start, plan, table, stride, steps) >>> 0;
    } catch (cause) {
      throw new BackendError(`wasm: a step trapped (${cause}); the network's values are those of an unfinished step`, { cause });
    }
    this.#steps += good;
    return good;
  }

  dispose(): void {
    const block = this.#block;
    if (!block) return;
    collected.unregister(block);
    freeBlock(block);
    this.#block = this.#views = this.pressure = undefined;
  }

  #live(): Block {
    if (!this.#block) throw new BackendError("region: used after dispose()");
    return this.#block;
  }

  /** Of a region with a memory of its own nothing remains to be freed: the memory goes when this handle goes. */
  #watch(block: Block): void {
    this.pressure = pressure(block.bytes);
    if (isShared(block.bytes)) collected.register(this, block, block);
  }
}

/** V8 collects when it knows of much garbage, and knows nothing of parts of a memory: this hangs on the handle and weighs as much as the
 *  region. Resizable, so that it is reserved address space, never touched; 0.03 ms and no resident memory for 1 MiB, where an ordinary
 *  ArrayBuffer may be zeroed in full (0.36 ms). Engines without resizable buffers ignore the option. */
function pressure(bytes: number): ArrayBuffer {
  return new ArrayBuffer(bytes, { maxByteLength: bytes });
}

let sinceCollection = 0;

/** Collected networks are reported in a macrotask, if any was collected: a resizable buffer alone lets Chromium wait (10,000 dropped
 *  regions of 1 MiB: 1,740 MiB at once), one large ordinary buffer makes it look at once (204 MiB). */
async function letCollectedRegionsReturn(bytes: number): Promise<void> {
  sinceCollection += bytes;
  if (sinceCollection < collectEvery || hasRoom(bytes)) return;
  sinceCollection = 0;
  try {
    new ArrayBuffer(collectEvery);
  } catch {
    // No room: the engine has collected all it can before it said so.
  }
  await macrotask();
}
