// Twin of assembly/watch.ts, where the conventions of optimizer kernels are.
import { Status } from "../../../assembly/opcodes.js";
import type { Views } from "../views.js";
import { hasNonFinite } from "./reductions.js";

/** `bad`: the sum of x - x over what is watched: 0, or NaN if one of them is not finite. */
export function report(views: Views, bad: number, status: number, g: number, begin: number, end: number): void {
  if (bad === 0) return;
  const found = hasNonFinite(views.f32, g, begin, end) ? Status.Gradient | Status.Weight : Status.Weight;
  views.u32[status >>> 2]! |= found;
}
