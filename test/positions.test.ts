// Positions of a sample in layers of one's own: one of them, their sum and their mean.
import { describe, expect, test } from "vitest";
import { type Builder, layer, meanSquaredError, network, type Tensor } from "../src/index.js";

describe("positions", () => {
  test.each(["wasm", "js"] as const)("%s: one of them, their sum and mean, by hand; every rank", async (backend) => {
    const layers = [layer("all", {}, (g, x) => g.concat([g.position(x, 1), g.sumPositions(x), g.meanPositions(x)]))];
    const net = await network({ input: [3, 2], layers, loss: meanSquaredError(), seed: 1, backend });
    expect([
      ...net.predict([
        [1, 10, 2, 20, 4, 80],
        [-1, 0, 0, 0, 0, 3],
      ]),
    ]).toEqual([
      // biome-ignore format: rows
      ...[2, 20, 7, 110, Math.fround(7 / 3), Math.fround(110 / 3)],
      ...[0, 0, -1, 3, Math.fround(-1 / 3), 1],
    ]);
    const deep = await network({
      input: [2, 2, 1],
      layers: [layer("sum", {}, (g, x) => g.sumPositions(x))],
      loss: meanSquaredError(),
      seed: 1,
      backend,
    });
    expect([...deep.predict([[1, 2, 3, 5]])]).toEqual([3, 8]);
  });

  test.each([[[2, 3, 4]], [[2, 3, 5]], [[3, 2, 2, 1]], [[4, 1, 3, 8]]])(
    "the sum over each axis of %j is that of its numbers, and leaves the others in their order",
    async (shape) => {
      const elements = shape.reduce((a, b) => a * b, 1);
      // Whole numbers, whose sums are exact.
      const inputs = [0, 1].map((row) => Array.from({ length: elements }, (_, i) => ((i * 7 + row * 5) % 23) - 11));
      for (let axis = 0; axis < shape.length - 1; ++axis) {
        const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
        const expected = inputs.flatMap((row) => {
          const sums = new Array<number>(elements / shape[axis]!).fill(0);
          row.forEach((value, i) => {
            sums[Math.floor(i / inner / shape[axis]!) * inner + (i % inner)]! += value;
          });
          return sums;
        });
        for (const [which, backend] of [
          [axis, "wasm"],
          [axis, "js"],
          [axis - shape.length, "wasm"],
        ] as const) {
          // biome-ignore format: rows
          const layers = [layer("sum", { which }, (g, x) => g.sumPositions(x, which))];
          const net = await network({ input: shape, layers, loss: meanSquaredError(), seed: 1, backend });
          expect([...net.predict(inputs)]).toEqual(expected);
        }
      }
    },
  );

  test("what has none, and positions that are not there, are refused", async () => {
    const make = (input: number | number[], apply: (g: Builder, x: Tensor) => Tensor) =>
      network({ input, layers: [layer("mine", {}, apply)], loss: meanSquaredError() });
    await expect(make(3, (g, x) => g.sumPositions(x))).rejects.toThrow(
      "mine_1: position: shape [batch, 3], expected [..., positions, columns]",
    );
    await expect(make([2, 3], (g, x) => g.position(x, 2))).rejects.toThrow("mine_1: position is 2, expected a whole number from 0 to 1");
    for (const axis of [1, -3, 0.5])
      await expect(make([2, 3], (g, x) => g.sumPositions(x, axis))).rejects.toThrow(`mine_1: position: axis is ${axis}, expected a whole`);
    await expect(make([2, 3], (g, x) => g.meanPositions(x, -1))).rejects.toThrow(
      "mine_1: position: axis is -1, the columns; slice cuts them, sum and mean add them",
    );
  });
});
