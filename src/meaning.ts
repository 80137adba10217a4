// What the numbers of data mean, and so those of the network that is trained on it.
import type { Scalers } from "./scalers.js";

/** Undefined: nothing is said of it. */
export interface Meaning {
  scalers: Scalers | undefined;
  /** the class ids' names */
  classes: readonly string[] | undefined;
}
