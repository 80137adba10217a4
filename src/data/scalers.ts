// Scales of columns, learnt from a training part and applied to every part: plain data and two functions. Numbers are taken as they are given,
// in float64 where they are; sums are float64 and in the rows' order, every result is rounded to float32 once: the same bits everywhere.
import { checkCount, checkNumber, checkOneOf, checkOptions, isArrayOf, isRecord, shown } from "../checks.js";
import { FormatError, OptionError, ShapeError } from "../errors.js";
import { targetShape } from "../losses/loss.js";
import { product } from "../plan/tensor.js";
import type { Ports } from "./data.js";
import { checkHeld, Dataset } from "./dataset.js";
import { type Rows, toNumbers } from "./rows.js";
import { isStream } from "./stream.js";

export interface Scaler {
  readonly type: "standardize" | "minMax";
  /** What was learnt, one number a column; `restoreScaler(type, options)` makes the same scaler. */
  readonly options: Readonly<Record<string, readonly number[]>>;
  readonly columns: number;
  /** @param rows `[n, columns]`, flat or as rows: numbers that float32 cannot tell apart, as times, may be here, and in no dataset
   *  @returns the same in the new scale, flat @throws {ShapeError} another width, or not
   *    finite, before or after */
  transform(rows: Rows): Float32Array<ArrayBuffer>;
  /** The way back, as for predictions of scaled targets. */
  inverse(rows: Rows): Float32Array<ArrayBuffer>;
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

/** Of a data set's inputs and targets, or of a network's. */
export interface Scalers {
  readonly inputs?: Scaler | undefined;
  readonly targets?: Scaler | undefined;
}

function scaler(type: Scaler["type"], options: Scaler["options"], columns: readonly Column[]): Scaler {
  const apply = (who: string, rows: Rows, f: (value: number, column: Column) => number) => {
    const values = toNumbers(`${type}: ${who}`, rows, columns.length, "the columns it was fitted on");
    const out = new Float32Array(values.length);
    const width = columns.length;
    for (let at = 0; at < out.length; at += width)
      for (let c = 0; c < width; ++c) {
        out[at + c] = f(values[at + c]!, columns[c]!);
        if (!Number.isFinite(out[at + c]))
          throw new ShapeError(
            `${type}: ${who}: row ${at / width}, column ${c}: ${values[at + c]} is beyond float32 in the ${who === "transform" ? "new" : "old"} scale; is it in the unit that the scaler was fitted on?`,
          );
      }
    return out;
  };
  return {
    type,
    options,
    columns: columns.length,
    transform: (rows) => apply("transform", rows, (x, { offset, divisor, factor, base }) => ((x - offset) / divisor) * factor + base),
    inverse: (rows) => apply("inverse", rows, (y, { offset, divisor, factor, base }) => ((y - base) / factor) * divisor + offset),
    toJSON: () => ({ type, options }),
  };
}

export interface ScalerOptions {
  /** what of a dataset, default inputs */
  readonly of?: "inputs" | "targets" | undefined;
  /** of flat numbers that are no dataset */
  readonly columns?: number | undefined;
}

type Fitted = Dataset | Rows;

/** The rows to learn from. */
function rowsOf(who: string, source: Fitted, { of = "inputs", columns }: ScalerOptions): Table {
  checkOneOf(`${who}: of`, of, ["inputs", "targets"]);
  if (columns !== undefined) checkCount(`${who}: columns`, columns);
  if (source instanceof Dataset) {
    if (of === "targets" && source.classes) throw new ShapeError(`${who}: the targets are class ids, which have no scale`);
    checkHeld(who, source);
    return { values: source[of], width: source[of].length / source.rows };
  }
  const first: unknown = source?.[0];
  const width = columns ?? (typeof first === "object" && first !== null && "length" in first ? (first.length as number) : undefined);
  if (width === undefined)
    throw new OptionError(
      `${who}: got ${isStream(source) ? "a stream" : shown(source)}, expected a dataset, as dataset({ inputs, targets }), rows, or flat numbers with the option columns${isStream(source) ? "; await dataset.from(rows) makes a dataset of as many of its rows as you take" : ""}`,
    );
  return { values: toNumbers(who, source, width, "as the first row"), width };
}

interface Table {
  readonly values: ArrayLike<number>;
  readonly width: number;
}

/** Row after row, as the numbers lie. */
function each({ values, width }: Table, visit: (value: number, column: number) => void): void {
  for (let at = 0; at < values.length; at += width) for (let c = 0; c < width; ++c) visit(values[at + c]!, c);
}

function range(table: Table): { readonly min: number[]; readonly max: number[] } {
  const min = Array.from({ length: table.width }, (_, c) => table.values[c]!);
  const max = [...min];
  each(table, (value, c) => {
    if (value < min[c]!) min[c] = value;
    if (value > max[c]!) max[c] = value;
  });
  return { min, max };
}

/** Learns each column's mean and (population) standard deviation; transforms to mean 0 and standard deviation 1. A constant column keeps
 *  its scale: it becomes 0.
 *  @param source the training part @example const inputs = standardize(train); await net.fit(train.scale({ inputs }));
 *  @throws {ShapeError} class ids, or data that is not finite; {OptionError} */
export function standardize(source: Fitted, options: ScalerOptions = {}): Scaler {
  checkOptions("standardize", options, ["of", "columns"]);
  const table = rowsOf("standardize", source, options);
  const rows = table.values.length / table.width;
  const { min, max } = range(table);
  const sums = min.map(() => 0);
  each(table, (value, c) => {
    sums[c]! += value;
  });
  // Constant columns are told by their values: the rounded mean of equal numbers may be another number.
  const isConstant = (c: number) => min[c] === max[c];
  const mean = sums.map((sum, c) => (isConstant(c) ? min[c]! : sum / rows));
  const squares = min.map(() => 0);
  each(table, (value, c) => {
    squares[c]! += (value - mean[c]!) * (value - mean[c]!);
  });
  return restoreScaler("standardize", { mean, std: squares.map((square, c) => (isConstant(c) ? 1 : Math.sqrt(square / rows))) });
}

/** Learns each column's least and largest number; transforms to [low, high] (default [0, 1]), beyond it where other parts have more extreme
 *  numbers. A constant column keeps its scale: it becomes low.
 *  @param source the training part @throws as `standardize` */
export function minMax(
  source: Fitted,
  options: ScalerOptions & { readonly low?: number | undefined; readonly high?: number | undefined } = {},
): Scaler {
  checkOptions("minMax", options, ["of", "columns", "low", "high"]);
  const { low = 0, high = 1 } = options;
  checkNumber("minMax: low", low);
  checkNumber("minMax: high", high, { above: low });
  const { min, max } = range(rowsOf("minMax", source, options));
  return restoreScaler("minMax", { min, max, low: min.map(() => low), high: min.map(() => high) });
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
  const kind = typeof type === "string" && Object.hasOwn(kinds, type) ? kinds[type as Scaler["type"]] : undefined;
  if (!kind) throw new FormatError(`scaler type is ${shown(type)}, expected one of: ${Object.keys(kinds).join(", ")}`);
  const lists = kind.learnt.map((name) => {
    const list = options?.[name];
    return isArrayOf<number>(list, Number.isFinite) ? [...list] : [];
  });
  const width = lists[0]!.length;
  if (width === 0 || lists.some((list) => list.length !== width))
    throw new FormatError(`${type}: expected finite numbers, as many each: ${kind.learnt.join(", ")}`);
  const columns = lists[0]!.map((_, c) => kind.column(...lists.map((list) => list[c]!)));
  if (columns.some(({ divisor, factor }) => !(divisor > 0 && factor > 0)))
    throw new FormatError(`${type}: a column's scale is not above 0`);
  return scaler(type as Scaler["type"], Object.fromEntries(kind.learnt.map((name, i) => [name, lists[i]!])), columns);
}

/** @param ports of the network that they are for; with several inputs or outputs nothing says which of them a scaler is for
 *  @throws {OptionError} what is no scaler, or says of itself in `toJSON` what no scaler can be made of; {ShapeError} one of another width,
 *    neither a whole sample's nor that of its last axis */
export function checkScalers(who: string, scalers: unknown, { inputs, outputs }: Ports): void {
  checkOptions(who, scalers, ["inputs", "targets"]);
  const shapes = { inputs: inputs.map(({ shape }) => shape), targets: outputs.map(({ shape, loss }) => targetShape(shape, loss)) };
  for (const name of ["inputs", "targets"] as const) {
    const each = (scalers as Scalers)[name];
    if (each === undefined) continue;
    const wanted = `${who}: ${name} is ${shown(each)}, expected a scaler, as standardize(train)`;
    // Dates have a toJSON, too.
    if ([each?.toJSON, each?.transform, each?.inverse].some((method) => typeof method !== "function")) throw new OptionError(wanted);
    try {
      const { type, options } = each.toJSON();
      restoreScaler(type, options);
    } catch (cause) {
      throw new OptionError(`${wanted}; no file could hold it: ${(cause as Error).message}`, { cause });
    }
    const [shape, ...others] = shapes[name];
    const width = product(shape!);
    if (others.length === 0 && each.columns !== width && each.columns !== shape!.at(-1))
      throw new ShapeError(
        `${who}: ${name}: the ${each.type} scaler was fitted on ${each.columns} columns, expected ${width} (the network's ${name})`,
      );
  }
}

/** @param stored JSON of `Scalers` @throws {FormatError} what is none */
export function restoreScalers(stored: unknown): Scalers {
  if (!isRecord(stored)) throw new FormatError(`scalers are ${shown(stored)}, expected { inputs, targets }`);
  const entries = Object.entries(stored as Readonly<Record<string, ReturnType<Scaler["toJSON"]> | null>>);
  for (const [name] of entries)
    if (name !== "inputs" && name !== "targets") throw new FormatError(`scalers: ${shown(name)}, expected inputs or targets`);
  return Object.fromEntries(entries.map(([name, each]) => [name, restoreScaler(each?.type as string, each?.options ?? {})]));
}
