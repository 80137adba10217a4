import { checkText, shown } from "../checks.js";
import { OptionError } from "../errors.js";
import { showAs } from "../inspect/inspect.js";
import type { Builder } from "../plan/builder.js";
import type { Tensor } from "../plan/tensor.js";

/** A value between layers, as a network is written down: an input, or what a layer makes of others. */
export interface Node {
  /** Absent: an input of the network. */
  readonly layer?: Layer;
  readonly from: readonly Node[];
  /** Of an input: one sample's shape, and its name. */
  readonly shape?: readonly number[];
  readonly name?: string;
}

/** Plain data plus the one function that says what the layer computes, as a composition of ops on symbolic tensors. Its gradient
 *  follows from the ops'; no layer writes a backward. Called with nodes it gives the node of its result: `dense(64)(x)`; called
 *  again it is shared, with the same parameters. Within another layer, as `residual` or by `g.within`, it has parameters of its own there,
 *  whatever else uses it. */
export interface Layer {
  (...from: readonly Node[]): Node;
  readonly kind: string;
  /** As JSON: what a saved network needs to make the layer again. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Unique in its network; empty: it will be `<kind>_<n>`. */
  readonly name: string;
  apply(g: Builder, ...inputs: readonly Tensor[]): Tensor;
}

/** A layer within another's options; with its name only: the one of that name before it, again. */
export interface StoredLayer {
  readonly name: string;
  readonly kind?: string;
  readonly options?: Layer["options"];
}

/** How many inputs a layer takes; at least one. */
type Takes = "one" | "several" | "any";

/** @param apply takes the builder and the inputs `[batch, ...]`, returns the output */
export function layer(
  kind: string,
  { name, ...options }: Readonly<Record<string, unknown>> & { readonly name?: string | undefined },
  apply: (g: Builder, x: Tensor, ...more: readonly Tensor[]) => Tensor,
  takes: Takes = "one",
): Layer {
  if (name !== undefined) checkText(`${kind}: name`, name);
  const call = (...from: readonly Node[]): Node => {
    // Here it can be seen by whom. How many others are too many or too few is said by its name in the network.
    if (from.length === 0) checkInputs(name ?? kind, kind, 0, takes);
    return { layer: self, from };
  };
  const self: Layer = Object.assign(call, {
    kind,
    options,
    apply: (g: Builder, ...inputs: readonly Tensor[]) => {
      checkInputs(g.scope, kind, inputs.length, takes);
      return apply(g, ...(inputs as readonly [Tensor]));
    },
  });
  Object.defineProperty(self, "name", { value: name ?? "" });
  // Else it is shown as a function without a name.
  return showAs(self, () => ({ kind, ...(name !== undefined && { name }), options }));
}

function checkInputs(who: string, kind: string, count: number, takes: Takes): void {
  if (takes === "one" ? count === 1 : count > (takes === "several" ? 1 : 0)) return;
  const wanted = {
    one: count > 1 ? `one: join them, as ${kind}(…)(concatenate()(a, b))` : `one, as ${kind}(…)(x)`,
    several: `several: ${kind}()(a, b)`,
    any: "at least one",
  };
  throw new OptionError(`${who}: got ${count} ${count === 1 ? "input" : "inputs"}, expected ${wanted[takes]}`);
}

export function checkLayer(who: string, layer: Layer): void {
  if (typeof layer !== "function" || typeof layer.apply !== "function" || typeof layer.kind !== "string")
    throw new OptionError(`${who} is ${shown(layer)}, expected a layer, as dense(10)`);
}
