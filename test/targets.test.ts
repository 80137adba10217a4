// Targets that a loss cannot mean are refused when data comes in, by fit, evaluate and trainOnBatch alike, before anything is computed.
import { beforeAll, describe, expect, test } from "vitest";
import * as cr from "../src/index.js";
import { lossTypes } from "../src/losses.js";

type Made = Readonly<Record<string, (options?: object) => cr.Loss>>;
type Given = readonly unknown[] | Float32Array;
type Row = readonly [what: string, given: Given, message: RegExp];

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

const inputs = [
  [1, 2],
  [3, 4],
];

/** Two good rows of three columns for each loss, and what else is wrong with its targets than their shape. */
const values = [
  [0.5, -2, 3],
  [0, 0, 1e9],
];
const oneHot = [
  [0, 1, 0],
  [0, 0, 1],
];
const soft = [
  [0.2, 0.3, 0.5],
  [0, 0.25, 0.75],
];
const notProbabilities: readonly Row[] = [
  ["below 0", [[0, 1, 0], [0.5, -0.5, 1]], /row 1, column 1 is -0.5, expected a probability from 0 to 1 \(binary/], // biome-ignore format: rows
  ["above 1", [[0, 1, 2], [0, 0, 1]], /row 0, column 2 is 2, expected a probability from 0 to 1 .*take meanSquaredError$/], // biome-ignore format: rows
];
const noDistributions: readonly Row[] = [
  ["a row of zeros", [[0, 1, 0], [0, 0, 0]], /row 1 sums to 0, expected probabilities that sum to 1, within 0.001 .*divide each row by its sum/], // biome-ignore format: rows
  ["several classes", [[1, 1, 0], [0, 0, 1]], /row 0 sums to 2, .*several classes may hold at once take binaryCrossEntropy$/], // biome-ignore format: rows
  ["percent", [[20, 30, 50], [0, 0, 100]], /row 0 sums to 100, expected probabilities/], // biome-ignore format: rows
  ["a little too much", [[0.2, 0.3, 0.5], [0.2, 0.3, 0.5011]], /row 1 sums to 1.0011, expected/], // biome-ignore format: rows
  ["a negative share", [[0, 1, 0], [-0.5, 0.5, 1]], /row 1, column 0 is -0.5, expected a probability, at least 0/], // biome-ignore format: rows
];
const noSigns: readonly Row[] = [
  ["0 and -1", [[0, 1, -1], [1, 1, 1]], /row 0, column 0 is 0, expected -1 or 1 .*0 and 1 are taken for -1 and 1 where there is nothing else$/], // biome-ignore format: rows
  ["halves", [[1, 1, 0.5], [1, 1, 1]], /row 0, column 2 is 0.5, expected -1 or 1/], // biome-ignore format: rows
];
const noAmounts: readonly Row[] = [
  ["a negative count", [[0, 1, 2], [3, -1, 0]], /row 1, column 1 is -1, expected a count or amount of at least 0 .*leave targets unscaled/], // biome-ignore format: rows
];
const noMembers: readonly Row[] = [
  ["a row of zeros", [[0, 1, 0], [0, 0, 0]], /row 1 is all zeros, expected a 1 at the row's class/], // biome-ignore format: rows
  ["shares", soft, /row 0, column 0 is 0.2\d*, expected 0 or 1/],
];
const noIds: readonly Row[] = [
  ["half a class", [0, 0.5], /row 1 has class id 0.5, expected a whole number from 0 to 2/],
  ["a negative class", [0, -1], /row 1 has class id -1, expected/],
  ["a class too many", [3, 0], /row 0 has class id 3, expected/],
  ["one-hot rows", oneHot, /row 0 is an array of 3, expected an array of 1 class ids; for one-hot rows take categoricalCrossEntropy$/],
  ["one-hot rows, flat", oneHot.flat(), /6 class ids for 2 rows; for one-hot rows take categoricalCrossEntropy$/],
  ["too few", [0], /1 class ids for 2 rows$/],
  ["NaN", [0, nan], /row 1 has class id NaN/],
  ["names", ["cat", "dog"], /row 0 has class id "cat"/],
  ["rows of rows", [[[0]], [[1]]], /row 0 has class id an array of 1/],
];

/** Of rows of three values. */
const noRows: readonly Row[] = [
  ["too wide", [[1, 0, 0, 0], [0, 1, 0, 0]], /row 0 has 4 columns, expected 3 \(the last layer has 3\)/], // biome-ignore format: rows
  ["too narrow", [[1, 0], [0, 1]], /row 0 has 2 columns, expected 3/], // biome-ignore format: rows
  ["ragged", [[1, 0, 0], [0, 1]], /row 1 has 2 columns, expected 3/], // biome-ignore format: rows
  ["a rank too high", [[[1, 0, 0]], [[0, 1, 0]]], /row 0 has 1 columns, expected 3/],
  ["too few rows", [[1, 0, 0]], /1 rows, but inputs have 2$/],
  ["too many rows", [...oneHot, ...oneHot], /4 rows, but inputs have 2$/],
  ["a number short", new Float32Array(5), /5 numbers are no whole number of rows of 3/],
  ["NaN", [[1, 0, 0], [0, nan, 0]], /row 1, column 1 is NaN, expected a finite float32/], // biome-ignore format: rows
  ["infinity", [[infinity, 0, 0], [0, 1, 0]], /row 0, column 0 is Infinity, expected a finite float32$/], // biome-ignore format: rows
  ["beyond float32", [[1e39, 0, 0], [0, 1, 0]], /row 0, column 0 is 1e\+39/], // biome-ignore format: rows
  ["names", [["a", "b", "c"], ["a", "b", "c"]], /row 0: element 0 is "a", expected a number/], // biome-ignore format: rows
];
/** Where ids have no meaning they are too few values. */
const idsForValues: Row = ["class ids", [1, 2], /one number for each of 2 rows, expected 3 .*; class ids are for losses/];
/** Where they have one. */
const wrongIds: readonly Row[] = noIds.filter(([what]) => ["half a class", "a negative class", "a class too many"].includes(what));

const losses: Readonly<Record<string, { readonly good: readonly Given[]; readonly bad: readonly Row[] }>> = {
  meanSquaredError: { good: [values], bad: [idsForValues] },
  meanAbsoluteError: { good: [values], bad: [idsForValues] },
  huber: { good: [values], bad: [idsForValues] },
  logCosh: { good: [values], bad: [idsForValues] },
  cosineSimilarity: { good: [values], bad: [idsForValues] },
  poisson: { good: [[[0, 1, 2], [0.5, 7, 3]]], bad: [idsForValues, ...noAmounts] }, // biome-ignore format: rows
  binaryCrossEntropy: { good: [soft, [[1, 1, 0], [0, 0, 0]]], bad: [idsForValues, ...notProbabilities] }, // biome-ignore format: rows
  binaryFocal: { good: [soft, [[1, 1, 0], [0, 0, 0]]], bad: [idsForValues, ...notProbabilities] }, // biome-ignore format: rows
  hinge: { good: [[[1, -1, 1], [-1, -1, -1]], [[1, 1, 0], [0, 0, 0]]], bad: [idsForValues, ...noSigns] }, // biome-ignore format: rows
  squaredHinge: { good: [[[1, -1, 1], [-1, -1, -1]], [[1, 1, 0], [0, 0, 0]]], bad: [idsForValues, ...noSigns] }, // biome-ignore format: rows
  // Sums as people round them: 0.333·3, and sixths with three digits.
  categoricalCrossEntropy: { good: [oneHot, soft, [2, 0], [[0.333, 0.333, 0.333], [0.167, 0.167, 0.667]]], bad: [...wrongIds, ...noDistributions] }, // biome-ignore format: rows
  klDivergence: { good: [oneHot, soft, [2, 0]], bad: [...wrongIds, ...noDistributions] },
  categoricalHinge: { good: [oneHot, [2, 0]], bad: [...wrongIds, ...noMembers] },
  sparseCategoricalCrossEntropy: {
    good: [
      [2, 0],
      [[2], [0]],
    ],
    bad: noIds,
  },
  focal: {
    good: [
      [2, 0],
      [[2], [0]],
    ],
    bad: noIds,
  },
};

test("the table has every loss", () => {
  expect(Object.keys(losses).sort()).toEqual([...lossTypes].sort());
});

describe.each(Object.entries(losses))("%s", (type, { good, bad }) => {
  let net: cr.Network;
  beforeAll(async () => {
    const loss = (cr as unknown as Made)[type]!();
    const activation = loss.takes === "logits" ? "linear" : "softmax";
    net = await cr.network({ input: 2, layers: [cr.dense(3, { activation })], loss, seed: 1, backend: "js" });
  });
  const any = (given: Given) => given as never;

  test.each(good.map((given, i) => [i, given] as const))("takes good targets (%i)", async (_, given) => {
    expect(net.evaluate({ inputs, targets: any(given) }).loss).toEqual(expect.any(Number));
  });

  const ofValues = bad === noIds ? [] : noRows;
  test.each([...ofValues, ...bad])("refuses %s", async (_, given, message) => {
    const before = net.weightsHash();
    await expect(net.fit({ inputs, targets: any(given) })).rejects.toThrow(cr.ShapeError);
    await expect(net.fit({ inputs, targets: any(given) })).rejects.toThrow(message);
    expect(() => net.evaluate({ inputs, targets: any(given) })).toThrow(message);
    expect(() => net.trainOnBatch(inputs, any(given))).toThrow(message);
    expect(net.weightsHash()).toBe(before);
  });
});

test.each(["hinge", "squaredHinge"])("%s: 0 and 1 are the same as -1 and 1, and the user's array stays as it is", async (type) => {
  const loss = (cr as unknown as Made)[type]!();
  const make = () => cr.network({ input: 2, layers: [cr.dense(1)], loss, metrics: ["accuracy"], seed: 1, backend: "js" });
  const binary = Float32Array.of(0, 1);
  const [ours, theirs] = [await make(), await make()];
  await ours.fit({ inputs, targets: binary }, { epochs: 3 });
  await theirs.fit({ inputs, targets: [-1, 1] }, { epochs: 3 });
  expect(ours.weightsHash()).toBe(theirs.weightsHash());
  expect(ours.evaluate({ inputs, targets: binary })).toEqual(theirs.evaluate({ inputs, targets: [-1, 1] }));
  expect(binary).toEqual(Float32Array.of(0, 1));
});

test("label smoothing keeps sums, so smoothed targets are taken too", async () => {
  const loss = cr.categoricalCrossEntropy({ labelSmoothing: 0.1, fromLogits: true });
  const net = await cr.network({ input: 2, layers: [cr.dense(3)], loss, seed: 1, backend: "js" });
  const smoothed = oneHot.map((row) => row.map((y) => Math.fround(y * 0.9 + 0.1 / 3)));
  await expect(net.fit({ inputs, targets: smoothed })).resolves.toBeDefined();
});

test("a thousand float32 that were divided by their sum are a distribution", async () => {
  const width = 1000;
  const loss = cr.klDivergence({ input: "logProbabilities" });
  const net = await cr.network({ input: 2, layers: [cr.dense(width)], loss, seed: 1, backend: "js" });
  const row = Float32Array.from({ length: width }, (_, i) => 1 / (i + 1));
  const sum = row.reduce((a, b) => Math.fround(a + b), 0);
  const targets = row.map((y) => y / sum);
  await expect(net.fit({ inputs: [[1, 2]], targets: [targets] })).resolves.toBeDefined();
});

test.each([
  [[0, 0], /^fit: sampleWeights: all are 0, so nothing counts; expected a weight above 0$/],
  [[1, -1], /^fit: sampleWeights\[1\] is -1, expected a finite number at least 0$/],
  [[1, nan], /^fit: sampleWeights\[1\] is NaN/],
])("sample weights %j are refused", async (sampleWeights, message) => {
  const net = await cr.network({ input: 2, layers: [cr.dense(1)], loss: cr.huber(), seed: 1, backend: "js" });
  const data = { inputs, targets: [1, 2], sampleWeights };
  await expect(net.fit(data)).rejects.toThrow(cr.OptionError);
  await expect(net.fit(data)).rejects.toThrow(message);
});

test.each([0, -1, nan])("a weight of %d for one of several losses is refused", (weight) => {
  for (const type of lossTypes) expect(() => (cr as unknown as Made)[type]!({ weight })).toThrow(`${type}: weight is ${weight}, expected`);
});
