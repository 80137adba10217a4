// Rows of numbers as users pass them, made flat: float32, or as scalers take them. Nothing is repaired: what is ragged, no number or not finite is an
// error that says where.
import { isList, shown } from "../checks.js";
import { ShapeError } from "../errors.js";
import type { Matrix } from "./samples.js";

export type NumberArray =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Uint8ClampedArray
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array;

/** Rows of numbers: flat (row after row), or an array of rows. */
export type Rows = NumberArray | readonly number[] | readonly (readonly number[] | NumberArray)[];

export function isNumberArray(given: unknown): given is NumberArray {
  return isList(given) && !Array.isArray(given) && typeof given[0] !== "bigint";
}

/** Elements among which a row is looked for where the first is none: all of an array with one element far away are billions. */
const NEAR = 1024;

/** An array of rows, or of what may be meant as one. */
export function isNested(given: Rows): given is readonly (readonly number[] | NumberArray)[] {
  if (!Array.isArray(given) || typeof given[0] === "number") return false;
  // What is no row may stand where the first one should.
  return isList(given[0]) || given.slice(0, NEAR).some(isList);
}

type Floats = Float32Array | Float64Array;

/** What makes an array for so many rows. @throws {ShapeError} more than the engine holds, as of an array with one element far away */
type Room<T extends Floats = Float32Array> = (who: string, rows: number, width: number) => T;

/** As a canvas's ImageData is. */
const isHolder = (given: unknown) => isList((given as { readonly data?: unknown } | null | undefined)?.data);

/** @param who names the data in messages, as "fit: inputs"
 *  @param width elements of a row, with the reason in `wanted` */
export function toRows(who: string, given: Rows, width: number, wanted: string, room: Room = ownRoom): Matrix {
  const values = valuesOf(who, given, width, wanted, room);
  return { rows: values.length / width, width, values };
}

/** The same numbers as they were given: float32 ones, or in float64. */
export function toNumbers(who: string, given: Rows, width: number, wanted: string): Floats {
  return valuesOf<Floats>(who, given, width, wanted, (who, rows, width) => reserved(who, rows, width, Float64Array));
}

function valuesOf<T extends Floats>(who: string, given: Rows, width: number, wanted: string, room: Room<T>): T | Float32Array {
  if (!isNumberArray(given) && !Array.isArray(given))
    throw new ShapeError(
      `${who}: got ${shown(given)}, expected a typed array or an array of rows${isHolder(given) ? ", as its field data" : ""}`,
    );
  if (given.length === 0) throw new ShapeError(`${who}: no rows`);
  const values = isNested(given)
    ? flatten(who, given, width, wanted, room)
    : flat(who, given as NumberArray | readonly number[], width, wanted, room);
  checkFinite(who, values, width, given);
  return values;
}

function flat<T extends Floats>(
  who: string,
  given: NumberArray | readonly number[],
  width: number,
  wanted: string,
  room: Room<T>,
): T | Float32Array {
  // First of all whether they are numbers: a first row that is none makes a list of rows look flat.
  const values = given instanceof Float32Array ? given : numbers(who, given, room);
  if (given.length % width !== 0)
    throw new ShapeError(`${who}: ${given.length} numbers are no whole number of rows of ${width} (${wanted})`);
  return values;
}

function numbers<T extends Floats>(who: string, given: NumberArray | readonly number[], room: Room<T>): T {
  const values = room(who, given.length, 1);
  copyNumbers(() => who, given, values, 0);
  return values;
}

function reserved<T extends Floats>(who: string, rows: number, width: number, Type: new (length: number) => T): T {
  try {
    return new Type(rows * width);
  } catch (cause) {
    throw new ShapeError(`${who}: no memory for ${rows} rows of ${width} (${cause}); dataset.stream() takes more than memory holds`, {
      cause,
    });
  }
}

const ownRoom: Room = (who, rows, width) => reserved(who, rows, width, Float32Array);

/** Elements of a shelf, and of an array that is put on one, at most. */
const SHELF = 2 ** 14;
export const SMALL = 2 ** 10;
let shelf = new ArrayBuffer(0);
let taken = 0;

/** Zeros, for what nobody but this library ever sees: small arrays lie side by side in one buffer, since to make one takes as long as to predict
 *  a row. */
export function onShelf<T>(Type: new (buffer: ArrayBuffer, byteOffset: number, length: number) => T, length: number): T {
  const bytes = length * 4;
  if (taken + bytes > shelf.byteLength) {
    shelf = new ArrayBuffer(SHELF * 4);
    taken = 0;
  }
  taken += bytes;
  return new Type(shelf, taken - bytes, length);
}

export const sharedRoom: Room = (who, rows, width) =>
  rows * width <= SMALL ? onShelf(Float32Array, rows * width) : ownRoom(who, rows, width);

/** Advice for samples of several axes, as images. */
const FLATTEN = "; a row is one sample's numbers one after another, as sample.flat(Infinity)";

function copyNumbers(who: () => string, from: NumberArray | readonly number[], to: Floats, at: number): void {
  for (let i = 0; i < from.length; ++i) {
    const value: unknown = from[i];
    if (typeof value !== "number")
      throw new ShapeError(`${who()}: element ${i} is ${shown(value)}, expected a number${isList(value) ? FLATTEN : ""}`);
    to[at + i] = value;
  }
}

function flatten<T extends Floats>(
  who: string,
  given: readonly (readonly number[] | NumberArray)[],
  width: number,
  wanted: string,
  room: Room<T>,
): T | Float32Array {
  const [first] = given;
  // What the library alone looks at may lie where it is.
  if ((room as unknown) === sharedRoom && given.length === 1 && first instanceof Float32Array && first.length === width) return first;
  const values = room(who, given.length, width);
  for (let r = 0, at = 0; r < given.length; ++r, at += width) {
    const row = given[r]!;
    const typed = isNumberArray(row);
    if (!typed && !Array.isArray(row)) throw new ShapeError(`${who}: row ${r} is ${shown(row)}, expected a row of ${width} numbers`);
    if (row.length !== width)
      throw new ShapeError(`${who}: row ${r} has ${row.length} columns, expected ${width} (${wanted})${isList(row[0]) ? FLATTEN : ""}`);
    if (!typed) copyNumbers(() => `${who}: row ${r}`, row, values, at);
    else if (row instanceof Float32Array && width <= 32) for (let i = 0; i < width; ++i) values[at + i] = row[i]!;
    else values.set(row, at);
  }
  return values;
}

/** Elements of the process's first data, for which the engine's own searches are faster than a loop that nobody has optimised yet; then
 *  they take three times as long. */
let unaccustomed = 2 ** 17;

/** Beyond float32's range counts as infinite: that is what it becomes. */
function checkFinite(who: string, values: Floats, width: number, given: Rows): void {
  unaccustomed -= values.length;
  const found =
    unaccustomed > 0 && values.length > 1024
      ? [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].some((value) => values.includes(value))
      : hasNonFinite(values);
  if (!found) return;
  const i = values.findIndex((value) => !Number.isFinite(Math.fround(value)));
  const [row, column] = [Math.floor(i / width), i % width];
  const own = isNested(given) ? given[row]![column]! : given[i]!;
  const most = Number.isFinite(own) ? ", whose largest is 3.4e38" : "";
  throw new ShapeError(`${who}: row ${row}, column ${column} is ${own}, expected a finite float32${most}`);
}

/** Whether the sum is not finite, which float64 sums of float32 numbers are. From four places at once: what is not in the caches is fetched four
 *  times as fast where nothing fetches ahead. */
function hasNonFinite(values: Floats): boolean {
  if (values instanceof Float64Array) return values.some((value) => !Number.isFinite(Math.fround(value)));
  const { length } = values;
  const quarter = length >> 2;
  let [sum0, sum1, sum2, sum3] = [0, 0, 0, 0];
  for (let i = 0; i < quarter; ++i) {
    sum0 += values[i]!;
    sum1 += values[i + quarter]!;
    sum2 += values[i + 2 * quarter]!;
    sum3 += values[i + 3 * quarter]!;
  }
  for (let i = 4 * quarter; i < length; ++i) sum0 += values[i]!;
  return !Number.isFinite(sum0 + sum1 + sum2 + sum3);
}
