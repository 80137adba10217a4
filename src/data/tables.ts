// Numbers as users have them beside data: flat, or as rows; checked, and made flat in float64.
import { isList, shown } from "../checks.js";
import { ShapeError } from "../errors.js";

export type Numbers = ArrayLike<number>;

/** Flat, row after row, or an array of rows. */
export type Table = Numbers | readonly Numbers[];

export function checkArray(who: string, values: unknown): void {
  if (!isList(values)) throw new ShapeError(`${who}: got ${shown(values)}, expected an array`);
  if (values.length === 0) throw new ShapeError(`${who}: no rows`);
}

/** Checks a table `[rows, columns]`, and makes it flat. @param columns of flat numbers */
export function flat(who: string, table: Table, columns?: number): { readonly values: Numbers; readonly columns: number } {
  checkArray(who, table);
  if (typeof table[0] === "number") {
    checkFinite(who, table as Numbers);
    if (columns === undefined)
      throw new ShapeError(`${who}: ${table.length} flat numbers, expected how many columns a row has, too, as second argument`);
    if (table.length % columns !== 0) throw new ShapeError(`${who}: ${table.length} numbers are no whole number of rows of ${columns}`);
    return { values: table as Numbers, columns };
  }
  const rows = table as readonly Numbers[];
  const width = columns ?? rows[0]?.length ?? 0;
  // All are looked at before there is memory for them.
  for (let r = 0; r < rows.length; ++r) {
    const row = rows[r]!;
    if (!isList(row)) throw new ShapeError(`${who}: row ${r} is ${shown(row)}, expected an array of numbers`);
    if (width === 0) throw new ShapeError(`${who}: row ${r} has 0 columns, expected at least 1`);
    if (row.length !== width) throw new ShapeError(`${who}: row ${r} has ${row.length} columns, expected ${width}`);
    // Before they are converted: "1" and null would be numbers then.
    checkFinite(`${who}: row ${r}`, row);
  }
  const values = new Float64Array(rows.length * width);
  rows.forEach((row, r) => {
    values.set(row, r * width);
  });
  return { values, columns: width };
}

export function checkFinite(who: string, values: Numbers): void {
  for (let i = 0; i < values.length; ++i)
    if (!Number.isFinite(values[i])) throw new ShapeError(`${who}: element ${i} is ${shown(values[i])}, expected a finite number`);
}
