// A tensor for people: shape, range, and of many numbers the first rows and columns, in at most 80 columns.
import { product } from "../plan/tensor.js";
import { figure, WIDTH } from "./wrap.js";

/** Of so many rows all are shown, of more one less and how many there are. */
const ROWS = 4;
/** Significant digits of the largest number shown, if that is below 1, else digits behind the point for numbers below 10. */
const DIGITS = 4;

interface Values {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** @param label what it is, before its shape @param what it also is, after it @param indent columns before the label */
export function tensorText(label: string, { shape, values }: Values, what = "", indent = 0): string {
  const columns = shape.at(-1) ?? 1;
  const rows = product(shape) / columns;
  const shownRows = rows > ROWS ? ROWS - 1 : rows;
  const begin = " ".repeat(indent);
  const room = WIDTH - begin.length;
  // As many as fit if each is as narrow as can be: formatting a row of a million numbers to show ten would take a second.
  const most = Math.min(columns, Math.floor(room / 3));
  const found = Array.from({ length: shownRows }, (_, r) => Array.from(values.subarray(r * columns, r * columns + most)));
  const cells = textsOf(found);
  const width = 2 + Math.max(0, ...cells.flat().map((cell) => cell.length));
  const fit = columns * width <= room ? columns : Math.floor((room - " …".length) / width);
  const lines = cells.map(
    (row) =>
      `${begin}${row
        .slice(0, fit)
        .map((cell) => cell.padStart(width))
        .join("")}${fit < columns ? " …" : ""}`,
  );
  if (shownRows < rows) lines.push(`${begin}  … ${rows - shownRows} more rows`);
  const facts = [
    `${" ".repeat(indent)}${label} [${shape.join(", ")}]${what && ` ${what}`}`,
    ...(fit < columns || shownRows < rows ? rangeOf(values) : []),
  ];
  return [facts.join(", "), ...lines].join("\n");
}

/** Zero alone is "0": 0.000 is a number that is small beside the others. */
function textsOf(rows: readonly (readonly number[])[]): string[][] {
  const sizes = rows.flat().filter(Number.isFinite).map(Math.abs);
  const power = Math.floor(Math.log10(Math.max(...sizes)));
  const text =
    power >= -3 && power <= 6
      ? (value: number) => value.toFixed(Math.max(0, power < 0 ? DIGITS - 1 - power : DIGITS - power))
      : (value: number) => value.toExponential(DIGITS - 1);
  return rows.map((row) => row.map((value) => (value === 0 ? "0" : text(value))));
}

/** Least and greatest, and how many there are that are no numbers between them. */
function rangeOf(values: Float32Array): string[] {
  let [least, most, others] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const value of values) {
    if (!Number.isFinite(value)) others += 1;
    else {
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
  }
  const end = (value: number) => (value === 0 ? "0" : figure(value, DIGITS));
  const range = least <= most ? [`${end(least)} to ${end(most)}`] : [];
  return others > 0 ? [...range, `${others} not finite`] : range;
}
