// What a schedule is, and the checks that several share.
import { checkNumber, checkOptions } from "../checks.js";
import { OptionError } from "../errors.js";

export interface Schedule {
  readonly type: string;
  /** As JSON: what a saved network needs to make the schedule again. */
  readonly options: Readonly<Record<string, unknown>>;
  /** No rate is above it; Infinity if they grow without end. */
  readonly highest: number;
  /** The rate of update i = 0, 1, 2 … */
  rate(i: number): number;
}

/** In place of a default: checks then say that what was asked for is undefined. */
export const required = undefined as never;

/** Checks the names of the options and fills in defaults. */
export function complete<O extends object>(type: string, options: O, defaults: Required<O>): Required<O> {
  checkOptions(type, options, Object.keys(defaults));
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return { ...defaults, ...given } as Required<O>;
}

export function checkRate(type: string, options: object, ...names: readonly string[]): void {
  for (const name of names) checkNumber(`${type}: ${name}`, (options as Record<string, unknown>)[name], { least: 0 });
}

export function checkGamma(type: string, gamma: number): void {
  checkNumber(`${type}: gamma`, gamma, { above: 0 });
}

/** @param range [the lower, the higher], as names and values */
export function checkOrder(type: string, [low, a]: readonly [string, number], [high, b]: readonly [string, number]): void {
  if (a > b) throw new OptionError(`${type}: ${low} is ${a}, expected at most ${high}, ${b}`);
}
