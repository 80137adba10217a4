// From what users have to flat arrays: columns as they are, samples and batches one after another into arrays that grow.
import { checkCount, isArrayOf, isList, MOST_DIMENSIONS, shown } from "../checks.js";
import { OptionError, ShapeError } from "../errors.js";
import { product } from "../plan/tensor.js";
import { type Classes, checkIds, type Label, toClasses } from "./classes.js";
import { checkData, checkFields, dataFields } from "./data.js";
import type { Parts } from "./dataset.js";
import { type Batch, labelledBatch, notAlike, type Sample } from "./items.js";
import { type Rows, toRows } from "./rows.js";
import type { Scalers } from "./scalers.js";
import { toSampleWeights } from "./weighting.js";

export interface DatasetOptions {
  /** Shape of one input, or its number of features. Needed only where inputs are flat and targets have several columns. */
  readonly input?: number | readonly number[] | undefined;
  /** What targets mean; default: classes where they are strings or booleans, else values. Of texts that are all numbers it must be said. */
  readonly classes?: Classes | undefined;
  /** names of the input's columns */
  readonly features?: readonly string[] | undefined;
}

/** What one source gave: labels or values. */
interface Columns {
  readonly rows: number;
  readonly width: number;
  readonly inputs: Float32Array;
  readonly labels?: ArrayLike<Label>;
  readonly values?: Float32Array;
  readonly sampleWeights?: Float32Array;
}

function toColumns(who: string, given: Batch, { input, classes }: DatasetOptions): Columns {
  checkFields(who, given, dataFields);
  const { inputs, targets, sampleWeights: weights } = given;
  if (!isList(inputs)) throw new ShapeError(`${who}: inputs: got ${shown(inputs)}, expected a typed array or an array of rows`);
  if (!isList(targets)) throw new ShapeError(`${who}: targets: got ${shown(targets)}, expected an array of labels, numbers or rows`);
  if (inputs.length === 0) throw new ShapeError(`${who}: inputs: no rows`);
  if (targets.length === 0) throw new ShapeError(`${who}: targets: no rows`);
  const nested = isList(inputs[0]);
  const width = input !== undefined ? size(input) : nested ? (inputs[0] as ArrayLike<unknown>).length : inputs.length / targets.length;
  if (!Number.isInteger(width) || width === 0)
    throw new ShapeError(
      `${who}: ${inputs.length} input numbers for ${targets.length} targets are no whole rows; the option input says how wide a row is`,
    );
  const matrix = toRows(`${who}: inputs`, inputs, width, input !== undefined ? "the option input" : "as the first row");
  const { rows } = matrix;
  // All may be 0 here: there may be more rows, and fit says so if there are none.
  const sampleWeights = weights === undefined ? undefined : toSampleWeights(`${who}: sampleWeights`, weights, rows, true);
  const read = { rows, width, inputs: matrix.values as Float32Array, ...(sampleWeights && { sampleWeights }) };

  const first = targets[0];
  const areLabels = classes !== undefined ? classes !== false : typeof first === "string" || typeof first === "boolean";
  if (areLabels) {
    if (isList(first))
      throw new ShapeError(`${who}: targets: row 0 is ${shown(first)}, expected one label a row (classes is ${shown(classes)})`);
    if (targets.length !== rows) throw new ShapeError(`${who}: ${targets.length} labels for ${rows} rows of ${width}`);
    return { ...read, labels: targets as ArrayLike<Label> };
  }
  const columns = isList(first) ? first.length : targets.length / rows;
  if (!Number.isInteger(columns) || columns === 0)
    throw new ShapeError(`${who}: ${targets.length} target numbers for ${rows} rows of inputs, expected as many for each`);
  const values = toRows(`${who}: targets`, targets as Rows, columns, "as the first row");
  if (values.rows !== rows) throw new ShapeError(`${who}: ${values.rows} rows of targets for ${rows} rows of inputs`);
  return { ...read, values: values.values as Float32Array };
}

/** How rows are read, and what else is said of them. */
interface Reading extends DatasetOptions {
  readonly scalers?: Scalers;
}

/** A dataset, or `{ ...dataset, sampleWeights }`: it says itself what its numbers mean. */
export function isDescribed(given: object): given is Parts {
  return ["rows", "input", "columns"].every((name) => name in given);
}

/** Options go before what a dataset says of itself. */
function read(who: string, given: Batch, options: DatasetOptions): { readonly columns: Columns; readonly reading: Reading } {
  if (!isDescribed(given)) return { columns: toColumns(who, given, options), reading: options };
  checkData(who, given);
  const { rows, inputs, targets, sampleWeights, scalers } = given;
  const { input = given.input, classes = given.classes ?? false, features = given.features } = options;
  const reading = { input, classes, ...(features && { features }), ...(scalers && { scalers }) };
  checkDataset(who, reading);
  if (size(input) !== size(given.input))
    throw new ShapeError(`${who}: the option input is ${size(input)} numbers a row, the dataset has ${size(given.input)}`);
  if (scalers?.targets && classes !== false)
    throw new ShapeError(`${who}: the dataset's targets are scaled (${scalers.targets.type}), so they are no classes`);
  let labels: Batch["targets"] = targets;
  if (given.classes && classes !== false && targets instanceof Uint32Array) {
    checkIds(`${who}: targets`, targets, given.classes.length);
    // By their names, which the option classes may put in another order.
    labels = Array.from(targets, (id) => given.classes![id]!);
  }
  const columns = toColumns(who, { inputs, targets: labels, ...(sampleWeights && { sampleWeights }) }, reading);
  const width = columns.values ? columns.values.length / columns.rows : 1;
  if (columns.rows !== rows || width !== given.columns)
    throw new ShapeError(
      `${who}: ${columns.rows} rows with ${width} target columns, but its fields rows and columns say ${rows} and ${given.columns}`,
    );
  return { columns, reading };
}

/** What must agree for rows to lie in one dataset, in words.
 *  @param given columns: numbers of a target; 0: it is a label */
export function schemaOf(
  given: Reading & { readonly input: number | readonly number[]; readonly columns: number; readonly sampleWeights?: Float32Array },
): string {
  const { input, columns, classes, features, scalers, sampleWeights } = given;
  const labels = classes ? `classes ${JSON.stringify(classes)}` : columns === 0 && "labels";
  const parts = [
    `inputs [${shapeOf(input).join(", ")}]`,
    labels || `${columns} ${columns === 1 ? "value" : "values"} a target`,
    features && `features ${JSON.stringify(features)}`,
    scalers && `scalers ${JSON.stringify(scalers)}`,
    sampleWeights && "sampleWeights",
  ];
  return parts.filter(Boolean).join(", ");
}

const shapeOf = (input: number | readonly number[]): readonly number[] => (typeof input === "number" ? [input] : [...input]);

const size = (input: number | readonly number[]) => (typeof input === "number" ? input : product(input));

/** Checks what does not depend on the data. */
export function checkDataset(who: string, { input, features }: DatasetOptions): void {
  const isShape = Array.isArray(input) && input.length > 0 && input.length <= MOST_DIMENSIONS;
  if (input !== undefined) for (const each of isShape ? input : [input]) checkCount(`${who}: input`, each);
  if (features !== undefined && !isArrayOf(features, (name) => typeof name === "string"))
    throw new OptionError(`${who}: features is ${shown(features)}, expected an array of names`);
}

function finish(
  who: string,
  { rows, width, inputs, labels, values, sampleWeights }: Columns,
  { input = width, classes, features, scalers }: Reading,
): Parts {
  if (features !== undefined && features.length !== width)
    throw new OptionError(`${who}: features has ${features.length} names for ${width} columns`);
  const common = {
    rows,
    input: shapeOf(input),
    inputs,
    ...(features && { features: [...features] }),
    ...(sampleWeights && { sampleWeights }),
    ...(scalers && { scalers }),
  };
  if (values) return { ...common, targets: values, columns: values.length / rows };
  if (classes === undefined) checkNames(`${who}: targets`, labels!);
  const { ids, names } = toClasses(`${who}: targets`, labels!, classes === undefined || classes === false ? true : classes);
  return { ...common, targets: ids, columns: 1, classes: names };
}

/** What a file or a form has as text may be meant as numbers, which nobody can tell from names that are numerals.
 *  @throws {ShapeError} texts that are all numbers */
function checkNames(who: string, labels: ArrayLike<Label>): void {
  const isNumeral = (label: Label) => typeof label === "string" && label.trim() !== "" && Number.isFinite(Number(label));
  if (!Array.prototype.every.call(labels, isNumeral)) return;
  throw new ShapeError(
    `${who}: ${shown(labels[0])} and all others are numbers as text; Number(…) makes values of them, the option classes: true classes`,
  );
}

/** Inputs that are a Float32Array are not copied. */
export function fromColumns(who: string, batch: Batch, options: DatasetOptions): Parts {
  const { columns, reading } = read(who, batch, options);
  return finish(who, columns, reading);
}

/** An array that doubles when it is full. */
export function growing(): { push(values: ArrayLike<number>): void; done(): Float32Array } {
  let values = new Float32Array(1024);
  let length = 0;
  return {
    push: (more) => {
      if (length + more.length > values.length) {
        const larger = new Float32Array(Math.max(2 * values.length, length + more.length));
        larger.set(values.subarray(0, length));
        values = larger;
      }
      values.set(more, length);
      length += more.length;
    },
    done: () => values.slice(0, length),
  };
}

/** Takes samples and batches, all of one width and kind, with weights or without. */
export function collector(who: string, options: DatasetOptions): { add(item: Sample | Batch): void; done(): Parts } {
  const inputs = growing();
  const values = growing();
  const weights = growing();
  const labels: Label[] = [];
  let [items, rows] = [0, 0];
  let first: { readonly width: number; readonly columns: number; readonly weighted: boolean; readonly reading: Reading } | undefined;
  return {
    add: (item) => {
      const name = `${who}: item ${items++}`;
      const batch = labelledBatch(name, item) as Batch;
      const { columns: rowsRead, reading } = read(name, batch, options);
      const columns = rowsRead.values ? rowsRead.values.length / rowsRead.rows : 0;
      const weighted = rowsRead.sampleWeights !== undefined;
      first ??= { width: rowsRead.width, columns, weighted, reading };
      const { width } = first;
      if (rowsRead.width !== width) throw new ShapeError(`${name}: input has ${rowsRead.width} columns, expected ${width}, as item 0`);
      if (columns !== first.columns) {
        const kind = (count: number) => (count === 0 ? "a label" : `${count} numbers`);
        throw new ShapeError(`${name}: target is ${kind(columns)}, expected ${kind(first.columns)}, as item 0`);
      }
      if (weighted !== first.weighted) throw notAlike(name, "sampleWeights");
      // All but datasets have the options as their reading.
      if (reading !== first.reading) {
        // Samples and plain batches say nothing of themselves, but by options.
        const [ours, theirs] = [reading, first.reading].map((said) => schemaOf({ ...said, input: said.input ?? width, columns }));
        if (ours !== theirs) throw new ShapeError(`${name} has ${ours}, expected ${theirs}, as item 0`);
      }
      inputs.push(rowsRead.inputs);
      if (rowsRead.sampleWeights) weights.push(rowsRead.sampleWeights);
      if (rowsRead.values) values.push(rowsRead.values);
      else for (let i = 0; i < rowsRead.rows; ++i) labels.push(rowsRead.labels![i]!);
      rows += rowsRead.rows;
    },
    done: () => {
      if (!first) throw new ShapeError(`${who}: no rows`);
      const given = first.columns === 0 ? { labels } : { values: values.done() };
      const weighing = first.weighted && { sampleWeights: weights.done() };
      return finish(who, { rows, width: first.width, inputs: inputs.done(), ...given, ...weighing }, first.reading);
    },
  };
}
