// Rates along a curve: a power of what is left, or the cosine's fall, from where it begins or after a rise.
import { checkCount, checkNumber, complete } from "../checks.js";
import { OptionError } from "../errors.js";
import { cosPi, power } from "../float64.js";
import { checkRange, checkRate, required, type Schedule, schedule } from "./schedule.js";

export interface PolynomialOptions {
  /** default 0.001 */
  readonly base?: number | undefined;
  readonly totalSteps: number;
  /** default 1: a straight line */
  readonly power?: number | undefined;
  /** default 0 */
  readonly end?: number | undefined;
}

/** end + (base - end)·(1 - min(i, T) / T)^power with T = totalSteps */
export function polynomial(options: PolynomialOptions): Schedule {
  const all = complete("polynomial", options, { base: 0.001, totalSteps: required, power: 1, end: 0 });
  const { base, totalSteps, end } = all;
  checkRate("polynomial", all, "base", "end");
  checkCount("polynomial: totalSteps", totalSteps);
  checkNumber("polynomial: power", all.power, { above: 0 });
  const rate = (i: number) => end + (base - end) * power(1 - Math.min(i, totalSteps) / totalSteps, all.power);
  return schedule("polynomial", all, Math.max(base, end), rate);
}

/** From `from` to `to` as the share goes from 0 to 1, along half a wave. */
export function cosineBetween(from: number, to: number, share: number): number {
  return to + ((from - to) * (1 + cosPi(share))) / 2;
}

export interface CosineOptions {
  /** default 0.001 */
  readonly base?: number | undefined;
  readonly totalSteps: number;
  /** default 0 */
  readonly min?: number | undefined;
}

/** min + (base - min)·(1 + cos(π·min(i, T) / T)) / 2 with T = totalSteps (Loshchilov & Hutter 2017, without restarts) */
export function cosine(options: CosineOptions): Schedule {
  const all = complete("cosine", options, { base: 0.001, totalSteps: required, min: 0 });
  const { base, totalSteps, min } = all;
  checkRange("cosine", all, "min", "base");
  checkCount("cosine: totalSteps", totalSteps);
  return schedule("cosine", all, base, (i) => cosineBetween(base, min, Math.min(i, totalSteps) / totalSteps));
}

export interface CosineWarmRestartsOptions {
  /** default 0.001 */
  readonly base?: number | undefined;
  /** updates of the first cycle */
  readonly firstPeriod: number;
  /** each cycle is so many times as long as the one before it; default 1 */
  readonly periodFactor?: number | undefined;
  /** default 0 */
  readonly min?: number | undefined;
}

/** Cosine in cycles, each of which begins at `base` again (Loshchilov & Hutter 2017). */
export function cosineWarmRestarts(options: CosineWarmRestartsOptions): Schedule {
  const all = complete("cosineWarmRestarts", options, { base: 0.001, firstPeriod: required, periodFactor: 1, min: 0 });
  const { base, firstPeriod, periodFactor, min } = all;
  checkRange("cosineWarmRestarts", all, "min", "base");
  checkCount("cosineWarmRestarts: firstPeriod", firstPeriod);
  checkCount("cosineWarmRestarts: periodFactor", periodFactor);
  const rate = (i: number) => {
    let [begin, period] = periodFactor === 1 ? [i - (i % firstPeriod), firstPeriod] : [0, firstPeriod];
    for (; i >= begin + period; period *= periodFactor) begin += period;
    return cosineBetween(base, min, (i - begin) / period);
  };
  return schedule("cosineWarmRestarts", all, base, rate);
}

export interface WarmupCosineOptions {
  /** default 0.001 */
  readonly base?: number | undefined;
  /** updates of the rise */
  readonly warmupSteps: number;
  /** of rise and fall together */
  readonly totalSteps: number;
  /** default 0 */
  readonly min?: number | undefined;
  /** the rise begins at startFactor·base; default 0 */
  readonly startFactor?: number | undefined;
}

/** A straight rise from startFactor·base to base, then the cosine's fall to min. */
export function warmupCosine(options: WarmupCosineOptions): Schedule {
  const all = complete("warmupCosine", options, { base: 0.001, warmupSteps: required, totalSteps: required, min: 0, startFactor: 0 });
  const { base, warmupSteps, totalSteps, min, startFactor } = all;
  checkRange("warmupCosine", all, "min", "base");
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
  return schedule("warmupCosine", all, base, rate);
}
