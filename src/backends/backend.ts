// What a network asks of whatever runs its plans: memory, and k steps of a plan that lies in it. No op and no shape appears here,
// so a new op never touches a backend's interface.
import { BackendError } from "../errors.js";
import { jsBackend } from "./js.js";
import type { Views } from "./views.js";
import { compileModule, wasmBackend } from "./wasm.js";

export { arenas } from "./arena.js";

export type BackendName = "wasm" | "js";
export type BackendChoice = BackendName | "auto";

/** What runs a network, and why. */
export interface BackendInfo {
  readonly name: BackendName;
  /** Arithmetic: "strict" rounds every operation, never fused; the same bits from every backend and engine. */
  readonly build: "strict";
  readonly threads: 1;
  /** Why this backend, in words. */
  readonly reason: string;
  /** Good steps this region has run, counted inside the backend: `predict` and evaluation count too. */
  readonly steps: number;
}

/** One network's memory. Addresses are byte offsets in it; the first byte is 64-byte aligned. Collected when unreachable, or `dispose()`d. */
export interface Region {
  /** A snapshot. */
  readonly backend: BackendInfo;
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

/** A backend asked for by name is that one or an error. "auto" is WebAssembly; JavaScript only where WebAssembly is refused.
 * @throws {BackendError} with the engine's own error as its `cause` */
export async function openBackend(choice: BackendChoice): Promise<Backend> {
  switch (choice) {
    case "js":
      return jsBackend("asked for by name");
    case "wasm":
      return wasmBackend(await compileModule(), "asked for by name");
    case "auto":
      try {
        return wasmBackend(await compileModule(), "the fastest this engine offers");
      } catch (error) {
        if (error instanceof BackendError) return jsBackend(error.message);
        throw error;
      }
    default:
      throw new BackendError(`backend: got ${JSON.stringify(choice)}, expected "auto", "wasm" or "js"`);
  }
}
