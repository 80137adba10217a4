import { checkOptions } from "../checks.js";
import { constant, type Initializer, toSavable } from "../initializers.js";
import { columns } from "../plan/tensor.js";
import { type Layer, layer } from "./layer.js";

export interface PreluOptions {
  /** of alpha, default 0.25 everywhere */
  readonly alpha?: Initializer | undefined;
  readonly name?: string | undefined;
}

/** Layer. y = x > 0 ? x : alpha·x, alpha `[columns]` trained, one for each column of the last axis (He et al. 2015). Any shape. */
export function prelu(options: PreluOptions = {}): Layer {
  checkOptions("prelu", options, ["alpha", "name"]);
  const { alpha: start = constant(0.25) } = options;
  const alpha = toSavable("prelu: alpha", start);
  return layer("prelu", { alpha, name: options.name }, (g, x) => {
    const slope = g.parameter("alpha", [columns(x)], alpha);
    const y = g.where(x, x, g.mul(x, slope));
    g.activates(x, y);
    return y;
  });
}
