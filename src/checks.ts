// Checks of what users pass: say who, what came, what was wanted.
import { OptionError } from "./errors.js";

/** How a bad value looks in a message: short, and telling strings from numbers. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${"length" in value ? value.length : value.byteLength})`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "function") return "a function";
  if (value !== null && typeof value === "object") return `an object {${Object.keys(value).slice(0, 5).join(", ")}}`;
  return String(value);
}

/** Beyond it kernels' signed offsets could not count. */
const LARGEST_COUNT = 2 ** 31 - 1;

/** A whole number in [least, most]. */
export function checkCount(who: string, value: unknown, least = 1, most = LARGEST_COUNT): void {
  if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most)
    throw new OptionError(
      `${who} is ${shown(value)}, expected a whole number ${most !== LARGEST_COUNT ? `from ${least} to ${most}` : `of at least ${least}`}`,
    );
}

/** The largest finite float32: what users pass as a number becomes one. */
const LARGEST = 3.4028234663852886e38;

/** A number in [least, most], or (least, most) with `open`, that is finite as a float32. */
export function checkNumber(
  who: string,
  value: unknown,
  { least = -LARGEST, most = LARGEST, above, below }: { least?: number; most?: number; above?: number; below?: number } = {},
): void {
  const good =
    typeof value === "number" &&
    value >= least &&
    value <= most &&
    (above === undefined || value > above) &&
    (below === undefined || value < below);
  if (good) return;
  const low = above !== undefined ? `greater than ${above}` : least > -LARGEST ? `at least ${least}` : "";
  const high = below !== undefined ? `less than ${below}` : most < LARGEST ? `at most ${most}` : "";
  throw new OptionError(`${who} is ${shown(value)}, expected a finite number ${[low, high].filter(Boolean).join(" and ")}`.trimEnd());
}

export function checkBoolean(who: string, value: unknown): void {
  if (typeof value !== "boolean") throw new OptionError(`${who} is ${shown(value)}, expected true or false`);
}

export function checkFunction(who: string, value: unknown): void {
  if (typeof value !== "function") throw new OptionError(`${who} is ${shown(value)}, expected a function`);
}

export function checkOneOf(who: string, value: unknown, allowed: readonly string[]): void {
  if (typeof value !== "string" || !allowed.includes(value))
    throw new OptionError(`${who} is ${shown(value)}, expected one of: ${allowed.join(", ")}`);
}

/** Options that nobody knows are mistakes of spelling more often than not. */
export function checkOptions(who: string, options: unknown, known: readonly string[]): void {
  if (options === null || typeof options !== "object" || Array.isArray(options) || ArrayBuffer.isView(options))
    throw new OptionError(`${who}: options are ${shown(options)}, expected an object`);
  for (const name of Object.keys(options))
    if (!known.includes(name))
      throw new OptionError(`${who}: unknown option ${shown(name)}, expected ${known.length ? `one of: ${known.join(", ")}` : "none"}`);
}
