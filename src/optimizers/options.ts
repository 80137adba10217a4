// What every optimizer takes, and how it is checked.
import { checkNumber, checkOptions, complete } from "../checks.js";
import type { Schedule } from "../schedules.js";
import { type Clip, checkClip } from "./clip.js";
import { checkGroups, copyOf, type ParameterGroup } from "./groups.js";
import { toSchedule } from "./rate.js";

/** An exponential moving average of the weights: after each update average += (1 - decay)·(w - average), from the initial weights on. */
export interface Ema {
  /** [0, 1) */
  readonly decay: number;
}

interface Optional {
  /** default none */
  readonly clip?: Clip | undefined;
  /** settings for some parameters only: `groups: [vectorsWithoutDecay, { match: "dense_1", frozen: true }]` */
  readonly groups?: readonly ParameterGroup[] | undefined;
  /** default none */
  readonly ema?: Ema | undefined;
}

/** State smaller than 1e-29 becomes 0 within 64 steps, before it is subnormal: gradients below 1e-14, whose squares are that small, want the default
 *  epsilons, beside which they are nothing. */
export interface Common extends Optional {
  /** step size, >= 0, or a schedule of it; the default is each optimizer's own */
  readonly learningRate?: number | Schedule | undefined;
  /** weightDecay·w is added to each gradient (adamW, lion: w shrinks by learningRate·weightDecay instead); biases too unless a group says
   *  otherwise; >= 0, default 0, of adamW 0.01. Where learningRate·weightDecay is below 1e-6, rounding changes what a float32 weight loses, and
   *  below 3e-8 it loses nothing. */
  readonly weightDecay?: number | undefined;
}

export type Complete<O extends Common> = Required<Omit<O, keyof Optional>> & Optional;

export function checked<O extends Common>(type: string, options: O, defaults: Required<Omit<O, keyof Optional>>): Complete<O> {
  const all: Complete<O> & Common = complete<O, keyof Optional>(type, options, defaults, ["clip", "groups", "ema"]);
  const { learningRate, weightDecay, clip, groups, ema } = all;
  const schedule = toSchedule(`${type}: learningRate`, learningRate);
  checkNumber(`${type}: weightDecay`, weightDecay, { least: 0 });
  if (clip !== undefined) checkClip(`${type}: clip`, clip);
  if (groups !== undefined) checkGroups(`${type}: groups`, groups);
  if (ema !== undefined) {
    checkOptions(`${type}: ema`, ema, ["decay"]);
    checkNumber(`${type}: ema.decay`, ema.decay, { least: 0, below: 1 });
  }
  // Groups and the like are read again when plans are compiled: whoever made them may have changed them by then.
  return {
    ...all,
    ...(typeof learningRate === "object" && { learningRate: schedule }),
    ...(clip && { clip: { ...clip } }),
    ...(groups && { groups: copyOf(groups) }),
    ...(ema && { ema: { ...ema } }),
  };
}

/** Decay rates of averages: [0, 1). */
export function checkRates(type: string, options: object, names: readonly string[]): void {
  for (const name of names) checkNumber(`${type}: ${name}`, (options as Record<string, unknown>)[name], { least: 0, below: 1 });
}

/** Epsilons: above 0 as a float32, since padding divides 0 by sqrt(0) + epsilon. 2^-149 is the smallest float32. */
export function checkEpsilon(type: string, epsilon: number): void {
  checkNumber(`${type}: epsilon`, epsilon, { least: 2 ** -149 });
}
