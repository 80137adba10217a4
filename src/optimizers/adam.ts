// Adam and those that keep its two averages, m of g and v of g² (adamax: u, a maximum).
import { Step } from "../../assembly/opcodes.js";
import { checkBoolean, checkNumber } from "../checks.js";
import { power, powerInteger } from "../float64.js";
import { leastMean, leastStep } from "./fading.js";
import { type Optimizer, optimizer, type SlabShare } from "./optimizer.js";
import { type Common, checkEpsilon, checked, checkRates } from "./options.js";

export interface BetaOptions extends Common {
  /** decay of m, the mean of gradients, [0, 1), default 0.9 */
  readonly beta1?: number | undefined;
  /** decay of v, the mean of their squares (adamax: of their maximum), [0, 1), default 0.999 */
  readonly beta2?: number | undefined;
  /** added to the root that the step is divided by (adamax: to |g|), at least 2^-149, default 1e-8 */
  readonly epsilon?: number | undefined;
}

export interface AdamOptions extends BetaOptions {
  /** divides by the largest second moment so far (Reddi et al. 2018), default false */
  readonly amsgrad?: boolean | undefined;
}

const betas = { weightDecay: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;

function checkBetas(type: string, options: Required<Pick<BetaOptions, "beta1" | "beta2" | "epsilon">>): void {
  checkRates(type, options, ["beta1", "beta2"]);
  checkEpsilon(type, options.epsilon);
}

/** What all their ops take. */
function shared({ w, g, end }: SlabShare, { beta1, beta2 }: { readonly beta1: number; readonly beta2: number }) {
  return { w, g, status: Step.Status, beta1, oneMinusBeta1: 1 - beta1, beta2, oneMinusBeta2: 1 - beta2, end };
}

function adamKind(type: "adam" | "adamW", options: AdamOptions, weightDecay: number): Optimizer {
  const all = checked(type, options, { ...betas, learningRate: 0.001, weightDecay, amsgrad: false });
  checkBetas(type, all);
  checkBoolean(`${type}: amsgrad`, all.amsgrad);
  const { beta1, beta2, epsilon, amsgrad } = all;
  const decoupled = type === "adamW";
  return optimizer(type, all, {
    slots: amsgrad ? ["m", "v", "vMax"] : ["m", "v"],
    least: [leastStep(beta1), leastMean(beta2)],
    ...(decoupled && { decay: "decoupled" }),
    factorCount: 3,
    factors: (t, rate, decay, out, at) => {
      out[at] = rate / (1 - powerInteger(beta1, t));
      out[at + 1] = 1 / Math.sqrt(1 - powerInteger(beta2, t));
      out[at + 2] = decoupled ? 1 - rate * decay : 1;
    },
    emit: (g, share) => {
      const { slots, factors } = share;
      g.emit("adamStep", {
        ...shared(share, all),
        m: slots[0]!,
        v: slots[1]!,
        ...(amsgrad && { vMax: slots[2]! }),
        stepSize: factors[0]!,
        inverseRootBias2: factors[1]!,
        decay: factors[2]!,
        epsilon,
      });
    },
  });
}

/** Adam (Kingma & Ba 2015, algorithm 1). Defaults: learningRate 0.001, beta1 0.9, beta2 0.999, epsilon 1e-8. */
export function adam(options: AdamOptions = {}): Optimizer {
  return adamKind("adam", options, 0);
}

/** Adam with decoupled weight decay (Loshchilov & Hutter 2019): w *= 1 - learningRate·weightDecay first.
 *  Defaults: weightDecay 0.01, the others as adam's. */
export function adamW(options: AdamOptions = {}): Optimizer {
  return adamKind("adamW", options, 0.01);
}

/** Adamax (Kingma & Ba 2015, algorithm 2): u = max(beta2·u, |g| + epsilon), w -= learningRate / (1 - beta1^t)·m / u.
 *  Defaults: learningRate 0.002, beta1 0.9, beta2 0.999, epsilon 1e-8. */
export function adamax(options: BetaOptions = {}): Optimizer {
  const all = checked("adamax", options, { ...betas, learningRate: 0.002 });
  checkBetas("adamax", all);
  const { beta1, beta2, epsilon } = all;
  return optimizer("adamax", all, {
    slots: ["m", "u"],
    least: [leastStep(beta1), leastMean(beta2)],
    factorCount: 1,
    factors: (t, rate, _, out, at) => {
      out[at] = rate / (1 - powerInteger(beta1, t));
    },
    emit: (g, share) => {
      const { oneMinusBeta2: _, ...operands } = shared(share, all);
      g.emit("adamaxStep", { ...operands, m: share.slots[0]!, u: share.slots[1]!, rate: share.factors[0]!, epsilon });
    },
  });
}

export interface NadamOptions extends BetaOptions {
  /** how fast momentum rises to beta1, >= 0, default 0.004 */
  readonly momentumDecay?: number | undefined;
}

/** Adam with Nesterov's momentum (Dozat 2016): with mu_t = beta1·(1 - 0.5·0.96^(t·momentumDecay)) and M_t = mu_1·…·mu_t,
 *  w -= learningRate·(mu_(t+1)·m / (1 - M_(t+1)) + (1 - mu_t)·g / (1 - M_t)) / (sqrt(v / (1 - beta2^t)) + epsilon).
 *  Defaults: learningRate 0.002, beta1 0.9, beta2 0.999, epsilon 1e-8. */
export function nadam(options: NadamOptions = {}): Optimizer {
  const all = checked("nadam", options, { ...betas, learningRate: 0.002, momentumDecay: 0.004 });
  checkBetas("nadam", all);
  checkNumber("nadam: momentumDecay", all.momentumDecay, { least: 0 });
  const { beta1, beta2, epsilon, momentumDecay } = all;
  const mu = (t: number) => beta1 * (1 - 0.5 * power(0.96, t * momentumDecay));
  const products = [1];
  /** 1 - M_t. Products are kept until 1 - M_t is 1, at most some 37 / (1 - beta1) steps: the same for a t whichever came before. */
  const oneMinusProduct = (t: number) => {
    while (products.length <= t && 1 - products.at(-1)! !== 1) products.push(products.at(-1)! * mu(products.length));
    return 1 - (products[t] ?? 0);
  };
  return optimizer("nadam", all, {
    slots: ["m", "v"],
    least: [leastStep(beta1), leastMean(beta2)],
    factorCount: 3,
    factors: (t, rate, _, out, at) => {
      out[at] = (rate * mu(t + 1)) / oneMinusProduct(t + 1);
      out[at + 1] = (rate * (1 - mu(t))) / oneMinusProduct(t);
      out[at + 2] = 1 / Math.sqrt(1 - powerInteger(beta2, t));
    },
    emit: (g, share) => {
      const { slots, factors } = share;
      g.emit("nadamStep", {
        ...shared(share, all),
        m: slots[0]!,
        v: slots[1]!,
        momentFactor: factors[0]!,
        gradientFactor: factors[1]!,
        inverseRootBias2: factors[2]!,
        epsilon,
      });
    },
  });
}

/** Rectified Adam (Liu et al. 2020): plain momentum until the variance of 1 / sqrt(v) is bounded, then Adam times a factor that grows to 1.
 *  Defaults: learningRate 0.001, beta1 0.9, beta2 0.999, epsilon 1e-8. */
export function radam(options: BetaOptions = {}): Optimizer {
  const all = checked("radam", options, { ...betas, learningRate: 0.001 });
  checkBetas("radam", all);
  const { beta1, beta2, epsilon } = all;
  // The paper's rho: the length of the simple moving average that v is like, at its longest and at step t.
  const longest = 2 / (1 - beta2) - 1;
  return optimizer("radam", all, {
    slots: ["m", "v"],
    least: [leastStep(beta1), leastMean(beta2)],
    factorCount: 3,
    factors: (t, rate, _, out, at) => {
      const left = powerInteger(beta2, t);
      const length = longest - (2 * t * left) / (1 - left);
      const adaptive = length > 5;
      const rectification = adaptive
        ? Math.sqrt((((length - 4) * (length - 2) * longest) / ((longest - 4) * (longest - 2) * length)) * (1 - left))
        : 1;
      out[at] = (rate * rectification) / (1 - powerInteger(beta1, t));
      out[at + 1] = adaptive ? 1 : 0;
      out[at + 2] = adaptive ? epsilon : 1;
    },
    emit: (g, share) => {
      const { slots, factors } = share;
      g.emit("radamStep", {
        ...shared(share, all),
        m: slots[0]!,
        v: slots[1]!,
        stepSize: factors[0]!,
        rootFactor: factors[1]!,
        floor: factors[2]!,
      });
    },
  });
}
