import { checkNumber, checkOptions } from "../checks.js";
import { type Layer, layer } from "./layer.js";

/** Layer. While training each element is 0 with probability `rate` and divided by 1 - rate otherwise, so that its mean stays
 *  (Srivastava et al. 2014, inverted); the identity in predict and evaluate. The random numbers depend on the network's seed, the step,
 *  the layer, row and column only. @param rate in [0, 1) */
export function dropout(rate: number, options: { readonly name?: string | undefined } = {}): Layer {
  checkNumber("dropout: rate", rate, { least: 0, below: 1 });
  checkOptions("dropout", options, ["name"]);
  return layer("dropout", { rate, name: options.name }, (g, x) => g.dropout(x, rate));
}
