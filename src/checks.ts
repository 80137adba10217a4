// Checks of what users pass: say who, what came, what was wanted.
import { OptionError } from "./errors.js";
import { oneOf } from "./spelling.js";

const TRANSFERRED = "(it was transferred, as to a worker: keep a copy)";

/** How a bad value looks in a message: short, and telling strings from numbers. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (ArrayBuffer.isView(value)) {
    const { name } = value.constructor;
    if (isDetached(value)) return `a ${name} whose buffer is detached ${TRANSFERRED}`;
    return `${name}(${"length" in value ? value.length : value.byteLength})`;
  }
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "function") return "a function";
  if (value === null || typeof value !== "object") return String(value);
  const kind = kindOf(value);
  if (kind === "ArrayBuffer" && isDetached({ buffer: value as ArrayBuffer })) return `an ArrayBuffer that is detached ${TRANSFERRED}`;
  if (kind !== "Object") return `${/^[AEIO]/.test(kind) ? "an" : "a"} ${kind}`; // a URL
  return `an object {${Object.keys(value).slice(0, 5).join(", ")}}`;
}

/** "Map", "Promise", …; "Object" of plain ones and of instances of most classes. The same for what comes from another realm. */
export function kindOf(value: object): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

/** A Uint8Array or a Buffer, of whichever realm: where a page is simulated, as jsdom does, files and TextEncoders give those of another. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && kindOf(value) === "Uint8Array";
}

/** Not all engines say so of a buffer, but none makes a view of one. */
export function isDetached({ buffer }: Pick<ArrayBufferView, "buffer">): boolean {
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

/** An array or a typed array, of whatever; a DataView is none, nor what seems to have no elements since its buffer is detached. */
export function isList(value: unknown): value is ArrayLike<unknown> {
  if (Array.isArray(value)) return true;
  if (!ArrayBuffer.isView(value) || value instanceof DataView) return false;
  return value.byteLength > 0 || !isDetached(value);
}

/** An array whose elements are all good, its holes, too, which every() passes over. Nothing is looked at beyond the first that is not: one far
 *  element makes an array of billions. */
export function isArrayOf<T = unknown>(value: unknown, isGood: (element: unknown) => boolean): value is readonly T[] {
  if (!Array.isArray(value)) return false;
  for (const element of value) if (!isGood(element)) return false;
  return true;
}

/** An object with fields: no list, and no Map, Promise or Date, which would pass for one whose fields are all left out. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === "object" && !isList(value) && ["Object", "Module"].includes(kindOf(value));
}

/** Beyond it kernels' signed offsets could not count. */
const LARGEST_COUNT = 2 ** 31 - 1;

/** More than any tensor library has (PyTorch and NumPy: 64). */
export const MOST_DIMENSIONS = 64;

/** A whole number in [least, most]. */
export function checkCount(who: string, value: unknown, least = 1, most = LARGEST_COUNT): void {
  const isNumber = typeof value === "number";
  if (isNumber && Number.isInteger(value) && value >= least && value <= most) return;
  // The limit of all counts is named to those who exceed it.
  const range = most !== LARGEST_COUNT || (isNumber && value > most) ? `from ${least} to ${most}` : `of at least ${least}`;
  throw new OptionError(`${who} is ${shown(value)}, expected a whole number ${range}`);
}

/** Of random numbers, which are made of its 32 bits. */
export function checkSeed(who: string, seed: unknown): void {
  checkCount(`${who}: seed`, seed, 0, 2 ** 32 - 1);
}

/** The largest finite float32: what users pass as a number becomes one. */
const LARGEST = 3.4028234663852886e38;

/** A number in [least, most], greater than `above` and less than `below`, that is finite as a float32. */
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
  const kind = Number.isFinite(value) && Math.abs(value as number) > LARGEST ? "number within float32 (up to 3.4e38)" : "finite number";
  throw new OptionError(`${who} is ${shown(value)}, expected a ${kind} ${[low, high].filter(Boolean).join(" and ")}`.trimEnd());
}

export function checkBoolean(who: string, value: unknown): void {
  if (typeof value !== "boolean") throw new OptionError(`${who} is ${shown(value)}, expected true or false`);
}

export function checkFunction(who: string, value: unknown): void {
  if (typeof value !== "function") throw new OptionError(`${who} is ${shown(value)}, expected a function`);
}

export function checkText(who: string, value: unknown): void {
  if (typeof value !== "string" || value === "") throw new OptionError(`${who} is ${shown(value)}, expected a text that is not empty`);
}

export function checkOneOf(who: string, value: unknown, allowed: readonly string[]): void {
  if (typeof value !== "string" || !allowed.includes(value))
    throw new OptionError(`${who} is ${shown(value)}, expected ${oneOf(allowed, value)}`);
}

/** Options that nobody knows are mistakes of spelling more often than not. */
export function checkOptions(who: string, options: unknown, known: readonly string[]): void {
  if (!isRecord(options)) throw new OptionError(`${who}: options are ${shown(options)}, expected an object`);
  for (const name of Object.keys(options))
    if (!known.includes(name))
      throw new OptionError(`${who}: unknown option ${shown(name)}, expected ${known.length ? oneOf(known, name) : "none"}`);
  // They would count where options are read, not where they are copied; what all objects inherit is nobody's option.
  for (const name of known)
    if (options[name] !== undefined && !Object.hasOwn(options, name) && !(name in Object.prototype))
      throw new OptionError(`${who}: option ${name} is inherited, as a class's getter is; expected the object's own, as { ${name}: … }`);
}

/** Checks the names of the options and fills in defaults, also for what is given as undefined. @param bare names of those without a default */
export function complete<O extends object, Bare extends keyof O & string = never>(
  who: string,
  options: O,
  defaults: Required<Omit<O, Bare>>,
  bare: readonly Bare[] = [],
): Required<Omit<O, Bare>> & Pick<O, Bare> {
  checkOptions(who, options, [...Object.keys(defaults), ...bare]);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return { ...defaults, ...given } as Required<Omit<O, Bare>> & Pick<O, Bare>;
}

/** By what it does, not by its class, which functions that take a network do without. */
export function isNetwork(value: unknown): boolean {
  return typeof (value as { readonly parameters?: unknown } | null | undefined)?.parameters === "function";
}

export function checkNetwork(who: string, value: unknown): void {
  if (!isNetwork(value)) throw new OptionError(`${who}: got ${shown(value)}, expected a network, as \`await network({ … })\` makes it`);
}

/** No class's instance. By the prototype's own, for another realm, as vm's, has another Object.prototype. */
function isPlain(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Objects within objects: deeper ones are too deep for the engine's own JSON. */
const DEEPEST = 500;

/** What JSON can say: numbers, texts, booleans, null, and arrays and objects of them. A field left undefined is one not given; where `isLeaf`
 *  holds it is not looked into. */
export function checkPlain(who: string, value: unknown, isLeaf: (value: object) => boolean = () => false): void {
  checkWithin(who, value, isLeaf, new Map());
}

/** @param around the objects it is in, and by which key each of them has what is within it */
function checkWithin(who: string, value: unknown, isLeaf: (value: object) => boolean, around: Map<object, string | number>): void {
  if (value === null || typeof value === "boolean" || typeof value === "string" || (typeof value === "number" && Number.isFinite(value)))
    return;
  const plain = typeof value === "object" && (Array.isArray(value) || isPlain(value));
  if (!plain || around.has(value) || around.size > DEEPEST) {
    const way = [...around.values()];
    const place = [who, ...(way.length > 8 ? [...way.slice(0, 8), "…"] : way)].join(": ");
    const got = !plain ? shown(value) : around.has(value) ? "within itself" : `nested deeper than ${DEEPEST}`;
    throw new OptionError(`${place} is ${got}, expected plain data: finite numbers, texts, booleans, arrays and objects of them`);
  }
  if (isLeaf(value)) return;
  // By entries() an array's holes are seen, too.
  for (const [key, inner] of Array.isArray(value) ? value.entries() : Object.entries(value)) {
    around.set(value, key);
    if (inner !== undefined || Array.isArray(value)) checkWithin(who, inner, isLeaf, around);
  }
  around.delete(value);
}
