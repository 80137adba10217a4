// Data that is read anew for every epoch instead of being held in memory, as `fit`, its validation, `evaluate` and `predict` take it.
import { checkCount, checkFunction, checkOptions } from "../checks.js";
import type { Label } from "./classes.js";
import type { Data } from "./data.js";
import type { Sample } from "./items.js";

/** One, or of several inputs or outputs each by its name. */
type Named<T> = T | Readonly<Record<string, T>>;

interface StreamSample {
  readonly input: Named<Sample["input"]>;
  readonly target: Named<Exclude<Sample["target"], Label> | number>;
  readonly sampleWeight?: Named<number> | undefined;
}

/** Rows as they come: one, or many at once; with several inputs or outputs by their names, as `fit` takes them. */
export type StreamItem = Data | StreamSample;

/** What `predict` reads of an item: targets, if there are any, do not count. */
export type InputItem = Pick<Data, "inputs"> | Pick<StreamSample, "input">;

export interface StreamOptions {
  /** Rows among which the next one is drawn, so many in memory; default 0: rows come in the source's order, and `fit` wants
   *  `shuffle: false`. A buffer of all rows shuffles them all. */
  readonly shuffleBuffer?: number | undefined;
  /** Rows of one reading; default: they are counted, by reading the source once more before training begins. */
  readonly rows?: number | undefined;
}

/** Made by `dataset.stream()`. */
export interface DataStream<Item extends InputItem = StreamItem> {
  readonly type: "stream";
  /** Begins a reading of all items. */
  open(): Iterable<Item> | AsyncIterable<Item>;
  /** rows among which the next one is drawn; 0: they come in order */
  readonly shuffleBuffer: number;
  /** of one reading; undefined: they are counted first */
  readonly rows: number | undefined;
}

/** Data larger than memory: `open` is called for every epoch and gives the same rows, in the same order, each time. Targets are values or
 *  class ids; items that are datasets bring the names of their classes and their scalers, all the same ones. In memory are one item, the rows of
 *  one chunk of steps (16 MiB at most) and the shuffle buffer.
 *
 *  `fit` with `shuffle: false` ends with the same bits as with the same rows in arrays, and so do `evaluate` and validation, which read in
 *  the source's order. `predict` reads items without targets too. What can be read once only, as a response's body, is collected:
 *  `await dataset.from(source)`.
 *  @example
 *  const rows = dataset.stream(async function* () {
 *    for (const file of files) yield parse(await readFile(file)); // { inputs, targets }
 *  }, { shuffleBuffer: 10_000 });
 *  await net.fit(rows, { epochs: 10 });
 *  @throws {OptionError} an option out of range; what is wrong with the data `fit` says when it reads it */
export function stream<Item extends InputItem = StreamItem>(open: DataStream<Item>["open"], options: StreamOptions = {}): DataStream<Item> {
  checkFunction("dataset.stream: open", open);
  checkOptions("dataset.stream", options, ["shuffleBuffer", "rows"]);
  const { shuffleBuffer = 0, rows } = options;
  checkCount("dataset.stream: shuffleBuffer", shuffleBuffer, 0);
  if (rows !== undefined) checkCount("dataset.stream: rows", rows);
  return { type: "stream", open, shuffleBuffer, rows };
}

export function isStream(given: unknown): given is DataStream {
  return given !== null && typeof given === "object" && (given as Partial<DataStream>).type === "stream" && "open" in given;
}
