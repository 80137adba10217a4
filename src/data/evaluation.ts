// Scores of predictions against targets, as functions of arrays, in float64: for validation sets, reports and comparisons. The metrics
// that a training step computes are in metrics.ts. A ratio 0/0 counts as 0.
import { checkCount, checkOneOf, checkOptions, shown } from "../checks.js";
import { OptionError, ShapeError } from "../errors.js";
import { checkIds, MOST_CLASSES } from "./classes.js";
import { FROM_SCORES } from "./scores.js";
import { checkArray, checkFinite, flat, type Numbers, type Table } from "./tables.js";

export interface ClassOptions {
  /** number of classes; default: the largest id that occurs, + 1 */
  readonly classes?: number | undefined;
}

/** How scores of single classes become one: `macro` their plain mean over all classes, present or not; `weighted` their mean weighted by
 *  the classes' rows; `micro` from all classes' counts together; `binary` class 1's; `perClass` all of them. */
export type Average = "macro" | "weighted" | "micro" | "binary" | "perClass";

export interface AverageOptions extends ClassOptions {
  /** default macro */
  readonly average?: Average | undefined;
}

/** Class ids `[rows]` of both sides, and how many classes there are. */
function pairs(who: string, targets: Numbers, predictions: Numbers, { classes }: ClassOptions): number {
  checkArray(`${who}: targets`, targets);
  checkArray(`${who}: predictions`, predictions);
  if (targets.length !== predictions.length)
    throw new ShapeError(`${who}: ${predictions.length} predictions for ${targets.length} targets`);
  if (classes !== undefined) checkCount(`${who}: classes`, classes, 1, MOST_CLASSES);
  const largest = Math.max(
    checkIds(`${who}: targets`, targets, classes),
    checkIds(`${who}: predictions`, predictions, classes, FROM_SCORES),
  );
  return classes ?? largest + 1;
}

/** A matrix has their square of counts: 128 MiB. */
const MOST_MATRIX_CLASSES = 2 ** 12;

/** Share of rows, 0 … 1, whose predicted class is the target.
 *  @param targets class ids `[rows]` @param predictions class ids `[rows]`; see `argmax` @throws {ShapeError} */
export function accuracy(targets: Numbers, predictions: Numbers): number {
  pairs("accuracy", targets, predictions, {});
  let right = 0;
  for (let i = 0; i < targets.length; ++i) if (targets[i] === predictions[i]) right += 1;
  return right / targets.length;
}

/** Counts: row i, column j holds how many of class i were taken for class j.
 *  @param targets class ids `[rows]` @param predictions class ids `[rows]` @throws {ShapeError} ids that are none, or beyond `classes` */
export function confusionMatrix(targets: Numbers, predictions: Numbers, options: ClassOptions = {}): number[][] {
  checkOptions("confusionMatrix", options, ["classes"]);
  const classes = pairs("confusionMatrix", targets, predictions, options);
  if (classes > MOST_MATRIX_CLASSES)
    throw new ShapeError(`confusionMatrix: there are ${classes} classes, expected at most ${MOST_MATRIX_CLASSES}`);
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < targets.length; ++i) matrix[targets[i]!]![predictions[i]!]! += 1;
  return matrix;
}

const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);

/** What one class's score is made of. */
interface Tally {
  /** rows of the class that were found */
  readonly found: number;
  /** rows taken for the class */
  readonly predicted: number;
  /** rows of the class */
  readonly actual: number;
}

function average(
  who: string,
  targets: Numbers,
  predictions: Numbers,
  options: AverageOptions,
  score: (tally: Tally) => number,
): number | number[] {
  checkOptions(who, options, ["classes", "average"]);
  const { average = "macro" } = options;
  checkOneOf(`${who}: average`, average, ["macro", "weighted", "micro", "binary", "perClass"]);
  const { classes: given = average === "binary" ? 2 : undefined } = options;
  if (average === "binary" && given !== 2) throw new OptionError(`${who}: average "binary" is for 2 classes, got ${shown(given)}`);
  const classes = pairs(who, targets, predictions, given === undefined ? {} : { classes: given });
  const tallies = Array.from({ length: classes }, () => ({ found: 0, predicted: 0, actual: 0 }));
  for (let i = 0; i < targets.length; ++i) {
    const [actual, predicted] = [targets[i]!, predictions[i]!];
    tallies[actual]!.actual += 1;
    tallies[predicted]!.predicted += 1;
    if (actual === predicted) tallies[actual]!.found += 1;
  }
  const scores = tallies.map(score);
  if (average === "perClass") return scores;
  if (average === "binary") return scores[1]!;
  if (average === "macro") return sum(scores) / classes;
  if (average === "weighted") return sum(scores.map((value, c) => value * tallies[c]!.actual)) / targets.length;
  return score({ found: sum(tallies.map(({ found }) => found)), predicted: targets.length, actual: targets.length });
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

/** Of the rows taken for a class, the share that is of it; `average` says how the classes' shares become one number.
 *  @throws {ShapeError} ids that are none; {OptionError} */
export function precision(targets: Numbers, predictions: Numbers, options: AverageOptions & { readonly average: "perClass" }): number[];
export function precision(
  targets: Numbers,
  predictions: Numbers,
  options?: AverageOptions & { readonly average?: Exclude<Average, "perClass"> | undefined },
): number;
export function precision(targets: Numbers, predictions: Numbers, options: AverageOptions = {}): number | number[] {
  return average("precision", targets, predictions, options, ({ found, predicted }) => ratio(found, predicted));
}

/** Of the rows of a class, the share that was found; `average` as in `precision`. */
export function recall(targets: Numbers, predictions: Numbers, options: AverageOptions & { readonly average: "perClass" }): number[];
export function recall(
  targets: Numbers,
  predictions: Numbers,
  options?: AverageOptions & { readonly average?: Exclude<Average, "perClass"> | undefined },
): number;
export function recall(targets: Numbers, predictions: Numbers, options: AverageOptions = {}): number | number[] {
  return average("recall", targets, predictions, options, ({ found, actual }) => ratio(found, actual));
}

/** The harmonic mean of a class's precision and recall, 2·found/(predicted + actual); `average` as in `precision`. */
export function f1(targets: Numbers, predictions: Numbers, options: AverageOptions & { readonly average: "perClass" }): number[];
export function f1(
  targets: Numbers,
  predictions: Numbers,
  options?: AverageOptions & { readonly average?: Exclude<Average, "perClass"> | undefined },
): number;
export function f1(targets: Numbers, predictions: Numbers, options: AverageOptions = {}): number | number[] {
  return average("f1", targets, predictions, options, ({ found, predicted, actual }) => ratio(2 * found, predicted + actual));
}

/** Share of rows, 0 … 1, whose class is among the `k` with the highest scores; of equal scores the lower class comes first, as in `argmax`.
 *  @param targets class ids `[rows]` @param scores `[rows, classes]`, flat or as rows @throws {ShapeError}; {OptionError} k beyond the classes */
export function topK(targets: Numbers, scores: Table, k: number): number {
  checkArray("topK: targets", targets);
  checkArray("topK: scores", scores);
  const nested = typeof scores[0] !== "number";
  const each = scores.length / targets.length;
  if (!(nested ? each === 1 : Number.isInteger(each)))
    throw new ShapeError(
      `topK: ${scores.length} ${nested ? "rows of scores" : "scores"} for ${targets.length} targets, expected one ${nested ? "" : "a class "}for each`,
    );
  const { values, columns } = flat("topK: scores", scores, nested ? undefined : each);
  checkCount("topK: k", k, 1, columns);
  checkIds("topK: targets", targets, columns);
  let right = 0;
  for (let r = 0; r < targets.length; ++r) {
    const target = targets[r]!;
    const own = values[r * columns + target]!;
    let before = 0;
    for (let c = 0; c < columns; ++c) {
      const other = values[r * columns + c]!;
      if (other > own || (other === own && c < target)) before += 1;
    }
    if (before < k) right += 1;
  }
  return right / targets.length;
}

/** Area under the receiver operating characteristic: the share of pairs (a row of class 1, a row of class 0) in which the first has the
 *  higher score, equal scores counting half.
 *  @param targets 0 or 1 `[rows]`, both must occur @param scores `[rows]`, probabilities or logits @throws {ShapeError} */
export function rocAuc(targets: Numbers, scores: Numbers): number {
  checkArray("rocAuc: targets", targets);
  checkArray("rocAuc: scores", scores);
  if (targets.length !== scores.length) throw new ShapeError(`rocAuc: ${scores.length} scores for ${targets.length} targets`);
  checkIds("rocAuc: targets", targets, 2);
  checkFinite("rocAuc: scores", scores);
  const order = Array.from(targets, (_, i) => i).sort((a, b) => scores[a]! - scores[b]!);
  let [negatives, pairsWon] = [0, 0];
  for (let begin = 0; begin < order.length; ) {
    const tied = [0, 0];
    const score = scores[order[begin]!];
    for (; begin < order.length && scores[order[begin]!] === score; ++begin) tied[targets[order[begin]!]!]! += 1;
    pairsWon += tied[1]! * (negatives + tied[0]! / 2);
    negatives += tied[0]!;
  }
  const positives = order.length - negatives;
  if (negatives === 0 || positives === 0) throw new ShapeError(`rocAuc: all targets are ${negatives === 0 ? 1 : 0}, expected both 0 and 1`);
  return pairsWon / (positives * negatives);
}

/** Two tables of equal shape. */
function both(who: string, targets: Table, predictions: Table): { t: Numbers; p: Numbers; columns: number } {
  checkArray(`${who}: targets`, targets);
  checkArray(`${who}: predictions`, predictions);
  // Predictions come flat from the network, targets may have rows.
  const columns = [targets, predictions]
    .map((table) => (typeof table[0] === "number" ? 1 : ((table[0] as Numbers)?.length ?? 1)))
    .reduce((a, b) => Math.max(a, b));
  const t = flat(`${who}: targets`, targets, columns).values;
  const p = flat(`${who}: predictions`, predictions, columns).values;
  if (t.length !== p.length) throw new ShapeError(`${who}: ${p.length} predicted numbers for ${t.length} targets`);
  return { t, p, columns };
}

function mean(length: number, term: (i: number) => number): number {
  let total = 0;
  for (let i = 0; i < length; ++i) total += term(i);
  return total / length;
}

function meanSquare(who: string, targets: Table, predictions: Table): number {
  const { t, p } = both(who, targets, predictions);
  return mean(t.length, (i) => (p[i]! - t[i]!) * (p[i]! - t[i]!));
}

/** Mean of (p - y)² over all elements. @param targets `[rows]` or `[rows, outputs]` @param predictions the same @throws {ShapeError} */
export function mse(targets: Table, predictions: Table): number {
  return meanSquare("mse", targets, predictions);
}

/** Square root of `mse`. */
export function rmse(targets: Table, predictions: Table): number {
  return Math.sqrt(meanSquare("rmse", targets, predictions));
}

/** Mean of |p - y| over all elements. */
export function mae(targets: Table, predictions: Table): number {
  const { t, p } = both("mae", targets, predictions);
  return mean(t.length, (i) => Math.abs(p[i]! - t[i]!));
}

/** R², 1 - sum (p - y)² / sum (y - mean y)²: 1 is perfect, 0 as good as always saying the mean. Of several outputs (given as rows) the plain
 *  mean of theirs. An output whose targets are all equal counts 1 if predicted exactly, else 0, as in scikit-learn. */
export function r2(targets: Table, predictions: Table): number {
  const { t, p, columns } = both("r2", targets, predictions);
  const rows = t.length / columns;
  return mean(columns, (c) => {
    const at = (r: number) => r * columns + c;
    const residual = mean(rows, (r) => (p[at(r)]! - t[at(r)]!) * (p[at(r)]! - t[at(r)]!));
    // Told by the numbers: the rounded mean of equal ones may be another.
    let same = true;
    for (let r = 1; same && r < rows; ++r) same = t[at(r)] === t[at(0)];
    if (same) return residual === 0 ? 1 : 0;
    const middle = mean(rows, (r) => t[at(r)]!);
    const spread = mean(rows, (r) => (t[at(r)]! - middle) * (t[at(r)]! - middle));
    return 1 - residual / spread;
  });
}
