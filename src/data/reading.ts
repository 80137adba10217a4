// One pass over a stream: its items, checked, and what evaluation and prediction make of them. The rows of training steps are in streamRows.ts.
import { isRecord, shown } from "../checks.js";
import { ShapeError } from "../errors.js";
import { checkData, type Data, type Ports, type SampleWeights, toInputs, toSamples } from "./data.js";
import { labelledBatch, notAlike, toBatch } from "./items.js";
import { checkAlike, inputsAlone, type Meaning, meaningOf, type OnMeaning } from "./meaning.js";
import { emptySamples, putRow, type Samples, weightedOutputs } from "./samples.js";
import type { DataStream, InputItem, StreamItem } from "./stream.js";
import { nothingCounts } from "./weighting.js";

/** The source's items; it is closed when they are left early. */
async function* itemsOf<Item>({ open }: { open(): Iterable<Item> | AsyncIterable<Item> }): AsyncGenerator<Item, void> {
  for await (const item of checked(open())) yield item;
}

function checked<Source>(source: Source): Source {
  const given = source as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null;
  if (!given?.[Symbol.asyncIterator] && !given?.[Symbol.iterator])
    throw new ShapeError(`dataset.stream: open returned ${shown(source)}, expected an iterable or async iterable`);
  return source;
}

/** Whether it is what a signal throws where its stream was waited for, or a source that heeds it itself. */
export function isStop(error: unknown, signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true && error === signal.reason;
}

/** Milliseconds in which a source can be closed well, and say if it cannot, when the signal does not let it take longer. */
const CLOSING = 1000;

/** The stream for one who waits for its items as long as the signal lets, whose reason is thrown then; for its end a moment longer. */
export function until(signal: AbortSignal | undefined, stream: DataStream): DataStream {
  if (!signal) return stream;
  const open = () => {
    const source = checked(stream.open()) as Iterable<StreamItem> & AsyncIterable<StreamItem>;
    return { [Symbol.asyncIterator]: () => waiting(signal, source[Symbol.asyncIterator]?.() ?? source[Symbol.iterator]()) };
  };
  return { ...stream, open };
}

function waiting<Item>(signal: AbortSignal, items: AsyncIterator<Item> | Iterator<Item>): AsyncIterator<Item> {
  // As in `for await`: what an iterator that is not async gives may be promises.
  const answer = async () => {
    const { done, value } = await items.next();
    return { done, value: await value } as IteratorResult<Item>;
  };
  const close = async () => (await items.return?.()) ?? { done: true as const, value: undefined };
  const next = () =>
    new Promise<IteratorResult<Item>>((resolve, reject) => {
      const stop = () => {
        reject(signal.reason);
        // Not waited for: it may never answer.
        close().catch(() => {});
      };
      if (signal.aborted) return stop();
      signal.addEventListener("abort", stop, { once: true });
      answer()
        .finally(() => signal.removeEventListener("abort", stop))
        .then(resolve, reject);
    });
  const end = () =>
    new Promise<IteratorResult<Item>>((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const stop = () => {
        timer = setTimeout(() => resolve({ done: true, value: undefined }), CLOSING);
      };
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop, { once: true });
      close()
        .finally(() => {
          clearTimeout(timer);
          signal.removeEventListener("abort", stop);
        })
        .then(resolve, reject);
    });
  return { next, return: end };
}

/** @param who names the reader in messages, as "fit" @param hear before the first item is given out
 *  @throws {ShapeError} an item that does not fit the network, has weights where the first had none, or other classes or another scale;
 *    {OptionError} after the last one, if weights let none count */
export async function* samplesOf(who: string, stream: DataStream, ports: Ports, hear: OnMeaning): AsyncGenerator<Samples, void> {
  let first: (Meaning & { readonly weighted: string }) | undefined;
  /** Whose weights there are, and whether one is above 0: a part's may all be 0. */
  const counting = new Map<string, boolean>();
  let items = 0;
  for await (const item of itemsOf(stream)) {
    const name = `${who}: item ${items++} of the stream`;
    const batch: unknown = labelledBatch(name, item);
    checkData(name, batch);
    const samples = toSamples(name, batch, ports, { part: true });
    const weighted = weightedOutputs(samples).join();
    const said = meaningOf(name, batch);
    if (first) checkAlike(name, said, first);
    else hear(name, said);
    first ??= { ...said, weighted };
    if (weighted !== first.weighted) throw notAlike(name, "sampleWeights");
    for (const [name, weights] of namedWeights(batch))
      counting.set(name, counting.get(name) || Array.prototype.some.call(weights, (weight) => weight > 0));
    yield samples;
  }
  for (const [name, counts] of counting) if (!counts) throw nothingCounts(`${who}: ${name} of the stream`);
}

function namedWeights({ sampleWeights }: Data): readonly (readonly [string, SampleWeights])[] {
  if (sampleWeights === undefined) return [];
  if (!isRecord(sampleWeights)) return [["sampleWeights", sampleWeights as SampleWeights]];
  return Object.entries(sampleWeights).map(([output, weights]) => [`sampleWeights.${output}`, weights]);
}

/** Each item's inputs, whether it has targets or none. @param hear as in `samplesOf`
 *  @throws {ShapeError} an item that does not fit the network, or whose inputs have another scale than those before */
export async function* inputsOf(who: string, stream: DataStream<InputItem>, ports: Ports, hear: OnMeaning): AsyncGenerator<Samples, void> {
  let first: Meaning | undefined;
  let items = 0;
  for await (const item of itemsOf(stream)) {
    const name = `${who}: item ${items++} of the stream`;
    const batch = toBatch(item);
    if (batch === null || typeof batch !== "object" || !("inputs" in batch))
      throw new ShapeError(`${name}: got ${shown(item)}, expected { inputs } or { input }`);
    const samples = toInputs(`${name}: inputs`, batch.inputs as Data["inputs"], ports.inputs);
    const said = meaningOf(name, batch);
    if (first) checkAlike(name, said, first, inputsAlone);
    else hear(name, said);
    first ??= said;
    yield samples;
  }
}

/** All rows in the source's order, `size` at a time; the last slice may have fewer.
 *  @throws {ShapeError} no rows, or not as many as the stream says */
export async function* slicesOf(
  who: string,
  stream: DataStream,
  ports: Ports,
  hear: OnMeaning,
  size: number,
): AsyncGenerator<Samples, void> {
  let [rows, held] = [0, 0];
  let slice: Samples | undefined;
  for await (const item of samplesOf(who, stream, ports, hear))
    for (let row = 0; row < item.rows; ++row) {
      slice ??= emptySamples(item, size);
      putRow(slice, held++, item, row, rows++);
      if (rows > (stream.rows ?? rows)) throw wrongRows(who, stream, `more than ${stream.rows} rows`);
      if (held === size) {
        yield slice;
        slice = undefined;
        held = 0;
      }
    }
  if (rows === 0) throw noRows(who);
  if (rows < (stream.rows ?? rows)) throw wrongRows(who, stream, `${rows} rows`);
  if (slice) yield { ...slice, rows: held };
}

/** @param again it had some when it was read before: most often an iterator that can be read once only */
export const noRows = (who: string, again = false) =>
  new ShapeError(
    `${who}: the stream has no rows${again ? " when it is read again" : ""}; its open is called for each reading, and begins a new one${again ? "; dataset.from collects what can be read once only" : ""}`,
  );

/** @param expected the rows of the reading before; default: the stream's own */
export function wrongRows(who: string, stream: DataStream, got: string, expected = stream.rows): ShapeError {
  const source = stream.rows === undefined ? "as when it was read before" : "the option rows";
  return new ShapeError(`${who}: the stream gave ${got}, expected ${expected}, ${source}`);
}

/** What a stream's first item says, and who that is in messages. */
export interface First {
  readonly meaning: Meaning;
  readonly who: string;
}

/** Reads the first item, and does so once more, to find now what would be found after an epoch: that it does not fit, or can be read once only.
 *  @throws {ShapeError} no rows, or what does not fit the network */
export async function tryStream(who: string, stream: DataStream, ports: Ports, hear: OnMeaning): Promise<First> {
  let first: First | undefined;
  const listen: OnMeaning = (who, said) => {
    if (first) return checkAlike(who, said, first.meaning);
    hear(who, said);
    first = { meaning: said, who };
  };
  for (const again of [false, true]) {
    const reading = samplesOf(who, stream, ports, listen);
    try {
      if ((await reading.next()).done) throw noRows(who, again);
    } finally {
      await reading.return();
    }
  }
  return first!;
}
