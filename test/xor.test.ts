// XOR, every seed from 0 to 99, none chosen.
import { expect, test } from "vitest";
import { adam, binaryCrossEntropy, dense, network } from "../src/index.js";

const data = {
  inputs: [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ],
  targets: [[0], [1], [1], [0]],
};
const steps = 3000;

/** How many seeds of 100 reach a loss below 0.01 nats within the steps, each on all four rows. */
async function solved(hidden: number): Promise<number> {
  let count = 0;
  for (let seed = 0; seed < 100; ++seed) {
    const net = await network({
      input: 2,
      layers: [dense(hidden, { activation: "tanh" }), dense(1)],
      loss: binaryCrossEntropy({ fromLogits: true }),
      optimizer: adam({ learningRate: 0.03 }),
      seed,
    });
    const { epochs } = await net.fit(data, { epochs: steps, batchSize: 4 });
    if (epochs.some(({ loss }) => loss < 0.01)) count += 1;
    net.dispose();
  }
  console.log(`2-${hidden}-1: ${count} of 100 seeds below 0.01 within ${steps} steps`);
  return count;
}

test("2-8-1 learns XOR from every seed", async () => {
  expect(await solved(8)).toBe(100);
});

test("2-4-1 learns XOR from at least 90 seeds", async () => {
  expect(await solved(4)).toBeGreaterThanOrEqual(90);
});
