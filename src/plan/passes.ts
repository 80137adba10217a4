// Passes rewrite a program without changing a bit of what it computes.

import { specOf } from "./ops.js";
import { type Instruction, isTensor, type Program, usesOf, valuesOf } from "./program.js";
import { padded, type Tensor } from "./tensor.js";

/** Lets gemm apply an elementwise activation to its result before it leaves the cache, where nothing else reads the result. */
export function fuseEpilogues(program: Program): Program {
  const readers = new Map<Tensor, number>();
  for (const instruction of program.instructions)
    for (const { tensor, reads } of usesOf(instruction)) if (reads) readers.set(tensor, (readers.get(tensor) ?? 0) + 1);

  const producers = new Map<Tensor, number>();
  const out: (Instruction | undefined)[] = [];
  for (const instruction of program.instructions) {
    const { x, y, alpha } = instruction.operands;
    const { epilogue, code } = specOf(instruction.op);
    const at = epilogue && isTensor(x) && readers.get(x) === 1 && !program.results.includes(x) ? producers.get(x) : undefined;
    if (at !== undefined && isTensor(y)) {
      const gemm = out[at]!;
      out[at] = { ...gemm, operands: { ...gemm.operands, c: y, activation: code, alpha: alpha ?? 0 } };
      continue;
    }
    // Only a product's own result has an epilogue, and only one.
    const { c, activation } = instruction.operands;
    if (isTensor(c) && activation === 0 && c.slab === "workspace") producers.set(c, out.length);
    out.push(instruction);
  }
  return { ...program, instructions: out.filter((instruction) => instruction !== undefined) };
}

/** Gives every op that needs working memory a tensor for it, as large as a batch of `capacity` rows makes it. */
export function addScratch(program: Program, capacity: number): Program {
  const instructions = program.instructions.map((instruction, i) => {
    const operand = specOf(instruction.op).operands.find((o) => o.kind === "tensor" && o.access === "scratch");
    if (operand?.kind !== "tensor") return instruction;
    const elements = operand.span!(valuesOf(instruction, capacity));
    if (elements === 0) return instruction;
    const scratch: Tensor = {
      id: -1 - i,
      name: `${instruction.layer}.scratch`,
      shape: [elements],
      batched: false,
      dtype: "f32",
      stride: padded(elements),
      slab: "workspace",
      needsGradient: false,
    };
    return { ...instruction, operands: { ...instruction.operands, [operand.name]: scratch } };
  });
  return { ...program, instructions };
}
