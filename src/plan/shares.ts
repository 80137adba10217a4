// Which bytes an instruction touches, and which thread touches them: what barriers follow from, and what the verifier asks.
import { specOf } from "./ops.js";
import { type Instruction, isTensor, valuesOf } from "./program.js";
import { accessOf, type OpSpec, stepFieldBytes, type TensorOperand, type Values } from "./spec.js";
import { type Extent, size, type Tensor } from "./tensor.js";

/** Every thread may touch all of it. */
export const EVERYONE = "everyone";
const FIRST = "first thread";

export interface Touch {
  readonly operand: string;
  /** In the network's region, or in the step's record. */
  readonly space: "region" | "step";
  /** Bytes, for the largest batch. */
  readonly begin: number;
  readonly end: number;
  readonly writes: boolean;
  /** How the bytes are divided among threads: where two touches have the same owners, each thread touches the same bytes in both. */
  readonly owners: string;
}

/** For batches of up to `capacity` rows. */
export function touchesOf(instruction: Instruction, addresses: ReadonlyMap<Tensor, number>, capacity: number): Touch[] {
  const spec = specOf(instruction.op);
  const values = valuesOf(instruction, capacity);
  const touches: Touch[] = [];
  for (const operand of spec.operands) {
    const value = instruction.operands[operand.name];
    if (operand.kind !== "tensor") {
      const bytes = stepFieldBytes[operand.kind];
      if (bytes === undefined || operand.kind === "stepStatus") continue;
      const owners = spec.split === "none" ? FIRST : EVERYONE;
      const begin = value as number;
      touches.push({ operand: operand.name, space: "step", begin, end: begin + bytes, writes: operand.kind === "stepAddress", owners });
      continue;
    }
    if (!isTensor(value)) continue;
    const begin = addresses.get(value)!;
    const access = accessOf(operand, values);
    // Working memory lies there once for each thread.
    const elements = access === "scratch" ? size(value, capacity) : (operand.span?.(values) ?? size(value, capacity));
    const owners = access === "scratch" ? `own at ${begin}` : ownersOf(spec, operand, instruction.operands.end as Extent, values, begin);
    touches.push({ operand: operand.name, space: "region", begin, end: begin + elements * 4, writes: access !== "read", owners });
  }
  return touches;
}

function ownersOf({ split }: OpSpec, { span }: TensorOperand, end: Extent, values: Values, begin: number): string {
  if (split === "none" || (typeof end === "number" && end <= split)) return FIRST;
  if (!span) return EVERYONE;
  // Elements for each unit of the range, if that is all a share touches.
  const each = span({ ...values, end: values.end! + 1 }) - span(values);
  if (each <= 0 || span(values) !== each * values.end!) return EVERYONE;
  return typeof end === "number"
    ? `${end} by ${split}, ${each * 4} bytes each, at ${begin}`
    : `rows, ${end.perRow * each * 4} bytes each, at ${begin}`;
}

/** Whether threads that are at both at once may spoil each other's work. */
export function collide(a: Touch, b: Touch): boolean {
  if (a.space !== b.space || a.begin >= b.end || b.begin >= a.end || !(a.writes || b.writes)) return false;
  return a.owners !== b.owners || a.owners === EVERYONE;
}
