// What a network asks of whatever runs its plans: memory, and k steps of a plan that lies in it. No op and no shape appears here,
// so a new op never touches a backend's interface.
import { type Arithmetic, type ArithmeticName, type ArithmeticWish, explained } from "../arithmetic.js";
import { BackendError } from "../errors.js";
import { macrotask } from "../macrotask.js";
import { collectEvery } from "./arena.js";
import type { BuildName } from "./builds.js";
import { loadPlain } from "./plain.js";
import { isWide } from "./revectorizer.js";
import { type Load, operations, sharers, type ThreadChoice, threadsThatPay } from "./threads.js";
import type { Views } from "./views.js";
import { compileBuild, NoWebAssembly, wasmRegion } from "./wasm.js";

export { arenas } from "./arena.js";
export { disposeThreads } from "./pool.js";
export { checkThreads, type ThreadChoice } from "./threads.js";
export { useModule } from "./wasm.js";

export type BackendName = "wasm" | "js";
export type BackendChoice = BackendName | "auto";

/** What runs a network, and why. */
export interface BackendInfo {
  readonly name: BackendName;
  /** WebAssembly: the module that runs; JavaScript: the arithmetic of its kernels. */
  readonly build: BuildName | ArithmeticName;
  /** WebAssembly: the part of a product that is kept in registers, rows x columns, such as "5x8"; it depends on engine and arithmetic, and
   *  changes no bit. */
  readonly tile?: string;
  /** Threads of the last `fit`; before the first one, 1. `reason` says where one alone has become faster. */
  readonly threads: number;
  /** Whether V8 may make 256-bit operations of it: `revectorize()` of chainrule/node. */
  readonly revectorized: boolean;
  /** Why this backend, and why so many threads, in words. */
  readonly reason: string;
  /** Good steps this region has run, counted inside the backend: `predict`, evaluation, profiling and drawing a weight count too. */
  readonly steps: number;
}

/** One network's memory. Addresses are byte offsets in it; the first byte is 64-byte aligned. Collected when unreachable, or `dispose()`d. */
export interface Region {
  /** A snapshot. */
  readonly backend: BackendInfo;
  readonly arithmetic: Arithmetic;
  /** Size, at least what was asked for, a multiple of 64. */
  readonly bytes: number;
  /** Typed arrays over the region. Never kept across an `await`, a user's callback, or `reserve`: any network's growth may detach them. */
  views(): Views;
  /** Makes the region at least so large. Content is kept, new bytes are zero. May move it, which no plan notices.
   * @throws {BackendError} if the engine has no more memory; the region is then as it was */
  reserve(bytes: number): void;
  /** Runs the plan at `plan` for `steps` step records, the first at `table`, `stride` bytes apart, until one reports a non-finite value.
   * @returns how many steps were good */
  run(plan: number, table: number, stride: number, steps: number): number;
  /** Why there can be one thread only, in words; undefined if there can be more. */
  readonly whyOneThread: string | undefined;
  /** Gets ready for runs on so many threads, and says so in `backend`. May move the region, to a memory that threads can share.
   * @throws {BackendError} there can be one thread only, or no more memory; the region is then as it was */
  share(threads: number, reason: string): Promise<void>;
  /** Adds to what `backend` says of threads, in place of what was added before. */
  remark(text: string): void;
  /** As `run`, on as many threads as `share` has got ready. Until it resolves the region is theirs alone.
   * @param scratch bytes of working memory for each thread @param sharers among how many of them the plan's work is divided
   * @returns undefined: threads waited for one another in vain, though none failed; what the run wrote is unfinished, but it may be tried again
   * @throws {BackendError} a thread failed; what the run wrote is unfinished */
  runShared(plan: number, table: number, stride: number, steps: number, scratch: number, sharers: number): Promise<number | undefined>;
  /** No such run follows at once: other threads let go of the region. */
  rest(): void;
  /** Gives the memory back. May be called again; any later use throws a BackendError. */
  dispose(): void;
}

/** Memory for one network, zeroed. Asynchronous so that regions of collected networks can come back first. A backend or an arithmetic asked
 * for by name is that one or an error. "auto" is WebAssembly; JavaScript only where WebAssembly is refused. The `fastest` arithmetic is relaxed where it can be had.
 * @param wish default strict
 * @throws {BackendError} with the engine's own error as its `cause`; also if the engine has no more memory */
export async function openRegion(
  choice: BackendChoice,
  bytes: number,
  wish: ArithmeticWish = { name: "strict", reason: "the default" },
): Promise<Region> {
  await endTask(bytes);
  switch (choice) {
    case "js":
      return openJs(bytes, wish, "asked for by name");
    case "wasm":
      return openWasm(bytes, wish, "asked for by name");
    case "auto":
      try {
        return await openWasm(bytes, wish, "the fastest this engine offers");
      } catch (error) {
        if (error instanceof NoWebAssembly) return openJs(bytes, wish, error.message);
        throw error;
      }
    default:
      throw new BackendError(`backend: got ${JSON.stringify(choice)}, expected "auto", "wasm" or "js"`);
  }
}

let sinceTask = 0;

/** What is weakly held, as is what undoes a network's steps, lives to the end of the task in which it was made or used; and a loop that awaits
 *  nothing but promises, which may train a thousand networks one after the other, is a single task. So it ends here now and then. */
async function endTask(bytes: number): Promise<void> {
  sinceTask += bytes;
  if (sinceTask < collectEvery) return;
  sinceTask = 0;
  await macrotask();
}

/** Gets a region ready for as many threads as are asked for, or as pay and can be had.
 * @returns among how many of them a step's work is to be divided; undefined: this one does it all
 * @throws {BackendError} a number was asked for that cannot be had */
export async function shareRegion(region: Region, choice: ThreadChoice, load: () => Load): Promise<number | undefined> {
  const why = region.whyOneThread;
  if (choice !== "auto") {
    checkPossible(region, choice);
    if (choice === 1) {
      await region.share(1, "one thread: asked for");
      return undefined;
    }
    const { flops } = load();
    const sharing = sharers(choice, flops);
    const few = sharing < choice ? `, but a step of ${operations(flops)} has work for ${sharing}` : "";
    await region.share(choice, `${choice} threads: asked for${few}`);
    return sharing > 1 ? sharing : undefined;
  }
  const { threads, reason } = why ? { threads: 1, reason: `one thread: ${why}` } : threadsThatPay(load());
  try {
    await region.share(threads, reason);
    return threads > 1 ? threads : undefined;
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    await region.share(1, `one thread: ${error.message}`);
    return undefined;
  }
}

/** @throws {BackendError} a number of threads was asked for that this region cannot have */
export function checkPossible({ whyOneThread, backend }: Region, choice: ThreadChoice): void {
  if (choice === "auto" || choice === 1 || whyOneThread === undefined) return;
  const why = backend.name === "js" ? `${whyOneThread}, which is ${backend.reason}` : whyOneThread;
  throw new BackendError(`network: threads is ${choice}, but ${why}; threads: "auto" takes what there is`);
}

async function openJs(bytes: number, { name, reason }: ArithmeticWish, why: string): Promise<Region> {
  const { JsRegion } = await loadPlain();
  return new JsRegion(bytes, explained(name === "fastest" ? "relaxed" : name, reason), why);
}

async function openWasm(bytes: number, { name, reason }: ArithmeticWish, why: string): Promise<Region> {
  const open = async (build: ArithmeticName, because: string) =>
    wasmRegion(await compileBuild(build), bytes, explained(build, because), why);
  if (name === "strict") return open("strict", reason);
  if (name === "fastest" && isWide("strict") && !isWide("relaxed"))
    return open("strict", "this V8 makes 256-bit operations of strict arithmetic only");
  try {
    return await open("relaxed", reason);
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    // Strict may be there where relaxed is not: an engine without it, a file that is not served, a module given ahead of time.
    if (name === "fastest") return open("strict", error.message);
    if (error instanceof NoWebAssembly) throw error;
    throw new BackendError(
      `network: arithmetic "relaxed" (${reason}) cannot run here: ${error.message}; arithmetic: "strict" runs everywhere, to other numbers, and backend: "js" has a relaxed arithmetic of its own`,
      { cause: error },
    );
  }
}
