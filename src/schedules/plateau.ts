// The rate that falls by what comes out of training.
import { checkCount, checkNumber, checkOneOf, checkOptions, complete, shown } from "../checks.js";
import { OptionError } from "../errors.js";
import { checkRange, checkRate, type Schedule, schedule } from "./schedule.js";

/** A schedule that follows what training reports. Every network takes one of its own, `fresh()`, when it is made. */
export interface Observer extends Schedule {
  /** Takes the metric that came out of the updates so far; the rate may change from the next one on. */
  observe(metric: number): void;
  /** What `observe` has made of it, as JSON. */
  state(): PlateauState;
  restore(state: PlateauState): void;
  /** Another one with the same options, at its beginning. */
  fresh(): Observer;
}

export function isObserver(schedule: Schedule): schedule is Observer {
  return "observe" in schedule;
}

export interface PlateauOptions {
  /** default 0.001 */
  readonly base?: number | undefined;
  /** is a smaller metric the better one, or a larger? default min */
  readonly mode?: "min" | "max" | undefined;
  /** default 0.1 */
  readonly factor?: number | undefined;
  /** so many metrics in a row may be no better before the rate falls; default 10 */
  readonly patience?: number | undefined;
  /** what counts as better; default 0.0001 */
  readonly threshold?: number | undefined;
  /** a share of the best, or a difference from it; default rel */
  readonly thresholdMode?: "rel" | "abs" | undefined;
  /** metrics after a fall that are not counted; default 0 */
  readonly cooldown?: number | undefined;
  /** default 0 */
  readonly min?: number | undefined;
  /** a fall by less is not made; default 1e-8 */
  readonly epsilon?: number | undefined;
}

export interface PlateauState {
  readonly rate: number;
  /** null: none so far */
  readonly best: number | null;
  /** metrics in a row that were no better */
  readonly bad: number;
  /** metrics that are not counted yet */
  readonly cooldown: number;
}

/** The rate falls by `factor` where the metric stops improving: PyTorch's ReduceLROnPlateau. A metric that is not finite is no improvement.
 *  `fit` tells it each epoch's validation loss, or the loss where there is none; `trainOnBatch` tells it nothing: its rate stays. */
export function reduceOnPlateau(options: PlateauOptions = {}): Observer {
  const type = "reduceOnPlateau";
  const all = complete<PlateauOptions>(type, options, {
    base: 0.001,
    mode: "min",
    factor: 0.1,
    patience: 10,
    threshold: 1e-4,
    thresholdMode: "rel",
    cooldown: 0,
    min: 0,
    epsilon: 1e-8,
  });
  const { base, mode, factor, patience, threshold, thresholdMode, cooldown, min, epsilon } = all;
  checkRange(type, all, "min", "base");
  checkRate(type, all, "threshold", "epsilon");
  checkOneOf(`${type}: mode`, mode, ["min", "max"]);
  checkNumber(`${type}: factor`, factor, { above: 0, below: 1 });
  checkCount(`${type}: patience`, patience, 0);
  checkOneOf(`${type}: thresholdMode`, thresholdMode, ["rel", "abs"]);
  checkCount(`${type}: cooldown`, cooldown, 0);
  const sign = mode === "min" ? -1 : 1;
  const isBetter = (metric: number, best: number) => {
    const needed = thresholdMode === "rel" ? best * (1 + sign * threshold) : best + sign * threshold;
    return mode === "min" ? metric < needed : metric > needed;
  };
  let state: PlateauState = { rate: base, best: null, bad: 0, cooldown: 0 };
  return {
    ...schedule(type, all, base, () => state.rate),
    observe: (metric) => {
      if (typeof metric !== "number") throw new OptionError(`${type}: metric is ${shown(metric)}, expected a number`);
      const better = Number.isFinite(metric) && (state.best === null || isBetter(metric, state.best));
      const cooling = state.cooldown > 0;
      const bad = better || cooling ? 0 : state.bad + 1;
      state = { ...state, ...(better && { best: metric }), bad, ...(cooling && { cooldown: state.cooldown - 1 }) };
      if (bad <= patience) return;
      const lower = Math.max(state.rate * factor, min);
      const falls = state.rate - lower > epsilon;
      state = { ...state, rate: falls ? lower : state.rate, bad: 0, cooldown };
    },
    state: () => state,
    restore: (given) => {
      checkOptions(`${type}: state`, given, ["rate", "best", "bad", "cooldown"]);
      const { rate, best, bad, cooldown: left } = given;
      checkNumber(`${type}: state.rate`, rate, { least: 0, most: base });
      if (best !== null && !Number.isFinite(best))
        throw new OptionError(`${type}: state.best is ${shown(best)}, expected a number or null`);
      checkCount(`${type}: state.bad`, bad, 0, patience);
      checkCount(`${type}: state.cooldown`, left, 0, cooldown);
      state = { rate, best, bad, cooldown: left };
    },
    fresh: () => reduceOnPlateau(all),
  };
}
