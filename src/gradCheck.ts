// Are the gradients right? Every parameter's and input's analytic gradient beside central differences of the loss itself, penalties
// included. For users' own layers, losses and activations.
import { checkCount, checkNetwork, checkNumber, checkOptions } from "./checks.js";
import { checkData, type Data, type Rows } from "./data.js";
import { ShapeError } from "./errors.js";
import type { Network } from "./network.js";
import type { NamedTensor } from "./parameters.js";

export interface GradCheckOptions {
  /** What |analytic - numeric| may be, of the tensor's largest gradient; default 1e-3 */
  readonly tolerance?: number;
  /** Elements of each tensor that are checked, evenly spread, at most; default 100 */
  readonly elements?: number;
}

export interface GradCheckElement {
  readonly index: number;
  readonly analytic: number;
  readonly numeric: number;
  /** How well `numeric` is known; large where the loss has a kink nearby. */
  readonly uncertainty: number;
  /** |analytic - numeric| divided by the tensor's largest gradient (or a thousandth of the largest of all tensors', if that is more) */
  readonly relative: number;
}

export interface GradCheckTensor {
  /** A parameter's name, or `<input> (input)`. */
  readonly name: string;
  readonly checked: number;
  readonly elements: number;
  readonly worst: GradCheckElement;
}

export interface GradCheck {
  /** No element is off by more than the tolerance and what is not known of the numeric gradient. */
  readonly agrees: boolean;
  readonly tolerance: number;
  /** Worst first. */
  readonly tensors: readonly GradCheckTensor[];
  /** The same as lines of at most 80 columns, for `console.log`. */
  readonly summary: string;
}

/** Differences are taken with steps of 2^-4, 2^-5, … 2^-14 of an element's scale (its size, the tensor's root mean square or 2^-4, whichever
 *  is most). Two neighbours are extrapolated (Richardson), until the next two say the same: across a kink they do not, and the steps shrink
 *  until it is outside. A float32 loss is known to 2^-23 of its value, so that a step of 2^-6 in weights of about 1 finds the slope to 1e-5
 *  of the loss; wrong formulas are off by far more than the default tolerance. At a kink itself (|x| at 0) there is nothing to agree with. */
const FIRST_STEP = 2 ** -4;
const STEPS = 11;
const RATIO = 2;
const LEAST_UNIT = 2 ** -4;
const LOSS_PRECISION = 2 ** -23;

interface Checked {
  readonly name: string;
  readonly analytic: Float32Array;
  readonly elements: readonly (Omit<GradCheckElement, "relative"> & { readonly error: number })[];
}

/** Compares gradients with central differences of the loss: `net.evaluate`'s, or, where training computes another one (dropout, batch
 *  statistics), that of the next training step, whose random numbers stay the same. The network does not change.
 *  @param data a small batch; every element costs 6 evaluations of it, 22 near a kink
 *  @example console.log(gradCheck(net, { inputs, targets }).summary); */
export function gradCheck(net: Network, data: Data, options: GradCheckOptions = {}): GradCheck {
  checkNetwork("gradCheck", net);
  checkOptions("gradCheck", options, ["tolerance", "elements"]);
  const { tolerance = 1e-3, elements = 100 } = options;
  checkNumber("gradCheck: tolerance", tolerance, { above: 0 });
  checkCount("gradCheck: elements", elements);

  checkData("gradCheck", data);
  const { targets, sampleWeights } = data;
  const trace = net.trace(data.inputs, targets, sampleWeights);
  const gradients = net.gradients(data.inputs, targets, sampleWeights);
  const inputs = flatInputs(data.inputs, trace.inputGradients);
  const trained = Math.abs(net.evaluate(data).loss - trace.loss) > 1e-9 * Math.abs(trace.loss);
  const loss = trained ? () => net.trace(inputs, targets, sampleWeights).loss : () => net.evaluate({ ...data, inputs }).loss;
  const compare = (name: string, values: Float32Array, gradient: NamedTensor, lossWith: (changed: Float32Array) => number): Checked => {
    const scale = largest(gradient.values);
    const root = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length) || 1;
    const each = Math.max(1, values.length / elements);
    const indices = Array.from({ length: Math.min(values.length, elements) }, (_, i) => Math.floor(i * each));
    const found = indices.map((index) => {
      const unit = Math.max(Math.abs(values[index]!), root, LEAST_UNIT);
      const analytic = gradient.values[index]!;
      const { slope, uncertainty } = slopeOf(values, index, unit, analytic, tolerance * scale, lossWith);
      return { index, analytic, numeric: slope, uncertainty, error: Math.abs(analytic - slope) };
    });
    return { name, analytic: gradient.values, elements: found };
  };

  const parameters = net.parameters();
  try {
    const all = [
      ...parameters.map(({ name, values }) =>
        compare(name, values, gradients[name]!, (changed) => {
          net.setParameters([{ name, values: changed }]);
          const found = loss();
          net.setParameters([{ name, values }]);
          return found;
        }),
      ),
      ...Object.entries(inputs).map(([name, values]) =>
        compare(`${name} (input)`, values, trace.inputGradients[name]!, (changed) => {
          inputs[name] = changed;
          const found = loss();
          inputs[name] = values;
          return found;
        }),
      ),
    ];
    return report(all, tolerance);
  } finally {
    net.setParameters(parameters);
  }
}

/** Inputs by name, flat, so that single numbers can be changed. */
function flatInputs(given: Data["inputs"], gradients: Readonly<Record<string, NamedTensor>>): Record<string, Float32Array> {
  const names = Object.keys(gradients);
  const byName =
    Array.isArray(given) || ArrayBuffer.isView(given) ? { [names[0]!]: given as Rows } : (given as Readonly<Record<string, Rows>>);
  return Object.fromEntries(
    names.map((name) => {
      const rows = byName[name];
      if (rows === undefined) throw new ShapeError(`gradCheck: no input ${name}`);
      return [
        name,
        Float32Array.from(
          Array.from(rows as ArrayLike<number | ArrayLike<number>>).flatMap((row) => (typeof row === "number" ? row : Array.from(row))),
        ),
      ];
    }),
  );
}

/** The central difference at `index`, extrapolated from two neighbouring steps, which differs least from that before it. If that is not the
 *  analytic slope, steps go on shrinking, as a kink may be nearer than all before: a smaller step that finds the analytic slope decides. */
function slopeOf(
  values: Float32Array,
  index: number,
  unit: number,
  analytic: number,
  tolerance: number,
  lossWith: (changed: Float32Array) => number,
): { readonly slope: number; readonly uncertainty: number } {
  let best = { slope: Number.NaN, uncertainty: Number.POSITIVE_INFINITY };
  let [difference, extrapolated] = [Number.NaN, Number.NaN];
  const agrees = (slope: number) => Math.abs(slope - analytic) <= tolerance;
  for (let i = 0; i < STEPS && !(best.uncertainty <= tolerance / 16 && agrees(best.slope)); ++i) {
    const step = (FIRST_STEP * unit) / RATIO ** i;
    // What the sums round to, and their true distance.
    const low = values.with(index, values[index]! - step);
    const high = values.with(index, values[index]! + step);
    const [below, above] = [lossWith(low), lossWith(high)];
    const next = (above - below) / (high[index]! - low[index]!);
    // The error of a central difference is about a constant times step².
    const slope = next + (next - difference) / (RATIO ** 2 - 1);
    const uncertainty = Math.abs(slope - extrapolated) + (LOSS_PRECISION * Math.max(Math.abs(above), Math.abs(below))) / step;
    const decides = uncertainty <= tolerance && agrees(slope) && !agrees(best.slope);
    if (uncertainty < best.uncertainty || decides) best = { slope, uncertainty };
    [difference, extrapolated] = [next, slope];
  }
  return best;
}

function report(all: readonly Checked[], tolerance: number): GradCheck {
  const scales = all.map(({ analytic, elements }) => Math.max(largest(analytic), largest(elements.map(({ numeric }) => numeric))));
  const floor = 1e-3 * largest(scales);
  let agrees = true;
  const tensors = all.map(({ name, analytic, elements }, i): GradCheckTensor => {
    const scale = Math.max(scales[i]!, floor) || 1;
    for (const { error, uncertainty } of elements) if (!(error <= tolerance * scale + 2 * uncertainty)) agrees = false;
    const { error, ...worst } = elements.reduce((a, b) => (b.error > a.error ? b : a));
    return { name, checked: elements.length, elements: analytic.length, worst: { ...worst, relative: error / scale } };
  });
  tensors.sort((a, b) => b.worst.relative - a.worst.relative);
  return { agrees, tolerance, tensors, summary: describe(agrees, tolerance, tensors) };
}

function describe(agrees: boolean, tolerance: number, tensors: readonly GradCheckTensor[]): string {
  const row = (name: string, ...cells: string[]) => `  ${name.slice(0, 26).padEnd(26)} ${cells.map((cell) => cell.padStart(11)).join(" ")}`;
  return [
    `gradients ${agrees ? "agree" : "DISAGREE"} with central differences, tolerance ${tolerance}`,
    row("worst element", "analytic", "numeric", "relative", "checked"),
    ...tensors.map(({ name, worst, checked, elements }) =>
      row(
        `${name} [${worst.index}]`,
        worst.analytic.toPrecision(5),
        worst.numeric.toPrecision(5),
        worst.relative.toExponential(1),
        `${checked}/${elements}`,
      ),
    ),
  ].join("\n");
}

function largest(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; ++i) most = Math.max(most, Math.abs(values[i]!));
  return most;
}
