// What a network computes, in float64 and by plain loops: no plan, no kernel, nothing of src/ but the data that describes a network.
// Forward and backward by formulas worked out by hand, so that a mistake in the compiler cannot be here too.
import type { Activation, ChainOptions, Layer, Loss, NamedTensor, Optimizer } from "../src/index.js";

interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/** Rows of so many columns; of higher ranks all axes but the last are rows. */
interface Matrix {
  readonly columns: number;
  readonly values: Float64Array;
}

export interface Backpropagated {
  /** without penalties */
  readonly loss: number;
  readonly penalty: number;
  readonly prediction: Float64Array;
  /** of loss and penalties, in the order of the parameters */
  readonly gradients: readonly Float64Array[];
  readonly inputGradient: Float64Array;
}

export class Reference {
  readonly parameters: readonly Parameter[];
  private readonly state: Record<string, Float64Array>[];
  private steps = 0;

  /** @param parameters where it starts from, as `net.parameters()` gives them */
  constructor(
    private readonly options: ChainOptions,
    parameters: readonly NamedTensor[],
  ) {
    this.parameters = parameters.map(({ name, shape, values }) => ({ name, shape, values: Float64Array.from(values) }));
    const start = Number(this.options.optimizer?.options.initialAccumulator ?? 0);
    this.state = this.parameters.map(({ values }) => ({
      m: new Float64Array(values.length),
      v: new Float64Array(values.length),
      vMax: new Float64Array(values.length),
      h: new Float64Array(values.length).fill(start),
    }));
  }

  predict(inputs: ArrayLike<number>): Float64Array {
    return this.forward(inputs, 0).at(-1)!.output.values;
  }

  /** Loss without dropout, and penalties. */
  loss(inputs: ArrayLike<number>, targets: ArrayLike<number>): number {
    return this.lossOf(this.forward(inputs, 0).at(-1)!.output, inputs, targets).loss + this.penalty();
  }

  /** As the next training step has it, dropout included. */
  backpropagate(inputs: ArrayLike<number>, targets: ArrayLike<number>): Backpropagated {
    const trail = this.forward(inputs, this.steps + 1);
    const prediction = trail.at(-1)!.output;
    const { loss, gradient } = this.lossOf(prediction, inputs, targets);
    const gradients = this.parameters.map(({ values }) => new Float64Array(values.length));
    let dy = gradient;
    for (const { layer, input, z, mask, first } of [...trail].reverse()) {
      if (layer.kind === "dropout") dy = dy.map((value, i) => value * mask![i]!);
      if (layer.kind === "activation" || layer.kind === "dense") dy = activationBackward(layer.options.activation as Activation, z!, dy);
      if (layer.kind === "dense") dy = this.denseBackward(layer, input, dy, first, gradients);
    }
    return { loss, penalty: this.penalty(), prediction: prediction.values, gradients, inputGradient: dy };
  }

  /** One update. @returns the loss before it, penalties included */
  train(inputs: ArrayLike<number>, targets: ArrayLike<number>): number {
    const { loss, penalty, gradients } = this.backpropagate(inputs, targets);
    this.steps += 1;
    const optimizer = this.options.optimizer!;
    const groupsOf = this.parameters.map((parameter) => settingsOf(optimizer, parameter));
    clip(
      optimizer,
      gradients.filter((_, p) => !groupsOf[p]!.frozen),
    );
    this.parameters.forEach(({ values }, p) => {
      if (!groupsOf[p]!.frozen) update(optimizer, this.steps, values, gradients[p]!, this.state[p]!, groupsOf[p]);
    });
    return loss + penalty;
  }

  private forward(inputs: ArrayLike<number>, step: number) {
    const { input, layers, seed = 0 } = this.options;
    let x: Matrix = { columns: typeof input === "number" ? input : input.at(-1)!, values: Float64Array.from(inputs) };
    let first = 0;
    let dropouts = 0;
    return layers.map((layer) => {
      const record = { layer, input: x, first, ...this.apply(layer, x, first, { step, seed, stream: 256 + dropouts }) };
      if (layer.kind === "dense") first += layer.options.bias === false ? 1 : 2;
      if (layer.kind === "dropout") dropouts += 1;
      x = record.output;
      return record;
    });
  }

  private apply(layer: Layer, x: Matrix, first: number, random: DropoutWords): { output: Matrix; z?: Matrix; mask?: Float64Array } {
    switch (layer.kind) {
      case "dense": {
        const z = this.denseForward(layer, x, first);
        return { z, output: activationForward(layer.options.activation as Activation, z) };
      }
      case "activation":
        return { z: x, output: activationForward(layer.options.activation as Activation, x) };
      case "dropout": {
        if (random.step === 0) return { output: x, mask: new Float64Array(x.values.length).fill(1) };
        const mask = dropoutMask(layer.options.rate as number, x, random);
        return { mask, output: { ...x, values: x.values.map((value, i) => value * mask[i]!) } };
      }
      default:
        throw new Error(`reference: no layer ${layer.kind}`);
    }
  }

  private denseForward(layer: Layer, x: Matrix, first: number): Matrix {
    const units = layer.options.units as number;
    const weight = this.parameters[first]!.values;
    const bias = layer.options.bias === false ? undefined : this.parameters[first + 1]!.values;
    const rows = x.values.length / x.columns;
    const values = new Float64Array(rows * units);
    for (let r = 0; r < rows; ++r)
      for (let u = 0; u < units; ++u) {
        let sum = bias?.[u] ?? 0;
        for (let i = 0; i < x.columns; ++i) sum += x.values[r * x.columns + i]! * weight[i * units + u]!;
        values[r * units + u] = sum;
      }
    return { columns: units, values };
  }

  /** @returns dx */
  private denseBackward(layer: Layer, x: Matrix, dz: Float64Array, first: number, gradients: readonly Float64Array[]): Float64Array {
    const { units, bias, kernelL1, kernelL2 } = layer.options as { units: number; bias: unknown; kernelL1: number; kernelL2: number };
    const weight = this.parameters[first]!.values;
    const dw = gradients[first]!;
    const db = bias === false ? undefined : gradients[first + 1]!;
    const rows = x.values.length / x.columns;
    const dx = new Float64Array(x.values.length);
    for (let r = 0; r < rows; ++r)
      for (let u = 0; u < units; ++u) {
        const d = dz[r * units + u]!;
        if (db) db[u]! += d;
        for (let i = 0; i < x.columns; ++i) {
          dw[i * units + u]! += x.values[r * x.columns + i]! * d;
          dx[r * x.columns + i]! += weight[i * units + u]! * d;
        }
      }
    weight.forEach((w, i) => {
      dw[i]! += kernelL1 * Math.sign(w) + 2 * kernelL2 * w;
    });
    return dx;
  }

  private penalty(): number {
    let penalty = 0;
    let first = 0;
    for (const { kind, options } of this.options.layers) {
      if (kind !== "dense") continue;
      for (const w of this.parameters[first]!.values)
        penalty += (options.kernelL1 as number) * Math.abs(w) + (options.kernelL2 as number) * w * w;
      first += options.bias === false ? 1 : 2;
    }
    return penalty;
  }

  private lossOf(prediction: Matrix, inputs: ArrayLike<number>, targets: ArrayLike<number>): { loss: number; gradient: Float64Array } {
    const { loss, input } = this.options;
    const samples = inputs.length / (typeof input === "number" ? input : input.reduce((a, b) => a * b, 1));
    return lossOf(loss, prediction, targets, samples);
  }
}

// ---- activations

/** 2/√π·e^(-x²)·Σ 2ⁿ·x^(2n+1) / (1·3·5···(2n+1)), all of one sign (Abramowitz & Stegun 7.1.6); beyond 6 it is ±1 in float64. */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); ++n) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const normal = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
/** tanh's argument in gelu's approximation (Hendrycks & Gimpel 2016), and its derivative. */
const inner = (x: number) => Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
const innerSlope = (x: number) => Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);

/** selu's (Klambauer et al. 2017) */
const LAMBDA = 1.0507009873554805;
const ALPHA = 1.6732632423543772;

/** f and f', of x and alpha. */
export const activations: Readonly<Record<string, readonly [(x: number, alpha: number) => number, (x: number, alpha: number) => number]>> =
  {
    linear: [(x) => x, () => 1],
    relu: [(x) => Math.max(x, 0), (x) => (x > 0 ? 1 : 0)],
    leakyRelu: [(x, alpha) => (x > 0 ? x : alpha * x), (x, alpha) => (x > 0 ? 1 : alpha)],
    elu: [(x, alpha) => (x > 0 ? x : alpha * Math.expm1(x)), (x, alpha) => (x > 0 ? 1 : alpha * Math.exp(x))],
    sigmoid: [sigmoid, (x) => sigmoid(x) * sigmoid(-x)],
    tanh: [Math.tanh, (x) => 1 - Math.tanh(x) ** 2],
    softplus: [(x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), sigmoid],
    silu: [(x) => x * sigmoid(x), (x) => sigmoid(x) * (1 + x * sigmoid(-x))],
    selu: [(x) => LAMBDA * (x > 0 ? x : ALPHA * Math.expm1(x)), (x) => LAMBDA * (x > 0 ? 1 : ALPHA * Math.exp(x))],
    celu: [(x, alpha) => (x > 0 ? x : alpha * Math.expm1(x / alpha)), (x, alpha) => (x > 0 ? 1 : Math.exp(x / alpha))],
    mish: [
      (x) => x * Math.tanh(Math.log1p(Math.exp(x))),
      (x) => {
        const t = Math.tanh(Math.log1p(Math.exp(x)));
        return t + x * (1 - t * t) * sigmoid(x);
      },
    ],
    softsign: [(x) => x / (1 + Math.abs(x)), (x) => (1 + Math.abs(x)) ** -2],
    logSigmoid: [(x) => Math.log(sigmoid(x)), (x) => sigmoid(-x)],
    hardSigmoid: [(x) => Math.min(Math.max(x + 3, 0), 6) / 6, (x) => (Math.abs(x) < 3 ? 1 / 6 : 0)],
    hardSwish: [(x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6, (x) => (x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6)],
    hardTanh: [(x) => Math.min(Math.max(x, -1), 1), (x) => (Math.abs(x) < 1 ? 1 : 0)],
    relu6: [(x) => Math.min(Math.max(x, 0), 6), (x) => (x > 0 && x < 6 ? 1 : 0)],
    gelu: [(x) => (x * (1 + erf(x / Math.SQRT2))) / 2, (x) => (1 + erf(x / Math.SQRT2)) / 2 + x * normal(x)],
    geluTanh: [
      (x) => 0.5 * x * (1 + Math.tanh(inner(x))),
      (x) => 0.5 * (1 + Math.tanh(inner(x))) + 0.5 * x * (1 - Math.tanh(inner(x)) ** 2) * innerSlope(x),
    ],
  };

export function softmax(row: Float64Array): Float64Array {
  const largest = Math.max(...row);
  const powers = row.map((x) => Math.exp(x - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

function activationForward({ type, alpha = 0 }: Activation, { columns, values }: Matrix): Matrix {
  if (activations[type]) return { columns, values: values.map((x) => activations[type]![0](x, alpha)) };
  const out = new Float64Array(values.length);
  for (let at = 0; at < values.length; at += columns) {
    const row = softmax(values.subarray(at, at + columns));
    out.set(type === "logSoftmax" ? row.map(Math.log) : row, at);
  }
  return { columns, values: out };
}

function activationBackward({ type, alpha = 0 }: Activation, { columns, values }: Matrix, dy: Float64Array): Float64Array {
  if (activations[type]) return dy.map((d, i) => d * activations[type]![1](values[i]!, alpha));
  const dx = new Float64Array(values.length);
  for (let at = 0; at < values.length; at += columns) {
    const y = softmax(values.subarray(at, at + columns));
    // The Jacobian: dy_i/dx_j = y_i·([i = j] - y_j); of the logarithm without y_i.
    for (let i = 0; i < columns; ++i)
      for (let j = 0; j < columns; ++j) dx[at + j]! += dy[at + i]! * (type === "logSoftmax" ? 1 : y[i]!) * ((i === j ? 1 : 0) - y[j]!);
  }
  return dx;
}

// ---- dropout

interface DropoutWords {
  readonly seed: number;
  readonly stream: number;
  /** 0: not training */
  readonly step: number;
}

/** 0 with probability `rate`, else 1 / (1 - rate), by the random words that assembly/random.ts states for each row and column. */
function dropoutMask(rate: number, { columns, values }: Matrix, { seed, stream, step }: DropoutWords): Float64Array {
  return values.map((_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    const counter = (row * Math.ceil(columns / 8) + Math.floor(column / 8)) * 4 + (column % 4);
    const word = threefry([seed, stream], [step, counter])[Math.floor(column / 4) % 2]!;
    return word >= Math.round(rate * 2 ** 32) ? 1 / (1 - rate) : 0;
  });
}

/** Threefry2x32-20, written from Salmon, Moraes, Dror and Shaw, SC 2011, section 3.3 and table 2. */
export function threefry(key: readonly [number, number], counter: readonly [number, number]): [number, number] {
  const rotations = [13, 15, 26, 6, 17, 29, 16, 24];
  const keys = [key[0], key[1], (key[0] ^ key[1] ^ 0x1bd11bda) >>> 0];
  const add = (a: number, b: number) => (a + b) % 2 ** 32;
  let [x0, x1] = [add(counter[0], keys[0]!), add(counter[1], keys[1]!)];
  for (let round = 0; round < 20; ++round) {
    x0 = add(x0, x1);
    const left = rotations[round % 8]!;
    x1 = (((x1 << left) | (x1 >>> (32 - left))) ^ x0) >>> 0;
    if (round % 4 !== 3) continue;
    const injection = (round + 1) / 4;
    x0 = add(x0, keys[injection % 3]!);
    x1 = add(add(x1, keys[(injection + 1) % 3]!), injection);
  }
  return [x0, x1];
}

// ---- losses

/** A term's value and its derivative by p. */
type Term = (p: number, y: number, options: Readonly<Record<string, unknown>>) => readonly [number, number];

const terms: Readonly<Record<string, Term>> = {
  meanSquaredError: (p, y) => [(p - y) ** 2, 2 * (p - y)],
  meanAbsoluteError: (p, y) => [Math.abs(p - y), Math.sign(p - y)],
  huber: (p, y, { delta }) => {
    const [e, d] = [p - y, delta as number];
    return Math.abs(e) <= d ? [0.5 * e * e, e] : [d * (Math.abs(e) - 0.5 * d), d * Math.sign(e)];
  },
  binaryCrossEntropy: (p, y, { fromLogits }) =>
    fromLogits
      ? [Math.max(p, 0) - p * y + Math.log1p(Math.exp(-Math.abs(p))), sigmoid(p) - y]
      : [-(y * Math.log(p) + (1 - y) * Math.log1p(-p)), (1 - y) / (1 - p) - y / p],
};

/** @param samples rows of the batch; a sample may have several rows of its last axis */
function lossOf(
  { type, options }: Loss,
  { columns, values: p }: Matrix,
  targets: ArrayLike<number>,
  samples: number,
): { loss: number; gradient: Float64Array } {
  const gradient = new Float64Array(p.length);
  const categorical = type === "categoricalCrossEntropy" || type === "sparseCategoricalCrossEntropy";
  const count = options.reduction === "sum" ? 1 : categorical ? p.length / columns : p.length;
  const scale = (options.weight as number) / count;
  if (samples * columns > p.length) throw new Error("reference: fewer predictions than samples");
  let sum = 0;
  if (!categorical) {
    p.forEach((value, i) => {
      const [term, slope] = terms[type]!(value, targets[i]!, options);
      sum += term;
      gradient[i] = scale * slope;
    });
    return { loss: scale * sum, gradient };
  }
  for (let r = 0; r < p.length / columns; ++r) {
    const row = p.subarray(r * columns, (r + 1) * columns);
    const q = options.fromLogits ? softmax(row) : row;
    const y = row.map((_, c) => (type === "sparseCategoricalCrossEntropy" ? (targets[r] === c ? 1 : 0) : targets[r * columns + c]!));
    const mass = y.reduce((a, b) => a + b, 0);
    y.forEach((weight, c) => {
      if (weight !== 0) sum -= weight * Math.log(q[c]!);
      gradient[r * columns + c] = scale * (options.fromLogits ? mass * q[c]! - weight : -weight / q[c]!);
    });
  }
  return { loss: scale * sum, gradient };
}

// ---- optimizers

/** What the optimizer's groups make of a parameter's options: the groups that take it, one over the other. */
function settingsOf({ groups = [] }: Optimizer, { name, shape }: Pick<NamedTensor, "name" | "shape">): Settings {
  const literal = (pattern: string) => pattern.replaceAll(".", "[.]").replaceAll("*", ".*");
  const takes = (pattern: string) => new RegExp(`^(${literal(pattern)}([.].*)?|(.*[.])?${literal(pattern)})$`).test(name);
  const taken = groups.filter(({ match = "*", rank = shape.length }) => [match].flat().some(takes) && rank === shape.length);
  return Object.assign({}, ...taken);
}

interface Settings {
  readonly learningRateFactor?: number;
  readonly weightDecay?: number;
  readonly frozen?: boolean;
}

export function clip({ clip: rule }: Optimizer, gradients: readonly Float64Array[]): void {
  if (!rule) return;
  const squares = gradients.map((g) => g.reduce((a, b) => a + b * b, 0));
  const norm = Math.sqrt(squares.reduce((a, b) => a + b, 0));
  gradients.forEach((g, p) => {
    const factor = Math.min(1, rule.value / (rule.type === "globalNorm" ? norm : Math.sqrt(squares[p]!)));
    for (let i = 0; i < g.length; ++i) g[i] = rule.type === "value" ? Math.max(-rule.value, Math.min(rule.value, g[i]!)) : g[i]! * factor;
  });
}

/** Step t = 1, 2, … of one parameter. Formulas: test/golden/README.md, section Optimizers. */
export function update(
  optimizer: Optimizer,
  t: number,
  w: Float64Array,
  gradient: Float64Array,
  state: Record<string, Float64Array>,
  settings: Settings = {},
): void {
  const o = { ...optimizer.options, ...settings } as Readonly<Record<string, number>>;
  const { m, v, vMax, h } = state as { m: Float64Array; v: Float64Array; vMax: Float64Array; h: Float64Array };
  const rate = optimizer.schedule.rate(t - 1) * (settings.learningRateFactor ?? 1);
  const decoupled = optimizer.type === "adamW" || optimizer.type === "lion";
  for (let i = 0; i < w.length; ++i) {
    const g = gradient[i]! + (decoupled ? 0 : o.weightDecay! * w[i]!);
    switch (optimizer.type) {
      case "sgd": {
        v[i] = t === 1 ? g : o.momentum! * v[i]! + (1 - o.dampening!) * g;
        w[i]! -= rate * (o.momentum === 0 ? g : o.nesterov ? g + o.momentum! * v[i]! : v[i]!);
        break;
      }
      case "adam":
      case "adamW": {
        if (optimizer.type === "adamW") w[i]! *= 1 - rate * o.weightDecay!;
        m[i] = o.beta1! * m[i]! + (1 - o.beta1!) * g;
        v[i] = o.beta2! * v[i]! + (1 - o.beta2!) * g * g;
        vMax[i] = Math.max(vMax[i]!, v[i]!);
        const second = (o.amsgrad ? vMax[i]! : v[i]!) / (1 - o.beta2! ** t);
        w[i]! -= (rate * (m[i]! / (1 - o.beta1! ** t))) / (Math.sqrt(second) + o.epsilon!);
        break;
      }
      case "adamax": {
        m[i] = o.beta1! * m[i]! + (1 - o.beta1!) * g;
        v[i] = Math.max(o.beta2! * v[i]!, Math.abs(g) + o.epsilon!);
        w[i]! -= ((rate / (1 - o.beta1! ** t)) * m[i]!) / v[i]!;
        break;
      }
      case "nadam": {
        m[i] = o.beta1! * m[i]! + (1 - o.beta1!) * g;
        v[i] = o.beta2! * v[i]! + (1 - o.beta2!) * g * g;
        const mu = (s: number) => o.beta1! * (1 - 0.5 * 0.96 ** (s * o.momentumDecay!));
        let product = 1;
        for (let s = 1; s <= t; ++s) product *= mu(s);
        const ahead = (mu(t + 1) * m[i]!) / (1 - product * mu(t + 1)) + ((1 - mu(t)) * g) / (1 - product);
        w[i]! -= (rate * ahead) / (Math.sqrt(v[i]! / (1 - o.beta2! ** t)) + o.epsilon!);
        break;
      }
      case "radam": {
        m[i] = o.beta1! * m[i]! + (1 - o.beta1!) * g;
        v[i] = o.beta2! * v[i]! + (1 - o.beta2!) * g * g;
        const R = 2 / (1 - o.beta2!) - 1;
        const r = R - (2 * t * o.beta2! ** t) / (1 - o.beta2! ** t);
        const rectified = Math.sqrt(((r - 4) * (r - 2) * R) / ((R - 4) * (R - 2) * r)) * Math.sqrt(1 - o.beta2! ** t);
        w[i]! -= ((rate * m[i]!) / (1 - o.beta1! ** t)) * (r > 5 ? rectified / (Math.sqrt(v[i]!) + o.epsilon!) : 1);
        break;
      }
      case "adadelta": {
        v[i] = o.rho! * v[i]! + (1 - o.rho!) * g * g;
        const step = (Math.sqrt(h[i]! + o.epsilon!) / Math.sqrt(v[i]! + o.epsilon!)) * g;
        h[i] = o.rho! * h[i]! + (1 - o.rho!) * step * step;
        w[i]! -= rate * step;
        break;
      }
      case "lion": {
        w[i]! -= rate * (Math.sign(o.beta1! * m[i]! + (1 - o.beta1!) * g) + o.weightDecay! * w[i]!);
        m[i] = o.beta2! * m[i]! + (1 - o.beta2!) * g;
        break;
      }
      case "rmsprop": {
        v[i] = o.rho! * v[i]! + (1 - o.rho!) * g * g;
        m[i] = o.rho! * m[i]! + (1 - o.rho!) * g;
        const step = g / (Math.sqrt(v[i]! - (o.centered ? m[i]! ** 2 : 0)) + o.epsilon!);
        h[i] = o.momentum! * h[i]! + step;
        w[i]! -= rate * h[i]!;
        break;
      }
      case "adagrad":
        h[i]! += g * g;
        w[i]! -= ((rate / (1 + (t - 1) * o.learningRateDecay!)) * g) / (Math.sqrt(h[i]!) + o.epsilon!);
        break;
      default:
        throw new Error(`reference: no optimizer ${optimizer.type}`);
    }
  }
}
