// Metrics: one float64 a call, summed over rows in row order; the divisions by the number of rows are the caller's.
// p `[end, ld]`, t `[end, ldt]`, `columns` of them logical; weights `[end]`, or the address 0: rows of weight 0 are left out.
import { rowAt } from "./lanes";

/** Whether row r takes part. */
function counts(weights: usize, r: u32): bool {
  return !weights || load<f32>(weights + ((<usize>r) << 2)) != 0;
}

/** Index of the row's largest element, the first of equals. */
function largestOf(row: usize, columns: u32): u32 {
  let index: u32 = 0;
  let largest = load<f32>(row);
  for (let c: u32 = 1; c < columns; ++c) {
    const value = load<f32>(row + ((<usize>c) << 2));
    if (value > largest) {
      largest = value;
      index = c;
    }
  }
  return index;
}

export function categoricalAccuracy(
  out: usize,
  p: usize,
  t: usize,
  weights: usize,
  columns: u32,
  ld: u32,
  ldt: u32,
  begin: u32,
  end: u32,
): void {
  let hits: u32 = 0;
  for (let r = begin; r < end; ++r) {
    if (!counts(weights, r)) continue;
    if (largestOf(rowAt(p, r, ld), columns) == largestOf(rowAt(t, r, ldt), columns)) ++hits;
  }
  store<f64>(out, <f64>hits);
}

/** t: u32 class ids, one a row. */
export function sparseCategoricalAccuracy(
  out: usize,
  p: usize,
  t: usize,
  weights: usize,
  columns: u32,
  ld: u32,
  ldt: u32,
  begin: u32,
  end: u32,
): void {
  let hits: u32 = 0;
  for (let r = begin; r < end; ++r) {
    if (!counts(weights, r)) continue;
    if (largestOf(rowAt(p, r, ld), columns) == load<u32>(rowAt(t, r, ldt))) ++hits;
  }
  store<f64>(out, <f64>hits);
}

export function binaryAccuracy(
  out: usize,
  p: usize,
  t: usize,
  weights: usize,
  columns: u32,
  ld: u32,
  ldt: u32,
  threshold: f32,
  begin: u32,
  end: u32,
): void {
  let sum: f64 = 0;
  for (let r = begin; r < end; ++r) {
    if (!counts(weights, r)) continue;
    const pRow = rowAt(p, r, ld);
    const tRow = rowAt(t, r, ldt);
    let hits: u32 = 0;
    for (let c: u32 = 0; c < columns; ++c) {
      const at = (<usize>c) << 2;
      if (load<f32>(pRow + at) > threshold == load<f32>(tRow + at) > 0.5) ++hits;
    }
    sum += <f64>hits / <f64>columns;
  }
  store<f64>(out, sum);
}

export function absoluteError(out: usize, p: usize, t: usize, weights: usize, columns: u32, ld: u32, ldt: u32, begin: u32, end: u32): void {
  let sum: f64 = 0;
  for (let r = begin; r < end; ++r) {
    if (!counts(weights, r)) continue;
    const pRow = rowAt(p, r, ld);
    const tRow = rowAt(t, r, ldt);
    let errors: f64 = 0;
    for (let c: u32 = 0; c < columns; ++c) {
      const at = (<usize>c) << 2;
      errors += abs(<f64>load<f32>(pRow + at) - <f64>load<f32>(tRow + at));
    }
    sum += errors / <f64>columns;
  }
  store<f64>(out, sum);
}

/** out = the sum of x's first column, `[end, ld]`. */
export function sumOfRows(out: usize, x: usize, weights: usize, ld: u32, begin: u32, end: u32): void {
  let sum: f64 = 0;
  for (let r = begin; r < end; ++r) if (counts(weights, r)) sum += <f64>load<f32>(rowAt(x, r, ld));
  store<f64>(out, sum);
}
