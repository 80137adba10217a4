// Activations by name. Each composes ops of the table; their kernels are in assembly/activations.ts,
// piecewise.ts, smooth.ts and softmax.ts.
import { checkNumber, checkOneOf, checkOptions } from "./checks.js";
import type { Builder } from "./plan/builder.js";
import type { Tensor } from "./plan/tensor.js";

interface Rule {
  apply(g: Builder, x: Tensor, alpha: number): Tensor;
  /** Default of the option alpha, if there is one. */
  readonly alpha?: number;
  /** alpha may not be 0. */
  readonly positive?: boolean;
}

const rules = {
  linear: { apply: (_, x) => x },
  relu: { apply: (g, x) => g.elementwise("reluForward", x) },
  leakyRelu: { apply: (g, x, alpha) => g.elementwise("leakyReluForward", x, alpha), alpha: 0.01 },
  sigmoid: { apply: (g, x) => g.elementwise("sigmoidForward", x) },
  tanh: { apply: (g, x) => g.elementwise("tanhForward", x) },
  softmax: { apply: (g, x) => g.softmax(x) },
  softplus: { apply: (g, x) => g.elementwise("softplusForward", x) },
  elu: { apply: (g, x, alpha) => g.elementwise("eluForward", x, alpha), alpha: 1 },
  gelu: { apply: (g, x) => g.elementwise("geluForward", x) },
  geluTanh: { apply: (g, x) => g.elementwise("geluTanhForward", x) },
  silu: { apply: (g, x) => g.elementwise("siluForward", x) },
  selu: { apply: (g, x) => g.elementwise("seluForward", x) },
  celu: { apply: (g, x, alpha) => g.elementwise("celuForward", x, alpha), alpha: 1, positive: true },
  mish: { apply: (g, x) => g.elementwise("mishForward", x) },
  softsign: { apply: (g, x) => g.elementwise("softsignForward", x) },
  logSigmoid: { apply: (g, x) => g.elementwise("logSigmoidForward", x) },
  hardSigmoid: { apply: (g, x) => g.elementwise("hardSigmoidForward", x) },
  hardSwish: { apply: (g, x) => g.elementwise("hardSwishForward", x) },
  hardTanh: { apply: (g, x) => g.elementwise("hardTanhForward", x) },
  relu6: { apply: (g, x) => g.elementwise("relu6Forward", x) },
  logSoftmax: { apply: (g, x) => g.logSoftmax(x) },
} satisfies Record<string, Rule>;

/** - linear x · relu max(0, x) · sigmoid 1/(1 + e^-x) · tanh · softplus log(1 + e^x) · silu x·sigmoid(x)
 *  - leakyRelu x > 0 ? x : alpha·x (alpha >= 0, default 0.01) · elu x > 0 ? x : alpha·(e^x - 1) (alpha >= 0, default 1)
 *  - gelu x·(1 + erf(x/√2))/2 · geluTanh 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))
 *  - selu λ·(x > 0 ? x : α·(e^x - 1)), λ = 1.0507…, α = 1.6733… · celu x > 0 ? x : alpha·(e^(x/alpha) - 1) (alpha > 0, default 1)
 *  - mish x·tanh(log(1 + e^x)) · softsign x/(1 + |x|) · logSigmoid -log(1 + e^-x)
 *  - hardSigmoid clip(x + 3, 0, 6)/6 · hardSwish x·hardSigmoid(x) · hardTanh clip(x, -1, 1) · relu6 clip(x, 0, 6)
 *  - softmax e^x / sum of e^x over the last axis · logSoftmax its logarithm */
export type ActivationName = keyof typeof rules;

/** By its name, with its option. */
export interface BuiltInActivation {
  readonly type: ActivationName;
  /** Of leakyRelu, elu and celu only. */
  readonly alpha?: number;
}

/** An activation of the user's own; see `customActivation`. */
export interface CustomActivation {
  readonly type: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly apply: (g: Builder, x: Tensor) => Tensor;
  readonly alpha?: undefined;
}

export type Activation = BuiltInActivation | CustomActivation;

export const activationNames = Object.keys(rules) as readonly ActivationName[];

/** The activation a user named, as plain data with its option filled in.
 *  @throws {OptionError} if the name is unknown or alpha out of range */
export function toActivation(who: string, given: ActivationName | Activation): Activation {
  if (isCustom(given)) return given;
  const { type, alpha } = typeof given === "string" ? { type: given, alpha: undefined } : (given ?? {});
  checkOneOf(who, type ?? given, activationNames);
  const rule: Rule = rules[type];
  if (typeof given !== "string") checkOptions(`${who}: ${type}`, given, rule.alpha === undefined ? ["type"] : ["type", "alpha"]);
  if (rule.alpha === undefined) return { type };
  const chosen = alpha === undefined ? rule.alpha : alpha;
  // A negative slope would turn the sign of y, from which the gradient is told.
  checkNumber(`${who}: alpha`, chosen, rule.positive ? { above: 0 } : { least: 0 });
  return { type, alpha: chosen };
}

export function activate(g: Builder, x: Tensor, activation: Activation): Tensor {
  return isCustom(activation) ? activation.apply(g, x) : rules[activation.type].apply(g, x, activation.alpha ?? 0);
}

function isCustom(given: unknown): given is CustomActivation {
  const { type, apply } = (given ?? {}) as Partial<CustomActivation>;
  return typeof type === "string" && typeof apply === "function";
}

/** x > 0 ? x : alpha·x. @param alpha at least 0 */
export function leakyRelu(alpha = 0.01): Activation {
  return toActivation("leakyRelu", { type: "leakyRelu", alpha });
}

/** x > 0 ? x : alpha·(e^x - 1). @param alpha at least 0 */
export function elu(alpha = 1): Activation {
  return toActivation("elu", { type: "elu", alpha });
}

/** x > 0 ? x : alpha·(e^(x/alpha) - 1). @param alpha above 0 */
export function celu(alpha = 1): Activation {
  return toActivation("celu", { type: "celu", alpha });
}
