// What an optimizer is to the rest of the library, and how it is made from its rule: which op updates parameters, and from which factors.
import { SMALLEST_NORMAL } from "../../assembly/coefficients.js";
import { Step } from "../../assembly/opcodes.js";
import { checkNumber } from "../checks.js";
import type { Builder } from "../plan/builder.js";
import type { Extent, Tensor } from "../plan/tensor.js";
import { isObserver } from "../schedules/plateau.js";
import type { Schedule } from "../schedules.js";
import { type Clip, emitClip } from "./clip.js";
import { FLUSH_INTERVAL } from "./fading.js";
import { type ParameterGroup, possibleSettings, runsOf, type Setting } from "./groups.js";
import type { Common, Complete } from "./options.js";
import { toSchedule } from "./rate.js";

export interface Optimizer {
  readonly type: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** State: one slab of the parameters' size each. */
  readonly slots: readonly string[];
  /** What the state is at the start, default 0. */
  readonly slotValue?: number;
  /** Which of the slots, if any, is the average of the weights: it begins as a copy of them. */
  readonly averageSlot?: number;
  readonly clip?: Clip;
  readonly groups?: readonly ParameterGroup[];
  /** Gives the learning rate of every update, before groups' factors. */
  readonly schedule: Schedule;
  /** Of one whose schedule has a state: the same with a schedule at its beginning. */
  fresh?(): Optimizer;
  /** How many numbers `factors` writes. */
  readonly factorCount: number;
  /** The factors of step t = 1, 2, …, into `out` from `at` on. */
  factors(t: number, out: Float32Array, at: number): void;
  /** @throws {OptionError} if a group takes none of the network's parameters */
  check(parameters: readonly Tensor[]): void;
  /** At most three instructions a parameter, one for each of its slots, and three more, clipping included. */
  emit(g: Builder, slabs: Slabs): void;
}

export interface Slabs {
  readonly w: Tensor;
  readonly g: Tensor;
  readonly slots: readonly Tensor[];
  /** Byte offsets of the factors in a step's record. */
  readonly factors: readonly number[];
  readonly end: Extent;
}

/** One setting's share of the slabs. */
export interface SlabShare extends Slabs {
  /** of a rule whose op takes it */
  readonly weightDecay: number;
}

/** What tells one optimizer from another. */
export interface Rule {
  readonly slots: readonly string[];
  /** By slot: magnitudes that are smaller become 0 now and then; default float32's least normal number. */
  readonly least?: readonly number[];
  readonly slotValue?: number;
  /** How weights decay. Default: weightDecay·w is added to g, by an op before the rule's. `fused`: the rule's own op adds it, for a pass that is
   *  nothing but memory and a few products; `decoupled`: w is multiplied by 1 - learningRate·weightDecay, a factor, instead. */
  readonly decay?: "fused" | "decoupled";
  readonly factorCount: number;
  /** The factors of step t = 1, 2, … at its learning rate. */
  factors(t: number, rate: number, weightDecay: number, out: Float32Array, at: number): void;
  emit(g: Builder, share: SlabShare): void;
}

/** @param options checked and complete */
export function optimizer<O extends Common>(type: string, options: Complete<O>, rule: Rule): Optimizer {
  const { clip, groups = [], ema, learningRate, weightDecay } = options as Complete<Common>;
  const { factorCount } = rule;
  const decoupled = rule.decay === "decoupled";
  const schedule = toSchedule(`${type}: learningRate`, learningRate);
  const start: Setting = { learningRateFactor: 1, weightDecay, frozen: false };

  // Settings that need factors of their own.
  const kinds: Setting[] = [];
  const kindOf = (setting: Setting) =>
    kinds.findIndex(
      (kind) => kind.learningRateFactor === setting.learningRateFactor && (!decoupled || kind.weightDecay === setting.weightDecay),
    );
  for (const setting of possibleSettings(`${type}: groups`, groups, start)) if (kindOf(setting) < 0) kinds.push(setting);
  // Each step multiplies w by 1 - learningRate·weightDecay: below 0 it would flip every sign.
  if (decoupled)
    for (const kind of kinds) {
      const most = kind.weightDecay === 0 ? 0 : schedule.highest * kind.learningRateFactor * kind.weightDecay;
      checkNumber(`${type}: learningRate · weightDecay`, most, { least: 0, most: 1 });
    }
  const runs = (parameters: readonly Tensor[]) => runsOf(`${type}: groups`, groups, start, parameters);

  return {
    type,
    options: { ...options },
    slots: ema ? [...rule.slots, "ema"] : rule.slots,
    ...(rule.slotValue !== undefined && { slotValue: rule.slotValue }),
    ...(clip && { clip }),
    ...(groups.length > 0 && { groups }),
    ...(ema && { averageSlot: rule.slots.length }),
    schedule,
    ...(isObserver(schedule) && { fresh: () => optimizer<O>(type, { ...options, learningRate: schedule.fresh() }, rule) }),
    factorCount: factorCount * kinds.length,
    // Written for every step of a chunk: without groups by a call and no loop.
    factors:
      kinds.length === 1
        ? (t, out, at) => rule.factors(t, schedule.rate(t - 1), weightDecay, out, at)
        : (t, out, at) => {
            const rate = schedule.rate(t - 1);
            kinds.forEach((kind, i) => {
              rule.factors(t, rate * kind.learningRateFactor, kind.weightDecay, out, at + i * factorCount);
            });
          },
    check: (parameters) => void runs(parameters),
    emit: (g, slabs) => {
      for (const { first, end, setting } of runs(g.parameters.map(({ tensor }) => tensor))) {
        const all = end - first === g.parameters.length;
        const kind = kindOf(setting);
        const share = all ? slabs : shareOf(g, slabs, first, end);
        const { weightDecay } = setting;
        // The gradient of weightDecay / 2 · w².
        if (!rule.decay && weightDecay > 0)
          g.emit("penaltyBackward", { dw: share.g, w: share.w, l1: 0, l2: weightDecay / 2, end: share.end });
        const factors = slabs.factors.slice(kind * factorCount, (kind + 1) * factorCount);
        rule.emit(g, { ...share, factors, weightDecay });
        rule.slots.forEach((_, i) => {
          g.emit("flushSubnormals", {
            x: share.slots[i]!,
            number: Step.Number,
            every: FLUSH_INTERVAL,
            least: rule.least?.[i] ?? SMALLEST_NORMAL,
            end: share.end,
          });
        });
      }
      if (ema) g.emit("emaStep", { average: slabs.slots[rule.slots.length]!, w: slabs.w, oneMinusDecay: 1 - ema.decay, end: slabs.end });
    },
  };
}

/** The slabs' share of parameters [first, end). */
function shareOf(g: Builder, { w, g: gradient, slots, factors }: Slabs, first: number, end: number): Slabs {
  const share = g.slab(w.name, "parameter", first, end);
  return {
    w: share,
    g: g.slab(gradient.name, "gradient", first, end),
    slots: slots.map(({ name }) => g.slab(name, "slot", first, end)),
    factors,
    end: share.stride,
  };
}

/** Clipping of the gradients, then the optimizer's own step. */
export function emitUpdate(g: Builder, { clip, emit }: Pick<Optimizer, "clip" | "emit">, slabs: Slabs): void {
  if (clip) emitClip(g, clip, slabs);
  emit(g, slabs);
}
