// Values that no step has written must not matter: before every step the workspace and the gradients are NaN, around the plan's memory lie
// guards, and what comes out has the bits of a run in clean memory.
import { describe, expect, test } from "vitest";
import type { Plan } from "../src/compile.js";
import { type Network, network } from "../src/index.js";
import type { Model } from "../src/model.js";
import { cases, type NetworkCase } from "./cases.js";
import { composedCases } from "./composed.js";
import { eachLastingWord, modelOf, poison } from "./internals.js";

const GUARD = 0x600d600d;
const GUARD_BYTES = 4096;

/** Indices of guard words: below the first parameter, and behind the plan's end. */
function* guards(model: Model, plan: Plan): Generator<number> {
  for (let at = 0; at < model.bases.parameters >> 2; ++at) yield at;
  for (let at = plan.end >> 2; at < (plan.end + GUARD_BYTES) >> 2; ++at) yield at;
}

/** From now on every run of a plan begins in poisoned memory between guards. */
function poisonEveryRun(net: Network): void {
  const model = modelOf(net);
  const run = model.run.bind(model);
  model.run = (plan, steps) => {
    model.region.reserve(plan.end + GUARD_BYTES);
    for (const at of guards(model, plan)) model.region.views().u32[at] = GUARD;
    poison(model, plan);
    const done = run(plan, steps);
    const { u32 } = model.region.views();
    for (const at of guards(model, plan))
      if (u32[at] !== GUARD) throw new Error(`${plan.purpose}: wrote to byte ${at * 4}, outside of the plan`);
    return done;
  };
}

async function trained({ options, data, batch }: NetworkCase, backend: "wasm" | "js", prepare: (net: Network) => void) {
  const net = await network({ ...options, backend });
  prepare(net);
  const { inputs, targets } = data();
  // So short that every step is a chunk of its own.
  const history = await net.fit({ inputs, targets }, { epochs: 2, batchSize: batch, chunkMilliseconds: 1e-6 });
  const { loss, metrics } = net.evaluate({ inputs, targets });
  const losses = history.epochs.map((epoch) => [epoch.loss, epoch.metrics]);
  return { net, outcome: { hash: net.weightsHash(), losses, loss, metrics, predictions: [...net.predict(inputs)] } };
}

describe.each(["wasm", "js"] as const)("%s", (backend) => {
  test.each([...cases, ...composedCases])(
    "$name: poisoned memory changes no bit, and nothing outside the plan is written",
    async (given) => {
      const clean = await trained(given, backend, () => {});
      const poisoned = await trained(given, backend, poisonEveryRun);
      expect(poisoned.outcome).toEqual(clean.outcome);
      expect(clean.outcome.losses.flat(2).every((value) => typeof value !== "number" || Number.isFinite(value))).toBe(true);
    },
  );

  test.each([...cases, ...composedCases])("$name: padding of parameters, gradients and optimizer state is still +0", async (given) => {
    const { net } = await trained(given, backend, poisonEveryRun);
    const model = modelOf(net);
    const { u32, f32 } = model.region.views();
    const stained: string[] = [];
    for (const slab of ["parameters", "slots", "gradients"] as const)
      eachLastingWord(model, slab, (at, padding) => {
        if (padding && u32[at] !== 0) stained.push(`${slab}: ${f32[at]}`);
      });
    expect(stained).toEqual([]);
  });
});
