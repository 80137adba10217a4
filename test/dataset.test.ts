// Datasets: sources, orders, parts, and what is refused. Expected numbers by hand.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Classes,
  classWeights,
  type Dataset,
  dataset,
  dense,
  type FoldOptions,
  minMax,
  network,
  OptionError,
  oneHot,
  ShapeError,
  sparseCategoricalCrossEntropy,
  standardize,
} from "../src/index.js";
import { sparse, transferred } from "./refusals.js";

const flat = Float32Array.of(1, 2, 3, 4, 5, 6);
const rows = [[1, 2], [3, 4], [5, 6]]; // biome-ignore format: rows
const samples = [
  { input: [1, 2], target: "no" },
  { input: [3, 4], target: "yes" },
  { input: [5, 6], target: "no" },
];

async function* later<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) yield item;
}

/** `n` rows of one column that is the row's number; classes by `ids`. */
const numbered = (ids: readonly number[], classes: Classes = Math.max(...ids) + 1) =>
  dataset({ inputs: ids.map((_, r) => [r]), targets: ids }, { classes });
const numbersOf = (part: Dataset) => [...part.inputs];
const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);

describe("the same dataset comes from", () => {
  const expected = { rows: 3, input: [2], inputs: flat, targets: Uint32Array.of(0, 1, 0), columns: 1, classes: ["no", "yes"] };
  const labels = ["no", "yes", "no"];
  test.each<[string, () => Dataset | Promise<Dataset>]>([
    ["flat inputs", () => dataset({ inputs: flat, targets: labels })],
    ["rows", () => dataset({ inputs: rows, targets: labels })],
    ["rows of typed arrays", () => dataset({ inputs: rows.map((row) => Float64Array.from(row)), targets: labels })],
    ["samples", () => dataset(samples)],
    ["a generator of samples", () => dataset((function* () { yield* samples; })())], // biome-ignore format: one idea
    ["batches", () => dataset([{ inputs: [1, 2, 3, 4], targets: ["no", "yes"] }, { inputs: [[5, 6]], targets: ["no"] }])], // biome-ignore format: one idea
    ["an async iterable of samples", () => dataset.from(later(samples))],
    ["ids and the classes' names", () => dataset({ inputs: rows, targets: Uint8Array.of(0, 1, 0) }, { classes: ["no", "yes"] })],
    ["itself in batches", () => dataset(dataset(samples).batches(2), { classes: ["no", "yes"] })],
  ])("%s", async (_, make) => {
    expect({ ...(await make()) }).toEqual(expected);
  });
});

describe("a dataset of datasets keeps", () => {
  const count = Array.from({ length: 20 }, (_, r) => r);
  const wide = dataset({ inputs: count.map((r) => [r, r + 1, r + 2, r * r]), targets: count.map((r) => [r, -r]) });
  const images = dataset(
    { inputs: new Float32Array(24), targets: ["10", "9", "9", "9"] },
    { input: [2, 3], classes: ["9", "10", "0", "1"] },
  );
  const named = dataset({ inputs: rows, targets: [1, 2, 3], sampleWeights: [1, 0, 2] }, { features: ["height", "width"] });
  const scaled = wide.scale({ inputs: standardize(wide), targets: minMax(wide, { of: "targets" }) });

  test.each<[string, Dataset]>([
    ["several targets a row", wide],
    ["an input's shape, and classes that look like ids", images],
    ["features and weights", named],
    ["scalers", scaled],
  ])("%s", async (_, data) => {
    const { inputs, targets } = data;
    for (const again of [dataset(data), dataset({ ...data }), dataset(data.batches(3)), await dataset.from(later(data.batches(3)))]) {
      expect({ ...again }).toEqual({ ...data, inputs, targets });
      expect(again.take(1)).toEqual(data.take(1));
    }
    const sampleWeights = new Float32Array(data.rows).fill(2);
    expect({ ...dataset({ ...data, sampleWeights }) }).toEqual({ ...data, sampleWeights });
  });

  test("what options do not say otherwise", () => {
    expect(dataset(images, { classes: ["10", "9"] })).toMatchObject({ input: [2, 3], targets: Uint32Array.of(0, 1, 1, 1) });
    expect(dataset(images, { classes: false })).toMatchObject({ columns: 1, targets: Float32Array.of(1, 0, 0, 0) });
    expect(dataset(images, { input: 6 }).input).toEqual([6]);
    expect(dataset(named, { features: ["a", "b"] }).features).toEqual(["a", "b"]);
  });

  test.each<[string, () => unknown, RegExp]>([
    [
      "others of other scalers",
      () => dataset([wide, scaled]),
      /^dataset: item 1 has inputs \[4\], 2 values a target, scalers .*, expected inputs \[4\], 2 values a target, as item 0$/,
    ],
    [
      "others of other classes",
      () => dataset([numbered([0, 1]), numbered([0, 1, 2])]),
      /^dataset: item 1 has inputs \[1\], classes \["0","1","2"\], expected inputs \[1\], classes \["0","1"\], as item 0$/,
    ],
    [
      "samples whose labels' classes are not known",
      () => dataset([{ input: 1, target: "0" }, numbered([0, 1])]),
      /^dataset: item 1 has inputs \[1\], classes \["0","1"\], expected inputs \[1\], labels, as item 0$/,
    ],
    [
      "an option input of another width",
      () => dataset(wide, { input: 8 }),
      /^dataset: the option input is 8 numbers a row, the dataset has 4$/,
    ],
    ["classes of scaled targets", () => dataset(scaled, { classes: true }), /^dataset: the dataset's targets are scaled \(minMax\)/],
    [
      "an id that is none of its classes",
      () => dataset({ ...images, targets: Uint32Array.of(0, 1, 2, 9) }),
      /^dataset: targets: row 3 has class id 9, expected a whole number from 0 to 3$/,
    ],
    [
      "fields that say something else",
      () => dataset({ ...wide, targets: count }),
      /^dataset: 20 rows with 1 target columns, but its fields rows and columns say 20 and 2$/,
    ],
    [
      "another number of rows",
      () => dataset({ ...wide, rows: 19 } as never),
      /^dataset: 20 rows with 2 target columns, but its fields rows and columns say 19 and 2$/,
    ],
    ["a field that is none", () => dataset({ ...wide, weights: [1] } as never), /^dataset: unknown field "weights"/],
  ])("no %s", (_, call, message) => {
    expect(call).toThrow(ShapeError);
    expect(call).toThrow(message);
  });
});

describe("targets are", () => {
  test.each<[string, Parameters<typeof dataset>[0], Parameters<typeof dataset>[1], object]>([
    ["values, if they are numbers", { inputs: rows, targets: [1, 2, 3] }, {}, { targets: Float32Array.of(1, 2, 3), columns: 1 }],
    ["several values", { inputs: flat, targets: [1, 2, 3, 4, 5, 6] }, { input: 2 }, { targets: flat, columns: 2 }],
    [
      "distinct numbers in rising order",
      { inputs: rows, targets: [10, 9, 10] },
      { classes: true },
      { targets: Uint32Array.of(1, 0, 1), classes: ["9", "10"] },
    ],
    [
      "names in the order of code units, if one is no whole number",
      { inputs: rows, targets: ["x", "2", "10"] },
      {},
      { targets: Uint32Array.of(2, 1, 0), classes: ["10", "2", "x"] },
    ],
    [
      "false and true",
      { inputs: rows, targets: [true, false, true] },
      {},
      { targets: Uint32Array.of(1, 0, 1), classes: ["false", "true"] },
    ],
    [
      "names, even if these are digits",
      { inputs: rows, targets: [1, 2, 1] },
      { classes: ["1", "2"] },
      { targets: Uint32Array.of(0, 1, 0) },
    ],
    [
      "ids of names, of which none looks like one",
      { inputs: rows, targets: [1, 0, 1] },
      { classes: ["b", "a"] },
      { targets: Uint32Array.of(1, 0, 1), classes: ["b", "a"] },
    ],
    [
      "ids of so many classes",
      { inputs: rows, targets: [0, 2, 0] },
      { classes: 4 },
      { targets: Uint32Array.of(0, 2, 0), classes: ["0", "1", "2", "3"] },
    ],
  ])("%s", (_, source, options, expected) => {
    expect(dataset(source, options)).toMatchObject(expected);
  });
});

test("an input's shape and the columns' names are kept by every part", () => {
  const images = dataset({ inputs: new Float32Array(24), targets: [0, 1, 0, 1] }, { input: [2, 3], classes: 2 });
  expect([images.rows, images.slice(1, 3).input]).toEqual([4, [2, 3]]);
  const named = dataset({ inputs: rows, targets: [1, 2, 3] }, { features: ["height", "width"] });
  expect(named.shuffle(1).take(2).features).toEqual(["height", "width"]);
});

test("a dataset is what fit, evaluate and predict take", async () => {
  const data = dataset(samples);
  const net = await network({ input: data.input, layers: [dense(2)], loss: sparseCategoricalCrossEntropy({ fromLogits: true }), seed: 1 });
  await net.fit(data, { epochs: 2 });
  expect(net.evaluate(data).loss).toBe(net.evaluate({ inputs: rows, targets: [0, 1, 0] }).loss);
  expect(net.predict(data.inputs)).toHaveLength(6);
  net.dispose();
});

describe("orders and parts", () => {
  test("shuffle keeps inputs with their targets, and depends on the seed alone", () => {
    const data = dataset({ inputs: Array.from({ length: 50 }, (_, r) => [r, r]), targets: Array.from({ length: 50 }, (_, r) => -r) });
    const shuffled = data.shuffle(7);
    expect(sorted([...shuffled.targets])).toEqual(sorted([...data.targets]));
    for (let r = 0; r < 50; ++r) expect([...shuffled.slice(r, r + 1).inputs]).toEqual([-shuffled.targets[r]!, -shuffled.targets[r]!]);
    expect(data.shuffle(7)).toEqual(shuffled);
    expect(data.shuffle(8)).not.toEqual(shuffled);
    expect(data.targets[1]).toBe(-1);
  });

  test("the order is the same on every machine", () => {
    // Fixed once: Threefry2x32-20 with key (1, 2), whose words test/random.test.ts holds to the published ones.
    expect(numbersOf(numbered([0, 0, 0, 0, 0, 0, 0, 0]).shuffle(1))).toMatchInlineSnapshot(`
      [
        5,
        0,
        2,
        4,
        1,
        7,
        3,
        6,
      ]
    `);
  });

  test("split: parts share no row and hold all rows, in the sizes asked for", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(3), { minLength: 12, maxLength: 60 }),
        fc.double({ min: 0.05, max: 0.4, noNaN: true }),
        fc.double({ min: 0.05, max: 0.3, noNaN: true }),
        fc.nat(),
        (ids, test, validation, seed) => {
          // Stratified parts need a row of every class.
          ids.splice(0, 4, 0, 1, 2, 3);
          const data = numbered(ids, 4);
          const counts = [0, 1, 2, 3].map((id) => ids.filter((other) => other === id).length);
          const parts = data.split({ test, validation, seed });
          expect(sorted([parts.train, parts.validation, parts.test].flatMap(numbersOf))).toEqual(ids.map((_, r) => r));
          expect([parts.test.rows, parts.validation.rows]).toEqual(
            [test, validation].map((share) => Math.max(1, Math.round(share * ids.length))),
          );

          const { train, test: testing } = data.split({ test, seed, stratified: true });
          expect(sorted([train, testing].flatMap(numbersOf))).toEqual(ids.map((_, r) => r));
          counts.forEach((count, id) => {
            const taken = testing.targets.filter((other) => other === id).length;
            // A share is off by one at most, unless single rows of other classes had to stay in training.
            expect(Math.abs(taken - (count * testing.rows) / ids.length)).toBeLessThanOrEqual(
              1 + counts.filter((other) => other <= 1).length,
            );
            if (count > 0) expect(taken).toBeLessThan(count);
          });
        },
      ),
      { seed: 1, numRuns: 200 },
    );
  });

  test("stratified shares are exact where they can be, the largest remainders rounded up where not", () => {
    const count = (part: Dataset) => [0, 1, 2].map((id) => part.targets.filter((other) => other === id).length);
    const even = numbered([...new Array(40).fill(0), ...new Array(8).fill(1), ...new Array(4).fill(2)]);
    expect(count(even.split({ test: 0.25, stratified: true }).test)).toEqual([10, 2, 1]);
    // 3 of 10 rows: quotas 1.8, 0.9, 0.3.
    const uneven = numbered([0, 0, 0, 0, 0, 0, 1, 1, 1, 2]);
    expect(count(uneven.split({ test: 0.3, stratified: true }).test)).toEqual([2, 1, 0]);
  });

  test("without shuffle the last rows are for testing, those before for validation, in their order", () => {
    const { train, validation, test } = numbered([0, 0, 0, 0, 0, 0]).split({ test: 1 / 3, validation: 1 / 6, shuffle: false });
    expect([train, validation, test].map(numbersOf)).toEqual([[0, 1, 2], [3], [4, 5]]);
  });

  test("select, slice, take, batches and concat", () => {
    const data = numbered([0, 1, 0, 1, 0]);
    expect(numbersOf(data.select([4, 0, 4]))).toEqual([4, 0, 4]);
    expect([...data.select([1, 2]).targets]).toEqual([1, 0]);
    expect([data.slice(1, 3), data.slice(3), data.take(2)].map(numbersOf)).toEqual([[1, 2], [3, 4], [0, 1]]); // biome-ignore format: parts
    expect([...data.batches(2)].map(numbersOf)).toEqual([[0, 1], [2, 3], [4]]); // biome-ignore format: batches
    expect(data.slice(3).concat(data.take(3)).shuffle(0)).toEqual(data.select([3, 4, 0, 1, 2]).shuffle(0));
  });
});

describe("weights", () => {
  const weights = [3, 0, 1];
  const weighted = dataset({ inputs: rows, targets: ["no", "yes", "no"], sampleWeights: weights });

  test.each<[string, () => Dataset | Promise<Dataset>]>([
    ["samples", () => dataset(samples.map((sample, r) => ({ ...sample, sampleWeight: weights[r]! })))],
    ["an async iterable of batches", () => dataset.from(later([
      { inputs: rows.slice(0, 1), targets: ["no"], sampleWeights: [3] },
      { inputs: rows.slice(1), targets: ["yes", "no"], sampleWeights: [0, 1] },
    ]))], // biome-ignore format: one idea
    ["itself in batches", () => dataset(weighted.batches(2), { classes: ["no", "yes"] })],
  ])("come from %s", async (_, make) => {
    expect({ ...(await make()) }).toEqual({ ...weighted });
    expect(weighted.sampleWeights).toEqual(Float32Array.of(3, 0, 1));
  });

  test("stay with their rows in every part", () => {
    const count = 30;
    const numbers = Array.from({ length: count }, (_, r) => r);
    const data = dataset({ inputs: numbers, targets: numbers.map((r) => r % 2), sampleWeights: numbers }, { classes: 2 });
    const { train, validation, test: testing } = data.split({ test: 0.2, validation: 0.2, seed: 1, stratified: true });
    const scaled = data.scale({ inputs: { ...minMax(data), transform: (given) => Float32Array.from(given as Float32Array) } });
    const parts = [train, validation, testing, data.shuffle(1), data.select([7, 7, 2]), data.slice(3, 9), data.take(4), scaled];
    for (const part of [...parts, ...data.batches(7), data.take(3).concat(data.slice(20))]) {
      expect(part.sampleWeights).toHaveLength(part.rows);
      expect(part.sampleWeights).toEqual(part.inputs);
    }
  });

  test("count in fit and evaluate as those of arrays do", async () => {
    const make = () => network({ input: 2, layers: [dense(2)], loss: sparseCategoricalCrossEntropy({ fromLogits: true }), seed: 1 });
    const [ours, theirs] = [await make(), await make()];
    const arrays = { inputs: rows, targets: [0, 1, 0], sampleWeights: weights };
    await ours.fit(weighted, { epochs: 3, validation: weighted });
    await theirs.fit(arrays, { epochs: 3 });
    expect(ours.weightsHash()).toBe(theirs.weightsHash());
    expect(ours.evaluate(weighted)).toEqual(theirs.evaluate(arrays));
    // The row of the dataset's other class counts nothing.
    expect(ours.evaluate(weighted)).not.toEqual(ours.evaluate({ inputs: rows, targets: [0, 1, 0] }));
    await expect(ours.fit(weighted.select([1]))).rejects.toThrow(/^fit: sampleWeights: all are 0/);
  });
});

test("oneHot has a 1 at each row's class", () => {
  expect(oneHot([2, 0], 3)).toEqual(Float32Array.of(0, 0, 1, 1, 0, 0));
  expect(() => oneHot([2, 0], undefined as never)).toThrow("oneHot: classes is undefined, expected a whole number");
});

describe("folds:", () => {
  test("each row is in one validation and in all other trains, parts and their classes as equal as can be", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(3), { minLength: 7, maxLength: 60 }),
        fc.integer({ min: 2, max: 7 }),
        fc.nat(),
        fc.constantFrom({ stratified: true }, {}, { shuffle: false }),
        (some, count, seed, options) => {
          // Of strata each fold needs a row of every class.
          const ids = [...some, ...Array.from({ length: 4 * count }, (_, i) => i % 4)];
          const all = ids.map((_, r) => r);
          const folds = [...numbered(ids, 4).folds(count, { ...options, seed })];
          expect(folds.length).toBe(count);
          expect(sorted(folds.flatMap(({ validation }) => numbersOf(validation)))).toEqual(all);
          for (const { train, validation } of folds) {
            expect(sorted([train, validation].flatMap(numbersOf))).toEqual(all);
            expect(Math.abs(validation.rows - ids.length / count)).toBeLessThan(1);
            for (const id of options.stratified ? [0, 1, 2, 3] : []) {
              const of = (rows: Iterable<number>) => [...rows].filter((other) => other === id).length;
              expect(Math.abs(of(validation.targets) - of(ids) / count)).toBeLessThan(1);
            }
            if (options.shuffle === false)
              expect([train, validation].map(numbersOf)).toEqual([train, validation].map(numbersOf).map(sorted));
          }
        },
      ),
      { seed: 1, numRuns: 200 },
    );
  });

  test("are a function of the seed, in an order of their own, and in the rows' order without one", () => {
    const data = numbered(Array.from({ length: 12 }, (_, i) => i % 3));
    const validations = (options: FoldOptions) => [...data.folds(5, options)].map(({ validation }) => numbersOf(validation));
    expect(validations({ seed: 1 })).toEqual(validations({ seed: 1 }));
    expect(validations({ seed: 1 })).not.toEqual(validations({ seed: 2 }));
    expect(validations({})).toEqual(validations({ seed: 0 }));
    expect(validations({ shuffle: false })).toEqual([
      [0, 1, 2],
      [3, 4],
      [5, 6, 7],
      [8, 9],
      [10, 11],
    ]);
    const { train } = data.folds(2, { stratified: true, seed: 3 }).next().value!;
    expect(numbersOf(train)).not.toEqual(sorted(numbersOf(train)));
    expect([...train.targets]).not.toEqual(sorted([...train.targets]));
  });

  test("keep weights, names and scalers, and are made one at a time", () => {
    const weighed = dataset({ inputs: [[1], [2], [3], [4]], targets: ["a", "b", "a", "b"], sampleWeights: [1, 2, 3, 4] });
    const folds = weighed.folds(2, { stratified: true, seed: 5 });
    const { train, validation } = folds.next().value!;
    for (const part of [train, validation]) {
      expect([...part.sampleWeights!]).toEqual(numbersOf(part));
      expect([part.classes, [...part.targets].sort()]).toEqual([
        ["a", "b"],
        [0, 1],
      ]);
    }
  });
});

test("class weights make every class count alike: rows / (classes · rows of the class)", () => {
  const weights = classWeights(Uint32Array.of(0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 2, 2));
  expect(weights).toEqual([12 / (3 * 6), 12 / (3 * 2), 12 / (3 * 4)]);
  expect(6 * weights[0]! + 2 * weights[1]! + 4 * weights[2]!).toBeCloseTo(12, 12);
});

test.each<[string, (gone: Dataset, whole: Dataset) => unknown]>([
  ["shuffle", (gone) => gone.shuffle(1)],
  ["split", (gone) => gone.split({ test: 0.5 })],
  ["folds", (gone) => gone.folds(2)],
  ["select", (gone) => gone.select([0])],
  ["slice", (gone) => gone.slice(0)],
  ["concat", (gone, whole) => gone.concat(whole)],
  ["concat: the other", (gone, whole) => whole.concat(gone)],
  ["scale", (gone) => gone.scale({})],
  ["standardize", (gone) => standardize(gone)],
])("%s says that the rows went to a worker", (who, call) => {
  const make = () => dataset({ inputs: flat.slice(), targets: [1, 2, 3] });
  for (const what of ["inputs", "targets"] as const) {
    const gone = make();
    transferred(gone[what] as Float32Array);
    expect(() => call(gone, make())).toThrow(ShapeError);
    expect(() => call(gone, make())).toThrow(
      `${who}: the dataset's ${what} are a ${gone[what].constructor.name} whose buffer is detached (it was transferred, as to a worker: keep a copy)`,
    );
  }
});

const sent = () => transferred(Float32Array.of(1, 2));
test.each<[string, unknown, string]>([
  ["inputs", { inputs: sent(), targets: [1] }, "dataset: inputs: got"],
  ["targets", { inputs: [[1]], targets: sent() }, "dataset: targets: got"],
  ["class ids", { inputs: [[1]], targets: transferred(Uint8Array.of(1)) }, "dataset: targets: got"],
  ["weights", { inputs: [[1]], targets: [1], sampleWeights: sent() }, "dataset: sampleWeights: got"],
  ["the first row", { inputs: [sent(), [1, 2]], targets: [1, 2] }, "dataset: inputs: row 0 is"],
  ["another row", { inputs: [[1, 2], sent()], targets: [1, 2] }, "dataset: inputs: row 1 is"],
  ["a sample's input", [{ input: sent(), target: 1 }], "dataset: item 0: inputs: element 0 is"],
])("%s whose buffer went to a worker are no data set's", (_, data, message) => {
  expect(() => dataset(data as never)).toThrow(ShapeError);
  const kind = /ids/.test(_) ? "Uint8Array" : "Float32Array";
  expect(() => dataset(data as never)).toThrow(
    `${message} a ${kind} whose buffer is detached (it was transferred, as to a worker: keep a copy)`,
  );
});

describe("refuses", () => {
  const data = numbered([0, 1, 0, 1]);
  const values = dataset({ inputs: rows, targets: [1, 2, 3] });
  test.each<[string, () => unknown, RegExp]>([
    ["nothing", () => dataset(null as never), /^dataset: got null, expected { inputs, targets } or an iterable/],
    ["an async iterable given to dataset", () => dataset(later(samples) as never), /dataset.from takes async iterables$/],
    ["no samples", () => dataset([]), /^dataset: no rows$/],
    ["no rows", () => dataset({ inputs: [], targets: [] }), /^dataset: inputs: no rows$/],
    ["ragged rows", () => dataset({ inputs: [[1, 2], [3]], targets: [0, 1] }), /^dataset: inputs: row 1 has 1 columns, expected 2/],
    ["NaN", () => dataset({ inputs: [[1, Number.NaN]], targets: [0] }), /^dataset: inputs: row 0, column 1 is NaN/],
    ["targets that are too few", () => dataset({ inputs: rows, targets: ["a"] }), /^dataset: 1 labels for 3 rows of 2$/],
    ["no whole rows", () => dataset({ inputs: [1, 2, 3], targets: [1, 2] }), /^dataset: 3 input numbers for 2 targets are no whole rows/],
    [
      "half a class",
      () => dataset({ inputs: rows, targets: [0, 0.5, 1] }, { classes: 2 }),
      /^dataset: targets: row 1 has label 0.5, expected a name or/,
    ],
    [
      "an id beyond the classes",
      () => dataset({ inputs: rows, targets: [0, 2, 1] }, { classes: 2 }),
      /row 1 has label 2, expected an id from 0 to 1$/,
    ],
    [
      "an unknown name",
      () => dataset({ inputs: rows, targets: ["a", "c", "b"] }, { classes: ["a", "b"] }),
      /row 1 has label "c", expected one of: a, b; or, as all others, an id from 0 to 1$/,
    ],
    [
      "ids where names look like ids",
      () => dataset({ inputs: rows, targets: [0, 1, 2] }, { classes: ["1", "2", "3"] }),
      /^dataset: targets: row 0 has label 0, expected one of: 1, 2, 3$/,
    ],
    [
      "an id among names",
      () => dataset({ inputs: rows, targets: ["a", 1, "b"] }, { classes: ["a", "b"] }),
      /row 1 has label 1, expected one of: a, b; or, as all others, an id from 0 to 1$/,
    ],
    [
      "one-hot rows where classes are named",
      () => dataset({ inputs: rows, targets: rows }, { classes: 2 }),
      /row 0 is an array of 2, expected one label/,
    ],
    [
      "samples that differ in width",
      () =>
        dataset([
          { input: [1, 2], target: 0 },
          { input: [1], target: 0 },
        ]),
      /^dataset: item 1: input has 1 columns, expected 2, as item 0$/,
    ],
    [
      "samples that differ in kind",
      () =>
        dataset([
          { input: 1, target: 0 },
          { input: 1, target: "a" },
        ]),
      /^dataset: item 1: target is a label, expected 1 numbers, as item 0$/,
    ],
    [
      "weights by a wrong name",
      () => dataset({ inputs: rows, targets: [1, 2, 3], sampleWeight: [1, 1, 1] } as never),
      /^dataset: unknown field "sampleWeight", expected one of: inputs, targets, sampleWeights; did you mean "sampleWeights"\?$/,
    ],
    [
      "a sample's weight by a wrong name",
      () => dataset([{ input: 1, target: 0, sampleWeights: [1] } as never]),
      /^dataset: item 0: unknown field "sampleWeights", expected one of: input, target, sampleWeight; did you mean "sampleWeight"\?$/,
    ],
    [
      "options among the data",
      () => dataset({ inputs: rows, targets: [0, 1, 0], classes: 2 } as never),
      /^dataset: unknown field "classes"/,
    ],
    [
      "weights of some items",
      () =>
        dataset([
          { input: 1, target: 0, sampleWeight: 1 },
          { input: 1, target: 0 },
        ]),
      /^dataset: item 1: sampleWeights, expected in all items alike, as in item 0, or in none$/,
    ],
    [
      "fewer weights than rows",
      () => dataset({ inputs: rows, targets: [1, 2, 3], sampleWeights: [1] }),
      /^dataset: sampleWeights: 1 weights for 3/,
    ],
    [
      "rows without weights to concat",
      () => dataset({ inputs: [1], targets: [1], sampleWeights: [1] }).concat(dataset({ inputs: [1], targets: [1] })),
      /^concat: the other has inputs \[1\], 1 value a target, expected inputs \[1\], 1 value a target, sampleWeights$/,
    ],
    ["what is no sample", () => dataset([{ x: 1 } as never]), /^dataset: item 0: got an object {x}, expected { input, target } or/],
    [
      "other classes to concat",
      () => data.concat(numbered([0, 1, 2])),
      /^concat: the other has inputs \[1\], classes \["0","1","2"\], expected/,
    ],
    ["nothing to concat", () => data.concat(undefined as never), /^concat: got undefined, expected a dataset$/],
    [
      "classes whose names look alike when joined",
      () => numbered([0, 1], ["a, b", "c"]).concat(numbered([0, 1], ["a", "b, c"])),
      /^concat: the other has .* classes \["a","b, c"\], expected .* classes \["a, b","c"\]$/,
    ],
    ["a class without rows", () => classWeights([0, 2, 2]), /^classWeights: class 1 has no rows/],
    [
      "strata of a class without rows",
      () => numbered([0, 1, 0, 1], 3).split({ test: 0.5, stratified: true }),
      /^split: stratified: class "2" has no rows, so no part can have its share; leave it out of classes$/,
    ],
    [
      "fewer rows of a class than folds",
      () => numbered([0, 1, 0, 1, 1]).folds(3, { stratified: true }),
      /^folds: stratified: class "0" has 2 rows, expected at least 3, one a fold$/,
    ],
    ["an id that is no class", () => oneHot([0, 3], 3), /^oneHot: row 1 has class id 3, expected a whole number from 0 to 2$/],
    ["a weight for what is no id", () => classWeights([1n] as never), /^classWeights: row 0 has class id 1n/],
    ["a weight for a fraction", () => classWeights([1.5]), /^classWeights: row 0 has class id 1.5, expected a whole number from 0/],
    ["a DataView for ids", () => oneHot(new DataView(new ArrayBuffer(4)) as never, 2), /^oneHot: got DataView\(4\)/],
    ["a DataView to select", () => data.select(new DataView(new ArrayBuffer(4)) as never), /^select: got DataView\(4\)/],
    ["no rows to select", () => data.select([]), /^select: got an array of 0, expected an array of row numbers$/],
    ["rows to select that are none", () => data.select("0" as never), /^select: got "0"/],
  ])("%s", (_, call, message) => {
    expect(call).toThrow(ShapeError);
    expect(call).toThrow(message);
  });

  test.each<[string, () => unknown, RegExp]>([
    [
      "an unknown option",
      () => dataset(samples, { class: 2 } as never),
      /^dataset: unknown option "class", expected one of: input, classes, features; did you mean "classes"\?$/,
    ],
    ["a class named twice", () => dataset(samples, { classes: ["no", "no"] }), /classes has a name twice$/],
    [
      "a class without a name",
      () => dataset(samples, { classes: sparse((_) => ["no", _, "yes"]) }),
      /^dataset: targets: classes is an array of 3/,
    ],
    ["too few names of columns", () => dataset(samples, { features: ["a"] }), /^dataset: features has 1 names for 2 columns$/],
    ["an input of 0 columns", () => dataset(samples, { input: 0 }), /^dataset: input is 0/],
    [
      "a split without test",
      () => data.split({} as never),
      /^split: test is undefined, expected a finite number greater than 0 and less than 1$/,
    ],
    [
      "a split that leaves nothing",
      () => data.split({ test: 0.5, validation: 0.5 }),
      /^split: test and validation take 4 of 4 rows and leave none to train on$/,
    ],
    ["strata of values", () => values.split({ test: 0.5, stratified: true }), /^split: stratified needs targets that are classes/],
    ["one fold", () => data.folds(1), /^folds: count is 1, expected a whole number of at least 2$/],
    ["more folds than rows", () => data.folds(5), /^folds: count is 5, but there are 4 rows, expected at least one a fold$/],
    ["folds of values by strata", () => values.folds(2, { stratified: true }), /^folds: stratified needs targets that are classes/],
    [
      "strata in their order",
      () => data.folds(2, { stratified: true, shuffle: false }),
      /^folds: stratified needs shuffle, got shuffle false$/,
    ],
    [
      "an unknown option of folds",
      () => data.folds(2, { test: 0.5 } as never),
      /^folds: unknown option "test", expected one of: stratified, shuffle, seed$/,
    ],
    ["a seed that is none", () => data.shuffle(-1), /^shuffle: seed is -1/],
    ["a row that is not there", () => data.select([0, 4]), /^select: row 1 is 4, expected a whole number from 0 to 3$/],
    ["more rows than there are", () => data.take(5), /^take is 5/],
    ["a slice of nothing", () => data.slice(2, 2), /^slice: end is 2/],
    ["batches of nothing", () => [...data.batches(0)], /^batches: size is 0/],
  ])("%s", (_, call, message) => {
    expect(call).toThrow(OptionError);
    expect(call).toThrow(message);
  });

  test("what is no iterable, in dataset.from", async () => {
    await expect(dataset.from(3 as never)).rejects.toThrow(/^dataset.from: got 3, expected an iterable or async iterable/);
  });
});

test("a single row is copied, as several are", () => {
  const [row, target] = [Float32Array.of(1, 2), Float32Array.of(3)];
  const data = dataset({ inputs: [row], targets: [target] });
  row.fill(9);
  target.fill(9);
  expect([data.inputs, data.targets]).toEqual([Float32Array.of(1, 2), Float32Array.of(3)]);
});
