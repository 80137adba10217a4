// Which plan serves a call: the one at hand if it has room for all that is asked, also where steps with weights and without, or of one row and
// of many, take turns.
import { expect, test } from "vitest";
import type { Sizes } from "../src/compile.js";
import { adam, dense, loadNetwork, meanSquaredError, network, sgd } from "../src/index.js";
import { modelOf } from "./internals.js";

const sizes: Sizes = { capacity: 2, dataRows: 4, orderRows: 5, steps: 3, threads: 1 };

test.each(Object.keys(sizes) as (keyof Sizes)[])("a plan with room for fewer %s is compiled again, and then serves both", async (key) => {
  const model = modelOf(await network({ input: 2, layers: [dense(1)], loss: meanSquaredError(), seed: 1 }));
  const more = { ...sizes, [key]: sizes[key] + 7 };
  const plan = (of: Sizes, weighted: boolean) => model.plan("train", of, [weighted]);

  const small = plan(sizes, false);
  expect(small.sizes).toEqual(sizes);
  expect(plan(sizes, false)).toBe(small);
  const smallWeighted = plan(sizes, true);
  expect(smallWeighted.weighted).toEqual([true]);
  for (const weighted of [false, true, true]) expect(plan(sizes, weighted)).toBe(weighted ? smallWeighted : small);

  // Of both kinds, each while the other one is there.
  for (const weighted of [false, true]) {
    const large = plan(more, weighted);
    expect([large.weighted, large.sizes[key]]).toEqual([[weighted], more[key]]);
    expect(plan(sizes, weighted)).toBe(large);
    const other = plan(sizes, !weighted);
    expect(other.weighted).toEqual([!weighted]);
    expect(plan(more, weighted)).toBe(large);
    // Room for other things too keeps what there was.
    const next = key === "steps" ? "dataRows" : "steps";
    const both = plan({ ...sizes, [next]: sizes[next] + 9 }, weighted);
    expect([both.sizes[key], both.sizes[next]]).toEqual([more[key], sizes[next] + 9]);
    expect(plan(sizes, !weighted)).toBe(other);
  }
});

const several = { input: 3, layers: [dense(5, { activation: "tanh" }), dense(2)], loss: meanSquaredError(), seed: 1 };
const rows = (count: number, width: number) =>
  Array.from({ length: count }, (_, i) => Array.from({ length: width }, (_, j) => Math.sin(i + 7 * j)));

test("sgd's steps of one row have a plan of their own, which no larger one replaces, and which is no larger", async () => {
  const net = await network({ ...several, optimizer: sgd() });
  const model = modelOf(net);
  const plan = (capacity: number, weighted = false) => model.plan("train", { capacity }, [weighted]);
  await net.fit({ inputs: rows(6, 3), targets: rows(6, 2) }, { batchSize: 4 });
  const kinds = [plan(4), plan(1), plan(4, true), plan(1, true)];
  expect(new Set(kinds).size).toBe(4);
  expect(kinds.map(({ sizes }) => sizes.capacity)).toEqual([4, 1, 4, 1]);
  const ops = (index: number) => kinds[index]!.program.instructions.map(({ op }) => op);
  expect(ops(1)).toContain("outerSgdStep");
  expect(ops(0)).not.toContain("outerSgdStep");
  // All four take turns, and none is compiled again, for a batch of fewer rows neither.
  for (let turn = 0; turn < 8; ++turn) expect(plan(turn % 2 === 0 ? 2 + (turn % 3) : 1, turn % 4 > 1)).toBe(kinds[turn % 4]);
});

test("an optimizer without a step along outer products takes the plan that is there", async () => {
  const model = modelOf(await network({ ...several, optimizer: adam() }));
  const large = model.plan("train", { capacity: 4 }, [false]);
  expect(model.plan("train", { capacity: 1 }, [false])).toBe(large);
});

test("steps of one row and of many, with weights and without, taking turns, end as those of networks that were just loaded", async () => {
  const net = await network({ ...several, optimizer: sgd({ learningRate: 0.1 }) });
  for (let step = 0; step < 16; ++step) {
    const count = step % 2 === 0 ? 1 : 1 + (step % 5);
    const given = [rows(count, 3), rows(count, 2), step % 4 > 1 ? rows(count, 1).map(([x]) => Math.abs(x!) + 1) : undefined] as const;
    const fresh = await loadNetwork(net.save({ training: true }));
    expect(net.trainOnBatch(...given)).toBe(fresh.trainOnBatch(...given));
    expect(net.weightsHash()).toBe(fresh.weightsHash());
  }
});

test("there is room for a plan of long records with a barrier before nearly each", async () => {
  const again = dense(48, { bias: false });
  const model = modelOf(
    await network({ input: 48, layers: new Array(500).fill(again), loss: meanSquaredError(), optimizer: sgd(), seed: 1 }),
  );
  const { program } = model.plan("train", { capacity: 64, threads: 2 }, [false]);
  expect(program.instructions.filter(({ op }) => op === "barrier").length).toBeGreaterThan(program.instructions.length / 3);
});
