// Gradients while a program is built backwards: which have arrived, and how what else flows to a tensor is added. The first contribution
// stores, later ones add, so that nothing has to be zeroed.
import { Start } from "../../assembly/opcodes.js";
import { PlanError } from "../errors.js";
import type { Builder } from "./builder.js";
import type { OpName, SpecOf } from "./ops.js";
import type { Gradients, OperandsOf } from "./spec.js";
import { columns, elements, isOneRow, rows, type Tensor } from "./tensor.js";

export class GradientFlow implements Gradients {
  /** Each tensor's gradient, of those that have one. */
  readonly arrived = new Map<Tensor, Tensor>();

  constructor(private readonly program: Pick<Builder, "tensor" | "emit" | "constant">) {}

  emit<K extends OpName>(op: K, operands: OperandsOf<SpecOf<K>>): void {
    this.program.emit(op, operands);
  }

  constant(value: number): Tensor {
    return this.program.constant(value);
  }

  gradient(of: Tensor): Tensor {
    const found = this.arrived.get(of);
    if (!found) throw new PlanError(`${of.name}: no gradient has arrived`);
    return found;
  }

  contribute(to: Tensor, write: (dx: Tensor) => void): void {
    if (!to.needsGradient) return;
    const present = this.arrived.get(to);
    if (present) {
      const contribution = this.program.tensor(`${to.name}.grad`, to.shape, { batched: to.batched });
      write(contribution);
      this.emit("accumulate", { y: present, x: contribution, end: elements(to) });
    } else write(this.create(to));
    // What elementwise ops leave in padding is unspecified; a parameter's gradient has +0 there.
    if (to.slab === "parameter" && to.stride !== columns(to))
      this.emit("clearPadding", { y: this.gradient(to), columns: columns(to), ld: to.stride, end: rows(to) });
  }

  contributeTo(to: Tensor, like: Tensor, write: (dx: Tensor) => void): void {
    if (!to.needsGradient) return;
    if (isBroadcast(to, like)) {
      const full = this.program.tensor(`${to.name}.grad`, like.shape, { batched: like.batched });
      write(full);
      this.contributeSum(to, full);
    } else this.contribute(to, write);
  }

  contributeSum(to: Tensor, contribution: Tensor): void {
    if (!to.needsGradient) return;
    if (!isBroadcast(to, contribution)) this.accumulate(to, (dx, start) => this.copyOrAdd(dx, contribution, start));
    else if (!isOneRow(to) || isOneRow(contribution)) this.contribute(to, (dx) => this.sumAcross(dx, contribution));
    else {
      let narrow = contribution;
      if (columns(to) !== columns(contribution)) {
        narrow = this.program.tensor(`${to.name}.grad`, [...contribution.shape.slice(0, -1), 1], { batched: contribution.batched });
        this.sumAcross(narrow, contribution);
      }
      this.accumulate(to, (dx, start) =>
        this.emit("sumRows", {
          y: dx,
          x: narrow,
          rows: rows(narrow),
          columns: columns(to),
          ld: narrow.stride,
          start,
          end: elements(to),
        }),
      );
    }
  }

  private copyOrAdd(y: Tensor, x: Tensor, start: Start): void {
    const operands = { y, x, count: columns(y), to: 0, from: 0, ldy: y.stride, ldx: x.stride, end: rows(y) };
    if (start === Start.Zero) this.emit("copyColumns", { ...operands, first: 1 });
    else this.emit("addColumns", operands);
  }

  private sumAcross(y: Tensor, x: Tensor): void {
    this.emit("sumColumns", { y, x, columns: columns(x), ld: x.stride, ldy: y.stride, end: rows(y) });
  }

  accumulate(to: Tensor, write: (dx: Tensor, start: Start) => void): void {
    if (!to.needsGradient) return;
    const present = this.arrived.get(to);
    write(present ?? this.create(to), present ? Start.C : Start.Zero);
  }

  /** Memory for the first contribution, which must be written. */
  create(of: Tensor): Tensor {
    const dx = this.program.tensor(`${of.name}.grad`, of.shape, {
      slab: of.slab === "parameter" ? "gradient" : "workspace",
      batched: of.batched,
    });
    this.arrived.set(of, dx);
    return dx;
  }
}

function isBroadcast(t: Tensor, over: Tensor): boolean {
  return columns(t) !== columns(over) || (isOneRow(t) && !isOneRow(over));
}
