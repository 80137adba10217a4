// The one place where strict and relaxed arithmetic differ: the same sources compile to both builds.

/** a·b + c. Strict: the product is rounded, then the sum; relaxed: fused where the CPU has it.
 *  Inlined by decree: it stands for one operation in every inner loop, and asc would decide by size. */
// @ts-ignore: decorator
@inline
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}
