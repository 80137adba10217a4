// Scales of columns, learnt from a training part and applied to every part: plain data and two functions. Sums are float64 and in the
// rows' order, every result is rounded to float32 once: the same bits everywhere.
import { checkCount, checkNumber, checkOneOf, checkOptions, shown } from "./checks.js";
import { type Rows, toRows } from "./data.js";
import { Dataset } from "./dataset/dataset.js";
import { FormatError, OptionError, ShapeError } from "./errors.js";

export interface Scaler {
  readonly type: "standardize" | "minMax";
  /** What was learnt, one number a column; `restoreScaler(type, options)` makes the same scaler. */
  readonly options: Readonly<Record<string, readonly number[]>>;
  readonly columns: number;
  /** @param rows `[n, columns]`, flat or as rows @returns the same in the new scale, flat @throws {ShapeError} another width, or not finite */
  transform(rows: Rows): Float32Array;
  /** The way back, as for predictions of scaled targets. */
  inverse(rows: Rows): Float32Array;
  /** `{ type, options }` */
  toJSON(): { readonly type: Scaler["type"]; readonly options: Scaler["options"] };
}

/** y = (x - offset) / divisor · factor + base, per column. */
interface Column {
  readonly offset: number;
  readonly divisor: number;
  readonly factor: number;
  readonly base: number;
}

function scaler(type: Scaler["type"], options: Scaler["options"], columns: readonly Column[]): Scaler {
  const each = (who: string, rows: Rows, f: (value: number, column: Column) => number) => {
    const { values } = toRows(`${type}: ${who}`, rows, columns.length, "the columns it was fitted on");
    const out = new Float32Array(values.length);
    for (let i = 0; i < out.length; ++i) out[i] = f(values[i]!, columns[i % columns.length]!);
    return out;
  };
  return {
    type,
    options,
    columns: columns.length,
    transform: (rows) => each("transform", rows, (x, { offset, divisor, factor, base }) => ((x - offset) / divisor) * factor + base),
    inverse: (rows) => each("inverse", rows, (y, { offset, divisor, factor, base }) => ((y - base) / factor) * divisor + offset),
    toJSON: () => ({ type, options }),
  };
}

export interface ScalerOptions {
  /** what of a dataset, default inputs */
  readonly of?: "inputs" | "targets";
  /** of flat numbers that are no dataset */
  readonly columns?: number;
}

type Fitted = Dataset | Rows;

/** The rows to learn from. */
function rowsOf(who: string, source: Fitted, { of = "inputs", columns }: ScalerOptions): { values: ArrayLike<number>; width: number } {
  checkOneOf(`${who}: of`, of, ["inputs", "targets"]);
  if (columns !== undefined) checkCount(`${who}: columns`, columns);
  if (source instanceof Dataset) {
    if (of === "targets" && source.classes) throw new ShapeError(`${who}: the targets are class ids, which have no scale`);
    return { values: source[of], width: source[of].length / source.rows };
  }
  const first: unknown = source?.[0];
  const width = columns ?? (typeof first === "object" && first !== null && "length" in first ? (first.length as number) : undefined);
  if (width === undefined)
    throw new OptionError(`${who}: got ${shown(source)}, expected a dataset, rows, or flat numbers with the option columns`);
  return { values: toRows(who, source, width, "as the first row").values, width };
}

/** One result a column. @param summary of the column's numbers, given by index */
function perColumn<T>(
  { values, width }: { values: ArrayLike<number>; width: number },
  summary: (at: (r: number) => number, rows: number) => T,
): T[] {
  const rows = values.length / width;
  return Array.from({ length: width }, (_, c) => summary((r) => values[r * width + c]!, rows));
}

function range(at: (r: number) => number, rows: number): { min: number; max: number } {
  let [min, max] = [at(0), at(0)];
  for (let r = 1; r < rows; ++r) {
    min = Math.min(min, at(r));
    max = Math.max(max, at(r));
  }
  return { min, max };
}

/** Learns each column's mean and (population) standard deviation; transforms to mean 0 and standard deviation 1. A constant column keeps
 *  its scale: it becomes 0.
 *  @param source the training part @example const inputs = standardize(train); await net.fit(train.scale({ inputs }));
 *  @throws {ShapeError} class ids, or data that is not finite; {OptionError} */
export function standardize(source: Fitted, options: ScalerOptions = {}): Scaler {
  checkOptions("standardize", options, ["of", "columns"]);
  const columns = perColumn(rowsOf("standardize", source, options), (at, rows) => {
    const { min, max } = range(at, rows);
    // Told by its values: the rounded mean of equal numbers may be another number.
    if (min === max) return { mean: min, std: 1 };
    let [sum, squares] = [0, 0];
    for (let r = 0; r < rows; ++r) sum += at(r);
    const mean = sum / rows;
    for (let r = 0; r < rows; ++r) squares += (at(r) - mean) * (at(r) - mean);
    return { mean, std: Math.sqrt(squares / rows) };
  });
  return restoreScaler("standardize", { mean: columns.map(({ mean }) => mean), std: columns.map(({ std }) => std) });
}

/** Learns each column's least and largest number; transforms to [low, high] (default [0, 1]), beyond it where other parts have more extreme
 *  numbers. A constant column keeps its scale: it becomes low.
 *  @param source the training part @throws as `standardize` */
export function minMax(source: Fitted, options: ScalerOptions & { readonly low?: number; readonly high?: number } = {}): Scaler {
  checkOptions("minMax", options, ["of", "columns", "low", "high"]);
  const { low = 0, high = 1 } = options;
  checkNumber("minMax: low", low);
  checkNumber("minMax: high", high, { above: low });
  const columns = perColumn(rowsOf("minMax", source, options), range);
  return restoreScaler("minMax", {
    min: columns.map(({ min }) => min),
    max: columns.map(({ max }) => max),
    low: columns.map(() => low),
    high: columns.map(() => high),
  });
}

/** Of every kind: what is learnt for a column, and what that says. */
const kinds: Readonly<Record<Scaler["type"], { readonly learnt: readonly string[]; column(...learnt: number[]): Column }>> = {
  standardize: { learnt: ["mean", "std"], column: (mean, std) => ({ offset: mean!, divisor: std!, factor: 1, base: 0 }) },
  minMax: {
    learnt: ["min", "max", "low", "high"],
    column: (min, max, low, high) => ({ offset: min!, divisor: max === min ? 1 : max! - min!, factor: high! - low!, base: low! }),
  },
};

/** A scaler again, from what `toJSON` wrote. @throws {FormatError} an unknown type, or options that are none of its */
export function restoreScaler(type: string, options: Readonly<Record<string, unknown>>): Scaler {
  const kind = Object.hasOwn(kinds, type) ? kinds[type as Scaler["type"]] : undefined;
  if (!kind) throw new FormatError(`scaler type is ${shown(type)}, expected one of: ${Object.keys(kinds).join(", ")}`);
  const lists = kind.learnt.map((name) => options?.[name]) as (readonly number[])[];
  const width = Array.isArray(lists[0]) ? lists[0].length : 0;
  const good = lists.every((list) => Array.isArray(list) && list.length === width && list.every((value) => Number.isFinite(value)));
  if (!good || width === 0) throw new FormatError(`${type}: expected finite numbers, as many each: ${kind.learnt.join(", ")}`);
  const columns = lists[0]!.map((_, c) => kind.column(...lists.map((list) => list[c]!)));
  if (columns.some(({ divisor, factor }) => !(divisor > 0 && factor > 0)))
    throw new FormatError(`${type}: a column's scale is not above 0`);
  return scaler(type as Scaler["type"], Object.fromEntries(kind.learnt.map((name, i) => [name, [...lists[i]!]])), columns);
}
