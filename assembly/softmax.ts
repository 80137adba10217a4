// Softmax over the rows of a matrix, and the pieces that cross-entropy shares with it.
import { lanesWithin, rowAt, rowMaximum, sumLanes, sumRow } from "./lanes";
import { expNegative, log } from "./vmath";

/** Sum of e = exp(x - maximum) over a row; stores e unless `e` is 0. A NaN in x makes the sum NaN.
 *  Two vectors a turn for the constants of exp, as in map.ts; the order of the sum is the tree's. */
export function sumExponentials(e: usize, x: usize, maximum: f32, columns: u32): f32 {
  const m = f32x4.splat(maximum);
  let sum = f32x4.splat(0);
  let c: u32 = 0;
  for (; c + 8 <= columns; c += 8) {
    const at = (<usize>c) << 2;
    const first = expNegative(f32x4.sub(v128.load(x + at), m));
    const second = expNegative(f32x4.sub(v128.load(x + at, 16), m));
    if (e) {
      v128.store(e + at, first);
      v128.store(e + at, second, 16);
    }
    sum = f32x4.add(f32x4.add(sum, first), second);
  }
  for (; c < columns; c += 4) {
    const at = (<usize>c) << 2;
    const value = expNegative(f32x4.sub(v128.load(x + at), m));
    if (e) v128.store(e + at, value);
    sum = f32x4.add(sum, v128.and(value, lanesWithin(columns - c)));
  }
  return sumLanes(sum);
}

/** y = exp(x - max)/sum of the same over each row: never overflows, rows sum to 1 within rounding.
 *  y, x: f32[end, ld], `columns` of them logical, y may be x. Range in rows. */
export function softmaxForward(y: usize, x: usize, columns: u32, ld: u32, begin: u32, end: u32): void {
  const bytes = (<usize>ld) << 2;
  for (let r = begin; r < end; ++r) {
    const yRow = rowAt(y, r, ld);
    const xRow = rowAt(x, r, ld);
    const sum = f32x4.splat(sumExponentials(yRow, xRow, rowMaximum(xRow, columns), columns));
    for (let at: usize = 0; at < bytes; at += 16) v128.store(yRow + at, f32x4.div(v128.load(yRow + at), sum));
  }
}

/** dx = y·(dy - sum over the row of dy·y), from the saved y. dx may be dy. Range in rows. */
export function softmaxBackward(dx: usize, dy: usize, y: usize, columns: u32, ld: u32, begin: u32, end: u32): void {
  const bytes = (<usize>ld) << 2;
  for (let r = begin; r < end; ++r) {
    const dxRow = rowAt(dx, r, ld);
    const dyRow = rowAt(dy, r, ld);
    const yRow = rowAt(y, r, ld);
    let sum = f32x4.splat(0);
    for (let c: u32 = 0; c < columns; c += 4) {
      const at = (<usize>c) << 2;
      const product = f32x4.mul(v128.load(dyRow + at), v128.load(yRow + at));
      sum = f32x4.add(sum, v128.and(product, lanesWithin(columns - c)));
    }
    const mean = f32x4.splat(sumLanes(sum));
    for (let at: usize = 0; at < bytes; at += 16) {
      v128.store(dxRow + at, f32x4.mul(v128.load(yRow + at), f32x4.sub(v128.load(dyRow + at), mean)));
    }
  }
}

/** y = x - max - log(sum of exp(x - max)) over each row. y, x as above, y may be x. Range in rows. */
export function logSoftmaxForward(y: usize, x: usize, columns: u32, ld: u32, begin: u32, end: u32): void {
  const bytes = (<usize>ld) << 2;
  for (let r = begin; r < end; ++r) {
    const yRow = rowAt(y, r, ld);
    const xRow = rowAt(x, r, ld);
    const maximum = rowMaximum(xRow, columns);
    const m = f32x4.splat(maximum);
    const logSum = log(f32x4.splat(sumExponentials(0, xRow, maximum, columns)));
    for (let at: usize = 0; at < bytes; at += 16) {
      v128.store(yRow + at, f32x4.sub(f32x4.sub(v128.load(xRow + at), m), logSum));
    }
  }
}

/** dx = dy - exp(y)·(sum over the row of dy), from the saved y. dx may be dy. Range in rows. */
export function logSoftmaxBackward(dx: usize, dy: usize, y: usize, columns: u32, ld: u32, begin: u32, end: u32): void {
  const bytes = (<usize>ld) << 2;
  for (let r = begin; r < end; ++r) {
    const dxRow = rowAt(dx, r, ld);
    const dyRow = rowAt(dy, r, ld);
    const yRow = rowAt(y, r, ld);
    const sum = f32x4.splat(sumRow(dyRow, columns));
    for (let at: usize = 0; at < bytes; at += 16) {
      v128.store(dxRow + at, f32x4.sub(v128.load(dyRow + at), f32x4.mul(expNegative(v128.load(yRow + at)), sum)));
    }
  }
}
