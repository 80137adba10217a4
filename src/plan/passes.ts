// Passes rewrite a program without changing a bit of what it computes.
import { type OpName, specOf } from "./ops.js";
import { type Instruction, isTensor, type Program, usesOf, valuesOf } from "./program.js";
import { collide, type Touch, touchesOf } from "./shares.js";
import type { TensorOperand } from "./spec.js";
import { aligned, type Extent, evaluate, padded, slabElements, type Tensor } from "./tensor.js";

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

/** By their results: products of two rows, where batches have one row, that are gradients which an optimizer's step alone reads. */
function outerProducts(program: Program): ReadonlyMap<Tensor, Instruction> {
  const products = new Map<Tensor, Instruction>();
  if (!program.instructions.some(({ op }) => specOf(op).ofOuterProduct)) return products;
  const uses = new Map<Tensor, number>();
  for (const instruction of program.instructions)
    for (const { tensor } of usesOf(instruction))
      for (const one of [tensor, ...(tensor.parts ?? [])]) uses.set(one, (uses.get(one) ?? 0) + 1);

  for (const instruction of program.instructions) {
    const { a, b, c, k } = instruction.operands;
    if (!specOf(instruction.op).outerProduct || evaluate(k as Extent, 1) !== 1) continue;
    // Nothing else writes it, and the optimizer alone reads it. Parameters among the factors may have been updated by then.
    if (isTensor(a) && isTensor(b) && isTensor(c) && uses.get(c) === 2 && a.slab !== "parameter" && b.slab !== "parameter")
      products.set(c, instruction);
  }
  return products;
}

/** Whether batches of one row have a program of their own. */
export function hasOuterProducts(program: Program): boolean {
  return outerProducts(program).size > 0;
}

/** For batches of one row, where the gradient of a layer's weights is the outer product of two rows: an optimizer that is able to takes its step
 *  along these, and the gradient is never in memory. What an optimizer updates is one piece of the slabs; it falls into several. */
export function fuseOuterProducts(program: Program): Program {
  const products = outerProducts(program);
  const fused = new Set<Instruction>();
  const instructions = program.instructions.flatMap((step): readonly Instruction[] => {
    const { ofOuterProduct } = specOf(step.op);
    const { w, g, ...shared } = step.operands;
    if (!ofOuterProduct || !isTensor(w) || !isTensor(g)) return [step];
    const pieces: Instruction[] = [];
    let begin = 0;
    const rest = (end: number) => {
      if (begin === end) return;
      const piece = { w: stretch(w, w, begin, end), g: stretch(g, w, begin, end) };
      pieces.push({ ...step, operands: { ...shared, ...piece, end: piece.w.stride } });
    };
    g.parts!.forEach((gradient, i) => {
      const product = products.get(gradient);
      if (!product) return;
      const { a, b, n, ldc: ldw, end } = product.operands;
      rest(i);
      begin = i + 1;
      fused.add(product);
      pieces.push({
        ...step,
        op: ofOuterProduct as OpName,
        operands: { ...shared, w: w.parts![i]!, a, b, n, ldw, end },
        layer: product.layer,
      });
    });
    if (begin === 0) return [step];
    rest(g.parts!.length);
    return pieces;
  });
  return { ...program, instructions: instructions.filter((instruction) => !fused.has(instruction)) };
}

/** Parts [begin, end) of what names a piece of a slab, where `parameters` are this piece's. */
function stretch(whole: Tensor, { parts: parameters }: Tensor, begin: number, end: number): Tensor {
  const total = slabElements(parameters!.slice(begin, end));
  const offset = whole.offset! + slabElements(parameters!.slice(0, begin));
  return { ...whole, shape: [total], stride: total, parts: whole.parts!.slice(begin, end), offset };
}

/** Gives every op that needs working memory a tensor for it, as large as a batch of `capacity` rows makes it. Of several threads each
 *  has a row of its own, in one tensor for all ops: memory that passed from op to op would make threads wait for one another. */
export function addScratch(program: Program, capacity: number, threads = 1): Program {
  const elements = program.instructions.map((instruction) => scratchElements(instruction, capacity));
  const most = aligned(4 * Math.max(0, ...elements)) / 4;
  const shared = threads > 1 && most > 0 ? scratchTensor("scratch", [threads, most]) : undefined;
  const instructions = program.instructions.map((instruction, i) => {
    if (elements[i] === 0) return instruction;
    const scratch = shared ?? scratchTensor(`${instruction.layer}.scratch`, [elements[i]!]);
    return { ...instruction, operands: { ...instruction.operands, [scratchOperand(instruction)!.name]: scratch } };
  });
  return { ...program, instructions, ...(shared && { scratch: shared }) };
}

function scratchOperand({ op }: Instruction): TensorOperand | undefined {
  return specOf(op).operands.find((o): o is TensorOperand => o.kind === "tensor" && o.access === "scratch");
}

function scratchElements(instruction: Instruction, capacity: number): number {
  return scratchOperand(instruction)?.span?.(valuesOf(instruction, capacity)) ?? 0;
}

function scratchTensor(name: string, shape: readonly number[]): Tensor {
  return { name, shape, batched: false, dtype: "f32", stride: padded(shape.at(-1)!), slab: "workspace", needsGradient: false };
}

/** Makes threads wait for one another where one may touch what another has touched since they last met, as late as can be, which is as
 *  seldom as can be; and at the end, for the next step begins where this one did. */
export function addBarriers(program: Program, addresses: ReadonlyMap<Tensor, number>, capacity: number): Program {
  const instructions: Instruction[] = [];
  const meet = ({ layer, phase }: Instruction) => {
    instructions.push({ op: "barrier", operands: {}, layer, phase });
    since = [];
  };
  let since: Touch[] = [];
  for (const instruction of program.instructions) {
    const touches = touchesOf(instruction, addresses, capacity);
    if (touches.some((touch) => since.some((earlier) => collide(touch, earlier)))) meet(instruction);
    since.push(...touches);
    instructions.push(instruction);
  }
  meet(instructions.at(-1)!);
  return { ...program, instructions };
}
