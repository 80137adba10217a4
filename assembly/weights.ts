// Weights of rows, in losses: a row's loss and gradient times its weight. Without weights every row weighs 1.

import { rowAt } from "./lanes";

/** The weight of row r. */
export function weightOf(weights: usize, r: u32): f32 {
  return weights ? load<f32>(weights + ((<usize>r) << 2)) : 1;
}

/** A row of weight 0: loss[r] and its gradient are +0, whatever the row holds: an ignored class id may be none, its loss infinite. */
export function leaveOut(loss: usize, dx: usize, r: u32, ld: u32): void {
  store<f32>(loss + ((<usize>r) << 2), 0);
  if (dx) zeroRow(rowAt(dx, r, ld), ld);
}

export function zeroRow(row: usize, ld: u32): void {
  const bytes = (<usize>ld) << 2;
  for (let at: usize = 0; at < bytes; at += 16) v128.store(row + at, f32x4.splat(0));
}
