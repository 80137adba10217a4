// The shuffle buffer of streams.
import { describe, expect, test } from "vitest";
import * as cr from "../src/index.js";
import { itemsOf, make, plain, ROWS } from "./streams.js";

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
