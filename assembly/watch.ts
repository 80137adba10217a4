// What the kernels of optimizers share (descent.ts, moments.ts, squares.ts): how they report what is not finite.
//
// A step is one pass over the slabs of parameters, gradients and slots. Formulas: src/plan/ops/optimizers.ts; what is computed once a step
// (rates, bias corrections) comes as a factor. Every slab is f32[end], 16-byte aligned; slots given as address 0 do not exist. Ranges in
// elements, both multiples of 4. Padding (w = g = slots = 0) stays +0, since epsilon > 0.
//
// Every step reports to the u32 at `status`: Status.Gradient if some g is NaN or infinite, Status.Weight if some new w or slot is.
// A g that is not finite always makes such a w (0·∞ and ∞/∞ are NaN), and so do slots but for one case: where the square of a finite g
// overflows, w stays as it is, now and ever after. So the loops watch w and the means of squares, by their sum: one addition each, and
// no sum is finite that has had an infinity or a NaN in it.
//
// Loops are do … while: V8 11 moves what does not change in a loop, such as splats, out of these only.
// Those without roots or divisions take more vectors a turn: V8's part of a turn is a quarter of one vector's (bench/ladder/steps.ts).
import { Status } from "./opcodes";
import { hasNonFinite } from "./reductions";
import { raise } from "./status";

/** x: a watched slot, or 0: none. */
function broken(x: usize, begin: u32, end: u32): bool {
  return x != 0 && hasNonFinite(x, begin, end);
}

/** Whether the sum of what was watched has seen something that is not finite. Finite numbers may have a sum that is not, so a yes only
 *  says that report must look. Inlined by decree: asc warns of an exported function with v128 parameters. */
// @ts-ignore: decorator
@inline
export function suspicious(watched: v128): bool {
  return v128.any_true(f32x4.sub(watched, watched));
}

export function report(status: usize, g: usize, w: usize, slot: usize, other: usize, begin: u32, end: u32): void {
  reportFound(status, broken(g, begin, end), w, slot, other, begin, end);
}

/** `badGradient`: whether some g is not finite. */
export function reportFound(status: usize, badGradient: bool, w: usize, slot: usize, other: usize, begin: u32, end: u32): void {
  let found: u32 = 0;
  if (badGradient) found = Status.Gradient | Status.Weight;
  else if (broken(w, begin, end) || broken(slot, begin, end) || broken(other, begin, end)) found = Status.Weight;
  raise(status, found);
}
