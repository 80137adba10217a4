// From a network's definition to a verified plan in its region of memory, for one purpose and a row capacity.
import { Step } from "../assembly/opcodes.js";
import { regionSize } from "./backends/arena.js";
import { OptionError } from "./errors.js";
import type { Graph } from "./graph.js";
import { emitMetric } from "./metrics.js";
import { metricCount, type Objective, readsTruth } from "./objectives.js";
import { isFrozen } from "./optimizers/groups.js";
import { emitUpdate, type Optimizer } from "./optimizers.js";
import { assemble } from "./plan/assemble.js";
import { Builder, type ParameterSpec } from "./plan/builder.js";
import { layoutWorkspace } from "./plan/memory.js";
import { addBarriers, addScratch, fuseEpilogues, fuseOuterProducts, hasOuterProducts } from "./plan/passes.js";
import { type Program, usesOf } from "./plan/program.js";
import { type StepLayout, stepLayout } from "./plan/step.js";
import { aligned, type Slab, sampleElements, size, type Tensor } from "./plan/tensor.js";
import { type Range, verify } from "./plan/verify.js";

export interface Definition {
  readonly graph: Graph;
  /** One for each output, in order. */
  readonly objectives: readonly Objective[];
  readonly optimizer: Optimizer;
  readonly seed: number;
}

export const purposes = ["predict", "train", "evaluate", "trace"] as const;
/** - `train`: rows gathered from staged data, or one staged batch; loss, gradients, update
 *  - `evaluate`: loss and metrics of one batch; `predict`: outputs of one batch
 *  - `trace`: as train up to the gradients, the input's too, of one batch; nothing fused, every tensor keeps its memory */
export type Purpose = (typeof purposes)[number];

/** Does it compute gradients? */
const trains = (purpose: Purpose) => purpose === "train" || purpose === "trace";

export interface Sizes {
  /** rows of a batch, at most */
  readonly capacity: number;
  /** train: rows of data, row numbers, and step records that are staged at once. Without row numbers each step takes the same staged batch. */
  readonly dataRows: number;
  readonly orderRows: number;
  readonly steps: number;
  /** that share its work, at most; with 1 it has no barriers */
  readonly threads: number;
}

/** Something that JavaScript stages before a run: an input, or an output's targets. */
export interface Feed {
  /** What is staged: one batch, or where rows are gathered all of a chunk's data. */
  readonly staged: Tensor;
  /** One batch of it, as layers and losses see it. */
  readonly batch: Tensor;
}

export interface Roots {
  /** Inputs, then targets, then the row weights of weighted outputs, then the truth of those that `readsTruth`, each in the definition's
   *  order. `predict` has inputs only, `trace` no metrics and no truth. */
  readonly feeds: readonly Feed[];
  /** Where rows are gathered: the row numbers of the chunk's steps. */
  readonly order: Tensor | undefined;
  readonly predictions: readonly Tensor[];
}

/** What a plan must have room for. */
export type Wanted = Partial<Sizes> & { readonly capacity: number };

/** What is left out is least. */
export function sizesOf({ capacity, dataRows = capacity, orderRows = 0, steps = 1, threads = 1 }: Wanted): Sizes {
  return { capacity, dataRows, orderRows, steps, threads };
}

export interface Built extends Roots {
  readonly program: Program;
  readonly parameters: readonly ParameterSpec[];
  /** Whether a layer of the user's may compute something else without training. */
  readonly askedTraining: boolean;
  /** Whether for batches of one row there is a program of their own, which is faster. */
  readonly singleRow: boolean;
}

/** Of all its plans. */
export function stepLayoutOf(definition: Definition): StepLayout {
  const { objectives, optimizer } = definition;
  return stepLayout(objectives.length, metricCount(objectives), optimizer.factorCount);
}

/** @param weighted which outputs' rows have weights; default none */
export function build(definition: Definition, purpose: Purpose, sizes: Sizes, weighted: readonly boolean[] = []): Built {
  const { graph, objectives, optimizer, seed } = definition;
  const training = trains(purpose);
  const gathers = purpose === "train" && sizes.orderRows > 0;
  const frozen = (parameter: Tensor) => purpose === "train" && isFrozen(optimizer, parameter);
  const g = new Builder({ training, seed, frozen });
  const layout = stepLayoutOf(definition);

  /** One batch: gathered from staged rows, or itself staged. */
  const feed = (
    name: string,
    shape: readonly number[],
    dtype: "f32" | "u32",
    { needsGradient = false, stride }: { needsGradient?: boolean; stride?: number } = {},
  ): Feed => {
    const options = { dtype, ...(stride !== undefined && { stride }) };
    if (!gathers) {
      const staged = g.tensor(name, shape, { slab: "staging", ...options, needsGradient });
      return { staged, batch: staged };
    }
    const batch = g.tensor(name, shape, options);
    const words = sampleElements(batch);
    const staged = g.tensor(`data.${name}`, [sizes.dataRows, words], { slab: "staging", batched: false, dtype, stride: words });
    g.emit("gatherRows", { y: batch, data: staged, order: Step.Order, words, end: { perRow: 1 } });
    return { staged, batch };
  };

  const feeds: Feed[] = [];
  g.inPhase("forward", "input", () => {
    for (const { name, shape } of graph.inputs) feeds.push(feed(name, shape, "f32", { needsGradient: purpose === "trace" }));
  });
  const values = feeds.map(({ batch }) => batch);
  for (const { name, layer, from } of graph.nodes) {
    const inputs = from.map((index) => values[index]!);
    values.push(g.inLayer(name, layer, inputs));
  }
  const predictions = graph.outputs.map((index) => values[index]!);

  if (purpose === "predict") for (const prediction of predictions) g.keep(prediction);
  else
    g.inPhase("loss", "loss", () => {
      const named = (name: string, what: string) => (objectives.length === 1 ? what : `${name}.${what}`);
      const targets = objectives.map(({ name, loss }, i) => {
        const predicted = predictions[i]!.shape;
        const shape = loss.targetColumns === undefined ? predicted : [...predicted.slice(0, -1), loss.targetColumns];
        const ids = (loss.staged ?? loss.targets) === "ids";
        return feed(named(name, "target"), ids ? shape.slice(0, -1) : shape, ids ? "u32" : "f32");
      });
      // One a row of the last axis, unpadded.
      const weights = objectives.map(({ name }, i) => {
        const shape = predictions[i]!.shape.slice(0, -1);
        return weighted[i] ? feed(named(name, "weights"), shape, "f32", { stride: shape.at(-1) ?? 1 }) : undefined;
      });
      const truths = objectives.map((objective, i) =>
        purpose !== "trace" && readsTruth(objective) ? feed(named(objective.name, "truth"), targets[i]!.batch.shape, "f32") : undefined,
      );
      feeds.push(...targets, ...[...weights, ...truths].filter((given) => given !== undefined));
      let metric = 0;
      objectives.forEach(({ loss, metrics }, i) => {
        const [prediction, target, rowWeights] = [predictions[i]!, targets[i]!.batch, weights[i]?.batch];
        g.inLoss(layout.losses[i]!, () => loss.emit(g, prediction, target, rowWeights));
        if (purpose === "trace") return;
        const truth = truths[i]?.batch ?? target;
        for (const kind of metrics) emitMetric(g, kind, loss, prediction, truth, layout.metrics[metric++]!, rowWeights);
      });
      g.emitPenalties();
    });
  if (training) g.backward();
  if (purpose === "train" && g.parameters.length > 0)
    g.inPhase("update", "optimizer", () => {
      const w = g.slab("parameters", "parameter");
      emitUpdate(g, optimizer, {
        w,
        g: g.slab("gradients", "gradient"),
        slots: optimizer.slots.map((slot) => g.slab(slot, "slot")),
        factors: layout.factors,
        end: w.stride,
      });
    });

  let program = g.program();
  const singleRow = purpose === "train" && hasOuterProducts(program);
  // A trace keeps all that there is to see.
  if (purpose === "trace") program = { ...program, results: everything(program) };
  else program = fuseEpilogues(singleRow && sizes.capacity === 1 ? fuseOuterProducts(program) : program);
  const order = gathers ? g.tensor("order", [sizes.orderRows], { slab: "staging", batched: false, dtype: "u32" }) : undefined;
  return {
    program: addScratch(program, sizes.capacity, sizes.threads),
    parameters: g.parameters,
    askedTraining: g.askedTraining,
    singleRow,
    feeds,
    order,
    predictions,
  };
}

/** Every workspace tensor and gradient that the program computes. */
function everything(program: Program): readonly Tensor[] {
  const written = program.instructions.flatMap((instruction) =>
    usesOf(instruction).filter((use) => use.writes && use.operand.access !== "scratch" && use.tensor.slab !== "parameter"),
  );
  return [...new Set(written.map((use) => use.tensor))];
}

export interface Plan extends Built {
  readonly purpose: Purpose;
  readonly sizes: Sizes;
  readonly weighted: readonly boolean[];
  readonly words: Uint32Array;
  /** Byte offsets in the region. */
  readonly addresses: ReadonlyMap<Tensor, number>;
  readonly table: number;
  readonly layout: StepLayout;
  readonly slabs: Readonly<Record<Slab, Range>>;
  /** Plans and the table: what no instruction may write. */
  readonly reserved: Readonly<Record<string, Range>>;
  /** First byte after everything the plan needs. */
  readonly end: number;
}

/** Where the network's lasting parts are, in bytes of its region. */
export interface Bases {
  readonly parameters: number;
  readonly slots: number;
  readonly gradients: number;
  /** Bytes of the parameter slab, of each slot, and of the gradients. */
  readonly slabBytes: number;
  /** Where plans lie. */
  readonly plans: Range;
  /** From here on memory belongs to whichever plan runs. */
  readonly transient: number;
}

/** Where one of the optimizer's slots begins. */
export function slotBase({ slots, slabBytes }: Bases, slot: number): number {
  return slots + slot * slabBytes;
}

/** Of what lasts from step to step. */
export function lastingSlabs({ parameters, slots, gradients, slabBytes }: Bases): Pick<Plan["slabs"], "parameter" | "slot" | "gradient"> {
  return { parameter: [parameters, parameters + slabBytes], slot: [slots, gradients], gradient: [gradients, gradients + slabBytes] };
}

/** Parameters lie one after the other, as the network was measured: a plan that makes others would read what is not meant. To predict and to
 *  evaluate it may need fewer, the last ones missing: a loss's own.
 *  @throws {OptionError} a layer, loss or metric of the user's makes other ones for this purpose */
export function checkParameters(purpose: Purpose, made: readonly ParameterSpec[], has: readonly ParameterSpec[]): void {
  const shown = (spec: ParameterSpec | undefined) => (spec ? `${spec.tensor.name} [${spec.tensor.shape.join(", ")}]` : "none");
  for (let i = 0; i < (trains(purpose) ? Math.max(made.length, has.length) : made.length); ++i)
    if (shown(made[i]) !== shown(has[i]))
      throw new OptionError(
        `network: to ${purpose}, parameter ${i} is ${shown(made[i])}, expected ${shown(has[i])}, as when it was made; a layer's parameters must be the same whether g.training or not, and a metric can have none`,
      );
}

/** @param has what the network was measured to have @throws {OptionError} as `checkParameters` */
export function compile(
  definition: Definition,
  purpose: Purpose,
  sizes: Sizes,
  { bases, parameters: has }: { readonly bases: Bases; readonly parameters: readonly ParameterSpec[] },
  weighted: readonly boolean[] = [],
): Plan {
  const built = build(definition, purpose, sizes, weighted);
  const { parameters } = built;
  checkParameters(purpose, parameters, has);
  let { program } = built;
  const layout = stepLayoutOf(definition);
  const addresses = new Map<Tensor, number>();

  let at = bases.parameters;
  for (const { tensor } of parameters) {
    addresses.set(tensor, at);
    const gradient = program.gradients.get(tensor);
    if (gradient) addresses.set(gradient, at - bases.parameters + bases.gradients);
    at += size(tensor, 0) * 4;
  }

  const table = bases.transient;
  at = aligned(table + sizes.steps * layout.stride);
  const stagingBegin = at;
  for (const tensor of [...built.feeds.map(({ staged }) => staged), built.order]) {
    if (!tensor) continue;
    addresses.set(tensor, at);
    at = aligned(at + size(tensor, sizes.capacity) * 4);
  }
  const workspace = layoutWorkspace(program, sizes.capacity);
  const stagingEnd = at;
  for (const [tensor, offset] of workspace.offsets) addresses.set(tensor, at + offset * 4);
  // Before anything is made of addresses that 32 bits cannot hold.
  const end = regionSize(at + workspace.total * 4);

  // Slabs as a whole, or stretches of them.
  const { slots } = definition.optimizer;
  for (const instruction of program.instructions)
    for (const { tensor } of usesOf(instruction)) {
      if (addresses.has(tensor)) continue;
      const { name, slab, offset = 0 } = tensor;
      const base = slab === "slot" ? slotBase(bases, slots.indexOf(name)) : slab === "parameter" ? bases.parameters : bases.gradients;
      addresses.set(tensor, base + offset * 4);
    }

  const slabs: Record<Slab, Range> = {
    ...lastingSlabs(bases),
    staging: [stagingBegin, stagingEnd],
    workspace: [stagingEnd, end],
  };
  const reserved = { plans: bases.plans, table: [table, stagingBegin] } as const;
  const { capacity, threads } = sizes;
  if (threads > 1) program = addBarriers(program, addresses, capacity);
  const words = assemble(program, addresses);
  verify(words, { program, addresses, slabs, reserved, capacity, stride: layout.stride, threads });
  return { ...built, program, purpose, sizes, weighted, words, addresses, table, layout, slabs, reserved, end };
}
