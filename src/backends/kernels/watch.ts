// Twin of assembly/watch.ts, where the conventions of optimizer kernels are.
import { Status } from "../../../assembly/opcodes.js";
import type { Views } from "../views.js";
import { hasNonFinite } from "./reductions.js";

/** `bad`: the sum of x - x over what is watched: 0, or NaN if one of them is not finite. */
export function report(views: Views, bad: number, status: number, g: number, begin: number, end: number): void {
  if (bad !== 0) reportFound(views, status, hasNonFinite(views.f32, g, begin, end));
}

/** Something is not finite. `badGradient`: a gradient, too. */
export function reportFound(views: Views, status: number, badGradient: boolean): void {
  views.u32[status >>> 2]! |= badGradient ? Status.Gradient | Status.Weight : Status.Weight;
}
