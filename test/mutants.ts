// Mutants of a plan: one word changed, or one tensor moved and the words assembled anew. A mutant must be rejected by the verifier, or run
// to the same bits. Only the JavaScript backend can run what should have been rejected: typed arrays hold it within its region.
import { Step } from "../assembly/opcodes.js";
import type { Plan, Purpose } from "../src/compile.js";
import { toSamples } from "../src/data/data.js";
import { portsOf } from "../src/definition.js";
import { PlanError } from "../src/errors.js";
import { network } from "../src/index.js";
import type { Model } from "../src/model.js";
import { assemble } from "../src/plan/assemble.js";
import { specOf } from "../src/plan/ops.js";
import type { Program } from "../src/plan/program.js";
import type { Extent, Tensor } from "../src/plan/tensor.js";
import { verify } from "../src/plan/verify.js";
import type { LoadedPlan } from "../src/plans.js";
import { stage } from "../src/single.js";
import type { NetworkCase } from "./cases.js";
import { bitsOf, modelOf, poison } from "./internals.js";

/** Every kind of plan: of training both, that whose rows are gathered and that whose batch is staged. */
export const kinds: readonly { readonly purpose: Purpose; readonly gathers?: boolean }[] = [
  { purpose: "train", gathers: true },
  { purpose: "train" },
  { purpose: "evaluate" },
  { purpose: "predict" },
  { purpose: "trace" },
];

export interface Mutant {
  /** What was done, for messages. */
  readonly change: string;
  readonly words: Uint32Array;
  readonly addresses: ReadonlyMap<Tensor, number>;
}

export type Verdict = "caught" | "harmless" | "missed";

type Random = () => number;

/** Bytes behind the plan that nothing may touch. */
const GUARD_BYTES = 4096;
/** Fits any slab of the cases at least once, keeps 16-byte alignment. */
const SHIFTS = [16, 32, 64, 256];

const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
const word = (random: Random) => Math.floor(random() * 2 ** 32);

/** One plan, what it was found to compute, and its mutants. */
export class Subject {
  private readonly image: Uint32Array;
  private readonly expected: Uint32Array;

  private constructor(
    private readonly model: Model,
    readonly plan: LoadedPlan,
    private readonly given: NetworkCase,
  ) {
    model.region.reserve(plan.end + GUARD_BYTES);
    model.region.views().u32.fill(0x600d600d, plan.end >> 2);
    this.image = model.region.views().u32.slice();
    const found = this.run(plan);
    if (typeof found === "string") throw new Error(`${given.name}, ${plan.purpose}: ${found}`);
    this.expected = found;
  }

  static async create(given: NetworkCase, { purpose, gathers = false }: (typeof kinds)[number]): Promise<Subject> {
    const model = modelOf(await network({ ...given.options, backend: "js" }));
    return new Subject(
      model,
      model.plan(purpose, { capacity: given.batch, orderRows: gathers ? given.batch : 0, steps: purpose === "train" ? 2 : 1 }),
      given,
    );
  }

  /** Any word becomes any other: a bit flipped, a neighbour's value, another word of the plan, or anything. */
  mutateWord(random: Random): Mutant {
    const { words, addresses } = this.plan;
    const at = Math.floor(random() * words.length);
    const old = words[at]!;
    const kinds = [
      () => old ^ (1 << Math.floor(random() * 32)),
      () => old + pick(random, [-16, -4, -1, 1, 4, 16]),
      () => pick(random, [...words]),
      () => word(random),
    ];
    let value = old;
    while (value === old) value = pick(random, kinds)() >>> 0;
    return this.withWord(at, value, addresses);
  }

  withWord(at: number, value: number, addresses = this.plan.addresses): Mutant {
    const words = this.plan.words.slice();
    words[at] = value;
    return { change: `word ${at}: ${this.plan.words[at]} -> ${value}`, words, addresses };
  }

  /** Every word with every bit flipped, its neighbours' values, and every other word of the plan in its place. */
  *everyWord(): Generator<Mutant> {
    const { words, addresses } = this.plan;
    const others = [...new Set(words)];
    for (let at = 0; at < words.length; ++at) {
      const old = words[at]!;
      const flips = Array.from({ length: 32 }, (_, bit) => (old ^ (1 << bit)) >>> 0);
      const near = [-16, -4, -1, 1, 4, 16].map((by) => (old + by) >>> 0);
      for (const value of new Set([...flips, ...near, ...others])) if (value !== old) yield this.withWord(at, value, addresses);
    }
  }

  /** A tensor goes elsewhere, and everything that names it agrees. */
  moveTensor(random: Random): Mutant {
    const { addresses, program, end } = this.plan;
    const [tensor, old] = pick(random, [...addresses]);
    const kinds = [
      () => old + pick(random, SHIFTS) * pick(random, [-1, 1]),
      () => pick(random, [...addresses.values()]),
      () => pick(random, [...addresses.values()]) + pick(random, SHIFTS),
      () => Math.floor((random() * end) / 16) * 16,
      () => old + pick(random, [-4, 4]),
    ];
    let value = old;
    while (value === old || value < 0) value = pick(random, kinds)();
    const moved = new Map([...addresses, [tensor, value]]);
    return { change: `${tensor.name} (${tensor.slab}): ${old} -> ${value}`, words: assemble(program, moved), addresses: moved };
  }

  /** One number of one instruction changes, and the words agree: another program, which may compute anything but must stay in its memory. */
  mutateProgram(random: Random): Mutant & { readonly program: Program } {
    const { program, addresses } = this.plan;
    const at = Math.floor(random() * program.instructions.length);
    const instruction = program.instructions[at]!;
    const names = specOf(instruction.op)
      .operands.filter(({ kind }) => kind !== "tensor" && kind !== "f32")
      .map(({ name }) => name);
    const name = pick(random, names);
    const old = instruction.operands[name] as Extent;
    const change = (value: number) => Math.max(0, value + pick(random, [-16, -4, -1, 1, 4, 16, 64]) * Math.ceil(random() * 3));
    const value = typeof old === "number" ? change(old) : { perRow: change(old.perRow) };
    const instructions = program.instructions.map((other, i) =>
      i === at ? { ...other, operands: { ...other.operands, [name]: value } } : other,
    );
    const changed = { ...program, instructions };
    const words = assemble(changed, addresses);
    return { change: `${instruction.op}.${name}: ${JSON.stringify(old)} -> ${JSON.stringify(value)}`, words, addresses, program: changed };
  }

  /** As `judge` for a program of its own: "harmless" if it is accepted and neither throws nor writes where it must not. */
  judgeSafety({ change, words, addresses, program }: Mutant & { readonly program: Program }): {
    readonly verdict: Verdict;
    readonly why?: string;
  } {
    if (!this.accepts(words, addresses, program)) return { verdict: "caught" };
    const found = this.run({ words, addresses });
    return typeof found === "string"
      ? { verdict: "missed", why: `${this.given.name}, ${this.plan.purpose}, ${change}: ${found}` }
      : { verdict: "harmless" };
  }

  private accepts(words: Uint32Array, addresses: Plan["addresses"], program = this.plan.program): boolean {
    const { slabs, reserved, layout, sizes } = this.plan;
    try {
      verify(words, { program, addresses, slabs, reserved, capacity: sizes.capacity, stride: layout.stride });
      return true;
    } catch (error) {
      if (error instanceof PlanError) return false;
      throw error;
    }
  }

  /** "missed": the verifier accepts what computes something else; `why` says what. */
  judge({ change, words, addresses }: Mutant): { readonly verdict: Verdict; readonly why?: string } {
    if (!this.accepts(words, addresses)) return { verdict: "caught" };
    const found = this.run({ words, addresses });
    const name = `${this.given.name}, ${this.plan.purpose}, ${change}`;
    if (typeof found === "string") return { verdict: "missed", why: `${name}: ${found}` };
    const at = found.findIndex((value, i) => value !== this.expected[i]);
    if (at >= 0 || found.length !== this.expected.length) return { verdict: "missed", why: `${name}: word ${at} of the outcome differs` };
    return { verdict: "harmless" };
  }

  /** Runs a full batch, then one with a row less, each in memory poisoned anew. @returns all that can be read afterwards: parameters,
   *  optimizer state, step records, results; or what went wrong */
  private run({ words, addresses }: Pick<Plan, "words" | "addresses">): Uint32Array | string {
    const { model, given } = this;
    const plan = { ...this.plan, words, addresses };
    const { definition, region, bases } = model;
    const { u32 } = region.views();
    u32.set(this.image);
    u32.set(words, plan.address >> 2);

    const samples = toSamples("mutant", given.data(), portsOf(definition, model.predictions));
    stage(region.views(), plan, samples, 0, given.batch);
    const order = plan.order && addresses.get(plan.order)!;
    if (order) for (let i = 0; i < given.batch; ++i) u32[(order >> 2) + i] = given.batch - 1 - i;

    const outcome: Uint32Array[] = [];
    for (const batchRows of [given.batch, Math.max(1, given.batch - 1)]) {
      model.writeStep(plan, region.views(), 0, batchRows, 1);
      if (order) u32[(plan.table + Step.Order) >> 2] = order;
      poison(model, plan);
      const before = u32.slice();
      try {
        model.run(plan, 1);
      } catch (error) {
        return `threw ${error}`;
      }
      const stained = this.firstForbiddenWrite(before, u32);
      if (stained !== undefined) return `wrote to byte ${stained * 4}, which is not its own`;
      u32[(plan.table + Step.Order) >> 2] = 0; // says where row numbers were, which is not computed
      outcome.push(
        u32.slice(bases.parameters >> 2, bases.gradients >> 2),
        u32.slice(plan.table >> 2, (plan.table + plan.layout.stride) >> 2),
      );
      for (const tensor of plan.program.results) outcome.push(bitsOf(model, plan, tensor, batchRows));
    }
    return Uint32Array.from(outcome.flatMap((part) => [...part]));
  }

  /** A step may write its workspace, gradients, in its record what comes after the numbers of rows and step, and, if it trains, parameters
   *  and optimizer state. */
  private firstForbiddenWrite(before: Uint32Array, after: Uint32Array): number | undefined {
    const { slabs, table, layout, purpose } = this.plan;
    const own = [
      slabs.workspace,
      slabs.gradient,
      [table + Step.Status, table + layout.stride] as const,
      ...(purpose === "train" ? [slabs.parameter, slabs.slot] : []),
    ];
    for (let at = 0; at < before.length; ++at)
      if (before[at] !== after[at] && !own.some(([begin, end]) => at * 4 >= begin && at * 4 < end)) return at;
    return undefined;
  }
}

/** Counts of verdicts. */
export class Tally {
  private readonly counts: Record<Verdict, number> = { caught: 0, harmless: 0, missed: 0 };

  /** @returns what was missed */
  add({ verdict, why }: ReturnType<Subject["judge"]>): string[] {
    ++this.counts[verdict];
    return why ? [why] : [];
  }

  toString(): string {
    const { caught, harmless, missed } = this.counts;
    const total = caught + harmless + missed;
    return `${total} mutants, ${((caught / total) * 100).toFixed(2)} % caught, ${harmless} harmless, ${missed} missed`;
  }
}
