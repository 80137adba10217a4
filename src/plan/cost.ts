// What an instruction costs by the op table: floating-point operations, and bytes that it must move.
import { specOf } from "./ops.js";
import { type Instruction, isTensor, valuesOf } from "./program.js";
import { accessOf } from "./spec.js";

export interface Cost {
  /** As the op table counts them: exp and its like are one. */
  readonly flops: number;
  /** Elements read and elements written, padding included, each as often as an ideal cache would move it: once. */
  readonly bytes: number;
}

/** For a batch of so many rows. */
export function costOf(instruction: Instruction, batchRows: number): Cost {
  const { operands, flops } = specOf(instruction.op);
  const values = valuesOf(instruction, batchRows);
  let elements = 0;
  let written = 0;
  for (const operand of operands) {
    if (operand.kind !== "tensor" || !isTensor(instruction.operands[operand.name])) continue;
    const access = accessOf(operand, values);
    if (access === "scratch") continue;
    // What picks from anywhere in a tensor reads what it writes.
    const touched = operand.span ? operand.span(values) : written;
    if (access !== "read") written += touched;
    elements += access === "update" ? 2 * touched : touched;
  }
  return { flops: flops(values), bytes: 4 * elements };
}
