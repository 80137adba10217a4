import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { constant, dense, type Epoch, input, meanSquaredError, network, sgd, sparseCategoricalCrossEntropy } from "../src/index.js";
import { EpochLog } from "../src/training/history.js";

const data = { inputs: Float32Array.of(1, 2, 3, 4, 5), targets: Float32Array.of(2, 4, 6, 8, 10) };
const make = () =>
  network({ input: 1, layers: [dense(1)], loss: meanSquaredError(), optimizer: sgd({ learningRate: 0.01 }), metrics: ["mae"], seed: 3 });

test("history holds every epoch as onEpochEnd was told, with metrics and validation", async () => {
  const net = await make();
  const told: [Epoch, number][] = [];
  const history = await net.fit(data, { epochs: 40, batchSize: 2, validation: data, onEpochEnd: (...args) => told.push(args) });
  expect(history.stopped).toBe(false);
  expect(told.map(([, index]) => index)).toEqual([...Array(40).keys()]);
  expect(history.epochs).toEqual(told.map(([epoch]) => epoch));
  expect(history.epochs).toBe(history.epochs); // made once
  for (const { loss, metrics, seconds } of history.epochs) {
    // The mean of squares is at least the square of the mean (Jensen).
    expect(loss).toBeGreaterThanOrEqual(metrics.mae! ** 2);
    expect(seconds).toBeGreaterThan(0);
  }
  const last = history.epochs.at(-1)!;
  expect(last.validation).toEqual(net.evaluate(data));
  expect(JSON.parse(JSON.stringify(history)).epochs.length).toBe(40);
  expect(Object.keys(history)).toEqual(["epochs", "stopped"]);
});

describe("history is shown as a table of loss and metrics by epoch", () => {
  const evaluation = (loss: number) => ({ loss, penalty: 0, metrics: { mae: loss / 2 } });

  test("with their points below each other, and validation where there was one", () => {
    const log = new EpochLog(["mae"], 3);
    for (const [loss, mae, seconds, validation] of [
      [12.5, 2.5, 0.25, 16],
      [1.25, 1.5, 0.25],
      [0.0625, 0.25, 0.5, 3e-5],
    ] as const) {
      log.push(loss, seconds);
      log.setMetric(0, mae);
      if (validation !== undefined) log.validate(evaluation(validation));
    }
    const history = log.history(false, 1);
    expect(inspect(history)).toBe(
      [
        "3 epochs in 1.00 s",
        "epoch      loss  validation.loss     mae  validation.mae",
        "    1  12.50           16.00      2.500         8.000",
        "    2   1.250           -         1.500         -",
        "    3   0.06250         3.000e-5  0.2500        1.500e-5",
        "lowest loss 0.06250 in epoch 3, lowest validation.loss 3.000e-5 in epoch 3",
      ].join("\n"),
    );
    expect(`${history}`).toBe(inspect(history)); // in browsers
  });

  test("of a long run evenly spaced epochs, the first and the last, with the numbers that the run gave them", () => {
    const log = new EpochLog([], 1e5);
    for (let i = 0; i < 66_666; ++i) log.push(1 / (i + 1), 2 ** -10);
    const lines = inspect(log.history("signal", 5)).split("\n");
    expect(lines[0]).toBe("66666 epochs in 65.1 s, ended by the signal"); // 66,666 / 1024
    const epochs = [5, ...Array.from({ length: 13 }, (_, i) => 5000 * (i + 1)), 66_670];
    expect(lines.slice(2, -1).map((line) => line.trim().split(/ +/).map(Number))).toEqual(
      epochs.map((epoch) => [epoch, Number((1 / (epoch - 4)).toPrecision(4))]),
    );
    expect(lines.at(-1)).toBe("lowest loss 1.500e-5 in epoch 66670");
  });

  test.each([
    [20, 1],
    [21, 2],
    [30, 2],
    [31, 5],
    [75, 5],
    [76, 10],
    [150, 10],
    [151, 20],
    [300, 20],
    [301, 50],
  ])("of %d epochs the first, the last and those that %d divides", (length, step) => {
    const log = new EpochLog([], length);
    for (let i = 0; i < length; ++i) log.push(1, 1);
    const lines = inspect(log.history(false, 1)).split("\n").slice(2, -1);
    const all = Array.from({ length }, (_, i) => i + 1);
    expect(lines.map((line) => Number.parseInt(line, 10))).toEqual(all.filter((n) => n === 1 || n === length || n % step === 0));
  });

  test("without epochs by its first line alone", async () => {
    const net = await make();
    expect(inspect(await net.fit(data, { signal: AbortSignal.abort() }))).toBe("0 epochs in 0.00 s, ended by the signal");
  });

  test("up to the 80th column, with names of up to 30 letters, and what has no room in lines of as many", () => {
    const linesOf = (...names: string[]) => {
      const log = new EpochLog(names, 1);
      log.push(1, 1);
      return inspect(log.history(false, 1)).split("\n").slice(1, -1);
    };
    const [a, b] = ["a".repeat(30), "b".repeat(20)];
    // 5 + 2 + 5 columns for epoch and loss, then two before each name.
    expect(linesOf(a, b, "c".repeat(12))[0]).toBe(`epoch   loss  ${a}  ${b}  ${"c".repeat(12)}`);
    expect(linesOf(a, b, "c".repeat(13)).slice(2)).toEqual([`not shown: ${"c".repeat(13)}`]);
    const [head, values, ...more] = linesOf(`${a}a`, b, "c".repeat(13), "d".repeat(60));
    expect(head).toBe(`epoch   loss  ${a.slice(1)}…  ${b}`);
    expect(values!.length).toBe(head!.length);
    expect(more).toEqual([`not shown: ${"c".repeat(13)},`, `  ${"d".repeat(60)}`]);
  });

  test("in at most 80 columns, and says what has no room", () => {
    const names = Array.from({ length: 9 }, (_, i) => `output_${i}.accuracy`);
    const log = new EpochLog(names, 1);
    log.push(1, 1);
    log.validate({ loss: 1, penalty: 0, metrics: Object.fromEntries(names.map((name) => [name, 1])) });
    const text = inspect(log.history("callback", 1));
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(text.split("\n")[0]).toBe("1 epoch in 1.00 s, ended by a callback");
    const words = text.split(/[\s,]+/);
    for (const name of names) for (const each of [name, `validation.${name}`]) expect(words).toContain(each);
  });

  test("which of a resumed run goes on with its numbers", async () => {
    const net = await make();
    const stop = new AbortController();
    const options = { batchSize: 5, signal: stop.signal, onEpochEnd: () => stop.abort(), chunkMilliseconds: 0.001 };
    const { epochs, stopped } = await net.fit(data, { ...options, epochs: 1e6 });
    expect(stopped).toBe("signal");
    const done = epochs.length;
    const resumed = await net.fit(data, { batchSize: 5, epochs: done + 2, resume: true });
    expect(
      inspect(resumed)
        .split("\n")
        .slice(2, 4)
        .map((line) => Number(line.trim().split(" ")[0])),
    ).toEqual([done + 1, done + 2]);
  });
});

test("without validation an epoch has none, and the losses are those of one step after the other", async () => {
  const [fitted, stepped] = [await make(), await make()];
  const { epochs } = await fitted.fit(data, { epochs: 300, batchSize: 5 }); // more than a first chunk holds, and than the log begins with
  // An epoch's mean is its losses weighted by rows, in float64: one step's times 5, by 5.
  const means = Array.from({ length: 300 }, () => (stepped.trainOnBatch(data.inputs, data.targets) * 5) / 5);
  expect(epochs.map(({ loss }) => loss)).toEqual(means);
  expect(epochs.every((epoch) => !("validation" in epoch))).toBe(true);
});

test.each(["fit's own", "a callback's"])(
  "at an epoch's end the network is as it left it, and a signal ends fit there: %s onEpochEnd",
  async (whose) => {
    const [net, other] = [await make(), await make()];
    const stop = new AbortController();
    const hashes: string[] = [];
    const onEpochEnd = (_: Epoch, i: number) => {
      hashes.push(net.weightsHash());
      if (i === 9) stop.abort();
    };
    const watched = whose === "fit's own" ? { onEpochEnd } : { callbacks: [{ type: "watch", onEpochEnd }] };
    const { epochs, stopped } = await net.fit(data, { epochs: 1e6, batchSize: 5, signal: stop.signal, ...watched });
    expect([stopped, epochs.length, net.steps]).toEqual(["signal", 10, 10]);
    const wanted: string[] = [];
    for (let epoch = 0; epoch < 10; ++epoch) {
      await other.fit(data, { batchSize: 5 });
      wanted.push(other.weightsHash());
    }
    expect(hashes).toEqual(wanted);
  },
);

test("a signal ends fit with the epochs that were finished", async () => {
  const net = await make();
  const stop = new AbortController();
  const { epochs, stopped } = await net.fit(data, {
    epochs: 1e6,
    batchSize: 5,
    signal: stop.signal,
    chunkMilliseconds: 1,
    onProgress: ({ epoch }) => epoch > 9 && stop.abort(),
  });
  expect(stopped).toBe("signal");
  expect(epochs.length).toBe(net.steps);
  expect(epochs.length).toBeLessThan(1e6);
});

test("an epoch's numbers are formulas over its rows, however they are divided: means by weight, sums, counted rows, penalties", async () => {
  const x = input(1, { name: "x" });
  const ones = { weight: constant(1), bias: false } as const;
  const outputs = [
    dense(1, { ...ones, name: "mean", kernelL2: 0.5 })(x),
    dense(1, { ...ones, name: "sum" })(x),
    dense(1, { ...ones, name: "last" })(x),
  ];
  const targets = { mean: [[0], [0], [0]], sum: [[-1], [-2], [-3]], last: [[0], [0], [1]] };
  const sampleWeights = { mean: [1, 2, 0.5], sum: [0, 1, 3] };
  for (const batchSize of [1, 2, 3]) {
    const net = await network({
      inputs: x,
      outputs,
      loss: [meanSquaredError(), meanSquaredError({ reduction: "sum" }), meanSquaredError()],
      metrics: { mean: ["mae"], sum: ["mae"], last: ["mae"] },
      optimizer: sgd({ learningRate: 0 }),
      seed: 1,
    });
    const data = { inputs: [[1], [2], [3]], targets, sampleWeights };
    const { epochs } = await net.fit(data, { epochs: 2, batchSize, validation: data });
    const losses = { mean: (1 + 2 * 4 + 0.5 * 9) / 3.5, sum: 16 + 3 * 36, last: (1 + 4 + 4) / 3 };
    const expected = {
      loss: expect.closeTo(losses.mean + losses.sum + losses.last + 0.5, 4), // float32 in each step
      metrics: {
        "mean.loss": expect.closeTo(losses.mean, 5),
        "sum.loss": expect.closeTo(losses.sum, 4),
        "last.loss": expect.closeTo(losses.last, 5),
        // Rows count, or have weight 0.
        "mean.mae": 2,
        "sum.mae": (4 + 6) / 2,
        "last.mae": expect.closeTo((1 + 2 + 2) / 3, 12),
      },
    };
    expect(epochs).toMatchObject([expected, expected]);
    expect(epochs[1]!.validation).toMatchObject({ ...expected, penalty: 0.5 });
  }
});

test("a signal is heard while what onProgress has promised never comes, as a hidden page's next frame", async () => {
  const net = await make();
  const stop = new AbortController();
  const onProgress = () => {
    setTimeout(() => stop.abort(), 5);
    return new Promise(() => {});
  };
  const { stopped } = await net.fit(data, { epochs: 1e6, batchSize: 5, signal: stop.signal, chunkMilliseconds: 1, onProgress });
  expect(stopped).toBe("signal");
  // What it says to the signal itself is waited for, and what it throws ends the run, with a signal or without.
  let ended = false;
  await net.fit(data, {
    epochs: 1e6,
    signal: AbortSignal.any([]),
    chunkMilliseconds: 1,
    onProgress: async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      ended = true;
      throw new RangeError("enough");
    },
  }).catch(({ message }) => expect(message).toBe("enough")); // biome-ignore format: one call
  expect(ended).toBe(true);
});

test("an epoch in which nothing counts has loss and metrics 0", async () => {
  const net = await network({
    input: 1,
    layers: [dense(2)],
    loss: sparseCategoricalCrossEntropy({ fromLogits: true, ignoreIndex: 0 }),
    metrics: ["accuracy"],
    seed: 1,
  });
  const { epochs } = await net.fit({ inputs: [[1], [2]], targets: [0, 0] });
  expect(epochs).toMatchObject([{ loss: 0, metrics: { accuracy: 0 } }]);
});
