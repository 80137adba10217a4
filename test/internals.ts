// What tests must reach behind the facade: a network's model, its plans, and the memory in which they run.
import type { Plan } from "../src/compile.js";
import type { Model } from "../src/model.js";
import type { Network } from "../src/network.js";

export function modelOf(net: Network): Model {
  return (net as unknown as { readonly model: Model }).model;
}

/** Fills what a step may not read before it has written it: the workspace and the gradients. */
export function poison(model: Model, { slabs }: Plan): void {
  const { f32 } = model.region.views();
  for (const [begin, end] of [slabs.workspace, slabs.gradient]) f32.fill(Number.NaN, begin >> 2, end >> 2);
}
