// A stream's rows for `fit`: read in order, checked, drawn through the shuffle buffer, a chunk of steps at a time.
import type { Ports } from "../data/data.js";
import { checkAlike, type Meaning, type OnMeaning } from "../data/meaning.js";
import { noRows, samplesOf, wrongRows } from "../data/reading.js";
import { emptySamples, putRow, type Samples } from "../data/samples.js";
import type { DataStream } from "../data/stream.js";
import { OptionError } from "../errors.js";
import { Stream, uniform } from "../random.js";

/** Said before anything is read: to count its rows may take as long as an epoch.
 *  @throws {OptionError} where `fit` is to shuffle what comes in its own order, or the reverse */
export function checkOrder({ shuffleBuffer }: DataStream, shuffle: boolean): void {
  const shuffles = shuffleBuffer > 1;
  if (shuffle === shuffles) return;
  throw new OptionError(
    shuffles
      ? "fit: shuffle is false, but the stream has a shuffleBuffer; leave out one of them"
      : "fit: a stream with a shuffleBuffer below 2 comes in its own order; set shuffle: false, or dataset.stream(open, { shuffleBuffer: 10000 })",
  );
}

export class StreamRows {
  private reading: ReturnType<typeof samplesOf> | undefined;
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
    readonly meaning: Meaning,
  ) {
    if (stream.shuffleBuffer > 1) this.buffer = emptySamples(form, Math.min(stream.shuffleBuffer, rows));
  }

  /** Reads the first item; and all, where nothing says how many rows there are.
   *  @param check throws if what the first item says is not for the network
   *  @throws {ShapeError} data that does not fit the network, or none */
  static async open(stream: DataStream, ports: Ports, check: OnMeaning, seed: number): Promise<StreamRows> {
    let form: Samples | undefined;
    let meaning: Meaning | undefined;
    let rows = 0;
    const hear = (who: string, said: Meaning) => {
      check(who, said);
      meaning = said;
    };
    for await (const item of samplesOf("fit", stream, ports, hear)) {
      form ??= emptySamples(item, 0);
      rows += item.rows;
      if (stream.rows !== undefined) break;
    }
    if (!form || !meaning) throw noRows("fit");
    return new StreamRows(stream, ports, seed, form, stream.rows ?? rows, meaning);
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
    this.reading = samplesOf("fit", this.stream, this.ports, (who, said) => checkAlike(who, said, this.meaning));
    this.read = this.given = this.held = 0;
  }

  private get spent(): boolean {
    return !this.item || this.at === this.item.rows;
  }

  private async refill(): Promise<void> {
    this.item = await this.nextItem();
    this.at = 0;
    if (!this.item) throw this.read === 0 ? noRows("fit", true) : wrongRows("fit", this.stream, `${this.read} rows`, this.rows);
  }

  private async nextItem(): Promise<Samples | undefined> {
    const { done, value } = await this.reading!.next();
    return done ? undefined : (value as Samples);
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
    if (!this.spent || (await this.nextItem())) throw wrongRows("fit", this.stream, `more than ${this.rows} rows`, this.rows);
    await this.close();
  }

  async close(): Promise<void> {
    const { reading } = this;
    this.reading = this.item = undefined;
    this.epoch = -1;
    await reading?.return();
  }
}
