// Optimizers: plain data, what their state is, the factors that change with the step (float64, rounded once), and the op that applies them.
// Formulas: test/golden/README.md, section Optimizers.
import { Step } from "../assembly/opcodes.js";
import { checkBoolean, checkNumber, checkOneOf, checkOptions } from "./checks.js";
import { FormatError } from "./errors.js";
import { powerInteger } from "./float64.js";
import type { Builder } from "./plan/builder.js";
import type { Extent, Tensor } from "./plan/tensor.js";

export interface Optimizer {
  readonly type: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** State: one slab of the parameters' size each. */
  readonly slots: readonly string[];
  /** What the state is at the start, default 0. */
  readonly slotValue?: number;
  readonly clip?: Clip;
  /** How many numbers `factors` writes. */
  readonly factorCount: number;
  /** The factors of step t = 1, 2, …, into `out` from `at` on. */
  factors(t: number, out: Float32Array, at: number): void;
  emit(g: Builder, slabs: Slabs): void;
}

export interface Slabs {
  readonly w: Tensor;
  readonly g: Tensor;
  readonly slots: readonly Tensor[];
  /** Byte offsets of the factors in a step's record. */
  readonly factors: readonly number[];
  readonly end: Extent;
}

/** Of the raw gradients, before weight decay. `globalNorm`: all of them together are scaled to a norm of at most `value`;
 *  `value`: each element is held within ±value. */
export interface Clip {
  readonly type: "globalNorm" | "value";
  readonly value: number;
}

interface Common {
  /** step size, >= 0 */
  readonly learningRate?: number;
  readonly clip?: Clip;
  /** weightDecay·w is added to each gradient (adamW: w shrinks by learningRate·weightDecay instead); biases too; default 0 */
  readonly weightDecay?: number;
}

const common = ["learningRate", "clip", "weightDecay"];

function checked<O extends Common>(type: string, options: O, known: readonly string[], defaults: Required<Omit<O, "clip">>): Required<Omit<O, "clip">> & { readonly clip?: Clip } {
  checkOptions(type, options, [...common, ...known]);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const all = { ...defaults, ...given } as Required<Omit<O, "clip">> & Common;
  checkNumber(`${type}: learningRate`, all.learningRate, { least: 0 });
  checkNumber(`${type}: weightDecay`, all.weightDecay, { least: 0 });
  if (all.clip !== undefined) {
    checkOptions(`${type}: clip`, all.clip, ["type", "value"]);
    checkOneOf(`${type}: clip.type`, all.clip.type, ["globalNorm", "value"]);
    checkNumber(`${type}: clip.value`, all.clip.value, { above: 0 });
  }
  return all;
}

/** Decay rates of averages: [0, 1). */
function checkRates(type: string, options: Readonly<Record<string, unknown>>, names: readonly string[]): void {
  for (const name of names) checkNumber(`${type}: ${name}`, options[name], { least: 0, below: 1 });
}

/** Epsilons: above 0 as a float32, since padding divides 0 by sqrt(0) + epsilon. 2^-149 is the smallest float32. */
function checkEpsilon(type: string, epsilon: number): void {
  checkNumber(`${type}: epsilon`, epsilon, { least: 2 ** -149 });
}

export interface SgdOptions extends Common {
  /** default 0 */
  readonly momentum?: number;
  /** default 0: v = momentum·v + (1 - dampening)·g from the second step on, g at the first */
  readonly dampening?: number;
  readonly nesterov?: boolean;
}

/** Stochastic gradient descent: w -= learningRate·g; with momentum v = momentum·v + g, w -= learningRate·(nesterov ? g + momentum·v : v). */
export function sgd(options: SgdOptions = {}): Optimizer {
  const all = checked("sgd", options, ["momentum", "dampening", "nesterov"], { learningRate: 0.01, weightDecay: 0, momentum: 0, dampening: 0, nesterov: false });
  checkRates("sgd", all, ["momentum", "dampening"]);
  checkBoolean("sgd: nesterov", all.nesterov);
  const { learningRate, momentum, dampening, nesterov, weightDecay, clip } = all;
  return {
    type: "sgd",
    options: all,
    slots: momentum === 0 ? [] : ["velocity"],
    ...(clip && { clip }),
    factorCount: 2,
    factors: (t, out, at) => {
      out[at] = learningRate;
      out[at + 1] = t === 1 ? 1 : 1 - dampening;
    },
    emit: (g, { w, g: gradient, slots, factors, end }) => {
      const shared = { w, g: gradient, status: Step.Status, rate: factors[0]!, weightDecay, end };
      if (momentum === 0) g.emit("sgdStep", shared);
      else g.emit("sgdMomentumStep", { ...shared, v: slots[0]!, gradientFactor: factors[1]!, momentum, nesterov: nesterov ? 1 : 0 });
    },
  };
}

export interface AdamOptions extends Common {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  /** divides by the largest second moment so far (Reddi et al. 2018) */
  readonly amsgrad?: boolean;
}

function adamKind(type: "adam" | "adamW", options: AdamOptions, weightDecay: number): Optimizer {
  const all = checked(type, options, ["beta1", "beta2", "epsilon", "amsgrad"], {
    learningRate: 0.001,
    weightDecay,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    amsgrad: false,
  });
  checkRates(type, all, ["beta1", "beta2"]);
  checkEpsilon(type, all.epsilon);
  checkBoolean(`${type}: amsgrad`, all.amsgrad);
  const { learningRate, beta1, beta2, epsilon, amsgrad, clip } = all;
  const decoupled = type === "adamW";
  // Each step multiplies w by 1 - learningRate·weightDecay: below 0 it would flip every sign.
  if (decoupled) checkNumber("adamW: learningRate · weightDecay", learningRate * all.weightDecay, { least: 0, most: 1 });
  return {
    type,
    options: all,
    slots: amsgrad ? ["m", "v", "vMax"] : ["m", "v"],
    ...(clip && { clip }),
    factorCount: 3,
    factors: (t, out, at) => {
      out[at] = learningRate / (1 - powerInteger(beta1, t));
      out[at + 1] = 1 / Math.sqrt(1 - powerInteger(beta2, t));
      out[at + 2] = decoupled ? 1 - learningRate * all.weightDecay : 1;
    },
    emit: (g, { w, g: gradient, slots, factors, end }) =>
      g.emit("adamStep", {
        w,
        m: slots[0]!,
        v: slots[1]!,
        ...(amsgrad && { vMax: slots[2]! }),
        g: gradient,
        status: Step.Status,
        stepSize: factors[0]!,
        inverseRootBias2: factors[1]!,
        decay: factors[2]!,
        beta1,
        oneMinusBeta1: 1 - beta1,
        beta2,
        oneMinusBeta2: 1 - beta2,
        epsilon,
        weightDecay: decoupled ? 0 : all.weightDecay,
        end,
      }),
  };
}

/** Adam (Kingma & Ba 2015, algorithm 1). Defaults: learningRate 0.001, beta1 0.9, beta2 0.999, epsilon 1e-8. */
export function adam(options: AdamOptions = {}): Optimizer {
  return adamKind("adam", options, 0);
}

/** Adam with decoupled weight decay (Loshchilov & Hutter 2019): w *= 1 - learningRate·weightDecay first; weightDecay defaults to 0.01. */
export function adamW(options: AdamOptions = {}): Optimizer {
  return adamKind("adamW", options, 0.01);
}

export interface RmspropOptions extends Common {
  readonly rho?: number;
  readonly epsilon?: number;
  readonly momentum?: number;
  readonly centered?: boolean;
}

/** RMSprop (Tieleman & Hinton 2012): v = rho·v + (1 - rho)·g², w -= learningRate·g / (sqrt(v) + epsilon). Defaults: learningRate 0.001, rho 0.9, epsilon 1e-7. */
export function rmsprop(options: RmspropOptions = {}): Optimizer {
  const all = checked("rmsprop", options, ["rho", "epsilon", "momentum", "centered"], {
    learningRate: 0.001,
    weightDecay: 0,
    rho: 0.9,
    epsilon: 1e-7,
    momentum: 0,
    centered: false,
  });
  checkRates("rmsprop", all, ["rho", "momentum"]);
  checkEpsilon("rmsprop", all.epsilon);
  checkBoolean("rmsprop: centered", all.centered);
  const { learningRate, rho, epsilon, momentum, centered, weightDecay, clip } = all;
  const slots = ["v", ...(centered ? ["mean"] : []), ...(momentum > 0 ? ["velocity"] : [])];
  return {
    type: "rmsprop",
    options: all,
    slots,
    ...(clip && { clip }),
    factorCount: 1,
    factors: (_, out, at) => {
      out[at] = learningRate;
    },
    emit: (g, slabs) =>
      g.emit("rmspropStep", {
        w: slabs.w,
        v: slabs.slots[0]!,
        ...(centered && { mean: slabs.slots[slots.indexOf("mean")]! }),
        ...(momentum > 0 && { velocity: slabs.slots[slots.indexOf("velocity")]! }),
        g: slabs.g,
        status: Step.Status,
        rate: slabs.factors[0]!,
        rho,
        oneMinusRho: 1 - rho,
        epsilon,
        momentum,
        weightDecay,
        end: slabs.end,
      }),
  };
}

export interface AdagradOptions extends Common {
  readonly epsilon?: number;
  readonly initialAccumulator?: number;
  /** the rate of step t is learningRate / (1 + (t - 1)·learningRateDecay) */
  readonly learningRateDecay?: number;
}

/** AdaGrad (Duchi et al. 2011): h += g², w -= learningRate·g / (sqrt(h) + epsilon). Defaults: learningRate 0.01, epsilon 1e-7, initialAccumulator 0. */
export function adagrad(options: AdagradOptions = {}): Optimizer {
  const all = checked("adagrad", options, ["epsilon", "initialAccumulator", "learningRateDecay"], {
    learningRate: 0.01,
    weightDecay: 0,
    epsilon: 1e-7,
    initialAccumulator: 0,
    learningRateDecay: 0,
  });
  checkEpsilon("adagrad", all.epsilon);
  checkNumber("adagrad: initialAccumulator", all.initialAccumulator, { least: 0 });
  checkNumber("adagrad: learningRateDecay", all.learningRateDecay, { least: 0 });
  const { learningRate, epsilon, weightDecay, initialAccumulator, learningRateDecay, clip } = all;
  return {
    type: "adagrad",
    options: all,
    slots: ["h"],
    slotValue: initialAccumulator,
    ...(clip && { clip }),
    factorCount: 1,
    factors: (t, out, at) => {
      out[at] = learningRate / (1 + (t - 1) * learningRateDecay);
    },
    emit: (g, { w, g: gradient, slots, factors, end }) =>
      g.emit("adagradStep", { w, h: slots[0]!, g: gradient, status: Step.Status, rate: factors[0]!, epsilon, weightDecay, end }),
  };
}

/** Clipping of the gradient slab, then the optimizer's own step. */
export function emitUpdate(g: Builder, optimizer: Optimizer, slabs: Slabs): void {
  const { clip } = optimizer;
  if (clip?.type === "globalNorm") {
    g.emit("sumSquares", { out: Step.SumSquares, status: Step.Status, g: slabs.g, end: slabs.end });
    g.emit("clipGlobalNorm", { g: slabs.g, sumSquares: Step.SumSquares, limit: clip.value, end: slabs.end });
  } else if (clip) g.emit("clipValue", { g: slabs.g, status: Step.Status, limit: clip.value, end: slabs.end });
  optimizer.emit(g, slabs);
}

const factories: Readonly<Record<string, (options: never) => Optimizer>> = { sgd, adam, adamW, rmsprop, adagrad };

export function restoreOptimizer(type: string, options: Readonly<Record<string, unknown>>): Optimizer {
  const factory = Object.hasOwn(factories, type) ? factories[type] : undefined;
  if (!factory) throw new FormatError(`optimizer is ${JSON.stringify(type)}, expected one of: ${Object.keys(factories).join(", ")}`);
  return factory(options as never);
}
