import { describe, expect, test } from "vitest";
import { selectCases } from "../scripts/golden/run.js";
import {
  activation,
  adam,
  type ChainOptions,
  categoricalCrossEntropy,
  customLoss,
  customMetric,
  dense,
  loadNetwork,
  meanSquaredError,
  network,
  sparseCategoricalCrossEntropy,
} from "../src/index.js";
import { numbers } from "./cases.js";
import { modelOf } from "./internals.js";

const next = numbers(17);
const rows = (count: number, width: number) => Array.from({ length: count }, () => Array.from({ length: width }, () => next() - 0.5));
const logits = rows(6, 3);
const ids = [0, 2, 1, 1, 0, 2];
const identity: Pick<ChainOptions, "input" | "layers" | "seed"> = { input: 3, layers: [activation("linear")], seed: 1 };

/** -log softmax(z)[id] in float64. */
const crossEntropy = (z: readonly number[], id: number) => Math.log(z.reduce((sum, v) => sum + Math.exp(v), 0)) - z[id]!;

describe.each(["wasm", "js"] as const)("through the facade on %s", (backend) => {
  test("one step on a weighted batch is fit's, and trace has its loss before it", async () => {
    const make = () =>
      network({ input: 3, layers: [dense(3)], loss: sparseCategoricalCrossEntropy({ fromLogits: true }), seed: 1, backend });
    const [ours, theirs] = [await make(), await make()];
    const sampleWeights = [1, 0, 3, 1, 2, 1];
    const { loss } = theirs.evaluate({ inputs: logits, targets: ids, sampleWeights });
    expect(ours.trace(logits, ids, sampleWeights).loss).toBe(loss);
    expect(ours.trainOnBatch(logits, ids, sampleWeights)).toBe(loss);
    await theirs.fit({ inputs: logits, targets: ids, sampleWeights }, { batchSize: 6 });
    expect(ours.weightsHash()).toBe(theirs.weightsHash());
    for (const call of ["trace", "gradients", "trainOnBatch"] as const)
      expect(() => ours[call](logits, ids, [1])).toThrow(`${call}: sampleWeights: 1 weights for 6 rows`);
  });

  test("steps with and without weights take turns, as many rows as they have, and each compiles a plan once", async () => {
    const loss = sparseCategoricalCrossEntropy({ fromLogits: true });
    const net = await network({
      input: 3,
      layers: [dense(4, { activation: "tanh" }), dense(3)],
      loss,
      optimizer: adam(),
      seed: 1,
      backend,
    });
    const plans = new Set<object>();
    for (let step = 0; step < 12; ++step) {
      // The first and the last step of each kind have all rows.
      const count = step < 2 || step > 9 ? 6 : 1 + (step % 5);
      const given = [logits.slice(0, count), ids.slice(0, count), step % 2 ? [1, 0, 3, 1, 2, 1].slice(0, count) : undefined] as const;
      // Made anew it has no plan yet.
      const fresh = await loadNetwork(net.save({ training: true }), { backend });
      expect(net.trainOnBatch(...given)).toBe(fresh.trainOnBatch(...given));
      expect(net.weightsHash()).toBe(fresh.weightsHash());
      expect(net.predict(logits)).toEqual(fresh.predict(logits));
      plans.add(modelOf(net).plan("train", { capacity: count }, [step % 2 === 1]));
    }
    expect(plans.size).toBe(2);
  });

  test("class weights, sample weights and ignored ids give the weighted mean, its gradient and counts", async () => {
    const classWeights = [2, 0.5, 1];
    const sampleWeights = [1, 0, 3, 1, 2, 1];
    const ignored = [0, 2, -100, 1, 0, 2];
    const net = await network({
      ...identity,
      backend,
      loss: sparseCategoricalCrossEntropy({ fromLogits: true, classWeights, ignoreIndex: -100 }),
      metrics: ["accuracy"],
    });
    const weights = ignored.map((id, i) => (id < 0 ? 0 : classWeights[id]! * sampleWeights[i]!));
    const total = weights.reduce((sum, w) => sum + w, 0);
    const expected = weights.reduce((sum, w, i) => sum + (w === 0 ? 0 : w * crossEntropy(logits[i]!, ignored[i]!)), 0) / total;
    const data = { inputs: logits, targets: ignored, sampleWeights };
    const { loss, metrics } = net.evaluate(data);
    expect(Math.abs(loss - expected)).toBeLessThan(1e-6 * expected);
    const counted = weights.flatMap((w, i) => (w === 0 ? [] : [logits[i]!.indexOf(Math.max(...logits[i]!)) === ignored[i] ? 1 : 0]));
    expect(metrics.accuracy).toBeCloseTo(counted.reduce((sum: number, hit) => sum + hit, 0) / counted.length, 12);
    const { epochs } = await net.fit(data, { epochs: 1, batchSize: 6 });
    expect(epochs[0]!.loss).toBe(loss);
    expect(epochs[0]!.metrics).toEqual(metrics);
  });

  test("batches of which nothing counts have loss and gradient 0 and change nothing", async () => {
    const net = await network({
      input: 3,
      layers: [dense(3)],
      backend,
      seed: 1,
      loss: sparseCategoricalCrossEntropy({ fromLogits: true, ignoreIndex: 7 }),
    });
    const before = net.weightsHash();
    const { epochs } = await net.fit({ inputs: logits, targets: ids.map(() => 7) }, { epochs: 2, batchSize: 4 });
    expect(epochs.map(({ loss }) => loss)).toEqual([0, 0]);
    expect(net.weightsHash()).toBe(before);
  });

  test("a single batch of which nothing counts is a step of fit's, too: loss and gradient are 0", async () => {
    const make = (reduction: "mean" | "sum") =>
      network({ input: 3, layers: [dense(3)], optimizer: adam(), backend, seed: 1, loss: meanSquaredError({ reduction }) });
    const nothing = logits.map(() => 0);
    for (const reduction of ["mean", "sum"] as const) {
      const [fitted, stepped] = [await make(reduction), await make(reduction)];
      const { loss, layers } = stepped.trace(logits, logits, nothing);
      expect(loss).toBe(0);
      for (const { values } of [...Object.values(layers[0]!.gradients), ...Object.values(stepped.gradients(logits, logits, nothing))])
        expect(values.every((value) => value === 0)).toBe(true);
      const one = logits.map(() => 1);
      stepped.trainOnBatch(logits, logits, one);
      expect(stepped.trainOnBatch(logits, logits, nothing)).toBe(0);
      // Adam goes on from the first batch's mean of gradients, as it does in fit.
      const data = { inputs: [...logits, ...logits], targets: [...logits, ...logits], sampleWeights: [...one, ...nothing] };
      await fitted.fit(data, { batchSize: logits.length, shuffle: false });
      expect(stepped.weightsHash()).toBe(fitted.weightsHash());
    }
  });

  test("a weight of 2 is the row twice, for a sum and for a custom loss", async () => {
    const own = () => customLoss("squares", { reduction: "sum" }, (g, p, t) => g.sum(g.square(g.sub(p, t))));
    for (const loss of [meanSquaredError({ reduction: "sum" }), own()]) {
      const make = () => network({ input: 3, layers: [dense(2)], loss, seed: 1, backend });
      const [weighted, twice] = [await make(), await make()];
      const targets = rows(2, 2);
      const inputs = logits.slice(0, 2);
      const a = weighted.evaluate({ inputs, targets, sampleWeights: [1, 2] }).loss;
      const b = twice.evaluate({ inputs: [...inputs, inputs[1]!], targets: [...targets, targets[1]!] }).loss;
      expect(Math.abs(a - b)).toBeLessThan(1e-6 * b);
    }
  });

  test("label smoothing mixes the targets with the uniform distribution", async () => {
    const smoothed = (targets: never, loss: ChainOptions["loss"]) =>
      network({ ...identity, loss, backend }).then((net) => net.evaluate({ inputs: logits, targets }).loss);
    const soft = ids.map((id) => [0, 1, 2].map((c) => (c === id ? 1 : 0) * 0.8 + 0.2 / 3));
    const expected = soft.reduce((sum, row, i) => sum + row.reduce((part, y, c) => part + y * crossEntropy(logits[i]!, c), 0), 0) / 6;
    for (const loss of [sparseCategoricalCrossEntropy, categoricalCrossEntropy])
      expect(Math.abs((await smoothed(ids as never, loss({ fromLogits: true, labelSmoothing: 0.2 }))) - expected)).toBeLessThan(
        1e-6 * expected,
      );
  });

  test("weighted training gives the same bits however long chunks are, over shuffled batches with a smaller last one", async () => {
    const hashes = [];
    for (const chunkMilliseconds of [1e-9, 1000]) {
      const net = await network({
        input: 3,
        layers: [dense(5, { activation: "tanh" }), dense(3)],
        loss: sparseCategoricalCrossEntropy({ fromLogits: true, classWeights: [1, 2, 3] }),
        optimizer: adam({ learningRate: 0.05 }),
        seed: 2,
        backend,
      });
      await net.fit({ inputs: logits, targets: ids, sampleWeights: [1, 2, 0, 1, 1, 3] }, { epochs: 6, batchSize: 4, chunkMilliseconds });
      hashes.push(net.weightsHash());
    }
    expect(hashes[1]).toBe(hashes[0]);
  });
});

test("the same weighted network gives the same bits on both backends", async () => {
  const hashes = [];
  for (const backend of ["wasm", "js"] as const) {
    const net = await network({
      input: 3,
      layers: [dense(3)],
      loss: categoricalCrossEntropy({ fromLogits: true, labelSmoothing: 0.1 }),
      seed: 1,
      backend,
    });
    await net.fit({ inputs: logits, targets: ids, sampleWeights: [1, 2, 0, 1, 1, 3] }, { epochs: 5, batchSize: 4 });
    net.trainOnBatch(logits, ids);
    hashes.push(net.weightsHash());
  }
  expect(hashes[1]).toBe(hashes[0]);
});

test("a custom metric is the mean of its rows, saved and loaded, and leaves rows of weight 0 out", async () => {
  const bias = () => customMetric("bias", {}, (g, p, t) => g.mean(g.sub(p, t)));
  const net = await network({ input: 3, layers: [dense(2)], loss: meanSquaredError(), metrics: ["mae", bias()], seed: 1 });
  const targets = rows(6, 2);
  const p = net.predict(logits);
  const each = targets.map((row, i) => (p[2 * i]! - row[0]! + p[2 * i + 1]! - row[1]!) / 2);
  const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
  const { metrics } = net.evaluate({ inputs: logits, targets });
  expect(metrics.bias).toBeCloseTo(mean(each), 6);
  const loaded = await loadNetwork(net.save(), { custom: { bias }, backend: "js" });
  expect(loaded.evaluate({ inputs: logits, targets }).metrics).toEqual(metrics);
  await expect(loadNetwork(net.save())).rejects.toThrow(/the library has no metric "bias".*custom: \{ bias: options => metric \}/);
  const some = net.evaluate({ inputs: logits, targets, sampleWeights: [1, 0, 1, 0, 5, 1] }).metrics;
  expect(some.bias).toBeCloseTo(mean([each[0]!, each[2]!, each[4]!, each[5]!]), 6);
  const wrong = customMetric("wrong", {}, (g, q, t) => g.sub(q, t));
  await expect(network({ input: 3, layers: [dense(2)], loss: meanSquaredError(), metrics: [wrong] })).rejects.toThrow(
    /wrong: it returns shape/,
  );
});

test("golden cases with weights are among those that run", () => {
  const cases = selectCases("test/golden", { group: "losses" });
  expect(cases.filter(({ name }) => /weights|ignore|smoothing/.test(name)).length).toBeGreaterThan(15);
});

test("weights that cannot be meant are named errors", async () => {
  const net = await network({ ...identity, loss: categoricalCrossEntropy({ fromLogits: true }) });
  const evaluate = (sampleWeights: unknown) => () => net.evaluate({ inputs: logits, targets: ids, sampleWeights: sampleWeights as never });
  expect(evaluate([1, 2])).toThrow(/evaluate: sampleWeights: 2 weights for 6 rows/);
  expect(evaluate([1, 2, 3, 4, 5, -1])).toThrow(/sampleWeights\[5\] is -1/);
  expect(evaluate([1, 2, 3, 4, 5, Number.NaN])).toThrow(/sampleWeights\[5\] is NaN/);
  expect(evaluate("1")).toThrow(/expected an object with any of activation_1|expected an array/);
  expect(evaluate({ other: [1] })).toThrow(/unknown name "other"/);
});
