// Streams that do not fit, or are no streams: what is said of them, and that the network is of use afterwards.
import { describe, expect, test } from "vitest";
import * as cr from "../src/index.js";
import { transferred } from "./refusals.js";
import { itemsOf, make, options, type Part, plain, ROWS, weighted } from "./streams.js";

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
    [
      "no rows",
      cr.dataset.stream(() => []),
      { shuffle: false },
      /^fit: the stream has no rows; its open is called for each reading, and begins a new one$/,
    ],
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
      /^fit: item 0 of the stream: got 1, expected { input, target } or { inputs, targets }$/,
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
      /^fit: item 0 of the stream: unknown field "sampleWeight", expected one of: inputs, targets, sampleWeights; did you mean "sampleWeights"\?$/,
    ],
    [
      "the weight of a sample by a wrong name",
      cr.dataset.stream((() => [{ input: [1, 2, 3], target: 0, sampleWeights: [0] }]) as never),
      { shuffle: false },
      /^fit: item 0 of the stream: unknown field "sampleWeights", expected one of: input, target, sampleWeight; did you mean "sampleWeight"\?$/,
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
      /^fit: validation: the stream has no rows; its open is called for each reading, and begins a new one$/,
    ],
  ])("%s", async (_, data, changes, message) => {
    const net = await make();
    const before = net.weightsHash();
    await expect(net.fit(data as never, changes)).rejects.toThrow(message);
    expect(net.weightsHash()).toBe(before);
    // And the network is of use.
    await net.fit(plain(0, 9));
  });

  test.each([
    [undefined, true],
    [100, false],
  ])("a shuffle buffer of %s with shuffle: %s before anything is read, also of validation", async (shuffleBuffer, shuffle) => {
    let readings = 0;
    const counted = () => {
      readings += 1;
      return good();
    };
    const data = cr.dataset.stream(counted, { shuffleBuffer });
    await expect((await make()).fit(data, { shuffle, validation: cr.dataset.stream(counted) })).rejects.toThrow(/^fit: .*shuffle/);
    expect(readings).toBe(0);
  });

  test.each<readonly [string, (net: cr.Network) => unknown, RegExp]>([
    [
      "evaluation of no rows",
      (net) => net.evaluate(cr.dataset.stream(() => [])),
      /^evaluate: the stream has no rows; its open is called for each reading, and begins a new one$/,
    ],
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
      /^evaluate: item 1 of the stream: got an object {inputs}, expected { input, target } or { inputs, targets }$/,
    ],
    [
      "a sample without a target",
      (net) => net.evaluate(cr.dataset.stream((() => [{ input: [1, 2, 3] }]) as never)),
      /^evaluate: item 0 of the stream: got an object {input}, expected { input, target } or { inputs, targets }$/,
    ],
    [
      "a sample without a target, but for its field",
      (net) => net.evaluate(cr.dataset.stream((() => [{ input: [1, 2, 3], target: undefined }]) as never)),
      /^evaluate: item 0 of the stream: targets: row 0 has class id undefined, expected a whole number/,
    ],
    [
      "a sample whose array was sent away",
      (net) => net.predict(cr.dataset.stream(() => [{ input: transferred(new Float32Array(3)) }])),
      /^predict: item 0 of the stream: inputs: element 0 is a Float32Array whose buffer is detached/,
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

  test("weights that are all 0, as in arrays, where all have been read", async () => {
    const message = (who: string) => `${who}: sampleWeights of the stream: all are 0, so nothing counts; expected a weight above 0`;
    const nothing: Part = (begin, end) => ({ ...plain(begin, end), sampleWeights: new Array(end - begin).fill(0) });
    const [net, zeros] = [await make(), cr.dataset.stream(() => itemsOf(nothing, [10]))];
    await expect(net.fit(zeros, options)).rejects.toThrow(new cr.OptionError(message("fit")));
    expect(net.steps).toBe(0);
    await expect(net.evaluate(zeros)).rejects.toThrow(new cr.OptionError(message("evaluate")));
    await expect(net.fit(plain(0, 9), { validation: zeros })).rejects.toThrow(message("fit: validation"));
    // Of a part they may be.
    const last: Part = (begin, end) => ({ ...nothing(begin, end), ...(end === ROWS && { sampleWeights: new Array(end - begin).fill(1) }) });
    expect((await net.evaluate(cr.dataset.stream(() => itemsOf(last, [10])))).loss).toBeGreaterThan(0);
  });

  test("an iterator that was read before, where another reading is wanted", async () => {
    const once = good();
    const data = cr.dataset.stream(() => once);
    await expect((await make()).fit(data, options)).rejects.toThrow(
      /^fit: the stream has no rows when it is read again; its open is called for each reading, and begins a new one; dataset.from collects/,
    );
  });

  test("such an iterator as validation, before the first step", async () => {
    const net = await make();
    const once = good();
    const validation = cr.dataset.stream(() => once);
    await expect(net.fit(plain(0, ROWS), { ...options, validation })).rejects.toThrow(
      new cr.ShapeError(
        "fit: validation: the stream has no rows when it is read again; its open is called for each reading, and begins a new one; dataset.from collects what can be read once only",
      ),
    );
    expect([net.steps, net.interrupted]).toEqual([0, undefined]);
    // Read once, it will do.
    const { loss } = await net.evaluate(cr.dataset.stream(() => itemsOf(plain, [10])));
    const fresh = good();
    expect((await net.evaluate(cr.dataset.stream(() => fresh))).loss).toBe(loss);
  });

  test("a source that changes from one reading to the next", async () => {
    let readings = 0;
    const net = await make();
    const data = cr.dataset.stream(() => itemsOf(plain, [10], ++readings < 3 ? ROWS : 50));
    await expect(net.fit(data, options)).rejects.toThrow("fit: the stream gave 50 rows, expected 103, as when it was read before");
  });
});
