// Rates that rise and fall: once, or again and again.
import { checkBoolean, checkCount, checkNumber, checkOneOf, complete } from "../checks.js";
import { powerInteger } from "../float64.js";
import { cosineBetween } from "./curves.js";
import { checkRange, checkRate, required, type Schedule, schedule } from "./schedule.js";

export interface OneCycleOptions {
  readonly max: number;
  readonly totalSteps: number;
  /** share of the steps in which the rate rises; default 0.3 */
  readonly warmupFraction?: number | undefined;
  /** default cos */
  readonly anneal?: "cos" | "linear" | undefined;
  /** the rate begins at max / divFactor; default 25 */
  readonly divFactor?: number | undefined;
  /** and ends at max / divFactor / finalDivFactor; default 10000 */
  readonly finalDivFactor?: number | undefined;
  /** falls as long as it rose, back to where it began, then to the end; default false */
  readonly threePhase?: boolean | undefined;
}

/** Up to `max` and down to nearly nothing (Smith & Topin 2018), with the phases of PyTorch's OneCycleLR. */
export function oneCycle(options: OneCycleOptions): Schedule {
  const all = complete<OneCycleOptions>("oneCycle", options, {
    max: required,
    totalSteps: required,
    warmupFraction: 0.3,
    anneal: "cos",
    divFactor: 25,
    finalDivFactor: 10000,
    threePhase: false,
  });
  const { max, totalSteps, warmupFraction, anneal, divFactor, finalDivFactor, threePhase } = all;
  checkRate("oneCycle", all, "max");
  checkCount("oneCycle: totalSteps", totalSteps);
  checkBoolean("oneCycle: threePhase", threePhase);
  checkNumber("oneCycle: warmupFraction", warmupFraction, { least: 0, most: threePhase ? 0.5 : 1 });
  checkOneOf("oneCycle: anneal", anneal, ["cos", "linear"]);
  checkNumber("oneCycle: divFactor", divFactor, { least: 1 });
  checkNumber("oneCycle: finalDivFactor", finalDivFactor, { least: 1 });
  const start = max / divFactor;
  const rise = warmupFraction * totalSteps - 1;
  /** Where each phase ends, and at which rate. */
  const phases = [
    { end: rise, rate: max },
    ...(threePhase ? [{ end: 2 * rise, rate: start }] : []),
    { end: totalSteps - 1, rate: start / finalDivFactor },
  ];
  const between = anneal === "cos" ? cosineBetween : (from: number, to: number, share: number) => from + (to - from) * share;
  const rate = (i: number) => {
    let [begin, from] = [0, start];
    for (const phase of phases) {
      if (i <= phase.end) return phase.end > begin ? between(from, phase.rate, (i - begin) / (phase.end - begin)) : phase.rate;
      [begin, from] = [phase.end, phase.rate];
    }
    return from;
  };
  return schedule("oneCycle", all, max, rate);
}

export interface CyclicOptions {
  readonly min: number;
  readonly max: number;
  /** updates of a rise */
  readonly stepsUp: number;
  /** of a fall; default stepsUp */
  readonly stepsDown?: number | undefined;
  /** heights stay, are halved with each cycle, or shrink by gamma with each update; default triangular */
  readonly mode?: "triangular" | "triangular2" | "expRange" | undefined;
  /** default 1 */
  readonly gamma?: number | undefined;
}

/** min + (max - min)·f·scale: f rises over stepsUp and falls over stepsDown (Smith 2017); scale 1, 0.5^cycle or gamma^i */
export function cyclic(options: CyclicOptions): Schedule {
  const defaults = { min: required, max: required, stepsUp: required, stepsDown: required, mode: "triangular", gamma: 1 } as const;
  const all = complete<CyclicOptions>("cyclic", options, { ...defaults, stepsDown: options?.stepsUp });
  const { min, max, stepsUp, stepsDown, mode, gamma } = all;
  checkRange("cyclic", all, "min", "max");
  checkCount("cyclic: stepsUp", stepsUp);
  checkCount("cyclic: stepsDown", stepsDown);
  checkOneOf("cyclic: mode", mode, ["triangular", "triangular2", "expRange"]);
  checkNumber("cyclic: gamma", gamma, { above: 0, most: 1 });
  const period = stepsUp + stepsDown;
  const scales = {
    triangular: () => 1,
    triangular2: (i: number) => powerInteger(0.5, Math.floor(i / period)),
    expRange: (i: number) => powerInteger(gamma, i),
  };
  const scale = scales[mode];
  const rate = (i: number) => {
    const at = i % period;
    return min + (max - min) * (at <= stepsUp ? at / stepsUp : (period - at) / stepsDown) * scale(i);
  };
  return schedule("cyclic", all, max, rate);
}
