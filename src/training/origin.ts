// Where in a traced step something non-finite began, and what that step began with: data, weights of rows, parameters.
import type { Plan } from "../compile.js";
import { type TensorUse, usesOf } from "../plan/program.js";
import type { Tensor } from "../plan/tensor.js";

/** What is asked of a tensor's numbers. */
export interface Seen {
  readonly least: number;
  readonly most: number;
  /** The largest magnitude. */
  readonly largest: number;
  /** Where the first is that is not finite, or -1. */
  readonly bad: number;
  readonly count: number;
}

export interface Origin {
  readonly layer: string;
  readonly what: "gradient" | "value" | "output";
  readonly op: string;
  /** Of the data, if the tensor has rows of the batch. */
  readonly row: number | undefined;
  /** What the op read and did not overwrite, and what others read that went on to change what it made: finite, but for data that was changed. */
  readonly took: readonly Tensor[];
  /** All that the step had read and made by then. */
  readonly before: ReadonlySet<Tensor>;
}

/** Reads each tensor once, though it is asked for several times. */
export function seeing(read: (tensor: Tensor) => Float32Array): (tensor: Tensor) => Seen {
  const known = new Map<Tensor, Seen>();
  return (tensor) => {
    let seen = known.get(tensor);
    if (!seen) {
      const values = read(tensor);
      const least = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
      const most = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
      const bad = values.findIndex((value) => !Number.isFinite(value));
      seen = { least, most, largest: Math.max(-least, most), bad, count: values.length };
      known.set(tensor, seen);
    }
    return seen;
  };
}

/** In program order: the first tensor of the step that holds something non-finite, though nothing does that it was computed from.
 *  @param numbers of the batch's rows, in the data */
export function originIn({ program, feeds }: Plan, numbers: Float64Array, see: (tensor: Tensor) => Seen): Origin | undefined {
  const data = new Set(feeds.map(({ batch }) => batch));
  const before = new Set<Tensor>();
  for (const instruction of program.instructions) {
    const uses = usesOf(instruction);
    for (const tensor of readBy(uses)) before.add(tensor);
    for (const { tensor, writes, operand } of uses) {
      if (!writes || operand.access === "scratch") continue;
      before.add(tensor);
      const { bad, count } = see(tensor);
      if (bad < 0) continue;
      const writers = program.instructions.map(usesOf).filter((each) => each.some((use) => use.writes && use.tensor === tensor));
      const took = [...new Set(writers.flatMap(readBy))];
      // Of a gradient to which several add, a later one may have added it.
      if (took.some((each) => !data.has(each) && see(each).bad >= 0)) continue;
      return {
        op: instruction.op,
        took,
        before: new Set([...before, ...took]),
        row: tensor.batched ? numbers[Math.floor((bad * numbers.length) / count)] : undefined,
        layer: instruction.layer,
        what: instruction.phase === "backward" || operand.name === "dx" ? "gradient" : instruction.layer === "loss" ? "value" : "output",
      };
    }
  }
  return undefined;
}

function readBy(uses: readonly TensorUse[]): Tensor[] {
  return uses.filter(({ writes, tensor }) => !writes && tensor.dtype === "f32").map(({ tensor }) => tensor);
}
