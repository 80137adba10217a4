// Data and parameters of wrong shapes, kinds and values.
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import {
  BackendError,
  dataset,
  dense,
  gradCheck,
  meanSquaredError,
  network,
  ShapeError,
  sparseCategoricalCrossEntropy,
} from "../src/index.js";
import { any, inputs, options, type Row, refuses, sparse, targets, thrownBy, transferred } from "./refusals.js";

const NAN = Number.NaN;
const INF = Number.POSITIVE_INFINITY;

const data: readonly Row[] = [
  [
    "a hole among rows",
    (n) => n.predict(sparse((_) => [[1, 2, 3], _, [1, 2, 3]])),
    ShapeError,
    /predict: inputs: row 1 is undefined, expected a row of 3/,
  ],
  [
    "a hole before rows",
    (n) => n.predict(sparse((_) => [_, [1, 2, 3]])),
    ShapeError,
    /^predict: inputs: row 0 is undefined, expected a row of 3/,
  ],
  [
    "a row of integers too long for numbers",
    (n) => n.predict(any([new BigInt64Array(3)])),
    ShapeError,
    /^predict: inputs: row 0 is BigInt64Array\(3\), expected a row of 3 numbers$/,
  ],
  [
    "one of another realm",
    (n) => n.predict(any([[1, 2, 3], runInNewContext("new BigInt64Array(3)")])),
    ShapeError,
    /^predict: inputs: row 1 is BigInt64Array\(3\), expected a row of 3 numbers$/,
  ],
  [
    "a Set as the only row",
    (n) => n.predict(any([new Set([1, 2, 3])])),
    ShapeError,
    /^predict: inputs: element 0 is a Set, expected a number$/,
  ],
  [
    "an only row that went to a worker",
    (n) => n.predict([transferred(new Float32Array(3))]),
    ShapeError,
    /^predict: inputs: element 0 is a Float32Array whose buffer is detached/,
  ],
  [
    "a canvas's pixels",
    (n) => n.predict(any({ data: new Uint8ClampedArray(4), [Symbol.toStringTag]: "ImageData" })),
    ShapeError,
    /^predict: inputs: got an ImageData, expected a typed array or an array of rows, as its field data$/,
  ],
  ["a Promise for inputs", (n) => n.predict(any(Promise.resolve(inputs))), ShapeError, /predict: inputs: got a Promise/],
  ["an unknown input", (n) => n.predict({ x: inputs }), ShapeError, /^predict: inputs: unknown name "x", expected input$/],
  [
    "data as a whole",
    (n) => n.trainOnBatch(any({ inputs, targets }), targets),
    ShapeError,
    /^trainOnBatch: inputs: got data as a whole, { inputs, targets }, expected one field of it, as data.inputs$/,
  ],
  [
    "a stream",
    (n) => n.trainOnBatch(any(dataset.stream(() => [])), targets),
    ShapeError,
    /^trainOnBatch: inputs: got a stream, expected data in memory$/,
  ],
  [
    "a Map of sample weights",
    (n) => n.trainOnBatch(inputs, targets, any(new Map([["dense_2", [1, 1]]]))),
    ShapeError,
    /trainOnBatch: sampleWeights: got a Map, expected an array of numbers/,
  ],
  ...[function* () {}, (function* () {})(), (async function* () {})()].map(
    (source): Row => [
      `a source of rows to fit, ${Object.prototype.toString.call(source)}`,
      (n) => n.fit(any(source)),
      ShapeError,
      /^fit: got .*, expected { inputs, targets }; dataset\.stream\(open\) makes data of a function that gives rows, await dataset\.from\(rows\)/,
    ],
  ),
  [
    "rows to fit",
    (n) => n.fit(any(inputs)),
    ShapeError,
    /^fit: got an array of 2, expected { inputs, targets }; dataset\(samples\) makes data of an array of { input, target }$/,
  ],
  ["null to profile", (n) => n.profile(any(null)), ShapeError, /profile: got null, expected { inputs, targets }/],
  ["nothing to gradCheck", (n) => gradCheck(n, any(undefined)), ShapeError, /gradCheck: got undefined, expected { inputs, targets }/],
  [
    "rows too wide",
    (n) => n.fit({ inputs: [[1, 2, 3, 4]], targets: [[1, 0]] }),
    ShapeError,
    /fit: inputs: row 0 has 4 columns, expected 3 \(the network's input has 3\)/,
  ],
  ["rows too narrow", (n) => n.predict([[1, 2]]), ShapeError, /predict: inputs: row 0 has 2 columns, expected 3/],
  [
    "images of other sizes than a row",
    (n) => n.predict(any([[[1], [2], [3], [4]]])),
    ShapeError,
    /predict: inputs: row 0 has 4 columns, expected 3 \(the network's input has 3\); a row is one sample's numbers .* sample\.flat\(Infinity\)$/,
  ],
  [
    "images with as many rows as a row has numbers",
    (n) => n.predict(any([[[1], [2], [3]]])),
    ShapeError,
    /predict: inputs: row 0: element 0 is an array of 1, expected a number; a row is one sample's numbers .* sample\.flat\(Infinity\)$/,
  ],
  [
    "ragged rows",
    (n) =>
      n.fit({
        inputs: [
          [1, 2, 3],
          [1, 2],
        ],
        targets,
      }),
    ShapeError,
    /fit: inputs: row 1 has 2 columns, expected 3/,
  ],
  [
    "flat data that is no whole number of rows",
    (n) => n.predict(new Float32Array(7)),
    ShapeError,
    /predict: inputs: 7 numbers are no whole number of rows of 3/,
  ],
  [
    "targets too wide",
    (n) =>
      n.fit({
        inputs,
        targets: [
          [1, 0, 0],
          [0, 1, 0],
        ],
      }),
    ShapeError,
    /fit: targets: .*3.*expected 2/,
  ],
  ["fewer targets than inputs", (n) => n.fit({ inputs, targets: [[1, 0]] }), ShapeError, /fit: targets: .*1.*inputs have 2/],
  [
    "more flat targets than inputs",
    (n) => n.evaluate({ inputs, targets: new Float32Array(6) }),
    ShapeError,
    /evaluate: targets: .*3.*inputs have 2/,
  ],
  [
    "NaN in inputs",
    (n) =>
      n.trainOnBatch(
        [
          [1, 2, 3],
          [1, NAN, 3],
        ],
        targets,
      ),
    ShapeError,
    /trainOnBatch: inputs: row 1, column 1 is NaN, expected a finite float32/,
  ],
  [
    "infinity in flat inputs",
    (n) => n.predict(Float32Array.of(1, 2, 3, 4, -INF, 6)),
    ShapeError,
    /predict: inputs: row 1, column 1 is -Infinity/,
  ],
  [
    "a number beyond float32",
    (n) => n.predict([[1, 2, 1e39]]),
    ShapeError,
    /predict: inputs: row 0, column 2 is 1e\+39, expected a finite float32, whose largest is 3\.4e38$/,
  ],
  [
    "NaN in targets",
    (n) =>
      n.fit({
        inputs,
        targets: [
          [1, 0],
          [NAN, 1],
        ],
      }),
    ShapeError,
    /fit: targets: row 1, column 0 is NaN/,
  ],
  [
    "infinity in validation",
    (n) => n.fit({ inputs, targets }, { validation: { inputs: [[1, 2, INF]], targets: [[1, 0]] } }),
    ShapeError,
    /fit: validation: inputs: row 0, column 2 is Infinity/,
  ],
  ["a string in a row", (n) => n.predict(any([[1, "2", 3]])), ShapeError, /predict: inputs: row 0: element 1 is "2", expected a number/],
  ["a string in flat data", (n) => n.predict(any([1, 2, "x"])), ShapeError, /predict: inputs: element 2 is "x", expected a number/],
  ["null in a row", (n) => n.predict(any([[1, null, 3]])), ShapeError, /element 1 is null/],
  ["a hole in a row", (n) => n.predict([new Array(3)]), ShapeError, /element 0 is undefined/],
  [
    "a row beyond float32",
    (n) => n.predict([new Float64Array([1, 2, 3]), new Float64Array([1, -1e300, 3])]),
    ShapeError,
    /row 1, column 1 is -1e\+300, expected a finite float32, whose largest is 3\.4e38$/,
  ],
  [
    "a number beyond float32, flat",
    (n) => n.predict([1, 2, 3, 1e39, 5, 6]),
    ShapeError,
    /row 1, column 0 is 1e\+39, expected a finite float32, whose largest is 3\.4e38$/,
  ],
  [
    "a row far beyond the others",
    (n) => n.predict(Object.assign([[1, 2, 3]], { 4000000000: [1, 2, 3] })),
    ShapeError,
    /^predict: inputs: no memory for 4000000001 rows of 3 \(RangeError: .*\); dataset\.stream\(\) takes more than memory holds$/,
  ],
  [
    "a row that is a number among rows",
    (n) => n.predict(any([[1, 2, 3], 4])),
    ShapeError,
    /predict: inputs: row 1 is 4, expected a row of 3 numbers/,
  ],
  ["a row among numbers", (n) => n.predict(any([1, 2, [3]])), ShapeError, /predict: inputs: element 2 is an array of 1, expected a number/],
  ["bigints", (n) => n.predict(any([[1n, 2n, 3n]])), ShapeError, /element 0 is 1n, expected a number/],
  [
    "a BigInt64Array",
    (n) => n.predict(any(new BigInt64Array(3))),
    ShapeError,
    /predict: inputs: got BigInt64Array\(3\), expected a typed array or an array of rows/,
  ],
  ["a DataView", (n) => n.predict(any(new DataView(new ArrayBuffer(12)))), ShapeError, /got DataView\(12\)/],
  ["an ArrayBuffer", (n) => n.predict(any(new ArrayBuffer(12))), ShapeError, /predict: inputs: got an ArrayBuffer/],
  ["no rows", (n) => n.predict([]), ShapeError, /predict: inputs: no rows/],
  ["no data to fit", (n) => n.fit({ inputs: new Float32Array(), targets: new Float32Array() }), ShapeError, /fit: inputs: no rows/],
  ["no targets", (n) => n.fit({ inputs, targets: [] }), ShapeError, /fit: targets: .*(no rows|0)/],
  ["inputs alone", (n) => n.fit(any({ inputs })), ShapeError, /fit: got an object \{inputs\}, expected \{ inputs, targets \}/],
  ["null as data", (n) => n.fit(any(null)), ShapeError, /fit: got null, expected \{ inputs, targets \}/],
  ["nothing as data", (n) => n.fit(any(undefined)), ShapeError, /fit: got undefined, expected/],
  [
    "weights by a wrong name",
    (n) => n.fit(any({ inputs, targets, sampleWeight: [0, 1] })),
    ShapeError,
    /^fit: unknown field "sampleWeight", expected one of: inputs, targets, sampleWeights; did you mean "sampleWeights"\?$/,
  ],
  [
    "weights of validation by a wrong name",
    (n) => n.fit({ inputs, targets }, { validation: any({ inputs, targets, weights: [0, 1] }) }),
    ShapeError,
    /^fit: validation: unknown field "weights"/,
  ],
  [
    "a field to evaluate that is none",
    (n) => n.evaluate(any({ ...dataset({ inputs, targets }), sampleweights: [0, 1] })),
    ShapeError,
    /^evaluate: unknown field "sampleweights"/,
  ],
  ["a field to diagnose that is none", (n) => n.diagnose(any({ inputs, targets, batchSize: 1 })), ShapeError, /^diagnose: unknown field/],
  [
    "a field to gradCheck that is none",
    (n) => gradCheck(n, any({ inputs, targets, loss: 1 })),
    ShapeError,
    /^gradCheck: unknown field "loss"/,
  ],
  ["null as inputs", (n) => n.fit(any({ inputs: null, targets })), ShapeError, /fit: inputs: got null/],
  ["null as targets", (n) => n.fit(any({ inputs, targets: null })), ShapeError, /fit: targets: got null/],
  ["nothing to predict", (n) => n.predict(any(undefined)), ShapeError, /predict: inputs: got undefined/],
  ["a string to predict", (n) => n.predict(any("123")), ShapeError, /predict: inputs: got "123"/],
  ["nothing to evaluate", (n) => n.evaluate(any(undefined)), ShapeError, /evaluate: got undefined/],
  ["nothing to trace", (n) => n.trace(any(undefined), any(undefined)), ShapeError, /trace: inputs: got undefined/],
  ["gradients without targets", (n) => n.gradients(inputs, any(undefined)), ShapeError, /gradients: targets: got undefined/],
  ["trainOnBatch with null", (n) => n.trainOnBatch(any(null), any(null)), ShapeError, /trainOnBatch: inputs: got null/],
  [
    "a class id out of range",
    (n) => n.fit({ inputs, targets: [0, 2] }),
    ShapeError,
    /fit: targets: row 1 has class id 2, expected a whole number from 0 to 1/,
  ],
  ["a negative class id", (n) => n.fit({ inputs, targets: Int32Array.of(-1, 0) }), ShapeError, /row 0 has class id -1/],
  ["a class id with a fraction", (n) => n.fit({ inputs, targets: [0, 0.5] }), ShapeError, /row 1 has class id 0.5/],
  [
    "a class id that is a string",
    (n) => n.fit({ inputs, targets: any([0, "1"]) }),
    ShapeError,
    /row 1 has class id "1", expected a whole number from 0 to 1 .*; dataset\({ inputs, targets }\) makes ids of names$/,
  ],
  [
    "a batch that needs more memory than there is",
    (n) => n.trainOnBatch(new Float32Array(3 * 2 ** 26), new Uint8Array(2 ** 26)),
    BackendError,
    /memory: a network needs \d+ MiB, the limit is \d+ MiB/,
  ],
];

const weight = (values: unknown, changes: object = {}) => any([{ name: "dense_2.weight", values, ...changes }]);
const parameters: readonly Row[] = [
  [
    "an unknown name",
    (n) => n.setParameters([{ name: "dense_3.weight", values: [1] }]),
    ShapeError,
    /setParameters: unknown name "dense_3.weight", expected one of: dense_1.weight, dense_1.bias, dense_2.weight, dense_2.bias/,
  ],
  ["no name", (n) => n.setParameters(any([{ values: [1] }])), ShapeError, /setParameters: unknown name undefined/],
  [
    "a hole among entries",
    (n) => n.setParameters(sparse((_) => [...weight(new Float32Array(8)), _])),
    ShapeError,
    /setParameters: unknown name undefined/,
  ],
  [
    "a shape as text",
    (n) => n.setParameters(weight(new Float32Array(8), { shape: "4,2" })),
    ShapeError,
    /setParameters: dense_2.weight has shape "4,2", expected \[4, 2\]/,
  ],
  ["null as an entry", (n) => n.setParameters(any([null])), ShapeError, /setParameters: unknown name undefined/],
  [
    "a name twice",
    (n) => n.setParameters([...weight(new Float32Array(8)), ...weight(new Float32Array(8))]),
    ShapeError,
    /setParameters: dense_2.weight is given twice/,
  ],
  [
    "another shape",
    (n) => n.setParameters(weight(new Float32Array(8), { shape: [2, 4] })),
    ShapeError,
    /setParameters: dense_2.weight has shape \[2, 4\], expected \[4, 2\]/,
  ],
  [
    "a shape that is none",
    (n) => n.setParameters(weight(new Float32Array(8), { shape: 8 })),
    ShapeError,
    /setParameters: dense_2.weight has shape 8, expected \[4, 2\]/,
  ],
  [
    "too few values",
    (n) => n.setParameters(weight(new Float32Array(6))),
    ShapeError,
    /setParameters: dense_2.weight has 6 values, expected 8/,
  ],
  ["too many values", (n) => n.setParameters(weight(new Float32Array(10))), ShapeError, /setParameters: dense_2.weight has 10 values/],
  [
    "rows of another width",
    (n) => n.setParameters(weight([[1, 2, 3]])),
    ShapeError,
    /setParameters: dense_2.weight: row 0 has 3 columns, expected 2/,
  ],
  ["no values", (n) => n.setParameters(weight(undefined)), ShapeError, /setParameters: dense_2.weight: got undefined/],
  ["NaN", (n) => n.setParameters(weight([1, 2, 3, NAN, 5, 6, 7, 8])), ShapeError, /setParameters: dense_2.weight: row 1, column 1 is NaN/],
  [
    "infinity behind parameters that are good: none is set",
    (n) => n.setParameters([{ name: "dense_1.bias", values: [9, 9, 9, 9] }, ...weight(new Float32Array(8).fill(INF))]),
    ShapeError,
    /dense_2.weight: row 0, column 0 is Infinity/,
  ],
  [
    "no array",
    (n) => n.setParameters(any({ name: "dense_1.bias", values: [1, 2, 3, 4] })),
    ShapeError,
    /setParameters: got an object \{name, values\}, expected an array of \{ name, shape, values \}/,
  ],
  [
    "a network, of which parameters are wanted",
    (n) => n.setParameters(any(n)),
    ShapeError,
    /setParameters: got a network, expected an array of \{ name, shape, values \}, as its parameters\(\)$/,
  ],
  ["nothing", (n) => n.setParameters(any(undefined)), ShapeError, /setParameters: got undefined/],
];

refuses([...data, ...parameters]);

const sparseNet = network({ ...options, loss: sparseCategoricalCrossEntropy({ fromLogits: true }) });

test.each<readonly [string, unknown, RegExp]>([
  ["null among rows of ids", [[0], null], /row 1 is null, expected an array of 1 class ids/],
  ["an object among rows of ids", [[0], { length: 1 }], /row 1 is an object \{length\}, expected an array of 1 class ids/],
  ["a hole among ids", sparse((_) => [0, _]), /row 1 has class id undefined/],
  ["undefined among ids", [0, undefined], /row 1 has class id undefined, expected a whole number from 0 to 1/],
  ["ragged rows of ids", [[0, 1], []], /row 0 is an array of 2, expected an array of 1 class ids/],
  ["a hole among rows of ids", sparse((_) => [[0], _, [1]]), /row 1 is undefined, expected an array of 1 class ids/],
  ["text among ids", [0, "1"], /row 1 has class id "1"/],
  ["too many ids", [0, 1, 0], /3 class ids for 2 rows/],
  ["null", null, /got null, expected class ids/],
  ["an id out of range", [0, 2], /row 1 has class id 2, expected a whole number from 0 to 1 \(sparseCategoricalCrossEntropy, 2 columns\)/],
  ["no ids", [], /0 class ids for 2 rows/],
])("class ids: %s", async (_, given, message) => {
  const error = await thrownBy(async () => (await sparseNet).trainOnBatch(inputs, any(given)));
  expect(error).toBeInstanceOf(ShapeError);
  expect((error as Error).message).toMatch(message);
});

test("class ids of three rows, which would make one row of the values that the loss takes", async () => {
  const net = await network({ input: 1, layers: [dense(3)], loss: meanSquaredError() });
  expect(() => net.trainOnBatch([1, 2, 3], [0, 1, 2])).toThrow(
    /targets: one number for each of 3 rows, expected 3 \(the last layer has 3\); class ids are for losses as sparseCategoricalCrossEntropy$/,
  );
});

test("an id for each image, where the network makes a prediction of each of its rows", async () => {
  const net = await network({ input: [4, 5], layers: [dense(3)], loss: sparseCategoricalCrossEntropy({ fromLogits: true }) });
  expect(() => net.trainOnBatch(new Float32Array(40), [0, 1])).toThrow(
    /targets: 2 class ids for 8 rows \(2 samples, for each of which the network makes 4\)$/,
  );
});

test("one-hot targets of a loss that takes class ids", async () => {
  const net = await network(options);
  expect(() => net.evaluate({ inputs, targets: [0, 1] })).not.toThrow();
  const sparse = await sparseNet;
  await expect(sparse.fit({ inputs, targets })).rejects.toThrow(
    /fit: targets: row 0 is an array of 2, expected an array of 1 class ids; for one-hot rows take categoricalCrossEntropy/,
  );
  await expect(sparse.fit({ inputs, targets })).rejects.toThrow(ShapeError);
});

test("a number that is not finite is found wherever it is, among however many of the largest", async () => {
  const net = await network({ input: 1, layers: [dense(1)], loss: meanSquaredError(), seed: 1 });
  const most = (2 - 2 ** -23) * 2 ** 127;
  for (const length of [1, 63, 64, 65, 66, 67, 1030]) {
    const values = Float32Array.from({ length }, (_, i) => (i % 2 === 0 ? most : -most));
    expect(() => net.predict(values)).not.toThrow();
    for (let i = 0; i < length; ++i)
      for (const bad of [NAN, INF, -INF])
        expect(() => net.predict(values.with(i, bad))).toThrow(`predict: inputs: row ${i}, column 0 is ${bad}, expected a finite float32`);
  }
});

test("a number that is none is found at every place, in data of every length", async () => {
  const net = await network({ input: 1, layers: [dense(1)], loss: meanSquaredError(), seed: 1 });
  // The largest, the least, and both zeros are numbers.
  const good = [3.4028234663852886e38, -3.4028234663852886e38, 2 ** -149, -(2 ** -126), 0, -0, 1.5];
  // Of the longest the process's first 2^17 numbers, and those after them: they are looked through in two ways.
  for (const length of [1, 5, 63, 64, 65, 66, 67, ...new Array(150).fill(1027)]) {
    const values = Float32Array.from({ length }, (_, i) => good[i % good.length]!);
    net.predict(values);
    const step = length < 100 ? 1 : 257;
    for (let at = length - 1; at >= 0; at -= step) {
      const bad = values.slice();
      bad[at] = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY][at % 3]!;
      expect(() => net.predict(bad)).toThrow(`row ${at}, column 0 is ${bad[at]}, expected a finite float32`);
    }
  }
});
