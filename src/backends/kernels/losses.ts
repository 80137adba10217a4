// The JavaScript twin of assembly/losses.ts.
import { Status } from "../../../assembly/opcodes.js";
import type { Views } from "../views.js";

export function weighRows(views: Views, loss: number, dx: number, weights: number, ld: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let r = begin; r < end; ++r) {
    const weight = f32[(weights >> 2) + r]!;
    f32[(loss >> 2) + r] = weight === 0 ? 0 : weight * f32[(loss >> 2) + r]!;
    if (!dx) continue;
    const row = (dx >> 2) + r * ld;
    for (let at = row; at < row + ld; ++at) f32[at] = weight === 0 ? 0 : weight * f32[at]!;
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
