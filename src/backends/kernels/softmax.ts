// The JavaScript twin of assembly/softmax.ts.
import type { Views } from "../views.js";
import { lanes, rowMaximum, sumLanes, sumRow } from "./lanes.js";
import { exp, log } from "./vmath.js";

const fround = Math.fround;

/** Sum of e = exp(f32[x…] - maximum) over a row; stores e at `e` unless that is 0. e, x: element indices. */
export function sumExponentials(f32: Float32Array, e: number, x: number, maximum: number, columns: number): number {
  lanes.fill(0);
  for (let c = 0; c < columns; ++c) {
    const value = exp(fround(f32[x + c]! - maximum));
    if (e) f32[e + c] = value;
    lanes[c & 3]! += value;
  }
  return sumLanes();
}

export function softmaxForward(views: Views, y: number, x: number, columns: number, ld: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let r = begin; r < end; ++r) {
    const yRow = (y >> 2) + r * ld;
    const xRow = (x >> 2) + r * ld;
    const sum = sumExponentials(f32, yRow, xRow, rowMaximum(f32, xRow, columns), columns);
    for (let c = 0; c < columns; ++c) f32[yRow + c] = f32[yRow + c]! / sum;
  }
}

export function softmaxBackward(
  views: Views,
  dx: number,
  dy: number,
  y: number,
  columns: number,
  ld: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  for (let r = begin; r < end; ++r) {
    const dxRow = (dx >> 2) + r * ld;
    const dyRow = (dy >> 2) + r * ld;
    const yRow = (y >> 2) + r * ld;
    lanes.fill(0);
    for (let c = 0; c < columns; ++c) lanes[c & 3]! += fround(f32[dyRow + c]! * f32[yRow + c]!);
    const mean = sumLanes();
    for (let c = 0; c < columns; ++c) f32[dxRow + c] = fround(f32[yRow + c]! * fround(f32[dyRow + c]! - mean));
  }
}

export function logSoftmaxForward(views: Views, y: number, x: number, columns: number, ld: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let r = begin; r < end; ++r) {
    const yRow = (y >> 2) + r * ld;
    const xRow = (x >> 2) + r * ld;
    const maximum = rowMaximum(f32, xRow, columns);
    const logSum = log(sumExponentials(f32, 0, xRow, maximum, columns));
    for (let c = 0; c < columns; ++c) f32[yRow + c] = fround(fround(f32[xRow + c]! - maximum) - logSum);
  }
}

export function logSoftmaxBackward(
  views: Views,
  dx: number,
  dy: number,
  y: number,
  columns: number,
  ld: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  for (let r = begin; r < end; ++r) {
    const dxRow = (dx >> 2) + r * ld;
    const dyRow = (dy >> 2) + r * ld;
    const yRow = (y >> 2) + r * ld;
    const sum = sumRow(f32, dyRow, columns);
    for (let c = 0; c < columns; ++c) f32[dxRow + c] = fround(f32[dyRow + c]! - fround(exp(f32[yRow + c]!) * sum));
  }
}
