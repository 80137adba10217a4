// A program as text: one line an instruction, in columns of an 80-character terminal.
import { commas, wrapped } from "../inspect/wrap.js";
import { opOf, specOf } from "./ops.js";
import { type Instruction, isTensor, type Program } from "./program.js";
import { accessOf } from "./spec.js";
import { columns, rows, type Tensor } from "./tensor.js";

/** The column where an instruction's operands begin. */
const OPERANDS = 26;

function shapeOf(t: Tensor): string {
  const r = rows(t);
  const height = typeof r === "number" ? `${r}` : r.perRow === 1 ? "rows" : `${r.perRow}·rows`;
  return `[${height}, ${columns(t)}]`;
}

/** An instruction's op, and the activation that it applies to its result. */
export function shownOp({ op, operands: { activation } }: Instruction): string {
  return typeof activation === "number" && activation ? `${op} + ${opOf(activation)}` : op;
}

function shownInstruction(instruction: Instruction): string {
  const { op, operands } = instruction;
  const spec = specOf(op);
  const outputs: string[] = [];
  const inputs: string[] = [];
  for (const operand of spec.operands) {
    const value = operands[operand.name];
    if (operand.kind !== "tensor" || !isTensor(value)) continue;
    const access = accessOf(operand, operands as Record<string, number>);
    if (access === "scratch") continue;
    if (access === "read") inputs.push(value.name);
    else outputs.push(`${value.name} ${shapeOf(value)}`);
  }
  const words = [
    ...commas(outputs.length > 0 || spec.operands.length === 0 ? outputs : ["step record"]),
    ...commas(inputs).map((item, i) => (i === 0 ? `<- ${item}` : item)),
  ];
  return wrapped(`  ${shownOp(instruction)}`, words, OPERANDS);
}

/** The instructions by phase, with what each writes `[rows, columns]` and reads, at most 80 columns wide. */
export function explain(program: Program): string {
  const lines: string[] = [];
  let phase = "";
  for (const instruction of program.instructions) {
    if (instruction.phase !== phase) {
      phase = instruction.phase;
      lines.push(`${phase}:`);
    }
    lines.push(shownInstruction(instruction));
  }
  return lines.join("\n");
}
