// A stream's rows for `fit`: read in order, checked, drawn through the shuffle buffer, a chunk of steps at a time.
import { shown } from "./checks.js";
import { emptySamples, type Ports, putRow, type Samples, toSamples } from "./data.js";
import type { DataStream, StreamItem } from "./dataset/stream.js";
import { ShapeError } from "./errors.js";
import { Stream, uniform } from "./random.js";

/** One pass over the source: its items, checked. */
class Reading {
  private readonly iterator: Iterator<StreamItem> | AsyncIterator<StreamItem>;
  private items = 0;
  private first: Samples | undefined;

  constructor(
    { open }: DataStream,
    private readonly ports: Ports,
  ) {
    const source = open() as Partial<Iterable<StreamItem> & AsyncIterable<StreamItem>> | null;
    const iterator = source?.[Symbol.asyncIterator]?.() ?? source?.[Symbol.iterator]?.();
    if (!iterator) throw new ShapeError(`dataset.stream: open returned ${shown(source)}, expected an iterable or async iterable`);
    this.iterator = iterator;
  }

  /** @throws {ShapeError} an item that does not fit the network, or has weights where the first had none */
  async next(): Promise<Samples | undefined> {
    const { done, value } = await this.iterator.next();
    if (done) return undefined;
    const who = `fit: item ${this.items++} of the stream`;
    const samples = toSamples(who, toBatch(value), this.ports, { part: true });
    this.first ??= samples;
    const weighted = ({ weighing }: Samples) => weighing.map((of) => of !== undefined).join();
    if (weighted(samples) !== weighted(this.first))
      throw new ShapeError(`${who}: sampleWeights, expected in all items alike, as in item 0, or in none`);
    return samples;
  }

  async close(): Promise<void> {
    await this.iterator.return?.();
  }
}

function toBatch(item: StreamItem) {
  if (item === null || typeof item !== "object" || !("input" in item && "target" in item)) return item as never;
  const { input, target } = item;
  return { inputs: [typeof input === "number" ? [input] : input], targets: [target] } as never;
}

export class Feed {
  private reading: Reading | undefined;
  /** Of the rows read the item in use, and its next row. */
  private item: Samples | undefined;
  private at = 0;
  /** Rows of this epoch that were read, and that were given out. */
  private read = 0;
  private given = 0;
  private epoch = -1;
  /** The shuffle buffer, and how many rows it holds. */
  private readonly buffer: Samples | undefined;
  private held = 0;

  private constructor(
    private readonly stream: DataStream,
    private readonly ports: Ports,
    private readonly seed: number,
    /** What rows look like. */
    readonly form: Samples,
    /** of an epoch */
    readonly rows: number,
  ) {
    if (stream.shuffleBuffer > 1) this.buffer = emptySamples(form, Math.min(stream.shuffleBuffer, rows));
  }

  /** Reads the first item; and all, where nothing says how many rows there are.
   *  @throws {ShapeError} data that does not fit the network, or none */
  static async open(stream: DataStream, ports: Ports, seed: number): Promise<Feed> {
    const reading = new Reading(stream, ports);
    try {
      const form = await reading.next();
      if (!form) throw new ShapeError("fit: the stream has no rows");
      let { rows } = form;
      if (stream.rows === undefined) for (let item = await reading.next(); item; item = await reading.next()) rows += item.rows;
      return new Feed(stream, ports, seed, emptySamples(form, 0), stream.rows ?? rows);
    } finally {
      await reading.close();
    }
  }

  /** Whether rows come in a random order; and the rows that are drawn from, if they do. */
  get shuffles(): boolean {
    return this.buffer !== undefined;
  }

  get shuffleBuffer(): number | undefined {
    return this.buffer?.rows;
  }

  /** Rows of that epoch that were given out. */
  position(epoch: number): number {
    return epoch === this.epoch ? this.given : 0;
  }

  /** The next `count` rows of an epoch; another epoch than before begins at its first row.
   *  @param epoch since the network's first: the order of a shuffled stream follows from it
   *  @throws {ShapeError} if this reading has fewer rows or more than the one before */
  async take(epoch: number, count: number): Promise<Samples> {
    if (epoch !== this.epoch) await this.begin(epoch);
    const out = emptySamples(this.form, count);
    for (let i = 0; i < count; ++i, ++this.given) {
      if (this.buffer) {
        while (this.held < this.buffer.rows && this.read < this.rows) {
          if (this.spent) await this.refill();
          this.put(this.buffer, this.held++);
        }
        this.draw(out, i, this.buffer);
        continue;
      }
      if (this.spent) await this.refill();
      this.put(out, i);
    }
    if (this.given === this.rows) await this.end();
    return out;
  }

  private async begin(epoch: number): Promise<void> {
    await this.close();
    this.epoch = epoch;
    this.reading = new Reading(this.stream, this.ports);
    this.read = this.given = this.held = 0;
  }

  private get spent(): boolean {
    return !this.item || this.at === this.item.rows;
  }

  private async refill(): Promise<void> {
    this.item = await this.reading!.next();
    this.at = 0;
    if (!this.item) this.refuse(`${this.read} rows`);
  }

  /** Writes the source's next row. */
  private put(to: Samples, row: number): void {
    putRow(to, row, this.item!, this.at++, this.read++);
  }

  /** Writes a random row of the buffer; the last one moves to its place. */
  private draw(out: Samples, to: number, buffer: Samples): void {
    const drawn = Math.floor(uniform(this.seed, Stream.Shuffle, this.epoch, this.given) * this.held);
    putRow(out, to, buffer, drawn);
    this.held -= 1;
    if (drawn < this.held) putRow(buffer, drawn, buffer, this.held);
  }

  /** All rows were given out: there must be no more. */
  private async end(): Promise<void> {
    const more = !this.spent || (await this.reading!.next());
    if (more) this.refuse(`more than ${this.rows} rows`);
    await this.close();
  }

  private refuse(got: string): never {
    const { rows, stream } = this;
    throw new ShapeError(
      `fit: the stream gave ${got}, expected ${rows}, ${stream.rows === undefined ? "as when it was read before" : "the option rows"}`,
    );
  }

  async close(): Promise<void> {
    const { reading } = this;
    this.reading = this.item = undefined;
    this.epoch = -1;
    await reading?.close();
  }
}
