// A program: what a network does in one step, as a list of instructions on named tensors. Passes rewrite it; it can be printed.

import { type OpName, specOf } from "./ops.js";
import { accessOf, type OpSpec, type TensorOperand, type Values } from "./spec.js";
import { type Extent, evaluate, type Tensor } from "./tensor.js";

export type Phase = "forward" | "loss" | "backward" | "update";

export interface Instruction {
  readonly op: OpName;
  /** By operand name: a Tensor, an Extent or a number; an optional operand may be missing. */
  readonly operands: Readonly<Record<string, Tensor | Extent | undefined>>;
  /** The layer that asked for it, or "loss", "optimizer". */
  readonly layer: string;
  readonly phase: Phase;
}

/** What a layer's computation went through, for `trace`. */
export interface LayerRecord {
  readonly name: string;
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  /** What went into the activation, if the layer has one. */
  readonly preActivation?: Tensor;
  readonly parameters: readonly Tensor[];
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
  for (const operand of specOf(instruction.op).operands) {
    const value = instruction.operands[operand.name];
    if (operand.kind !== "tensor") values[operand.name] = evaluate(value as Extent, batchRows);
  }
  return values;
}

export interface TensorUse {
  readonly operand: TensorOperand;
  readonly tensor: Tensor;
  readonly reads: boolean;
  readonly writes: boolean;
}

/** Every tensor the instruction touches, and how. */
export function usesOf(instruction: Instruction): TensorUse[] {
  const spec: OpSpec = specOf(instruction.op);
  const values = valuesOf(instruction, 1);
  const uses: TensorUse[] = [];
  for (const operand of spec.operands) {
    const tensor = instruction.operands[operand.name];
    if (operand.kind !== "tensor" || !isTensor(tensor)) continue;
    const access = accessOf(operand, values);
    uses.push({ operand, tensor, reads: access === "read" || access === "update", writes: access !== "read" });
  }
  return uses;
}
