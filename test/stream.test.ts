// Streams: data that fit reads anew in every epoch ends with the same bits as the same rows in arrays, whatever the items' sizes.
import { describe, expect, test, vi } from "vitest";
import * as cr from "../src/index.js";
import { StreamRows } from "../src/training/streamRows.js";
import { ids, inputs, itemsOf, make, options, outcome, type Part, plain, ROWS, targets, weighted, weights } from "./streams.js";

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
  const weights = Array.from({ length: ROWS }, (_, i) => i % 3);
  const samples = () =>
    weights.map((weight, i) => ({
      input: { a: inputs[i]!, b: targets[i]! },
      target: { y: targets[i]!, c: ids[i]! },
      sampleWeight: { y: weight },
    }));
  const [ours, theirs] = [await build(), await build()];
  await ours.fit(
    cr.dataset.stream(() => itemsOf(part, [7])),
    options,
  );
  await theirs.fit(part(0, ROWS), options);
  expect(ours.weightsHash()).toBe(theirs.weightsHash());
  await ours.fit(cr.dataset.stream(samples), options);
  await theirs.fit({ ...part(0, ROWS), sampleWeights: { y: weights } }, options);
  expect(ours.weightsHash()).toBe(theirs.weightsHash());
  const one: number[][] = [];
  for await (const { y } of ours.predictAll(cr.dataset.stream(() => samples().map(({ input }) => ({ input }))))) one.push([...y!]);
  expect(one.flat()).toEqual([...theirs.predictAll(part(0, ROWS).inputs).y!]);
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
      shuffleBuffer
        ? "fit: resume: got a shuffleBuffer of 50, expected a shuffleBuffer of 20, as in the interrupted run"
        : "fit: resume: got shuffle true, expected false, as in the interrupted run",
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

test("a resumed run reads over what was used in portions of the staged memory, too, and ends with the same bits", async () => {
  const wide = 4096;
  const big = cr.dataset.stream(
    function* () {
      for (let i = 0; i < 3000; ++i) yield { input: new Float32Array(wide).fill((i % 7) / wide), target: i % 2 };
    },
    { rows: 3000 },
  );
  const make = () => cr.network({ input: wide, layers: [cr.dense(1)], loss: cr.meanSquaredError(), seed: 1, backend: "wasm" });
  const run = { batchSize: 100, shuffle: false } as const;
  const whole = await make();
  await whole.fit(big, run);
  const net = await make();
  const abort = new AbortController();
  const onProgress = () => net.steps === 25 && abort.abort();
  await net.fit(big, { ...run, chunkMilliseconds: 1e-9, signal: abort.signal, onProgress });
  expect(net.steps).toBe(25);
  const take = vi.spyOn(StreamRows.prototype, "take");
  await net.fit(big, { ...run, resume: true });
  const counts = take.mock.calls.map(([, count]) => count);
  take.mockRestore();
  // 16 MiB are 1024 rows of 16 KiB; with targets, and room for padding, somewhat fewer.
  expect(Math.max(...counts)).toBeLessThanOrEqual(1024);
  expect(counts.slice(0, 3).reduce((sum, count) => sum + count)).toBe(2500);
  expect(net.weightsHash()).toBe(whole.weightsHash());
});

test("a row that makes the loss infinite is named by its number in the source", async () => {
  const net = await make("js", { layers: [cr.dense(3)], loss: cr.meanSquaredError(), metrics: [] });
  const poisoned = inputs.map((row, r) => (r === 61 ? [3e38, 3e38, 3e38] : row));
  const data = cr.dataset.stream(() => poisoned.map((input) => ({ input, target: [0, 0, 0] })));
  await expect(net.fit(data, options)).rejects.toMatchObject({ row: 61, step: 8 });
});
