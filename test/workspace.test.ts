// How much memory plans lay out for what their instructions hand on: that it is enough, verify.test.ts and mutation.test.ts say.
import { expect, test } from "vitest";
import type { Purpose } from "../src/compile.js";
import { dense, meanSquaredError, type NetworkOptions, network, sparseCategoricalCrossEntropy } from "../src/index.js";
import { usesOf } from "../src/plan/program.js";
import { size, type Tensor } from "../src/plan/tensor.js";
import type { LoadedPlan } from "../src/plans.js";
import { cases } from "./cases.js";
import { modelOf } from "./internals.js";

/** Elements of what has a meaning while an instruction runs, where that is most: no layout needs less, unless results take their inputs'
 *  places. */
function peakOf({ program, sizes: { capacity } }: LoadedPlan): number {
  const lives = new Map<Tensor, { readonly from: number; to: number }>();
  program.instructions.forEach((instruction, i) => {
    for (const { tensor } of usesOf(instruction))
      if (tensor.slab === "workspace") lives.set(tensor, { from: lives.get(tensor)?.from ?? i, to: i });
  });
  for (const tensor of program.results) if (lives.has(tensor)) lives.get(tensor)!.to = Number.POSITIVE_INFINITY;
  const alive = (i: number) => [...lives].filter(([, { from, to }]) => from <= i && i <= to);
  const sizes = program.instructions.map((_, i) => alive(i).reduce((sum, [tensor]) => sum + size(tensor, capacity), 0));
  return Math.max(...sizes);
}

const taken = ({ slabs }: LoadedPlan) => (slabs.workspace[1] - slabs.workspace[0]) / 4;

/** Widths that go down and up, and such without an order. */
const mlps = [
  [100, 80, 60, 40, 20, 40, 60, 80, 100],
  [7, 123, 56, 89, 12, 45, 230, 8, 99],
  [10, 200, 30, 150, 20, 300, 5],
].flatMap((widths) =>
  (["linear", "relu", "mish"] as const).map((activation) => ({
    input: 50,
    layers: widths.map((units) => dense(units, { activation })),
    loss: meanSquaredError(),
    seed: 1,
  })),
);

const loaded = async (options: NetworkOptions, purpose: Purpose, capacity: number) =>
  modelOf(await network({ ...options, backend: "js" })).plan(purpose, { capacity, orderRows: purpose === "train" ? capacity : 0 });

// Of blocks that fit the smallest is taken; the last one given back would make 15 % more of this one.
test("to train 784-512-512-10 takes at most 1 % more than it holds at once", async () => {
  const layers = [dense(512, { activation: "relu" }), dense(512, { activation: "relu" }), dense(10)];
  const plan = await loaded({ input: 784, layers, loss: sparseCategoricalCrossEntropy({ fromLogits: true }), seed: 1 }, "train", 128);
  expect(taken(plan) / peakOf(plan)).toBeLessThan(1.01);
});

test.each<[Purpose, number]>([
  ["train", 1],
  ["evaluate", 1.04],
  ["predict", 1.04],
])("to %s, all cases and deep networks together take less than %d times what they hold at once", async (purpose, most) => {
  let [all, least] = [0, 0];
  for (const options of [...cases.map(({ options }) => options), ...mlps]) {
    const plan = await loaded(options, purpose, 32);
    all += taken(plan);
    least += peakOf(plan);
  }
  expect(all / least).toBeLessThan(most);
});
