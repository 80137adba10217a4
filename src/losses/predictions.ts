// What a loss takes predictions for, against what a network's end makes of them: softmax before a loss that takes logits trains, slowly and
// to wrong probabilities; relu before one that takes probabilities, to a loss without a bound. Kernels cannot tell: 0.7 is as good a logit
// as a probability.
import type { Made } from "../plan/spec.js";
import type { Loss } from "./loss.js";
import { SUM_TOLERANCE } from "./targets.js";

/** - `logits`, `logProbabilities`: of any size
 *  - `probabilities`: in [0, 1], each of its own
 *  - `distributions`: rows of probabilities that sum to 1 */
export type PredictionKind = "logits" | "logProbabilities" | "probabilities" | "distributions";

const kinds: Readonly<Record<PredictionKind, { readonly of: readonly Made[]; readonly wanted: string; readonly help: string }>> = {
  logits: { of: ["numbers"], wanted: "logits", help: "leave out the activation" },
  logProbabilities: { of: ["numbers"], wanted: "logarithms of probabilities", help: "end with logSoftmax" },
  probabilities: { of: ["probabilities", "distributions"], wanted: "probabilities", help: "end with sigmoid" },
  distributions: { of: ["distributions"], wanted: "probabilities that sum to 1", help: "end with softmax" },
};

const names: Readonly<Record<Made, string>> = {
  numbers: "numbers that are no probabilities",
  probabilities: "probabilities, each of its own",
  distributions: "probabilities that sum to 1",
};

/** That the loss does not take such predictions, and what to do; undefined: it does, or there is no telling. */
export function mismatch(loss: Loss, made: Made | undefined): string | undefined {
  const { takes, type, options } = loss;
  if (takes === undefined || made === undefined || kinds[takes].of.includes(made)) return undefined;
  const orLogits = made === "numbers" && options.fromLogits === false ? ", or set fromLogits: true" : "";
  return `predictions are ${names[made]}, but ${type} takes ${kinds[takes].wanted}: ${kinds[takes].help}${orLogits}`;
}

/** What predictions look like: some beyond [0, 1] are no probabilities, and no logits sum to 1 in every row. Others may be anything.
 *  @param columns of the last axis */
export function seen(values: Float32Array, columns: number): Made | undefined {
  if (values.some((value) => value < 0 || value > 1)) return "numbers";
  if (columns === 1) return undefined;
  for (let at = 0; at < values.length; at += columns) {
    const sum = values.subarray(at, at + columns).reduce((a, b) => a + b, 0);
    // A NaN is no sum, either.
    if (!(Math.abs(sum - 1) <= SUM_TOLERANCE)) return undefined;
  }
  return "distributions";
}
