// Streams: data that fit reads anew in every epoch ends with the same bits as the same rows in arrays, whatever the items' sizes.
import { describe, expect, test, vi } from "vitest";
import * as cr from "../src/index.js";
import { numbers } from "./cases.js";

const ROWS = 103;
const next = numbers(5);
const inputs = Array.from({ length: ROWS }, () => [next() - 0.5, next() - 0.5, next() - 0.5]);
const ids = inputs.map(([a, b, c]) => (a! + b! > 0 ? (c! > 0 ? 2 : 1) : 0));
const weights = inputs.map((_, r) => (r % 7 === 0 ? 0 : 1 + (r % 3)));
const targets = inputs.map(([a, b]) => [a! * b!, a! - b!]);

const make = (backend: "wasm" | "js" = "js", changes: Partial<cr.ChainOptions> = {}) =>
  cr.network({
    input: 3,
    layers: [cr.dense(7, { activation: "tanh" }), cr.dropout(0.2), cr.dense(3)],
    loss: cr.sparseCategoricalCrossEntropy({ fromLogits: true }),
    metrics: ["accuracy"],
    optimizer: cr.adam({ learningRate: 0.01 }),
    seed: 3,
    backend,
    ...changes,
  });

/** Rows [begin, end) as `fit` takes them. */
type Part = (begin: number, end: number) => cr.Data;
const plain: Part = (begin, end) => ({ inputs: inputs.slice(begin, end), targets: ids.slice(begin, end) });
const weighted: Part = (begin, end) => ({ ...plain(begin, end), sampleWeights: weights.slice(begin, end) });

/** Items of these sizes, in turn. */
async function* itemsOf(part: Part, sizes: readonly number[], rows = ROWS): AsyncGenerator<cr.Data> {
  for (let begin = 0, i = 0; begin < rows; i++) {
    const end = Math.min(rows, begin + sizes[i % sizes.length]!);
    yield part(begin, end);
    begin = end;
  }
}

const outcome = (net: cr.Network, history: cr.History) => ({
  hash: net.weightsHash(),
  epochs: history.epochs.map(({ loss, metrics }) => ({ loss, metrics })),
});
const options = { epochs: 3, batchSize: 8, shuffle: false } as const;

describe.each(["wasm", "js"] as const)("%s: a stream ends with the same bits, losses and metrics as arrays", (backend) => {
  test.each([
    ["in single rows", plain, [1], 50],
    ["in items smaller and larger than batches", plain, [3, 20, 8], 50],
    ["in one item", plain, [ROWS], 50],
    ["with chunks of one step", plain, [5], 1e-9],
    ["with sample weights", weighted, [9, 2], 50],
    ["with sample weights and chunks of one step", weighted, [9, 2], 1e-9],
  ] as const)("%s", async (_, part, sizes, chunkMilliseconds) => {
    const [ours, theirs] = [await make(backend), await make(backend)];
    const streamed = await ours.fit(
      cr.dataset.stream(() => itemsOf(part, sizes)),
      { ...options, chunkMilliseconds },
    );
    const held = await theirs.fit(part(0, ROWS), options);
    expect(outcome(ours, streamed)).toEqual(outcome(theirs, held));
  });
});

test("samples, and iterables that are not async, are taken too", async () => {
  const [ours, theirs] = [await make(), await make()];
  const samples = inputs.map((input, r) => ({ input, target: ids[r]! }));
  const streamed = await ours.fit(
    cr.dataset.stream(() => samples),
    options,
  );
  expect(outcome(ours, streamed)).toEqual(outcome(theirs, await theirs.fit(plain(0, ROWS), options)));
});

test("samples and parts of datasets have their weights", async () => {
  const data = cr.dataset({ inputs, targets: ids, sampleWeights: weights }, { classes: 3 });
  const sources: readonly (() => Iterable<cr.StreamItem>)[] = [
    () => inputs.map((input, r) => ({ input, target: ids[r]!, sampleWeight: weights[r]! })),
    () => data.batches(10),
  ];
  const expected = await make();
  const history = await expected.fit(weighted(0, ROWS), options);
  for (const source of sources) {
    const net = await make();
    const rows = cr.dataset.stream(source);
    expect(outcome(net, await net.fit(rows, options))).toEqual(outcome(expected, history));
    expect(await net.evaluate(rows)).toEqual(net.evaluate(weighted(0, ROWS)));
  }
});

test("of a dataset's part the inputs are predicted from, not their shape", async () => {
  const net = await cr.network({ input: 1, layers: [cr.dense(1)], loss: cr.meanSquaredError(), seed: 1 });
  const data = cr.dataset({ inputs: [[3], [4], [5]], targets: [1, 2, 3] });
  const parts = [];
  for await (const part of net.predict(cr.dataset.stream(() => data.batches(2)))) parts.push(...part);
  expect(parts).toEqual([...net.predict(data.inputs)]);
});

test("several inputs and outputs come by their names", async () => {
  const build = () => {
    const [a, b] = [cr.input(3, { name: "a" }), cr.input(2, { name: "b" })];
    const h = cr.concatenate()(a, b);
    const loss = [cr.meanSquaredError(), cr.sparseCategoricalCrossEntropy({ fromLogits: true })];
    const outputs = [cr.dense(2, { name: "y" })(h), cr.dense(3, { name: "c" })(h)];
    return cr.network({ inputs: [a, b], outputs, loss, seed: 1, backend: "js" });
  };
  const part: Part = (begin, end) => ({
    inputs: { a: inputs.slice(begin, end), b: targets.slice(begin, end) },
    targets: { y: targets.slice(begin, end), c: ids.slice(begin, end) },
  });
  const [ours, theirs] = [await build(), await build()];
  await ours.fit(
    cr.dataset.stream(() => itemsOf(part, [7])),
    options,
  );
  await theirs.fit(part(0, ROWS), options);
  expect(ours.weightsHash()).toBe(theirs.weightsHash());
});

describe("the shuffle buffer", () => {
  /** Rows in the order in which a network sees them: it learns nothing, and its loss is the number of the row. */
  const orderOf = async (shuffleBuffer: number, seed: number, epochs = 2, chunkMilliseconds = 50) => {
    const loss = cr.customLoss("row", {}, (g, p, t) => g.mean(g.add(g.mul(p, 0), t)));
    const net = await cr.network({
      input: 1,
      layers: [cr.dense(1)],
      loss,
      optimizer: cr.sgd({ learningRate: 0 }),
      seed,
      backend: "js",
    });
    const seen: number[] = [];
    let before = { epoch: 0, sum: 0 };
    await net.fit(
      cr.dataset.stream(() => itemsOf((begin, end) => ({ inputs: range(begin, end), targets: range(begin, end) }), [7], 40), {
        shuffleBuffer,
      }),
      {
        epochs,
        batchSize: 1,
        chunkMilliseconds,
        onProgress: ({ epoch, step, loss: mean }) => {
          const begun = epoch === before.epoch ? before.sum : 0;
          seen.push(Math.round(mean * step - begun));
          before = { epoch, sum: mean * step };
        },
      },
    );
    return seen;
  };
  const range = (begin: number, end: number) => Array.from({ length: end - begin }, (_, i) => [begin + i]);

  test("gives every row once an epoch, each drawn from no further ahead than the buffer, another order in every epoch", async () => {
    const seen = await orderOf(10, 1, 2, 1e-9);
    const [first, second] = [seen.slice(0, 40), seen.slice(40)];
    for (const epoch of [first, second]) {
      expect([...epoch].sort((a, b) => a - b)).toEqual(range(0, 40).flat());
      expect(epoch.every((row, i) => row < i + 10)).toBe(true);
      expect(epoch).not.toEqual(range(0, 40).flat());
    }
    expect(second).not.toEqual(first);
    expect(await orderOf(10, 1, 2, 1e-9)).toEqual(seen);
    expect(await orderOf(10, 2, 2, 1e-9)).not.toEqual(seen);
  });

  test("of all rows draws every row first about as often", async () => {
    const counts = new Array<number>(40).fill(0);
    for (let seed = 0; seed < 80; ++seed) counts[(await orderOf(1000, seed, 1, 1e-9))[0]!]! += 1;
    // 80 draws of 40: 2 each, standard deviation 1.4; 10 would be nearly six deviations. Rows never drawn: 5.4, deviation 1.7.
    expect(Math.max(...counts)).toBeLessThan(10);
    expect(counts.filter((count) => count === 0).length).toBeLessThan(16);
  });

  test("changes with no length of chunks and no size of items", async () => {
    const hashes = new Set<string>();
    for (const [size, chunkMilliseconds] of [
      [1, 50],
      [9, 1e-9],
      [ROWS, 50],
    ] as const) {
      // biome-ignore format: rows
      const net = await make();
      await net.fit(
        cr.dataset.stream(() => itemsOf(plain, [size]), { shuffleBuffer: 30 }),
        { epochs: 3, batchSize: 8, chunkMilliseconds },
      );
      hashes.add(net.weightsHash());
    }
    expect(hashes.size).toBe(1);
  });
});

test.each([0, 20])(
  "a run that was interrupted within an epoch is resumed from a file to the same bits (shuffleBuffer %i)",
  async (shuffleBuffer) => {
    const stream = () => cr.dataset.stream(() => itemsOf(weighted, [9, 2]), { shuffleBuffer });
    const common = { ...options, shuffle: shuffleBuffer > 0 };
    const whole = await make();
    const history = await whole.fit(stream(), common);
    const net = await make();
    const abort = new AbortController();
    let chunks = 0;
    const stopped = await net.fit(stream(), {
      ...common,
      chunkMilliseconds: 1e-9,
      signal: abort.signal,
      onProgress: () => ++chunks === 18 && abort.abort(),
    });
    expect([stopped.stopped, net.steps]).toEqual(["signal", 18]);
    const loaded = await cr.loadNetwork(net.save({ training: true }), { backend: "js" });
    await expect(
      loaded.fit(
        cr.dataset.stream(() => itemsOf(weighted, [9]), { shuffleBuffer: 50 }),
        { ...common, shuffle: true, resume: true },
      ),
    ).rejects.toThrow(
      shuffleBuffer ? "the interrupted run had a shuffleBuffer of 20, got 50" : "the interrupted run had shuffle false, got true",
    );
    const rest = await loaded.fit(stream(), { ...common, resume: true });
    expect(loaded.weightsHash()).toBe(whole.weightsHash());
    expect(rest.epochs.map(({ loss, metrics }) => [loss, metrics])).toEqual(
      history.epochs.slice(1).map(({ loss, metrics }) => [loss, metrics]),
    );
  },
);

test("data larger than the staged memory is never held: at most a chunk's rows and one item are", async () => {
  const wide = 4096;
  const row = new Float32Array(wide).fill(0.01);
  let made = 0;
  let readings = 0;
  const big = cr.dataset.stream(
    function* () {
      readings += 1;
      // 6,000 rows of 16 KiB: 94 MiB.
      for (let i = 0; i < 6000; ++i, ++made) yield { input: row, target: i % 2 };
    },
    { rows: 6000 },
  );
  const net = await cr.network({ input: wide, layers: [cr.dense(1)], loss: cr.meanSquaredError(), seed: 1, backend: "wasm" });
  await net.fit(big, { batchSize: 100, shuffle: false });
  expect([readings, made]).toEqual([2, 6000]); // once for its first item
  expect(net.memory().region).toBeLessThan(48 * 2 ** 20);
});

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
    await expect(beside).rejects.toThrow("evaluate: the network was trained while the stream was read; await it first");
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
    for (const body of [() => net.predict(rows), () => net.evaluate(rows)])
      expect(() => net.withAverage<unknown>(body)).toThrow(/^withAverage: body goes on after it has returned/);
    expect(net.weightsHash()).toBe(before);
  });
});

test("a run whose validation stream failed is resumed to the same bits", async () => {
  const whole = await make();
  await whole.fit(plain(0, ROWS), options);
  let readings = 0;
  const validation = cr.dataset.stream(function* () {
    // The first is to see whether it fits.
    if (++readings === 3) throw new RangeError("the disk is gone");
    yield plain(0, 9);
  });
  const net = await make();
  await expect(net.fit(plain(0, ROWS), { ...options, validation })).rejects.toThrow(new RangeError("the disk is gone"));
  await net.fit(plain(0, ROWS), { ...options, validation, resume: true });
  expect(net.weightsHash()).toBe(whole.weightsHash());
});

describe("a source that does not answer", () => {
  /** After so many rows, in the reading of that number, until it is told to return, which it does not answer either. */
  const stalling = (reading: number, rows: number) => {
    const seen = { readings: 0, stalled: () => {}, returned: 0 };
    const open = () => {
      const stalls = seen.readings++ === reading;
      let row = 0;
      return {
        [Symbol.asyncIterator]: () => ({
          next: () => {
            if (row === ROWS) return Promise.resolve({ done: true as const, value: undefined });
            if (!stalls || row < rows) return Promise.resolve({ done: false as const, value: plain(row, ++row) });
            setTimeout(seen.stalled);
            return new Promise<never>(() => {});
          },
          return: () => {
            seen.returned += Number(stalls);
            return stalls ? new Promise<never>(() => {}) : Promise.resolve({ done: true as const, value: undefined });
          },
        }),
      };
    };
    return { seen, rows: cr.dataset.stream<cr.StreamItem>(open, { rows: ROWS }) };
  };
  // The first reading is to see whether its items fit.
  const run = { ...options, chunkMilliseconds: 1e-9 };

  test.each([
    ["before the first step", 1, 0, 0],
    ["within an epoch", 2, 50, 13 + 6],
    ["at an epoch's begin", 3, 0, 2 * 13],
  ])("%s is left when the signal says so, and the run resumed to the same bits", async (_, reading, rows, steps) => {
    const whole = await make();
    const history = await whole.fit(plain(0, ROWS), options);
    const net = await make();
    const abort = new AbortController();
    const { seen, rows: stream } = stalling(reading, rows);
    seen.stalled = () => abort.abort();
    const callback: cr.Callback = {
      type: "ended",
      onFitEnd: ({ stopped }) => void ended.push(stopped),
      state: () => ({}),
      restore: () => {},
    };
    const ended: unknown[] = [];
    const callbacks = [callback];
    const stopped = await net.fit(stream, { ...run, callbacks, signal: abort.signal });
    expect([stopped.stopped, stopped.epochs.length, net.steps, seen.returned]).toEqual(["signal", reading - 1, steps, 1]);
    expect(ended).toEqual(["signal"]);
    const loaded = await cr.loadNetwork(net.save({ training: true }), { backend: "js" });
    for (const resumed of [net, loaded]) {
      const rest = await resumed.fit(stream, { ...run, callbacks, resume: true });
      expect(outcome(resumed, rest)).toEqual({ ...outcome(whole, history), epochs: outcome(whole, history).epochs.slice(reading - 1) });
    }
  });

  test("in validation is left, too, and a resumed run begins with it", async () => {
    const whole = await make();
    const validation = cr.dataset.stream(() => itemsOf(plain, [9]));
    const history = await whole.fit(plain(0, ROWS), { ...run, validation });
    const net = await make();
    const abort = new AbortController();
    const { seen, rows: stream } = stalling(2, 20);
    seen.stalled = () => abort.abort();
    const stopped = await net.fit(plain(0, ROWS), { ...run, validation: stream, signal: abort.signal });
    expect([stopped.stopped, stopped.epochs.length, net.steps, net.interrupted!.epochs]).toEqual(["signal", 1, 2 * 13, 1]);
    expect(seen.returned).toBe(1);
    const rest = await net.fit(plain(0, ROWS), { ...run, validation: stream, resume: true });
    expect(net.weightsHash()).toBe(whole.weightsHash());
    expect(rest.epochs.map((epoch) => epoch.validation)).toEqual(history.epochs.slice(1).map((epoch) => epoch.validation));
  });

  test.each(["data", "validation"])("with its first item, as %s, is left before the run, which resumed begins anew", async (which) => {
    const whole = await make();
    await whole.fit(plain(0, ROWS), run);
    const net = await make();
    const abort = new AbortController();
    const { seen, rows: stream } = stalling(0, 0);
    seen.stalled = () => abort.abort();
    const [data, validation] = which === "data" ? [stream, undefined] : [plain(0, ROWS), stream];
    const history = await net.fit(data, { ...run, ...(validation && { validation }), signal: abort.signal });
    expect(history).toEqual({ epochs: [], stopped: "signal" });
    expect([net.interrupted!.epochs, seen.returned]).toEqual([0, 1]);
    const loaded = await cr.loadNetwork(net.save({ training: true }), { backend: "js" });
    for (const resumed of [net, loaded]) {
      const starts: boolean[] = [];
      const callback: cr.Callback = { type: "started", onFitStart: ({ resumed }) => void starts.push(resumed) };
      await resumed.fit(data, { ...run, callbacks: [callback], resume: true });
      expect(starts).toEqual([false]);
      expect(resumed.weightsHash()).toBe(whole.weightsHash());
    }
  });

  test("with its first item, when a run is resumed, leaves that as it was", async () => {
    const whole = await make();
    await whole.fit(plain(0, ROWS), run);
    const net = await make();
    const abort = new AbortController();
    await net.fit(plain(0, ROWS), { ...run, signal: abort.signal, onProgress: () => net.steps === 20 && abort.abort() });
    const rows = cr.dataset.stream(() => itemsOf(plain, [9]));
    expect(await net.fit(rows, { ...run, signal: abort.signal, resume: true })).toEqual({ epochs: [], stopped: "signal" });
    await net.fit(rows, { ...run, resume: true });
    expect(net.weightsHash()).toBe(whole.weightsHash());
  });

  /** It gives its items, and in readings from that number on does not answer, or only then, when it is told to return. */
  const clinging = (reading: number, milliseconds = Number.POSITIVE_INFINITY) => {
    const seen = { readings: 0, told: () => {}, returned: 0 };
    const close = async () => {
      seen.told();
      await new Promise((resolve) => milliseconds < Number.POSITIVE_INFINITY && setTimeout(resolve, milliseconds));
      seen.returned += 1;
      return { done: true as const, value: undefined };
    };
    const open = () => {
      const clings = seen.readings++ >= reading;
      const items = itemsOf(plain, [9]);
      return { [Symbol.asyncIterator]: () => ({ next: () => items.next(), return: () => (clings ? close() : items.return(undefined)) }) };
    };
    return { seen, rows: cr.dataset.stream<cr.StreamItem>(open, { rows: ROWS }) };
  };

  test.each([
    ["between chunks", 1, "data"],
    ["after the first item of data", 0, "data"],
    ["after the first item of validation", 0, "validation"],
  ])("to being told to return %s is left when the signal says so, and the run resumed to the same bits", async (_, reading, which) => {
    const whole = await make();
    await whole.fit(plain(0, ROWS), run);
    const net = await make();
    const abort = new AbortController();
    const { seen, rows } = clinging(reading);
    seen.told = () => setTimeout(() => abort.abort());
    const [data, validation] = which === "data" ? [rows, undefined] : [plain(0, ROWS), rows];
    const onProgress = () => net.steps === 5 && abort.abort();
    const stopped = await net.fit(data, { ...run, ...(validation && { validation }), signal: abort.signal, onProgress });
    expect([stopped.stopped, net.steps, seen.returned]).toEqual(["signal", reading === 1 ? 5 : 0, 0]);
    await net.fit(plain(0, ROWS), { ...run, resume: true });
    expect(net.weightsHash()).toBe(whole.weightsHash());
  });

  test("at once to being told to return is waited for, though the signal has ended the run", async () => {
    const net = await make();
    const abort = new AbortController();
    const { seen, rows } = clinging(1, 50);
    expect((await net.fit(rows, { ...run, signal: abort.signal, onProgress: () => abort.abort() })).stopped).toBe("signal");
    expect(seen.returned).toBe(1);
  });

  test("but with a signal's own error, or an end, when that is aborted, has not failed", async () => {
    for (const heed of ["throw", "end"]) {
      const net = await make();
      const abort = new AbortController();
      const source = async function* () {
        yield plain(0, 50);
        setTimeout(() => abort.abort());
        await new Promise((resolve) => abort.signal.addEventListener("abort", resolve));
        if (heed === "throw") abort.signal.throwIfAborted();
      };
      const stopped = await net.fit(cr.dataset.stream(source, { rows: ROWS }), { ...run, signal: abort.signal });
      expect([stopped.stopped, net.steps]).toEqual(["signal", 6]);
    }
  });

  test("is not what a callback throws, be it the signal's own error", async () => {
    const net = await make();
    const abort = new AbortController();
    const onProgress = () => {
      abort.abort();
      abort.signal.throwIfAborted();
    };
    const rows = cr.dataset.stream(() => itemsOf(plain, [9]));
    await expect(net.fit(rows, { ...run, signal: abort.signal, onProgress })).rejects.toMatchObject({ name: "AbortError" });
    expect(net.steps).toBe(1);
  });

  test("and none that answers is left listening", async () => {
    const net = await make();
    const { signal } = new AbortController();
    const [add, remove] = [vi.spyOn(signal, "addEventListener"), vi.spyOn(signal, "removeEventListener")];
    await net.fit(
      cr.dataset.stream(() => itemsOf(plain, [9])),
      { ...run, signal },
    );
    expect(add.mock.calls.length).toBeGreaterThan(30);
    expect(remove.mock.calls.length).toBe(add.mock.calls.length);
  });
});

describe("refuses", () => {
  const good = () => itemsOf(plain, [10]);
  test.each<readonly [string, unknown, object, RegExp]>([
    ...[undefined, 1].map(
      (shuffleBuffer) =>
        [
          `a shuffle buffer of ${shuffleBuffer} where fit shuffles`,
          cr.dataset.stream(good, { shuffleBuffer }),
          {},
          /^fit: a stream with a shuffleBuffer below 2 comes in its own order; set shuffle: false/,
        ] as const,
    ),
    [
      "shuffle: false with a buffer",
      cr.dataset.stream(good, { shuffleBuffer: 9 }),
      { shuffle: false },
      /^fit: shuffle is false, but the stream has/,
    ],
    ["no rows", cr.dataset.stream(() => []), { shuffle: false }, /^fit: the stream has no rows$/],
    [
      "what is no iterable",
      cr.dataset.stream((() => 3) as never),
      { shuffle: false },
      /^dataset.stream: open returned 3, expected an iterable/,
    ],
    [
      "what is no item",
      cr.dataset.stream((() => [1]) as never),
      { shuffle: false },
      /^fit: item 0 of the stream: got 1, expected { inputs, targets }/,
    ],
    [
      "an item that does not fit",
      cr.dataset.stream(() => [plain(0, 2), { inputs: [[1, 2]], targets: [0] }]),
      { shuffle: false },
      /^fit: item 1 of the stream: inputs: row 0 has 2 columns, expected 3/,
    ],
    [
      "a class that is none",
      cr.dataset.stream(() => [{ input: [1, 2, 3], target: 3 }]),
      { shuffle: false },
      /^fit: item 0 of the stream: targets: row 0 has class id 3/,
    ],
    [
      "weights in some items",
      cr.dataset.stream(() => [plain(0, 2), weighted(2, 4)]),
      { shuffle: false },
      /^fit: item 1 of the stream: sampleWeights, expected in all items alike/,
    ],
    [
      "weights of a batch by a wrong name",
      cr.dataset.stream((() => [{ ...plain(0, 2), sampleWeight: [0, 1] }]) as never),
      { shuffle: false },
      /^fit: item 0 of the stream: unknown field "sampleWeight", expected one of: inputs, targets, sampleWeights$/,
    ],
    [
      "the weight of a sample by a wrong name",
      cr.dataset.stream((() => [{ input: [1, 2, 3], target: 0, sampleWeights: [0] }]) as never),
      { shuffle: false },
      /^fit: item 0 of the stream: unknown field "sampleWeights", expected one of: input, target, sampleWeight$/,
    ],
    [
      "a weight that is none",
      cr.dataset.stream(() => [{ input: [1, 2, 3], target: 0, sampleWeight: -1 }]),
      { shuffle: false },
      /^fit: item 0 of the stream: sampleWeights\[0\] is -1, expected a finite number at least 0$/,
    ],
    [
      "too few rows",
      cr.dataset.stream(good, { rows: 104 }),
      { shuffle: false, batchSize: 200 },
      /^fit: the stream gave 103 rows, expected 104, the option rows$/,
    ],
    [
      "too many rows",
      cr.dataset.stream(good, { rows: 102 }),
      { shuffle: false, batchSize: 200 },
      /^fit: the stream gave more than 102 rows, expected 102, the option rows$/,
    ],
    [
      "a validation stream that does not fit, before the first step",
      plain(0, 5),
      { validation: cr.dataset.stream(() => [{ inputs: [[1, 2]], targets: [0] }]) },
      /^fit: validation: item 0 of the stream: inputs: row 0 has 2 columns, expected 3/,
    ],
    [
      "a validation stream without rows",
      plain(0, 5),
      { validation: cr.dataset.stream(() => []) },
      /^fit: validation: the stream has no rows$/,
    ],
  ])("%s", async (_, data, changes, message) => {
    const net = await make();
    const before = net.weightsHash();
    await expect(net.fit(data as never, changes)).rejects.toThrow(message);
    expect(net.weightsHash()).toBe(before);
    // And the network is of use.
    await net.fit(plain(0, 9));
  });

  test.each<readonly [string, (net: cr.Network) => unknown, RegExp]>([
    ["evaluation of no rows", (net) => net.evaluate(cr.dataset.stream(() => [])), /^evaluate: the stream has no rows$/],
    [
      "fewer rows",
      (net) => net.evaluate(cr.dataset.stream(good, { rows: 104 })),
      /^evaluate: the stream gave 103 rows, expected 104, the option rows$/,
    ],
    [
      "more rows",
      (net) => net.evaluate(cr.dataset.stream(good, { rows: 99 })),
      /^evaluate: the stream gave more than 99 rows, expected 99, the/,
    ],
    [
      "an item to evaluate without targets",
      (net) => net.evaluate(cr.dataset.stream((() => [plain(0, 2), { inputs: [[1, 2, 3]] }]) as never)),
      /^evaluate: item 1 of the stream: got .*, expected { inputs, targets }$/,
    ],
    [
      "a sample without a target",
      (net) => net.evaluate(cr.dataset.stream((() => [{ input: [1, 2, 3] }]) as never)),
      /^evaluate: item 0 of the stream: got .*, expected { inputs, targets }$/,
    ],
    [
      "rows to predict that do not fit",
      (net) => net.predict(cr.dataset.stream(() => [{ inputs: [[1, 2, 3]] }, { inputs: [[1, 2]] }])),
      /^predict: item 1 of the stream: inputs: row 0 has 2 columns, expected 3/,
    ],
    [
      "what is no item to predict",
      (net) => net.predict(cr.dataset.stream((() => [3]) as never)),
      /^predict: item 0 of the stream: got 3, expected { inputs } or { input }$/,
    ],
    [
      "streams elsewhere",
      async (net) => net.diagnose(cr.dataset.stream(good) as never),
      /^diagnose: got a stream, expected data in memory; fit, evaluate and predict take streams$/,
    ],
  ])("%s", async (_, call, message) => {
    const run = async () => {
      const found = (await call(await make())) as Partial<AsyncIterable<unknown>>;
      if (found?.[Symbol.asyncIterator]) for await (const _ of found as AsyncIterable<unknown>);
    };
    await expect(run()).rejects.toThrow(cr.ChainruleError);
    await expect(run()).rejects.toThrow(message);
  });

  test("a source that changes from one reading to the next", async () => {
    let readings = 0;
    const net = await make();
    const data = cr.dataset.stream(() => itemsOf(plain, [10], ++readings < 3 ? ROWS : 50));
    await expect(net.fit(data, options)).rejects.toThrow("fit: the stream gave 50 rows, expected 103, as when it was read before");
  });

  test("an iterator's own error is passed on, and iterators that are left early are closed", async () => {
    let open = 0;
    const net = await make();
    const failing = cr.dataset.stream(
      async function* () {
        open += 1;
        try {
          yield plain(0, 50);
          throw new RangeError("the disk is gone");
        } finally {
          open -= 1;
        }
      },
      { rows: 60 },
    );
    await expect(net.fit(failing, options)).rejects.toThrow(new RangeError("the disk is gone"));
    expect(open).toBe(0);
  });
});

describe("a source that throws while it is closed", () => {
  /** Closed well by the reading that looks at the first item, badly by those of epochs. */
  const unclosable = () => {
    let readings = 0;
    const close = (reading: number) => {
      if (reading > 1) throw new RangeError("no such handle");
    };
    return cr.dataset.stream(
      function* () {
        const reading = ++readings;
        try {
          for (let begin = 0; begin < ROWS; ++begin) yield plain(begin, begin + 1);
        } finally {
          close(reading);
        }
      },
      { rows: ROWS },
    );
  };

  test.each<readonly [string, (stop: AbortController) => void, string]>([
    ["is heard where the run ends well", (stop) => stop.abort(), "no such handle"],
    [
      "does not hide what ended the run",
      () => {
        throw new RangeError("enough");
      },
      "enough",
    ],
  ])("%s, and the network is of use", async (_, act, message) => {
    const net = await make();
    const stop = new AbortController();
    const run = { ...options, chunkMilliseconds: 1e-9, signal: stop.signal, onProgress: () => act(stop) };
    await expect(net.fit(unclosable(), run)).rejects.toThrow(new RangeError(message));
    expect(net.steps).toBe(1);
    net.trainOnBatch(inputs, ids);
    await net.fit(plain(0, 9));
    net.dispose();
  });
});

test("a row that makes the loss infinite is named by its number in the source", async () => {
  const net = await make("js", { layers: [cr.dense(3)], loss: cr.meanSquaredError(), metrics: [] });
  const poisoned = inputs.map((row, r) => (r === 61 ? [3e38, 3e38, 3e38] : row));
  const data = cr.dataset.stream(() => poisoned.map((input) => ({ input, target: [0, 0, 0] })));
  await expect(net.fit(data, options)).rejects.toMatchObject({ row: 61, step: 8 });
});
