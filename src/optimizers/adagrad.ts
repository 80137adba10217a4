// AdaGrad, and AdaDelta, which needs no learning rate.
import { Step } from "../../assembly/opcodes.js";
import { checkNumber } from "../checks.js";
import { leastMean } from "./fading.js";
import { type Optimizer, optimizer } from "./optimizer.js";
import { type Common, checkEpsilon, checked, checkRates } from "./options.js";

export interface AdagradOptions extends Common {
  /** added to h's root, at least 2^-149, default 1e-7 */
  readonly epsilon?: number | undefined;
  /** of h, >= 0, default 0 */
  readonly initialAccumulator?: number | undefined;
  /** the rate of step t is learningRate / (1 + (t - 1)·learningRateDecay), >= 0, default 0 */
  readonly learningRateDecay?: number | undefined;
}

/** AdaGrad (Duchi et al. 2011): h += g², w -= learningRate·g / (sqrt(h) + epsilon). Defaults: learningRate 0.01, epsilon 1e-7, initialAccumulator 0. */
export function adagrad(options: AdagradOptions = {}): Optimizer {
  const all = checked("adagrad", options, {
    learningRate: 0.01,
    weightDecay: 0,
    epsilon: 1e-7,
    initialAccumulator: 0,
    learningRateDecay: 0,
  });
  checkEpsilon("adagrad", all.epsilon);
  checkNumber("adagrad: initialAccumulator", all.initialAccumulator, { least: 0 });
  checkNumber("adagrad: learningRateDecay", all.learningRateDecay, { least: 0 });
  const { epsilon, initialAccumulator, learningRateDecay } = all;
  return optimizer("adagrad", all, {
    slots: ["h"],
    slotValue: initialAccumulator,
    factorCount: 1,
    factors: (t, rate, _, out, at) => {
      out[at] = rate / (1 + (t - 1) * learningRateDecay);
    },
    emit: (g, { w, g: gradient, slots, factors, end }) =>
      g.emit("adagradStep", { w, h: slots[0]!, g: gradient, status: Step.Status, rate: factors[0]!, epsilon, end }),
  });
}

export interface AdadeltaOptions extends Common {
  /** decay of both means of squares, [0, 1), default 0.9 */
  readonly rho?: number | undefined;
  /** added to both under their roots, at least 2^-149, default 1e-6 */
  readonly epsilon?: number | undefined;
}

/** AdaDelta (Zeiler 2012): v = rho·v + (1 - rho)·g², d = sqrt(squares + epsilon) / sqrt(v + epsilon)·g,
 *  squares = rho·squares + (1 - rho)·d², w -= learningRate·d. Defaults: learningRate 1, rho 0.9, epsilon 1e-6. */
export function adadelta(options: AdadeltaOptions = {}): Optimizer {
  const all = checked("adadelta", options, { learningRate: 1, weightDecay: 0, rho: 0.9, epsilon: 1e-6 });
  checkRates("adadelta", all, ["rho"]);
  checkEpsilon("adadelta", all.epsilon);
  const { rho, epsilon } = all;
  return optimizer("adadelta", all, {
    slots: ["v", "squares"],
    least: [leastMean(rho), leastMean(rho)],
    factorCount: 1,
    factors: (_, rate, __, out, at) => {
      out[at] = rate;
    },
    emit: (g, { w, g: gradient, slots, factors, end }) =>
      g.emit("adadeltaStep", {
        w,
        v: slots[0]!,
        squares: slots[1]!,
        g: gradient,
        status: Step.Status,
        rate: factors[0]!,
        rho,
        oneMinusRho: 1 - rho,
        epsilon,
        end,
      }),
  });
}
