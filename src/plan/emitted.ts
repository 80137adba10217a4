// What a user's function emitted: whether it is complete, and what depends on what.
import { shown } from "../checks.js";
import { OptionError } from "../errors.js";
import type { Builder } from "./builder.js";
import { specOf } from "./ops.js";
import { type Instruction, usesOf } from "./program.js";
import type { Tensor } from "./tensor.js";

/** A missing tensor would be memory at address 0.
 *  @throws {OptionError} saying which operand of which op is missing, or none */
export function checkComplete(g: Builder, emitted: readonly Instruction[]): void {
  for (const { op, operands, layer } of emitted)
    for (const operand of specOf(op).operands) {
      const value: unknown = operands[operand.name];
      const who = `${layer}: emit: ${operand.name} of ${op} is`;
      if (operand.kind !== "tensor") {
        const number = operand.kind === "extent" ? ((value as { readonly perRow?: unknown } | null | undefined)?.perRow ?? value) : value;
        if (typeof number !== "number") throw new OptionError(`${who} ${shown(value)}, expected a number`);
      } else if (value !== undefined || !operand.optional) g.expectTensor(who, value);
    }
}

/** Whether the gradient of `to` will contribute to that of `from`. */
export function reaches(emitted: readonly Instruction[], from: Tensor, to: Tensor): boolean {
  const dependent = new Set([from]);
  for (const instruction of emitted) {
    const { backward, stops = [] } = specOf(instruction.op);
    if (!backward) continue;
    const uses = usesOf(instruction);
    if (!uses.some(({ tensor, reads, operand }) => reads && dependent.has(tensor) && !stops.includes(operand.name))) continue;
    for (const { tensor, writes } of uses) if (writes) dependent.add(tensor);
  }
  return dependent.has(to);
}
