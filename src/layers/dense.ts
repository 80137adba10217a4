import { type Activation, type ActivationName, activate, toActivation } from "../activations.js";
import { checkCount, checkNumber, checkOptions } from "../checks.js";
import { glorotUniform, type Initializer, toSavable, zeros } from "../initializers.js";
import { columns } from "../plan/tensor.js";
import { type Layer, layer } from "./layer.js";

export interface DenseOptions {
  /** default linear */
  readonly activation?: ActivationName | Activation | undefined;
  /** of W, default glorotUniform */
  readonly weight?: Initializer | undefined;
  /** of b, default zeros; false: no bias */
  readonly bias?: Initializer | false | undefined;
  /** adds kernelL1·sum|W| to the loss; >= 0, default 0 */
  readonly kernelL1?: number | undefined;
  /** adds kernelL2·sum W² to the loss (gradient 2·kernelL2·W); >= 0, default 0 */
  readonly kernelL2?: number | undefined;
  readonly name?: string | undefined;
}

/** Layer. y = activation(x·W + b) over the last axis: x `[batch, inputs]`, W `[inputs, units]`, b `[units]`, y `[batch, units]`.
 *  @throws {OptionError} for units below 1, an unknown activation, negative penalties */
export function dense(units: number, options: DenseOptions = {}): Layer {
  checkCount("dense: units", units);
  checkOptions("dense", options, ["activation", "weight", "bias", "kernelL1", "kernelL2", "name"]);
  const { kernelL1 = 0, kernelL2 = 0, name } = options;
  checkNumber("dense: kernelL1", kernelL1, { least: 0 });
  checkNumber("dense: kernelL2", kernelL2, { least: 0 });
  const { activation: given = "linear", weight: drawn = glorotUniform(), bias: start = zeros() } = options;
  const activation = toActivation("dense: activation", given);
  const weight = toSavable("dense: weight", drawn);
  const bias = start === false ? false : toSavable("dense: bias", start);
  return layer("dense", { units, activation, weight, bias, kernelL1, kernelL2, name }, (g, x) => {
    const w = g.parameter("weight", [columns(x), units], weight, { l1: kernelL1, l2: kernelL2 });
    const b = bias ? g.parameter("bias", [units], bias) : undefined;
    return activate(g, g.linear(x, w, b), activation);
  });
}
