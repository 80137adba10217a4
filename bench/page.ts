// The page: tables that fit 80 columns. WebAssembly with its spread, plain JavaScript's median beside it, and how many times faster.
import type { Feature, Features } from "../src/features.js";
import { wrapped } from "../src/inspect/wrap.js";
import type { Figure } from "./measure.js";

export interface Line {
  readonly name: string;
  readonly wasm: Figure;
  readonly js: Figure;
  /** Columns between the two, as the heading names them. */
  readonly extra?: string;
}

export interface Layout {
  /** Heading of the lines' extra column, if they have one. */
  readonly extra?: string;
  readonly smallerIsBetter?: boolean;
}

/** A table's functions. Its columns are as wide as they are whatever is in them: lines are printed when they are known. */
export function table(
  title: string,
  { extra, smallerIsBetter = false }: Layout = {},
): {
  readonly heading: () => string;
  readonly row: (line: Line) => string;
} {
  const [width, number] = extra ? [28, 8] : [43, 7];
  const cells = (name: string, ...numbers: readonly string[]) => name.padEnd(width) + numbers.map((text) => text.padStart(number)).join("");
  const column = (text = "") => (extra ? [text.padStart(12)] : []);
  return {
    heading: () => `\n${cells(title, "min", "wasm", "max", ...column(extra), "js", "ratio")}`,
    row: ({ name, wasm, js, extra: text }) => {
      const ratio = smallerIsBetter ? js.median / wasm.median : wasm.median / js.median;
      return cells(name, digits(wasm.min), shownMedian(wasm), digits(wasm.max), ...column(text), shownMedian(js), `${digits(ratio)}x`);
    },
  };
}

/** With a mark if it is disturbed. */
export function shownMedian({ median, disturbed }: Figure): string {
  return `${disturbed ? "~" : ""}${digits(median)}`;
}

/** Three digits and a unit prefix: 53.1, 1.70M. */
export function digits(value: number): string {
  if (value >= 999.5e3) return `${digits(value / 1e6)}M`;
  if (value >= 999.5) return `${digits(value / 1e3)}k`;
  return value >= 99.95 ? value.toFixed(0) : value.toFixed(value >= 9.995 ? 1 : 2);
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

/** What runs this process. Bun and Deno name a Node that they stand in for, too, and Bun a V8 that it has not. */
export function engineName({ bun, deno, node, v8 }: NodeJS.ProcessVersions = process.versions): string {
  if (bun) return `Bun ${bun}, JavaScriptCore`;
  return `${deno ? `Deno ${deno}` : `Node ${node}`}, V8 ${v8}`;
}

/** What the engine has, and why it has not got the rest. */
export function featureLines(features: Features): string {
  const entries = Object.entries(features) as [keyof Features, Feature][];
  const has = entries.filter(([, { available }]) => available).map(([name]) => name);
  const missing = entries.filter(([, { available }]) => !available).map(([name, { reason }]) => `no ${name}: ${reason}`);
  return [has.join(", "), ...missing].map((text, i) => wrapped(i ? "" : "features", text.split(" "), 9)).join("\n");
}
