import { type Activation, type ActivationName, activate, toActivation } from "../activations.js";
import { checkOptions } from "../checks.js";
import { type Layer, layer } from "./layer.js";

/** Layer. y = activation(x), any shape. The same as a dense layer's option, as a layer of its own. */
export function activation(given: ActivationName | Activation, options: { readonly name?: string | undefined } = {}): Layer {
  checkOptions("activation", options, ["name"]);
  const chosen = toActivation("activation", given);
  return layer("activation", { activation: chosen, name: options.name }, (g, x) => activate(g, x, chosen));
}
