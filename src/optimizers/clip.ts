// Clipping of gradients, before an optimizer's own step.
import { Step } from "../../assembly/opcodes.js";
import { checkNumber, checkOneOf, checkOptions } from "../checks.js";
import type { Builder } from "../plan/builder.js";
import { size } from "../plan/tensor.js";
import type { Slabs } from "./optimizer.js";

/** Of the raw gradients, before weight decay. `globalNorm`: all of them together are scaled to a norm of at most `value`;
 *  `norm`: those of each parameter by themselves; `value`: each element is held within ±value. */
export interface Clip {
  readonly type: "globalNorm" | "norm" | "value";
  /** > 0 */
  readonly value: number;
}

const status = Step.Status;

const kinds: Readonly<Record<Clip["type"], (g: Builder, slabs: Slabs, limit: number) => void>> = {
  globalNorm(g, slabs, limit) {
    g.emit("sumSquares", { out: Step.SumSquares, status, g: slabs.g, end: slabs.end });
    g.emit("clipGlobalNorm", { g: slabs.g, sumSquares: Step.SumSquares, limit, end: slabs.end });
  },
  norm(g, slabs, limit) {
    // Rows and the padding between them, whose zeros add nothing.
    for (const part of slabs.g.parts!) g.emit("clipNorm", { g: part, status, limit, end: size(part, 0) });
  },
  value: (g, slabs, limit) => g.emit("clipValue", { g: slabs.g, status, limit, end: slabs.end }),
};

/** @throws {OptionError} an unknown type, or a value out of range */
export function checkClip(who: string, clip: Clip): void {
  checkOptions(who, clip, ["type", "value"]);
  checkOneOf(`${who}.type`, clip.type, Object.keys(kinds));
  checkNumber(`${who}.value`, clip.value, { above: 0 });
}

export function emitClip(g: Builder, { type, value }: Clip, slabs: Slabs): void {
  kinds[type](g, slabs, value);
}
