// Same seed, same bits: on both backends, and however long the chunks are.
import { describe, expect, test } from "vitest";
import { compareBackends, train } from "../scripts/equal/compare.js";
import { cases } from "./cases.js";
import { composedCases } from "./composed.js";

describe("WebAssembly and JavaScript train to the same bits", () => {
  test.each([...cases, ...composedCases])("$name", async (one) => {
    expect((await compareBackends(one, 1)).differences).toEqual([]);
  });
});

describe("chunks of 1 ms and of 1 s train to the same bits", () => {
  const some = cases.filter(({ name }) => name.startsWith("dropout") || name.startsWith("deep") || name.startsWith("adam"));
  test.each(some)("$name", async (one) => {
    const [short, long] = [
      await train(one, "wasm", { epochs: 40, chunkMilliseconds: 1 }),
      await train(one, "wasm", { epochs: 40, chunkMilliseconds: 1000 }),
    ];
    expect(short.weightsHash).toBe(long.weightsHash);
    expect(short.losses).toEqual(long.losses);
    expect(short.metrics).toEqual(long.metrics);
  });
});

test("another seed trains to other bits", async () => {
  const one = cases.find(({ name }) => name.startsWith("dropout"))!;
  const other = { ...one, options: { ...one.options, seed: one.options.seed + 1 } };
  expect((await train(one, "wasm", { epochs: 1 })).weightsHash).not.toBe((await train(other, "wasm", { epochs: 1 })).weightsHash);
});
