// Scales of columns, against numbers by hand and a float64 formula written here.
import { describe, expect, test } from "vitest";
import { decode, encode } from "../src/formats/native.js";
import {
  customLoss,
  dataset,
  dense,
  FormatError,
  loadNetwork,
  meanSquaredError,
  minMax,
  network,
  OptionError,
  restoreScaler,
  ShapeError,
  standardize,
} from "../src/index.js";

const rows = [[1, 5, 10], [2, 5, 30], [3, 5, 20], [6, 5, 20]]; // biome-ignore format: rows
const data = dataset({ inputs: rows, targets: [10, 20, 30, 40] });

test("standardize: each column gets mean 0 and standard deviation 1, a constant one becomes 0", () => {
  const scaler = standardize(data);
  // 1 2 3 6: mean 3, squares 4 1 0 9; 10 30 20 20: mean 20, squares 100 100 0 0.
  expect(scaler.options).toEqual({ mean: [3, 5, 20], std: [Math.sqrt(14 / 4), 1, Math.sqrt(200 / 4)] });
  const scaled = scaler.transform(rows);
  expect(scaled[0]).toBe(Math.fround(-2 / Math.sqrt(3.5)));
  expect([...scaled].filter((_, i) => i % 3 === 1)).toEqual([0, 0, 0, 0]);
});

test("numbers that float32 cannot tell apart are scaled as they are given", () => {
  const times = Float64Array.from({ length: 5 }, (_, i) => 1.7e12 + 1000 * i);
  const rows = Array.from(times, (time) => [time]);
  const wanted = Float32Array.from([-2, -1, 0, 1, 2], (x) => x / Math.SQRT2);
  for (const given of [rows, rows.map((row) => Float64Array.from(row))]) {
    const scaler = standardize(given);
    expect(scaler.options).toEqual({ mean: [1.7e12 + 2000], std: [1000 * Math.SQRT2] });
    expect(scaler.transform(given)).toEqual(wanted);
    expect(scaler.transform(times)).toEqual(wanted);
  }
  expect([...minMax(times, { columns: 1 }).transform(times)]).toEqual([0, 0.25, 0.5, 0.75, 1]);
  // In a dataset they are float32.
  expect(new Set(dataset({ inputs: rows, targets: [1, 2, 3, 4, 5] }).inputs).size).toBe(1);
  for (const far of [[[1], [1e39]], Float64Array.of(1, 1e39)])
    expect(() => standardize(far, { columns: 1 })).toThrow(/^standardize: row 1, column 0 is 1e\+39, expected a finite float32/);
});

test("a constant column is told by its values, whatever rounding does to its mean", () => {
  // The float64 sum of 10 times float32(0.1) is not 10 times it exactly.
  const constant = standardize(new Array(10).fill(Float32Array.of(0.1)));
  expect(constant.options).toEqual({ mean: [Math.fround(0.1)], std: [1] });
  expect([...constant.transform(Float32Array.of(0.1, 1.1))]).toEqual([0, 1]);
});

test("minMax: each column's range becomes [low, high], beyond it what is beyond, a constant column low", () => {
  const scaler = minMax(data);
  expect([...scaler.transform(rows)]).toEqual([0, 0, 0, 0.2, 0, 1, 0.4, 0, 0.5, 1, 0, 0.5].map(Math.fround));
  expect([...scaler.transform([11, 6, 0])]).toEqual([2, 1, -0.5]);
  const other = minMax([[1], [3]], { low: -1, high: 3 });
  expect([...other.transform([1, 2, 3])]).toEqual([-1, 1, 3]);
  expect([...other.inverse([-1, 1, 3])]).toEqual([1, 2, 3]);
});

test.each([standardize, minMax])("inverse leads back: %o", (fit) => {
  const scaler = fit(data);
  const back = scaler.inverse(scaler.transform(rows));
  // Two roundings to float32 of numbers whose scaled size is at most 3.
  rows.flat().forEach((value, i) => {
    expect(Math.abs(back[i]! - value)).toBeLessThanOrEqual(2 ** -22 * 30);
  });
});

test("fitted on the training part, applied to every part, inputs and targets", () => {
  const { train, test: testing } = data.split({ test: 0.5, shuffle: false });
  const inputs = standardize(train);
  const targets = standardize(train, { of: "targets" });
  const scaled = testing.scale({ inputs, targets });
  expect(targets.options).toEqual({ mean: [15], std: [5] });
  expect([...scaled.targets]).toEqual([3, 5]);
  expect(scaled.inputs).toEqual(inputs.transform(testing.inputs));
  expect(testing.targets).toEqual(Float32Array.of(30, 40));
});

test.each([standardize, minMax])("JSON keeps a scaler bit for bit: %o", (fit) => {
  const scaler = fit([[0.1, 3], [0.7, 1e-30], [1 / 3, 1e30]]); // biome-ignore format: rows
  const { type, options } = JSON.parse(JSON.stringify(scaler));
  const again = restoreScaler(type, options);
  expect(again.transform([0.3, 1e10])).toEqual(scaler.transform([0.3, 1e10]));
  expect(JSON.stringify(again)).toBe(JSON.stringify(scaler));
});

describe("a network keeps the scalers of what it was trained on", () => {
  const scalers = { inputs: standardize(data), targets: minMax(data, { of: "targets" }) };
  const make = () => network({ input: 3, layers: [dense(1)], loss: meanSquaredError(), seed: 1, backend: "js" });

  test("every part made of a scaled dataset has them", () => {
    const scaled = data.scale({ inputs: scalers.inputs }).scale({ targets: scalers.targets });
    for (const part of [scaled.take(2), scaled.select([1]), scaled.shuffle(1), scaled.split({ test: 0.5 }).train])
      expect(part.scalers).toEqual(scalers);
    expect(data.scalers).toBeUndefined();
  });

  test("fit takes them over; files hold them, of networks and of runs alike, and what is loaded scales to the same bits", async () => {
    const net = await make();
    expect(net.scalers).toEqual({});
    const abort = new AbortController();
    await net.fit(data.scale(scalers), { epochs: 9, chunkMilliseconds: 1e-9, onProgress: () => abort.abort(), signal: abort.signal });
    expect(net.scalers).toEqual(scalers);
    for (const bytes of [net.save(), net.save({ training: true })]) {
      const loaded = await loadNetwork(bytes, { backend: "js" });
      expect(loaded.scalers.inputs!.transform(rows)).toEqual(scalers.inputs.transform(rows));
      expect(loaded.scalers.targets!.inverse([0, 0.5, 1])).toEqual(Float32Array.of(10, 25, 40));
      expect(loaded.save()).toEqual(net.save());
    }
    // Arrays say nothing of scales.
    await net.fit({ inputs: rows, targets: [1, 2, 3, 4] });
    expect(net.scalers).toEqual(scalers);
  });

  test("fit refuses a validation dataset of another scale, and changes nothing", async () => {
    const net = await make();
    const scaled = data.scale(scalers);
    for (const [training, validation, message] of [
      [scaled, data, "the data is not scaled, but the training data is scaled (inputs by standardize, targets by minMax)"],
      [data, scaled, "the data is scaled (inputs by standardize, targets by minMax), but the training data is not scaled"],
      [
        scaled,
        data.scale({ inputs: scalers.inputs }),
        "the data is scaled (inputs by standardize), but the training data is scaled (inputs by standardize, targets",
      ],
      [scaled, data.scale({ ...scalers, inputs: standardize(data.take(2)) }), "expected one scale; fit scalers on the training data"],
    ] as const) {
      const refused = net.fit(training, { validation });
      await expect(refused).rejects.toThrow(ShapeError);
      await expect(refused).rejects.toThrow(message);
    }
    expect([net.steps, net.scalers]).toEqual([0, {}]);
    // Arrays say nothing of theirs.
    const byHand = { inputs: scaled.inputs, targets: scaled.targets };
    await net.fit(scaled, { validation: byHand });
    await net.fit(byHand, { validation: scaled });
    await net.fit(scaled, { validation: scaled.take(2) });
    expect(net.steps).toBe(3);
  });

  test("they can be set where data comes as arrays or streams", async () => {
    const net = await make();
    net.scalers = { inputs: scalers.inputs };
    expect((await loadNetwork(net.save(), { backend: "js" })).scalers.inputs!.options).toEqual(scalers.inputs.options);
    for (const wrong of [null, { inputs: 1 }, { outputs: scalers.inputs }])
      expect(() => {
        net.scalers = wrong as never;
      }).toThrow(OptionError);
    for (const [wrong, message] of [
      [{ inputs: minMax([[1, 2]]) }, "scalers: inputs: the minMax scaler was fitted on 2 columns, expected 3 (the network's inputs)"],
      [
        { targets: standardize(data) },
        "scalers: targets: the standardize scaler was fitted on 3 columns, expected 1 (the network's targets)",
      ],
    ] as const)
      expect(() => {
        net.scalers = wrong;
      }).toThrow(new ShapeError(message));
    expect(Object.keys(net.scalers)).toEqual(["inputs"]);
  });

  test("they are as wide as a sample, or as its last axis", async () => {
    const loss = customLoss("ends", {}, (g, range, y) => g.mean(g.square(g.sub(range, y))), { columns: 1 });
    const net = await network({ input: [2, 3], layers: [dense(2)], loss, seed: 1, backend: "js" });
    net.scalers = { inputs: standardize(data), targets: minMax([[1, 2]]) };
    net.scalers = { inputs: minMax([[1, 2, 3, 4, 5, 6]]), targets: minMax([[1], [2]]) };
    for (const columns of [2, 4])
      expect(() => {
        net.scalers = { inputs: minMax([new Array(columns).fill(1)]) };
      }).toThrow(/expected 6 \(the network's inputs\)$/);
  });

  test.each<[string, unknown]>([
    ["no object", 1],
    ["a list", []],
    ["an unknown part", { outputs: scalers.inputs }],
    ["no scaler", { inputs: null }],
    ["an unknown type", { inputs: { type: "robust", options: {} } }],
    ["a spread of 0", { inputs: { type: "standardize", options: { mean: [1], std: [0] } } }],
  ])("a file whose scalers are %s is refused", async (_, stored) => {
    const net = await make();
    const { definition, parameters } = decode(net.save());
    await expect(loadNetwork(encode({ definition, parameters, scalers: stored }))).rejects.toThrow(FormatError);
  });

  test.each(["toJSON", "transform", "inverse"])("what has no %s is no scaler", async (method) => {
    const net = await make();
    expect(() => {
      net.scalers = { inputs: { ...scalers.inputs, [method]: undefined } as never };
    }).toThrow(OptionError);
    expect(net.scalers).toEqual({});
  });
});

describe("refuses", () => {
  const classes = dataset({ inputs: rows, targets: ["a", "b", "a", "b"] });
  test.each<[string, () => unknown, new (message: string) => Error, RegExp]>([
    ["a scale for class ids", () => standardize(classes, { of: "targets" }), ShapeError, /^standardize: the targets are class ids/],
    ["scaled class ids", () => classes.scale({ targets: minMax([1, 2], { columns: 1 }) }), ShapeError, /^scale: targets are class ids/],
    [
      "flat numbers of unknown width",
      () => minMax([1, 2]),
      OptionError,
      /^minMax: got an array of 2, expected a dataset, as dataset\(\{ inputs, targets \}\), rows, or/,
    ],
    [
      "another width",
      () => standardize(data).transform([1, 2]),
      ShapeError,
      /^standardize: transform: 2 numbers are no whole number of rows of 3/,
    ],
    [
      "a dataset of another width",
      () => data.scale({ inputs: minMax([[1]]) }),
      ShapeError,
      /^scale: inputs have 3 columns, the minMax scaler was fitted on 1$/,
    ],
    [
      "scaling twice",
      () => data.scale({ inputs: standardize(data) }).scale({ inputs: standardize(data) }),
      OptionError,
      /^scale: inputs are scaled already \(standardize\)$/,
    ],
    [
      "rows of another scale",
      () => data.scale({ inputs: standardize(data) }).concat(data),
      ShapeError,
      /^concat: the other has .*, expected .*, scalers \{"inputs":/,
    ],
    ["a type that every object has", () => restoreScaler("toString", {}), FormatError, /^scaler type is "toString", expected one of/],
    ["no options", () => restoreScaler("minMax", undefined as never), FormatError, /^minMax: expected finite numbers, as many each/],
    [
      "a spread of 0 in one column of two",
      () => restoreScaler("standardize", { mean: [1, 1], std: [1, 0] }),
      FormatError,
      /^standardize: a column's scale is not above 0/,
    ],
    ["NaN", () => standardize([[Number.NaN]]), ShapeError, /row 0, column 0 is NaN/],
    [
      "what is beyond float32 in the new scale",
      () => standardize([[0, 0], [0, 1e-30]]).transform([[1e30, 0], [1, 1e30]]), // biome-ignore format: rows
      ShapeError,
      /^standardize: transform: row 1, column 1: 1e\+30 is beyond float32 in the new scale; is it in the unit/,
    ],
    [
      "what is beyond float32 in the old scale",
      () => minMax([[0], [1e30]]).inverse([[-1e30]]),
      ShapeError,
      /^minMax: inverse: row 0, column 0: -1e\+30 is beyond float32 in the old scale/,
    ],
    [
      "a dataset that is",
      () => dataset({ inputs: [[1e30]], targets: [1] }).scale({ inputs: standardize([[0], [1e-30]]) }),
      ShapeError,
      /^standardize: transform: row 0, column 0: .* is beyond float32/,
    ],
    [
      "a stream",
      () => standardize(dataset.stream(() => []) as never),
      OptionError,
      /^standardize: got a stream, expected a dataset, .*; await dataset\.from\(rows\) makes a dataset of as many of its rows as you take$/,
    ],
    ["no rows", () => standardize([]), OptionError, /^standardize: got an array of 0/],
    ["a range that is none", () => minMax(data, { low: 1 }), OptionError, /^minMax: high is 1, expected a finite number greater than 1/],
    ["an unknown option", () => standardize(data, { low: 1 } as never), OptionError, /^standardize: unknown option "low"/],
    ["an unknown type", () => restoreScaler("robust", {}), FormatError, /^scaler type is "robust", expected one of: standardize, minMax$/],
    [
      "lists of different lengths",
      () => restoreScaler("standardize", { mean: [1], std: [1, 2] }),
      FormatError,
      /^standardize: expected finite/,
    ],
    [
      "a spread of 0",
      () => restoreScaler("standardize", { mean: [1], std: [0] }),
      FormatError,
      /^standardize: a column's scale is not above 0$/,
    ],
  ])("%s", (_, call, kind, message) => {
    expect(call).toThrow(kind);
    expect(call).toThrow(message);
  });
});
