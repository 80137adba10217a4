// Means that fade: once gradients stay 0, as those of a unit that is never active, they shrink by the same share in each step, until they are
// subnormal, which some CPUs compute with a hundred times slower. So they are looked at now and then, and what would become subnormal until the
// next time becomes 0.
import { SMALLEST_NORMAL } from "../../assembly/coefficients.js";
import { powerInteger } from "../float64.js";

/** Steps from one look to the next: a pass over all means, which in so many steps costs nothing. */
export const FLUSH_INTERVAL = 64;

/** No mean that is larger becomes 0, however fast it fades: 1.3e-29. */
const LARGEST_FLUSHED = 2 ** -96;

/** What a learning rate over a root of squares makes of a mean, about, at least. */
const LEAST_RATE = 2 ** -20;

/** The least mean that is still normal at the next look. @param left of it after a step, [0, 1) */
export function leastMean(left: number): number {
  return Math.min(SMALLEST_NORMAL / powerInteger(left, FLUSH_INTERVAL), LARGEST_FLUSHED);
}

/** The same of a mean that weights take a step along: the step is normal, too. */
export function leastStep(left: number): number {
  return Math.min(leastMean(left) / LEAST_RATE, LARGEST_FLUSHED);
}
