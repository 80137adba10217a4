// Ops that fill, move or combine rows without arithmetic on their meaning.
import { Op, Share } from "../../../assembly/opcodes.js";
import { op, read, scalar, update, type Values, whole, write } from "../spec.js";
import { padded } from "../tensor.js";

const byWords = (v: Values) => v.end! * v.words!;

export const rowOps = {
  /** y[r] = data[order[r]], rows of so many words */
  gatherRows: op(() => ({
    code: Op.GatherRows,
    operands: [write("y", byWords), read("data"), scalar("order", "stepPointer"), scalar("words", "u32"), scalar("end", "extent")],
    split: Share.Rows,
    flops: () => 0,
  })),
  /** y = value in every element */
  fill: op(() => ({
    code: Op.Fill,
    operands: [write("y", whole), scalar("value", "f32"), scalar("end", "extent")],
    split: Share.Elements,
    flops: () => 0,
  })),
  /** y = a field of the step's record in every element */
  fillStep: op(() => ({
    code: Op.FillStep,
    operands: [write("y", whole), scalar("value", "stepF32"), scalar("end", "extent")],
    split: Share.Elements,
    flops: () => 0,
  })),
  /** y = mean + scale·(what `kind`, a Variate, makes of each element's uniform number): a parameter's first values */
  draw: op(() => ({
    code: Op.Draw,
    operands: [
      write("y", (v) => (v.end! - 1) * v.ld! + padded(v.columns!)),
      scalar("seed", "u32"),
      scalar("parameter", "u32"),
      scalar("kind", "u32"),
      scalar("mean", "stepF64"),
      scalar("scale", "stepF64"),
      scalar("columns", "u32"),
      scalar("ld", "u32"),
      scalar("end", "extent"),
    ],
    within: [["columns", "ld"]],
    split: Share.Rows,
    flops: (v) => 3 * v.end! * v.columns!,
  })),
  /** y += x */
  accumulate: op(() => ({
    code: Op.Accumulate,
    operands: [update("y", whole), read("x", whole), scalar("end", "extent")],
    split: Share.Elements,
    flops: whole,
  })),
};
