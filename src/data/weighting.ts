// Weights of samples, classes and positions, and smoothed labels: what becomes of a data set's targets before steps read them. Done once
// for the whole data set, in JavaScript; steps multiply rows by weights and know nothing of where they come from.
import { checkNumber, isList, shown } from "../checks.js";
import { OptionError, ShapeError } from "../errors.js";
import type { Matrix } from "./samples.js";

export type Normalization = "sumOfWeights" | "batchSize";
export const normalizations: readonly Normalization[] = ["sumOfWeights", "batchSize"];

export interface TargetRule {
  /** y -> y·(1 - s) + s/k, k = `smoothedOver`: the columns, or 2 for each element of its own. */
  readonly labelSmoothing?: number;
  readonly smoothedOver?: number;
  /** One a column: a row weighs the sum of weight·y. */
  readonly classWeights?: readonly number[];
  /** Class id of positions to leave out. */
  readonly ignoreIndex?: number;
  readonly normalization: Normalization;
  /** of the prediction's last axis */
  readonly columns: number;
  /** Terms of the loss that a row of the last axis makes. */
  readonly termsPerRow: number;
}

export interface Weighed {
  /** Class ids stay ids unless labels are smoothed; an ignored one becomes 0, with weight 0. */
  readonly targets: Matrix;
  /** Rows as the user gave them, ids one-hot, where `targets` have other values: what metrics compare with. */
  readonly truth?: Matrix;
  /** `[samples, rows of one]`, what a row's loss and gradient are multiplied by; absent: all weigh 1. */
  readonly weights?: Matrix;
  /** By sample, with `weights`: what it adds to the denominator of a mean over its batch. */
  readonly denominators?: Float64Array;
  /** By sample, with `weights`: how many of its rows have a weight that is not 0, which are those that metrics count. */
  readonly counted?: Float64Array;
}

/** With class weights w a row of targets y weighs m = sum of w·y and becomes w·y/m: one-hot rows stay what they are. Smoothing comes before
 *  the weights, but not into the denominator, which has the weight of the class itself (as PyTorch's cross_entropy).
 *  @param targets checked values or class ids @param sampleWeights checked, one a sample */
export function weigh(targets: Matrix, rule: TargetRule, sampleWeights?: Float32Array): Weighed {
  const { labelSmoothing = 0, smoothedOver = rule.columns, classWeights, ignoreIndex, columns } = rule;
  const ids = targets.values instanceof Uint32Array;
  const weighted = sampleWeights !== undefined || classWeights !== undefined || ignoreIndex !== undefined;
  if (!weighted && labelSmoothing === 0) return { targets };

  let { values } = targets;
  const kept = new Uint8Array(ids ? values.length : values.length / columns).fill(1);
  if (ids && ignoreIndex !== undefined) {
    kept.forEach((_, r) => {
      if (values[r] === ignoreIndex >>> 0) kept[r] = 0;
    });
    values = values.map((id, r) => (kept[r] ? id : 0));
  }
  // What rows weigh in the denominator, and in the loss: they differ where labels are smoothed.
  const own = masses(values, kept, columns, classWeights);
  let mass = own;
  if (ids && labelSmoothing > 0) values = oneHot(values, columns);
  const given = values;
  if (labelSmoothing > 0) {
    values = values.map((y) => y * (1 - labelSmoothing) + labelSmoothing / smoothedOver);
    mass = masses(values, kept, columns, classWeights);
  }
  if (classWeights && values instanceof Float32Array)
    values = values.map((y, i) => (y * classWeights[i % columns]!) / (mass[Math.floor(i / columns)]! || 1));
  const { rows } = targets;
  const width = values.length / rows;
  const staged = { targets: { rows, width, values }, ...(values !== given && { truth: { rows, width, values: given } }) };
  if (!weighted) return staged;

  const each = kept.length / rows;
  const weights = new Float32Array(kept.length);
  const denominators = new Float64Array(rows);
  const counted = new Float64Array(rows);
  kept.forEach((keep, r) => {
    const sample = Math.floor(r / each);
    const weight = sampleWeights?.[sample] ?? 1;
    weights[r] = weight * mass[r]!;
    const share = rule.normalization === "batchSize" ? keep : Math.fround(weight * own[r]!);
    denominators[sample]! += share * rule.termsPerRow;
    counted[sample]! += weights[r] === 0 ? 0 : 1;
  });
  return { ...staged, weights: { rows, width: each, values: weights }, denominators, counted };
}

/** By row: the sum of class weight times target, 0 where the row is not kept. */
function masses(values: Matrix["values"], kept: Uint8Array, columns: number, classWeights: readonly number[] | undefined): Float64Array {
  const of = (r: number) => {
    if (!classWeights) return 1;
    if (values instanceof Uint32Array) return classWeights[values[r]!]!;
    return classWeights.reduce((sum, weight, c) => sum + weight * values[r * columns + c]!, 0);
  };
  return Float64Array.from(kept, (keep, r) => (keep ? of(r) : 0));
}

/** Rows with 1 at their class id. */
export function oneHot(ids: ArrayLike<number>, columns: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(ids.length * columns);
  for (let r = 0; r < ids.length; ++r) values[r * columns + ids[r]!] = 1;
  return values;
}

/** @param who names the weights in messages, as "fit: sampleWeights" @throws {ShapeError} unless there is one a sample;
 *    {OptionError} unless each is finite and >= 0, and one above 0 but in a `part` of the data */
export function toSampleWeights(who: string, given: unknown, samples: number, part = false): Float32Array {
  if (!isList(given)) throw new ShapeError(`${who}: got ${shown(given)}, expected an array of numbers`);
  if (given.length !== samples) throw new ShapeError(`${who}: ${given.length} weights for ${samples} rows`);
  for (let i = 0; i < given.length; ++i) checkNumber(`${who}[${i}]`, given[i], { least: 0 });
  const weights = Float32Array.from(given as ArrayLike<number>);
  if (!part && weights.every((weight) => weight === 0)) throw nothingCounts(who);
  return weights;
}

export const nothingCounts = (who: string) => new OptionError(`${who}: all are 0, so nothing counts; expected a weight above 0`);

/** @throws {OptionError} unless it is an array of finite numbers >= 0, not all 0 */
export function checkClassWeights(who: string, given: unknown): void {
  if (!isList(given) || given.length === 0) throw new OptionError(`${who} is ${shown(given)}, expected an array of numbers, one a class`);
  // By number: what is behind a hole of an array may be billions.
  for (let c = 0; c < given.length; ++c) checkNumber(`${who}[${c}]`, given[c], { least: 0 });
  if (Array.prototype.every.call(given, (weight) => weight === 0)) throw new OptionError(`${who} is all zeros, expected a weight above 0`);
}
