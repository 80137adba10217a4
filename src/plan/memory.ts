// Lays out the workspace: a tensor has memory from its first write to its last use, then another may have it. A program's results, of a trace
// all that it computes, keep theirs to the end.
import { specOf } from "./ops.js";
import { type Instruction, type Program, usesOf } from "./program.js";
import { size, type Tensor } from "./tensor.js";

export interface WorkspaceLayout {
  /** Offset of each workspace tensor, in elements. */
  readonly offsets: ReadonlyMap<Tensor, number>;
  /** Elements in all. */
  readonly total: number;
}

interface Block {
  readonly offset: number;
  readonly size: number;
}

export function layoutWorkspace(program: Program, capacity: number): WorkspaceLayout {
  const lastUse = new Map<Tensor, number>();
  program.instructions.forEach((instruction, i) => {
    for (const { tensor } of usesOf(instruction)) lastUse.set(tensor, i);
  });
  for (const tensor of program.results) lastUse.set(tensor, Number.POSITIVE_INFINITY);

  const offsets = new Map<Tensor, number>();
  const free: Block[] = [];
  let total = 0;

  const take = (elements: number): number => {
    let best = -1;
    for (let i = 0; i < free.length; ++i) if (free[i]!.size >= elements && (best < 0 || free[i]!.size < free[best]!.size)) best = i;
    if (best < 0) {
      // The last block may be grown where it touches the end.
      const last = free.findIndex((block) => block.offset + block.size === total);
      const offset = last < 0 ? total : free.splice(last, 1)[0]!.offset;
      total = offset + elements;
      return offset;
    }
    const block = free.splice(best, 1)[0]!;
    if (block.size > elements) free.push({ offset: block.offset + elements, size: block.size - elements });
    return block.offset;
  };

  const giveBack = (offset: number, elements: number): void => {
    let block: Block = { offset, size: elements };
    for (let i = free.length; i-- > 0; ) {
      const other = free[i]!;
      if (other.offset + other.size === block.offset || block.offset + block.size === other.offset) {
        block = { offset: Math.min(other.offset, block.offset), size: other.size + block.size };
        free.splice(i, 1);
      }
    }
    free.push(block);
  };

  program.instructions.forEach((instruction, i) => {
    const uses = usesOf(instruction).filter((use) => use.tensor.slab === "workspace");
    const inherited = new Set<Tensor>();
    for (const { tensor, operand } of uses) {
      if (offsets.has(tensor)) continue;
      const source = dyingAlias(instruction, operand.name, tensor, lastUse, i, inherited);
      if (source) {
        offsets.set(tensor, offsets.get(source)!);
        inherited.add(source);
      } else offsets.set(tensor, take(size(tensor, capacity)));
    }
    for (const tensor of new Set(uses.map((use) => use.tensor)))
      if (lastUse.get(tensor) === i && !inherited.has(tensor)) giveBack(offsets.get(tensor)!, size(tensor, capacity));
  });
  return { offsets, total };
}

/** An input whose memory the output may take over: the op allows it, and nobody reads the input later. */
function dyingAlias(
  instruction: Instruction,
  output: string,
  tensor: Tensor,
  lastUse: ReadonlyMap<Tensor, number>,
  at: number,
  taken: ReadonlySet<Tensor>,
): Tensor | undefined {
  for (const [out, input] of specOf(instruction.op).alias ?? []) {
    const source = instruction.operands[input] as Tensor;
    if (out !== output || source.slab !== "workspace" || lastUse.get(source) !== at || taken.has(source)) continue;
    if (size(source, 1) === size(tensor, 1) && size(source, 2) === size(tensor, 2)) return source;
  }
  return undefined;
}
