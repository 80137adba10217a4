import { Step } from "../../assembly/opcodes.js";
import { checkBoolean } from "../checks.js";
import { leastMean, leastStep } from "./fading.js";
import { type Optimizer, optimizer } from "./optimizer.js";
import { type Common, checkEpsilon, checked, checkRates } from "./options.js";

export interface RmspropOptions extends Common {
  /** decay of v, the mean of squared gradients, [0, 1), default 0.9 */
  readonly rho?: number | undefined;
  /** added to v's root, at least 2^-149, default 1e-7 */
  readonly epsilon?: number | undefined;
  /** of the scaled gradients, [0, 1), default 0: none */
  readonly momentum?: number | undefined;
  /** v is the gradients' variance: the mean of their squares less the square of their mean; default false */
  readonly centered?: boolean | undefined;
}

/** RMSprop (Tieleman & Hinton 2012): v = rho·v + (1 - rho)·g², w -= learningRate·g / (sqrt(v) + epsilon). Defaults: learningRate 0.001, rho 0.9, epsilon 1e-7. */
export function rmsprop(options: RmspropOptions = {}): Optimizer {
  const all = checked("rmsprop", options, { learningRate: 0.001, weightDecay: 0, rho: 0.9, epsilon: 1e-7, momentum: 0, centered: false });
  checkRates("rmsprop", all, ["rho", "momentum"]);
  checkEpsilon("rmsprop", all.epsilon);
  checkBoolean("rmsprop: centered", all.centered);
  const { rho, epsilon, momentum, centered } = all;
  const slots = [...(centered ? ["variance", "mean"] : ["v"]), ...(momentum > 0 ? ["velocity"] : [])];
  const least = slots.map((slot) => (slot === "velocity" ? leastStep(momentum) : leastMean(rho)));
  return optimizer("rmsprop", all, {
    slots,
    least,
    factorCount: 1,
    factors: (_, rate, __, out, at) => {
      out[at] = rate;
    },
    emit: (g, share) =>
      g.emit("rmspropStep", {
        w: share.w,
        v: share.slots[0]!,
        ...(centered && { mean: share.slots[slots.indexOf("mean")]! }),
        ...(momentum > 0 && { velocity: share.slots[slots.indexOf("velocity")]! }),
        g: share.g,
        status: Step.Status,
        rate: share.factors[0]!,
        rho,
        oneMinusRho: 1 - rho,
        epsilon,
        momentum,
        end: share.end,
      }),
  });
}
