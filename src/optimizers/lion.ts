import { Step } from "../../assembly/opcodes.js";
import { leastMean } from "./fading.js";
import { type Optimizer, optimizer } from "./optimizer.js";
import { type Common, checked, checkRates } from "./options.js";

export interface LionOptions extends Common {
  /** what m counts in the step's sign, [0, 1), default 0.9 */
  readonly beta1?: number | undefined;
  /** decay of m, the mean of gradients, [0, 1), default 0.99 */
  readonly beta2?: number | undefined;
}

/** Lion (Chen et al. 2023, algorithm 2): w -= learningRate·(sign(beta1·m + (1 - beta1)·g) + weightDecay·w), then
 *  m = beta2·m + (1 - beta2)·g. Defaults: learningRate 0.0001, beta1 0.9, beta2 0.99, weightDecay 0. */
export function lion(options: LionOptions = {}): Optimizer {
  const all = checked("lion", options, { learningRate: 0.0001, weightDecay: 0, beta1: 0.9, beta2: 0.99 });
  checkRates("lion", all, ["beta1", "beta2"]);
  const { beta1, beta2 } = all;
  return optimizer("lion", all, {
    slots: ["m"],
    least: [leastMean(beta2)],
    decay: "decoupled",
    factorCount: 2,
    factors: (_, rate, weightDecay, out, at) => {
      out[at] = rate;
      out[at + 1] = 1 - rate * weightDecay;
    },
    emit: (g, { w, g: gradient, slots, factors, end }) =>
      g.emit("lionStep", {
        w,
        m: slots[0]!,
        g: gradient,
        status: Step.Status,
        rate: factors[0]!,
        decay: factors[1]!,
        beta1,
        oneMinusBeta1: 1 - beta1,
        beta2,
        oneMinusBeta2: 1 - beta2,
        end,
      }),
  });
}
