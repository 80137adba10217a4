// Sums and tests over all of a slab, for clip.ts, penalties.ts and watch.ts. Kernels that write tensors are elsewhere.
// The tree of every float64 sum here: element i (counted from the range's begin) goes to lane i mod 8, in order, each lane from +0;
// then ((l0 + l2) + (l4 + l6)) + ((l1 + l3) + (l5 + l7)). Slabs are padded with zeros, which add nothing.

/** The sum of x² (`squares`) or of |x| in float64; x: f32, range [begin, end) in elements, both multiples of 4. */
export function sumOfPowers(x: usize, squares: bool, begin: u32, end: u32): f64 {
  let a = f64x2.splat(0);
  let b = f64x2.splat(0);
  let c = f64x2.splat(0);
  let d = f64x2.splat(0);
  let at = x + (<usize>begin << 2);
  const stop = x + (<usize>end << 2);
  for (; at + 32 <= stop; at += 32) {
    a = f64x2.add(a, power(v128.load64_zero(at), squares));
    b = f64x2.add(b, power(v128.load64_zero(at, 8), squares));
    c = f64x2.add(c, power(v128.load64_zero(at, 16), squares));
    d = f64x2.add(d, power(v128.load64_zero(at, 24), squares));
  }
  if (at < stop) {
    a = f64x2.add(a, power(v128.load64_zero(at), squares));
    b = f64x2.add(b, power(v128.load64_zero(at, 8), squares));
  }
  const sum = f64x2.add(f64x2.add(a, b), f64x2.add(c, d));
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

function power(pair: v128, squares: bool): v128 {
  const x = f64x2.promote_low_f32x4(pair);
  return squares ? f64x2.mul(x, x) : f64x2.abs(x);
}

/** Whether an element of x: f32 is NaN or infinite. Range in elements, both multiples of 4. */
export function hasNonFinite(x: usize, begin: u32, end: u32): bool {
  let bad = f32x4.splat(0);
  const stop = <usize>end << 2;
  if (begin >= end) return false;
  let at = <usize>begin << 2;
  do {
    bad = collect(bad, v128.load(x + at));
    at += 16;
  } while (at < stop);
  return v128.any_true(bad);
}

/** Collects the evidence of non-finite elements: x - x is +0, all bits clear, or NaN.
 *  Inlined by decree: asc warns of an exported function with v128 parameters. */
// @ts-ignore: decorator
@inline
export function collect(bad: v128, x: v128): v128 {
  return v128.or(bad, f32x4.sub(x, x));
}
