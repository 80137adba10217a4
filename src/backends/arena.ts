// Regions within WebAssembly memories. Networks share memories because a page in Chromium can hold only 124 at once, and populations
// of 500 small networks are normal. What an arena's module does is elsewhere (wasm.ts).
import { isReported, weakly, whenCollected } from "../collection.js";
import { BackendError } from "../errors.js";

/** Bytes that were taken or left after which an engine is made to collect, for it knows little of what memories hold; above 32 MiB, where C
 *  libraries map fresh pages instead of zeroing. */
export const collectEvery = 64 * 2 ** 20;

const MiB = 2 ** 20;
/** What a memory counts for at least: so that of small ones, too, an engine collects before a page has as many as it can. */
export const leastMemory = 2 * MiB;
/** WebAssembly's page. */
export const page = 65_536;
/** No region lies below, where `Control` is; to kernels the address 0 means "left out". */
export const firstByte = 65_536;
/** A cache line, so that networks of different threads never share one. */
const alignment = 64;
/** Bytes after which the next arena is opened. */
const sharedLimit = 256 * MiB;
/** From this size on a region has a memory of its own, which the engine frees as a whole. */
const ownMemory = 32 * MiB;
/** An arena grows by a quarter, at most by so much more than it must: many small networks, few growths. */
const spare = 16 * MiB;
/** An empty arena up to this size is kept for the next network (WebAssembly memory cannot shrink). */
const keptEmpty = 64 * MiB;
/** That a memory may have, as asconfig.json says: plans and the JavaScript kernels shift byte offsets as signed 32-bit integers. */
export const mostPages = 2 ** 31 / page;
const regionLimit = mostPages * page - firstByte;

interface Size {
  bytes: number;
  used: number;
}

interface Range {
  start: number;
  bytes: number;
}

/** `run` of assembly/index.ts. */
export type RunKernels = (region: number, plan: number, table: number, stride: number, steps: number) => number;

/** A memory, the instance that computes in it, and who has which part of it. */
export class Arena {
  /** Bytes of the memory and bytes in use; a record of its own, so that counting memories keeps none of them alive. */
  readonly size: Size = { bytes: 0, used: 0 };
  /** By address, never adjacent to one another. */
  #free: Range[];
  /** Bytes from here on were never handed out, so they are zero. */
  #clean = firstByte;

  constructor(
    readonly memory: WebAssembly.Memory,
    readonly run: RunKernels,
    private readonly limit: number,
  ) {
    this.size.bytes = memory.buffer.byteLength;
    this.#free = [{ start: firstByte, bytes: this.size.bytes - firstByte }];
  }

  /** Address of so many zeroed bytes; undefined if the arena's limit is reached. */
  allocate(bytes: number): number | undefined {
    const start = this.#take(bytes);
    if (start !== undefined) this.#clear(start, start + bytes);
    return start;
  }

  /** Whether so many bytes are free without growing. */
  fits(bytes: number): boolean {
    return this.#free.some((range) => range.bytes >= bytes);
  }

  release(start: number, bytes: number): void {
    this.size.used -= bytes;
    const found = this.#free.findIndex((range) => range.start > start);
    const at = found < 0 ? this.#free.length : found;
    const [before, after] = [this.#free[at - 1], this.#free[at]];
    const range = { start, bytes };
    if (after && start + bytes === after.start) {
      range.bytes += after.bytes;
      this.#free.splice(at, 1);
    }
    if (before && before.start + before.bytes === start) before.bytes += range.bytes;
    else this.#free.splice(at, 0, range);
  }

  /** Like `allocate`, with the content of the block at `start`, which is released; undefined leaves everything as it was. */
  resize(start: number, from: number, to: number): number | undefined {
    const before = this.#free.map((range) => ({ ...range }));
    this.release(start, from);
    let moved: number | undefined;
    try {
      moved = this.#take(to);
    } finally {
      if (moved === undefined) {
        this.#free = before;
        this.size.used += from;
      }
    }
    if (moved === undefined) return undefined;
    new Uint8Array(this.memory.buffer).copyWithin(moved, start, start + from);
    this.#clear(moved + from, moved + to);
    return moved;
  }

  /** Best fit. */
  #take(bytes: number): number | undefined {
    let best: Range | undefined;
    for (const range of this.#free) if (range.bytes >= bytes && !(best && best.bytes <= range.bytes)) best = range;
    if (!best) return this.#grow(bytes) ? this.#take(bytes) : undefined;
    const { start } = best;
    best.start += bytes;
    best.bytes -= bytes;
    if (best.bytes === 0) this.#free.splice(this.#free.indexOf(best), 1);
    this.size.used += bytes;
    return start;
  }

  #clear(begin: number, end: number): void {
    if (begin < this.#clean) new Uint8Array(this.memory.buffer).fill(0, begin, Math.min(end, this.#clean));
    this.#clean = Math.max(this.#clean, end);
  }

  #grow(bytes: number): boolean {
    const size = this.size.bytes;
    const last = this.#free.at(-1);
    const atEnd = last && last.start + last.bytes === size ? last.bytes : 0;
    const needed = bytes - atEnd;
    const room = this.limit - size;
    if (needed > room) return false;
    const grown = roundUp(Math.min(room, Math.max(needed, Math.min(size / 4, spare))), page);
    try {
      this.memory.grow(grown / page);
    } catch (cause) {
      throw outOfMemory(size + grown, cause);
    }
    this.size.bytes += grown;
    this.size.used += grown;
    this.release(size, grown);
    return true;
  }
}

/** Where a network's region is at present. */
export interface Block {
  pool: ArenaPool;
  arena: Arena;
  start: number;
  bytes: number;
}

/** Makes an arena of so many pages, which may grow to `limit` bytes; wasm.ts knows how. */
export type OpenArena = (pages: number, limit: number) => Arena;

/** Of every memory that the engine has not collected yet. */
const sizes = new Set<Size>();
const collected = whenCollected<Size>((size) => sizes.delete(size));

/** The arenas of one build: an arena's instance runs one module. */
export class ArenaPool {
  readonly #shared: Arena[] = [];
  /** Memories that held one region, disposed of: taken again if the engine has not collected them yet. */
  readonly #idle: Pick<WeakRef<Arena>, "deref">[] = [];

  /** @param apart every region has a memory of its own */
  constructor(
    private readonly open: OpenArena,
    private readonly apart = false,
  ) {}

  /** Whether regions of so many bytes share a memory with others: only where what a collected network leaves comes back to it. */
  shares(bytes: number): boolean {
    return isReported && !this.apart && bytes < ownMemory;
  }

  /** Whether there is room for a region without more memory from the engine. */
  hasRoom(wanted: number): boolean {
    const bytes = regionSize(wanted);
    return this.shares(bytes)
      ? this.#shared.some((arena) => arena.fits(bytes))
      : this.#idle.some((reference) => suits(reference.deref(), bytes));
  }

  /** @throws {BackendError} beyond `regionLimit`, or if the engine has no more memory */
  place(wanted: number): Block {
    const bytes = regionSize(wanted);
    if (!this.shares(bytes)) return this.#first(this.#takeIdle(bytes) ?? this.#openArena(bytes, mostPages * page), bytes);
    for (const arena of this.#shared) {
      const start = arena.allocate(bytes);
      if (start !== undefined) return { pool: this, arena, start, bytes };
    }
    const arena = this.#openArena(bytes, sharedLimit);
    this.#shared.push(arena);
    return this.#first(arena, bytes);
  }

  /** Makes the block larger, in place or elsewhere; content is kept, new bytes are zero. */
  grow(block: Block, wanted: number): void {
    const bytes = regionSize(wanted);
    if (bytes <= block.bytes) return;
    const staysWhereItIs = this.shares(block.bytes) === this.shares(bytes);
    const start = staysWhereItIs ? block.arena.resize(block.start, block.bytes, bytes) : undefined;
    if (start !== undefined) {
      Object.assign(block, { start, bytes });
      return;
    }
    const target = this.place(bytes);
    const content = new Uint8Array(block.arena.memory.buffer, block.start, block.bytes);
    new Uint8Array(target.arena.memory.buffer).set(content, target.start);
    this.free(block);
    Object.assign(block, target);
  }

  free({ arena, start, bytes }: Block): void {
    arena.release(start, bytes);
    if (!this.shares(bytes)) this.#idle.push(weakly(arena));
    if (arena.size.used > 0 || !this.#shared.includes(arena)) return;
    const another = this.#shared.some((other) => other !== arena && other.size.used === 0);
    if (another || arena.size.bytes > keptEmpty) this.#shared.splice(this.#shared.indexOf(arena), 1);
  }

  #takeIdle(bytes: number): Arena | undefined {
    while (this.#idle.length > 0) {
      const arena = this.#idle.pop()!.deref();
      if (suits(arena, bytes)) return arena;
    }
    return undefined;
  }

  #openArena(bytes: number, limit: number): Arena {
    const arena = this.open(roundUp(firstByte + bytes, page) / page, limit);
    sizes.add(arena.size);
    collected.register(arena, arena.size);
    return arena;
  }

  #first(arena: Arena, bytes: number): Block {
    return { pool: this, arena, start: arena.allocate(bytes)!, bytes };
  }
}

/** All WebAssembly memory this process holds for networks: memories, their bytes, and the bytes in use. Memories that await collection count. */
export function arenas(): { readonly count: number; readonly bytes: number; readonly used: number } {
  const sum = { count: sizes.size, bytes: 0, used: 0 };
  for (const { bytes, used } of sizes) {
    sum.bytes += bytes;
    sum.used += used;
  }
  return sum;
}

/** Bytes a region of `wanted` bytes really has. */
export function regionSize(wanted: number): number {
  if (wanted > regionLimit) {
    throw new BackendError(
      `memory: a network needs ${inMiB(wanted)}, the limit is ${inMiB(regionLimit)} (32-bit addresses); use smaller batches or fewer units`,
    );
  }
  return roundUp(Math.max(wanted, 1), alignment);
}

export function outOfMemory(wanted: number, cause: unknown): BackendError {
  return new BackendError(
    `memory: the engine refused ${inMiB(wanted)} in one piece; dispose() networks that are no longer needed, disposeThreads() if none trains, use smaller batches or fewer units, or raise the limit of addresses, if there is one (ulimit -v)`,
    { cause },
  );
}

/** Neither one that would have to grow nor one of which half would lie idle. */
function suits(arena: Arena | undefined, bytes: number): boolean {
  return arena?.fits(bytes) === true && arena.size.bytes <= 2 * bytes;
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

function inMiB(bytes: number): string {
  return `${Math.ceil(bytes / MiB)} MiB`;
}
