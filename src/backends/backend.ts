// What a network asks of whatever runs its plans: memory, and k steps of a plan that lies in it. No op and no shape appears here,
// so a new op never touches a backend's interface.
import { type Arithmetic, type ArithmeticName, type ArithmeticWish, explained } from "../arithmetic.js";
import { BackendError } from "../errors.js";
import type { BuildName } from "./builds.js";
import { jsBackend } from "./js.js";
import type { Views } from "./views.js";
import { compileBuild, NoWebAssembly, wasmBackend } from "./wasm.js";

export { arenas } from "./arena.js";

export type BackendName = "wasm" | "js";
export type BackendChoice = BackendName | "auto";

/** What runs a network, and why. */
export interface BackendInfo {
  readonly name: BackendName;
  /** WebAssembly: the module that runs; JavaScript: the arithmetic of its kernels. */
  readonly build: BuildName | ArithmeticName;
  readonly threads: 1;
  /** Whether V8 may make 256-bit operations of it: `revectorize()` of chainrule/node. */
  readonly revectorized: boolean;
  /** Why this backend, in words. */
  readonly reason: string;
  /** Good steps this region has run, counted inside the backend: `predict` and evaluation count too. */
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
  /** Gives the memory back. May be called again; any later use throws a BackendError. */
  dispose(): void;
}

export interface Backend {
  readonly name: BackendName;
  /** Memory for one network, zeroed. Asynchronous so that regions of collected networks can come back first.
   * @throws {BackendError} if the engine has no more memory */
  region(bytes: number): Promise<Region>;
}

/** A backend or an arithmetic asked for by name is that one or an error. "auto" is WebAssembly; JavaScript only where WebAssembly is
 * refused. The `fastest` arithmetic is relaxed where it can be had.
 * @param wish default strict
 * @throws {BackendError} with the engine's own error as its `cause` */
export async function openBackend(
  choice: BackendChoice,
  wish: ArithmeticWish = { name: "strict", reason: "the default" },
): Promise<Backend> {
  switch (choice) {
    case "js":
      return openJs(wish, "asked for by name");
    case "wasm":
      return openWasm(wish, "asked for by name");
    case "auto":
      try {
        return await openWasm(wish, "the fastest this engine offers");
      } catch (error) {
        if (error instanceof NoWebAssembly) return openJs(wish, error.message);
        throw error;
      }
    default:
      throw new BackendError(`backend: got ${JSON.stringify(choice)}, expected "auto", "wasm" or "js"`);
  }
}

function openJs({ name, reason }: ArithmeticWish, why: string): Backend {
  return jsBackend(explained(name === "fastest" ? "relaxed" : name, reason), why);
}

async function openWasm({ name, reason }: ArithmeticWish, why: string): Promise<Backend> {
  if (name === "strict") return wasmBackend(await compileBuild("strict"), explained("strict", reason), why);
  try {
    return wasmBackend(await compileBuild("relaxed"), explained("relaxed", reason), why);
  } catch (error) {
    if (!(error instanceof BackendError) || error instanceof NoWebAssembly) throw error;
    if (name === "fastest") return wasmBackend(await compileBuild("strict"), explained("strict", error.message), why);
    throw new BackendError(
      `network: arithmetic "relaxed" (${reason}) cannot run here: ${error.message}; arithmetic: "strict" runs everywhere, to other numbers, and backend: "js" has a relaxed arithmetic of its own`,
      { cause: error },
    );
  }
}
