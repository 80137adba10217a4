// Learning rate schedules: plain data and the rate of every update, in float64 arithmetic of our own (src/float64.ts), so that a schedule
// gives the same bits everywhere. Updates are counted 0, 1, 2 …, over all calls of fit; past a schedule's last step its last rate stays.
// Public as `schedules`, which are also the names that are restored: src/optimizers/rate.ts. Formulas: test/golden/README.md, section Schedules.
export {
  type CosineOptions,
  type CosineWarmRestartsOptions,
  cosine,
  cosineWarmRestarts,
  type PolynomialOptions,
  polynomial,
  type WarmupCosineOptions,
  warmupCosine,
} from "./schedules/curves.js";
export { type CyclicOptions, cyclic, type OneCycleOptions, oneCycle } from "./schedules/cycles.js";
export {
  type ConstantOptions,
  constant,
  type ExponentialOptions,
  exponential,
  type ListOptions,
  list,
  type MultiStepOptions,
  multiStep,
  type StepOptions,
  step,
} from "./schedules/factors.js";
export { type Observer, type PlateauOptions, type PlateauState, reduceOnPlateau } from "./schedules/plateau.js";
export type { Schedule } from "./schedules/schedule.js";
