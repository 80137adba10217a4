// What may be called when: while fit runs, and after dispose.
import { expect, test } from "vitest";
import { adam, fromSafetensors, gradCheck, loadNetwork, network, OptionError, type Run, toSafetensors } from "../src/index.js";
import { inputs, options, targets, thrownBy } from "./refusals.js";

test("everything that is refused while fit runs, and what is not", async () => {
  const net = await network(options);
  const running = net.fit({ inputs, targets }, { epochs: 200, batchSize: 1, chunkMilliseconds: 0.01 });
  const now = net.weightsHash();
  for (const [who, action] of [
    ["fit", () => net.fit({ inputs, targets })],
    ["trainOnBatch", () => net.trainOnBatch(inputs, targets)],
    ["setParameters", () => net.setParameters(net.parameters())],
    ["profile", () => net.profile()],
    ["gradCheck", () => gradCheck(net, { inputs, targets })],
    ["fromSafetensors", () => fromSafetensors(net, toSafetensors(net))],
    ["dispose", () => net.dispose()],
  ] as const) {
    const error = await thrownBy(action);
    expect(error).toBeInstanceOf(OptionError);
    // Not to be awaited: in a callback, that would be for ever.
    expect((error as Error).message).toMatch(new RegExp(`^${who}: fit is running.*call ${who} when it has ended, not in its callbacks$`));
  }
  expect(now).toHaveLength(64);
  expect(net.predict(inputs)).toHaveLength(4);
  expect((await running).epochs).toHaveLength(200);
  net.trainOnBatch(inputs, targets);
});

test("everything that is refused while the average is in the weights' place, and what is not", async () => {
  const net = await network({ ...options, optimizer: adam({ ema: { decay: 0.9 } }) });
  await net.fit({ inputs, targets }, { epochs: 2 });
  const before = net.save({ training: true });
  for (const [who, action] of [
    ["trainOnBatch", () => net.trainOnBatch(inputs, targets)],
    ["setParameters", () => net.setParameters(net.parameters())],
    ["profile", () => net.profile()],
    ["withAverage", () => net.withAverage(() => 1)],
    ["dispose", () => net.dispose()],
    ["save with training", () => net.save({ training: true })],
  ] as const) {
    const error = await thrownBy(() => net.withAverage<unknown>(action));
    expect(error).toBeInstanceOf(OptionError);
    expect((error as Error).message).toBe(`${who}: withAverage has the average in the weights' place; call ${who} after it`);
  }
  const runs: Promise<unknown>[] = [];
  const fit = () => {
    const run = net.fit({ inputs, targets }, { epochs: 50 });
    runs.push(run);
    return run;
  };
  expect(() => net.withAverage<unknown>(fit)).toThrow(/^withAverage: body goes on after it has returned/);
  await expect(runs[0]).rejects.toThrow("fit: withAverage has the average in the weights' place; call fit after it");
  expect(net.steps).toBe(2);
  expect(net.save({ training: true })).toEqual(before);
  const average = net.withAverage(() => net.weightsHash());
  expect(average).not.toBe(net.weightsHash());
  expect((await loadNetwork(net.withAverage(() => net.save()))).weightsHash()).toBe(average);
  net.trainOnBatch(inputs, targets);
});

test("callbacks may look at the average, by which nothing changes, and set no weights meanwhile", async () => {
  const make = () => network({ ...options, optimizer: adam({ ema: { decay: 0.9 } }) });
  const [net, undisturbed] = [await make(), await make()];
  const averages: string[] = [];
  const onChunkEnd = (_: unknown, run: Run) => {
    averages.push(net.withAverage(() => net.weightsHash()));
    net.withAverage(() => {
      expect(net.evaluate({ inputs, targets }).loss).toBeGreaterThan(0);
      expect(() => run.setWeights(run.weights())).toThrow("setWeights: withAverage has the average in the weights' place");
    });
  };
  // A step a chunk.
  await net.fit({ inputs, targets }, { epochs: 5, chunkMilliseconds: 1e-9, callbacks: [{ type: "looks", onChunkEnd }] });
  for (const average of averages) {
    await undisturbed.fit({ inputs, targets });
    expect(undisturbed.withAverage(() => undisturbed.weightsHash())).toBe(average);
  }
  expect([averages.length, net.weightsHash()]).toEqual([5, undisturbed.weightsHash()]);
});

test("a run's weights are refused after its fit", async () => {
  const net = await network(options);
  const kept: { run: Run; copy: Float32Array }[] = [];
  const onFitEnd = (_: unknown, run: Run) => void kept.push({ run, copy: run.weights() });
  await net.fit({ inputs, targets }, { callbacks: [{ type: "keep", onFitEnd }] });
  const [{ run, copy }] = kept as [(typeof kept)[0]];
  net.trainOnBatch(inputs, targets);
  const hash = net.weightsHash();
  for (const [who, action] of Object.entries({ weights: () => run.weights(), setWeights: () => run.setWeights(copy) })) {
    const error = await thrownBy(action);
    expect(error).toBeInstanceOf(OptionError);
    expect((error as Error).message).toBe(`${who}: its fit has ended; take the network's parameters and setParameters`);
  }
  expect(net.weightsHash()).toBe(hash);
});

test("everything after dispose", async () => {
  const net = await network(options);
  net.dispose();
  net.dispose();
  for (const [who, action] of Object.entries({
    fit: () => net.fit({ inputs, targets }),
    trainOnBatch: () => net.trainOnBatch(inputs, targets),
    predict: () => net.predict(inputs),
    evaluate: () => net.evaluate({ inputs, targets }),
    gradients: () => net.gradients(inputs, targets),
    trace: () => net.trace(inputs, targets),
    parameters: () => net.parameters(),
    setParameters: () => net.setParameters([]),
    weightsHash: () => net.weightsHash(),
    summary: () => net.summary(),
    explain: () => net.explain(),
    memory: () => net.memory(),
    save: () => net.save(),
    gradCheck: () => gradCheck(net, { inputs, targets }),
    toSafetensors: () => toSafetensors(net),
    fromSafetensors: () => fromSafetensors(net, new Uint8Array(8)),
  })) {
    const error = await thrownBy(action);
    expect(error).toBeInstanceOf(OptionError);
    expect((error as Error).message).toBe(`${who}: the network has been disposed of`);
  }
});
