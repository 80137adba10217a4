// Plain JavaScript: the interpreter of assembly/index.ts over the kernels' twins. The same bits, and the way where WebAssembly is refused.
import { Op, Step } from "../../assembly/opcodes.js";
import { dispatch } from "../../build/js/dispatch.js";
import type { Arithmetic } from "../arithmetic.js";
import { BackendError } from "../errors.js";
import { outOfMemory, regionSize } from "./arena.js";
import type { BackendInfo, Region } from "./backend.js";
import { type Views, viewsOf } from "./views.js";

/** An ordinary ArrayBuffer, which the engine collects by itself. */
export class JsRegion implements Region {
  #views: Views | undefined;
  #steps = 0;
  #why = "";

  constructor(
    bytes: number,
    readonly arithmetic: Arithmetic,
    private readonly reason: string,
  ) {
    this.#views = this.#zeroed(bytes);
  }

  get backend(): BackendInfo {
    return {
      name: "js",
      build: this.arithmetic.name,
      threads: 1,
      revectorized: false,
      reason: this.reason + this.#why,
      steps: this.#steps,
    };
  }

  readonly whyOneThread = "plain JavaScript (backend js) has no threads";

  get bytes(): number {
    return this.views().u8.byteLength;
  }

  views(): Views {
    if (!this.#views) throw new BackendError("region: used after dispose()");
    return this.#views;
  }

  reserve(bytes: number): void {
    const { u8 } = this.views();
    if (bytes <= u8.byteLength) return;
    const larger = this.#zeroed(bytes);
    larger.u8.set(u8);
    this.#views = larger;
  }

  run(plan: number, table: number, stride: number, steps: number): number {
    const good = run(this.views(), plan, table, stride, steps);
    this.#steps += good;
    return good;
  }

  async share(threads: number, reason: string): Promise<void> {
    if (threads > 1) throw new BackendError(`threads: ${this.whyOneThread}`);
    this.#why = `; ${reason}`;
  }

  async runShared(plan: number, table: number, stride: number, steps: number): Promise<number> {
    return this.run(plan, table, stride, steps);
  }

  remark(): void {}

  rest(): void {}

  dispose(): void {
    this.#views = undefined;
  }

  #zeroed(wanted: number): Views {
    const bytes = regionSize(wanted);
    try {
      return viewsOf(new ArrayBuffer(bytes), 0, bytes, this.arithmetic.name === "relaxed");
    } catch (cause) {
      throw outOfMemory(bytes, cause);
    }
  }
}

/** `run` of assembly/index.ts. */
function run(views: Views, plan: number, table: number, stride: number, steps: number): number {
  const { u32 } = views;
  let step = table;
  for (let done = 0; done < steps; ++done) {
    const rows = u32[(step + Step.Rows) >> 2]!;
    for (let pc = plan >> 2; u32[pc] !== Op.End; pc += u32[pc + 1]!) dispatch(views, pc, step, rows);
    if (u32[(step + Step.Status) >> 2]) return done;
    step += stride;
  }
  return steps;
}
