// What becomes of targets before they are staged; expected numbers by hand.
import { describe, expect, test } from "vitest";
import type { Matrix } from "../src/data/samples.js";
import { toSampleWeights, weigh } from "../src/data/weighting.js";
import {
  binaryCrossEntropy,
  binaryFocal,
  categoricalCrossEntropy,
  focal,
  huber,
  klDivergence,
  type Loss,
  meanSquaredError,
  OptionError,
  poisson,
  ShapeError,
  sparseCategoricalCrossEntropy,
} from "../src/index.js";
import { restoreLoss } from "../src/losses.js";

const values = (rows: number, ...numbers: number[]): Matrix => ({
  rows,
  width: numbers.length / rows,
  values: Float32Array.from(numbers),
});
const ids = (rows: number, ...numbers: number[]): Matrix => ({ rows, width: numbers.length / rows, values: Uint32Array.from(numbers) });
const close = (found: Iterable<number>, expected: readonly number[]) => {
  const list = [...found];
  expect(list).toHaveLength(expected.length);
  list.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i]!, 6); // float32
  });
};

const sumOfWeights = { normalization: "sumOfWeights", termsPerRow: 1 } as const;
const batchSize = { normalization: "batchSize", termsPerRow: 1 } as const;

describe("targets", () => {
  test("without weights and smoothing are what they were", () => {
    const targets = values(2, 1, 2, 3, 4);
    expect(meanSquaredError().prepare(targets, [2])).toEqual({ targets });
    expect(weigh(targets, { ...sumOfWeights, columns: 2 }).targets).toBe(targets);
  });

  test("are smoothed towards 1/2 where each element is a class of its own, and towards 1/C in rows", () => {
    close(binaryCrossEntropy({ labelSmoothing: 0.1 }).prepare(values(1, 0, 1, 0.5), [3]).targets.values, [0.05, 0.95, 0.5]);
    expect(binaryCrossEntropy({ labelSmoothing: 0.1 }).prepare(values(1, 0, 1, 0.5), [3]).weights).toBeUndefined();
    close(
      categoricalCrossEntropy({ labelSmoothing: 0.1 }).prepare(values(1, 0, 1, 0, 0), [4]).targets.values,
      [0.025, 0.925, 0.025, 0.025],
    );
  });

  test("that are class ids become rows when they are smoothed, else stay ids", () => {
    const loss = sparseCategoricalCrossEntropy({ labelSmoothing: 0.3 });
    expect([loss.targets, loss.staged, loss.accuracy]).toEqual(["ids", "values", "categorical"]);
    const { targets } = loss.prepare(ids(2, 2, 0), [3]);
    expect([targets.rows, targets.width]).toEqual([2, 3]);
    close(targets.values, [0.1, 0.1, 0.8, 0.8, 0.1, 0.1]);
    expect(sparseCategoricalCrossEntropy().staged).toBeUndefined();
  });

  test("are kept as rows beside altered ones, and only there", () => {
    const soft = values(1, 0.6, 0.4);
    expect(categoricalCrossEntropy({ classWeights: [1, 3] }).prepare(soft, [2]).truth).toEqual(soft);
    expect(binaryCrossEntropy({ labelSmoothing: 0.2 }).prepare(soft, [2], Float32Array.of(2)).truth).toEqual(soft);
    const typed = sparseCategoricalCrossEntropy({ classWeights: Float32Array.of(1, 2) });
    expect(typed.options).toEqual(sparseCategoricalCrossEntropy({ classWeights: [1, 2] }).options);
    const ofIds = sparseCategoricalCrossEntropy({ labelSmoothing: 0.3, classWeights: [1, 2, 3], ignoreIndex: -1 });
    expect(ofIds.prepare(ids(3, 2, 0, -1), [3]).truth).toEqual(values(3, 0, 0, 1, 1, 0, 0, 1, 0, 0)); // whose last row has weight 0
    expect(sparseCategoricalCrossEntropy({ classWeights: [1, 3] }).prepare(ids(1, 0), [2]).truth).toBeUndefined();
    expect(meanSquaredError().prepare(soft, [2], Float32Array.of(2)).truth).toBeUndefined();
  });

  test("to ignore have weight 0 and an id that exists; the rest of their sample counts", () => {
    const loss = sparseCategoricalCrossEntropy({ ignoreIndex: -100 });
    expect(loss.ignoreIndex).toBe(-100);
    const { targets, weights, denominators, counted } = loss.prepare(ids(2, 2, -100, 1, -100, -100, -100), [3, 3]);
    expect([...targets.values]).toEqual([2, 0, 1, 0, 0, 0]);
    expect([weights!.rows, weights!.width, ...weights!.values]).toEqual([2, 3, 1, 0, 1, 0, 0, 0]);
    expect([[...denominators!], [...counted!]]).toEqual([
      [2, 0],
      [2, 0],
    ]);
  });

  test("to ignore may have an id in range, and be smoothed", () => {
    const { targets, weights } = weigh(ids(2, 0, 1), { ...sumOfWeights, columns: 2, ignoreIndex: 0, labelSmoothing: 0.5 });
    close(targets.values, [0.75, 0.25, 0.25, 0.75]);
    expect([...weights!.values]).toEqual([0, 1]);
  });
});

describe("class weights", () => {
  const classWeights = [0.5, 2, 0];

  test("weigh rows by their class, the same for ids and one-hot rows", () => {
    const byId = weigh(ids(3, 1, 0, 2), { ...sumOfWeights, columns: 3, classWeights });
    const byRow = weigh(values(3, 0, 1, 0, 1, 0, 0, 0, 0, 1), { ...sumOfWeights, columns: 3, classWeights });
    for (const { weights, denominators, counted } of [byId, byRow]) {
      expect([...weights!.values]).toEqual([2, 0.5, 0]);
      expect([[...denominators!], [...counted!]]).toEqual([
        [2, 0.5, 0],
        [1, 1, 0],
      ]);
    }
    expect([...byId.targets.values]).toEqual([1, 0, 2]);
    expect([...byRow.targets.values]).toEqual([0, 1, 0, 1, 0, 0, 0, 0, 0]); // of a row of weight 0 nothing is left
  });

  test("weigh soft rows element by element", () => {
    const { targets, weights, denominators } = weigh(values(1, 0.5, 0.25, 0.25), { ...sumOfWeights, columns: 3, classWeights });
    close(
      [...targets.values].map((y) => y * weights!.values[0]!),
      [0.25, 0.5, 0],
    );
    close(denominators!, [0.75]);
  });

  test("after smoothing, with the class's own weight in the denominator", () => {
    // As PyTorch defines cross_entropy with weight and label_smoothing: ((1 - s)·w_y·l_y + s/C·sum of w_c·l_c) / w_y.
    const { targets, weights, denominators } = weigh(ids(1, 0), { ...sumOfWeights, columns: 2, classWeights: [1, 3], labelSmoothing: 0.5 });
    close(
      [...targets.values].map((y) => y * weights!.values[0]!),
      [0.75, 0.75],
    );
    close(denominators!, [1]);
  });
});

describe("denominators", () => {
  test("sumOfWeights adds sample weight times class weight, batchSize counts", () => {
    const classWeights = [1, 3];
    const targets = ids(3, 0, 1, 1);
    const samples = Float32Array.of(2, 0.5, 0);
    const sum = weigh(targets, { ...sumOfWeights, columns: 2, classWeights }, samples);
    expect([[...sum.weights!.values], [...sum.denominators!], [...sum.counted!]]).toEqual([
      [2, 1.5, 0],
      [2, 1.5, 0],
      [1, 1, 0],
    ]);
    const count = weigh(targets, { ...batchSize, columns: 2, classWeights }, samples);
    expect([[...count.weights!.values], [...count.denominators!]]).toEqual([
      [2, 1.5, 0],
      [1, 1, 1],
    ]);
  });

  test("add weights as rows have them, in float32", () => {
    const { weights, denominators } = weigh(ids(1, 0), { ...sumOfWeights, columns: 1, classWeights: [0.1] }, Float32Array.of(0.7));
    expect([...denominators!]).toEqual([...weights!.values]);
  });

  test("of elementwise losses count every element of a sample, of several rows too", () => {
    const targets = values(2, ...new Array(12).fill(1));
    const { weights, denominators } = meanSquaredError().prepare(targets, [2, 3], Float32Array.of(0.5, 2));
    expect([...weights!.values]).toEqual([0.5, 0.5, 2, 2]);
    expect([...denominators!]).toEqual([3, 12]);
    expect([...categoricalCrossEntropy().prepare(targets, [2, 3], Float32Array.of(0.5, 2)).denominators!]).toEqual([1, 4]);
  });

  test("scale divides by their sum, by 0 to 0, and not at all for a sum", () => {
    const loss = meanSquaredError({ weight: 3 });
    expect([loss.scale([2], 4), loss.scale([2], 4, 12), loss.scale([2], 4, 0)]).toEqual([3 / 8, 3 / 12, 0]);
    expect(meanSquaredError({ reduction: "sum" }).scale([2], 4, 12)).toBe(1);
  });
});

describe("what cannot be meant is refused by name", () => {
  type Make = () => unknown;
  test.each<[string, Make, string]>([
    ["gamma < 0", () => focal({ gamma: -1 }), "focal: gamma is -1, expected a finite number at least 0"],
    ["gamma NaN", () => binaryFocal({ gamma: Number.NaN }), "binaryFocal: gamma is NaN"],
    ["alpha > 1", () => binaryFocal({ alpha: 1.5 }), "binaryFocal: alpha is 1.5, expected a finite number at least 0 and at most 1"],
    ["alpha < 0", () => binaryFocal({ alpha: -0.1 }), "binaryFocal: alpha is -0.1"],
    ["labelSmoothing 1", () => binaryCrossEntropy({ labelSmoothing: 1 }), "binaryCrossEntropy: labelSmoothing is 1, expected"],
    ["labelSmoothing < 0", () => categoricalCrossEntropy({ labelSmoothing: -0.1 }), "categoricalCrossEntropy: labelSmoothing is -0.1"],
    ["positiveWeight 0", () => binaryCrossEntropy({ positiveWeight: 0 }), "binaryCrossEntropy: positiveWeight is 0, expected"],
    [
      "no class weights",
      () => categoricalCrossEntropy({ classWeights: [] }),
      "classWeights is an array of 0, expected an array of numbers",
    ],
    [
      "a negative one",
      () => categoricalCrossEntropy({ classWeights: [1, -1] }),
      "classWeights[1] is -1, expected a finite number at least 0",
    ],
    ["none above 0", () => sparseCategoricalCrossEntropy({ classWeights: [0, 0] }), "classWeights is all zeros, expected a weight above 0"],
    ["not numbers", () => sparseCategoricalCrossEntropy({ classWeights: ["1" as never] }), 'classWeights[0] is "1"'],
    ["ignoreIndex 0.5", () => sparseCategoricalCrossEntropy({ ignoreIndex: 0.5 }), "ignoreIndex is 0.5, expected a whole number"],
    ["ignoreIndex of rows", () => categoricalCrossEntropy({ ignoreIndex: 0 } as never), 'unknown option "ignoreIndex"'],
    [
      "a normalization",
      () => huber({ normalization: "mean" as never }),
      'huber: normalization is "mean", expected one of: sumOfWeights, batchSize',
    ],
    ["an input", () => klDivergence({ input: "logits" as never }), 'klDivergence: input is "logits", expected one of: probabilities'],
    ["logInput", () => poisson({ logInput: 1 as never }), "poisson: logInput is 1, expected true or false"],
    [
      "a sample weight",
      () => toSampleWeights("fit: sampleWeights", [1, Number.NaN], 2),
      "fit: sampleWeights[1] is NaN, expected a finite number",
    ],
  ])("%s", (_, make, message) => {
    expect(make).toThrow(OptionError);
    expect(make).toThrow(message);
  });

  test("class weights for other classes, sample weights for other rows", () => {
    const loss = categoricalCrossEntropy({ classWeights: [1, 2] });
    expect(() => loss.check([3])).toThrow(ShapeError);
    expect(() => loss.check([3])).toThrow("classWeights has 2 weights, but the last layer has 3 columns");
    expect(() => toSampleWeights("fit: sampleWeights", [1], 2)).toThrow("fit: sampleWeights: 1 weights for 2 rows");
    expect(() => toSampleWeights("fit: sampleWeights", 1, 2)).toThrow(ShapeError);
    expect(() => toSampleWeights("fit: sampleWeights", [0, 0], 2)).toThrow("fit: sampleWeights: all are 0, so nothing counts");
    expect([...toSampleWeights("fit: sampleWeights", [0, 2], 2)]).toEqual([0, 2]);
    expect([...toSampleWeights("fit: sampleWeights", [0, 0], 2, true)]).toEqual([0, 0]);
  });
});

test("a loss made again from what a file keeps prepares and scales the same", () => {
  const losses: readonly Loss[] = [
    sparseCategoricalCrossEntropy({ classWeights: [1, 2], ignoreIndex: -1, labelSmoothing: 0.1, normalization: "batchSize" }),
    binaryCrossEntropy({ positiveWeight: 2, labelSmoothing: 0.1, fromLogits: true }),
    binaryFocal({ alpha: 0.25 }),
    focal({ gamma: 1 }),
    klDivergence({ input: "logProbabilities" }),
  ];
  for (const loss of losses) {
    const again = restoreLoss(loss.type, JSON.parse(JSON.stringify(loss.options)), {});
    expect(again.options).toEqual(loss.options);
    const targets = loss.targets === "ids" ? ids(2, 1, 0) : values(2, 1, 0, 0, 1);
    expect(again.prepare(targets, [2])).toEqual(loss.prepare(targets, [2]));
  }
});

test.each([categoricalCrossEntropy, sparseCategoricalCrossEntropy])("%o keeps class weights of its own", (make) => {
  const classWeights = [1, 2];
  const loss = make({ classWeights });
  const prepared = () => loss.prepare(loss.targets === "ids" ? ids(2, 1, 0) : values(2, 0, 1, 1, 0), [2]);
  const [before, options] = [prepared(), JSON.stringify(loss.options)];
  classWeights[0] = Number.NaN;
  classWeights.push(3);
  expect(prepared()).toEqual(before);
  expect(JSON.stringify(loss.options)).toBe(options);
  loss.check([2]);
});
