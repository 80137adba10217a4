// Every option of every public function refuses what it cannot mean, and every function refuses an option it does not know. Tables are
// compared with what is exported and with the options that the functions themselves name: a new one without a row fails.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import * as csv from "../src/csv.js";
import * as cr from "../src/index.js";
import * as node from "../src/node.js";

type Options = Readonly<Record<string, unknown>>;
type Call = (options: Options) => unknown;

/** A good value, and values out of its range; beside them nonsense is tried, but for what `may` allows. */
class Option {
  constructor(
    readonly good: unknown,
    readonly bad: readonly unknown[],
    readonly may: readonly unknown[] = [],
  ) {}
}
const of = (good: unknown, ...bad: readonly unknown[]) => new Option(good, bad);

const nonsense = [Number.NaN, Number.POSITIVE_INFINITY, "no such thing", {}, [], null];
/** Any text is a name, an empty one is none. */
const name = new Option("a", ["", 1], ["no such thing"]);
const notNegative = (good: number) => of(good, -1);
const positive = (good: number) => of(good, 0, -1);
const rate = (good: number) => of(good, -0.1, 1);
const count = (good: number) => of(good, 0, -1, 1.5);
const boolean = of(true, 0, "true");
const seed = of(1, -1, 1.5, 2 ** 32);

const s = cr.schedules;
const common = {
  learningRate: notNegative(0.1),
  clip: of({ type: "norm", value: 1 }, { type: "norm", value: 0 }, { type: "all", value: 1 }, { type: "norm" }),
  weightDecay: notNegative(0.1),
  // No groups at all are as good as none given.
  groups: new Option([{ match: "bias", weightDecay: 0 }], [[{}], [{ match: "bias", weightDecay: -1 }], [{ match: "" }]], [[]]),
  ema: of({ decay: 0.9 }, { decay: 1 }, { decay: -0.1 }),
};
const epsilon = of(1e-8, 0, -1);
const betas = { beta1: rate(0.9), beta2: rate(0.99), epsilon };
const shared = { reduction: of("mean", "median"), weight: positive(1), normalization: of("batchSize", "rows") };
const fromLogits = boolean;
const labelSmoothing = of(0.1, -0.1, 1);
const classWeights = of([1, 2], [0, 0], [1, -1], [1, Number.NaN]);
const initializer = of(cr.heNormal(), { type: "unknown" }, 0.5);

const loss = cr.meanSquaredError();
const net = await cr.network({ input: 1, layers: [cr.dense(1)], loss, seed: 1 });
const folder = await mkdtemp(join(tmpdir(), "factories-"));
afterAll(() => rm(folder, { recursive: true }));
const saved = join(folder, "saved");
await node.saveFile(net, saved);
const pairs = cr.dataset({ inputs: [[0], [1], [2], [3]], targets: [0, 1, 0, 1] }, { classes: 2 });
const values = { inputs: [[0], [1]], targets: [[0], [1]] };
const scaler = cr.standardize(pairs);
async function drained(rows: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of rows);
}
const text = "a,b\n1,2\n3,4\n";
const custom = () => cr.activation("relu");

const optioned: Readonly<Record<string, readonly [Call, Readonly<Record<string, Option>>]>> = {
  // layers
  dense: [
    (o) => cr.dense(3, o),
    {
      activation: of("relu", "no", { type: "elu", alpha: -1 }),
      weight: initializer,
      bias: new Option(cr.zeros(), [true, 0]),
      kernelL1: notNegative(0.1),
      kernelL2: notNegative(0.1),
      name,
    },
  ],
  activation: [(o) => cr.activation("relu", o), { name }],
  dropout: [(o) => cr.dropout(0.5, o), { name }],
  prelu: [cr.prelu as Call, { alpha: initializer, name }],
  add: [cr.add as Call, { name }],
  concatenate: [cr.concatenate as Call, { name }],
  residual: [(o) => cr.residual([cr.dense(2)], o), { name }],
  input: [(o) => cr.input(2, o), { name }],
  // initializers
  uniform: [cr.uniform as Call, { min: of(-1, 2), max: of(1, -2) }],
  normal: [cr.normal as Call, { mean: of(0), std: notNegative(1) }],
  orthogonal: [cr.orthogonal as Call, { gain: of(1) }],
  // optimizers
  sgd: [cr.sgd as Call, { ...common, momentum: rate(0.9), dampening: rate(0), nesterov: boolean }],
  adam: [cr.adam as Call, { ...common, ...betas, amsgrad: boolean }],
  adamW: [cr.adamW as Call, { ...common, ...betas, amsgrad: boolean }],
  adamax: [cr.adamax as Call, { ...common, ...betas }],
  nadam: [cr.nadam as Call, { ...common, ...betas, momentumDecay: notNegative(0.004) }],
  radam: [cr.radam as Call, { ...common, ...betas }],
  rmsprop: [cr.rmsprop as Call, { ...common, rho: rate(0.9), epsilon, momentum: rate(0.5), centered: boolean }],
  adagrad: [cr.adagrad as Call, { ...common, epsilon, initialAccumulator: notNegative(0.1), learningRateDecay: notNegative(0.1) }],
  adadelta: [cr.adadelta as Call, { ...common, rho: rate(0.9), epsilon }],
  lion: [cr.lion as Call, { ...common, beta1: rate(0.9), beta2: rate(0.99) }],
  // losses
  meanSquaredError: [cr.meanSquaredError as Call, shared],
  meanAbsoluteError: [cr.meanAbsoluteError as Call, shared],
  huber: [cr.huber as Call, { ...shared, delta: positive(1) }],
  logCosh: [cr.logCosh as Call, shared],
  poisson: [cr.poisson as Call, { ...shared, logInput: boolean }],
  cosineSimilarity: [cr.cosineSimilarity as Call, shared],
  binaryCrossEntropy: [cr.binaryCrossEntropy as Call, { ...shared, fromLogits, labelSmoothing, positiveWeight: positive(2) }],
  categoricalCrossEntropy: [cr.categoricalCrossEntropy as Call, { ...shared, fromLogits, labelSmoothing, classWeights }],
  sparseCategoricalCrossEntropy: [
    cr.sparseCategoricalCrossEntropy as Call,
    { ...shared, fromLogits, labelSmoothing, classWeights, ignoreIndex: of(-1, 0.5) },
  ],
  focal: [cr.focal as Call, { ...shared, gamma: notNegative(2) }],
  binaryFocal: [cr.binaryFocal as Call, { ...shared, gamma: notNegative(2), alpha: of(0.25, -0.1, 1.1) }],
  hinge: [cr.hinge as Call, shared],
  squaredHinge: [cr.squaredHinge as Call, shared],
  categoricalHinge: [cr.categoricalHinge as Call, shared],
  klDivergence: [cr.klDivergence as Call, { ...shared, input: of("probabilities", "logits") }],
  // schedules
  "schedules.constant": [s.constant as never, { base: notNegative(0.1) }],
  "schedules.list": [s.list as never, { rates: of([0.1, 0.2], [-0.1], [0.1, Number.NaN]) }],
  "schedules.step": [s.step as never, { base: notNegative(0.1), gamma: positive(0.5), stepSize: count(3) }],
  "schedules.multiStep": [
    s.multiStep as never,
    { base: notNegative(0.1), gamma: positive(0.5), milestones: new Option([3, 5], [[5, 3], [-1], [1.5]], [[]]) },
  ],
  "schedules.exponential": [s.exponential as never, { base: notNegative(0.1), gamma: positive(0.9) }],
  "schedules.polynomial": [
    s.polynomial as never,
    { base: notNegative(0.1), end: notNegative(0.01), power: positive(2), totalSteps: count(9) },
  ],
  "schedules.cosine": [s.cosine as never, { base: notNegative(0.1), min: of(0, -1, 0.2), totalSteps: count(9) }],
  "schedules.cosineWarmRestarts": [
    s.cosineWarmRestarts as never,
    { base: notNegative(0.1), firstPeriod: count(3), periodFactor: count(2), min: of(0, -1, 0.2) },
  ],
  "schedules.warmupCosine": [
    s.warmupCosine as never,
    {
      base: notNegative(0.1),
      warmupSteps: of(2, -1, 1.5, 9),
      totalSteps: of(9, 0, 2),
      min: of(0, -1, 0.2),
      startFactor: of(0.1, -0.1, 1.1),
    },
  ],
  "schedules.oneCycle": [
    s.oneCycle as never,
    {
      max: notNegative(0.1),
      totalSteps: count(9),
      warmupFraction: of(0.3, -0.1, 0.6),
      anneal: of("cos", "exp"),
      divFactor: of(25, 0.5),
      finalDivFactor: of(100, 0.5),
      threePhase: boolean,
    },
  ],
  "schedules.cyclic": [
    s.cyclic as never,
    {
      min: of(0.01, -1, 0.2),
      max: of(0.1, 0.001),
      stepsUp: count(3),
      stepsDown: count(4),
      mode: of("expRange", "square"),
      gamma: of(0.9, 0, 1.1),
    },
  ],
  "schedules.reduceOnPlateau": [
    s.reduceOnPlateau as never,
    {
      base: notNegative(0.1),
      mode: of("min", "least"),
      factor: of(0.5, 0, 1),
      patience: of(2, -1, 1.5),
      threshold: notNegative(0.1),
      thresholdMode: of("abs", "absolute"),
      cooldown: of(1, -1, 0.5),
      min: of(0, -1, 0.2),
      epsilon: notNegative(0),
    },
  ],
  // callbacks
  earlyStopping: [
    cr.earlyStopping as Call,
    {
      monitor: new Option("loss", ["", 1], ["no such thing"]), // which names there are is known when fit begins
      patience: count(2),
      minDelta: notNegative(0.1),
      mode: of("min", "least"),
      restoreBest: boolean,
    },
  ],
  "node.checkpoint": [(o) => node.checkpoint("file", o), { everySeconds: notNegative(1) }],
  "node.logTo": [(o) => node.logTo("log.csv", o), { append: boolean }],
  "node.progressBar": [node.progressBar as Call, { stream: of({ write: () => true }, { write: 1 }) }],
  // networks
  network: [
    (o) => cr.network(o as never),
    {
      input: of(1, 0, -1, 1.5, [0]),
      layers: new Option([cr.dense(1)], [[1], [cr.dense]], [[]]),
      loss: of(loss, "mse", cr.adam(), []),
      optimizer: of(cr.sgd(), "sgd", loss),
      metrics: new Option(["mae"], [["accuracy"], ["mae", "mae"], [1]], [[], {}]),
      seed,
      backend: of("js", "gpu"),
      arithmetic: of("strict", "exact"),
      threads: of(1, 0, -1, 1.5, 10_000),
    },
  ],
  "network.graph": [
    (o) => {
      const x = cr.input(1);
      const y = cr.dense(1, { name: "y" })(x);
      // The same nodes each time, unless nonsense stands in their place.
      return cr.network({ ...o, ...(o.inputs === 1 && { inputs: x }), ...(o.outputs === 1 && { outputs: y }) } as never);
    },
    {
      inputs: of(1, [cr.dense(1)], 2),
      outputs: of(1, [cr.dense(1)], 2),
      loss: of(loss, [loss, loss]),
      optimizer: of(cr.sgd(), 1),
      metrics: new Option({ y: ["mae"] }, [{ x: ["mae"] }, { y: ["f1"] }], [[], {}]),
      seed,
      backend: of("js", "gpu"),
      arithmetic: of("strict", "exact"),
      threads: of(1, 0, -1, 1.5, 10_000),
    },
  ],
  loadNetwork: [
    (o) => cr.loadNetwork(net.save(), o as never),
    {
      backend: of("js", "gpu"),
      arithmetic: of("strict", "exact"),
      threads: of(1, 0, -1, 1.5, 10_000),
      optimizer: of(cr.adam(), "adam", loss),
      custom: new Option({ custom }, [1], [{}]),
    },
  ],
  "Network.fit": [
    async (o) => {
      const other = await cr.loadNetwork(net.save(), { backend: "js" });
      if (o.resume !== true) return other.fit(values, o as never);
      // One good run to resume.
      const abort = new AbortController();
      await other.fit(values, { epochs: 3, batchSize: 1, chunkMilliseconds: 1e-9, onProgress: () => abort.abort(), signal: abort.signal });
      return other.fit(values, o as never);
    },
    {
      epochs: count(3),
      batchSize: count(1),
      shuffle: boolean,
      validation: of(values, { inputs: [[1]] }, { inputs: [[1]], targets: [[1, 2]] }),
      onEpochEnd: of(() => {}, 1),
      onProgress: of(() => {}, 1),
      signal: of(new AbortController().signal, 1),
      callbacks: new Option([], [[1], [{}], [{ type: "a", state: () => ({}) }]], [[]]),
      resume: of(true, 1),
      chunkMilliseconds: positive(1),
    },
  ],
  "Network.save": [(o) => net.save(o as never), { training: boolean, attach: new Option({}, [], nonsense) }],
  gradCheck: [(o) => cr.gradCheck(net, values, o as never), { tolerance: positive(1e-3), elements: count(2) }],
  toSafetensors: [
    (o) => cr.toSafetensors(net, o as never),
    {
      layout: of("torch", "keras"),
      rename: new Option({ "dense_1.weight": "w" }, [1, { unknown: "w" }, { "dense_1.weight": 1 }], [{}]),
      metadata: new Option({ a: "b" }, [{ a: 1 }], [{}]),
    },
  ],
  fromSafetensors: [
    (o) => cr.fromSafetensors(net, cr.toSafetensors(net), o as never),
    { layout: of("torch", "native"), rename: new Option({}, [1, { unknown: "w" }, { "dense_1.weight": 1 }], [{}]), strict: boolean },
  ],
  // data
  dataset: [
    (o) => cr.dataset({ inputs: [[1, 2]], targets: [0] }, o as never),
    {
      input: of(2, 0, 1.5, [2, 0], 3),
      classes: of(2, 0, -1, 1.5, ["a", "a"], ["a", ""]),
      features: of(["a", "b"], ["a"], [1, 2]),
    },
  ],
  "dataset.from": [
    (o) => cr.dataset.from([{ input: [1, 2], target: 0 }], o as never),
    { input: of(2, 0, 1.5, [2, 0], 3), classes: of(2, 0, -1, 1.5, ["a", "a"]), features: of(["a", "b"], ["a"], [1, 2]) },
  ],
  "dataset.stream": [(o) => cr.dataset.stream(() => [], o as never), { shuffleBuffer: of(9, -1, 1.5), rows: count(9) }],
  "Dataset.split": [
    (o) => pairs.split(o as never),
    { test: of(0.25, 0, 1, -0.1, 0.75), validation: of(0.25, -0.1, 1, 0.75), stratified: boolean, shuffle: of(true, 0, false), seed },
  ],
  "Dataset.scale": [(o) => pairs.scale(o as never), { inputs: of(scaler, "standardize", cr.standardize([[1, 2]])) }],
  standardize: [(o) => cr.standardize([[1], [2]], o as never), { of: of("inputs", "outputs"), columns: of(1, 0, 1.5, 2) }],
  minMax: [
    (o) => cr.minMax([[1], [2]], o as never),
    { of: of("inputs", "outputs"), columns: of(1, 0, 1.5, 2), low: of(0), high: of(1, 0) },
  ],
  "csv.parseCsv": [
    (o) => csv.parseCsv(text, o as never),
    {
      target: of("b", "c", 2, -1),
      inputs: of(["a"], ["c"], [2], ["b"]),
      classes: of(5, 0, -1, 1.5, ["a", "a"]),
      header: boolean,
      delimiter: of(",", "", ",,", '"', "\n"),
      missing: of("drop", "keep"),
    },
  ],
  "csv.readCsv": [
    (o) => csv.readCsv([text], o as never),
    {
      target: of("b", "c", 2, -1),
      inputs: of(["a"], ["c"], [2], ["b"]),
      classes: of(5, 0, -1, 1.5, ["a", "a"]),
      header: boolean,
      delimiter: of(",", "", ",,", '"', "\n"),
      missing: of("drop", "keep"),
    },
  ],
  "csv.streamCsv": [
    (o) => drained(csv.streamCsv([text], o as never)),
    {
      target: of("b", "c", 2, -1),
      inputs: of(["a"], ["c"], [2], ["b"]),
      classes: of(5, true, 0, -1, 1.5, ["a", "a"]),
      header: boolean,
      delimiter: of(",", "", ",,", '"', "\n"),
      missing: of("drop", "keep"),
    },
  ],
  // metrics
  confusionMatrix: [(o) => cr.confusionMatrix([0, 1], [0, 1], o), { classes: of(2, 0, 1.5) }],
  precision: [(o) => cr.precision([0, 1], [0, 1], o as never), { classes: of(2, 0, 1.5), average: of("micro", "mean") }],
  recall: [(o) => cr.recall([0, 1], [0, 1], o as never), { classes: of(2, 0, 1.5), average: of("micro", "mean") }],
  f1: [(o) => cr.f1([0, 1], [0, 1], o as never), { classes: of(2, 0, 1.5), average: of("micro", "mean") }],
  // the user's own
  customLoss: [(o) => cr.customLoss("mine", o, (g, p, t) => g.mean(g.sub(p, t))), { reduction: of("sum", "none"), weight: positive(1) }],
};

/** Arguments that are no options: a good call, and the argument in its place. */
const positional: Readonly<Record<string, readonly [call: (given: never) => unknown, good: unknown, ...bad: readonly unknown[]]>> = {
  celu: [cr.celu, 1, 0, -1],
  elu: [cr.elu, 1, -1],
  leakyRelu: [cr.leakyRelu, 0.1, -1],
  dense: [cr.dense, 3, 0, -1, 1.5, undefined],
  dropout: [cr.dropout, 0.5, -0.1, 1, undefined],
  activation: [cr.activation, "relu", { type: "elu", alpha: -1 }, undefined],
  input: [cr.input, [2, 3], 0, -1, 1.5, [2, 0], undefined],
  residual: [cr.residual, [cr.dense(1)], [1], undefined],
  constant: [cr.constant, 0.5, undefined],
  oneHot: [(ids) => cr.oneHot(ids, 2), [0, 1], [2], [-1], [0.5]],
  "oneHot: classes": [(classes) => cr.oneHot([0, 1], classes), 2, 0, 1, 1.5],
  classWeights: [cr.classWeights, [0, 1], [0, 2], [-1], [0.5]],
  "classWeights: classes": [(classes) => cr.classWeights([0, 1], classes), 2, 0, 1, 3],
  restoreScaler: [(type) => cr.restoreScaler(type, { mean: [0], std: [1] }), "standardize", "minMax", undefined],
  "restoreScaler: options": [
    (options) => cr.restoreScaler("standardize", options),
    { mean: [0], std: [1] },
    { mean: [0], std: [0] },
    { mean: [0, 1], std: [1] },
    { mean: [0] },
    undefined,
  ],
  standardize: [cr.standardize, [[1], [2]], [[1], [1, 2]], [[Number.NaN]]],
  minMax: [cr.minMax, [[1], [2]], [[1], [1, 2]], [[Number.NaN]]],
  customActivation: [(apply) => cr.customActivation("mine", {}, apply), () => {}, undefined],
  "customActivation: type": [(type) => cr.customActivation(type, {}, (_, x) => x), "no such thing", "relu", ""],
  "customActivation: options": [(options) => cr.customActivation("mine", options, (_, x) => x), {}, { a: Number.NaN }],
  customMetric: [(apply) => cr.customMetric("mine", {}, apply), () => {}, undefined],
  "customMetric: type": [(type) => cr.customMetric(type, {}, (_, x) => x), "no such thing", "accuracy", ""],
  customLoss: [(apply) => cr.customLoss("mine", {}, apply), () => {}, undefined],
  "customLoss: targets": [
    (targets) => cr.customLoss("mine", {}, (_, p) => p, targets),
    {},
    { columns: 0 },
    { columns: 1.5 },
    { ids: 1 },
    { ids: true, columns: 1 },
    { rows: 1 },
  ],
  "customLoss: type": [(type) => cr.customLoss(type, {}, (_, x) => x), "no such thing", "huber", ""],
  layer: [(apply) => cr.layer("mine", {}, apply), () => {}, undefined],
  "layer: kind": [(kind) => cr.layer(kind, {}, (_, x) => x), "no such thing", "dense", ""],
  "layer: options": [(options) => cr.layer("mine", options, (_, x) => x), {}, { a: () => {} }, { a: new Map() }],
  accuracy: [(ids) => cr.accuracy(ids, [0, 1]), [0, 1], [0], [0, -1], [0, 0.5]],
  confusionMatrix: [(ids) => cr.confusionMatrix(ids, [0, 1]), [0, 1], [0], [0, -1], [0, 0.5]],
  precision: [(ids) => cr.precision(ids, [0, 1]), [0, 1], [0], [0, -1]],
  recall: [(ids) => cr.recall(ids, [0, 1]), [0, 1], [0], [0, -1]],
  f1: [(ids) => cr.f1(ids, [0, 1]), [0, 1], [0], [0, -1]],
  argmax: [cr.argmax, [[0, 1]], [[0, Number.NaN]], [[0, 1], [0]]],
  softmax: [cr.softmax, [[0, 1]], [[0, Number.NaN]], [[0, 1], [0]]],
  sigmoid: [cr.sigmoid, [[0, 1]], [[0, Number.NaN]], [[0, 1], [0]]],
  topK: [
    (k) =>
      cr.topK(
        [0, 1],
        [
          [0, 1],
          [1, 0],
        ],
        k,
      ),
    1,
    0,
    3,
    1.5,
  ],
  rocAuc: [(scores) => cr.rocAuc([0, 1], scores), [0, 1], [0], [0, Number.NaN]],
  mse: [(predictions) => cr.mse([0, 1], predictions), [0, 1], [0], [0, Number.NaN]],
  rmse: [(predictions) => cr.rmse([0, 1], predictions), [0, 1], [0], [0, Number.NaN]],
  mae: [(predictions) => cr.mae([0, 1], predictions), [0, 1], [0], [0, Number.NaN]],
  r2: [(predictions) => cr.r2([0, 1], predictions), [0, 1], [0], [0, Number.NaN]],
  parseIdx: [cr.parseIdx, Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 7), Uint8Array.of(0, 0, 8, 1)],
  decodeSafetensors: [cr.decodeSafetensors, cr.encodeSafetensors([]), new Uint8Array(7)],
  encodeSafetensors: [cr.encodeSafetensors, [], [{ name: "a", shape: [2], values: [1] }], undefined],
  "dataset.stream": [cr.dataset.stream, () => {}, undefined],
  "csv.parseCsv": [(given) => csv.parseCsv(given, { target: "b" }), text, "a,b\n1\n", undefined],
  "csv.readCsv": [(given) => csv.readCsv(given, { target: "b" }), [text], ["a,b\n1\n"], [1], undefined],
  "csv.streamCsv": [(given) => drained(csv.streamCsv(given, { target: "b" })), [text], ["a,b\n1\n"], [1], undefined],
  "node.checkpoint": [(path) => node.checkpoint(path), "no such thing", "", undefined],
  "node.logTo": [(path) => node.logTo(path), "a.csv", "a.txt", undefined],
  "node.loadFile": [(path) => node.loadFile(path), saved, "", join(folder, "no such file"), undefined],
  // Relative paths are in a folder of the test's own.
  "node.saveFile": [
    (path) => node.saveFile(net, typeof path === "string" && path !== "" ? join(folder, path) : path),
    "no such thing",
    "",
    "no/such",
    undefined,
  ],
};

/** Functions that take nothing, or anything; useModule, which is for a whole process, is tried in backends.test.ts. */
const plain = [
  "features",
  "disposeThreads",
  "useModule",
  "node.revectorize",
  "zeros",
  "glorotNormal",
  "glorotUniform",
  "heNormal",
  "heUniform",
  "lecunNormal",
  "lecunUniform",
];

const modules = { "": cr, "schedules.": cr.schedules, "node.": node, "csv.": csv };

test("the tables have every function that is exported", () => {
  const exported = Object.entries(modules).flatMap(([prefix, module]) =>
    Object.entries(module)
      .filter(([, value]) => typeof value === "function" && !/^class /.test(String(value)))
      .map(([key]) => `${prefix}${key}`),
  );
  const tables = [...Object.keys(optioned), ...Object.keys(positional).map((row) => row.replace(/: .*/, "")), ...plain];
  const ofClasses = (row: string) => /^(Network|Dataset|dataset|network)\./.test(row);
  expect([...new Set(tables.filter((row) => !ofClasses(row)))].sort()).toEqual(exported.sort());
});

const good = (options: Readonly<Record<string, Option>>): Options =>
  Object.fromEntries(Object.entries(options).map(([key, option]) => [key, option.good]));

async function thrownBy(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** Options that say what targets mean go together with what the data has, or not at all. */
const unnamed: Readonly<Record<string, readonly string[]>> = { customLoss: [], "Dataset.scale": ["targets"] };

test.each(Object.entries(optioned))(
  "%s takes good options and none that it does not know; all that it knows are tried",
  async (row, [call, options]) => {
    expect(await thrownBy(() => call(good(options)))).toBeUndefined();
    // A loss of the user's own may have options of any name.
    if (row === "customLoss") return;
    const error = await thrownBy(() => call({ ...good(options), noSuchOption: 1 }));
    expect(error).toBeInstanceOf(cr.OptionError);
    const [, known] = /unknown option "noSuchOption", expected one of: (.*)$/.exec((error as Error).message)!;
    expect(known!.split(", ").sort()).toEqual([...Object.keys(options), ...(unnamed[row] ?? [])].sort());
  },
);

const same = (a: unknown, b: unknown) => Object.is(a, b) || JSON.stringify([a]) === JSON.stringify([b]);

const rows = Object.entries(optioned).flatMap(([row, [call, options]]) =>
  Object.entries(options).map(([option, { bad, may }]) => ({ row, option, bad, may, call, options })),
);

test.each(rows)("$row refuses what $option cannot be, saying which it was", async ({ row, option, bad, may, call, options }) => {
  const tried = [...nonsense.filter((value) => !may.some((fine) => same(fine, value))), ...bad];
  for (const value of tried) {
    const error = await thrownBy(() => call({ ...good(options), [option]: value }));
    expect({ row, value, error }).toEqual({ row, value, error: expect.any(cr.ChainruleError) });
    expect({ value, message: (error as Error).message }).toEqual({ value, message: expect.stringContaining(option) });
  }
});

// Rows whose own call copies the options have nothing left to inherit.
test.each(rows.filter(({ row }) => row !== "network.graph"))(
  "$row refuses $option if it is inherited",
  async ({ option, call, options }) => {
    const { [option]: given, ...own } = good(options);
    class Config {}
    Object.defineProperty(Config.prototype, option, { get: () => given });
    const error = await thrownBy(() => call(Object.assign(new Config(), own)));
    expect(error).toBeInstanceOf(cr.OptionError);
    // Options of a user's own parts may have any name, and are plain data.
    expect((error as Error).message).toMatch(new RegExp(`: option ${option} is inherited|expected plain data`));
  },
);

test.each(Object.entries(positional))("%s refuses what its argument cannot be", async (_, [call, fine, ...bad]) => {
  if (fine !== undefined) expect(await thrownBy(() => call(fine as never))).toBeUndefined();
  for (const value of [...nonsense.filter((each) => !same(each, fine)), ...bad]) {
    const error = await thrownBy(() => call(value as never));
    expect({ value, error }).toEqual({ value, error: expect.any(cr.ChainruleError) });
  }
});
