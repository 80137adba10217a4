// A network's memory: where its parameters and optimizer state lie, their first values, writing and running steps. Its plans: plans.ts.
import { Step } from "../assembly/opcodes.js";
import type { Region } from "./backends/backend.js";
import type { Views } from "./backends/views.js";
import { shown } from "./checks.js";
import { weakly } from "./collection.js";
import { type Bases, build, type Definition, lastingSlabs, type Plan, type Purpose, sizesOf, slotBase, type Wanted } from "./compile.js";
import { denominatorOf, type Samples } from "./data/samples.js";
import { ShapeError } from "./errors.js";
import { type Distribution, distributionOf, filled } from "./initializers.js";
import { assemble } from "./plan/assemble.js";
import type { ParameterSpec } from "./plan/builder.js";
import { type Instruction, type LayerRecord, madeBy, type Program } from "./plan/program.js";
import type { Made } from "./plan/spec.js";
import { drawLayout } from "./plan/step.js";
import { aligned, columns, evaluate, product, rows, size, slabElements, type Tensor } from "./plan/tensor.js";
import { type Range, verify } from "./plan/verify.js";
import { type LoadedPlan, Plans, roomForPlans } from "./plans.js";
import { Stream, uniform } from "./random.js";

/** Address 0 means "left out", so nothing lies there. */
const FIRST = 64;

const none: Range = [0, 0];

export interface Parameter extends ParameterSpec {
  /** Byte offset in the region. */
  readonly address: number;
}

export interface Measured {
  /** Bytes before any plan is compiled. */
  readonly bytes: number;
  readonly bases: Bases;
  /** Bytes of each purpose's place for its plan. */
  readonly planEach: number;
  readonly parameters: readonly ParameterSpec[];
  /** One sample's shape of every prediction. */
  readonly predictions: readonly (readonly number[])[];
  /** One for each of the graph's nodes. */
  readonly layers: readonly LayerRecord[];
  /** Of every prediction, as far as it is known. */
  readonly made: readonly (Made | undefined)[];
  /** As `Built` has it. */
  readonly askedTraining: boolean;
}

export class Model {
  readonly parameters: readonly Parameter[];
  readonly predictions: Measured["predictions"];
  readonly layers: Measured["layers"];
  readonly bases: Bases;
  private readonly plans: Plans;
  /** The loss's factor for the last number of rows asked for: nearly all steps have the same. */
  private scales: { readonly rows: number; readonly values: readonly number[] } = { rows: 0, values: [] };
  private isShared = false;

  /** What a network of this definition needs, and how its memory is divided. */
  static measure(definition: Definition): Measured {
    const { program, parameters, predictions, askedTraining } = build(definition, "trace", sizesOf({ capacity: 1 }));
    const slabBytes = 4 * slabElements(parameters.map(({ tensor }) => tensor));
    const slots = aligned(FIRST + slabBytes);
    const gradients = aligned(slots + definition.optimizer.slots.length * slabBytes);
    const planBegin = aligned(gradients + slabBytes);
    definition.optimizer.check(parameters.map(({ tensor }) => tensor));
    const { each: planEach, all } = roomForPlans(program, definition);
    const transient = planBegin + all;
    return {
      bytes: transient,
      bases: { parameters: FIRST, slots, gradients, slabBytes, plans: [planBegin, transient], transient },
      planEach,
      parameters,
      predictions: predictions.map(({ shape }) => shape),
      layers: program.layers,
      made: predictions.map((prediction) => madeBy(program, prediction)),
      askedTraining,
    };
  }

  constructor(
    readonly definition: Definition,
    readonly region: Region,
    { bases, planEach, predictions, layers, parameters }: Measured,
  ) {
    this.bases = bases;
    this.predictions = predictions;
    this.layers = layers;
    let address = bases.parameters;
    this.parameters = parameters.map((spec) => {
      const parameter = { ...spec, address };
      address += size(spec.tensor, 0) * 4;
      return parameter;
    });
    this.plans = new Plans(definition, region, this, planEach);
  }

  /** Fills parameters from the seed and the optimizer's state with its beginning. */
  initialize(): void {
    const { seed } = this.definition;
    this.parameters.forEach((parameter, index) => {
      const { tensor, initializer, address } = parameter;
      const distribution = distributionOf(tensor.name, initializer, tensor.shape);
      if (distribution) this.draw(parameter, index, distribution);
      else {
        const random = (element: number) => uniform(seed, Stream.Initialize, index, element);
        this.writeTensor(tensor, address, filled(tensor.name, initializer, tensor.shape, random));
      }
    });
    this.initializeState();
  }

  /** Has the backend draw a parameter's first values: by a plan of one record, which lies where plans will. */
  private draw({ tensor, address }: Parameter, index: number, { kind, mean, scale }: Distribution): void {
    const { stride, ...fields } = drawLayout;
    const operands = {
      y: tensor,
      seed: this.definition.seed,
      parameter: index,
      kind,
      ...fields,
      columns: columns(tensor),
      ld: tensor.stride,
      end: rows(tensor),
    };
    const draw: Instruction = { op: "draw", operands, layer: tensor.name, phase: "update" };
    const program: Program = { instructions: [draw], layers: [], parameters: [], gradients: new Map(), results: [] };
    const addresses = new Map([[tensor, address]]);
    const words = assemble(program, addresses);
    const { plans } = this.bases;
    const slabs = { ...lastingSlabs(this.bases), staging: none, workspace: none };
    verify(words, { program, addresses, slabs, reserved: { plans }, capacity: 1, stride });
    const [plan] = plans;
    const table = aligned(plan + words.length * 4);
    const { u32, f64 } = this.region.views();
    u32.set(words, plan >> 2);
    u32.fill(0, table >> 2, (table + stride) >> 2);
    f64[(table + fields.mean) >> 3] = mean;
    f64[(table + fields.scale) >> 3] = scale;
    this.region.run(plan, table, 0, 1);
  }

  /** Fills the optimizer's state, which is zero, with its beginning; an average of the parameters is a copy of them as they are now. */
  initializeState(): void {
    const { slots, slotValue = 0, averageSlot } = this.definition.optimizer;
    slots.forEach((_, slot) => {
      const isCopy = slot === averageSlot;
      if (!isCopy && slotValue === 0) return;
      for (const parameter of this.parameters) {
        const { tensor, address } = parameter;
        const values = isCopy ? this.readTensor(tensor, address, 0) : new Float32Array(product(tensor.shape)).fill(slotValue);
        this.writeTensor(tensor, this.slotAddress(slot, parameter), values);
      }
    });
  }

  /** As `Plans.get`. */
  plan(purpose: Purpose, sizes: Wanted, weighted: readonly boolean[] = []): LoadedPlan {
    return this.plans.get(purpose, sizes, weighted);
  }

  /** What a training step of 32 rows does, for people to read. */
  trainingProgram(): Program {
    return build(this.definition, "train", sizesOf({ capacity: 32, orderRows: 32 })).program;
  }

  /** As `Plans.claim`. */
  claim(owner: object): boolean {
    return this.plans.claim(owner);
  }

  /** Each loss's factor for a batch of so many rows; kept, for most steps have as many as the one before. */
  private scalesOf(rowsInBatch: number): readonly number[] {
    if (rowsInBatch !== this.scales.rows)
      this.scales = {
        rows: rowsInBatch,
        values: this.definition.objectives.map(({ loss }, i) => loss.scale(this.predictions[i]!, rowsInBatch)),
      };
    return this.scales.values;
  }

  /** Writes a step's record but for its order. t: number of the step, from 1 on.
   *  @param samples whose rows from `first` on, or in that part of an order, are the batch; needed where outputs are weighted */
  writeStep(
    plan: Plan,
    views: Views,
    index: number,
    rowsInBatch: number,
    t: number,
    samples?: Samples,
    first = 0,
    order?: Uint32Array,
  ): void {
    const { optimizer } = this.definition;
    const { stride, losses, factors } = plan.layout;
    const record = plan.table + index * stride;
    const scales = this.scalesOf(rowsInBatch);
    const { u32, f32, f64 } = views;
    u32[(record + Step.Rows) >> 2] = rowsInBatch;
    u32[(record + Step.Number) >> 2] = t;
    u32[(record + Step.Status) >> 2] = 0;
    f64[(record + Step.Penalty) >> 3] = 0;
    for (let i = 0; i < losses.length; ++i) {
      const scale = plan.weighted[i]
        ? this.definition.objectives[i]!.loss.scale(
            this.predictions[i]!,
            rowsInBatch,
            denominatorOf(samples!, i, first, rowsInBatch, order),
          )
        : scales[i]!;
      f64[(record + losses[i]!.scale) >> 3] = scale;
      f32[(record + losses[i]!.gradientScale) >> 2] = scale;
    }
    if (factors.length > 0 && plan.purpose === "train") optimizer.factors(t, f32, (record + factors[0]!) >> 2);
  }

  run(plan: LoadedPlan, steps: number): number {
    return this.region.run(plan.address, plan.table, plan.layout.stride, steps);
  }

  /** Is the region in threads' hands now? */
  get shared(): boolean {
    return this.isShared;
  }

  /** As `run`, on the region's threads; undefined: in vain, to be tried again (`Region.runShared`).
   *  @param sharers of the work: fewer than the plan has room for, where an earlier run had more threads */
  async runShared(plan: LoadedPlan, steps: number, sharers: number): Promise<number | undefined> {
    this.isShared = true;
    try {
      const scratch = (plan.program.scratch?.stride ?? 0) * 4;
      return await this.region.runShared(plan.address, plan.table, plan.layout.stride, steps, scratch, sharers);
    } finally {
      this.isShared = false;
    }
  }

  /** A tensor's logical elements, without padding, copied. */
  readTensor(
    tensor: Tensor,
    address: number,
    batchRows: number,
    views: Pick<Views, "f32"> = this.region.views(),
  ): Float32Array<ArrayBuffer> {
    const [height, width] = [evaluate(rows(tensor), batchRows), columns(tensor)];
    const from = address >> 2;
    if (tensor.stride === width) return views.f32.slice(from, from + height * width);
    const out = new Float32Array(height * width);
    for (let r = 0, at = from; r < height; ++r, at += tensor.stride)
      if (width < 16) for (let c = 0; c < width; ++c) out[r * width + c] = views.f32[at + c]!;
      else out.set(views.f32.subarray(at, at + width), r * width);
    return out;
  }

  /** How often parameters, state or the learning rate were set: steps from before cannot be run again. */
  writes = 0;

  /** Writes logical elements of a parameter, or of its state; their padding is zero and stays so. */
  writeTensor(tensor: Tensor, address: number, values: Float32Array): void {
    const [height, width] = [evaluate(rows(tensor), 0), columns(tensor)];
    const { f32 } = this.region.views();
    const to = address >> 2;
    this.writes += 1;
    if (tensor.stride === width) f32.set(values, to);
    else for (let r = 0; r < height; ++r) f32.set(values.subarray(r * width, (r + 1) * width), to + r * tensor.stride);
  }

  /** Elements of parameters and optimizer state. */
  get stateLength(): number {
    return (this.bases.gradients - this.bases.parameters) >> 2;
  }

  /** A copy of parameters and optimizer state: what a transaction protects. Valid until the next call, of any network.
   *  @param into memory of one's own for it, which stays valid */
  backup(into?: Float32Array): Float32Array {
    const begin = this.bases.parameters >> 2;
    const copy = into ?? spare(this.stateLength);
    copy.set(this.region.views().f32.subarray(begin, begin + copy.length));
    return copy;
  }

  /** Where the optimizer's state is for a parameter. */
  slotAddress(slot: number, { address }: Parameter): number {
    return address - this.bases.parameters + slotBase(this.bases, slot);
  }

  /** Copies of the optimizer's state: each slot of each parameter. */
  slots(): { readonly name: string; readonly shape: readonly number[]; readonly values: Float32Array }[] {
    return this.definition.optimizer.slots.flatMap((slot, i) =>
      this.parameters.map((parameter) => ({
        name: `${slot}.${parameter.tensor.name}`,
        shape: parameter.tensor.shape,
        values: this.readTensor(parameter.tensor, this.slotAddress(i, parameter), 0),
      })),
    );
  }

  /** Sets the optimizer's state, in the order of `slots()`. */
  setSlots(values: readonly Float32Array[]): void {
    const { length } = this.parameters;
    this.definition.optimizer.slots.forEach((_, i) => {
      this.parameters.forEach((parameter, j) => {
        this.writeTensor(parameter.tensor, this.slotAddress(i, parameter), values[i * length + j]!);
      });
    });
  }

  /** A copy of the parameter slab. */
  weights(): Float32Array<ArrayBuffer> {
    const { parameters, slabBytes } = this.bases;
    return this.region.views().f32.slice(parameters >> 2, (parameters + slabBytes) >> 2);
  }

  /** A copy of one of the optimizer's slots, as long as the parameter slab. */
  slotSlab(slot: number): Float32Array<ArrayBuffer> {
    const begin = slotBase(this.bases, slot);
    return this.region.views().f32.slice(begin >> 2, (begin + this.bases.slabBytes) >> 2);
  }

  /** Sets all parameters to what `weights()` gave, or none. Their padding stays 0, whatever the copy has there.
   *  @throws {ShapeError} another type or length, or what is not finite */
  setWeights(copy: Float32Array): void {
    const { parameters: begin, slabBytes } = this.bases;
    if (!(copy instanceof Float32Array) || copy.length * 4 !== slabBytes)
      throw new ShapeError(`setWeights: got ${shown(copy)}, expected Float32Array(${slabBytes / 4}) as weights() gives`);
    const given = this.parameters.map(({ tensor, address }) => this.readTensor(tensor, address - begin, 0, { f32: copy }));
    this.parameters.forEach(({ tensor }, i) => {
      const bad = given[i]!.findIndex((value) => !Number.isFinite(value));
      if (bad >= 0) throw new ShapeError(`setWeights: ${tensor.name}: element ${bad} is ${given[i]![bad]}, expected a finite number`);
    });
    this.parameters.forEach(({ tensor, address }, i) => {
      this.writeTensor(tensor, address, given[i]!);
    });
  }

  restore(from: Float32Array): void {
    this.region.views().f32.set(from, this.bases.parameters >> 2);
  }
}

let spares: Pick<WeakRef<Float32Array>, "deref"> | undefined;

/** Memory for a transaction. Calls are synchronous, so all networks have the same, and the engine takes it back when it is idle. */
function spare(length: number): Float32Array {
  let found = spares?.deref();
  if (!found || found.length < length) {
    found = new Float32Array(length);
    spares = weakly(found);
  }
  return found.subarray(0, length);
}
