// What users pass as inputs and targets becomes flat float32 rows or class ids. Nothing is repaired: ragged, non-finite or
// out-of-range data is an error that says where.
import { isList, isRecord, shown } from "../checks.js";
import { ShapeError } from "../errors.js";
import { type Loss, takesIds, targetShape } from "../losses/loss.js";
import { checkTargets } from "../losses/targets.js";
import { product } from "../plan/tensor.js";
import { oneOf, suggestion } from "../spelling.js";
import { checkToldApart, namesOf } from "./classes.js";
import { isNested, isNumberArray, type NumberArray, onShelf, type Rows, SMALL, sharedRoom, toRows } from "./rows.js";
import type { Matrix, Samples } from "./samples.js";
import type { Scalers } from "./scalers.js";
import { isStream } from "./stream.js";
import { oneHot, toSampleWeights, type Weighed } from "./weighting.js";

/** Rows of values with the prediction's width (one-hot, soft, or any values), or class ids, one a row. */
export type Targets = Rows;

/** One number a row. */
export type SampleWeights = NumberArray | readonly number[];

/** With several inputs or outputs: each by its name. */
export interface Data {
  /** `[n, ...input]` of each input */
  readonly inputs: Rows | Readonly<Record<string, Rows>>;
  /** of each output `[n, ...output]`, or class ids `[n]`; see its loss */
  readonly targets: Targets | Readonly<Record<string, Targets>>;
  /** What each row counts in the loss, >= 0; with several outputs by their names, those left out count 1. Metrics leave out rows of weight 0. */
  readonly sampleWeights?: SampleWeights | Readonly<Record<string, SampleWeights>> | undefined;
  /** What its numbers were scaled with, as a dataset says it. */
  readonly scalers?: Scalers | undefined;
  /** The names of its class ids, as a dataset says them. */
  readonly classes?: readonly string[] | undefined;
}

export const dataFields: readonly string[] = ["inputs", "targets", "sampleWeights"];
/** What a `Dataset` has beside them: `{ ...dataset, sampleWeights }` is data, too. */
const datasetFields: readonly string[] = ["rows", "input", "columns", "classes", "features", "scalers"];

/** Fields that nobody knows are mistakes of spelling more often than not, and what they hold would not be looked at.
 *  @throws {ShapeError} */
export function checkFields(who: string, given: object, known: readonly string[], alsoKnown: readonly string[] = []): void {
  for (const name of Object.keys(given))
    if (!known.includes(name) && !alsoKnown.includes(name))
      throw new ShapeError(`${who}: unknown field ${shown(name)}, expected ${oneOf(known, name)}`);
}

/** Advice for what makes rows one after another. */
const SOURCES = "; dataset.stream(open) makes data of a function that gives rows, await dataset.from(rows) of the rows themselves";

const SAMPLES = "; dataset(samples) makes data of an array of { input, target }";

function isSource(given: unknown): boolean {
  if (typeof given === "function") return true;
  return given !== null && typeof given === "object" && (Symbol.asyncIterator in given || (Symbol.iterator in given && !isList(given)));
}

/** @throws {ShapeError} what lacks inputs or targets, or has a field that is none */
export function checkData(who: string, data: unknown): asserts data is Data {
  if (data === null || typeof data !== "object" || !("inputs" in data) || !("targets" in data))
    throw new ShapeError(
      `${who}: got ${shown(data)}, expected { inputs, targets }${isSource(data) ? SOURCES : Array.isArray(data) ? SAMPLES : ""}`,
    );
  checkFields(who, data, dataFields, datasetFields);
}

/** @param shape one sample's prediction */
function toTargets(who: string, given: Targets, rows: number, shape: readonly number[], loss: Loss): Matrix {
  const classes = shape.at(-1) ?? 1;
  const positions = product(shape.slice(0, -1));
  if (loss.targets === "ids") {
    const ids = toIds(who, given, rows, positions, classes, loss.type, loss.ignoreIndex);
    return { rows, width: positions, values: ids };
  }
  const width = product(targetShape(shape, loss));
  const areIds = takesIds(loss) && !isNested(given) && given?.length === rows * positions;
  if (areIds) return { rows, width, values: oneHot(toIds(who, given, rows, positions, classes, loss.type), classes) };
  const wanted = loss.targetColumns === undefined ? `the last layer has ${width}` : `${loss.type} takes ${width}`;
  if (width > positions && given?.length === rows * positions && !isNested(given))
    throw new ShapeError(
      `${who}: one number for each of ${given.length} rows, expected ${width / positions} (${wanted}); class ids are for losses as sparseCategoricalCrossEntropy`,
    );
  const matrix = toRows(who, given, width, wanted, sharedRoom);
  if (matrix.rows !== rows) throw new ShapeError(`${who}: ${matrix.rows} rows, but inputs have ${rows}`);
  if (loss.targetKind) checkTargets(who, loss.type, loss.targetKind, matrix.values as Float32Array, classes);
  return matrix;
}

const NAMES = "; dataset({ inputs, targets }) makes ids of names";

/** Ids of `rows` samples, `positions` each: flat, or as rows. */
function toIds(
  who: string,
  given: Targets,
  rows: number,
  positions: number,
  classes: number,
  loss: string,
  ignoreIndex?: number,
): Uint32Array {
  if (!isNumberArray(given) && !Array.isArray(given)) throw new ShapeError(`${who}: got ${shown(given)}, expected class ids`);
  const count = rows * positions;
  const help = (length: number, wanted: number) => (length === wanted * classes ? "; for one-hot rows take categoricalCrossEntropy" : "");
  // Before they are joined: others may have any length.
  if (isNested(given))
    for (const [r, row] of given.entries())
      if (!isList(row) || row.length !== positions)
        throw new ShapeError(
          `${who}: row ${r} is ${shown(row)}, expected an array of ${positions} class ids${isList(row) ? help(row.length, positions) : ""}`,
        );
  const list: ArrayLike<unknown> = isNested(given) ? given.flatMap((row) => (isNumberArray(row) ? [...row] : row)) : given;
  if (list.length !== count) {
    const each = positions > 1 ? ` (${rows} samples, for each of which the network makes ${positions})` : "";
    throw new ShapeError(`${who}: ${list.length} class ids for ${count} rows${each}${help(list.length, count)}`);
  }
  const ids = count <= SMALL ? onShelf(Uint32Array, count) : new Uint32Array(count);
  for (let i = 0; i < list.length; ++i) {
    const id = list[i] as number;
    const isIgnored = ignoreIndex !== undefined && id === ignoreIndex;
    if (!isIgnored && (!Number.isInteger(id) || id < 0 || id >= classes))
      throw new ShapeError(
        `${who}: row ${i} has class id ${shown(id)}, expected a whole number from 0 to ${classes - 1} (${loss}, ${classes} columns)${typeof id === "string" ? NAMES : ""}`,
      );
    ids[i] = id;
  }
  return ids;
}

/** What a network's inputs and outputs look like to its data. */
export interface Ports {
  readonly inputs: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly outputs: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly loss: Loss;
    /** Metrics compare with the targets as given, which the loss alters. */
    readonly truth: boolean;
  }[];
}

/** One entry for each port: the only one is given as it is, several by their names. */
function byName<T>(who: string, given: T | Readonly<Record<string, T>>, ports: readonly { readonly name: string }[]): readonly T[] {
  if (ports.length === 1 && !isRecord(given)) return [given as T];
  const names = ports.map(({ name }) => name);
  if (!isRecord(given)) throw new ShapeError(`${who}: got ${shown(given)}, expected an object with ${names.join(", ")}`);
  const record = given as Readonly<Record<string, T>>;
  if (isStream(given)) throw new ShapeError(`${who}: got a stream, expected data in memory`);
  if (Object.hasOwn(record, "inputs") && !names.includes("inputs"))
    throw new ShapeError(`${who}: got data as a whole, { ${Object.keys(record).join(", ")} }, expected one field of it, as data.inputs`);
  for (const name of Object.keys(record))
    if (!names.includes(name))
      throw new ShapeError(`${who}: unknown name ${shown(name)}, expected ${names.join(", ")}${suggestion(names, name)}`);
  return names.map((name) => {
    if (!Object.hasOwn(record, name)) throw new ShapeError(`${who}: ${name} is missing, expected ${names.join(", ")}`);
    return record[name]!;
  });
}

export function toInputs(who: string, given: Data["inputs"], inputs: Ports["inputs"]): Samples {
  const feeds = byName(who, given, inputs).map((rows, i) => {
    const width = product(inputs[i]!.shape);
    const port = inputs.length === 1 ? "the network's input" : inputs[i]!.name;
    return toRows(inputs.length === 1 ? who : `${who}.${inputs[i]!.name}`, rows, width, `${port} has ${width}`, sharedRoom);
  });
  const { rows } = feeds[0]!;
  feeds.forEach((feed, i) => {
    if (feed.rows !== rows) throw new ShapeError(`${who}.${inputs[i]!.name}: ${feed.rows} rows, but ${inputs[0]!.name} has ${rows}`);
  });
  return { rows, feeds, weighing: [] };
}

/** @param data whose fields were looked at, `checkData`, where users made it: not in single steps, which should take less than a microsecond
 *  @param part whether there is more data than this, so that weights here may all be 0 */
export function toSamples(who: string, data: Data, { inputs, outputs }: Ports, { part = false } = {}): Samples {
  const { classes } = data;
  if (classes !== undefined && outputs.length === 1)
    checkToldApart(`${who}: targets`, namesOf(`${who}: classes`, classes), outputs[0]!.shape, outputs[0]!.loss);
  const { rows, feeds } = toInputs(`${who}: inputs`, data.inputs, inputs);
  const targets = byName(`${who}: targets`, data.targets, outputs).map((given, i) => {
    const { name, shape, loss } = outputs[i]!;
    return toTargets(outputs.length === 1 ? `${who}: targets` : `${who}: targets.${name}`, given, rows, shape, loss);
  });
  const weights =
    data.sampleWeights === undefined ? undefined : toWeights(`${who}: sampleWeights`, data.sampleWeights, rows, outputs, part);
  const prepared = targets.map((matrix, i): Weighed => {
    const { shape, loss } = outputs[i]!;
    return loss.prepare(matrix, shape, weights?.[i]);
  });
  const staged = [...feeds];
  for (const { targets } of prepared) staged.push(targets);
  for (const { weights } of prepared) if (weights) staged.push(weights);
  for (let i = 0; i < outputs.length; ++i) if (outputs[i]!.truth) staged.push(prepared[i]!.truth!);
  return {
    rows,
    feeds: staged,
    weighing: prepared.map(({ denominators, counted }) => (denominators && counted ? { denominators, counted } : undefined)),
  };
}

function toWeights(
  who: string,
  given: NonNullable<Data["sampleWeights"]>,
  rows: number,
  outputs: Ports["outputs"],
  part: boolean,
): readonly (Float32Array | undefined)[] {
  const names = outputs.map(({ name }) => name);
  if (!isRecord(given)) {
    if (names.length === 1) return [toSampleWeights(who, given, rows, part)];
    throw new ShapeError(`${who}: got ${shown(given)}, expected an object with any of ${names.join(", ")}`);
  }
  for (const name of Object.keys(given))
    if (!names.includes(name))
      throw new ShapeError(`${who}: unknown name ${shown(name)}, expected ${names.join(", ")}${suggestion(names, name)}`);
  return names.map((name) => (Object.hasOwn(given, name) ? toSampleWeights(`${who}.${name}`, given[name], rows, part) : undefined));
}
