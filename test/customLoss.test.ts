// Users' own losses: values against built-in ones and by hand, and targets that are not as the prediction.
import { describe, expect, test } from "vitest";
import {
  type Builder,
  constant,
  customLoss,
  dense,
  gradCheck,
  meanAbsoluteError,
  meanSquaredError,
  network,
  sparseCategoricalCrossEntropy,
  type Tensor,
} from "../src/index.js";
import { matrix, sum } from "./cases.js";
import { quantile } from "./composed.js";

describe("a custom loss", () => {
  const inputs = matrix(7, 3, 1);
  const targets = matrix(7, 2, 2);
  const trainedWith = async (loss: Parameters<typeof network>[0]["loss"]) => {
    const net = await network({ input: 3, layers: [dense(2)], loss, seed: 3 } as never);
    const before = net.evaluate({ inputs, targets }).loss;
    net.trainOnBatch(inputs, targets);
    return { before, parameters: net.parameters().flatMap(({ values }) => [...values]) };
  };
  const square = (g: Builder, p: Tensor, y: Tensor) => g.mean(g.square(g.sub(p, y)));

  test.each([
    ["mean", {}, {}],
    ["sum", { reduction: "sum" as const }, { reduction: "sum" as const, weight: 0.5 }],
    ["weight", { weight: 3 }, { weight: 3 }],
  ])("that is the mean square is meanSquaredError: %s", async (_, own, builtIn) => {
    const [a, b] = [await trainedWith(customLoss("square", own, square)), await trainedWith(meanSquaredError(builtIn))];
    expect(a.before).toBeCloseTo(b.before, 5);
    a.parameters.forEach((value, i) => {
      expect(value).toBeCloseTo(b.parameters[i]!, 5);
    });
  });

  test("of q = 1/2 is half the mean absolute error", async () => {
    const [a, b] = [await trainedWith(quantile(0.5)), await trainedWith(meanAbsoluteError({ weight: 0.5 }))];
    expect(a.before).toBeCloseTo(b.before, 6);
  });
});

test("what a loss has of its own to train is not missed by predict", async () => {
  const loss = customLoss("scaled", {}, (g, p, y) => g.mean(g.square(g.sub(g.mul(p, g.parameter("s", [1], constant(2))), y))));
  const net = await network({ input: 1, layers: [dense(1, { weight: constant(3) })], loss, seed: 1 });
  await net.fit({ inputs: [[1]], targets: [[6]] }, { epochs: 1 });
  expect([...net.predict([[1]])]).toEqual([3]);
  expect(net.parameters().map(({ name }) => name)).toEqual(["dense_1.weight", "dense_1.bias", "loss.s"]);
});

describe("targets of a custom loss that are not as the prediction", () => {
  const levels = [0.1, 0.5, 0.9];
  /** Koenker & Bassett 1978, for several shares at once. */
  const quantiles = () =>
    customLoss(
      "quantiles",
      {},
      (g, prediction, target) => {
        const e = g.sub(target, prediction);
        const parts = levels.map((q, i) => {
          const one = g.slice(e, i, i + 1);
          return g.max(g.mul(one, q), g.mul(one, q - 1));
        });
        return g.mean(g.concat(parts));
      },
      { columns: 1 },
    );
  const inputs = [
    [0.3, -0.2],
    [0.7, 0.4],
    [-0.5, 0.9],
  ];

  test.each(["wasm", "js"] as const)(
    "%s: one column for three quantiles: value by hand, gradient by differences, with weights too",
    async (backend) => {
      const net = await network({ input: 2, layers: [dense(3)], loss: quantiles(), seed: 1, backend });
      const targets = [0.5, -1, 2];
      const p = net.predict(inputs);
      const losses = targets.map((y, r) => sum(levels.map((q, c) => Math.max(q * (y - p[3 * r + c]!), (q - 1) * (y - p[3 * r + c]!)))) / 3);
      expect(net.evaluate({ inputs, targets }).loss).toBeCloseTo(sum(losses) / 3, 6);
      const sampleWeights = [1, 0, 3];
      expect(net.evaluate({ inputs, targets, sampleWeights }).loss).toBeCloseTo((losses[0]! + 3 * losses[2]!) / 4, 6);
      expect(gradCheck(net, { inputs, targets }).agrees).toBe(true);
      // The rate is small enough for three rows.
      const before = net.evaluate({ inputs, targets }).loss;
      await net.fit({ inputs, targets }, { epochs: 20, batchSize: 2 });
      expect(net.evaluate({ inputs, targets }).loss).toBeLessThan(before);
      await expect(net.fit({ inputs, targets: p })).rejects.toThrow("fit: targets: 9 rows, but inputs have 3");
      await expect(net.fit({ inputs, targets: [[1, 2], [1, 2], [1, 2]] })).rejects.toThrow("row 0 has 2 columns, expected 1 (quantiles takes 1)"); // biome-ignore format: rows
    },
  );

  test.each(["wasm", "js"] as const)(
    "%s: class ids come as one-hot rows: the cross-entropy of probabilities, as the built-in one has it",
    async (backend) => {
      const own = customLoss("own", {}, (g, p, t) => g.neg(g.log(g.sum(g.mul(p, t)))), { ids: true });
      const layers = [dense(3, { activation: "softmax" })];
      const [ours, theirs] = await Promise.all(
        [own, sparseCategoricalCrossEntropy()].map((loss) => network({ input: 2, layers, loss, seed: 1, backend })),
      );
      for (const data of [
        { inputs, targets: [2, 0, 1] },
        { inputs, targets: [2, 0, 1], sampleWeights: [1, 0, 3] },
      ])
        expect(ours!.evaluate(data).loss).toBeCloseTo(theirs!.evaluate(data).loss, 6);
      expect(gradCheck(ours!, { inputs, targets: [2, 0, 1] }).agrees).toBe(true);
      await expect(ours!.fit({ inputs, targets: [3, 0, 1] })).rejects.toThrow(
        "row 0 has class id 3, expected a whole number from 0 to 2 (own, 3 columns)",
      );
    },
  );

  test("mae has no meaning for them", async () => {
    await expect(network({ input: 2, layers: [dense(3)], loss: quantiles(), metrics: ["mae"] })).rejects.toThrow(
      "network: metrics: mae needs targets of the prediction's shape, quantiles has 1 columns",
    );
  });
});
