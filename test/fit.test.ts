// fit: whatever the chunks, the same bits; what is reported, when, and how it stops.
import { describe, expect, test, vi } from "vitest";
import {
  adam,
  type Callback,
  type ChainOptions,
  type Data,
  dense,
  dropout,
  type Epoch,
  type FitOptions,
  type History,
  input,
  type Loss,
  loadNetwork,
  meanSquaredError,
  type Network,
  network,
  type Progress,
  ShapeError,
  sgd,
  sparseCategoricalCrossEntropy,
} from "../src/index.js";
import { cases, numbers } from "./cases.js";
import { eachLastingWord, modelOf } from "./internals.js";
import { transferred } from "./refusals.js";

/** Class ids of random rows: which third of the inputs has the largest sum. */
function rows(count: number, width = 6, seed = 1): Data & { readonly rows: number } {
  const next = numbers(seed);
  const inputs = Array.from({ length: count }, () => Array.from({ length: width }, () => next() - 0.5));
  return { inputs, targets: inputs.map((row) => (row[0]! > 0 ? 1 : row[1]! > 0 ? 2 : 0)), rows: count };
}

const make = (changes: Partial<ChainOptions> = {}): Promise<Network> =>
  network({
    input: 6,
    layers: [dense(9, { activation: "relu" }), dropout(0.1), dense(3)],
    loss: sparseCategoricalCrossEntropy({ fromLogits: true }),
    optimizer: adam({ learningRate: 0.01 }),
    metrics: ["accuracy"],
    seed: 5,
    ...changes,
  });

function withoutTime({ seconds, ...rest }: Epoch): Omit<Epoch, "seconds"> {
  expect(seconds).toBeGreaterThan(0);
  return rest;
}

async function trained(net: Network, data: Data, options: FitOptions) {
  const { epochs, stopped } = await net.fit(data, options);
  return { epochs: epochs.map(withoutTime), stopped, hash: net.weightsHash(), steps: net.steps };
}

describe.each(["wasm", "js"] as const)("%s", (backend) => {
  test.each([
    ["in order", { shuffle: false }],
    ["shuffled", {}],
  ])("a step of many more rows than fit had, before it or after it, changes no bit; %s", async (_, options) => {
    const few = rows(10);
    const many = rows(300, 6, 2);
    // What was done is done on a network without plans for anything else.
    const acts = [
      (net: Network) => net.fit(few, { batchSize: 4, ...options }),
      (net: Network) => net.trainOnBatch(many.inputs, many.targets),
    ];
    for (const order of [acts, [...acts].reverse()]) {
      const net = await make({ backend });
      let twin = await make({ backend });
      for (const act of [...order, ...order]) {
        await act(net);
        await act(twin);
        expect(net.weightsHash()).toBe(twin.weightsHash());
        twin = await loadNetwork(twin.save({ training: true }), { backend });
      }
    }
  });

  test.each([false, true])("the length of chunks changes no bit of weights and history; validation: %s", async (validated) => {
    const data = rows(333); // 10 batches of 32 and one of 13
    const validation = rows(50, 6, 2);
    const outcomes = [];
    for (const chunkMilliseconds of [Number.MIN_VALUE, 1e-6, 1, 1000])
      outcomes.push(await trained(await make({ backend }), data, { epochs: 7, chunkMilliseconds, ...(validated && { validation }) }));
    expect(outcomes[0]!.steps).toBe(7 * 11);
    expect(outcomes[0]!.epochs.every((epoch) => "validation" in epoch === validated)).toBe(true);
    expect(outcomes[1]).toEqual(outcomes[0]);
    expect(outcomes[2]).toEqual(outcomes[0]);
  });

  test("a call into the backend, and a chunk of them, span epochs where nothing must happen between them", async () => {
    const net = await make({ backend });
    const model = modelOf(net);
    const calls: number[] = [];
    const run = model.run.bind(model);
    model.run = (plan, steps) => {
      if (plan.purpose === "train") calls.push(steps);
      return run(plan, steps);
    };
    let chunks = 0;
    const options = { chunkMilliseconds: 1e9, onProgress: () => ++chunks };
    await net.fit(rows(64), { epochs: 800, batchSize: 32, ...options });
    expect(calls).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 512, 65]);
    expect(chunks).toBe(1);
    calls.length = chunks = 0;
    await net.fit(rows(64), { epochs: 3, batchSize: 16, ...options, validation: rows(8) });
    expect(calls).toEqual([1, 2, 1, 4, 4]);
    expect(chunks).toBe(3);
  });

  test("what is thrown in a later call of a chunk leaves the calls before it done, and their epochs closed", async () => {
    const [net, undisturbed] = [await make({ backend }), await make({ backend })];
    const data = rows(64);
    const model = modelOf(net);
    const run = model.run.bind(model);
    model.run = (plan, steps) => {
      if (steps === 8) throw new Error("out of order");
      return run(plan, steps);
    };
    await expect(net.fit(data, { epochs: 9, batchSize: 32, chunkMilliseconds: 1e9 })).rejects.toThrow(/^out of order$/);
    expect(net.steps).toBe(7);
    model.run = run;
    const losses = ({ epochs }: History) => epochs.map(({ loss }) => loss);
    const rest = await net.fit(data, { epochs: 9, batchSize: 32, resume: true });
    const all = await undisturbed.fit(data, { epochs: 9, batchSize: 32 });
    expect(losses(rest)).toEqual(losses(all).slice(3));
    expect(net.weightsHash()).toBe(undisturbed.weightsHash());
  });

  test("the last batch has the rows that are left", async () => {
    const [whole, apart] = [await make({ backend }), await make({ backend })];
    const data = rows(10);
    await whole.fit(data, { batchSize: 4, shuffle: false });
    for (const [begin, end] of [
      [0, 4],
      [4, 8],
      [8, 10],
    ])
      apart.trainOnBatch((data.inputs as number[][]).slice(begin, end), (data.targets as number[]).slice(begin, end));
    expect(whole.weightsHash()).toBe(apart.weightsHash());
  });

  test("data too large to stay is staged chunk by chunk, to the same bits", async () => {
    // 6,000 inputs and one target a row: 16 MiB hold 698 rows.
    const layers = [dense(3)];
    const [input, count] = [6000, 800];
    const data = rows(count, input);
    const large = await make({ backend, input, layers });
    const history = await trained(large, data, { epochs: 2, batchSize: 300 });
    // 16 MiB of the data's 18.3, a batch of 6.9, parameters and their like.
    expect(large.memory().region).toBeLessThan(24 * 2 ** 20);

    // The same steps by hand, in the same order: a batch of all rows is never shuffled, so without shuffling.
    const [fitted, stepped] = [await make({ backend, input, layers }), await make({ backend, input, layers })];
    await fitted.fit(data, { batchSize: 300, shuffle: false, epochs: 2 });
    for (let epoch = 0; epoch < 2; ++epoch)
      for (let begin = 0; begin < count; begin += 300)
        stepped.trainOnBatch((data.inputs as number[][]).slice(begin, begin + 300), (data.targets as number[]).slice(begin, begin + 300));
    expect(fitted.weightsHash()).toBe(stepped.weightsHash());

    const again = await trained(await make({ backend, input, layers }), data, { epochs: 2, batchSize: 300, chunkMilliseconds: 1e-6 });
    expect(again).toEqual(history);
  });

  test("what was trained on before does not matter: each fit trains on its own data", async () => {
    const [net, twin] = [await make({ backend, optimizer: sgd() }), await make({ backend, optimizer: sgd() })];
    const [first, second] = [rows(64), rows(64, 6, 3)];
    const options = { batchSize: 16, shuffle: false, epochs: 1 };
    await net.fit(first, options);
    await net.fit(second, options);
    for (const data of [first, second])
      for (let begin = 0; begin < 64; begin += 16)
        twin.trainOnBatch((data.inputs as number[][]).slice(begin, begin + 16), (data.targets as number[]).slice(begin, begin + 16));
    expect(net.weightsHash()).toBe(twin.weightsHash());
  });

  test("predict, evaluate, gradients and trace between chunks change nothing", async () => {
    const data = rows(40);
    const { inputs, targets } = data;
    const undisturbed = await trained(await make({ backend }), data, { epochs: 5, batchSize: 8, chunkMilliseconds: 1e-6 });
    const net = await make({ backend });
    const disturb = () => {
      net.predict(inputs);
      net.evaluate(data);
      net.gradients(inputs, targets);
      net.trace(inputs, targets);
      net.explain();
      net.save();
    };
    expect(await trained(net, data, { epochs: 5, batchSize: 8, chunkMilliseconds: 1e-6, onProgress: disturb })).toEqual(undisturbed);
  });
});

test("the order of rows comes from the seed: the same for the same, another for another, another in every epoch", async () => {
  const data = rows(64);
  const options = { batchSize: 8 };
  const hashOf = async (seed: number, given: FitOptions) => {
    // Initial weights that no seed changes.
    const net = await make({ layers: [dense(3)], seed });
    net.setParameters([{ name: "dense_1.weight", values: new Float32Array(18).fill(0.1) }]);
    await net.fit(data, given);
    return net.weightsHash();
  };
  expect(await hashOf(1, options)).toBe(await hashOf(1, options));
  expect(await hashOf(1, options)).not.toBe(await hashOf(2, options));
  expect(await hashOf(1, { ...options, shuffle: false })).toBe(await hashOf(2, { ...options, shuffle: false }));

  // With a rate of 0 nothing but the order changes between epochs; the loss of the first batch tells it.
  const net = await make({ layers: [dense(3)], optimizer: sgd({ learningRate: 0 }) });
  const firstLosses: number[] = [];
  await net.fit(data, {
    ...options,
    epochs: 6,
    chunkMilliseconds: 1e-6,
    onProgress: ({ step, loss }) => step === 1 && firstLosses.push(loss),
  });
  expect(new Set(firstLosses).size).toBe(6);
});

test("a fit continues where the last one ended: orders and dropout are those of later epochs", async () => {
  const data = rows(64);
  const [once, twice, repeated] = [await make(), await make(), await make()];
  await once.fit(data, { epochs: 4, batchSize: 8 });
  for (let i = 0; i < 2; ++i) await twice.fit(data, { epochs: 2, batchSize: 8 });
  for (let i = 0; i < 4; ++i) await repeated.fit(data, { epochs: 1, batchSize: 8 });
  expect(twice.weightsHash()).toBe(once.weightsHash());
  expect(repeated.weightsHash()).toBe(once.weightsHash());
});

test("an epoch's loss is the mean over its rows, of the losses before each step, added in float64", async () => {
  const data = rows(10);
  const [net, twin] = [await make(), await make()];
  const { epochs } = await net.fit(data, { batchSize: 4, shuffle: false });
  let sum = 0;
  for (const [begin, end] of [
    [0, 4],
    [4, 8],
    [8, 10],
  ] as const)
    sum += twin.trainOnBatch((data.inputs as number[][]).slice(begin, end), (data.targets as number[]).slice(begin, end)) * (end - begin);
  expect(epochs[0]!.loss).toBe(sum / 10);
});

test("training learns: the loss falls and accuracy rises", async () => {
  const net = await make({ layers: [dense(16, { activation: "relu" }), dense(3)] });
  const data = rows(300);
  const { epochs } = await net.fit(data, { epochs: 40, validation: rows(100, 6, 9) });
  expect(epochs.at(-1)!.loss).toBeLessThan(epochs[0]!.loss / 3);
  expect(net.evaluate(data).metrics.accuracy).toBeGreaterThan(0.95);
  expect(epochs.at(-1)!.validation!.metrics.accuracy).toBeGreaterThan(0.85);
});

test("callbacks come in order: every epoch once, progress after the epochs it covers", async () => {
  const log: string[] = [];
  const progress: Progress[] = [];
  const net = await make();
  const { epochs } = await net.fit(rows(50), {
    epochs: 5,
    batchSize: 10,
    onEpochEnd: (epoch, index) => log.push(`epoch ${index} ${epoch.loss}`),
    onProgress: (state) => {
      log.push("progress");
      progress.push(state);
    },
  });
  expect(log.filter((line) => line !== "progress")).toEqual(epochs.map(({ loss }, i) => `epoch ${i} ${loss}`));
  expect(log.at(-1)).toBe("progress");
  expect(progress.at(-1)).toMatchObject({ epoch: 5, epochs: 5, step: 5, steps: 5, loss: epochs[4]!.loss, secondsLeft: 0 });
  for (const [i, { epoch, step }] of progress.entries()) {
    const before = progress[i - 1] ?? { epoch: 0, step: 5 };
    expect(epoch * 5 + step).toBeGreaterThan(before.epoch * 5 + before.step);
  }
});

test.each<[string, (error: Error) => unknown]>([
  [
    "throws",
    (error) => {
      throw error;
    },
  ],
  ["promises and breaks", (error) => Promise.reject(error)],
])("what a callback %s ends fit and comes out of it; the network stays usable", async (_, fail) => {
  const net = await make();
  const thrown = new Error("enough");
  const stop = () => fail(thrown);
  await expect(net.fit(rows(20), { epochs: 3, onEpochEnd: stop, validation: rows(5) })).rejects.toBe(thrown);
  await expect(net.fit(rows(20), { onProgress: stop })).rejects.toBe(thrown);
  expect(net.steps).toBe(2);
  expect((await net.fit(rows(20), { epochs: 2 })).epochs).toHaveLength(2);
});

test("a signal stops between chunks: the epochs that were finished are returned, the steps count", async () => {
  const net = await make();
  const aborted = new AbortController();
  aborted.abort();
  expect(await net.fit(rows(20), { signal: aborted.signal })).toEqual({ epochs: [], stopped: "signal" });
  expect(net.steps).toBe(0);

  const controller = new AbortController();
  const { epochs, stopped } = await net.fit(rows(40), {
    epochs: 1000,
    batchSize: 8,
    chunkMilliseconds: 1e-6,
    signal: controller.signal,
    onProgress: ({ epoch, step }) => epoch === 3 && step === 2 && controller.abort(),
  });
  expect({ epochs: epochs.length, stopped, steps: net.steps }).toEqual({ epochs: 2, stopped: "signal", steps: 12 });
  expect((await net.fit(rows(40))).stopped).toBe(false);
});

test("the event loop runs between chunks: a timer can stop training", async () => {
  const net = await make();
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 30);
  const { stopped } = await net.fit(rows(100), { epochs: 2 ** 31 - 1, batchSize: 10, chunkMilliseconds: 5, signal: controller.signal });
  expect(stopped).toBe("signal");
});

test("many runs at once share the time of a turn of the event loop", async () => {
  const nets = await Promise.all(Array.from({ length: 20 }, () => make()));
  const spans: number[] = [];
  let turned = performance.now();
  const timer = setInterval(() => {
    spans.push(performance.now() - turned);
    turned = performance.now();
  }, 1);
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 1500);
  await Promise.all(
    nets.map((net) => net.fit(rows(100), { epochs: 2 ** 31 - 1, batchSize: 10, chunkMilliseconds: 40, signal: controller.signal })),
  );
  clearInterval(timer);
  // Each for itself would take 800 ms a turn.
  const median = spans.sort((a, b) => a - b)[spans.length >> 1];
  expect(median).toBeLessThan(400);
  expect(median).toBeGreaterThan(10);
});

test("where the clock stands still the event loop turns after each call all the same", async () => {
  vi.spyOn(performance, "now").mockReturnValue(1);
  const net = await make();
  let turns = 0;
  const timer = setInterval(() => ++turns, 0);
  let chunks = 0;
  await net.fit(rows(100), { epochs: 1000, batchSize: 10, onProgress: () => ++chunks });
  clearInterval(timer);
  vi.restoreAllMocks();
  // 1 + 2 + ... + 256 steps, and the rest in calls of 512.
  expect(chunks).toBe(9 + Math.ceil((10_000 - 511) / 512));
  expect(turns).toBeGreaterThan(1);
});

test("inputs of many kinds are the same data", async () => {
  const values = [1, 2, 3, 4, 5, 6, 250, 8, 9, 10, 11, 12];
  const nested = [values.slice(0, 6), values.slice(6)];
  const hashes = new Set<string>();
  for (const inputs of [
    values,
    nested,
    Float32Array.from(values),
    Float64Array.from(values),
    Uint8Array.from(values),
    nested.map((row) => Int16Array.from(row)),
  ])
    for (const targets of [[2, 0], Uint8Array.of(2, 0), [[2], [0]]]) {
      const net = await make({ optimizer: sgd() });
      net.trainOnBatch(inputs, targets);
      hashes.add(net.weightsHash());
    }
  expect(hashes.size).toBe(1);
});

test.each<[string, (inputs: Float32Array) => unknown]>([
  ["transferred", transferred],
  ["resized", ({ buffer }) => (buffer as ArrayBuffer).resize(24)],
])("an array whose buffer is %s while fit runs ends it, as data and as validation", async (_, lose) => {
  for (const who of ["fit", "fit: validation"]) {
    const [data, validation] = [1, 2].map((seed) => {
      const { targets } = rows(64, 6, seed);
      return { inputs: new Float32Array(new ArrayBuffer(4 * 6 * 64, { maxByteLength: 4 * 6 * 64 })), targets };
    }) as [Data, Data];
    const net = await make();
    const seen: number[] = [];
    const onEpochEnd = (_: Epoch, index: number) => {
      seen.push(index);
      if (index === 1) lose((who === "fit" ? data : validation).inputs as Float32Array);
    };
    const error: unknown = await net.fit(data, { epochs: 4, validation, onEpochEnd }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ShapeError);
    expect(`${error}`).toMatch(new RegExp(`^ShapeError: ${who}: (0|6) numbers are left of an array that had 384: its buffer was`));
    expect(seen).toEqual([0, 1]);
    net.dispose();
  }
});

test.each(cases)("$name: fit equals the same batches by trainOnBatch", async ({ options, data, batch }) => {
  const { inputs, targets } = data();
  const [fitted, stepped] = [await network(options), await network(options)];
  const { epochs } = await fitted.fit({ inputs, targets }, { batchSize: batch, shuffle: false, epochs: 2 });
  const count = Math.ceil(2.5 * batch);
  const [x, y] = [inputs.length / count, targets.length / count];
  let loss = 0;
  for (let epoch = 0; epoch < 2; ++epoch) {
    loss = 0;
    for (let begin = 0; begin < count; begin += batch) {
      const end = Math.min(begin + batch, count);
      const step = stepped.trainOnBatch(inputs.subarray(begin * x, end * x), targets.subarray(begin * y, end * y));
      loss += (options.loss as Loss).sums ? step : (step * (end - begin)) / count;
    }
  }
  expect(fitted.weightsHash()).toBe(stepped.weightsHash());
  // Penalties are added up apart.
  expect(Math.abs(epochs[1]!.loss - loss)).toBeLessThan(1e-14 * (1 + Math.abs(loss)));
});

const [x, hidden] = [input(3, { name: "x" }), dense(4, { activation: "tanh", kernelL2: 0.01, name: "hidden" })];
const [left, right] = [dense(1, { name: "left" })(hidden(x)), dense(2, { name: "right" })(hidden(x))];
const pair = { inputs: [x], outputs: [left, right] };
const ramp = (count: number) => Array.from({ length: count }, (_, i) => Math.sin(i));
const sevens = { inputs: Array.from({ length: 7 }, (_, r) => ramp(3 + r).slice(r)), left: ramp(7), right: [0, 1, 1, 0, 1, 0, 0] };
const mse = (reduction: "mean" | "sum") => meanSquaredError({ reduction });
const ce = (normalization: "sumOfWeights" | "batchSize") =>
  sparseCategoricalCrossEntropy({ fromLogits: true, normalization, ignoreIndex: -1 });
test.each([
  ["one output", [mse("mean")], {}],
  ["a sum", [mse("sum")], {}],
  ["weights, of which a batch has none", [mse("mean")], { sampleWeights: [2, 1, 0, 0, 3, 0.5, 0] }],
  ["two outputs", [mse("mean"), ce("sumOfWeights")], {}],
  ["two outputs, one a sum, one weighted", [mse("sum"), ce("sumOfWeights")], { sampleWeights: { right: [2, 1, 0, 0, 3, 0.5, 0] } }],
  ["ids that are ignored", [mse("mean"), ce("batchSize")], { right: [0, 1, -1, -1, 1, 0, -1] }],
] as const)("the loss of an epoch without a learning rate is what evaluate finds: %s", async (_, losses, changes) => {
  const graph = losses.length === 1 ? { inputs: [x], outputs: [left] } : pair;
  const net = await network({ ...graph, loss: [...losses], optimizer: sgd({ learningRate: 0 }), seed: 1 });
  const { left: first, right: second, inputs, sampleWeights } = { sampleWeights: undefined, ...sevens, ...changes };
  const data = { inputs, targets: losses.length === 1 ? first : { left: first, right: second }, ...(sampleWeights && { sampleWeights }) };
  const { epochs } = await net.fit(data as never, { batchSize: 2, epochs: 2, validation: data as never });
  for (const { loss, validation } of epochs) expect(Math.abs(loss - validation!.loss)).toBeLessThan(1e-6 * Math.abs(loss));
});

test.each(cases)(
  "$name: a batch of all rows is read where it is staged, to the bits of one that is gathered",
  async ({ options, data }) => {
    const { inputs, targets } = data();
    const hashes = [];
    for (const orderRows of [0, 97]) {
      const net = await network(options);
      const planned = () => modelOf(net).plan("train", { capacity: 1, orderRows });
      planned();
      await net.fit({ inputs, targets }, { batchSize: 97, epochs: 2 });
      net.trainOnBatch(inputs, targets);
      expect(planned().order !== undefined).toBe(orderRows > 0);
      hashes.push(net.weightsHash());
    }
    expect(hashes[1]).toBe(hashes[0]);
  },
);

test.each(cases)("$name: plans laid out for more rows compute the same bits", async ({ options, data, batch }) => {
  const { inputs, targets } = data();
  const outcomes = [];
  for (const capacity of [0, 97]) {
    const net = await network(options);
    if (capacity > 0) for (const purpose of ["train", "evaluate", "predict", "trace"] as const) modelOf(net).plan(purpose, { capacity });
    const gradients = net.gradients(inputs, targets);
    const { epochs } = await net.fit({ inputs, targets }, { batchSize: batch, epochs: 2 });
    outcomes.push({
      gradients,
      epochs: epochs.map(withoutTime),
      hash: net.weightsHash(),
      evaluation: net.evaluate({ inputs, targets }),
      predictions: net.predict(inputs),
    });
  }
  expect(outcomes[1]).toEqual(outcomes[0]);
});

test.each(cases)("$name: a row's prediction has the same bits alone and among others", async ({ options, data }) => {
  const { inputs } = data();
  const net = await network(options);
  const together = net.predict(inputs);
  const width = modelOf(net).definition.graph.inputs[0]!.shape.reduce((a, b) => a * b, 1);
  const alone = Array.from({ length: inputs.length / width }, (_, r) => [...net.predict(inputs.subarray(r * width, (r + 1) * width))]);
  expect(alone.flat()).toEqual([...together]);
});

test("weights that a callback sets are what it gave, and their padding stays 0", async () => {
  const net = await network({ input: 3, layers: [dense(5), dense(2)], loss: meanSquaredError(), seed: 1 });
  const model = modelOf(net);
  const padding: number[] = [];
  eachLastingWord(model, "parameters", (at, isPadding) => {
    if (isPadding) padding.push(at);
  });
  expect(padding).not.toEqual([]);
  const seven: Callback = {
    type: "seven",
    onFitEnd: (_, run) => run.setWeights(run.weights().fill(7)),
  };
  await net.fit({ inputs: [[1, 2, 3]], targets: [[0, 1]] }, { callbacks: [seven] });
  for (const { values } of net.parameters()) expect([...new Set(values)]).toEqual([7]);
  expect(padding.filter((at) => !Object.is(model.region.views().f32[at], 0))).toEqual([]);
});

test("a network without parameters evaluates, and its training changes nothing", async () => {
  const net = await network({ input: 2, layers: [], loss: meanSquaredError(), seed: 1 });
  expect(net.evaluate({ inputs: [1, 2], targets: [0, 2] }).loss).toBe(0.5);
  expect((await net.fit({ inputs: [1, 2], targets: [0, 2] })).epochs[0]!.loss).toBe(0.5);
});
