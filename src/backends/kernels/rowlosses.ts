// The JavaScript twin of assembly/rowlosses.ts; formulas and sources are there.
import { LEAST_DENOMINATOR, LOWEST_LOG } from "../../../assembly/limits.js";
import type { Views } from "../views.js";
import { lanes, rowMaximum, sumLanes } from "./lanes.js";
import { sumExponentials } from "./softmax.js";
import { exp, log, log1p, multiplyAdd } from "./vmath.js";

const fround = Math.fround;

export function categoricalCrossEntropyLogits(
  views: Views,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  for (let r = begin; r < end; ++r) {
    const pRow = (p >> 2) + r * ld;
    const tRow = (t >> 2) + r * ldt;
    const dxRow = dx ? (dx >> 2) + r * ld : 0;
    const maximum = rowMaximum(f32, pRow, columns);
    const sum = sumExponentials(f32, dxRow, pRow, maximum, columns);
    lanes.fill(0);
    for (let c = 0; c < columns; ++c) lanes[c & 3]! += f32[tRow + c]!;
    const mass = sumLanes();
    lanes.fill(0);
    for (let c = 0; c < columns; ++c) lanes[c & 3]! += fround(f32[tRow + c]! * fround(f32[pRow + c]! - maximum));
    f32[(loss >> 2) + r] = fround(mass * log(sum)) - sumLanes();
    if (!dx) continue;
    const share = fround(mass / sum);
    for (let c = 0; c < columns; ++c) f32[dxRow + c] = scale * multiplyAdd(f32[dxRow + c]!, share, -f32[tRow + c]!);
  }
}

export function sparseCategoricalCrossEntropy(
  views: Views,
  loss: number,
  dx: number,
  p: number,
  t: number,
  _columns: number,
  ld: number,
  ldt: number,
  scale: number,
  begin: number,
  end: number,
): void {
  const { f32, u32 } = views;
  for (let r = begin; r < end; ++r) {
    const id = u32[(t >> 2) + r * ldt]!;
    const q = f32[(p >> 2) + r * ld + id]!;
    f32[(loss >> 2) + r] = -Math.max(log(q), LOWEST_LOG);
    if (!dx) continue;
    const dxRow = (dx >> 2) + r * ld;
    f32.fill(0, dxRow, dxRow + ld);
    f32[dxRow + id] = -scale / Math.max(q, LEAST_DENOMINATOR);
  }
}

export function sparseCategoricalCrossEntropyLogits(
  views: Views,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  begin: number,
  end: number,
): void {
  const { f32, u32 } = views;
  for (let r = begin; r < end; ++r) {
    const pRow = (p >> 2) + r * ld;
    const dxRow = dx ? (dx >> 2) + r * ld : 0;
    const id = u32[(t >> 2) + r * ldt]!;
    const maximum = rowMaximum(f32, pRow, columns);
    const sum = sumExponentials(f32, dxRow, pRow, maximum, columns);
    f32[(loss >> 2) + r] = log(sum) - fround(f32[pRow + id]! - maximum);
    if (!dx) continue;
    const inverse = fround(1 / sum);
    const own = scale * fround(fround(f32[dxRow + id]! * inverse) - 1);
    for (let c = 0; c < columns; ++c) f32[dxRow + c] = scale * fround(f32[dxRow + c]! * inverse);
    f32[dxRow + id] = own;
  }
}

export function focal(
  views: Views,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  gamma: number,
  begin: number,
  end: number,
): void {
  const { f32, u32 } = views;
  for (let r = begin; r < end; ++r) {
    const pRow = (p >> 2) + r * ld;
    const dxRow = dx ? (dx >> 2) + r * ld : 0;
    const id = u32[(t >> 2) + r * ldt]!;
    const maximum = rowMaximum(f32, pRow, columns);
    const others = sumOthers(f32, dxRow, pRow, maximum, columns, id);
    const difference = fround(f32[pRow + id]! - maximum);
    const own = exp(difference);
    const sum = fround(others + own);
    const rest = fround(others / sum);
    const surprise = difference === 0 ? log1p(others) : fround(log(sum) - difference);
    const power = exp(fround(gamma * Math.max(log(rest), LOWEST_LOG)));
    f32[(loss >> 2) + r] = power * surprise;
    if (!dx) continue;
    const rise = fround(fround(fround(gamma * fround(own / sum)) * surprise) + rest);
    const slope = fround(scale * fround(power * rise));
    const share = others === 0 ? 0 : fround(slope / others);
    for (let c = 0; c < columns; ++c) f32[dxRow + c] = share * f32[dxRow + c]!;
    f32[dxRow + id] = -slope;
  }
}

/** e, x: element indices. */
function sumOthers(f32: Float32Array, e: number, x: number, maximum: number, columns: number, but: number): number {
  lanes.fill(0);
  for (let c = 0; c < columns; ++c) {
    const value = exp(fround(f32[x + c]! - maximum));
    if (e) f32[e + c] = value;
    if (c !== but) lanes[c & 3]! += value;
  }
  return sumLanes();
}

export function categoricalHinge(
  views: Views,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  for (let r = begin; r < end; ++r) {
    const pRow = (p >> 2) + r * ld;
    const tRow = (t >> 2) + r * ldt;
    let largest = Number.NEGATIVE_INFINITY;
    let rival = columns;
    lanes.fill(0);
    for (let c = 0; c < columns; ++c) {
      const value = f32[pRow + c]!;
      const y = f32[tRow + c]!;
      lanes[c & 3]! += fround(y * value);
      if (y === 0 && value > largest) {
        largest = value;
        rival = c;
      }
    }
    const margin = fround(fround(largest - sumLanes()) + 1);
    f32[(loss >> 2) + r] = Math.max(margin, 0);
    if (!dx) continue;
    const dxRow = (dx >> 2) + r * ld;
    if (margin <= 0) {
      f32.fill(0, dxRow, dxRow + ld);
      continue;
    }
    const factor = Number.isNaN(margin) ? margin : scale;
    for (let c = 0; c < columns; ++c) f32[dxRow + c] = -factor * f32[tRow + c]!;
    if (rival < columns) f32[dxRow + rival] = factor;
  }
}

export function cosineSimilarity(
  views: Views,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  for (let r = begin; r < end; ++r) {
    const pRow = (p >> 2) + r * ld;
    const tRow = (t >> 2) + r * ldt;
    let pp = 0;
    let tt = 0;
    let pt = 0;
    for (let c = 0; c < columns; ++c) {
      const x = f32[pRow + c]!;
      const y = f32[tRow + c]!;
      pp += x * x;
      tt += y * y;
      pt += x * y;
    }
    const norms = Math.sqrt(pp * tt);
    const inverse = norms === 0 ? 0 : 1 / norms;
    const cosine = pt * inverse;
    f32[(loss >> 2) + r] = 1 - cosine;
    if (!dx) continue;
    const dxRow = (dx >> 2) + r * ld;
    const along = norms === 0 ? 0 : cosine / pp;
    for (let c = 0; c < columns; ++c) f32[dxRow + c] = scale * (f32[pRow + c]! * along - f32[tRow + c]! * inverse);
  }
}
