// A program: what a network does in one step, as a list of instructions on named tensors. Passes rewrite it; it can be printed.
import type { Layer } from "../layers/layer.js";
import { type OpName, specOf } from "./ops.js";
import { accessOf, type Made, type TensorOperand, type Values } from "./spec.js";
import { type Extent, evaluate, type Tensor } from "./tensor.js";

export type Phase = "forward" | "loss" | "backward" | "update";

export interface Instruction {
  readonly op: OpName;
  /** By operand name: a Tensor, an Extent or a number; an optional operand may be missing. */
  readonly operands: Readonly<Record<string, Tensor | Extent | undefined>>;
  /** The layer that asked for it, or "input", "loss", "optimizer". */
  readonly layer: string;
  readonly phase: Phase;
}

/** What a layer's computation went through, for people to see. */
export interface LayerRecord {
  /** Of a layer within another `<that one>.<its own>`. */
  readonly name: string;
  readonly layer: Layer;
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  /** What went into the activation that made the output, if one did. */
  readonly preActivation?: Tensor;
  /** Those it asked for, itself or in layers within it. */
  readonly parameters: readonly Tensor[];
  /** The layers that it applied. */
  readonly layers: readonly LayerRecord[];
}

export interface Program {
  readonly instructions: readonly Instruction[];
  readonly layers: readonly LayerRecord[];
  readonly parameters: readonly Tensor[];
  /** Gradient of each tensor that has one. */
  readonly gradients: ReadonlyMap<Tensor, Tensor>;
  /** Tensors that JavaScript reads after the step: they keep their memory to its end. */
  readonly results: readonly Tensor[];
  /** Working memory of several threads, a row for each. */
  readonly scratch?: Tensor;
}

export function isTensor(value: Tensor | Extent | undefined): value is Tensor {
  return typeof value === "object" && "slab" in value;
}

/** The instruction's numbers for a batch of so many rows. */
export function valuesOf(instruction: Instruction, batchRows: number): Values {
  const values: Record<string, number> = {};
  for (const { kind, name } of specOf(instruction.op).operands)
    if (kind !== "tensor") values[name] = evaluate(instruction.operands[name] as Extent, batchRows);
  return values;
}

export interface TensorUse {
  readonly operand: TensorOperand;
  readonly tensor: Tensor;
  readonly reads: boolean;
  readonly writes: boolean;
}

/** An instruction never changes, and every pass asks: reading operands of ever other shapes by name is most of what compiling costs
 *  in a process that has just begun. */
const known = new WeakMap<Instruction, readonly TensorUse[]>();

/** Every tensor the instruction touches, and how. */
export function usesOf(instruction: Instruction): readonly TensorUse[] {
  let uses = known.get(instruction);
  if (!uses) {
    uses = findUses(instruction);
    known.set(instruction, uses);
  }
  return uses;
}

function findUses(instruction: Instruction): readonly TensorUse[] {
  const uses: TensorUse[] = [];
  let values: Values | undefined;
  for (const operand of specOf(instruction.op).operands) {
    if (operand.kind !== "tensor") continue;
    const tensor = instruction.operands[operand.name];
    if (!isTensor(tensor)) continue;
    // Few ops read or write as their numbers say.
    if (typeof operand.access === "function") values ??= valuesOf(instruction, 1);
    const access = accessOf(operand, values!);
    uses.push({ operand, tensor, reads: access === "read" || access === "update", writes: access !== "read" });
  }
  return uses;
}

/** What is known of a tensor's numbers by the op that makes it. */
export function madeBy({ instructions }: Program, tensor: Tensor): Made | undefined {
  const maker = instructions.find((instruction) => usesOf(instruction).some((use) => use.writes && use.tensor === tensor));
  return maker && specOf(maker.op).makes;
}
