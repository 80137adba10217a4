// What the bench's sections write on: each line is measured in WebAssembly and in plain JavaScript and printed, every figure is kept for
// `--json`.
import type { Figure } from "./measure.js";
import type { How } from "./networks.js";
import { type Layout, table } from "./page.js";
import type { Progress } from "./progress.js";
import { type Measurement, record } from "./record.js";

type Fields = Pick<Measurement, "bench" | "case" | "form" | "unit">;
type Run = (how: How) => Figure | Promise<Figure>;

interface Extras {
  /** The text of the table's extra column. */
  readonly extra?: (wasm: Figure) => string;
  /** A figure as a share of the limit of its moment, once it is measured. */
  readonly ofLimit?: (figure: Figure) => number;
}

/** Those of one arithmetic, and a start, which is over before it matters. */
const ALIKE: readonly Measurement["bench"][] = ["kernel", "dispatch", "start"];

export class Sheet {
  readonly records: Measurement[] = [];
  /** Some figure on the page had too few quiet samples. */
  disturbed = false;
  private table = table("");
  private isEmpty = true;

  constructor(
    private readonly wasm: How,
    readonly progress: Progress,
  ) {}

  /** What follows are lines of this table; without any it is not printed. */
  begin(title: string, layout?: Layout): void {
    this.table = table(title, layout);
    this.isEmpty = true;
  }

  private async measured(how: How, fields: Fields, run: Run, { ofLimit }: Extras): Promise<Figure> {
    this.progress.at(`${fields.case} ${how.backend} ${how.arithmetic}`);
    const figure = await run(how);
    this.records.push(record({ ...fields, ...how, ...(ofLimit && { ofLimit: ofLimit(figure) }) }, figure));
    return figure;
  }

  /** Measures WebAssembly and plain JavaScript, of which the faster counts. */
  async line(name: string, fields: Fields, run: Run, extras: Extras = {}): Promise<void> {
    const wasm = await this.measured(this.wasm, fields, run, extras);
    const arithmetics = ALIKE.includes(fields.bench) ? (["strict"] as const) : (["strict", "relaxed"] as const);
    const js: Figure[] = [];
    for (const arithmetic of arithmetics) js.push(await this.measured({ backend: "js", arithmetic }, fields, run, extras));
    const smaller = ["ns", "µs", "ms"].includes(fields.unit);
    const [fastest] = js.sort((x, y) => (smaller ? x.median - y.median : y.median - x.median));
    if (this.isEmpty) this.progress.print(this.table.heading());
    this.isEmpty = false;
    // An indented one is a part of that above it.
    this.progress.print(this.table.row({ name, wasm, js: fastest!, extra: extras.extra?.(wasm) }), !name.startsWith(" "));
    this.disturbed ||= wasm.disturbed === true || fastest!.disturbed === true;
  }
}
