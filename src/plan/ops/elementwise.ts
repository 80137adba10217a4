// Arithmetic on tensors, with broadcasting, and functions of one tensor: what users' own layers, losses and activations are made of.
import { Op, Share } from "../../../assembly/opcodes.js";
import { byRows, type Gradients, type OpSpec, op, read, scalar, type Values, whole, write } from "../spec.js";
import { columns, type Extent, elements, isOneRow, rows, type Tensor } from "../tensor.js";
import { backward as slope } from "./activations.js";

/** How an operand lies under y: its row stride, 0 if one row serves all; its step, 0 if one column serves all. */
function under(t: Tensor, y: Tensor): { readonly stride: number; readonly step: number } {
  return { stride: isOneRow(t) ? 0 : t.stride, step: columns(t) === 1 && columns(y) !== 1 ? 0 : 1 };
}

/** Operands of y = f(a, b). */
export function pair(y: Tensor, a: Tensor, b: Tensor) {
  const [ua, ub] = [under(a, y), under(b, y)];
  return { y, a, b, ld: y.stride, lda: ua.stride, stepA: ua.step, ldb: ub.stride, stepB: ub.step, end: rows(y) };
}

/** Operands of y = f(a, b, c). */
export function triple(y: Tensor, a: Tensor, b: Tensor, c: Tensor) {
  const uc = under(c, y);
  return { ...pair(y, a, b), c, ldc: uc.stride, stepC: uc.step };
}

/** Elements of an operand: of its last row as many as y has columns, or a single one, which has a v128 of its own. */
const span = (stride: string, step: string) => (v: Values) =>
  v[step] ? Math.max(v.end! - 1, 0) * v[stride]! + v.ld! : Math.max(v.end! * v[stride]!, 4);

/** y = f(a, b). `backward` gets the gradient that has arrived at y. */
function binary(code: Op, backward: (g: Gradients, dy: Tensor, o: { y: Tensor; a: Tensor; b: Tensor }) => void) {
  return op(() => ({
    code,
    operands: [
      write("y", byRows),
      read("a", span("lda", "stepA")),
      read("b", span("ldb", "stepB")),
      scalar("ld", "u32"),
      scalar("lda", "u32"),
      scalar("stepA", "u32"),
      scalar("ldb", "u32"),
      scalar("stepB", "u32"),
      scalar("end", "extent"),
    ],
    vectors: ["ld"],
    split: Share.Rows,
    alias: [
      ["y", "a"],
      ["y", "b"],
    ],
    flops: byRows,
    backward: (g, o) => backward(g, g.gradient(o.y), o),
  }));
}

function ternary(code: Op, flops: OpSpec["flops"], backward?: (g: Gradients, dy: Tensor, o: { a: Tensor; b: Tensor; c: Tensor }) => void) {
  return op(() => ({
    code,
    operands: [
      write("y", byRows),
      read("a", span("lda", "stepA")),
      read("b", span("ldb", "stepB")),
      read("c", span("ldc", "stepC")),
      scalar("ld", "u32"),
      scalar("lda", "u32"),
      scalar("stepA", "u32"),
      scalar("ldb", "u32"),
      scalar("stepB", "u32"),
      scalar("ldc", "u32"),
      scalar("stepC", "u32"),
      scalar("end", "extent"),
    ],
    vectors: ["ld"],
    split: Share.Rows,
    alias: [
      ["y", "a"],
      ["y", "b"],
      ["y", "c"],
    ],
    flops,
    stops: ["a"],
    ...(backward && { backward: (g, o) => backward(g, g.gradient(o.y), o) }),
  }));
}

/** y = f(x), elementwise; `backward` gets the gradient that has arrived at y. */
function unary(code: Op, backward: (g: Gradients, dy: Tensor, o: { y: Tensor; x: Tensor; end: Extent }) => void) {
  return op(() => ({
    code,
    operands: [write("y", whole), read("x", whole), scalar("end", "extent")],
    split: Share.Elements,
    alias: [["y", "x"]],
    flops: whole,
    backward: (g, o) => backward(g, g.gradient(o.y), o),
  }));
}

export const elementwiseOps = {
  plus: binary(Op.Plus, (g, dy, { a, b }) => {
    g.contributeSum(a, dy);
    g.contributeSum(b, dy);
  }),
  minus: binary(Op.Minus, (g, dy, { y, a, b }) => {
    g.contributeSum(a, dy);
    g.contributeTo(b, y, (db) => g.emit("times", pair(db, dy, g.constant(-1))));
  }),
  times: binary(Op.Times, (g, dy, { y, a, b }) => {
    g.contributeTo(a, y, (da) => g.emit("times", pair(da, dy, b)));
    g.contributeTo(b, y, (db) => g.emit("times", pair(db, dy, a)));
  }),
  /** db = -(dy·y)/b */
  dividedBy: binary(Op.DividedBy, (g, dy, { y, a, b }) => {
    g.contributeTo(a, y, (da) => g.emit("dividedBy", pair(da, dy, b)));
    g.contributeTo(b, y, (db) => {
      g.emit("times", pair(db, dy, y));
      g.emit("dividedBy", pair(db, db, b));
      g.emit("times", pair(db, db, g.constant(-1)));
    });
  }),
  /** NaN if either is; equal elements share the gradient */
  maximum: binary(Op.Maximum, (g, dy, { y, a, b }) => {
    g.contributeTo(a, y, (da) => g.emit("gradientOfLarger", triple(da, dy, a, b)));
    g.contributeTo(b, y, (db) => g.emit("gradientOfLarger", triple(db, dy, b, a)));
  }),
  minimum: binary(Op.Minimum, (g, dy, { y, a, b }) => {
    g.contributeTo(a, y, (da) => g.emit("gradientOfLarger", triple(da, dy, b, a)));
    g.contributeTo(b, y, (db) => g.emit("gradientOfLarger", triple(db, dy, a, b)));
  }),
  /** y = a > 0 ? b : c; nothing flows to the condition */
  where: ternary(
    Op.Where,
    () => 0,
    (g, dy, { a, b, c }) => {
      const zero = g.constant(0);
      g.contributeTo(b, dy, (db) => g.emit("where", triple(db, a, dy, zero)));
      g.contributeTo(c, dy, (dc) => g.emit("where", triple(dc, a, zero, dy)));
    },
  ),
  /** y = a where b > c, a/2 where b = c, else 0 */
  gradientOfLarger: ternary(Op.GradientOfLarger, byRows),

  expForward: unary(Op.ExpForward, (g, dy, { y, x }) => g.contribute(x, (dx) => g.emit("times", pair(dx, dy, y)))),
  logForward: unary(Op.LogForward, (g, dy, { x }) => g.contribute(x, (dx) => g.emit("dividedBy", pair(dx, dy, x)))),
  sqrtForward: unary(Op.SqrtForward, (g, dy, { y, x, end }) => g.contribute(x, (dx) => g.emit("sqrtBackward", { dx, dy, y, end }))),
  sqrtBackward: slope(Op.SqrtBackward, "y"),
  absForward: unary(Op.AbsForward, (g, dy, { x, end }) => g.contribute(x, (dx) => g.emit("absBackward", { dx, dy, x, end }))),
  absBackward: slope(Op.AbsBackward, "x"),
  /** off by at most 1e-7 for |x| <= 10^4 */
  sinForward: unary(Op.SinForward, (g, dy, { x, end }) => g.contribute(x, (dx) => g.emit("sinBackward", { dx, dy, x, end }))),
  sinBackward: slope(Op.SinBackward, "x"),
  cosForward: unary(Op.CosForward, (g, dy, { x, end }) => g.contribute(x, (dx) => g.emit("cosBackward", { dx, dy, x, end }))),
  cosBackward: slope(Op.CosBackward, "x"),
};

/** Emits dx = dy in every column: the gradient of a sum over columns or rows. */
export function spread(g: Gradients, x: Tensor, dy: Tensor): void {
  g.contribute(x, (dx) => g.emit("times", pair(dx, dy, g.constant(1))));
}

/** Zeros in all of a tensor. */
export function clear(g: Gradients, y: Tensor): void {
  g.emit("fill", { y, value: 0, end: elements(y) });
}
