// Which plan serves a call: the one at hand if it has room for all that is asked, also where steps with weights and without take turns.
import { expect, test } from "vitest";
import type { Sizes } from "../src/compile.js";
import { dense, meanSquaredError, network } from "../src/index.js";
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
