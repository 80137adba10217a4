// Lanes of a vector that belong to C.

/** Ones in the lanes below `count`. */
export function lanesBelow(count: u32): v128 {
  return i32x4.gt_s(i32x4.splat(count), i32x4(0, 1, 2, 3));
}
