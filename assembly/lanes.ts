// The fixed tree of row reductions, stated here and nowhere else (twin: src/backends/kernels/lanes.ts). Over a row's `columns`
// logical elements, lane l takes elements l, l + 4, l + 8 … in this order, from +0; what the last vector holds past the row counts
// as +0. Then (l0 + l1) + (l2 + l3).

/** All bits set in the lanes that still belong to a row with `left` > 0 elements to go. */
export function lanesWithin(left: u32): v128 {
  return i32x4.gt_s(i32x4.splat(left), i32x4(0, 1, 2, 3));
}

/** Address of row r. */
export function rowAt(matrix: usize, r: u32, ld: u32): usize {
  return matrix + ((<usize>r * ld) << 2);
}

/** The tree's end: (l0 + l1) + (l2 + l3). */
// @ts-ignore: decorator
@inline
export function sumLanes(v: v128): f32 {
  const low = f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1);
  return low + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

/** The tree's sum of a row. */
export function sumRow(row: usize, columns: u32): f32 {
  let sum = f32x4.splat(0);
  for (let c: u32 = 0; c < columns; c += 4) {
    sum = f32x4.add(sum, v128.and(v128.load(row + ((<usize>c) << 2)), lanesWithin(columns - c)));
  }
  return sumLanes(sum);
}

/** v with the value in lane `at` < 4. */
// @ts-ignore: decorator
@inline
export function withLane(v: v128, at: u32, value: f32): v128 {
  return v128.bitselect(f32x4.splat(value), v, i32x4.eq(i32x4.splat(at), i32x4(0, 1, 2, 3)));
}

/** Four floats, `step` bytes apart. */
// @ts-ignore: decorator
@inline
export function gather(at: usize, step: usize): v128 {
  let v = v128.load32_splat(at);
  v = v128.load_lane<u32>(at + step, v, 1);
  v = v128.load_lane<u32>(at + step * 2, v, 2);
  return v128.load_lane<u32>(at + step * 3, v, 3);
}

// @ts-ignore: decorator
@inline
export function scatter(at: usize, step: usize, v: v128): void {
  v128.store_lane<u32>(at, v, 0);
  v128.store_lane<u32>(at + step, v, 1);
  v128.store_lane<u32>(at + step * 2, v, 2);
  v128.store_lane<u32>(at + step * 3, v, 3);
}

/** Stores the first `count` <= 4 lanes, 4-byte aligned. */
// @ts-ignore: decorator
@inline
export function storeLanes(at: usize, v: v128, count: u32): void {
  if (count == 4) return v128.store(at, v);
  store<f32>(at, f32x4.extract_lane(v, 0));
  if (count > 1) store<f32>(at, f32x4.extract_lane(v, 1), 4);
  if (count > 2) store<f32>(at, f32x4.extract_lane(v, 2), 8);
}

// Two of each make of four rows four columns, and of these again the rows: joinLow(interleaveLow(a, b), interleaveLow(c, d)) is a0 b0 c0 d0,
// joinHigh a1 b1 c1 d1; those of interleaveHigh have 2 and 3.

/** a0 b0 a1 b1 */
// @ts-ignore: decorator
@inline
export function interleaveLow(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 0, 4, 1, 5);
}

/** a2 b2 a3 b3 */
// @ts-ignore: decorator
@inline
export function interleaveHigh(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 2, 6, 3, 7);
}

/** a0 a1 b0 b1 */
// @ts-ignore: decorator
@inline
export function joinLow(a: v128, b: v128): v128 {
  return v128.shuffle<i64>(a, b, 0, 2);
}

/** a2 a3 b2 b3 */
// @ts-ignore: decorator
@inline
export function joinHigh(a: v128, b: v128): v128 {
  return v128.shuffle<i64>(a, b, 1, 3);
}

/** The largest of a row's elements, columns >= 1. Order is of no matter, save that a NaN may or may not be seen: what uses the
 *  result sums the row too, and the sum has it. */
export function rowMaximum(row: usize, columns: u32): f32 {
  let m = v128.load32_splat(row);
  const whole = row + ((<usize>columns >> 2) << 4);
  for (; row < whole; row += 16) m = f32x4.pmax(m, v128.load(row));
  if (columns & 3) m = f32x4.pmax(m, v128.bitselect(v128.load(row), m, lanesWithin(columns & 3)));
  m = f32x4.pmax(m, i8x16.shuffle(m, m, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  // Not max<f32>, which branches on which of the two it is.
  m = f32x4.pmax(m, i8x16.shuffle(m, m, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
  return f32x4.extract_lane(m, 0);
}
