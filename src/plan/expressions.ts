// Arithmetic on symbolic tensors, by name: what users compose their own layers, losses and activations of. Shapes are checked here; every
// op has its backward rule in the op table.
import { Start } from "../../assembly/opcodes.js";
import { type Activation, type ActivationName, activate, toActivation } from "../activations.js";
import { checkCount, checkNumber, shown } from "../checks.js";
import { OptionError, ShapeError } from "../errors.js";
import type { Builder } from "./builder.js";
import { pair, triple } from "./ops/elementwise.js";
import type { OpName } from "./ops.js";
import { columns, elements, isOneRow, product, rows, type Tensor } from "./tensor.js";

/** A tensor, or a number that stands for all of its elements. Operands broadcast: a row `[columns]` that is the same for every sample over
 *  rows, a column `[..., 1]` over columns, a number or a parameter `[]` over both; other shapes must be equal, else {ShapeError}. */
export type Operand = Tensor | number;

type Unary = "expForward" | "logForward" | "sqrtForward" | "absForward" | "sinForward" | "cosForward";
type Binary = "plus" | "minus" | "times" | "dividedBy" | "maximum" | "minimum";

export abstract class Expressions {
  /** @internal */
  // biome-ignore lint/suspicious/noExplicitAny: typed where it is defined, in Builder
  abstract emit(op: OpName, operands: any): void;
  /** @internal */
  abstract tensor(
    name: string,
    shape: readonly number[],
    options?: { readonly batched?: boolean | undefined; readonly needsGradient?: boolean | undefined },
  ): Tensor;
  abstract constant(value: number): Tensor;
  abstract get scope(): string;
  /** x·W. @param name for messages */
  protected abstract affine(name: string, x: Tensor, w: Tensor): Tensor;
  /** Whether it was made for this program. */
  protected abstract owns(tensor: Tensor): boolean;
  protected abstract result(name: string, like: Tensor, from: readonly (Tensor | undefined)[], shape?: readonly number[]): Tensor;

  /** a + b */
  add(a: Operand, b: Operand): Tensor {
    return this.binary("add", "plus", a, b);
  }
  /** a - b */
  sub(a: Operand, b: Operand): Tensor {
    return this.binary("sub", "minus", a, b);
  }
  /** a·b, element by element */
  mul(a: Operand, b: Operand): Tensor {
    return this.binary("mul", "times", a, b);
  }
  /** a/b */
  div(a: Operand, b: Operand): Tensor {
    return this.binary("div", "dividedBy", a, b);
  }
  /** The larger of a and b; NaN if either is. Where they are equal, each gets half of the gradient. */
  max(a: Operand, b: Operand): Tensor {
    return this.binary("max", "maximum", a, b);
  }
  /** The smaller of a and b; NaN if either is. Where they are equal, each gets half of the gradient. */
  min(a: Operand, b: Operand): Tensor {
    return this.binary("min", "minimum", a, b);
  }
  /** condition > 0 ? a : b. No gradient flows to the condition. */
  where(condition: Tensor, a: Operand, b: Operand): Tensor {
    const [c, x, y] = [this.operand("where", condition), this.operand("where", a), this.operand("where", b)];
    const result = this.broadcast("where", [c, x, y], [x, y]);
    this.emit("where", triple(result, c, x, y));
    return result;
  }

  /** -x */
  neg(x: Tensor): Tensor {
    return this.mul(this.tensorOf("neg", x), -1);
  }
  /** e^x, at most 1.01 ulp off */
  exp(x: Tensor): Tensor {
    return this.unary("exp", "expForward", x);
  }
  /** ln x, at most 1 ulp off; NaN below 0 */
  log(x: Tensor): Tensor {
    return this.unary("log", "logForward", x);
  }
  /** √x; its gradient at 0 is infinite */
  sqrt(x: Tensor): Tensor {
    return this.unary("sqrt", "sqrtForward", x);
  }
  /** |x|; its gradient at 0 is 0 */
  abs(x: Tensor): Tensor {
    return this.unary("abs", "absForward", x);
  }
  /** sin x, x in radians, off by at most 1e-7 for |x| <= 10^4 */
  sin(x: Tensor): Tensor {
    return this.unary("sin", "sinForward", x);
  }
  /** cos x, as well as sin */
  cos(x: Tensor): Tensor {
    return this.unary("cos", "cosForward", x);
  }
  /** x² */
  square(x: Tensor): Tensor {
    return this.mul(this.tensorOf("square", x), x);
  }
  /** x^exponent. By products for whole exponents from -8 to 8, by square roots for halves of them, whose gradient at 0 is NaN, 0·∞; otherwise e^(exponent·ln x), for x > 0
   *  only, which is off by about |exponent·ln x| ulp. */
  pow(x: Tensor, exponent: number): Tensor {
    checkNumber(`${this.scope}: pow: exponent`, exponent);
    this.tensorOf("pow", x);
    const halves = 2 * exponent;
    if (!Number.isInteger(halves) || Math.abs(exponent) > 8) return this.exp(this.mul(this.log(x), exponent));
    if (exponent < 0) return this.div(1, this.pow(x, -exponent));
    if (exponent === 0) return this.add(this.mul(x, 0), 1);
    if (halves % 2 === 1) return exponent === 0.5 ? this.sqrt(x) : this.mul(this.pow(x, exponent - 0.5), this.sqrt(x));
    if (exponent === 1) return x;
    const root = this.pow(x, Math.floor(exponent / 2));
    return exponent % 2 === 0 ? this.square(root) : this.mul(this.square(root), x);
  }
  /** The activation of that name, as in a layer's option. */
  activate(x: Tensor, activation: ActivationName | Activation): Tensor {
    return activate(this as unknown as Builder, this.tensorOf("activate", x), toActivation(`${this.scope}: activate`, activation));
  }

  /** The sum over the last axis, which becomes 1: `[..., columns]` to `[..., 1]`. Over any other it is `sumPositions`. */
  sum(x: Tensor): Tensor {
    const y = this.result("sum", this.tensorOf("sum", x), [x], [...x.shape.slice(0, -1), 1]);
    this.emit("sumColumns", { y, x, columns: columns(x), ld: x.stride, ldy: y.stride, end: rows(y) });
    return y;
  }
  /** The mean over the last axis, which becomes 1. Over any other it is `meanPositions`. */
  mean(x: Tensor): Tensor {
    return this.div(this.sum(this.tensorOf("mean", x)), columns(x));
  }
  /** The sum over all rows, the batch's too: `[batch, ..., columns]` to `[columns]`, the same for every sample. */
  sumRows(x: Tensor): Tensor {
    const needsGradient = this.tensorOf("sumRows", x).needsGradient;
    const y = this.tensor(`${this.scope}.sumRows`, [columns(x)], { batched: false, needsGradient });
    this.emit("sumRows", { y, x, rows: rows(x), columns: columns(x), ld: x.stride, start: Start.Zero, end: elements(y) });
    return y;
  }
  /** The mean over all rows, the batch's too. `evaluate` and `predict` take batches of 256 rows. */
  meanRows(x: Tensor): Tensor {
    const height = rows(this.tensorOf("meanRows", x));
    if (typeof height === "number") return this.div(this.sumRows(x), height);
    // How many rows there are is known in the step: they are counted.
    const ones = this.tensor(`${this.scope}.ones`, [...x.shape.slice(0, -1), 1]);
    this.emit("fill", { y: ones, value: 1, end: elements(ones) });
    return this.div(this.sumRows(x), this.sumRows(ones));
  }

  /** One position of each sample, or one row of a matrix: `[..., n, columns]` to `[..., columns]`.
   *  @param axis which one is gone, counted from a sample's first, 0, or from its last, -1, which `slice` cuts. Axes between it and the last
   *    cost an instruction for each of their rows where columns are no whole number of 4. */
  position(x: Tensor, index: number, axis = -2): Tensor {
    const { shape: axes, stride } = this.tensorOf("position", x);
    const { length } = axes;
    if (length < 2) this.refuse("position", `shape ${shape(x)}, expected [..., positions, columns]`);
    checkCount(`${this.scope}: position: axis`, axis, -length, length - 2);
    if (axis === -1) this.refuse("position", "axis is -1, the columns; slice cuts them, sum and mean add them");
    const at = axis < 0 ? axis + length : axis;
    const n = axes[at]!;
    checkCount(`${this.scope}: position`, index, 0, n - 1);
    const y = this.result("position", x, [x], axes.toSpliced(at, 1));
    // Each sample, or what lies before the axis, as one row. Padding is left where it is: a parameter's gradient may have none.
    const inner = product(axes.slice(at + 1, -1));
    const whole = stride === columns(x) && y.stride === columns(x);
    const before = product(axes.slice(0, at));
    const common = { y, x, ldy: inner * y.stride, ldx: n * inner * stride, end: x.batched ? { perRow: before } : before };
    const together = whole ? inner : 1;
    for (let i = 0; i < inner; i += together)
      this.emit("copyColumns", {
        ...common,
        count: together * columns(x),
        to: i * y.stride,
        from: (index * inner + i) * stride,
        first: Number(i === 0),
      });
    return y;
  }
  /** The sum over each sample's positions, first to last: `[..., n, columns]` to `[..., columns]`. Two instructions a position.
   *  @param axis as in `position` */
  sumPositions(x: Tensor, axis = -2): Tensor {
    let sum = this.position(this.tensorOf("sumPositions", x), 0, axis);
    for (let i = 1; i < x.shape.at(axis)!; ++i) sum = this.add(sum, this.position(x, i, axis));
    return sum;
  }
  /** The mean over each sample's positions. @param axis as in `position` */
  meanPositions(x: Tensor, axis = -2): Tensor {
    return this.div(this.sumPositions(this.tensorOf("meanPositions", x), axis), x.shape.at(axis)!);
  }

  /** x·W over the last axis: x `[..., n]`, W a matrix `[n, m]` that is the same for every sample, as parameters are. */
  matmul(x: Tensor, w: Tensor): Tensor {
    return this.affine("matmul", x, w);
  }
  /** Wᵀ of a matrix that is the same for every sample. */
  transpose(w: Tensor): Tensor {
    if (this.tensorOf("transpose", w).batched || w.shape.length !== 2)
      this.refuse("transpose", `shape ${shape(w)}, expected a matrix that is the same for every sample`);
    const y = this.result("transposed", w, [w], [w.shape[1]!, w.shape[0]!]);
    this.emit("transpose", { y, x: w, columns: columns(y), ldy: y.stride, ldx: w.stride, end: rows(y) });
    return y;
  }
  /** Joined along the last axis. */
  concat(parts: readonly Tensor[]): Tensor {
    if (!Array.isArray(parts) || parts.length === 0)
      throw new OptionError(`${this.scope}: concat: ${shown(parts)}, expected an array of tensors`);
    const first = this.tensorOf("concat", parts[0]);
    for (const part of parts)
      if (this.tensorOf("concat", part).batched !== first.batched || String(part.shape.slice(0, -1)) !== String(first.shape.slice(0, -1)))
        this.refuse("concat", `shapes ${parts.map(shape).join(", ")}, which differ in more than the last axis`);
    const y = this.result("joined", first, parts, [...first.shape.slice(0, -1), parts.reduce((sum, part) => sum + columns(part), 0)]);
    let to = 0;
    for (const x of parts) {
      this.copyColumns(y, x, columns(x), to, 0, to === 0);
      to += columns(x);
    }
    return y;
  }
  /** Columns [begin, end) of the last axis; default of `end`: all that are left. */
  slice(x: Tensor, begin: number, end?: number): Tensor {
    const width = columns(this.tensorOf("slice", x));
    const stop = end === undefined ? width : end;
    checkCount(`${this.scope}: slice: end`, stop, 1, width);
    checkCount(`${this.scope}: slice: begin`, begin, 0, stop - 1);
    const y = this.result("slice", x, [x], [...x.shape.slice(0, -1), stop - begin]);
    this.copyColumns(y, x, stop - begin, 0, begin, true);
    return y;
  }

  private copyColumns(y: Tensor, x: Tensor, count: number, to: number, from: number, first: boolean): void {
    this.emit("copyColumns", { y, x, count, to, from, ldy: y.stride, ldx: x.stride, first: Number(first), end: rows(y) });
  }

  private unary(name: string, op: Unary, x: Tensor): Tensor {
    const y = this.result(name, this.tensorOf(name, x), [x]);
    this.emit(op, { y, x, end: elements(x) });
    return y;
  }

  private binary(name: string, op: Binary, left: Operand, right: Operand): Tensor {
    const [a, b] = [this.operand(name, left), this.operand(name, right)];
    const y = this.broadcast(name, [a, b], [a, b]);
    this.emit(op, pair(y, a, b));
    return y;
  }

  /** The tensor that `operands` broadcast to. */
  private broadcast(name: string, operands: readonly Tensor[], from: readonly Tensor[]): Tensor {
    const tall = operands.find((t) => !isOneRow(t)) ?? operands.find((t) => t.shape.length > 1) ?? operands[0]!;
    const wide = Math.max(...operands.map(columns));
    const lead = String(tall.shape.slice(0, -1));
    const fits = (t: Tensor) =>
      (columns(t) === wide || columns(t) === 1) && (isOneRow(t) || (t.batched === tall.batched && String(t.shape.slice(0, -1)) === lead));
    if (!operands.every(fits))
      this.refuse(name, `shapes ${operands.map(shape).join(" and ")}, expected equal ones, a row [columns], a column [..., 1] or a number`);
    return this.result(name, tall, from, [...tall.shape.slice(0, -1), wide]);
  }

  private operand(name: string, given: unknown): Tensor {
    if (typeof given === "number") {
      checkNumber(`${this.scope}: ${name}`, given);
      return this.constant(given);
    }
    return this.tensorOf(name, given);
  }

  /** @throws {OptionError} what is no tensor, or was made by another call of a user's function, for another plan @internal */
  expectTensor(what: string, given: unknown): Tensor {
    if (!isSymbolic(given)) throw new OptionError(`${what} ${shown(given)}, expected a tensor`);
    if (!this.owns(given))
      throw new OptionError(
        `${what} ${given.name} of an earlier call, for another plan (to train, evaluate, predict or trace), expected a tensor of this call`,
      );
    return given;
  }

  protected tensorOf(name: string, given: unknown): Tensor {
    const tensor = this.expectTensor(`${this.scope}: ${name} got`, given);
    if (tensor.dtype !== "f32") this.refuse(name, `${tensor.name} holds class ids, expected numbers`);
    return tensor;
  }

  protected refuse(name: string, what: string): never {
    throw new ShapeError(`${this.scope}: ${name}: ${what}`);
  }
}

function isSymbolic(value: unknown): value is Tensor {
  return value !== null && typeof value === "object" && "slab" in value && "stride" in value;
}

/** As `[batch, 3]`, for messages. */
export function shape(t: Tensor): string {
  return `[${[...(t.batched ? ["batch"] : []), ...t.shape].join(", ")}]`;
}
