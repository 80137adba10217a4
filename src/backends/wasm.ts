// WebAssembly: each build compiled at most once per process from bytes that came with the code (no path, no fetch), and the
// regions that networks hold. Where in which memory a region lies is arena.ts's business.
/// <reference lib="es2024.arraybuffer" />
import type { Arithmetic } from "../arithmetic.js";
import { fromBase64 } from "../base64.js";
import { checkOneOf, shown } from "../checks.js";
import { isReported, whenCollected } from "../collection.js";
import { BackendError, OptionError } from "../errors.js";
import { macrotask } from "../macrotask.js";
import { Arena, ArenaPool, type Block, collectEvery, leastMemory, mostPages, outOfMemory, page, type RunKernels } from "./arena.js";
import type { BackendInfo, Region } from "./backend.js";
import { type BuildName, builds, whyNot } from "./builds.js";
import { loadPart } from "./part.js";
import { leaveMemory, runTogether, type Shared, startWorkers } from "./pool.js";
import { isRevectorized } from "./revectorizer.js";
import { whyOneThread } from "./threads.js";
import { setTile, tileIn } from "./tile.js";
import { type Views, viewsOf } from "./views.js";

/** There is no WebAssembly to be had here. */
export class NoWebAssembly extends BackendError {}

interface Compiled {
  readonly name: BuildName;
  readonly module: WebAssembly.Module;
  readonly pool: ArenaPool;
}

const compiled = new Map<BuildName, Promise<Compiled>>();

/** @throws {NoWebAssembly} saying why there is none here; {BackendError} saying why this build cannot be had */
export function compileBuild(name: BuildName): Promise<Compiled> {
  let present = compiled.get(name);
  if (!present) {
    present = compile(name);
    compiled.set(name, present);
    // What failed may be given with useModule, or be had the next time, as a file of a page.
    present.catch(() => compiled.delete(name));
  }
  return present;
}

/** Gives a build compiled ahead of time, for runtimes that forbid compiling at run time. Call it before the first network; a build that
 *  is not given is compiled as ever, where that is allowed.
 *  @param module the `WebAssembly.Module` of the file `chainrule/wasm/<name>.wasm` of this version
 *  @example
 *  import strict from "chainrule/wasm/strict.wasm"; // as Cloudflare Workers import modules
 *  useModule("strict", strict);
 *  @throws {OptionError} no build of that name, or no module; {BackendError} if that build is in use already */
export function useModule(name: BuildName, module: object): void {
  checkOneOf("useModule: name", name, Object.keys(builds));
  if (!(module instanceof WebAssembly.Module) || !WebAssembly.Module.exports(module).some((exported) => exported.name === "run"))
    throw new OptionError(`useModule: module is ${shown(module)}, expected the WebAssembly.Module of chainrule/wasm/${name}.wasm`);
  if (compiled.has(name))
    throw new BackendError(`useModule: the ${name} build is in use already; call it before the first network() or loadNetwork()`);
  compiled.set(name, Promise.resolve({ name, module, pool: poolOf(name, module) }));
}

/** Whether V8 has made machine code of any build, or is about to. */
export function isAnyCompiled(): boolean {
  return compiled.size > 0;
}

let refusal: string | undefined;

/** Why nothing can be compiled here, if it has been tried: a policy forbids what the engine has. Not what was compiled ahead of time. */
export function whyNotCompiled(): string | undefined {
  return isAnyCompiled() ? undefined : refusal;
}

async function compile(name: BuildName): Promise<Compiled> {
  const none = whyNot("strict");
  if (none) throw new NoWebAssembly(`wasm: ${none}`);
  const why = whyNot(name);
  if (why) throw new BackendError(`wasm: ${why}, which the ${name} build needs`);
  const bytes = fromBase64(await loadPart(`wasm: the ${name} build`, builds[name].load));
  let module: WebAssembly.Module;
  try {
    module = await WebAssembly.compile(bytes);
  } catch (cause) {
    refusal = `this environment refuses to compile WebAssembly (${cause})`;
    throw new NoWebAssembly(
      `wasm: ${refusal}; a page's Content-Security-Policy must allow 'wasm-unsafe-eval' in script-src; useModule("${name}", …) takes a module compiled ahead of time, as Cloudflare Workers need it`,
      { cause },
    );
  }
  return { name, module, pool: poolOf(name, module) };
}

/** A caller that runs alone waits for nobody. */
const alone = { wait: () => 0, report: () => {} };

function poolOf(name: BuildName, module: WebAssembly.Module): ArenaPool {
  const { arithmetic, threads } = builds[name];
  let first = true;
  return new ArenaPool((pages, limit) => {
    try {
      const memory = new WebAssembly.Memory(threads ? { initial: pages, maximum: mostPages, shared: true } : { initial: pages });
      setTile(memory, arithmetic);
      const instance = new WebAssembly.Instance(module, { env: { memory, ...alone } });
      first = false;
      return new Arena(memory, instance.exports.run as RunKernels, limit);
    } catch (cause) {
      if (!first) throw outOfMemory(pages * page, cause);
      // Nothing of ours is in its way. V8 reserves all that 32-bit addresses can reach, and guards beside it.
      throw new NoWebAssembly(
        `wasm: the engine refused the ${name} build a memory (${cause}); it may reserve 10 GiB of addresses for each, whatever its size: raise the limit, if there is one (ulimit -v)`,
        { cause },
      );
    }
  }, threads);
}

/** @throws {NoWebAssembly} the engine gives this build no memory at all; {BackendError} no more of it */
export async function wasmRegion(build: Compiled, bytes: number, arithmetic: Arithmetic, reason: string): Promise<Region> {
  await letCollectedRegionsReturn(build.pool, bytes);
  return new WasmRegion(build, arithmetic, reason, bytes);
}

/** What remains to be freed of a region that was never disposed of. Holds the block, not the handle. */
const collected = whenCollected<Block>((block) => block.pool.free(block));

class WasmRegion implements Region {
  #block: Block | undefined;
  #build: Compiled;
  #views: Views | undefined;
  #steps = 0;
  #threads = { count: 1, reason: "" };
  #remark = "";
  /** See `pressure`. */
  protected pressure: ArrayBuffer | undefined;

  constructor(
    build: Compiled,
    readonly arithmetic: Arithmetic,
    private readonly reason: string,
    bytes: number,
  ) {
    this.#build = build;
    this.#block = build.pool.place(bytes);
    this.#watch(this.#block);
  }

  get backend(): BackendInfo {
    const { count, reason } = this.#threads;
    return {
      name: "wasm",
      build: this.#build.name,
      ...(this.#block && { tile: tileIn(this.#block.arena.memory) }),
      threads: count,
      revectorized: isRevectorized(),
      reason: this.reason + reason + this.#remark,
      steps: this.#steps,
    };
  }

  get whyOneThread(): string | undefined {
    return whyOneThread();
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
    block.pool.grow(block, bytes);
    this.#moved(block);
  }

  async share(threads: number, reason: string): Promise<void> {
    if (threads > 1) {
      const build = await compileBuild(`${this.arithmetic.name}Threads`);
      if (this.#build !== build) {
        await letCollectedRegionsReturn(build.pool, this.bytes);
        this.#move(build);
      }
      await startWorkers(this.#shared(threads));
    }
    this.#threads = { count: threads, reason: `; ${reason}` };
    this.#remark = "";
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

  async runShared(
    plan: number,
    table: number,
    stride: number,
    steps: number,
    scratch: number,
    sharers: number,
  ): Promise<number | undefined> {
    const region = this.#live().start;
    const good = await runTogether(this.#shared(this.#threads.count), { region, plan, table, stride, steps, scratch, sharers });
    this.#steps += good ?? 0;
    return good;
  }

  remark(text: string): void {
    this.#remark = text;
  }

  rest(): void {
    if (this.#threads.count > 1) void leaveMemory(this.#live().arena.memory);
  }

  dispose(): void {
    const block = this.#block;
    if (!block) return;
    collected.unregister(block);
    block.pool.free(block);
    this.#block = this.#views = this.pressure = undefined;
  }

  #live(): Block {
    if (!this.#block) throw new BackendError("region: used after dispose()");
    return this.#block;
  }

  #shared(threads: number): Shared {
    return { module: this.#build.module, memory: this.#live().arena.memory, threads };
  }

  /** To a memory of another build. */
  #move(build: Compiled): void {
    const block = this.#live();
    const views = this.views();
    const target = build.pool.place(block.bytes);
    new Uint8Array(target.arena.memory.buffer).set(views.u8, target.start);
    block.pool.free({ ...block });
    this.#build = build;
    this.#moved(Object.assign(block, target));
  }

  #moved(block: Block): void {
    this.#views = undefined;
    collected.unregister(block);
    this.#watch(block);
  }

  /** Of a region with a memory of its own nothing remains to be freed: the memory goes when this handle goes. */
  #watch(block: Block): void {
    this.pressure = pressure(block.bytes);
    if (block.pool.shares(block.bytes)) collected.register(this, block, block);
  }
}

/** V8 collects when it knows of much garbage, and knows nothing of parts of a memory: this hangs on the handle and weighs as much as the
 *  region. Resizable, so that it is reserved address space, never touched; 0.03 ms and no resident memory for 1 MiB, where an ordinary
 *  ArrayBuffer may be zeroed in full (0.36 ms). Engines without resizable buffers ignore the option. */
function pressure(bytes: number): ArrayBuffer {
  return new ArrayBuffer(bytes, { maxByteLength: bytes });
}

let sinceCollection = 0;
/** Macrotasks, of 5 to 100 us each, for which a collection is awaited. */
const mostTurns = 128;
const noticed = whenCollected<{ over: boolean }>((collection) => {
  collection.over = true;
});

/** Networks dropped without dispose leave their memory as the engine collects them, so before more is taken a collection is provoked and
 *  awaited: V8 marks beside our code, and in the 20 ms that this may take a program can drop 150 regions more. One large ordinary buffer
 *  makes an engine look; a resizable one lets Chromium wait. Where marking takes longer (heaps from some 100 MB on) this gives up: 64 MiB
 *  later it asks again. */
async function letCollectedRegionsReturn(pool: ArenaPool, bytes: number): Promise<void> {
  sinceCollection += pool.shares(bytes) ? bytes : Math.max(bytes, leastMemory);
  if (sinceCollection < collectEvery || pool.hasRoom(bytes)) return;
  sinceCollection = 0;
  const collection = { over: !isReported };
  noticed.register({}, collection); // Not a WeakRef: whoever looks at what it holds keeps it.
  try {
    new ArrayBuffer(collectEvery);
  } catch {
    // No room: the engine has collected all it can before it said so.
  }
  for (let turn = 0; turn < mostTurns && !collection.over; ++turn) await macrotask();
  // What was collected with it is reported in a macrotask.
  await macrotask();
}
