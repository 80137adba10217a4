// Matrix products and the column sums that are a bias's gradient.
import { Block } from "../../../assembly/gemm/blocks.js";
import { Op, Share, Start } from "../../../assembly/opcodes.js";
import { op, optional, read, scalar, scratch, type TensorOperand, type Values } from "../spec.js";
import { columns, elements, padded, rows } from "../tensor.js";
import { spread } from "./elementwise.js";

/** Elements of what a product packs: blocks of A and of B. The kernels decide by the same rule at every call; with fewer rows or
 *  a smaller k than the capacity they pack no more. */
function packing(transposed: "A" | "B" | undefined) {
  return (v: Values): number => {
    const [m, n, k] = [v.end!, v.n!, v.k!];
    const up = (value: number, to: number) => Math.ceil(value / to) * to;
    const depth = Math.min(up(k, 4), Block.KC);
    const a = transposed === "A" && k * m > Block.Direct && n > Block.Columns;
    const b = transposed === "B" || (k * n > Block.Direct && m >= Block.Rows);
    const rows = Math.min(m, Block.Few);
    // In panels or side by side.
    const panels = a || (b && n >= Block.PanelColumns5) ? up(rows * depth + 3 * Block.Panel, Block.Line) : 0;
    const blockA = Math.max(panels, a ? (Math.ceil(rows / Block.Line) | 1) * Block.Line * depth : 0);
    // Where k is 1 a transposed B is one row, which is copied as a whole.
    const blockB = Math.max(Math.min(up(n, Block.NR) * depth, Block.B), transposed === "B" ? up(n, 4) : 0);
    return blockA + (b ? blockB : 0) + (a || b ? Block.Line : 0);
  };
}

/** C `[m, n]` = start + the sum over k of A·B, in the order k = 0, 1, 2 …; then the activation. The range is rows of C. */
const operands = <const A extends TensorOperand, const B extends TensorOperand>(a: A, b: B, transposed?: "A" | "B") =>
  [
    { name: "c", kind: "tensor", access: (v: Values) => (v.start === Start.C ? "update" : "write"), span: (v: Values) => v.end! * v.ldc! },
    a,
    b,
    optional(read("bias", (v) => padded(v.n!))),
    scratch("scratch", packing(transposed)),
    scalar("n", "extent"),
    scalar("k", "extent"),
    scalar("lda", "u32"),
    scalar("ldb", "u32"),
    scalar("ldc", "u32"),
    scalar("start", "u32"),
    scalar("activation", "u32"),
    scalar("alpha", "f32"),
    scalar("end", "extent"),
  ] as const;

const flops = (v: Values) => 2 * v.end! * v.n! * v.k!;

export const matrixOps = {
  /** C = A·B with A `[m, k]`, B `[k, n]` */
  gemm: op(() => ({
    code: Op.Gemm,
    operands: operands(
      read("a", (v) => v.end! * v.lda!),
      read("b", (v) => v.k! * v.ldb!),
    ),
    within: [
      ["n", "ldc"],
      ["k", "lda"],
      ["n", "ldb"],
    ],
    vectors: ["ldb", "ldc"],
    split: Share.Rows,
    flops,
    backward: (g, o) => {
      const dc = g.gradient(o.c);
      const shared = { activation: 0, alpha: 0 };
      g.accumulate(o.b, (db, start) =>
        g.emit("gemmTransposedA", {
          ...shared,
          c: db,
          a: o.a,
          b: dc,
          n: o.n,
          k: rows(dc),
          lda: o.lda,
          ldb: o.ldc,
          ldc: db.stride,
          start,
          end: o.k,
        }),
      );
      if (o.bias)
        g.accumulate(o.bias, (db, start) =>
          g.emit("sumRows", { y: db, x: dc, rows: rows(dc), columns: columns(dc), ld: o.ldc, start, end: elements(db) }),
        );
      g.accumulate(o.a, (da, start) =>
        g.emit("gemmTransposedB", {
          ...shared,
          c: da,
          a: dc,
          b: o.b,
          n: o.k,
          k: o.n,
          lda: o.ldc,
          ldb: o.ldb,
          ldc: da.stride,
          start,
          end: rows(da),
        }),
      );
    },
  })),
  /** C = Aᵀ·B with A `[k, m]`, B `[k, n]` */
  gemmTransposedA: op(() => ({
    code: Op.GemmTransposedA,
    operands: operands(
      read("a", (v) => v.k! * v.lda!),
      read("b", (v) => v.k! * v.ldb!),
      "A",
    ),
    within: [
      ["n", "ldc"],
      ["end", "lda"],
      ["n", "ldb"],
    ],
    vectors: ["lda", "ldb", "ldc"],
    split: Share.Rows,
    outerProduct: true,
    flops,
  })),
  /** C = A·Bᵀ with A `[m, k]`, B `[n, k]` */
  gemmTransposedB: op(() => ({
    code: Op.GemmTransposedB,
    operands: operands(
      read("a", (v) => v.end! * v.lda!),
      read("b", (v) => v.n! * v.ldb!),
      "B",
    ),
    within: [
      ["n", "ldc"],
      ["k", "lda"],
      ["k", "ldb"],
    ],
    vectors: ["ldb", "ldc"],
    split: Share.Rows,
    flops,
  })),
  /** y[j] = start + the sum over r of x[r][j], in the order r = 0, 1, 2 …; the range is columns */
  sumRows: op(() => ({
    code: Op.SumRows,
    operands: [
      { name: "y", kind: "tensor", access: (v: Values) => (v.start === Start.C ? "update" : "write"), span: (v: Values) => v.end! },
      read("x", (v) => v.rows! * v.ld!),
      scalar("rows", "extent"),
      scalar("columns", "u32"),
      scalar("ld", "u32"),
      scalar("start", "u32"),
      scalar("end", "extent"),
    ],
    within: [["end", "ld"]],
    split: Share.Elements,
    flops: (v) => v.rows! * v.columns!,
    backward: (g, o) => spread(g, o.x, g.gradient(o.y)),
  })),
};
