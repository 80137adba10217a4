// Rates that stay, are listed, or fall by factors.
import { checkCount, checkNumber, complete, shown } from "../checks.js";
import { OptionError } from "../errors.js";
import { powerInteger } from "../float64.js";
import { checkGamma, checkRate, required, type Schedule, schedule } from "./schedule.js";

export interface ConstantOptions {
  /** default 0.001 */
  readonly base?: number | undefined;
}

/** base, always: what a plain number as a learning rate means. */
export function constant(options: ConstantOptions = {}): Schedule {
  const all = complete("constant", options, { base: 0.001 });
  checkRate("constant", all, "base");
  const { base } = all;
  // Most runs ask it in every step, of a microsecond: it has nothing to check.
  return { ...schedule("constant", all, base, () => base), rate: () => base };
}

export interface ListOptions {
  /** of update 0, 1, 2 …: as many as there are updates */
  readonly rates: readonly number[];
}

/** A rate for each update. `fit` asks for its last one before it begins.
 *  @throws {OptionError} from `rate`, beyond the end */
export function list(options: ListOptions): Schedule {
  const { rates } = complete("list", options, { rates: required });
  if (!Array.isArray(rates) || rates.length === 0)
    throw new OptionError(`list: rates is ${shown(rates)}, expected an array of at least one rate`);
  for (const [i, rate] of rates.entries()) checkNumber(`list: rates[${i}]`, rate, { least: 0 });
  const own = [...rates];
  const highest = own.reduce((a, b) => Math.max(a, b));
  return schedule("list", { rates: own }, highest, (i) => {
    if (i < own.length) return own[i]!;
    throw new OptionError(`list: rates has ${own.length}, expected one for each update; update ${i + 1} was asked for`);
  });
}

export interface StepOptions {
  /** default 0.001 */
  readonly base?: number | undefined;
  /** updates from one fall to the next */
  readonly stepSize: number;
  /** default 0.1 */
  readonly gamma?: number | undefined;
}

/** base·gamma^floor(i / stepSize) */
export function step(options: StepOptions): Schedule {
  const all = complete("step", options, { base: 0.001, stepSize: required, gamma: 0.1 });
  const { base, stepSize, gamma } = all;
  checkRate("step", all, "base");
  checkCount("step: stepSize", stepSize);
  checkGamma("step", gamma);
  return schedule("step", all, highestOf(base, gamma), (i) => base * powerInteger(gamma, Math.floor(i / stepSize)));
}

export interface MultiStepOptions {
  /** default 0.001 */
  readonly base?: number | undefined;
  /** the updates at which the rate falls, ascending */
  readonly milestones: readonly number[];
  /** default 0.1 */
  readonly gamma?: number | undefined;
}

/** base·gamma^(number of milestones <= i) */
export function multiStep(options: MultiStepOptions): Schedule {
  const all = complete("multiStep", options, { base: 0.001, milestones: required, gamma: 0.1 });
  const { base, milestones, gamma } = all;
  checkRate("multiStep", all, "base");
  checkGamma("multiStep", gamma);
  if (!Array.isArray(milestones) || milestones.length === 0)
    throw new OptionError(`multiStep: milestones is ${shown(milestones)}, expected an array of at least one update`);
  for (const [k, milestone] of milestones.entries()) {
    checkCount(`multiStep: milestones[${k}]`, milestone, 0);
    if (k > 0 && milestone < milestones[k - 1])
      throw new OptionError(`multiStep: milestones[${k}] is ${milestone}, expected at least the one before it, ${milestones[k - 1]}`);
  }
  const own: readonly number[] = [...milestones];
  const rates = [base, ...own.map((_, k) => base * powerInteger(gamma, k + 1))];
  const passed = (i: number) => {
    let count = 0;
    while (count < own.length && own[count]! <= i) count += 1;
    return count;
  };
  const highest = Math.max(base, rates.at(-1)!);
  return schedule("multiStep", { base, milestones: own, gamma }, highest, (i) => rates[passed(i)]!);
}

export interface ExponentialOptions {
  /** default 0.001 */
  readonly base?: number | undefined;
  readonly gamma: number;
}

/** base·gamma^i; with a gamma above 1 it grows, as a search for the highest good rate wants. */
export function exponential(options: ExponentialOptions): Schedule {
  const all = complete("exponential", options, { base: 0.001, gamma: required });
  const { base, gamma } = all;
  checkRate("exponential", all, "base");
  checkGamma("exponential", gamma);
  return schedule("exponential", all, highestOf(base, gamma), (i) => base * powerInteger(gamma, i));
}

function highestOf(base: number, gamma: number): number {
  return gamma > 1 && base > 0 ? Number.POSITIVE_INFINITY : base;
}
