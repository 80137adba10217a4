// Metrics compare predictions with the targets that users gave, also where the loss reads smoothed or weighted ones (as Keras, whose
// metrics get y_true). Expected numbers by hand.
import { describe, expect, test } from "vitest";
import * as cr from "../src/index.js";
import { numbers } from "./cases.js";
import { modelOf } from "./internals.js";

/** 1 of one-hot rows, and of nothing that is made of them. */
const squares = () => cr.customMetric("squares", {}, (g, _, t) => g.sum(g.square(t)));

interface Case {
  readonly loss: cr.Loss;
  readonly metrics: readonly cr.Metric[];
  readonly input?: readonly number[];
  /** What the network, which has no parameters, predicts, too. */
  readonly inputs: readonly (readonly number[])[];
  readonly targets: cr.Targets;
  readonly sampleWeights?: readonly number[];
  readonly expected: Readonly<Record<string, number>>;
}

const cases: Readonly<Record<string, Case>> = {
  "class ids, smoothed and weighted, perfectly predicted": {
    loss: cr.sparseCategoricalCrossEntropy({ fromLogits: true, classWeights: [1, 10], labelSmoothing: 0.2 }),
    metrics: ["accuracy", squares()],
    inputs: [[5, -5], [5, -5], [-5, 5], [5, -5]], // biome-ignore format: rows
    targets: [0, 0, 1, 0],
    expected: { accuracy: 1, squares: 1 },
  },
  "the same with one row wrong": {
    loss: cr.sparseCategoricalCrossEntropy({ fromLogits: true, classWeights: [1, 10], labelSmoothing: 0.2 }),
    metrics: ["accuracy"],
    inputs: [[5, -5], [-5, 5], [-5, 5], [5, -5]], // biome-ignore format: rows
    targets: [0, 0, 1, 0],
    expected: { accuracy: 3 / 4 },
  },
  "soft rows with class weights, exactly predicted": {
    loss: cr.categoricalCrossEntropy({ classWeights: [1, 3] }),
    metrics: ["accuracy", "mae"],
    inputs: [[0.6, 0.4]],
    targets: [[0.6, 0.4]],
    expected: { accuracy: 1, mae: 0 },
  },
  "smoothed binary targets in rows with padding": {
    loss: cr.binaryCrossEntropy({ labelSmoothing: 0.2 }),
    metrics: ["accuracy", "mae", squares()],
    inputs: [[0.9, 0.75, 0.25], [0.25, 0.75, 0.6]], // biome-ignore format: rows
    targets: [[1, 1, 0], [0, 1, 1]], // biome-ignore format: rows
    // |p - y|: 0.1, 0.25, 0.25; 0.25, 0.25, 0.4
    expected: { accuracy: 1, mae: 1.5 / 6, squares: 2 },
  },
  "rows of sample weight 0, which are left out": {
    loss: cr.binaryCrossEntropy({ labelSmoothing: 0.2 }),
    metrics: ["accuracy", "mae"],
    inputs: [[0.75], [0.25], [0.5], [0.1]],
    targets: [[1], [1], [1], [0]],
    sampleWeights: [3, 0.5, 0, 1],
    expected: { accuracy: 2 / 3, mae: (0.25 + 0.75 + 0.1) / 3 },
  },
  "several positions, of which some are ignored": {
    loss: cr.sparseCategoricalCrossEntropy({ fromLogits: true, classWeights: [1, 10, 1], labelSmoothing: 0.3, ignoreIndex: -1 }),
    metrics: ["accuracy", squares()],
    input: [2, 3],
    inputs: [[9, 0, 0, 0, 9, 0], [0, 0, 9, 0, 0, 9], [9, 0, 0, 0, 9, 0]], // biome-ignore format: rows
    targets: [[0, 1], [-1, 2], [2, -1]], // biome-ignore format: rows
    // Counted: 0, 1, 2 and 2, predicted as 0, 1, 2 and 0.
    expected: { accuracy: 3 / 4, squares: 1 },
  },
  "hinges of 0 and 1, of which 0 means -1 to the loss": {
    loss: cr.hinge(),
    metrics: ["accuracy", "mae", squares()],
    inputs: [[0.5, -0.5, 1], [-1, 0.25, -0.75]], // biome-ignore format: rows
    targets: [[1, 0, 1], [0, 0, 0]], // biome-ignore format: rows
    // |p - y|: 0.5, 0.5, 0; 1, 0.25, 0.75
    expected: { accuracy: 5 / 6, mae: 3 / 6, squares: 1 },
  },
  "squared hinges of them, weighted": {
    loss: cr.squaredHinge(),
    metrics: ["accuracy", "mae"],
    inputs: [[0.5], [-0.25], [3]],
    targets: [1, 0, 0],
    sampleWeights: [2, 0.5, 0],
    expected: { accuracy: 1, mae: 0.75 / 2 },
  },
  "hinges of -1 and 1": {
    loss: cr.hinge(),
    metrics: ["accuracy", "mae"],
    inputs: [[0.5], [0.25]],
    targets: [1, -1],
    expected: { accuracy: 1 / 2, mae: 1.75 / 2 },
  },
};

describe.each(Object.entries(cases))("%s", (_, { loss, metrics, input, inputs, targets, sampleWeights, expected }) => {
  const data: cr.Data = { inputs: inputs.flat(), targets, ...(sampleWeights && { sampleWeights }) };
  const make = (backend: "wasm" | "js") =>
    cr.network({ input: input ?? inputs[0]!.length, layers: [cr.activation("linear")], loss, metrics, seed: 1, backend });
  const close = (found: Readonly<Record<string, number>>) => {
    expect(Object.keys(found)).toEqual(Object.keys(expected));
    for (const [name, value] of Object.entries(expected)) expect(found[name], name).toBeCloseTo(value, 6); // float32 predictions
  };
  const items = () =>
    cr.dataset.stream(() =>
      inputs.map((row, r) => ({
        inputs: row,
        targets: [targets[r]] as cr.Targets,
        ...(sampleWeights && { sampleWeights: [sampleWeights[r]!] }),
      })),
    );

  test.each(["wasm", "js"] as const)("%s: evaluate, fit and validation agree, of arrays and of streams", async (backend) => {
    const net = await make(backend);
    const { metrics: evaluated } = net.evaluate(data);
    close(evaluated);
    for (const options of [
      { batchSize: inputs.length, validation: data },
      { batchSize: 2, validation: items(), chunkMilliseconds: 1e-9 },
    ]) {
      const { epochs } = await net.fit(data, { epochs: 2, ...options });
      for (const epoch of epochs) {
        close(epoch.metrics);
        close(epoch.validation!.metrics);
      }
    }
    const { epochs } = await net.fit(items(), { epochs: 2, batchSize: 2, shuffle: false });
    for (const epoch of epochs) close(epoch.metrics);
    close((await net.evaluate(items())).metrics);
  });

  test("both backends have the same bits", async () => {
    const [ours, theirs] = [await make("wasm"), await make("js")];
    expect(ours.evaluate(data)).toEqual(theirs.evaluate(data));
  });
});

const next = numbers(3);
const inputs = Array.from({ length: 50 }, () => [next() - 0.5, next() - 0.5, next() - 0.5]);
const ids = inputs.map(([a, b]) => (a! > 0 ? 2 : b! > 0 ? 1 : 0));
const smoothed = () => cr.sparseCategoricalCrossEntropy({ fromLogits: true, classWeights: [1, 20, 2], labelSmoothing: 0.2 });

const layers = () => [cr.dense(7, { activation: "tanh" }), cr.dropout(0.2), cr.dense(3)];
const trained = (metrics: readonly cr.Metric[], backend: "wasm" | "js", loss = smoothed()) =>
  cr.network({ input: 3, layers: layers(), loss, metrics, optimizer: cr.adam(), seed: 4, backend });

test.each(["wasm", "js"] as const)("%s: training is the same with metrics and without, by fit and in single steps", async (backend) => {
  const [ours, theirs] = [await trained(["accuracy", squares()], backend), await trained([], backend)];
  const losses = [];
  for (const net of [ours, theirs]) {
    const { epochs } = await net.fit({ inputs, targets: ids }, { epochs: 3, batchSize: 8 });
    losses.push([...epochs.map(({ loss }) => loss), net.trainOnBatch(inputs, ids), net.trace(inputs, ids).loss]);
  }
  expect(losses[0]).toEqual(losses[1]);
  expect(ours.weightsHash()).toBe(theirs.weightsHash());
});

test("a trained network's accuracy is that of its predictions against the ids, loaded again, too", async () => {
  const net = await trained(["accuracy"], "wasm");
  await net.fit({ inputs, targets: ids }, { epochs: 40, batchSize: 8 });
  const { accuracy } = net.evaluate({ inputs, targets: ids }).metrics;
  expect(accuracy).toBe(cr.accuracy(ids, cr.argmax(net.predict(inputs.flat()), 3)));
  const loaded = await cr.loadNetwork(net.save(), { backend: "js" });
  expect(loaded.evaluate({ inputs, targets: ids }).metrics).toEqual({ accuracy });
});

test("two threads have the metrics and weights of one", async () => {
  const outcomes = [];
  for (const threads of [1, 2]) {
    const options = { input: 3, layers: layers(), loss: smoothed(), metrics: ["accuracy", squares()], seed: 4, threads } as const;
    const net = await cr.network(options);
    const { epochs } = await net.fit({ inputs, targets: ids }, { epochs: 3, batchSize: 16 });
    outcomes.push({ hash: net.weightsHash(), epochs: epochs.map(({ loss, metrics }) => ({ loss, metrics })) });
    net.dispose();
  }
  expect(outcomes[1]).toEqual(outcomes[0]);
});

test("of several outputs each has its own: smoothed, smoothed and weighted, and as given", async () => {
  const x = cr.input(2, { name: "x" });
  const end = (name: string) => cr.activation("linear", { name })(x);
  const net = await cr.network({
    inputs: x,
    outputs: [end("plain"), end("soft"), end("silent"), end("class")],
    loss: [
      cr.meanSquaredError(),
      cr.categoricalCrossEntropy({ classWeights: [1, 3] }),
      cr.binaryCrossEntropy({ labelSmoothing: 0.1 }),
      cr.sparseCategoricalCrossEntropy({ classWeights: [1, 10], labelSmoothing: 0.2 }),
    ],
    metrics: { plain: ["mae", squares()], soft: ["mae", "accuracy"], class: ["accuracy", squares()] },
    seed: 1,
  });
  const targets = {
    plain: [[0.1, 0.4], [0.75, 0.25]], // biome-ignore format: rows
    soft: [[0.6, 0.4], [0.75, 0.25]], // biome-ignore format: rows
    silent: [[1, 0], [1, 0]], // biome-ignore format: rows
    class: [0, 0],
  };
  const rows = [[0.6, 0.4], [0.75, 0.25]]; // biome-ignore format: rows
  const expected = {
    "plain.mae": 0.125,
    "plain.squares": (0.17 + 0.625) / 2,
    "soft.mae": 0,
    "soft.accuracy": 1,
    "class.accuracy": 1,
    "class.squares": 1,
  };
  const weights: readonly Pick<cr.Data, "sampleWeights">[] = [
    {},
    { sampleWeights: { plain: [1, 2] } },
    { sampleWeights: { soft: [1, 2], silent: [0, 1] } },
  ];
  for (const given of weights) {
    const data: cr.Data = { inputs: rows, targets, ...given };
    const { epochs } = await net.fit(data, { epochs: 1, batchSize: 2 });
    for (const { metrics } of [net.evaluate(data), epochs[0]!]) {
      expect(Object.keys(metrics).filter((name) => !name.endsWith(".loss"))).toEqual(Object.keys(expected));
      for (const [name, value] of Object.entries(expected)) expect(metrics[name], name).toBeCloseTo(value, 6); // float32
    }
  }
});

test("only plans whose metrics need it read targets twice", async () => {
  const read = async (metrics: readonly cr.Metric[], loss: cr.Loss, purpose: "train" | "evaluate" | "trace" = "train") => {
    const plan = modelOf(await trained(metrics, "js", loss)).plan(purpose, { capacity: 4 });
    return plan.feeds.map(({ batch }) => batch.name);
  };
  for (const loss of [
    cr.sparseCategoricalCrossEntropy(),
    cr.sparseCategoricalCrossEntropy({ classWeights: [1, 2, 3], ignoreIndex: -1, labelSmoothing: 0 }),
    cr.categoricalCrossEntropy({ labelSmoothing: 0 }),
    cr.meanSquaredError(),
  ])
    expect(await read([loss.accuracy ? "accuracy" : "mae"], loss)).toEqual(["input", "target"]);
  expect(await read([], smoothed())).toEqual(["input", "target"]);
  expect(await read(["accuracy"], smoothed(), "trace")).toEqual(["input", "target"]);
  for (const loss of [smoothed(), cr.categoricalCrossEntropy({ classWeights: [1, 2, 3] })])
    expect(await read(["accuracy"], loss, "evaluate")).toEqual(["input", "target", "truth"]);
});
