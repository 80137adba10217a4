// Ops that sum, cut, join and turn matrices by their columns.
import { Op, Share, Start } from "../../../assembly/opcodes.js";
import { type Access, byRows, op, read, scalar, update, type Values, write } from "../spec.js";
import { columns, rows } from "../tensor.js";
import { clear, spread } from "./elementwise.js";

const yRows = (v: Values) => v.end! * v.ldy!;
/** Whole rows, or what a row reaches beyond its own. */
const reach = (v: Values, stride: string, first: string) => {
  const last = Math.max(v.end! - 1, 0) * v[stride]!;
  return last + Math.max(v[stride]!, v[first]! + v.count!);
};
const yReach = (v: Values) => reach(v, "ldy", "to");
const xReach = (v: Values) => reach(v, "ldx", "from");

export const columnOps = {
  /** y[r] = the sum of x's row r; y has one column, in rows of ldy elements, 4 or 1 */
  sumColumns: op(() => ({
    code: Op.SumColumns,
    operands: [
      write("y", (v) => (v.ldy === 1 ? v.end! : Math.max(v.end! - 1, 0) * v.ldy! + 4)),
      read("x", byRows),
      scalar("columns", "u32"),
      scalar("ld", "u32"),
      scalar("ldy", "u32"),
      scalar("end", "extent"),
    ],
    within: [["columns", "ld"]],
    vectors: ["ld"],
    split: Share.Rows,
    flops: (v) => v.end! * v.columns!,
    backward: (g, o) => spread(g, o.x, g.gradient(o.y)),
  })),
  /** y[r][to + j] = x[r][from + j], j < count; `first`: nothing of y was written before */
  copyColumns: op(() => ({
    code: Op.CopyColumns,
    operands: [
      { name: "y", kind: "tensor", access: (v: Values): Access => (v.first ? "write" : "update"), span: yReach },
      read("x", xReach),
      scalar("count", "u32"),
      scalar("to", "u32"),
      scalar("from", "u32"),
      scalar("ldy", "u32"),
      scalar("ldx", "u32"),
      scalar("first", "u32"),
      scalar("end", "extent"),
    ],
    split: Share.Rows,
    flops: () => 0,
    backward: (g, o) =>
      g.accumulate(o.x, (dx, start) => {
        const dy = g.gradient(o.y);
        // Gradients lie as what they are gradients of.
        const operands = { y: dx, x: dy, count: o.count, to: o.from, from: o.to, ldy: o.ldx, ldx: o.ldy, end: o.end };
        const all = o.count === columns(o.x) && o.ldx === dx.stride;
        if (start === Start.Zero && all) return g.emit("copyColumns", { ...operands, first: 1 });
        if (start === Start.Zero) clear(g, dx);
        g.emit("addColumns", operands);
      }),
  })),
  /** y[r][to + j] += x[r][from + j], j < count */
  addColumns: op(() => ({
    code: Op.AddColumns,
    operands: [
      update("y", yReach),
      read("x", xReach),
      scalar("count", "u32"),
      scalar("to", "u32"),
      scalar("from", "u32"),
      scalar("ldy", "u32"),
      scalar("ldx", "u32"),
      scalar("end", "extent"),
    ],
    split: Share.Rows,
    flops: (v) => v.end! * v.count!,
  })),
  /** y = xᵀ; the range is rows of y, which has so many columns */
  transpose: op(() => ({
    code: Op.Transpose,
    operands: [
      write("y", yRows),
      read("x", (v) => v.columns! * v.ldx!),
      scalar("columns", "u32"),
      scalar("ldy", "u32"),
      scalar("ldx", "u32"),
      scalar("end", "extent"),
    ],
    within: [
      ["columns", "ldy"],
      ["end", "ldx"],
    ],
    split: Share.Rows,
    flops: () => 0,
    backward: (g, o) =>
      g.contribute(o.x, (dx) => {
        const dy = g.gradient(o.y);
        g.emit("transpose", { y: dx, x: dy, columns: columns(dx), ldy: dx.stride, ldx: dy.stride, end: rows(dx) });
      }),
  })),
  /** y = +0 in the padding of its rows */
  clearPadding: op(() => ({
    code: Op.ClearPadding,
    operands: [update("y", byRows), scalar("columns", "u32"), scalar("ld", "u32"), scalar("end", "extent")],
    within: [["columns", "ld"]],
    split: Share.Rows,
    flops: () => 0,
  })),
};
