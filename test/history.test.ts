import { inspect } from "node:util";
import { expect, test } from "vitest";
import { dense, type Epoch, meanSquaredError, network, sgd } from "../src/index.js";

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
  expect(inspect(history)).toBe(inspect({ epochs: history.epochs, stopped: false })); // as console.log shows it
});

test("without validation an epoch has none, and the losses are those of one step after the other", async () => {
  const [fitted, stepped] = [await make(), await make()];
  const { epochs } = await fitted.fit(data, { epochs: 300, batchSize: 5 }); // more than a first chunk holds, and than the log begins with
  // An epoch's mean is its losses weighted by rows, in float64: one step's times 5, by 5.
  const means = Array.from({ length: 300 }, () => (stepped.trainOnBatch(data.inputs, data.targets) * 5) / 5);
  expect(epochs.map(({ loss }) => loss)).toEqual(means);
  expect(epochs.every((epoch) => !("validation" in epoch))).toBe(true);
});

test("a signal ends fit with the epochs that were finished", async () => {
  const net = await make();
  const stop = new AbortController();
  const { epochs, stopped } = await net.fit(data, {
    epochs: 1e6,
    batchSize: 5,
    signal: stop.signal,
    onEpochEnd: (_, i) => i === 9 && stop.abort(),
  });
  expect(stopped).toBe("signal");
  expect(epochs.length).toBe(net.steps);
  expect(epochs.length).toBeLessThan(1e6);
});
