// Streams that are evaluated and predicted from, and what may happen to the network meanwhile.
import { describe, expect, test } from "vitest";
import * as cr from "../src/index.js";
import { ids, inputs, itemsOf, make, options, type Part, plain, ROWS, weights } from "./streams.js";

describe.each(["wasm", "js"] as const)("%s: of a stream as of the same rows in arrays", (backend) => {
  // evaluate takes 256 rows at a time: two slices and a smaller one.
  const many = 600;
  const more = Array.from({ length: many }, (_, r) => inputs[r % ROWS]!.map((value) => value * (1 + r / 100)));
  const large: Part = (begin, end) => ({
    inputs: more.slice(begin, end),
    targets: more.slice(begin, end).map((_, r) => ids[(begin + r) % ROWS]!),
  });
  const largeWeighted: Part = (begin, end) => ({
    ...large(begin, end),
    sampleWeights: Array.from({ length: end - begin }, (_, r) => weights[(begin + r) % ROWS]! / 3),
  });
  const penalized = [cr.dense(7, { activation: "tanh", kernelL2: 0.01 }), cr.dense(3)];

  test.each([
    ["in single rows", large, [1], {}],
    ["in items smaller and larger than 256", large, [3, 300, 8], {}],
    ["in one item", large, [many], {}],
    ["with sample weights", largeWeighted, [90, 2], {}],
    ["with a sum for a loss", large, [50], { loss: cr.sparseCategoricalCrossEntropy({ fromLogits: true, reduction: "sum" }) }],
    ["with ignored rows", large, [50], { loss: cr.sparseCategoricalCrossEntropy({ fromLogits: true, ignoreIndex: 2 }) }],
  ] as const)("evaluate gives the same bits %s", async (_, part, sizes, changes) => {
    const net = await make(backend, { layers: penalized, ...changes });
    const streamed = net.evaluate(cr.dataset.stream(() => itemsOf(part, sizes, many), { shuffleBuffer: 100 }));
    expect(await streamed).toEqual(net.evaluate(part(0, many)));
  });

  test("validation gives the same bits, and a schedule that waits for it does the same", async () => {
    const optimizer = () => cr.adam({ learningRate: cr.schedules.reduceOnPlateau({ base: 0.05, patience: 1, threshold: 0.05 }) });
    const [ours, theirs, both] = [await make(backend, { optimizer: optimizer() }), await make(backend, { optimizer: optimizer() }), await make(backend, { optimizer: optimizer() })]; // biome-ignore format: three of one kind
    const longer = { ...options, epochs: 8 };
    const validation = cr.dataset.stream(() => itemsOf(large, [70], many));
    const streamed = await ours.fit(plain(0, ROWS), { ...longer, validation });
    const held = await theirs.fit(plain(0, ROWS), { ...longer, validation: large(0, many) });
    const all = await both.fit(cr.dataset.stream(() => itemsOf(plain, [9])), { ...longer, validation }); // biome-ignore format: as the two before
    const seen = (net: cr.Network, { epochs }: cr.History) => [net.weightsHash(), ...epochs.map(({ validation }) => validation)];
    expect(held.epochs[7]!.validation!.metrics.accuracy).toBeGreaterThan(0);
    expect(seen(ours, streamed)).toEqual(seen(theirs, held));
    expect(seen(both, all)).toEqual(seen(theirs, held));
  });

  test("predict gives the same bits, an array for each item, with targets or without", async () => {
    const net = await make(backend);
    const expected = net.predict(more);
    const joined = async (predictions: AsyncIterable<Float32Array>) => {
      const [lengths, values]: [number[], number[]] = [[], []];
      for await (const part of predictions) {
        lengths.push(part.length);
        values.push(...part);
      }
      return { lengths, values: Float32Array.from(values) };
    };
    const found = await joined(net.predict(cr.dataset.stream(() => itemsOf(large, [260, 1, 339], many))));
    expect(found).toEqual({ lengths: [780, 3, 1017], values: expected });
    const bare = cr.dataset.stream(() => more.map((input) => ({ input })));
    expect((await joined(net.predict(bare))).values).toEqual(expected);
  });
});

test("every output of a stream is predicted by its name", async () => {
  const x = cr.input(3, { name: "x" });
  const outputs = [cr.dense(2, { name: "y" })(x), cr.dense(1, { name: "z" })(x)];
  const net = await cr.network({ inputs: [x], outputs, loss: [cr.meanSquaredError(), cr.meanSquaredError()], seed: 1, backend: "js" });
  const found = [];
  for await (const part of net.predictAll(cr.dataset.stream(() => [{ inputs: inputs.slice(0, 5) }]))) found.push(part);
  expect(found).toEqual([net.predictAll(inputs.slice(0, 5))]);
});

test("of a dataset's part the inputs are predicted from, not their shape", async () => {
  const net = await cr.network({ input: 1, layers: [cr.dense(1)], loss: cr.meanSquaredError(), seed: 1 });
  const data = cr.dataset({ inputs: [[3], [4], [5]], targets: [1, 2, 3] });
  const parts = [];
  for await (const part of net.predict(cr.dataset.stream(() => data.batches(2)))) parts.push(...part);
  expect(parts).toEqual([...net.predict(data.inputs)]);
});

describe("while a stream is read", () => {
  /** One whose second item waits. */
  const waiting = () => {
    let go = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    let closed = false;
    const rows = cr.dataset.stream(async function* () {
      try {
        yield plain(0, 5);
        await gate;
        yield plain(5, 9);
      } finally {
        closed = true;
      }
    });
    return { rows, go, isClosed: () => closed };
  };

  test("nothing changes the network that is evaluated", async () => {
    const net = await make();
    const { rows, go } = waiting();
    const found = net.evaluate(rows);
    expect(() => net.trainOnBatch([[1, 2, 3]], [0])).toThrow("trainOnBatch: evaluate is reading a stream on this network; await it first");
    await expect(net.fit(plain(0, 5))).rejects.toThrow("fit: evaluate is reading a stream");
    expect(() => net.setParameters(net.parameters())).toThrow("setParameters: evaluate is reading a stream");
    net.predict([[1, 2, 3]]);
    go();
    expect(await found).toEqual(net.evaluate(plain(0, 9)));
    net.trainOnBatch([[1, 2, 3]], [0]);
  });

  test("a callback may evaluate if fit waits for it, and is told if it does not", async () => {
    const net = await make();
    let [within, beside]: [unknown, Promise<unknown> | undefined] = [undefined, undefined];
    const { rows, go, isClosed } = waiting();
    const test = cr.dataset.stream(() => itemsOf(plain, [9]));
    await net.fit(plain(0, ROWS), {
      epochs: 3,
      callbacks: [
        {
          type: "evaluates",
          onEpochEnd: async (_, index) => {
            if (index === 1) {
              within = [await net.evaluate(test), net.evaluate(plain(0, ROWS))];
              beside = net.evaluate(rows);
              beside.catch(() => {});
            }
          },
        },
      ],
    });
    const [streamed, held] = within as [unknown, unknown];
    expect(streamed).toEqual(held);
    go();
    await expect(beside).rejects.toThrow("evaluate: the network was changed while the stream was read; await it first");
    expect(isClosed()).toBe(true);
  });

  test.each<readonly [string, (net: cr.Network, begin: () => void) => unknown]>([
    [
      "the best epoch's weights are put back",
      (net, begin) => {
        const callbacks = [{ type: "evaluates", onFitEnd: begin }, cr.earlyStopping({ monitor: "loss" })];
        return net.fit(plain(0, ROWS), { callbacks });
      },
    ],
    ["the average of the weights leaves their place", (net, begin) => net.withAverage(begin)],
  ])("evaluation that nobody waits for says so, too, where %s", async (_, change) => {
    const net = await make("js", { optimizer: cr.adam({ ema: { decay: 0.9 } }) });
    const { rows, go, isClosed } = waiting();
    let beside: Promise<unknown> | undefined;
    await change(net, () => {
      beside = net.evaluate(rows);
      beside.catch(() => {});
    });
    go();
    await expect(beside).rejects.toThrow("evaluate: the network was changed while the stream was read; await it first");
    expect(isClosed()).toBe(true);
  });

  test("a network that is disposed of says so", async () => {
    const net = await make();
    const { rows, go, isClosed } = waiting();
    const found = net.evaluate(rows);
    net.dispose();
    go();
    await expect(found).rejects.toThrow("evaluate: the network has been disposed of");
    expect(isClosed()).toBe(true);
  });

  test("predictions that are not taken are not made, and the source is closed", async () => {
    const net = await make();
    const { rows, isClosed } = waiting();
    for await (const part of net.predict(rows)) {
      expect(part).toEqual(net.predict(inputs.slice(0, 5)));
      break;
    }
    expect(isClosed()).toBe(true);
  });

  test("an average of the weights is not there any more", async () => {
    const net = await make("js", { optimizer: cr.adam({ ema: { decay: 0.9 } }) });
    await net.fit(plain(0, ROWS));
    const before = net.weightsHash();
    const rows = cr.dataset.stream(() => itemsOf(plain, [9]));
    const readLater = () => void net.predict(rows);
    for (const body of [readLater, () => net.predict(rows), () => net.evaluate(rows)])
      expect(() => net.withAverage<unknown>(body)).toThrow(/^withAverage: body goes on after it has returned/);
    expect(net.weightsHash()).toBe(before);
  });
});
