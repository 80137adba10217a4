// A run for people: loss and metrics by epoch as a table of at most 80 columns, of a long run evenly spaced epochs.
import type { Epoch, EpochLog, History } from "../training/history.js";
import { VALIDATION } from "../training/reported.js";
import { commas, cut, figure, WIDTH, wrapped } from "./wrap.js";

/** Of so many epochs all have a line; of more every second, fifth, tenth … */
const ALL = 20;
const DIGITS = 4;
const endings = { signal: ", ended by the signal", callback: ", ended by a callback" };

/** @param first the run's epoch with which the log begins, from 1 on */
export function historyText(log: EpochLog, stopped: History["stopped"], first: number): string {
  const { length, seconds } = log;
  const head = `${length} ${length === 1 ? "epoch" : "epochs"} in ${figure(seconds, 3)} s${stopped ? endings[stopped] : ""}`;
  if (length === 0) return head;
  const last = first + length - 1;
  const step = stepOf(length);
  const numbers = Array.from({ length }, (_, i) => first + i).filter((n) => n === first || n === last || n % step === 0);
  const epochs = numbers.map((n) => log.at(n - first));
  const columns = columnsOf(epochs);
  const table = [["epoch", ...numbers.map(String)], ...columns.map(({ name, values }) => [cut(name, 30), ...aligned(values)])];
  const widths = table.map((cells) => Math.max(...cells.map((cell) => cell.length)));
  let fit = 0;
  for (let used = -2; fit < table.length && used + 2 + widths[fit]! <= WIDTH; ++fit) used += 2 + widths[fit]!;
  const lines = table[0]!.map((_, r) =>
    widths
      .slice(0, fit)
      .map((width, c) => table[c]![r]!.padStart(width))
      .join("  ")
      .trimEnd(),
  );
  const left = columns.slice(fit - 1).map(({ name }) => name);
  const lowest = log.lowest().map(({ name, value, index }) => `lowest ${name} ${figure(value, DIGITS)} in epoch ${first + index}`);
  return [
    head,
    ...lines,
    ...(left.length > 0 ? [wrapped("not shown:", commas(left), 2)] : []),
    wrapped(
      "",
      commas(lowest).flatMap((text) => text.split(" ")),
    ),
  ].join("\n");
}

/** 1, 2, 5, 10, 20, 50 …: the least that leaves a good dozen of lines. */
function stepOf(length: number): number {
  if (length <= ALL) return 1;
  for (let power = 1; ; power *= 10) for (const step of [1, 2, 5]) if (length <= 15 * step * power) return step * power;
}

/** Under the names that `logTo` and callbacks have for them; validation's beside those of training, from which it parts where a network overfits. */
function columnsOf(epochs: readonly Epoch[]): { readonly name: string; readonly values: readonly (number | undefined)[] }[] {
  const metrics = Object.keys(epochs[0]!.metrics);
  const validated = epochs.some(({ validation }) => validation);
  const both = (name: string, of: (numbers: Pick<Epoch, "loss" | "metrics">) => number | undefined) => [
    { name, values: epochs.map(of) },
    ...(validated
      ? [{ name: `${VALIDATION}${name}`, values: epochs.map(({ validation }) => (validation ? of(validation) : undefined)) }]
      : []),
  ];
  return [...both("loss", ({ loss }) => loss), ...metrics.flatMap((name) => both(name, ({ metrics }) => metrics[name]))];
}

/** With their points one below the other. */
function aligned(values: readonly (number | undefined)[]): string[] {
  const cells = values.map((value) => (value === undefined ? "-" : figure(value, DIGITS)));
  const behind = cells.map((cell) => (cell.includes(".") ? cell.length - cell.indexOf(".") : 0));
  const most = Math.max(...behind);
  return cells.map((cell, i) => cell + " ".repeat(most - behind[i]!));
}
