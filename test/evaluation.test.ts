// Scores of predictions against counts by hand; scikit-learn's numbers are in the golden cases (test/golden/cases/metrics.json).
import { expect, test } from "vitest";
import {
  accuracy,
  argmax,
  confusionMatrix,
  dense,
  f1,
  mae,
  meanSquaredError,
  mse,
  network,
  OptionError,
  precision,
  r2,
  recall,
  rmse,
  rocAuc,
  ShapeError,
  sigmoid,
  softmax,
  topK,
} from "../src/index.js";

const targets = Uint8Array.of(0, 0, 1, 1, 1, 2);
const predictions = [0, 1, 1, 1, 0, 1];

test("a confusion matrix counts what was taken for what, and has a row for classes that do not occur", () => {
  expect(confusionMatrix(targets, predictions)).toEqual([[1, 1, 0], [1, 2, 0], [0, 1, 0]]); // biome-ignore format: a matrix
  expect(confusionMatrix([0], [0], { classes: 2 })).toEqual([[1, 0], [0, 0]]); // biome-ignore format: a matrix
});

test("precision, recall and f1 of each class are ratios of its counts, 0 where nothing was counted", () => {
  expect(precision(targets, predictions, { average: "perClass" })).toEqual([1 / 2, 2 / 4, 0]);
  expect(recall(targets, predictions, { average: "perClass" })).toEqual([1 / 2, 2 / 3, 0]);
  expect(f1(targets, predictions, { average: "perClass" })).toEqual([2 / 4, 4 / 7, 0]);
});

test("averages: macro counts classes alike, weighted by their rows, micro counts rows alike", () => {
  expect(recall(targets, predictions)).toBeCloseTo((1 / 2 + 2 / 3) / 3, 15);
  expect(recall(targets, predictions, { average: "weighted" })).toBeCloseTo(3 / 6, 15);
  expect(recall(targets, predictions, { average: "micro" })).toBe(accuracy(targets, predictions));
  // A class more that never occurs: macro falls.
  expect(recall(targets, predictions, { classes: 4 })).toBeCloseTo((1 / 2 + 2 / 3) / 4, 15);
  expect(precision([1, 1, 0], [1, 0, 0], { average: "binary" })).toBe(1);
});

test("argmax and topK put the first of equal scores first", () => {
  expect([...argmax([3, 3, 1, 0, 5, 5], 3)]).toEqual([0, 1]);
  expect([...argmax([[1, 2], [2, 1]])]).toEqual([1, 0]); // biome-ignore format: rows
  const scores = [5, 5, 1];
  expect([topK([0], scores, 1), topK([1], scores, 1), topK([1], scores, 2), topK([2], [scores], 3)]).toEqual([1, 0, 1, 1]);
});

test("softmax and sigmoid make probabilities of logits, of the largest, too", () => {
  const logits = [[1, 2, 4], [-1e30, 3e38, 3e38], [0, -87, -745]]; // biome-ignore format: rows
  const wanted = logits.flatMap((row) => {
    const weights = row.map((x) => Math.exp(x - Math.max(...row)));
    return weights.map((weight) => weight / weights.reduce((a, b) => a + b));
  });
  const rows = softmax(logits);
  expect(rows).toEqual(softmax(Float32Array.from(logits.flat()), 3));
  for (const [i, probability] of wanted.entries()) expect(rows[i]).toBeCloseTo(probability, 7);
  expect([...softmax([0, 0], 2)]).toEqual([0.5, 0.5]);
  expect([...sigmoid([0, 1000, -1000])]).toEqual([0.5, 1, 0]);
  expect([...sigmoid([[Math.log(3)], [-Math.log(3)]])]).toEqual([0.75, 0.25]);
});

test("softmax is what a network with softmax predicts", async () => {
  const layers = (activation?: "softmax") => [dense(3, { name: "out", ...(activation && { activation }) })];
  const made = (activation?: "softmax") => network({ input: 2, layers: layers(activation), loss: meanSquaredError(), seed: 4 });
  const both = [await made(), await made("softmax")];
  const rows = [[1, 2], [-3, 0.5], [20, -9]]; // biome-ignore format: rows
  const [logits, probabilities] = both.map((net) => net.predict(rows));
  softmax(logits!, 3).forEach((probability, i) => {
    expect(probability).toBeCloseTo(probabilities![i]!, 6);
  });
});

test("rocAuc is the share of ordered pairs, equal scores counting half, and does not change with the scores' scale", () => {
  const yes = [0, 1, 0, 1, 1];
  const scores = [1, 2, 2, 3, 0];
  // Pairs won, yes over no: 2 beats 1 and ties with 2, 3 beats both, 0 beats none.
  expect(rocAuc(yes, scores)).toBe((1 + 0.5 + 2) / 6);
  expect(rocAuc(yes, scores.map((score) => score * 1e6 - 7))).toBe(3.5 / 6); // biome-ignore format: one idea
});

test("regression scores take rows, flat numbers, or one of each", () => {
  const rows = [[1, 10], [2, 20], [3, 30]]; // biome-ignore format: rows
  const flat = Float32Array.of(1, 10, 2, 20, 3, 36);
  expect([mse(rows, flat), mae(rows, flat), rmse(rows, flat)]).toEqual([6, 1, Math.sqrt(6)]);
  // The first output is perfect; the second: 1 - 36 / 200.
  expect(r2(rows, flat)).toBeCloseTo((1 + (1 - 36 / 200)) / 2, 15);
  expect(mae([1, 2], [1, 4])).toBe(1);
});

test("r2 of constant targets is 1 for exact predictions and 0 for others", () => {
  expect([r2([2, 2], [2, 2]), r2([2, 2], [2, 3])]).toEqual([1, 0]);
  // Their mean is not 0.1 exactly.
  expect([r2([0.1, 0.1, 0.1], [0.1, 0.1, 0.1]), r2([0.1, 0.1, 0.1], [0.2, 0.2, 0.2])]).toEqual([1, 0]);
  expect(r2([[0.1, 1], [0.1, 2], [0.1, 3]], [[0.2, 1], [0.2, 2], [0.2, 3]])).toBe(0.5); // biome-ignore format: rows
});

test.each<[string, () => unknown, RegExp]>([
  ["no rows", () => accuracy([], []), /^accuracy: targets: no rows$/],
  ["no array", () => accuracy("01" as never, [0]), /^accuracy: targets: got "01", expected an array$/],
  ["lengths that differ", () => accuracy([0, 1], [0]), /^accuracy: 1 predictions for 2 targets$/],
  [
    "half a class",
    () => accuracy([0, 1], [0, 0.5]),
    /^accuracy: predictions: row 1 has class id 0.5, expected a whole number from 0 to 1048575; argmax\(scores, columns\) makes ids of scores, of one column those above 0.5 are class 1, of logits those above 0$/,
  ],
  [
    "an id beyond the classes",
    () => confusionMatrix([0, 3], [0, 1], { classes: 3 }),
    /^confusionMatrix: targets: row 1 has class id 3, expected .* 0 to 2$/,
  ],
  ["logits where ids are wanted", () => precision([0], [-1.5]), /row 0 has class id -1.5, expected a whole number/],
  ["only one class for rocAuc", () => rocAuc([1, 1], [0.1, 0.2]), /^rocAuc: all targets are 1, expected both 0 and 1$/],
  ["a score that is NaN", () => rocAuc([0, 1], [0, Number.NaN]), /^rocAuc: scores: element 1 is NaN/],
  ["scores of more rows", () => topK([0, 1], [[1, 2], [1, 2], [1, 2]], 1), /^topK: 3 rows of scores for 2 targets, expected one for each$/], // biome-ignore format: rows
  [
    "scores that are no whole rows",
    () => topK([0, 1, 2], new Float32Array(10), 1),
    /^topK: 10 scores for 3 targets, expected one a class for each$/,
  ],
  ["fewer scores than rows", () => topK([0, 1, 2], [1, 2], 1), /^topK: 2 scores for 3 targets, expected one a class for each$/],
  ["rows of nothing", () => mse([[]], [[]]), /^mse: targets: row 0 has 0 columns, expected at least 1$/],
  ["a row of nothing", () => mse([[1, 2]], [[]]), /^mse: predictions: row 0 has 0 columns, expected 2$/],
  ["a row that is none", () => mse([[1], 2] as never, [1, 2]), /^mse: targets: row 1 is 2, expected an array of numbers$/],
  [
    "ragged rows",
    () =>
      mse(
        [[1, 2], [3]],
        [
          [1, 2],
          [3, 4],
        ],
      ),
    /^mse: targets: row 1 has 1 columns, expected 2$/,
  ],
  ["tables of different sizes", () => r2([1, 2], [1, 2, 3]), /^r2: 3 predicted numbers for 2 targets$/],
  ["scores that are texts", () => argmax([["1", "2"]] as never), /^argmax: scores: row 0: element 0 is "1", expected a finite number$/],
  ["a score that is null", () => mse([[1]], [[null]] as never), /^mse: predictions: row 0: element 0 is null/],
  ["a score that is a bigint", () => mae([[1n]] as never, [[1]]), /^mae: targets: row 0: element 0 is 1n/],
  [
    "a matrix that no memory holds",
    () => confusionMatrix([60000], [0]),
    /^confusionMatrix: there are 60001 classes, expected at most 4096$/,
  ],
  [
    "flat scores without a width",
    () => argmax([1, 2]),
    /^argmax: scores: 2 flat numbers, expected how many columns a row has, too, as second argument$/,
  ],
  [
    "the largest of one column",
    () => argmax([[0.9], [0.1]]),
    /^argmax: scores: one column has no largest, expected one a class; of one column/,
  ],
  ["softmax of one column", () => softmax([0.3, 0.4], 1), /^softmax: logits: one column would be 1 in every row; sigmoid\(logits\)/],
  ["flat scores of part of a row", () => argmax([1, 2], 3), /^argmax: scores: 2 numbers are no whole number of rows of 3$/],
])("refuses %s", (_, call, message) => {
  expect(call).toThrow(ShapeError);
  expect(call).toThrow(message);
});

test("scores of many classes need no matrix of them; a binary score of one class only is one", () => {
  expect(precision([60000, 1], [60000, 0], { average: "micro" })).toBe(0.5);
  expect(recall([0, 0], [0, 0], { average: "binary", classes: undefined } as never)).toBe(0);
});

test.each<[string, () => unknown, RegExp]>([
  ["an unknown average", () => recall([0], [0], { average: "mean" as never }), /^recall: average is "mean", expected one of: macro, /],
  ["an unknown option", () => f1([0], [0], { class: 2 } as never), /^f1: unknown option "class"/],
  [
    "a binary score of three classes",
    () => f1([0, 1], [0, 1], { average: "binary", classes: 3 }),
    /^f1: average "binary" is for 2 classes, got 3$/,
  ],
  ["k beyond the classes", () => topK([0], [1, 2], 3), /^topK: k is 3, expected a whole number from 1 to 2$/],
])("refuses %s", (_, call, message) => {
  expect(call).toThrow(OptionError);
  expect(call).toThrow(message);
});
