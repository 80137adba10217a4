// A network's plans: compiled when they are asked for, and again where they are too small. Of each purpose one lies in the region, in a place of
// its own; which of them has the memory that all share is known, too.
import type { Region } from "./backends/backend.js";
import { type Bases, compile, type Definition, type Plan, type Purpose, purposes, type Sizes, sizesOf, type Wanted } from "./compile.js";
import { PlanError } from "./errors.js";
import { metricCount, readsTruth } from "./objectives.js";
import type { ParameterSpec } from "./plan/builder.js";
import { BARRIER_RECORD, LONGEST_RECORD } from "./plan/ops.js";
import type { Program } from "./plan/program.js";
import { aligned } from "./plan/tensor.js";

/** How many plans of a purpose are kept: with weights and without, of one row and of many. */
const KINDS = 4;

/** A plan whose words lie in the region. */
export interface LoadedPlan extends Plan {
  readonly address: number;
}

/** Bytes of one purpose's place, and of all. @param traced the program with the most layers' instructions, nothing fused */
export function roomForPlans(
  traced: Program,
  { graph, objectives, optimizer }: Definition,
): { readonly each: number; readonly all: number } {
  // Training adds the gathers, metrics, clipping and the update, at most three records a parameter and one for each slot, to what is traced.
  const updates = (3 + optimizer.slots.length) * traced.parameters.length;
  const truths = objectives.filter(readsTruth).length;
  const added = graph.inputs.length + 3 * objectives.length + truths + metricCount(objectives) + updates + 8;
  // Several threads may have to meet before each.
  const each = aligned((traced.instructions.length + added) * (LONGEST_RECORD + BARRIER_RECORD) * 4);
  return { each, all: purposes.length * each };
}

export class Plans {
  /** The one in its purpose's place, then those that had to make way for others of another kind: steps with weights and without, of one row and
   *  of many, may take turns. */
  private readonly kept = new Map<Purpose, readonly LoadedPlan[]>();
  /** Whose step table and staged data are in the transient memory now. */
  private owner: object | undefined;

  /** @param has what the network was measured to have @param each bytes of a purpose's place */
  constructor(
    private readonly definition: Definition,
    private readonly region: Region,
    private readonly has: { readonly bases: Bases; readonly parameters: readonly ParameterSpec[] },
    private readonly each: number,
  ) {}

  /** The plan for a purpose, compiled if there is none of the kind that has room for what is wanted. @param weighted which outputs' rows have weights */
  get(purpose: Purpose, wanted: Wanted, weighted: readonly boolean[]): LoadedPlan {
    const sizes = sizesOf(wanted);
    const plans = this.kept.get(purpose) ?? [];
    // Asked at every call of predict and trainOnBatch.
    for (let i = 0; i < plans.length; ++i) {
      const plan = plans[i]!;
      if (serves(plan, sizes, weighted)) return i === 0 ? plan : this.load(plan);
    }
    // Steps with weights and those without will be as large.
    const alike = [sizes, ...plans.filter((plan) => isAlike(plan, sizes.capacity, plan.weighted)).map((plan) => plan.sizes)];
    const most = (key: keyof Sizes) => Math.max(...alike.map((each) => each[key]));
    const [capacity, ordered] = [most("capacity"), most("orderRows")];
    const grown = {
      capacity,
      dataRows: most("dataRows"),
      // A step of all its rows reads as much of the order, if there is one.
      orderRows: ordered > 0 ? Math.max(ordered, capacity) : 0,
      steps: most("steps"),
      threads: most("threads"),
    };
    const plan = compile(this.definition, purpose, grown, this.has, weighted);
    if (plan.words.length * 4 > this.each)
      throw new PlanError(`${purpose}: the plan has ${plan.words.length * 4} bytes, room for ${this.each}`);
    this.region.reserve(plan.end);
    return this.load({ ...plan, address: this.has.bases.plans[0] + purposes.indexOf(purpose) * this.each });
  }

  /** Lays a plan where its purpose has its place. */
  private load(plan: LoadedPlan): LoadedPlan {
    const { purpose, sizes, words, address, weighted } = plan;
    this.region.views().u32.set(words, address >> 2);
    const others = this.kept.get(purpose)?.filter((other) => !isAlike(other, sizes.capacity, weighted)) ?? [];
    this.kept.set(purpose, [plan, ...others].slice(0, KINDS));
    this.owner = undefined;
    return plan;
  }

  /** Claims the transient memory, which plans share; false if it has been this owner's since it last did. */
  claim(owner: object): boolean {
    if (this.owner === owner) return false;
    this.owner = owner;
    return true;
  }
}

/** Is the plan large enough, do the same outputs' rows have weights, and is there none of its own for so many rows? */
function serves(plan: Plan, { capacity, dataRows, orderRows, steps, threads }: Sizes, weighted: readonly boolean[]): boolean {
  const { sizes } = plan;
  return (
    sizes.capacity >= capacity &&
    sizes.dataRows >= dataRows &&
    sizes.orderRows >= orderRows &&
    sizes.steps >= steps &&
    sizes.threads >= threads &&
    isAlike(plan, capacity, weighted)
  );
}

/** Would a plan for this be another one only by its sizes? */
function isAlike({ sizes, singleRow, weighted: has }: Plan, capacity: number, weighted: readonly boolean[]): boolean {
  return (!singleRow || (sizes.capacity === 1) === (capacity === 1)) && sameWeighted(has, weighted);
}

function sameWeighted(a: readonly boolean[], b: readonly boolean[]): boolean {
  return a.length === b.length && a.every((flag, i) => flag === b[i]);
}
