// Samples and their targets in memory, as `net.fit` takes them. Nothing here changes a dataset: every method returns another one.
import { checkBoolean, checkCount, checkNumber, checkOptions, checkSeed, isList, shown } from "../checks.js";
import { OptionError, ShapeError } from "../errors.js";
import { showAs } from "../inspect/inspect.js";
import { permutation, Stream } from "../random.js";
import { countClasses } from "./classes.js";
import { checkDataset, collector, type DatasetOptions, fromColumns, schemaOf } from "./collect.js";
import type { Batch, Sample } from "./items.js";
import type { Scaler, Scalers } from "./scalers.js";
import { deal, divide, type Folds, type Strata } from "./split.js";
import { stream } from "./stream.js";

/** What a dataset holds; its arrays are shared with the datasets made from it, and must not be written to. */
export interface Parts {
  readonly rows: number;
  /** shape of one input */
  readonly input: readonly number[];
  /** `[rows, ...input]` */
  readonly inputs: Float32Array;
  /** class ids `[rows]` where there are classes, else values `[rows, columns]` */
  readonly targets: Float32Array | Uint32Array;
  /** of a target: 1, or as many as it has values */
  readonly columns: number;
  /** what each row counts in the loss, `[rows]` */
  readonly sampleWeights?: Float32Array;
  /** the class ids' names */
  readonly classes?: readonly string[];
  /** names of the input's columns */
  readonly features?: readonly string[];
  /** what its numbers were scaled with */
  readonly scalers?: Scalers;
}

export interface FoldOptions {
  /** every part has its share of each class; default false */
  readonly stratified?: boolean | undefined;
  /** default true; false: rows stay in their order */
  readonly shuffle?: boolean | undefined;
  /** uint32, default 0: the same call gives the same parts */
  readonly seed?: number | undefined;
}

const orderOptions = ["stratified", "shuffle", "seed"] satisfies (keyof FoldOptions)[];

/** `stratified`: a class always keeps a row for training. `shuffle: false`: the last rows are for testing, as time series want it. */
export interface SplitOptions extends FoldOptions {
  /** share of the rows, more than 0 and less than 1; at least one row */
  readonly test: number;
  /** share of the rows, default 0: none */
  readonly validation?: number | undefined;
}

type Values = Float32Array | Uint32Array;

/** Samples and their targets. Made by `dataset()`. */
export class Dataset implements Parts {
  readonly rows: number;
  readonly input: readonly number[];
  readonly inputs: Float32Array;
  readonly targets: Float32Array | Uint32Array;
  readonly columns: number;
  /** What rows count in the losses of `fit`, its validation and `evaluate`; not in scalers, splits and class weights. */
  declare readonly sampleWeights?: Float32Array;
  declare readonly classes?: readonly string[];
  declare readonly features?: readonly string[];
  /** What `scale` has scaled it with: `fit` keeps them as the network's. */
  declare readonly scalers?: Scalers;

  /** @internal */
  constructor({ rows, input, inputs, targets, columns, sampleWeights, classes, features, scalers }: Parts) {
    this.rows = rows;
    this.input = input;
    this.inputs = inputs;
    this.targets = targets;
    this.columns = columns;
    if (sampleWeights) this.sampleWeights = sampleWeights;
    if (classes) this.classes = classes;
    if (features) this.features = features;
    if (scalers) this.scalers = scalers;
    // Without the numbers, of which some hundred would be shown, in no rows.
    showAs(this, () =>
      Object.fromEntries(Object.entries(this).map(([name, value]) => [name, ArrayBuffer.isView(value) ? shown(value) : value])),
    );
  }

  /** The same rows in a random order, a function of `seed` (uint32). `fit` shuffles by itself in every epoch. */
  shuffle(seed: number): Dataset {
    checkHeld("shuffle", this);
    checkSeed("shuffle", seed);
    const order = new Uint32Array(this.rows);
    permutation(this.rows, seed, 0, order, Stream.Dataset);
    return this.gather(order);
  }

  /** Parts that share no row. Scalers are to be fitted on `train` alone.
   *  @throws {OptionError} shares that leave nothing to train on; `stratified` without classes; {ShapeError} a class without rows */
  split(options: SplitOptions & { readonly validation: number }): Record<"train" | "test" | "validation", Dataset>;
  split(options: SplitOptions): Record<"train" | "test", Dataset>;
  split(options: SplitOptions): Record<string, Dataset> {
    checkHeld("split", this);
    checkOptions("split", options, ["test", "validation", ...orderOptions]);
    const { test, validation = 0 } = options;
    checkNumber("split: test", test, { above: 0, below: 1 });
    checkNumber("split: validation", validation, { least: 0, below: 1 });
    const { seed, strata } = this.order("split", options);
    const sizes = [test, validation].filter((share) => share > 0).map((share) => Math.max(1, Math.round(share * this.rows)));
    const apart = sizes.reduce((a, b) => a + b, 0);
    if (apart >= this.rows)
      throw new OptionError(`split: test and validation take ${apart} of ${this.rows} rows and leave none to train on`);
    const empty = strata?.counts.indexOf(0) ?? -1;
    if (empty >= 0)
      throw new ShapeError(
        `split: stratified: class ${shown(this.classes![empty])} has no rows, so no part can have its share; leave it out of classes`,
      );
    const parts = divide(this.rows, sizes, seed, strata).map((rows) => this.gather(rows));
    return { train: parts.at(-1)!, test: parts[0]!, ...(validation > 0 && { validation: parts[1]! }) };
  }

  /** For cross-validation: `count` pairs, one after the other, each made when it is asked for. Every row is in the `validation` of one of them and in
   *  the `train` of all others; parts are as equal as can be. Without `shuffle` each `validation` is a stretch of rows. Scalers are to be fitted on
   *  each `train` alone.
   *  @param count at least 2, at most as many as rows
   *  @throws {OptionError} another count; `stratified` without classes; {ShapeError} with `stratified` a class of fewer rows than `count`
   *  @example
   *  for (const { train, validation } of flowers.folds(5, { stratified: true, seed: 1 })) {
   *    const net = await network({ …, seed: 1 });
   *    await net.fit(train);
   *    losses.push(net.evaluate(validation).loss);
   *  } */
  folds(count: number, options: FoldOptions = {}): IterableIterator<Record<"train" | "validation", Dataset>> {
    checkHeld("folds", this);
    checkCount("folds: count", count, 2);
    checkOptions("folds", options, orderOptions);
    const { seed, strata } = this.order("folds", options);
    if (count > this.rows) throw new OptionError(`folds: count is ${count}, but there are ${this.rows} rows, expected at least one a fold`);
    const scarce = strata?.counts.findIndex((rows) => rows < count) ?? -1;
    if (scarce >= 0)
      throw new ShapeError(
        `folds: stratified: class ${shown(this.classes![scarce])} has ${strata!.counts[scarce]} rows, expected at least ${count}, one a fold`,
      );
    return this.pairs(count, deal(this.rows, count, seed, strata));
  }

  private *pairs(count: number, { order, foldOf }: Folds): IterableIterator<Record<"train" | "validation", Dataset>> {
    for (let fold = 0; fold < count; ++fold)
      yield {
        train: this.gather(order.filter((row) => foldOf[row] !== fold)),
        validation: this.gather(order.filter((row) => foldOf[row] === fold)),
      };
  }

  /** What splits and folds have in common. @returns no seed where rows stay in their order */
  private order(
    who: string,
    { stratified = false, shuffle = true, seed = 0 }: FoldOptions,
  ): { seed: number | undefined; strata: Strata | undefined } {
    checkBoolean(`${who}: stratified`, stratified);
    checkBoolean(`${who}: shuffle`, shuffle);
    checkSeed(who, seed);
    if (stratified && !this.classes)
      throw new OptionError(`${who}: stratified needs targets that are classes; the option classes of dataset makes them so`);
    if (stratified && !shuffle) throw new OptionError(`${who}: stratified needs shuffle, got shuffle false`);
    const strata = stratified ? { ids: this.targets, counts: countClasses(this.targets, this.classes!.length) } : undefined;
    return { seed: shuffle ? seed : undefined, strata };
  }

  /** Rows by number, in that order; numbers may repeat. */
  select(rows: ArrayLike<number>): Dataset {
    checkHeld("select", this);
    if (!isList(rows) || rows.length === 0) throw new ShapeError(`select: got ${shown(rows)}, expected an array of row numbers`);
    for (let i = 0; i < rows.length; ++i) checkCount(`select: row ${i}`, rows[i], 0, this.rows - 1);
    return this.gather(rows);
  }

  /** Rows [begin, end), without a copy. */
  slice(begin: number, end = this.rows): Dataset {
    checkHeld("slice", this);
    checkCount("slice: begin", begin, 0, this.rows - 1);
    checkCount("slice: end", end, begin + 1, this.rows);
    const { rows, inputs, targets, columns, sampleWeights } = this;
    const width = inputs.length / rows;
    return new Dataset({
      ...this,
      rows: end - begin,
      inputs: inputs.subarray(begin * width, end * width),
      targets: targets.subarray(begin * columns, end * columns),
      ...(sampleWeights && { sampleWeights: sampleWeights.subarray(begin, end) }),
    });
  }

  /** The first rows, without a copy. */
  take(count: number): Dataset {
    checkCount("take", count, 1, this.rows);
    return this.slice(0, count);
  }

  /** `size` rows at a time, without a copy; the last batch may have fewer. */
  *batches(size: number): IterableIterator<Dataset> {
    checkCount("batches: size", size);
    for (let begin = 0; begin < this.rows; begin += size) yield this.slice(begin, Math.min(this.rows, begin + size));
  }

  /** These rows, then the other's. @throws {ShapeError} other shapes, classes or features, or weights in one only */
  concat(other: Dataset): Dataset {
    if (!(other instanceof Dataset)) throw new ShapeError(`concat: got ${shown(other)}, expected a dataset`);
    checkHeld("concat", this);
    checkHeld("concat: the other", other);
    const [ours, theirs] = [schemaOf(this), schemaOf(other)];
    if (ours !== theirs) throw new ShapeError(`concat: the other has ${theirs}, expected ${ours}`);
    return new Dataset({
      ...this,
      rows: this.rows + other.rows,
      inputs: joined(this.inputs, other.inputs),
      targets: joined(this.targets, other.targets),
      ...(this.sampleWeights && { sampleWeights: joined(this.sampleWeights, other.sampleWeights!) }),
    });
  }

  /** Inputs, targets or both in the scale of scalers that were fitted on the training part. They stay with the result: `net.fit` makes them
   *  `net.scalers`, which are saved and loaded with the network.
   *  @throws {ShapeError} scalers of another width, or for class ids; {OptionError} what is scaled already */
  scale(scalers: Scalers): Dataset {
    checkHeld("scale", this);
    checkOptions("scale", scalers, ["inputs", "targets"]);
    if (scalers.targets && this.classes) throw new ShapeError("scale: targets are class ids, which have no scale");
    this.checkScaler("inputs", scalers.inputs);
    this.checkScaler("targets", scalers.targets);
    const { inputs = this.scalers?.inputs, targets = this.scalers?.targets } = scalers;
    return new Dataset({
      ...this,
      scalers: { ...(inputs && { inputs }), ...(targets && { targets }) },
      inputs: scalers.inputs?.transform(this.inputs) ?? this.inputs,
      targets: scalers.targets?.transform(this.targets) ?? this.targets,
    });
  }

  private checkScaler(what: "inputs" | "targets", scaler: Scaler | undefined): void {
    if (scaler === undefined) return;
    if (typeof scaler?.transform !== "function")
      throw new OptionError(`scale: ${what} is ${shown(scaler)}, expected a scaler, as standardize(train)`);
    if (this.scalers?.[what]) throw new OptionError(`scale: ${what} are scaled already (${this.scalers[what].type})`);
    const width = this[what].length / this.rows;
    if (scaler.columns !== width)
      throw new ShapeError(`scale: ${what} have ${width} columns, the ${scaler.type} scaler was fitted on ${scaler.columns}`);
  }

  private gather(rows: ArrayLike<number>): Dataset {
    const { inputs, targets, columns, sampleWeights } = this;
    return new Dataset({
      ...this,
      rows: rows.length,
      inputs: gather(inputs, inputs.length / this.rows, rows),
      targets: gather(targets, columns, rows),
      ...(sampleWeights && { sampleWeights: gather(sampleWeights, 1, rows) }),
    });
  }
}

/** A Float32Array of inputs is not copied: its buffer may have been transferred since. @throws {ShapeError} */
export function checkHeld(who: string, { inputs, targets }: Pick<Parts, "inputs" | "targets">): void {
  for (const [name, values] of Object.entries({ inputs, targets }))
    if (!isList(values)) throw new ShapeError(`${who}: the dataset's ${name} are ${shown(values)}`);
}

const like = <T extends Values>(values: T, length: number) => new (values.constructor as new (length: number) => T)(length);

/** Copies rows of `width` elements. */
function gather<T extends Values>(from: T, width: number, rows: ArrayLike<number>): T {
  const to = like(from, rows.length * width);
  for (let r = 0; r < rows.length; ++r) {
    const at = rows[r]! * width;
    if (width === 1) to[r] = from[at]!;
    else to.set(from.subarray(at, at + width), r * width);
  }
  return to;
}

function joined<T extends Values>(a: T, b: T): T {
  const to = like(a, a.length + b.length);
  to.set(a);
  to.set(b, a.length);
  return to;
}

type Source = Batch | Iterable<Sample | Batch>;

function isIterable(given: unknown): given is Iterable<Sample | Batch> {
  return given !== null && typeof given === "object" && !ArrayBuffer.isView(given) && Symbol.iterator in given;
}

function fromSource(source: Source, options: DatasetOptions = {}): Dataset {
  check("dataset", options);
  if (isIterable(source)) {
    const all = collector("dataset", options);
    for (const item of source) all.add(item);
    return new Dataset(all.done());
  }
  if (source === null || typeof source !== "object" || !("inputs" in source) || !("targets" in source))
    throw new ShapeError(
      `dataset: got ${shown(source)}, expected { inputs, targets } or an iterable of samples; dataset.from takes async iterables`,
    );
  return new Dataset(fromColumns("dataset", source, options));
}

async function from(source: AsyncIterable<Sample | Batch> | Iterable<Sample | Batch>, options: DatasetOptions = {}): Promise<Dataset> {
  check("dataset.from", options);
  if (!isIterable(source) && !(source !== null && typeof source === "object" && Symbol.asyncIterator in source))
    throw new ShapeError(
      `dataset.from: got ${shown(source)}, expected an iterable or async iterable of { input, target } or { inputs, targets }`,
    );
  const all = collector("dataset.from", options);
  for await (const item of source) all.add(item);
  return new Dataset(all.done());
}

function check(who: string, options: DatasetOptions): void {
  checkOptions(who, options, ["input", "classes", "features"]);
  checkDataset(who, options);
}

/** A dataset from columns, `{ inputs, targets }`, or from an iterable of samples `{ input, target }` or batches `{ inputs, targets }`.
 *  Inputs are rows of numbers; targets are values or class labels, see `Classes`. A Float32Array of inputs is not copied. Where rows count
 *  differently they have weights: `sampleWeights` of columns and batches, `sampleWeight` of a sample, which stay with them in all parts.
 *  For networks of several inputs or outputs there is none: `fit` and the like take `{ inputs: { left, right }, targets: { one, two } }` as it is.
 *  Datasets, alone, as `{ ...data, sampleWeights }` or one after another, keep their shapes, classes, features, weights and scalers, which must
 *  agree; options go before these.
 *
 *  `await dataset.from(source)` also takes async iterables, and collects all of them in memory (twice their size at the end).
 *  `dataset.stream(open)` holds nothing: `fit` reads it anew in every epoch.
 *  @example
 *  const flowers = dataset({ inputs: [[5.1, 3.5], [6.2, 2.9]], targets: ["setosa", "versicolor"] });
 *  const { train, test } = flowers.split({ test: 0.5, seed: 1 });
 *  await net.fit(train);
 *  @throws {ShapeError} ragged, empty or non-finite data, labels that are none; {OptionError} an option out of range */
export const dataset: typeof fromSource & { readonly from: typeof from; readonly stream: typeof stream } = /* @__PURE__ */ Object.assign(
  fromSource,
  { from, stream },
);
