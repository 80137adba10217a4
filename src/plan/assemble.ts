// A program with addresses becomes words: records of [opcode, length, operands...], then End.
import { ExtentWord, Op } from "../../assembly/opcodes.js";
import { specOf } from "./ops.js";
import { isTensor, type Program } from "./program.js";
import type { Extent, Tensor } from "./tensor.js";

export function extentWord(extent: Extent): number {
  return typeof extent === "number" ? extent : ((1 << ExtentWord.PerRowBit) | extent.perRow) >>> 0;
}

const bits = new DataView(new ArrayBuffer(4));

export function floatWord(value: number): number {
  bits.setFloat32(0, value, true);
  return bits.getUint32(0, true);
}

/** @param addresses byte offsets in the network's region */
export function assemble({ instructions }: Pick<Program, "instructions">, addresses: ReadonlyMap<Tensor, number>): Uint32Array {
  const words: number[] = [];
  for (const instruction of instructions) {
    const spec = specOf(instruction.op);
    words.push(spec.code, spec.operands.length + 2);
    for (const operand of spec.operands) {
      const value = instruction.operands[operand.name];
      if (operand.kind === "tensor") words.push(isTensor(value) ? addresses.get(value)! : 0);
      else if (operand.kind === "extent") words.push(extentWord(value as Extent));
      else words.push(operand.kind === "f32" ? floatWord(value as number) : (value as number) >>> 0);
    }
  }
  words.push(Op.End, 2);
  return Uint32Array.from(words);
}
