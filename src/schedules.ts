// Learning rate schedules: plain data and the rate of every update, in float64 arithmetic of our own (src/float64.ts), so that a schedule
// gives the same bits everywhere. Updates are counted 0, 1, 2 …, over all calls of fit; past a schedule's last step its last rate stays.
// Public as `schedules`; how they are restored: src/optimizers/rate.ts. Formulas: test/golden/README.md, section Schedules.
import { checkBoolean, checkCount, checkNumber, checkOneOf, checkOptions, shown } from "./checks.js";
import { OptionError } from "./errors.js";
import { cosPi, power, powerInteger } from "./float64.js";

export interface Schedule {
  readonly type: string;
  /** As JSON: what a saved network needs to make the schedule again. */
  readonly options: Readonly<Record<string, unknown>>;
  /** No rate is above it; Infinity if they grow without end. */
  readonly highest: number;
  /** The rate of update i = 0, 1, 2 … */
  rate(i: number): number;
}

/** A schedule that follows what training reports. It belongs to one network. */
export interface Observer extends Schedule {
  /** Takes the metric that came out of the updates so far; the rate may change from the next one on. */
  observe(metric: number): void;
  /** What `observe` has made of it, as JSON. */
  state(): PlateauState;
  restore(state: PlateauState): void;
}

export function isObserver(schedule: Schedule): schedule is Observer {
  return "observe" in schedule;
}

/** In place of a default: checks then say that what was asked for is undefined. */
const required = undefined as never;

/** Checks the names of the options and fills in defaults. */
function complete<O extends object>(type: string, options: O, defaults: Required<O>): Required<O> {
  checkOptions(type, options, Object.keys(defaults));
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return { ...defaults, ...given } as Required<O>;
}

function checkRate(type: string, options: object, ...names: readonly string[]): void {
  for (const name of names) checkNumber(`${type}: ${name}`, (options as Record<string, unknown>)[name], { least: 0 });
}

function checkGamma(type: string, gamma: number): void {
  checkNumber(`${type}: gamma`, gamma, { above: 0 });
}

/** @param range [the lower, the higher], as names and values */
function checkOrder(type: string, [low, a]: readonly [string, number], [high, b]: readonly [string, number]): void {
  if (a > b) throw new OptionError(`${type}: ${low} is ${a}, expected at most ${high}, ${b}`);
}

// ---- the rate stays, or falls by factors

export interface ConstantOptions {
  /** default 0.001 */
  readonly base?: number;
}

/** base, always: what a plain number as a learning rate means. */
export function constant(options: ConstantOptions = {}): Schedule {
  const all = complete("constant", options, { base: 0.001 });
  checkRate("constant", all, "base");
  return { type: "constant", options: { ...all }, highest: all.base, rate: () => all.base };
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
  return {
    type: "list",
    options: { rates: own },
    highest: own.reduce((a, b) => Math.max(a, b)),
    rate: (i) => {
      if (i < own.length) return own[i]!;
      throw new OptionError(`list: rates has ${own.length}, expected one for each update; update ${i + 1} was asked for`);
    },
  };
}

export interface StepOptions {
  /** default 0.001 */
  readonly base?: number;
  /** updates from one fall to the next */
  readonly stepSize: number;
  /** default 0.1 */
  readonly gamma?: number;
}

/** base·gamma^floor(i / stepSize) */
export function step(options: StepOptions): Schedule {
  const all = complete("step", options, { base: 0.001, stepSize: required, gamma: 0.1 });
  const { base, stepSize, gamma } = all;
  checkRate("step", all, "base");
  checkCount("step: stepSize", stepSize);
  checkGamma("step", gamma);
  return {
    type: "step",
    options: { ...all },
    highest: highestOf(base, gamma),
    rate: (i) => base * powerInteger(gamma, Math.floor(i / stepSize)),
  };
}

export interface MultiStepOptions {
  /** default 0.001 */
  readonly base?: number;
  /** the updates at which the rate falls, ascending */
  readonly milestones: readonly number[];
  /** default 0.1 */
  readonly gamma?: number;
}

/** base·gamma^(number of milestones <= i) */
export function multiStep(options: MultiStepOptions): Schedule {
  const all = complete("multiStep", options, { base: 0.001, milestones: required, gamma: 0.1 });
  const { base, milestones, gamma } = all;
  checkRate("multiStep", all, "base");
  checkGamma("multiStep", gamma);
  if (!Array.isArray(milestones) || milestones.length === 0)
    throw new OptionError(`multiStep: milestones is ${shown(milestones)}, expected an array of at least one update`);
  milestones.forEach((milestone, k) => {
    checkCount(`multiStep: milestones[${k}]`, milestone, 0);
    if (k > 0 && milestone < milestones[k - 1])
      throw new OptionError(`multiStep: milestones[${k}] is ${milestone}, expected at least the one before it, ${milestones[k - 1]}`);
  });
  const own: readonly number[] = [...milestones];
  const rates = [base, ...own.map((_, k) => base * powerInteger(gamma, k + 1))];
  const passed = (i: number) => {
    let count = 0;
    while (count < own.length && own[count]! <= i) count += 1;
    return count;
  };
  const highest = Math.max(base, rates.at(-1)!);
  return { type: "multiStep", options: { base, milestones: own, gamma }, highest, rate: (i) => rates[passed(i)]! };
}

export interface ExponentialOptions {
  /** default 0.001 */
  readonly base?: number;
  readonly gamma: number;
}

/** base·gamma^i; with a gamma above 1 it grows, as a search for the highest good rate wants. */
export function exponential(options: ExponentialOptions): Schedule {
  const all = complete("exponential", options, { base: 0.001, gamma: required });
  const { base, gamma } = all;
  checkRate("exponential", all, "base");
  checkGamma("exponential", gamma);
  return { type: "exponential", options: { ...all }, highest: highestOf(base, gamma), rate: (i) => base * powerInteger(gamma, i) };
}

function highestOf(base: number, gamma: number): number {
  return gamma > 1 && base > 0 ? Number.POSITIVE_INFINITY : base;
}

// ---- curves

export interface PolynomialOptions {
  /** default 0.001 */
  readonly base?: number;
  readonly totalSteps: number;
  /** default 1: a straight line */
  readonly power?: number;
  /** default 0 */
  readonly end?: number;
}

/** end + (base - end)·(1 - min(i, T) / T)^power with T = totalSteps */
export function polynomial(options: PolynomialOptions): Schedule {
  const all = complete("polynomial", options, { base: 0.001, totalSteps: required, power: 1, end: 0 });
  const { base, totalSteps, end } = all;
  checkRate("polynomial", all, "base", "end");
  checkCount("polynomial: totalSteps", totalSteps);
  checkNumber("polynomial: power", all.power, { above: 0 });
  const rate = (i: number) => end + (base - end) * power(1 - Math.min(i, totalSteps) / totalSteps, all.power);
  return { type: "polynomial", options: { ...all }, highest: Math.max(base, end), rate };
}

/** From `from` to `to` as the share goes from 0 to 1, along half a wave. */
function cosineBetween(from: number, to: number, share: number): number {
  return to + ((from - to) * (1 + cosPi(share))) / 2;
}

export interface CosineOptions {
  /** default 0.001 */
  readonly base?: number;
  readonly totalSteps: number;
  /** default 0 */
  readonly min?: number;
}

/** min + (base - min)·(1 + cos(π·min(i, T) / T)) / 2 with T = totalSteps (Loshchilov & Hutter 2017, without restarts) */
export function cosine(options: CosineOptions): Schedule {
  const all = complete("cosine", options, { base: 0.001, totalSteps: required, min: 0 });
  const { base, totalSteps, min } = all;
  checkRate("cosine", all, "base", "min");
  checkOrder("cosine", ["min", min], ["base", base]);
  checkCount("cosine: totalSteps", totalSteps);
  return {
    type: "cosine",
    options: { ...all },
    highest: base,
    rate: (i) => cosineBetween(base, min, Math.min(i, totalSteps) / totalSteps),
  };
}

export interface CosineWarmRestartsOptions {
  /** default 0.001 */
  readonly base?: number;
  /** updates of the first cycle */
  readonly firstPeriod: number;
  /** each cycle is so many times as long as the one before it; default 1 */
  readonly periodFactor?: number;
  /** default 0 */
  readonly min?: number;
}

/** Cosine in cycles, each of which begins at `base` again (Loshchilov & Hutter 2017). */
export function cosineWarmRestarts(options: CosineWarmRestartsOptions): Schedule {
  const all = complete("cosineWarmRestarts", options, { base: 0.001, firstPeriod: required, periodFactor: 1, min: 0 });
  const { base, firstPeriod, periodFactor, min } = all;
  checkRate("cosineWarmRestarts", all, "base", "min");
  checkOrder("cosineWarmRestarts", ["min", min], ["base", base]);
  checkCount("cosineWarmRestarts: firstPeriod", firstPeriod);
  checkCount("cosineWarmRestarts: periodFactor", periodFactor);
  const rate = (i: number) => {
    let [begin, period] = periodFactor === 1 ? [i - (i % firstPeriod), firstPeriod] : [0, firstPeriod];
    for (; i >= begin + period; period *= periodFactor) begin += period;
    return cosineBetween(base, min, (i - begin) / period);
  };
  return { type: "cosineWarmRestarts", options: { ...all }, highest: base, rate };
}

export interface WarmupCosineOptions {
  /** default 0.001 */
  readonly base?: number;
  /** updates of the rise */
  readonly warmupSteps: number;
  /** of rise and fall together */
  readonly totalSteps: number;
  /** default 0 */
  readonly min?: number;
  /** the rise begins at startFactor·base; default 0 */
  readonly startFactor?: number;
}

/** A straight rise from startFactor·base to base, then the cosine's fall to min. */
export function warmupCosine(options: WarmupCosineOptions): Schedule {
  const all = complete("warmupCosine", options, { base: 0.001, warmupSteps: required, totalSteps: required, min: 0, startFactor: 0 });
  const { base, warmupSteps, totalSteps, min, startFactor } = all;
  checkRate("warmupCosine", all, "base", "min");
  checkOrder("warmupCosine", ["min", min], ["base", base]);
  checkNumber("warmupCosine: startFactor", startFactor, { least: 0, most: 1 });
  checkCount("warmupCosine: warmupSteps", warmupSteps, 0);
  checkCount("warmupCosine: totalSteps", totalSteps);
  if (totalSteps <= warmupSteps)
    throw new OptionError(`warmupCosine: totalSteps is ${totalSteps}, expected more than warmupSteps, ${warmupSteps}`);
  const fall = totalSteps - warmupSteps;
  const rate = (i: number) =>
    i < warmupSteps
      ? base * (startFactor + ((1 - startFactor) * i) / warmupSteps)
      : cosineBetween(base, min, Math.min(i - warmupSteps, fall) / fall);
  return { type: "warmupCosine", options: { ...all }, highest: base, rate };
}

// ---- cycles

export interface OneCycleOptions {
  readonly max: number;
  readonly totalSteps: number;
  /** share of the steps in which the rate rises; default 0.3 */
  readonly warmupFraction?: number;
  /** default cos */
  readonly anneal?: "cos" | "linear";
  /** the rate begins at max / divFactor; default 25 */
  readonly divFactor?: number;
  /** and ends at max / divFactor / finalDivFactor; default 10000 */
  readonly finalDivFactor?: number;
  /** falls as long as it rose, back to where it began, then to the end; default false */
  readonly threePhase?: boolean;
}

/** Up to `max` and down to nearly nothing (Smith & Topin 2018), with the phases of PyTorch's OneCycleLR. */
export function oneCycle(options: OneCycleOptions): Schedule {
  const all = complete<OneCycleOptions>("oneCycle", options, {
    max: required,
    totalSteps: required,
    warmupFraction: 0.3,
    anneal: "cos",
    divFactor: 25,
    finalDivFactor: 10000,
    threePhase: false,
  });
  const { max, totalSteps, warmupFraction, anneal, divFactor, finalDivFactor, threePhase } = all;
  checkRate("oneCycle", all, "max");
  checkCount("oneCycle: totalSteps", totalSteps);
  checkBoolean("oneCycle: threePhase", threePhase);
  checkNumber("oneCycle: warmupFraction", warmupFraction, { least: 0, most: threePhase ? 0.5 : 1 });
  checkOneOf("oneCycle: anneal", anneal, ["cos", "linear"]);
  checkNumber("oneCycle: divFactor", divFactor, { least: 1 });
  checkNumber("oneCycle: finalDivFactor", finalDivFactor, { least: 1 });
  const start = max / divFactor;
  const rise = warmupFraction * totalSteps - 1;
  /** Where each phase ends, and at which rate. */
  const phases = [
    { end: rise, rate: max },
    ...(threePhase ? [{ end: 2 * rise, rate: start }] : []),
    { end: totalSteps - 1, rate: start / finalDivFactor },
  ];
  const between = anneal === "cos" ? cosineBetween : (from: number, to: number, share: number) => from + (to - from) * share;
  const rate = (i: number) => {
    let [begin, from] = [0, start];
    for (const phase of phases) {
      if (i <= phase.end) return phase.end > begin ? between(from, phase.rate, (i - begin) / (phase.end - begin)) : phase.rate;
      [begin, from] = [phase.end, phase.rate];
    }
    return from;
  };
  return { type: "oneCycle", options: { ...all }, highest: max, rate };
}

export interface CyclicOptions {
  readonly min: number;
  readonly max: number;
  /** updates of a rise */
  readonly stepsUp: number;
  /** of a fall; default stepsUp */
  readonly stepsDown?: number;
  /** heights stay, are halved with each cycle, or shrink by gamma with each update; default triangular */
  readonly mode?: "triangular" | "triangular2" | "expRange";
  /** default 1 */
  readonly gamma?: number;
}

/** min + (max - min)·f·scale: f rises over stepsUp and falls over stepsDown (Smith 2017); scale 1, 0.5^cycle or gamma^i */
export function cyclic(options: CyclicOptions): Schedule {
  const defaults = { min: required, max: required, stepsUp: required, stepsDown: required, mode: "triangular", gamma: 1 } as const;
  const all = { ...complete<CyclicOptions>("cyclic", options, { ...defaults, stepsDown: options?.stepsUp }) };
  const { min, max, stepsUp, stepsDown, mode, gamma } = all;
  checkRate("cyclic", all, "min", "max");
  checkOrder("cyclic", ["min", min], ["max", max]);
  checkCount("cyclic: stepsUp", stepsUp);
  checkCount("cyclic: stepsDown", stepsDown);
  checkOneOf("cyclic: mode", mode, ["triangular", "triangular2", "expRange"]);
  checkNumber("cyclic: gamma", gamma, { above: 0, most: 1 });
  const period = stepsUp + stepsDown;
  const scales = {
    triangular: () => 1,
    triangular2: (i: number) => powerInteger(0.5, Math.floor(i / period)),
    expRange: (i: number) => powerInteger(gamma, i),
  };
  const scale = scales[mode];
  const rate = (i: number) => {
    const at = i % period;
    return min + (max - min) * (at <= stepsUp ? at / stepsUp : (period - at) / stepsDown) * scale(i);
  };
  return { type: "cyclic", options: all, highest: max, rate };
}

// ---- by what comes out

export interface PlateauOptions {
  /** default 0.001 */
  readonly base?: number;
  /** is a smaller metric the better one, or a larger? default min */
  readonly mode?: "min" | "max";
  /** default 0.1 */
  readonly factor?: number;
  /** so many metrics in a row may be no better before the rate falls; default 10 */
  readonly patience?: number;
  /** what counts as better; default 0.0001 */
  readonly threshold?: number;
  /** a share of the best, or a difference from it; default rel */
  readonly thresholdMode?: "rel" | "abs";
  /** metrics after a fall that are not counted; default 0 */
  readonly cooldown?: number;
  /** default 0 */
  readonly min?: number;
  /** a fall by less is not made; default 1e-8 */
  readonly epsilon?: number;
}

export interface PlateauState {
  readonly rate: number;
  /** null: none so far */
  readonly best: number | null;
  /** metrics in a row that were no better */
  readonly bad: number;
  /** metrics that are not counted yet */
  readonly cooldown: number;
}

/** The rate falls by `factor` where the metric stops improving: PyTorch's ReduceLROnPlateau. A NaN is no improvement. */
export function reduceOnPlateau(options: PlateauOptions = {}): Observer {
  const type = "reduceOnPlateau";
  const all = complete<PlateauOptions>(type, options, {
    base: 0.001,
    mode: "min",
    factor: 0.1,
    patience: 10,
    threshold: 1e-4,
    thresholdMode: "rel",
    cooldown: 0,
    min: 0,
    epsilon: 1e-8,
  });
  const { base, mode, factor, patience, threshold, thresholdMode, cooldown, min, epsilon } = all;
  checkRate(type, all, "base", "min", "threshold", "epsilon");
  checkOrder(type, ["min", min], ["base", base]);
  checkOneOf(`${type}: mode`, mode, ["min", "max"]);
  checkNumber(`${type}: factor`, factor, { above: 0, below: 1 });
  checkCount(`${type}: patience`, patience, 0);
  checkOneOf(`${type}: thresholdMode`, thresholdMode, ["rel", "abs"]);
  checkCount(`${type}: cooldown`, cooldown, 0);
  const sign = mode === "min" ? -1 : 1;
  const isBetter = (metric: number, best: number) => {
    const needed = thresholdMode === "rel" ? best * (1 + sign * threshold) : best + sign * threshold;
    return mode === "min" ? metric < needed : metric > needed;
  };
  let state: PlateauState = { rate: base, best: null, bad: 0, cooldown: 0 };
  return {
    type,
    options: { ...all },
    highest: base,
    rate: () => state.rate,
    observe: (metric) => {
      if (typeof metric !== "number") throw new OptionError(`${type}: metric is ${shown(metric)}, expected a number`);
      const better = state.best === null ? Number.isFinite(metric) : isBetter(metric, state.best);
      const cooling = state.cooldown > 0;
      const bad = better || cooling ? 0 : state.bad + 1;
      state = { ...state, ...(better && { best: metric }), bad, ...(cooling && { cooldown: state.cooldown - 1 }) };
      if (bad <= patience) return;
      const lower = Math.max(state.rate * factor, min);
      const falls = state.rate - lower > epsilon;
      state = { ...state, rate: falls ? lower : state.rate, bad: 0, cooldown };
    },
    state: () => state,
    restore: (given) => {
      checkOptions(`${type}: state`, given, ["rate", "best", "bad", "cooldown"]);
      const { rate, best, bad, cooldown: left } = given;
      checkNumber(`${type}: state.rate`, rate, { least: 0, most: base });
      if (best !== null && !Number.isFinite(best))
        throw new OptionError(`${type}: state.best is ${shown(best)}, expected a number or null`);
      checkCount(`${type}: state.bad`, bad, 0, patience);
      checkCount(`${type}: state.cooldown`, left, 0, cooldown);
      state = { rate, best, bad, cooldown: left };
    },
  };
}
