// The JavaScript twin of assembly/metrics.ts.
import type { Views } from "../views.js";

/** Index of the row's largest element, the first of equals; row: element index. */
function largestOf(f32: Float32Array, row: number, columns: number): number {
  let index = 0;
  for (let c = 1; c < columns; ++c) if (f32[row + c]! > f32[row + index]!) index = c;
  return index;
}

export function categoricalAccuracy(
  views: Views,
  out: number,
  p: number,
  t: number,
  weights: number,
  columns: number,
  ld: number,
  ldt: number,
  begin: number,
  end: number,
): void {
  const { f32, f64 } = views;
  let hits = 0;
  for (let r = begin; r < end; ++r) {
    if (weights && f32[(weights >> 2) + r] === 0) continue;
    if (largestOf(f32, (p >> 2) + r * ld, columns) === largestOf(f32, (t >> 2) + r * ldt, columns)) ++hits;
  }
  f64[out >> 3] = hits;
}

export function sparseCategoricalAccuracy(
  views: Views,
  out: number,
  p: number,
  t: number,
  weights: number,
  columns: number,
  ld: number,
  ldt: number,
  begin: number,
  end: number,
): void {
  const { f32, f64, u32 } = views;
  let hits = 0;
  for (let r = begin; r < end; ++r) {
    if (weights && f32[(weights >> 2) + r] === 0) continue;
    if (largestOf(f32, (p >> 2) + r * ld, columns) === u32[(t >> 2) + r * ldt]) ++hits;
  }
  f64[out >> 3] = hits;
}

export function binaryAccuracy(
  views: Views,
  out: number,
  p: number,
  t: number,
  weights: number,
  columns: number,
  ld: number,
  ldt: number,
  threshold: number,
  begin: number,
  end: number,
): void {
  const { f32, f64 } = views;
  let sum = 0;
  for (let r = begin; r < end; ++r) {
    if (weights && f32[(weights >> 2) + r] === 0) continue;
    let hits = 0;
    for (let c = 0; c < columns; ++c) {
      if (f32[(p >> 2) + r * ld + c]! > threshold === f32[(t >> 2) + r * ldt + c]! > 0.5) ++hits;
    }
    sum += hits / columns;
  }
  f64[out >> 3] = sum;
}

export function absoluteError(
  views: Views,
  out: number,
  p: number,
  t: number,
  weights: number,
  columns: number,
  ld: number,
  ldt: number,
  begin: number,
  end: number,
): void {
  const { f32, f64 } = views;
  let sum = 0;
  for (let r = begin; r < end; ++r) {
    if (weights && f32[(weights >> 2) + r] === 0) continue;
    let errors = 0;
    for (let c = 0; c < columns; ++c) errors += Math.abs(f32[(p >> 2) + r * ld + c]! - f32[(t >> 2) + r * ldt + c]!);
    sum += errors / columns;
  }
  f64[out >> 3] = sum;
}

export function sumOfRows(views: Views, out: number, x: number, weights: number, ld: number, begin: number, end: number): void {
  const { f32, f64 } = views;
  let sum = 0;
  for (let r = begin; r < end; ++r) if (!weights || f32[(weights >> 2) + r] !== 0) sum += f32[(x >> 2) + r * ld]!;
  f64[out >> 3] = sum;
}
