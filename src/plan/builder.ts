// Turns layers' functions into a program. An op emits its forward instruction; `backward` then walks the instructions in reverse and lets
// each op's rule in the table emit what computes its inputs' gradients (gradientFlow.ts).
import { Start, Step } from "../../assembly/opcodes.js";
import { checkCount, checkNumber, checkOptions, checkText, shown } from "../checks.js";
import { OptionError, ShapeError } from "../errors.js";
import { type Initializer, toInitializer } from "../initializers.js";
import { checkLayer, type Layer } from "../layers/layer.js";
import { Stream } from "../random.js";
import { Expressions, shape } from "./expressions.js";
import { GradientFlow } from "./gradientFlow.js";
import { type OpName, ops, type SpecOf, specOf } from "./ops.js";
import { type Instruction, type LayerRecord, type Phase, type Program, usesOf } from "./program.js";
import { Sharing } from "./sharing.js";
import type { OperandsOf, TensorOperand } from "./spec.js";
import type { LossFields } from "./step.js";
import { columns, type Extent, elements, padded, rows, type Slab, slabElements, type Tensor } from "./tensor.js";

export interface ParameterSpec {
  readonly tensor: Tensor;
  readonly initializer: Initializer;
  /** The layer that asked for it. */
  readonly layer: string;
}

/** What the layer at work has applied and asked for; of none, the network's layers. */
interface Use {
  readonly layers: LayerRecord[];
  readonly parameters: Set<Tensor>;
}

export interface BuilderOptions {
  /** Dropout acts and gradients are wanted. */
  readonly training: boolean;
  readonly seed: number;
  /** Which parameters need no gradient. */
  readonly frozen?: (parameter: Tensor) => boolean;
}

/** `g`, with which the function of a layer, loss, activation or metric says what it computes: from symbolic tensors, which have shapes and no
 *  values yet, its methods make others. */
export class Builder extends Expressions {
  private readonly trains: boolean;
  /** Whether a layer's function has asked: without training it may then compute something else. @internal */
  askedTraining = false;
  /** @internal */
  readonly seed: number;
  /** @internal */
  readonly parameters: ParameterSpec[] = [];
  /** @internal */
  readonly gradients = new GradientFlow(this);
  private readonly instructions: Instruction[] = [];
  private use: Use = { layers: [], parameters: new Set() };
  private readonly constants = new Map<number | "-0", Tensor>();
  private readonly results: Tensor[] = [];
  private readonly own = new WeakSet<Tensor>();
  private readonly penalties: { readonly w: Tensor; readonly l1: number; readonly l2: number; readonly layer: string }[] = [];
  private phase: Phase = "forward";
  private layer = "";
  private readonly sharing = new Sharing();
  private activation: { readonly x: Tensor; readonly y: Tensor } | undefined;
  private lossFields: LossFields | undefined;
  private streams = 0;
  private readonly frozen: (parameter: Tensor) => boolean;

  /** @internal */
  constructor({ training, seed, frozen = () => false }: BuilderOptions) {
    super();
    this.trains = training;
    this.seed = seed;
    this.frozen = frozen;
  }

  // ---- tensors

  /** A new tensor, which an op must write before another reads it. @internal */
  tensor(
    name: string,
    shape: readonly number[],
    options: {
      slab?: Slab;
      batched?: boolean;
      dtype?: "f32" | "u32";
      needsGradient?: boolean;
      stride?: number;
      parts?: readonly Tensor[];
      offset?: number;
    } = {},
  ): Tensor {
    const { slab = "workspace", batched = true, dtype = "f32", needsGradient = false, parts, offset } = options;
    const width = shape.at(-1) ?? 1;
    const stride = options.stride ?? (dtype === "u32" ? width : padded(width));
    const tensor = {
      name,
      shape,
      batched,
      dtype,
      stride,
      slab,
      needsGradient,
      ...(parts && { parts }),
      ...(offset !== undefined && { offset }),
    };
    this.own.add(tensor);
    return tensor;
  }

  protected owns(tensor: Tensor): boolean {
    return this.own.has(tensor);
  }

  /** A tensor of this step with the shape of `like`, or `shape`, that needs a gradient if any of `from` does. */
  protected result(name: string, like: Tensor, from: readonly (Tensor | undefined)[], shape: readonly number[] = like.shape): Tensor {
    const needsGradient = from.some((t) => t?.needsGradient);
    return this.tensor(`${this.layer}.${name}`, shape, { batched: like.batched, needsGradient });
  }

  /** A trainable parameter of the layer, `name` unique within it; a shared layer gets the one of its first use.
   *  @param shape `[]` or sizes of at least 1 @param options l1, l2: penalties, >= 0: l1·sum|w| + l2·sum w²
   *  @throws {OptionError} an argument out of range, a name that another parameter has; {ShapeError} another shape than at its first use */
  parameter(
    name: string,
    shape: readonly number[],
    initializer: Initializer,
    options: { readonly l1?: number | undefined; readonly l2?: number | undefined } = {},
  ): Tensor {
    checkText(`${this.layer}: a parameter's name`, name);
    const full = `${this.layer}.${name}`;
    if (!Array.isArray(shape)) throw new OptionError(`${full}: shape is ${shown(shape)}, expected an array of sizes`);
    for (const size of shape) checkCount(`${full}: shape`, size);
    checkOptions(full, options, ["l1", "l2"]);
    const { l1 = 0, l2 = 0 } = options;
    checkNumber(`${full}: l1`, l1, { least: 0 });
    checkNumber(`${full}: l2`, l2, { least: 0 });
    const shared = this.sharing.earlier(full);
    if (shared) {
      if (shared.shape.join() === shape.join()) {
        this.use.parameters.add(shared);
        return shared;
      }
      throw new ShapeError(
        `${full}: a shared parameter has shape [${shape.join(", ")}], expected [${shared.shape.join(", ")}] as at its first use`,
      );
    }
    const still = this.tensor(full, shape, { slab: "parameter", batched: false });
    const tensor = { ...still, needsGradient: this.trains && !this.frozen(still) };
    this.own.add(tensor);
    this.parameters.push({ tensor, initializer: toInitializer(full, initializer), layer: this.layer });
    this.use.parameters.add(tensor);
    this.sharing.own(full, tensor);
    if (l1 !== 0 || l2 !== 0) this.penalties.push({ w: tensor, l1, l2, layer: this.layer });
    return tensor;
  }

  /** Whether the network trains, or predicts or is evaluated. A layer makes the same parameters and the same shapes in both. */
  get training(): boolean {
    this.askedTraining = true;
    return this.trains;
  }

  /** Who is at work, for messages. */
  get scope(): string {
    return this.layer;
  }

  /** Says where the program is now, for `emittedSince`. @internal */
  mark(): number {
    return this.instructions.length;
  }

  /** @internal */
  emittedSince(mark: number): readonly Instruction[] {
    return this.instructions.slice(mark);
  }

  /** A tensor `[1]` that holds the number, the same for every sample. */
  constant(value: number): Tensor {
    checkNumber(`${this.layer}: constant`, value);
    // To a Map both zeros are one key.
    const key = Object.is(value, -0) ? "-0" : value;
    const present = this.constants.get(key);
    if (present) return present;
    const tensor = this.tensor(`${value}`, [1], { batched: false });
    this.emit("fill", { y: tensor, value, end: elements(tensor) });
    this.constants.set(key, tensor);
    return tensor;
  }

  /** Keeps a tensor readable after the step. @internal */
  keep(tensor: Tensor): void {
    this.results.push(this.expectTensor(`${this.layer}: keep got`, tensor));
  }

  // ---- ops

  /** @internal */
  emit<K extends OpName>(op: K, operands: OperandsOf<SpecOf<K>>): void {
    this.checkOp("emit", op);
    if (operands === null || typeof operands !== "object")
      throw new OptionError(`${this.layer}: emit: operands of ${op} are ${shown(operands)}, expected an object`);
    this.instructions.push({ op, operands: operands as Instruction["operands"], layer: this.layer, phase: this.phase });
  }

  private checkOp(who: string, op: string): void {
    if (!Object.hasOwn(ops, op)) throw new OptionError(`${this.layer}: ${who}: op is ${shown(op)}, expected one of the op table's`);
  }

  /** x·W + b over the last axis: x `[..., inputs]`, W `[inputs, units]` and b `[units]` the same for every sample. */
  linear(x: Tensor, w: Tensor, b?: Tensor): Tensor {
    return this.affine("linear", x, w, b);
  }

  protected affine(name: string, x: Tensor, w: Tensor, b?: Tensor): Tensor {
    const inputs = columns(this.tensorOf(name, x));
    const { batched, shape: matrix } = this.tensorOf(name, w);
    if (batched || matrix.length !== 2 || matrix[0] !== inputs)
      this.refuse(name, `shapes ${shape(x)} and ${shape(w)}, expected ${shape(x)} and [${inputs}, n]`);
    if (b !== undefined && shape(this.tensorOf(name, b)) !== `[${matrix[1]}]`)
      this.refuse(name, `a bias of shape ${shape(b)}, expected [${matrix[1]}]`);
    const z = this.result("z", x, [x, w, b], [...x.shape.slice(0, -1), columns(w)]);
    this.emit("gemm", {
      c: z,
      a: x,
      b: w,
      ...(b && { bias: b }),
      n: columns(w),
      k: columns(x),
      lda: x.stride,
      ldb: w.stride,
      ldc: z.stride,
      start: b ? Start.Bias : Start.Zero,
      activation: 0,
      alpha: 0,
      end: rows(x),
    });
    return z;
  }

  /** An elementwise op of the table, `(y, x)` with at most the option alpha. @internal */
  elementwise(op: OpName, x: Tensor, alpha?: number): Tensor {
    this.checkOp("elementwise", op);
    const { operands } = specOf(op);
    const names = operands.map(({ name }) => name).join();
    const takesAlpha = names === "y,x,alpha,end";
    if ((!takesAlpha && names !== "y,x,end") || (operands[0] as TensorOperand).access !== "write")
      throw new OptionError(`${this.layer}: elementwise: op is ${shown(op)}, expected one that makes y of x, as "reluForward"`);
    // Its sign tells y's, from which the gradient follows.
    if (takesAlpha) checkNumber(`${this.layer}: elementwise: alpha of ${op}`, alpha, { least: 0 });
    else if (alpha !== undefined) throw new OptionError(`${this.layer}: elementwise: alpha is ${shown(alpha)}, but ${op} has none`);
    const y = this.activated(this.tensorOf("elementwise", x));
    this.emit(op as "eluForward", { y, x, ...(alpha !== undefined && { alpha }), end: elements(x) } as never);
    return y;
  }

  /** e^x / sum e^x over the last axis. */
  softmax(x: Tensor): Tensor {
    return this.rowwise("softmax", "softmaxForward", x);
  }

  /** ln softmax(x) over the last axis. */
  logSoftmax(x: Tensor): Tensor {
    return this.rowwise("logSoftmax", "logSoftmaxForward", x);
  }

  private rowwise(name: string, op: "softmaxForward" | "logSoftmaxForward", x: Tensor): Tensor {
    const y = this.activated(this.tensorOf(name, x));
    this.emit(op, { y, x, columns: columns(x), ld: x.stride, end: rows(x) });
    return y;
  }

  /** y is an activation of x: for `trace` the layer's, if y is the layer's output. @internal */
  activates(x: Tensor, y: Tensor): void {
    this.activation = { x, y };
  }

  private activated(x: Tensor): Tensor {
    const y = this.result("a", x, [x]);
    this.activates(x, y);
    return y;
  }

  /** Inverted dropout: each element is 0 with probability `rate`, in [0, 1), else divided by 1 - rate; the identity when not training. */
  dropout(x: Tensor, rate: number): Tensor {
    this.tensorOf("dropout", x);
    checkNumber(`${this.layer}: dropout: rate`, rate, { least: 0, below: 1 });
    const stream = Stream.Dropout + this.streams++;
    if (!this.trains || rate === 0) return x;
    const y = this.result("dropped", x, [x]);
    this.emit("dropout", {
      y,
      x,
      seed: this.seed,
      stream,
      // A rate so close to 1 that it rounds up would drop nothing: 2^32 is no u32.
      threshold: Math.min(Math.round(rate * 2 ** 32), 2 ** 32 - 1),
      scale: 1 / (1 - rate),
      columns: columns(x),
      ld: x.stride,
      number: Step.Number,
      end: rows(x),
    });
    return y;
  }

  /** A loss that the user's ops computed: one number a row, `[..., 1]`. Its gradient begins here. @param weights as `loss` has them
   *  @throws {OptionError} as `loss` @internal */
  lossOfRows(each: Tensor, weights?: Tensor): void {
    const fields = this.claimLoss("lossOfRows");
    const shape = each.shape.slice(0, -1);
    const perRow = this.tensor("loss.rows", shape, { stride: shape.at(-1) ?? 1 });
    this.emit("sumColumns", { y: perRow, x: each, columns: 1, ld: each.stride, ldy: 1, end: rows(each) });
    const weigh = (dx?: Tensor) => weights && this.weighRows(perRow, weights, each, dx);
    if (this.trains && each.needsGradient)
      this.gradients.contribute(each, (y) => {
        this.emit("fillStep", { y, value: fields.gradientScale, end: elements(y) });
        weigh(y);
      });
    else weigh();
    this.reduceLoss(fields, perRow, rows(each));
  }

  /** One loss: its rows' values summed into the step's record, and the prediction's gradient.
   *  @param extra the op's own options
   *  @param weights one a row of the prediction, unpadded: what the row's value and gradient are multiplied by; 0 leaves the row out
   *  @throws {OptionError} called by what is no loss, or twice by one @internal */
  loss(op: OpName, prediction: Tensor, target: Tensor, extra: Readonly<Record<string, number>> = {}, weights?: Tensor): void {
    const fields = this.claimLoss("loss");
    const shape = prediction.shape.slice(0, -1);
    const perRow = this.tensor("loss.rows", shape, { stride: shape.at(-1) ?? 1 });
    const write = (dx?: Tensor) => {
      this.emit(
        op as "meanSquaredError",
        {
          loss: perRow,
          ...(dx && { dx }),
          p: prediction,
          t: target,
          columns: columns(prediction),
          ld: prediction.stride,
          ldt: target.dtype === "u32" ? 1 : target.stride,
          scale: fields.gradientScale,
          ...extra,
          end: rows(prediction),
        } as OperandsOf<SpecOf<"meanSquaredError">>,
      );
      if (weights) this.weighRows(perRow, weights, prediction, dx);
    };
    if (this.trains && prediction.needsGradient) this.gradients.contribute(prediction, write);
    else write();
    this.reduceLoss(fields, perRow, rows(prediction));
  }

  private weighRows(loss: Tensor, weights: Tensor, of: Tensor, dx?: Tensor): void {
    this.emit("weighRows", { loss, ...(dx && { dx }), weights, ld: of.stride, end: rows(of) });
  }

  /** The step's record has room for one value of each loss. */
  private claimLoss(who: string): LossFields {
    const fields = this.lossFields;
    if (!fields) throw new OptionError(`${this.layer}: ${who} is called, expected one call in a loss's emit and none elsewhere`);
    this.lossFields = undefined;
    return fields;
  }

  private reduceLoss({ loss, scale }: LossFields, perRow: Tensor, end: Extent): void {
    this.emit("reduceLoss", { out: loss, status: Step.Status, loss: perRow, lossScale: scale, end });
  }

  /** Everything about one loss: `fields` say where in the step's record it finds and leaves its numbers. @internal */
  inLoss(fields: LossFields, body: () => void): void {
    this.lossFields = fields;
    body();
    this.lossFields = undefined;
  }

  /** The penalties of all parameters, summed into the step's record. @internal */
  emitPenalties(): void {
    for (const { w, l1, l2 } of this.penalties)
      this.emit("penaltyForward", { out: Step.Penalty, status: Step.Status, w, l1, l2, end: elements(w) });
  }

  // ---- gradients

  /** Emits the gradients of everything that led to the losses, in reverse; a parameter that did not, or is frozen, gets zeros. @internal */
  backward(): void {
    this.phase = "backward";
    for (const instruction of this.instructions.slice().reverse()) {
      const { backward } = specOf(instruction.op);
      if (!backward) continue;
      const outputs = usesOf(instruction).filter((use) => use.writes && use.operand.access !== "scratch");
      if (!outputs.some((use) => this.gradients.arrived.has(use.tensor))) continue;
      this.layer = instruction.layer;
      backward(this.gradients, instruction.operands);
    }
    for (const { tensor, layer } of this.parameters) {
      this.layer = layer;
      if (this.gradients.arrived.has(tensor)) continue;
      const dx = this.gradients.create(tensor);
      this.emit("fill", { y: dx, value: 0, end: elements(dx) });
    }
    for (const { w, l1, l2, layer } of this.penalties) {
      if (!w.needsGradient) continue;
      this.layer = layer;
      this.emit("penaltyBackward", { dw: this.gradients.gradient(w), w, l1, l2, end: elements(w) });
    }
  }

  // ---- the whole

  /** Applies one of the network's layers, with its name on everything it emits, and records its way for `trace`. @internal */
  inLayer(name: string, layer: Layer, inputs: readonly Tensor[]): Tensor {
    this.layer = name;
    this.sharing.begin(layer);
    return this.recorded(layer, inputs);
  }

  private recorded(layer: Layer, inputs: readonly Tensor[]): Tensor {
    const { use: outer, activation: before, layer: name } = this;
    const { layers, parameters }: Use = { layers: [], parameters: new Set() };
    this.use = { layers, parameters };
    this.activation = undefined;
    const output = layer.apply(this, ...inputs);
    const activation = this.activation as Builder["activation"]; // set by ops that the layer called
    this.activation = activation ?? before;
    this.use = outer;
    for (const parameter of parameters) outer.parameters.add(parameter);
    const preActivation = activation?.y === output ? { preActivation: activation.x } : {};
    outer.layers.push({ name, layer, inputs, output, ...preActivation, parameters: [...parameters], layers });
    return output;
  }

  /** Applies a layer within the one at work: its parameters are named `<that one>.<name>.…`. Applied again, it is shared; with uses
   *  outside of that one it shares nothing.
   *  @param name unique within the layer at work @param layer the same at each use of that one: not made in its function */
  within(name: string, layer: Layer, ...inputs: readonly Tensor[]): Tensor {
    const { layer: outer } = this;
    checkText(`${outer}: within: name`, name);
    checkLayer(`${outer}: within: layer`, layer);
    this.layer = `${outer}.${name}`;
    const output = this.sharing.within(layer, () => this.recorded(layer, inputs));
    this.layer = outer;
    return output;
  }

  /** @internal */
  inPhase(phase: Phase, layer: string, body: () => void): void {
    this.phase = phase;
    this.layer = layer;
    this.sharing.begin();
    body();
  }

  /** Parameters [first, end), their gradients, or one of the optimizer's slots of them, as one row: what the optimizers work on. @internal */
  slab(name: string, slab: "parameter" | "gradient" | "slot", first = 0, end = this.parameters.length): Tensor {
    const parameters = this.parameters.map(({ tensor }) => tensor);
    const chosen = parameters.slice(first, end);
    // A slot is one piece of state; the others name what layers made.
    const parts = slab === "slot" ? undefined : chosen.map((tensor) => (slab === "parameter" ? tensor : this.gradients.gradient(tensor)));
    return this.tensor(name, [slabElements(chosen)], {
      slab,
      batched: false,
      ...(parts && { parts }),
      offset: slabElements(parameters.slice(0, first)),
    });
  }

  /** @internal */
  program(): Program {
    return {
      instructions: this.instructions,
      layers: this.use.layers,
      parameters: this.parameters.map((p) => p.tensor),
      gradients: this.gradients.arrived,
      results: this.results,
    };
  }
}
