// The JavaScript twin of assembly/losses.ts; formulas and sources are there.
import { Status } from "../../../assembly/opcodes.js";
import type { Views } from "../views.js";
import { lanes, rowMaximum, sumLanes } from "./lanes.js";
import { sumExponentials } from "./softmax.js";
import { clamp, exp, log, log1p, log1pUnit, multiplyAdd, sigmoid } from "./vmath.js";

const fround = Math.fround;

const LOWEST_LOG = -100;
const LEAST_DENOMINATOR = fround(1e-12);

export function meanSquaredError(
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
    const dxRow = (dx >> 2) + r * ld;
    lanes.fill(0);
    for (let c = 0; c < columns; ++c) {
      const e = fround(f32[pRow + c]! - f32[tRow + c]!);
      lanes[c & 3]! += fround(e * e);
      if (dx) f32[dxRow + c] = scale * fround(2 * e);
    }
    f32[(loss >> 2) + r] = sumLanes();
  }
}

export function meanAbsoluteError(
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
    const dxRow = (dx >> 2) + r * ld;
    lanes.fill(0);
    for (let c = 0; c < columns; ++c) {
      const e = fround(f32[pRow + c]! - f32[tRow + c]!);
      lanes[c & 3]! += Math.abs(e);
      if (dx) f32[dxRow + c] = scale * (e > 0 ? 1 : e < 0 ? -1 : e);
    }
    f32[(loss >> 2) + r] = sumLanes();
  }
}

export function huber(
  views: Views,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  delta: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  for (let r = begin; r < end; ++r) {
    const pRow = (p >> 2) + r * ld;
    const tRow = (t >> 2) + r * ldt;
    const dxRow = (dx >> 2) + r * ld;
    lanes.fill(0);
    for (let c = 0; c < columns; ++c) {
      const e = fround(f32[pRow + c]! - f32[tRow + c]!);
      const a = Math.abs(e);
      lanes[c & 3]! += a <= delta ? fround(0.5 * fround(a * a)) : fround(delta * fround(a - fround(0.5 * delta)));
      if (dx) f32[dxRow + c] = scale * clamp(e, -delta, delta);
    }
    f32[(loss >> 2) + r] = sumLanes();
  }
}

export function binaryCrossEntropy(
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
    const dxRow = (dx >> 2) + r * ld;
    lanes.fill(0);
    for (let c = 0; c < columns; ++c) {
      const x = f32[pRow + c]!;
      const y = f32[tRow + c]!;
      const yes = Math.max(log(x), LOWEST_LOG);
      const no = Math.max(log1p(-x), LOWEST_LOG);
      lanes[c & 3]! += -multiplyAdd(y, yes, fround(fround(1 - y) * no));
      if (dx) f32[dxRow + c] = scale * fround(fround(x - y) / Math.max(fround(fround(1 - x) * x), LEAST_DENOMINATOR));
    }
    f32[(loss >> 2) + r] = sumLanes();
  }
}

export function binaryCrossEntropyLogits(
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
    const dxRow = (dx >> 2) + r * ld;
    lanes.fill(0);
    for (let c = 0; c < columns; ++c) {
      const x = f32[pRow + c]!;
      const y = f32[tRow + c]!;
      lanes[c & 3]! += fround(multiplyAdd(-x, y, Math.max(x, 0)) + log1pUnit(exp(-Math.abs(x))));
      if (dx) f32[dxRow + c] = scale * fround(sigmoid(x) - y);
    }
    f32[(loss >> 2) + r] = sumLanes();
  }
}

export function categoricalCrossEntropy(
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
    const dxRow = (dx >> 2) + r * ld;
    lanes.fill(0);
    for (let c = 0; c < columns; ++c) {
      const x = f32[pRow + c]!;
      const y = f32[tRow + c]!;
      lanes[c & 3]! += fround(-y * Math.max(log(x), LOWEST_LOG));
      if (dx) f32[dxRow + c] = scale * fround(-y / Math.max(x, LEAST_DENOMINATOR));
    }
    f32[(loss >> 2) + r] = sumLanes();
  }
}

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
    const weight = sumLanes();
    lanes.fill(0);
    for (let c = 0; c < columns; ++c) lanes[c & 3]! += fround(f32[tRow + c]! * fround(f32[pRow + c]! - maximum));
    f32[(loss >> 2) + r] = fround(weight * log(sum)) - sumLanes();
    if (!dx) continue;
    const share = fround(weight / sum);
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

export function reduceLoss(views: Views, out: number, status: number, loss: number, lossScale: number, begin: number, end: number): void {
  const { f32, f64, u32 } = views;
  let sum = 0;
  for (let r = begin; r < end; ++r) sum += f32[(loss >> 2) + r]!;
  const result = lossScale * sum;
  f64[out >> 3] = result;
  if (!Number.isFinite(result)) u32[status >> 2]! |= Status.Loss;
}
