// What a schedule is, and the checks that several share.
import { checkNumber, shown } from "../checks.js";
import { OptionError } from "../errors.js";

export interface Schedule {
  readonly type: string;
  /** As JSON: what a saved network needs to make the schedule again. */
  readonly options: Readonly<Record<string, unknown>>;
  /** No rate is above it; Infinity if they grow without end. */
  readonly highest: number;
  /** The rate of update i = 0, 1, 2 … @throws {OptionError} for another i */
  rate(i: number): number;
}

/** @param options with defaults filled in, checked @param rate of every whole number >= 0 */
export function schedule(type: string, options: object, highest: number, rate: (i: number) => number): Schedule {
  return {
    type,
    options: { ...options },
    highest,
    rate: (i) => {
      if (!Number.isInteger(i) || i < 0)
        throw new OptionError(`${type}: rate of update ${shown(i)}, expected a whole number of at least 0`);
      return rate(i);
    },
  };
}

/** In place of a default: checks then say that what was asked for is undefined. */
export const required = undefined as never;

export function checkRate(type: string, options: object, ...names: readonly string[]): void {
  for (const name of names) checkNumber(`${type}: ${name}`, (options as Record<string, unknown>)[name], { least: 0 });
}

export function checkGamma(type: string, gamma: number): void {
  checkNumber(`${type}: gamma`, gamma, { above: 0 });
}

/** Two rates by name, `low` no higher than `high`. */
export function checkRange(type: string, options: object, low: string, high: string): void {
  checkRate(type, options, low, high);
  const { [low]: a, [high]: b } = options as Readonly<Record<string, number>>;
  if (a! > b!) throw new OptionError(`${type}: ${low} is ${a}, expected at most ${high}, ${b}`);
}
