// A loss, gradient, weight or optimizer state that is not finite stops training as if the step had never begun. The twin of every network
// here is one of the same seed that took the steps before and no more.
import { describe, expect, test } from "vitest";
import {
  adagrad,
  adam,
  adamW,
  type ChainOptions,
  categoricalCrossEntropy,
  constant,
  type Data,
  dense,
  dropout,
  layer,
  meanSquaredError,
  type Network,
  NonFiniteError,
  network,
  type Optimizer,
  residual,
  rmsprop,
  sgd,
} from "../src/index.js";
import { numbers } from "./cases.js";
import { modelOf } from "./internals.js";
import { thrownBy } from "./refusals.js";

const backends = ["wasm", "js"] as const;

/** Random rows about 0; regression on two columns. */
function rows(count: number, scale = 1, seed = 1): { readonly inputs: Float32Array; readonly targets: Float32Array } {
  const next = numbers(seed);
  return {
    inputs: Float32Array.from({ length: count * 3 }, () => scale * (next() - 0.5)),
    targets: Float32Array.from({ length: count * 2 }, () => next() - 0.5),
  };
}

const layers = [dense(5, { activation: "relu" }), dropout(0.2), dense(2)];
const make = (backend: "wasm" | "js", changes: Partial<ChainOptions> = {}) =>
  network({ input: 3, layers, loss: meanSquaredError(), optimizer: sgd(), seed: 7, backend, ...changes });

/** Parameters and optimizer state as bits. */
function stateOf(net: Network): readonly number[] {
  const { region, bases } = modelOf(net);
  return [...region.views().u32.slice(bases.parameters >> 2, bases.gradients >> 2)];
}

/** Sums of a few squares in float64, added in whatever order. */
const near = (value: number) => (value === 0 ? 0 : expect.closeTo(value, 12 - Math.floor(Math.log10(value))));

function norms(net: Network): Map<string, number> {
  return new Map(net.parameters().map(({ name, values }) => [name, Math.hypot(...values)]));
}

async function failureOf(training: Promise<unknown>): Promise<NonFiniteError> {
  const error = await training.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(NonFiniteError);
  return error as NonFiniteError;
}

describe.each(backends)("%s", (backend) => {
  const everyOptimizer: readonly (readonly [string, Optimizer])[] = [
    ["sgd", sgd({ learningRate: 1e38 })],
    ["sgd with momentum", sgd({ learningRate: 1e38, momentum: 0.9 })],
    ["adam", adam({ learningRate: 1e38 })],
    ["adamW", adamW({ learningRate: 1e38, weightDecay: 0 })],
    ["rmsprop", rmsprop({ learningRate: 1e38 })],
    ["adagrad", adagrad({ learningRate: 1e38 })],
  ];

  test.each(everyOptimizer)(
    "%s with learning rate 1e38: fit stops, names step, layer and cause, and undoes the step",
    async (_, optimizer) => {
      const data = rows(40);
      const net = await make(backend, { optimizer });
      const twin = await make(backend, { optimizer });
      const error = await failureOf(net.fit(data, { epochs: 50, batchSize: 8, shuffle: false }));
      expect(error.message).toMatch(/^step \d+: .*(dense_1|dense_2|loss).* not finite.*(learningRate is 1e\+38)/);
      expect(error.step).toBeGreaterThanOrEqual(1);
      expect(net.steps).toBe(error.step - 1);

      for (let step = 0; step < error.step - 1; ++step) {
        const begin = (step % 5) * 8;
        twin.trainOnBatch(data.inputs.subarray(begin * 3, (begin + 8) * 3), data.targets.subarray(begin * 2, (begin + 8) * 2));
      }
      expect(stateOf(net)).toEqual(stateOf(twin));
    },
  );

  test.each([
    [
      "inputs",
      /dense_1 \(gemm\).*; input is not finite itself: the data was changed while fit ran; keep it until fit has ended, or give a copy$/,
    ],
    ["targets", /loss \(meanSquaredError\).*; target is not finite itself: the data was changed while fit ran/],
  ] as const)("%s that became NaN while fit ran are named, not the learning rate", async (which, message) => {
    const net = await make(backend);
    const data = rows(40);
    const onProgress = () => {
      data[which].fill(Number.NaN);
      // Takes the memory where the data was: it is staged anew.
      net.predict(rows(1).inputs);
    };
    const error = await failureOf(net.fit(data, { epochs: 50, batchSize: 8, chunkMilliseconds: 1e-9, onProgress }));
    expect(error.message).toMatch(message);
  });

  test("infinity minus infinity behind a relu is found at the layer where it arose", async () => {
    const net = await make(backend, { layers: [dense(4, { activation: "relu" }), dense(1), dense(2, { activation: "relu" })] });
    // Two large products of unlike signs: the second layer's sum is ∞ - ∞.
    net.setParameters([
      { name: "dense_1.weight", values: new Float32Array(12).fill(1e20) },
      { name: "dense_2.weight", values: [3e38, -3e38, 3e38, -3e38] },
    ]);
    const before = stateOf(net);
    const data = { inputs: [1, 1, 1], targets: [0, 0] };
    const error = await failureOf(net.fit(data));
    expect(error).toMatchObject({ step: 1, layer: "dense_2", what: "loss", op: "gemm", row: 0 });
    expect(error.message).toMatch(/step 1: the output of dense_2 \(gemm\) is not finite, first for row 0 of the data/);
    // 4 units of relu(3 · 1e20), 4 weights of 3e38, a bias of zeros: all that the product took.
    expect(error.norms).toEqual([
      { of: "dense_2.weight", value: near(2 * Math.fround(3e38)), before: near(2 * Math.fround(3e38)) },
      { of: "dense_1.a", value: near(2 * Math.fround(3e20)) },
      { of: "dense_2.bias", value: 0, before: 0 },
    ]);
    expect(error.message).toContain("norms dense_2.weight 6.00e+38 (6.00e+38 when fit began), dense_1.a 6.00e+20, dense_2.bias 0.00");
    expect(stateOf(net)).toEqual(before);
  });

  test.each([
    ["value", sgd({ clip: { type: "value", value: 1 } })],
    ["globalNorm", adam({ clip: { type: "globalNorm", value: 1 } })],
  ])("an infinite gradient that clipping by %s would make finite, or a NaN it would hide, is found", async (_, optimizer) => {
    const net = await make(backend, { layers: [dense(2, { name: "narrow" }), dense(2, { name: "wide" })], optimizer });
    // The loss is about 1e25 and its gradient at the output 1e12; times the wide layer's weights it is 1e44, beyond float32.
    net.setParameters([
      { name: "narrow.weight", values: new Float32Array(6).fill(1e-20) },
      { name: "wide.weight", values: new Float32Array(4).fill(1e32) },
    ]);
    const before = stateOf(net);
    const error = await failureOf(net.fit({ inputs: [1, 1, 1], targets: [0, 0] }));
    expect(error).toMatchObject({ step: 1, layer: "wide", what: "gradient" });
    expect(stateOf(net)).toEqual(before);
    expect(() => net.trainOnBatch([1, 1, 1], [0, 0])).toThrow(NonFiniteError);
    expect(stateOf(net)).toEqual(before);
  });

  test.each([
    ["adam", adam()],
    ["adam, amsgrad", adam({ amsgrad: true })],
    ["rmsprop", rmsprop()],
    ["rmsprop, centered", rmsprop({ centered: true, momentum: 0.5 })],
    ["adagrad", adagrad()],
  ])("%s: gradients whose squares overflow, after which a weight would never move again, are found", async (_, optimizer) => {
    // One column: loss = (w·x)² = 1e36, gradient = 2·w·x·x = 2e20, whose square is beyond float32.
    const net = await make(backend, { input: 1, layers: [dense(1, { name: "only", bias: false })], optimizer });
    net.setParameters([{ name: "only.weight", values: [1e16] }]);
    const before = stateOf(net);
    const error = await failureOf(net.fit({ inputs: [100], targets: [0] }));
    expect(error).toMatchObject({ step: 1, layer: "only", what: "state" });
    expect(error.message).toMatch(/optimizer's state of only.weight is not finite: the square of a gradient/);
    const w = Math.fround(1e16);
    expect(error.norms).toEqual([
      { of: "only.weight.grad", value: Math.fround(2 * Math.fround(w * 100) * 100) },
      { of: "only.weight", value: w, before: w },
    ]);
    expect(error.message).toContain("norms only.weight.grad 2.00e+20, only.weight 1.00e+16 (1.00e+16 when fit began)");
    expect(stateOf(net)).toEqual(before);
  });

  test("the norm of the weights that blew up is named, as it was when fit began and just before the failure", async () => {
    const data = rows(40);
    const options = { optimizer: sgd({ learningRate: 1e4 }), layers: [dense(5, { activation: "relu" }), dense(2)] };
    const net = await make(backend, options);
    const twin = await make(backend, options);
    const begun = norms(twin);
    const error = await failureOf(net.fit(data, { epochs: 50, batchSize: 8, shuffle: false }));
    for (let step = 0; step < error.step - 1; ++step) {
      const begin = (step % 5) * 8;
      twin.trainOnBatch(data.inputs.subarray(begin * 3, (begin + 8) * 3), data.targets.subarray(begin * 2, (begin + 8) * 2));
    }
    const ended = norms(twin);
    const grown = [...ended].sort(([a, x], [b, y]) => y - begun.get(b)! - (x - begun.get(a)!))[0]!;
    const [of, value] = grown;
    expect(value).toBeGreaterThan(1e3 * begun.get(of)!);
    expect(error.norms).toContainEqual({ of, value: near(value), before: near(begun.get(of)!) });
    expect(error.message).toContain(`${of} ${value.toPrecision(3)} (${begun.get(of)!.toPrecision(3)} when fit began)`);
    // A step on its own has no beginning to compare with.
    const failure = { step: twin.steps + 1, norms: expect.any(Array) };
    expect(() => twin.trainOnBatch(data.inputs, data.targets)).toThrow(expect.objectContaining(failure));
    try {
      twin.trainOnBatch(data.inputs, data.targets);
    } catch (thrown) {
      expect((thrown as NonFiniteError).norms.every(({ before }) => before === undefined)).toBe(true);
      expect((thrown as NonFiniteError).message).not.toContain("when fit began");
    }
  });

  test("probabilities that are none are named as the cause of a loss that is not finite", async () => {
    const net = await make(backend, { loss: categoricalCrossEntropy(), layers: [dense(2)] });
    net.setParameters([{ name: "dense_1.weight", values: new Float32Array(6).fill(-1) }]);
    const error = await failureOf(net.fit({ inputs: [1, 1, 1], targets: [1, 0] }));
    expect(error).toMatchObject({ step: 1, layer: "loss", what: "loss" });
    expect(error.message).toMatch(/categoricalCrossEntropy takes probabilities that sum to 1: end with softmax, or set fromLogits: true$/);
  });

  test.each([1, 1000])(
    "after a failure inside a chunk of %i ms the network is that of any other chunk length, and trains on",
    async (chunkMilliseconds) => {
      // The last row is poisonous; it comes at another place in every epoch, first in the third.
      const bad = 3e19;
      const hashes: string[] = [];
      for (const budget of [chunkMilliseconds, 1e-6]) {
        const net = await make(backend, { optimizer: adam({ learningRate: 1e-3 }) });
        const good = rows(64);
        await net.fit(good, { epochs: 2, batchSize: 8, chunkMilliseconds: budget });
        const inputs = good.inputs.slice();
        inputs.fill(bad, 3 * 63);
        const ended: number[] = [];
        const error = await failureOf(
          net.fit(
            { inputs, targets: good.targets },
            { epochs: 3, batchSize: 8, chunkMilliseconds: budget, onEpochEnd: (_, i) => ended.push(i) },
          ),
        );
        expect(error.step).toBeGreaterThan(16);
        expect(net.steps).toBe(error.step - 1);
        expect(ended).toEqual([]);
        hashes.push(net.weightsHash());
        await net.fit(good, { epochs: 2, batchSize: 8, chunkMilliseconds: budget });
        hashes.push(net.weightsHash());
      }
      expect(hashes.slice(2)).toEqual(hashes.slice(0, 2));
    },
  );

  test("epochs that ended before the failure count, whatever chunk they were in", async () => {
    // Training diverges slowly: the failure comes after some epochs.
    const outcomes = [];
    for (const chunkMilliseconds of [1e-6, 1000]) {
      const net = await make(backend, { layers: [dense(2)], optimizer: sgd({ learningRate: 40 }) });
      const data = rows(20);
      const losses: number[] = [];
      const error = await failureOf(
        net.fit(data, { epochs: 1000, batchSize: 7, chunkMilliseconds, onEpochEnd: ({ loss }) => losses.push(loss) }),
      );
      const history = await net
        .fit(rows(20, 1e-3), { epochs: 1, batchSize: 7, chunkMilliseconds })
        .catch((thrown: Error) => thrown.message);
      outcomes.push({
        step: error.step,
        message: error.message,
        losses,
        hash: net.weightsHash(),
        history: typeof history === "string" ? history : history.epochs[0]!.loss,
      });
    }
    expect(outcomes[0]!.losses.length).toBeGreaterThan(2);
    expect(outcomes[0]!.losses.length).toBe(Math.floor((outcomes[0]!.step - 1) / 3));
    expect(outcomes[1]).toEqual(outcomes[0]);
  });
});

describe("the hint", () => {
  const root = () => layer("root", {}, (g, x) => g.sqrt(x));
  const sum = { inputs: [[1, -2, 1]], targets: [[1, 2]] };
  const message = async (changes: Partial<ChainOptions>, data: Data) => (await failureOf((await make("wasm", changes)).fit(data))).message;

  test.each<[string, RegExp, Partial<ChainOptions>, Data]>([
    [
      "of a layer that is not defined for what it took: its range",
      /root_1 \(sqrtForward\).*; before it the largest number was 2\.00, .*; sqrtForward has no finite result for some of what it took: input from -2\.00 to 1\.00$/,
      { layers: [root(), dense(2)] },
      sum,
    ],
    ["of large inputs", /; the largest number of input is 1\.00e\+30: scale the inputs$/, {}, { ...sum, inputs: [[1e30, 1, 1]] }],
    ["of large targets", /; the largest number of target is 1\.00e\+30: scale the targets$/, {}, { ...sum, targets: [[1, 1e30]] }],
    [
      "of large weights of rows",
      /largest number was 1\.00e\+38, norms weights 1\.00e\+38, .*; the largest number of weights is 1\.00e\+38: let rows weigh about 1 \(sampleWeights,/,
      {},
      { ...sum, sampleWeights: [1e38] },
    ],
    [
      "of small weights of rows",
      // The smallest float32, 2^-149 = 1.40e-45, for each of two columns.
      /; the rows' losses are multiplied by 3\.57e\+44: let rows weigh about 1 \(sampleWeights,/,
      {},
      { ...sum, sampleWeights: [1e-45] },
    ],
    [
      "of a loss's large weight",
      /; the rows' losses are multiplied by 1\.50e\+38: let rows weigh about 1 .*the loss's weight\)$/,
      { loss: meanSquaredError({ weight: 3e38 }) },
      { ...sum, targets: [[1, 100]] },
    ],
    [
      "of large first weights",
      /; the largest number of dense_1\.weight is 1\.00e\+30: begin with smaller weights$/,
      { layers: [dense(2, { weight: constant(1e30) })] },
      { ...sum, inputs: [[1, 1, 1]] },
    ],
  ])("%s; the learning rate is not blamed for what was wrong before any update", async (_, expected, changes, data) => {
    expect(await message(changes, data)).toMatch(expected);
    expect(await message(changes, data)).not.toContain("learning rate");
  });

  test("of weights that have grown is the learning rate; of data that is too large beside them the data", async () => {
    const grown = await make("wasm", { optimizer: sgd({ learningRate: 1e4 }) });
    expect((await failureOf(grown.fit(rows(40), { epochs: 50, batchSize: 8 }))).message).toMatch(
      /; lower the learning rate \(learningRate is 10000\), scale inputs and targets, or set clip: /,
    );
    const net = await make("wasm");
    await net.fit(rows(40));
    const { message } = await failureOf(net.fit({ inputs: [[3e19, 1, 1]], targets: [[1, 2]] }));
    expect(message).toMatch(/^step 3: .*; the largest number of input is 3\.00e\+19: scale the inputs$/);
  });

  test("of a layer that is not defined for what weights have made of data is both", async () => {
    const net = await make("wasm", { layers: [dense(3), root(), dense(2)] });
    net.setParameters([{ name: "dense_1.bias", values: [40, 40, 40] }]);
    await net.fit({ inputs: [[1, 1, 1]], targets: [[1, 2]] });
    net.setParameters([{ name: "dense_1.bias", values: [-40, 40, 40] }]);
    const { message } = await failureOf(net.fit({ inputs: [[1, 1, 1]], targets: [[1, 2]] }));
    expect(message).toMatch(/^step 2: .*; sqrtForward has no finite result .*: dense_1\.z from -\d.*; lower the learning rate/);
  });

  test("is of the op that made it where several add to one gradient", async () => {
    // At 0 a root's slope is infinite; the sum behind it hands on a gradient of its own.
    const net = await make("wasm", { layers: [dense(2), residual([root()])] });
    const error = await failureOf(net.fit({ inputs: [[0, 0, 0]], targets: [[1, 2]] }));
    expect(error).toMatchObject({ step: 1, layer: "residual_1.root_1", what: "gradient", op: "sqrtBackward" });
  });
});

test("both backends fail at the same step, in the same words", async () => {
  const errors = [];
  for (const backend of backends) {
    const net = await make(backend, { optimizer: sgd({ learningRate: 1e4 }) });
    const { message, step, layer, what } = await failureOf(net.fit(rows(40), { epochs: 200, batchSize: 8 }));
    errors.push({ message, step, layer, what, hash: net.weightsHash() });
  }
  expect(errors[1]).toEqual(errors[0]);
});

test("numbers that grew from layer to layer are blamed on the weights, not on data that is small", async () => {
  const layers = Array.from({ length: 60 }, () => dense(8, { weight: constant(2) }));
  const net = await network({ input: 8, layers, loss: meanSquaredError(), seed: 1 });
  const error = await thrownBy(() => net.fit({ inputs: [new Float32Array(8).fill(5)], targets: [new Float32Array(8).fill(100)] }));
  expect(error).toMatchObject({
    name: "NonFiniteError",
    message: expect.stringMatching(/; the largest number of dense_\d+\.weight is 2\.00: begin with smaller weights$/),
  });
});
