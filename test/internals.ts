// What tests must reach behind the facade: a network's model, its plans, and the memory in which they run.
import type { Plan } from "../src/compile.js";
import type { Model } from "../src/model.js";
import type { Network } from "../src/network.js";
import { columns, evaluate, rows, size, type Tensor } from "../src/plan/tensor.js";

export function modelOf(net: Network): Model {
  return (net as unknown as { readonly model: Model }).model;
}

/** Calls `visit` with the index (in 32-bit words) of every element of every parameter, gradient and piece of optimizer state, and whether
 *  it is padding. */
export function eachLastingWord(
  model: Model,
  slab: "parameters" | "slots" | "gradients",
  visit: (at: number, padding: boolean) => void,
): void {
  const { bases, parameters, definition } = model;
  const copies = slab === "slots" ? definition.optimizer.slots.length : 1;
  for (let copy = 0; copy < copies; ++copy)
    for (const { tensor, address } of parameters) {
      const first = (address - bases.parameters + bases[slab] + copy * bases.slabBytes) >> 2;
      const logical = evaluate(rows(tensor), 0) * tensor.stride;
      for (let i = 0; i < size(tensor, 0); ++i) visit(first + i, i >= logical || i % tensor.stride >= columns(tensor));
    }
}

/** Fills with NaN what a step may not read before it has written it: the workspace, and gradients but for their padding. */
export function poison(model: Model, { slabs }: Plan): void {
  const { f32 } = model.region.views();
  f32.fill(Number.NaN, slabs.workspace[0] >> 2, slabs.workspace[1] >> 2);
  eachLastingWord(model, "gradients", (at, padding) => {
    if (!padding) f32[at] = Number.NaN;
  });
}

/** A tensor's elements as bits, so that -0 and NaNs are told apart. */
export function bitsOf(model: Model, plan: Plan, tensor: Tensor, batchRows: number): Uint32Array {
  return new Uint32Array(model.readTensor(tensor, plan.addresses.get(tensor)!, batchRows).buffer);
}
