// Sums and tests over all of a slab, for clip.ts, penalties.ts and watch.ts; twins of assembly/reductions.ts,
// which states the tree of the sums.

/** The sum of x² (`squares`) or of |x| in float64. x: byte address of f32s, range [begin, end) in elements, both multiples of 4. */
export function sumOfPowers(f32: Float32Array, x: number, squares: boolean, begin: number, end: number): number {
  let [l0, l1, l2, l3, l4, l5, l6, l7] = [0, 0, 0, 0, 0, 0, 0, 0];
  let at = (x >>> 2) + begin;
  const stop = (x >>> 2) + end;
  for (; at + 8 <= stop; at += 8) {
    l0 += power(f32[at]!, squares);
    l1 += power(f32[at + 1]!, squares);
    l2 += power(f32[at + 2]!, squares);
    l3 += power(f32[at + 3]!, squares);
    l4 += power(f32[at + 4]!, squares);
    l5 += power(f32[at + 5]!, squares);
    l6 += power(f32[at + 6]!, squares);
    l7 += power(f32[at + 7]!, squares);
  }
  if (at < stop) {
    l0 += power(f32[at]!, squares);
    l1 += power(f32[at + 1]!, squares);
    l2 += power(f32[at + 2]!, squares);
    l3 += power(f32[at + 3]!, squares);
  }
  return l0 + l2 + (l4 + l6) + (l1 + l3 + (l5 + l7));
}

function power(x: number, squares: boolean): number {
  return squares ? x * x : Math.abs(x);
}

/** Whether an element of x: f32 is NaN or infinite. Range in elements. */
export function hasNonFinite(f32: Float32Array, x: number, begin: number, end: number): boolean {
  let bad = 0;
  for (let at = (x >>> 2) + begin, stop = (x >>> 2) + end; at < stop; ++at) bad += f32[at]! - f32[at]!;
  return bad !== 0;
}
