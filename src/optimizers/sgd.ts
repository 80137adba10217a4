import { Step } from "../../assembly/opcodes.js";
import { checkBoolean } from "../checks.js";
import { OptionError } from "../errors.js";
import { leastStep } from "./fading.js";
import { type Optimizer, optimizer } from "./optimizer.js";
import { type Common, checked, checkRates } from "./options.js";

export interface SgdOptions extends Common {
  /** decay of v, [0, 1), default 0: none */
  readonly momentum?: number | undefined;
  /** v = momentum·v + (1 - dampening)·g from the second step on, g at the first; [0, 1), default 0 */
  readonly dampening?: number | undefined;
  /** takes the step that momentum foresees, and so needs momentum, without dampening; default false */
  readonly nesterov?: boolean | undefined;
}

/** Stochastic gradient descent: w -= learningRate·g; with momentum v = momentum·v + g, w -= learningRate·(nesterov ? g + momentum·v : v).
 *  Defaults: learningRate 0.01, momentum 0. @throws {OptionError} an option out of range, or nesterov without momentum or with dampening */
export function sgd(options: SgdOptions = {}): Optimizer {
  const all = checked("sgd", options, { learningRate: 0.01, weightDecay: 0, momentum: 0, dampening: 0, nesterov: false });
  checkRates("sgd", all, ["momentum", "dampening"]);
  checkBoolean("sgd: nesterov", all.nesterov);
  const { momentum, dampening, nesterov } = all;
  if (nesterov && momentum === 0)
    throw new OptionError("sgd: nesterov is true, but momentum is 0, expected one above 0; give momentum, as 0.9, or leave nesterov out");
  if (nesterov && dampening !== 0)
    throw new OptionError(`sgd: nesterov is true, but dampening is ${dampening}, expected 0; leave one of them out`);
  return optimizer("sgd", all, {
    slots: momentum === 0 ? [] : ["velocity"],
    least: [leastStep(momentum)],
    decay: "fused",
    factorCount: 2,
    factors: (t, rate, _, out, at) => {
      out[at] = rate;
      out[at + 1] = t === 1 ? 1 : 1 - dampening;
    },
    emit: (g, { w, g: gradient, slots, factors, weightDecay, end }) => {
      const shared = { w, g: gradient, status: Step.Status, rate: factors[0]!, weightDecay, end };
      if (momentum === 0) g.emit("sgdStep", shared);
      else g.emit("sgdMomentumStep", { ...shared, v: slots[0]!, gradientFactor: factors[1]!, momentum, nesterov: nesterov ? 1 : 0 });
    },
  });
}
