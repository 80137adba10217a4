// What a network predicts of classes, made ids or probabilities.
import { checkCount } from "../checks.js";
import { ShapeError } from "../errors.js";
import { exp } from "../float64.js";
import { checkArray, flat, type Table } from "./tables.js";

const YES_OR_NO = "of one column those above 0.5 are class 1, of logits those above 0";
/** Advice where scores are given for ids. */
export const FROM_SCORES = `; argmax(scores, columns) makes ids of scores, ${YES_OR_NO}`;

/** Each row's largest column, the first of equals: class ids from what `net.predict` returns.
 *  @param scores `[rows, columns]`, as rows, or flat and then with their `columns`: `argmax(net.predict(inputs), 3)`
 *  @throws {ShapeError}; one column, too: `net.predict(inputs).map((p) => (p > 0.5 ? 1 : 0))` makes ids of it */
export function argmax(scores: Table, columns?: number): Uint32Array<ArrayBuffer> {
  if (columns !== undefined) checkCount("argmax: columns", columns);
  const { values, columns: width } = flat("argmax: scores", scores, columns);
  if (width === 1) throw new ShapeError(`argmax: scores: one column has no largest, expected one a class; ${YES_OR_NO}`);
  const ids = new Uint32Array(values.length / width);
  for (let r = 0; r < ids.length; ++r) {
    let best = 0;
    for (let c = 1; c < width; ++c) if (values[r * width + c]! > values[r * width + best]!) best = c;
    ids[r] = best;
  }
  return ids;
}

/** Probabilities of logits, as `predict` gives them of a network whose loss takes logits: of each row exp(x) / the sum of exp(x) over its columns.
 *  @param logits `[rows, columns]`, as rows, or flat and then with their `columns`: `softmax(net.predict(inputs), 3)`
 *  @returns `[rows, columns]`, flat; each row's sum is 1 @throws {ShapeError} one column, too, which is for `sigmoid` */
export function softmax(logits: Table, columns?: number): Float32Array<ArrayBuffer> {
  if (columns !== undefined) checkCount("softmax: columns", columns);
  const { values, columns: width } = flat("softmax: logits", logits, columns);
  if (width === 1) throw new ShapeError("softmax: logits: one column would be 1 in every row; sigmoid(logits) makes probabilities of it");
  const probabilities = new Float32Array(values.length);
  const row = new Float64Array(width);
  for (let at = 0; at < values.length; at += width) {
    let most = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < width; ++c) most = Math.max(most, values[at + c]!);
    let sum = 0;
    // Beside the largest nothing overflows.
    for (let c = 0; c < width; ++c) sum += row[c] = exp(values[at + c]! - most);
    for (let c = 0; c < width; ++c) probabilities[at + c] = row[c]! / sum;
  }
  return probabilities;
}

/** Probabilities of logits of one column, or of several that are a yes or no each: 1 / (1 + exp(-x)).
 *  @param logits flat, or as rows @returns as many, flat @throws {ShapeError} */
export function sigmoid(logits: Table): Float32Array<ArrayBuffer> {
  checkArray("sigmoid: logits", logits);
  const { values } = flat("sigmoid: logits", logits, typeof logits[0] === "number" ? 1 : undefined);
  return Float32Array.from(values, (x) => 1 / (1 + exp(-x)));
}
