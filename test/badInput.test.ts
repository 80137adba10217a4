// Everything that can be passed and must not be: a named error that says who, got, wanted, and a network that is as it was.
import * as fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { encode } from "../src/formats/native.js";
import {
  activation,
  adadelta,
  adagrad,
  adam,
  adamax,
  adamW,
  BackendError,
  binaryCrossEntropy,
  categoricalCrossEntropy,
  constant,
  dense,
  dropout,
  elu,
  FormatError,
  huber,
  leakyRelu,
  lion,
  loadNetwork,
  meanSquaredError,
  type Network,
  type NetworkOptions,
  nadam,
  network,
  normal,
  OptionError,
  orthogonal,
  radam,
  rmsprop,
  ShapeError,
  sgd,
  sparseCategoricalCrossEntropy,
} from "../src/index.js";

type ErrorClass = new (...args: never[]) => Error;
type Row = readonly [name: string, action: (net: Network) => unknown, error: ErrorClass, message: RegExp];

/** What types forbid and JavaScript does not. */
// biome-ignore lint/suspicious/noExplicitAny: the point of this file
const any = (value: unknown): any => value;

const inputs = [
  [0.1, 0.2, 0.3],
  [0.4, 0.5, 0.6],
];
const targets = [
  [1, 0],
  [0, 1],
];
const options: NetworkOptions = {
  input: 3,
  layers: [dense(4, { activation: "relu" }), dense(2)],
  loss: categoricalCrossEntropy({ fromLogits: true }),
  optimizer: adam(),
  metrics: ["accuracy"],
  seed: 1,
};
const with_ = (changes: Record<string, unknown>) => network(any({ ...options, ...changes }));
const fit = (net: Network, changes: Record<string, unknown>) => net.fit({ inputs, targets }, any(changes));

const NAN = Number.NaN;
const INF = Number.POSITIVE_INFINITY;

const data: readonly Row[] = [
  [
    "rows too wide",
    (n) => n.fit({ inputs: [[1, 2, 3, 4]], targets: [[1, 0]] }),
    ShapeError,
    /fit: inputs: row 0 has 4 columns, expected 3 \(the network's input has 3\)/,
  ],
  ["rows too narrow", (n) => n.predict([[1, 2]]), ShapeError, /predict: inputs: row 0 has 2 columns, expected 3/],
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
    /predict: inputs: row 0, column 2 is Infinity, expected a finite float32/,
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
    (n) => fit(n, { validation: { inputs: [[1, 2, INF]], targets: [[1, 0]] } }),
    ShapeError,
    /fit: validation: inputs: row 0, column 2 is Infinity/,
  ],
  ["a string in a row", (n) => n.predict(any([[1, "2", 3]])), ShapeError, /predict: inputs: row 0: element 1 is "2", expected a number/],
  ["a string in flat data", (n) => n.predict(any([1, 2, "x"])), ShapeError, /predict: inputs: element 2 is "x", expected a number/],
  ["null in a row", (n) => n.predict(any([[1, null, 3]])), ShapeError, /element 1 is null/],
  ["a hole in a row", (n) => n.predict([new Array(3)]), ShapeError, /element 0 is undefined/],
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
  ["an ArrayBuffer", (n) => n.predict(any(new ArrayBuffer(12))), ShapeError, /predict: inputs: got an object/],
  ["no rows", (n) => n.predict([]), ShapeError, /predict: inputs: no rows/],
  ["no data to fit", (n) => n.fit({ inputs: new Float32Array(), targets: new Float32Array() }), ShapeError, /fit: inputs: no rows/],
  ["no targets", (n) => n.fit({ inputs, targets: [] }), ShapeError, /fit: targets: .*(no rows|0)/],
  ["inputs alone", (n) => n.fit(any({ inputs })), ShapeError, /fit: got an object \{inputs\}, expected \{ inputs, targets \}/],
  ["null as data", (n) => n.fit(any(null)), ShapeError, /fit: got null, expected \{ inputs, targets \}/],
  ["nothing as data", (n) => n.fit(any(undefined)), ShapeError, /fit: got undefined, expected/],
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
  ["a class id that is a string", (n) => n.fit({ inputs, targets: any([0, "1"]) }), ShapeError, /row 1 has class id "1"/],
  [
    "a batch that needs more memory than there is",
    (n) => n.trainOnBatch(new Float32Array(3 * 2 ** 26), new Uint8Array(2 ** 26)),
    BackendError,
    /memory: a network needs \d+ MiB, the limit is \d+ MiB/,
  ],
];

const fitting: readonly Row[] = [
  ["batchSize 0", (n) => fit(n, { batchSize: 0 }), OptionError, /fit: batchSize is 0, expected a whole number of at least 1/],
  ["batchSize -1", (n) => fit(n, { batchSize: -1 }), OptionError, /fit: batchSize is -1/],
  ["batchSize 1.5", (n) => fit(n, { batchSize: 1.5 }), OptionError, /fit: batchSize is 1.5/],
  ["batchSize NaN", (n) => fit(n, { batchSize: NAN }), OptionError, /fit: batchSize is NaN/],
  ['batchSize "8"', (n) => fit(n, { batchSize: "8" }), OptionError, /fit: batchSize is "8"/],
  ["batchSize null", (n) => fit(n, { batchSize: null }), OptionError, /fit: batchSize is null/],
  ["epochs 0", (n) => fit(n, { epochs: 0 }), OptionError, /fit: epochs is 0/],
  ["epochs infinite", (n) => fit(n, { epochs: INF }), OptionError, /fit: epochs is Infinity/],
  ["shuffle that is no boolean", (n) => fit(n, { shuffle: "yes" }), OptionError, /fit: shuffle is "yes", expected true or false/],
  ["a callback that is none", (n) => fit(n, { onEpochEnd: "log" }), OptionError, /fit: onEpochEnd is "log", expected a function/],
  [
    "a progress callback that is none",
    (n) => fit(n, { onProgress: {} }),
    OptionError,
    /fit: onProgress is an object \{\}, expected a function/,
  ],
  [
    "a signal that is none",
    (n) => fit(n, { signal: new AbortController() }),
    OptionError,
    /fit: signal is an object \{.*\}, expected an AbortSignal/,
  ],
  ["a null signal", (n) => fit(n, { signal: null }), OptionError, /fit: signal is null/],
  [
    "chunkMilliseconds 0",
    (n) => fit(n, { chunkMilliseconds: 0 }),
    OptionError,
    /fit: chunkMilliseconds is 0, expected a finite number greater than 0/,
  ],
  ["validation null", (n) => fit(n, { validation: null }), ShapeError, /fit: validation: got null/],
  ["a misspelt option", (n) => fit(n, { batchsize: 8 }), OptionError, /fit: unknown option "batchsize", expected one of: .*batchSize/],
  ["null as options", (n) => n.fit({ inputs, targets }, any(null)), OptionError, /fit: options are null, expected an object/],
  ["a number as options", (n) => n.fit({ inputs, targets }, any(5)), OptionError, /fit: options are 5/],
];

const making: readonly Row[] = [
  ["no options", () => network(any(undefined)), OptionError, /network: options are undefined, expected an object/],
  ["null as options", () => network(any(null)), OptionError, /network: options are null/],
  [
    "a misspelt option",
    () => with_({ optimiser: sgd() }),
    OptionError,
    /network: unknown option "optimiser", expected one of: .*optimizer/,
  ],
  ["no input", () => with_({ input: undefined }), OptionError, /network: input is undefined, expected a number of features or a shape/],
  ["input 0", () => with_({ input: 0 }), OptionError, /network: input is 0, expected a whole number/],
  ["input []", () => with_({ input: [] }), OptionError, /network: input is an array of 0/],
  ["input [3, -1]", () => with_({ input: [3, -1] }), OptionError, /network: input is -1/],
  ["input as text", () => with_({ input: "784" }), OptionError, /network: input is "784"/],
  ["no layers", () => with_({ layers: undefined }), OptionError, /network: layers is undefined, expected an array of layers/],
  [
    "a layer that is none",
    () => with_({ layers: [dense(2), "dense"] }),
    OptionError,
    /network: layers\[1\] is "dense", expected a layer, as dense\(10\)/,
  ],
  ["a factory in place of a layer", () => with_({ layers: [dense] }), OptionError, /network: layers\[0\] is a function, expected a layer/],
  ["null as a layer", () => with_({ layers: [null] }), OptionError, /network: layers\[0\] is null/],
  [
    "two layers of one name",
    () => with_({ layers: [dense(2, { name: "a" }), dense(2, { name: "a" })] }),
    OptionError,
    /network: a layer is named "a", expected a name of its own/,
  ],
  [
    "a layer named like another's default",
    () => with_({ layers: [dense(2, { name: "dense_2" }), dense(2)] }),
    OptionError,
    /network: a layer is named "dense_2"/,
  ],
  ["an empty name", () => with_({ layers: [dense(2, { name: "" })] }), OptionError, /dense: name is "", expected/],
  ["a name that is no text", () => with_({ layers: [dense(2, { name: any(5) })] }), OptionError, /dense: name is 5, expected/],
  ["no loss", () => with_({ loss: undefined }), OptionError, /network: loss is undefined, expected a loss, as meanSquaredError\(\)/],
  ["a loss's name", () => with_({ loss: "mse" }), OptionError, /network: loss is "mse", expected a loss/],
  [
    "a loss that is only its type",
    () => with_({ loss: { type: "meanSquaredError" } }),
    OptionError,
    /network: loss is an object \{type\}, expected a loss/,
  ],
  [
    "an optimizer's name",
    () => with_({ optimizer: "adam" }),
    OptionError,
    /network: optimizer is "adam", expected an optimizer, as adam\(\)/,
  ],
  ["null as optimizer", () => with_({ optimizer: null }), OptionError, /network: optimizer is null/],
  [
    "a loss for classes behind one column",
    () => with_({ layers: [dense(1)] }),
    ShapeError,
    /categoricalCrossEntropy: the last layer has 1 column, expected at least 2.*binaryCrossEntropy/,
  ],
  ["an unknown metric", () => with_({ metrics: ["acuracy"] }), OptionError, /metrics\[0\] is "acuracy", expected one of: accuracy, mae/],
  ["metrics as text", () => with_({ metrics: "accuracy" }), OptionError, /metrics: .*expected an array of: accuracy, mae/],
  ["null as metrics", () => with_({ metrics: null }), OptionError, /metrics: .*expected an array/],
  ["a metric twice", () => with_({ metrics: ["accuracy", "accuracy"] }), OptionError, /metrics: accuracy is named twice/],
  [
    "accuracy without classes",
    () => with_({ loss: meanSquaredError() }),
    OptionError,
    /metrics: accuracy needs a classification loss, meanSquaredError has no right or wrong/,
  ],
  [
    "mae of class ids",
    () => with_({ loss: sparseCategoricalCrossEntropy(), metrics: ["mae"] }),
    OptionError,
    /metrics: mae needs targets that are values/,
  ],
  ["seed -1", () => with_({ seed: -1 }), OptionError, /network: seed is -1, expected a whole number from 0 to 4294967295/],
  ["seed 2^32", () => with_({ seed: 2 ** 32 }), OptionError, /network: seed is 4294967296/],
  ["seed 1.5", () => with_({ seed: 1.5 }), OptionError, /network: seed is 1.5/],
  ["seed null", () => with_({ seed: null }), OptionError, /network: seed is null/],
  ["an unknown backend", () => with_({ backend: "webgpu" }), OptionError, /network: backend is "webgpu", expected one of: auto, wasm, js/],
  ["null as backend", () => with_({ backend: null }), OptionError, /network: backend is null/],
  ["an unknown arithmetic", () => with_({ arithmetic: "fast" }), OptionError, /network: arithmetic is "fast"/],
  [
    "more weights than addresses",
    () => with_({ input: 2 ** 20, layers: [dense(2 ** 14)] }),
    BackendError,
    /memory: a network needs \d+ MiB, the limit is \d+ MiB/,
  ],
  [
    "more weights than numbers",
    () => with_({ input: 2 ** 31 - 1, layers: [dense(2 ** 31 - 1)] }),
    BackendError,
    /memory: a network needs \d+ MiB/,
  ],
  ["an initializer that cannot fill a vector", () => with_({ layers: [dense(2, { bias: orthogonal() })] }), OptionError, /orthogonal/],
];

const parts: readonly Row[] = [
  ["dense(0)", () => dense(0), OptionError, /dense: units is 0, expected a whole number of at least 1/],
  ["dense()", () => dense(any(undefined)), OptionError, /dense: units is undefined/],
  ['dense("10")', () => dense(any("10")), OptionError, /dense: units is "10"/],
  ["dense(2.5)", () => dense(2.5), OptionError, /dense: units is 2.5/],
  ["dense with null", () => dense(2, any(null)), OptionError, /dense: options are null/],
  ["dense with an unknown option", () => dense(2, any({ activatoin: "relu" })), OptionError, /dense: unknown option "activatoin"/],
  [
    "an unknown activation",
    () => dense(2, { activation: any("rely") }),
    OptionError,
    /dense: activation is "rely", expected one of: linear, relu/,
  ],
  ["an activation that is no name", () => dense(2, { activation: any(5) }), OptionError, /dense: activation is 5/],
  ["null as activation", () => dense(2, { activation: any(null) }), OptionError, /dense: activation is null/],
  ["an activation named like a method", () => dense(2, { activation: any("toString") }), OptionError, /dense: activation is "toString"/],
  [
    "alpha where there is none",
    () => dense(2, { activation: any({ type: "relu", alpha: 1 }) }),
    OptionError,
    /relu: unknown option "alpha"/,
  ],
  ["a negative alpha", () => leakyRelu(-0.1), OptionError, /leakyRelu: alpha is -0.1, expected a finite number at least 0/],
  ["alpha NaN", () => elu(NAN), OptionError, /elu: alpha is NaN/],
  ["alpha beyond float32", () => elu(1e39), OptionError, /elu: alpha is 1e\+39/],
  ["activation()", () => activation(any(undefined)), OptionError, /activation is undefined/],
  ["dropout(1)", () => dropout(1), OptionError, /dropout: rate is 1, expected a finite number at least 0 and less than 1/],
  ["dropout(-0.1)", () => dropout(-0.1), OptionError, /dropout: rate is -0.1/],
  ["dropout(NaN)", () => dropout(NAN), OptionError, /dropout: rate is NaN/],
  ['dropout("0.5")', () => dropout(any("0.5")), OptionError, /dropout: rate is "0.5"/],
  ["a negative penalty", () => dense(2, { kernelL2: -1 }), OptionError, /dense: kernelL2 is -1/],
  ["null as a bias", () => dense(2, { bias: any(null) }), OptionError, /dense: bias is null, expected an initializer, as heNormal\(\)/],
  [
    "an unknown initializer",
    () => dense(2, { bias: any({ type: "nothing" }) }),
    OptionError,
    /dense: bias is an object \{type\}, expected an initializer/,
  ],
  [
    "weight that is no initializer",
    () => dense(2, { weight: any("heNormal") }),
    OptionError,
    /dense: weight is "heNormal", expected an initializer, as heNormal\(\)/,
  ],
  ["constant(NaN)", () => constant(NAN), OptionError, /constant: value is NaN/],
  ["a negative deviation", () => normal({ std: -1 }), OptionError, /normal: std is -1/],
  [
    "a negative learning rate",
    () => sgd({ learningRate: -1 }),
    OptionError,
    /sgd: learningRate is -1, expected a finite number at least 0/,
  ],
  ["a learning rate NaN", () => adam({ learningRate: NAN }), OptionError, /adam: learningRate is NaN/],
  ["an infinite learning rate", () => adamW({ learningRate: INF }), OptionError, /adamW: learningRate is Infinity/],
  ["a learning rate as text", () => rmsprop({ learningRate: any("0.1") }), OptionError, /rmsprop: learningRate is "0.1"/],
  ["a learning rate null", () => sgd({ learningRate: any(null) }), OptionError, /sgd: learningRate is null/],
  ["beta1 of 1", () => adam({ beta1: 1 }), OptionError, /adam: beta1 is 1, expected a finite number at least 0 and less than 1/],
  ["beta2 of 1", () => adamW({ beta2: 1 }), OptionError, /adamW: beta2 is 1/],
  ["momentum of 1", () => sgd({ momentum: 1 }), OptionError, /sgd: momentum is 1/],
  ["epsilon 0", () => adam({ epsilon: 0 }), OptionError, /adam: epsilon is 0/],
  ["epsilon that is 0 in float32", () => adagrad({ epsilon: 1e-60 }), OptionError, /adagrad: epsilon is 1e-60/],
  ["adamax: beta2 of 1", () => adamax({ beta2: 1 }), OptionError, /adamax: beta2 is 1/],
  ["adamax: epsilon 0", () => adamax({ epsilon: 0 }), OptionError, /adamax: epsilon is 0/],
  ["nadam: beta1 below 0", () => nadam({ beta1: -0.1 }), OptionError, /nadam: beta1 is -0.1/],
  ["a negative momentumDecay", () => nadam({ momentumDecay: -1 }), OptionError, /nadam: momentumDecay is -1/],
  ["radam with adam's option", () => radam(any({ amsgrad: true })), OptionError, /radam: unknown option "amsgrad"/],
  ["adadelta: rho of 1", () => adadelta({ rho: 1 }), OptionError, /adadelta: rho is 1/],
  ["lion with an epsilon", () => lion(any({ epsilon: 1 })), OptionError, /lion: unknown option "epsilon"/],
  ["lion: a decay that flips signs", () => lion({ learningRate: 1, weightDecay: 2 }), OptionError, /lion: learningRate · weightDecay is 2/],
  ["a clip that is a number", () => sgd({ clip: any(1) }), OptionError, /sgd: clip: options are 1/],
  [
    "an unknown clip",
    () => sgd({ clip: any({ type: "l1", value: 1 }) }),
    OptionError,
    /sgd: clip.type is "l1", expected one of: globalNorm, norm, value/,
  ],
  ["a clip of 0", () => sgd({ clip: { type: "value", value: 0 } }), OptionError, /sgd: clip.value is 0/],
  ["a clip without value", () => sgd({ clip: any({ type: "value" }) }), OptionError, /sgd: clip.value is undefined/],
  [
    "an unknown option of an optimizer",
    () => adam(any({ lr: 0.1 })),
    OptionError,
    /adam: unknown option "lr", expected one of: .*learningRate, /,
  ],
  ["null as an optimizer's options", () => adam(any(null)), OptionError, /adam: options are null/],
  ["an unknown reduction", () => meanSquaredError({ reduction: any("max") }), OptionError, /meanSquaredError: reduction is "max"/],
  ["a negative weight of a loss", () => huber({ weight: -1 }), OptionError, /huber: weight is -1/],
  ["delta 0", () => huber({ delta: 0 }), OptionError, /huber: delta is 0/],
  [
    "fromLogits as text",
    () => binaryCrossEntropy({ fromLogits: any("yes") }),
    OptionError,
    /binaryCrossEntropy: fromLogits is "yes", expected true or false/,
  ],
  [
    "an unknown option of a loss",
    () => categoricalCrossEntropy(any({ logits: true })),
    OptionError,
    /categoricalCrossEntropy: unknown option "logits"/,
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
  ["nothing", (n) => n.setParameters(any(undefined)), ShapeError, /setParameters: got undefined/],
];

const sparseNet = network({ ...options, loss: sparseCategoricalCrossEntropy({ fromLogits: true }) });

describe("a named error, and the network unchanged and of use:", () => {
  let net: Network;
  let hash: string;
  beforeEach(async () => {
    net = await network(options);
    hash = net.weightsHash();
  });

  test.each([...data, ...fitting, ...making, ...parts, ...parameters])("%s", async (_, action, kind, message) => {
    const error = await thrownBy(() => action(net));
    expect(error).toBeInstanceOf(kind);
    expect((error as Error).message).toMatch(message);
    expect(net.weightsHash()).toBe(hash);
    expect((await net.fit({ inputs, targets })).epochs).toHaveLength(1);
  });

  test.each<readonly [string, unknown, RegExp]>([
    ["null among rows of ids", [[0], null], /row 1 has class id null, expected a whole number from 0 to 1/],
    ["an object among rows of ids", [[0], { length: 1 }], /row 1 has class id an object/],
    ["text among ids", [0, "1"], /row 1 has class id "1"/],
    ["too many ids", [0, 1, 0], /3 class ids for 2 rows/],
    ["null", null, /got null, expected class ids/],
    [
      "an id out of range",
      [0, 2],
      /row 1 has class id 2, expected a whole number from 0 to 1 \(sparseCategoricalCrossEntropy, 2 columns\)/,
    ],
    ["no ids", [], /0 class ids for 2 rows/],
  ])("class ids: %s", async (_, given, message) => {
    const error = await thrownBy(async () => (await sparseNet).trainOnBatch(inputs, any(given)));
    expect(error).toBeInstanceOf(ShapeError);
    expect((error as Error).message).toMatch(message);
  });

  test("one-hot targets of a loss that takes class ids", async () => {
    expect(() => net.evaluate({ inputs, targets: [0, 1] })).not.toThrow();
    const sparse = await sparseNet;
    await expect(sparse.fit({ inputs, targets })).rejects.toThrow(
      /fit: targets: 4 class ids for 2 rows; for one-hot rows take categoricalCrossEntropy/,
    );
    await expect(sparse.fit({ inputs, targets })).rejects.toThrow(ShapeError);
  });

  test("everything that is refused while fit runs, and what is not", async () => {
    const running = net.fit({ inputs, targets }, { epochs: 200, batchSize: 1, chunkMilliseconds: 0.01 });
    const now = net.weightsHash();
    for (const [who, action] of [
      ["fit", () => net.fit({ inputs, targets })],
      ["trainOnBatch", () => net.trainOnBatch(inputs, targets)],
      ["setParameters", () => net.setParameters(net.parameters())],
      ["dispose", () => net.dispose()],
    ] as const) {
      const error = await thrownBy(action);
      expect(error).toBeInstanceOf(OptionError);
      expect((error as Error).message).toMatch(new RegExp(`^${who}: fit is running`));
    }
    expect(now).toHaveLength(64);
    expect(net.predict(inputs)).toHaveLength(4);
    expect((await running).epochs).toHaveLength(200);
    net.trainOnBatch(inputs, targets);
  });

  test("everything after dispose", async () => {
    net.dispose();
    net.dispose();
    for (const [who, action] of Object.entries({
      fit: () => net.fit({ inputs, targets }),
      trainOnBatch: () => net.trainOnBatch(inputs, targets),
      predict: () => net.predict(inputs),
      evaluate: () => net.evaluate({ inputs, targets }),
      gradients: () => net.gradients(inputs, targets),
      trace: () => net.trace(inputs, targets),
      parameters: () => net.parameters(),
      setParameters: () => net.setParameters([]),
      weightsHash: () => net.weightsHash(),
      explain: () => net.explain(),
      memory: () => net.memory(),
      save: () => net.save(),
    })) {
      const error = await thrownBy(action);
      expect(error).toBeInstanceOf(OptionError);
      expect((error as Error).message).toBe(`${who}: the network has been disposed of`);
    }
  });
});

describe("a saved file", () => {
  const saved = (async () => (await network(options)).save())();
  const definition = {
    inputs: [{ name: "input", shape: [3] }],
    layers: [{ kind: "dense", name: "d", options: { units: 2, bias: false } }],
    nodes: [{ layer: 0, from: [0] }],
    outputs: [1],
    objectives: [{ loss: { type: "meanSquaredError", options: {} }, metrics: [] }],
    optimizer: { type: "sgd", options: {} },
    seed: 1,
    arithmetic: "strict",
  };
  const parameter = { name: "d.weight", shape: [3, 2], values: new Float32Array(6) };
  /** Well-formed and hashed, with a hostile content. */
  const hostile = (changes: Record<string, unknown>, stored: readonly unknown[] = [parameter]) =>
    encode({ definition: { ...definition, ...changes }, parameters: any(stored) });

  test("the one that the hostile ones are made from is good", async () => {
    expect((await loadNetwork(hostile({}))).parameters()).toHaveLength(1);
  });

  test.each<readonly [string, (bytes: Uint8Array) => unknown, RegExp]>([
    ["nothing", () => undefined, /got undefined, expected a Uint8Array/],
    ["null", () => null, /got null, expected a Uint8Array/],
    ["text", () => "chainrul", /got "chainrul", expected a Uint8Array/],
    ["an ArrayBuffer", (bytes) => bytes.buffer, /expected a Uint8Array/],
    ["a Float32Array", () => new Float32Array(64), /got Float32Array\(64\), expected a Uint8Array/],
    ["no bytes", () => new Uint8Array(), /0 bytes that do not begin with "chainrul"/],
    ["a foreign file", () => new TextEncoder().encode("PK\x03\x04".padEnd(200)), /do not begin with "chainrul"/],
    ["a file cut short", (bytes) => bytes.subarray(0, -1), /SHA-256 does not match/],
    ["only its first bytes", (bytes) => bytes.subarray(0, 20), /20 bytes/],
    ["a byte more", (bytes) => Uint8Array.of(...bytes, 0), /SHA-256 does not match/],
    ["another hash", (bytes) => bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte)), /SHA-256 does not match/],
    ["another weight", (bytes) => bytes.map((byte, i) => (i === bytes.length - 40 ? byte ^ 1 : byte)), /SHA-256 does not match/],
    ["a newer version", (bytes) => bytes.map((byte, i) => (i === 8 ? 2 : byte)), /format version 2, this chainrule reads version 1/],
    [
      "an unknown layer",
      () => hostile({ layers: [{ kind: "conv9d", name: "d", options: {} }] }),
      /layer kind is "conv9d", expected one of: dense/,
    ],
    [
      "a layer named like a method",
      () => hostile({ layers: [{ kind: "constructor", name: "d", options: {} }] }),
      /layer kind is "constructor"/,
    ],
    ["layers that are none", () => hostile({ layers: 5 }), /saved network: /],
    ["a layer that is null", () => hostile({ layers: [null] }), /saved network: /],
    ["no loss", () => hostile({ objectives: [{ loss: null, metrics: [] }] }), /saved network: /],
    ["a node of no layer", () => hostile({ nodes: [{ layer: 7, from: [0] }] }), /a node uses layer 7 of 1/],
    ["a node that takes itself", () => hostile({ nodes: [{ layer: 0, from: [1] }] }), /a node takes value 1 of 1/],
    ["an output of no node", () => hostile({ outputs: [9] }), /a node takes value 9 of 2/],
    ["an unknown optimizer", () => hostile({ optimizer: { type: "tiger", options: {} } }), /optimizer is "tiger"/],
    ["an option out of range", () => hostile({ layers: [{ kind: "dense", name: "d", options: { units: -1 } }] }), /units is -1/],
    ["an arithmetic of another version", () => hostile({ arithmetic: "exact" }), /arithmetic is "exact"/],
    [
      "units beyond memory",
      () => hostile({ layers: [{ kind: "dense", name: "d", options: { units: 2 ** 31 - 1, bias: false } }] }),
      /it holds d.weight \[3, 2\]; its layers have d.weight \[3, 2147483647\]/,
    ],
    ["an input beyond memory", () => hostile({ inputs: [{ name: "input", shape: [2 ** 31 - 1, 2 ** 31 - 1] }] }), /saved network: /],
    ["an input that is negative", () => hostile({ inputs: [{ name: "input", shape: [-3] }] }), /input is -3/],
    ["a shape beyond the file", () => hostile({}, [{ ...parameter, shape: [2 ** 40, 2 ** 40] }]), /reaches past the end of the file/],
    [
      "a shape whose product is no number",
      () => hostile({}, [{ ...parameter, shape: new Array(40).fill(2 ** 53 - 1) }]),
      /reaches past the end of the file/,
    ],
    ["a negative shape", () => hostile({}, [{ ...parameter, shape: [-3, -2] }]), /the header lacks definition or parameters/],
    ["a shape that is too small", () => hostile({}, [{ ...parameter, shape: [3, 1] }]), /bytes belong to no parameter/],
    [
      "the same bytes in another shape",
      () => hostile({}, [{ ...parameter, shape: [2, 3] }]),
      /it holds d.weight \[2, 3\]; its layers have d.weight \[3, 2\]/,
    ],
    ["a parameter of another name", () => hostile({}, [{ ...parameter, name: "e.weight" }]), /it holds e.weight/],
    ["a parameter twice", () => hostile({}, [parameter, parameter]), /it holds d.weight \[3, 2\], d.weight/],
    [
      "a weight that is NaN",
      () => hostile({}, [{ ...parameter, values: new Float32Array(6).fill(NAN) }]),
      /d.weight: row 0, column 0 is NaN/,
    ],
  ])("%s is a FormatError", async (_, change, message) => {
    const error = await thrownBy(async () => loadNetwork(any(change(await saved))));
    expect(error).toBeInstanceOf(FormatError);
    expect((error as Error).message).toMatch(message);
  });

  test("options of loadNetwork are checked, and are not the file's fault", async () => {
    const bytes = await saved;
    await expect(loadNetwork(bytes, any(null))).rejects.toThrow(OptionError);
    await expect(loadNetwork(bytes, any({ backend: "gpu" }))).rejects.toThrow(
      /loadNetwork: backend is "gpu", expected one of: auto, wasm, js/,
    );
    await expect(loadNetwork(bytes, any({ backend: "gpu" }))).rejects.toThrow(OptionError);
    await expect(loadNetwork(bytes, any({ seed: 1 }))).rejects.toThrow(/loadNetwork: unknown option "seed"/);
  });

  test("whatever is cut off or altered, it is a FormatError", async () => {
    const bytes = await saved;
    const damaged = fc.record({
      keep: fc.nat(bytes.length),
      flips: fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 })), { maxLength: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(damaged, async ({ keep, flips }) => {
        const altered = bytes.slice();
        for (const [at, by] of flips) altered[at]! ^= by;
        const given = altered.subarray(0, keep);
        fc.pre(given.length < bytes.length || given.some((byte, i) => byte !== bytes[i]));
        expect(await thrownBy(() => loadNetwork(given, { backend: "js" }))).toBeInstanceOf(FormatError);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  test("whatever a header with a true hash claims, it is a FormatError or a network", async () => {
    const value = fc.oneof(fc.integer(), fc.double(), fc.string(), fc.constant(null), fc.boolean(), fc.array(fc.integer()), fc.jsonValue());
    const key = fc.constantFrom("input", "layers", "loss", "optimizer", "metrics", "seed", "arithmetic");
    const option = fc.constantFrom("units", "bias", "activation", "weight", "kernelL1", "other");
    await fc.assert(
      fc.asyncProperty(key, option, value, value, async (changed, field, a, b) => {
        const layers = [{ kind: "dense", name: "d", options: { units: 2, bias: false, [field]: b } }];
        for (const bytes of [hostile({ [changed]: a }), hostile({ layers })]) {
          const error = await thrownBy(() => loadNetwork(bytes, { backend: "js" }));
          if (error !== undefined) expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { seed: 2, numRuns: 500 },
    );
  });
});

async function thrownBy(action: () => unknown): Promise<unknown> {
  try {
    await action();
  } catch (error) {
    return error;
  }
  return undefined;
}
