// The tables: one for each network, 80 columns; what a library does otherwise stands below, by number.
import { wrapped } from "../../src/inspect/wrap.js";
import { median } from "../median.js";
import { digits } from "../page.js";
import { nameOf, type Workload } from "../workloads.js";
import type { Bar } from "./bars.js";

export interface Line {
  readonly peer: string;
  readonly version?: string;
  /** Samples a second, by round; empty if there are none. */
  readonly rates: readonly number[];
  /** |its loss - ours| as a share of how far ours fell, after the same steps from the same weights. */
  readonly lossOff?: number;
  /** What it does otherwise, or why it does nothing. */
  readonly notes: readonly string[];
}

/** Largest share for which losses count as equal. Float32 against float64, and sums in other orders, move a gradient by some 1e-7 of the
 *  terms it is a sum of; Adam divides by its size, so elements near 0 take steps of another size: 1e-4 was seen. A wrong rate, loss or
 *  order of rows gives 1e-2 and more. */
const SAME_LOSS = 1e-3;

/** What a library does otherwise than asked, in words. */
export function differences(asked: Workload, done: Workload): string[] {
  const notes: string[] = [];
  if (done.batch !== asked.batch) notes.push("an update after each row");
  if (done.hidden !== asked.hidden) notes.push(`${done.hidden} for ${asked.hidden}`);
  if (done.output !== asked.output) notes.push(`${done.output} outputs`);
  if (done.loss !== asked.loss) notes.push(done.loss);
  if (done.optimizer !== asked.optimizer) notes.push(`${done.optimizer} for ${asked.optimizer}`);
  return notes;
}

/** How many times as fast one line is as another, the median over rounds of the ratios within a round; undefined if one did not run. */
export function ratioOf(fast: Line, slow: Line): number | undefined {
  if (fast.rates.length === 0 || slow.rates.length === 0) return undefined;
  return median(slow.rates.map((rate, round) => fast.rates[round]! / rate));
}

/** The first line is ours, to which the ratios are. */
export function table(workload: Workload, lines: readonly Line[]): string {
  const { hidden, loss, optimizer } = workload;
  const notes = [...new Set(lines.map((line) => line.notes.join("; ")).filter((note) => note !== ""))];
  const cells = (name: string, numbers: readonly string[], note: string) =>
    `${name.padEnd(31)}${numbers.map((text) => text.padStart(9)).join("")}${note.padStart(4)}`.trimEnd();
  const rows = lines.map((line) => {
    const { peer, version, rates, lossOff, notes: own } = line;
    const number = notes.indexOf(own.join("; ")) + 1;
    const ratio = ratioOf(lines[0]!, line);
    const figures = rates.length > 0 ? [Math.min(...rates), median(rates), Math.max(...rates)].map(digits) : ["-", "-", "-"];
    const off = lossOff === undefined ? "-" : lossOff <= SAME_LOSS ? lossOff.toExponential(0) : `${lossOff.toExponential(0)} !`;
    return cells(
      version ? `${peer} (${version})` : peer,
      [...figures, ratio ? `${digits(ratio)}x` : "-", off],
      number ? `[${number}]` : "",
    );
  });
  return [
    "",
    `${nameOf(workload)}: ${hidden}, ${loss}, ${optimizer}; samples/s`,
    cells("", ["min", "median", "max", "ratio", "loss off"], ""),
    ...rows,
    ...notes.map((note, i) => wrapped(`  [${i + 1}]`, note.split(" "), 6)),
  ].join("\n");
}

/** One line for a bar, or nothing where `by` or none of the bar's lines ran. */
export function verdict({ over, lines: names, times }: Bar, lines: readonly Line[], by: string): string | undefined {
  const ours = lines.find(({ peer }) => peer === by);
  if (!ours) return undefined;
  const ratios = lines
    .filter(({ peer }) => names.includes(peer))
    .map((line) => ({ peer: line.peer, ratio: ratioOf(ours, line) ?? Infinity }));
  const least = ratios.reduce((a, b) => (a.ratio <= b.ratio ? a : b), { peer: "", ratio: Infinity });
  if (least.ratio === Infinity) return undefined;
  const word = least.ratio >= times ? "reached" : "NOT reached";
  return wrapped(`  ${by}:`, `${times}x over ${over} ${word}, ${digits(least.ratio)}x over ${least.peer}`.split(" "), 4);
}
