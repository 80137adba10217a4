// A program as text: one line an instruction, in columns of an 80-character terminal.
import { opNames, specOf } from "./ops.js";
import { type Instruction, isTensor, type Program } from "./program.js";
import { accessOf } from "./spec.js";
import { columns, rows, type Tensor } from "./tensor.js";

function shapeOf(t: Tensor): string {
  const r = rows(t);
  const height = typeof r === "number" ? `${r}` : r.perRow === 1 ? "rows" : `${r.perRow}·rows`;
  return `${height}x${columns(t)}`;
}

function line(instruction: Instruction): string {
  const { op, operands } = instruction;
  const outputs: string[] = [];
  const inputs: string[] = [];
  for (const operand of specOf(op).operands) {
    const value = operands[operand.name];
    if (operand.kind !== "tensor" || !isTensor(value)) continue;
    const access = accessOf(operand, operands as Record<string, number>);
    if (access === "scratch") continue;
    (access === "read" ? inputs : outputs).push(access === "read" ? value.name : `${value.name} ${shapeOf(value)}`);
  }
  const epilogue = typeof operands.activation === "number" && operands.activation ? ` + ${opNames.get(operands.activation)}` : "";
  return `${`${op}${epilogue}`.padEnd(24)} ${outputs.join(", ") || "step record"} <- ${inputs.join(", ")}`;
}

/** The instructions by phase, with what each writes (rows x columns) and reads. */
export function explain(program: Program): string {
  const lines: string[] = [];
  let phase = "";
  for (const instruction of program.instructions) {
    if (instruction.phase !== phase) lines.push(`${(phase = instruction.phase)}:`);
    lines.push(`  ${line(instruction)}`);
  }
  return lines.join("\n");
}
