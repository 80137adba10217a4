// Are the gradients right? Every parameter's and input's analytic gradient beside central differences of the loss itself, penalties
// included. For users' own layers, losses and activations.
import { checkCount, checkNetwork, checkNumber, checkOptions } from "../checks.js";
import { checkData, type Data, toInputs } from "../data/data.js";
import { checkMeaning, meaningOf } from "../data/meaning.js";
import { powerInteger } from "../float64.js";
import type { Network } from "../network.js";
import type { NamedTensor } from "../parameters.js";
import { showText } from "./inspect.js";
import { cut, figure } from "./wrap.js";

export interface GradCheckOptions {
  /** What |analytic - numeric| may be, of the tensor's largest gradient; default 1e-3 */
  readonly tolerance?: number | undefined;
  /** Elements of each tensor that are checked, evenly spread, at most; default 100 */
  readonly elements?: number | undefined;
}

export interface GradCheckElement {
  readonly index: number;
  /** As `net.gradients` has it; of an element at a kink, which has two slopes, both numbers are those beside it. */
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
  /** Worst first, as in each the worst element: what is off by most beyond twice its uncertainty. */
  readonly tensors: readonly GradCheckTensor[];
  /** The same as lines of at most 80 columns, which `console.log` of all of it shows in Node. */
  readonly summary: string;
}

/** Differences are taken with steps of 2^-4, 2^-5, … 2^-14 of an element's scale (its size, the tensor's root mean square or 2^-4, whichever
 *  is most). Two neighbours are extrapolated (Richardson), until the next two say the same: across a kink they do not, and the steps shrink
 *  until it is outside. Kinks so near that steps of any size have them inside (|x| at 0) show in how much the slopes to both sides differ:
 *  without a kink that is in proportion to the step. A float32 loss is known to 2^-23 of its value, so that a step of 2^-6 in weights of about 1
 *  finds the slope to 1e-5 of the loss; wrong formulas are off by far more than the default tolerance. What is off is looked at once more, the
 *  element moved by the first step: there a formula that is right is so, and a kink where the element was is out of the steps' reach. */
const FIRST_STEP = 2 ** -4;
const STEPS = 11;
const RATIO = 2;
const LEAST_UNIT = 2 ** -4;
const LOSS_PRECISION = 2 ** -23;

type Element = Omit<GradCheckElement, "relative"> & { readonly error: number };

interface Checked {
  readonly name: string;
  readonly analytic: Float32Array;
  readonly elements: readonly Element[];
}

/** Compares gradients with central differences of the loss of the next training step, whose random numbers (dropout) stay the same. The
 *  network does not change.
 *  @param data a small batch; every element costs 8 evaluations of it, up to 48 near a kink
 *  @example console.log(gradCheck(net, { inputs, targets }).summary);
 *  @throws {ShapeError} as `evaluate`; {OptionError} an option out of range */
export function gradCheck(net: Network, data: Data, options: GradCheckOptions = {}): GradCheck {
  checkNetwork("gradCheck", net);
  net.assertIdle("gradCheck");
  checkOptions("gradCheck", options, ["tolerance", "elements"]);
  const { tolerance = 1e-3, elements = 100 } = options;
  checkNumber("gradCheck: tolerance", tolerance, { above: 0 });
  checkCount("gradCheck: elements", elements);

  checkData("gradCheck", data);
  checkMeaning("gradCheck", meaningOf("gradCheck", data), net);
  const { targets, sampleWeights } = data;
  const gradients = Object.entries(net.trace(data.inputs, targets, sampleWeights).inputGradients);
  const ports = gradients.map(([name, { shape }]) => ({ name, shape: shape.slice(1) }));
  const { feeds } = toInputs("gradCheck: inputs", data.inputs, ports);
  // By name and flat, so that single numbers can be changed.
  const inputs = Object.fromEntries(ports.map(({ name }, i) => [name, feeds[i]!.values as Float32Array]));
  const trace = () => net.trace(inputs, targets, sampleWeights);
  const compare = (name: string, values: Float32Array, put: (changed: Float32Array) => void, gradient: () => NamedTensor): Checked => {
    const lossWith = (changed: Float32Array) => {
      put(changed);
      return trace().loss;
    };
    const here = gradient().values;
    const scale = largest(here);
    const root = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length) || 1;
    const each = Math.max(1, values.length / elements);
    const indices = Array.from({ length: Math.min(values.length, elements) }, (_, i) => Math.floor(i * each));
    const found = indices.map((index) => {
      const unit = Math.max(Math.abs(values[index]!), root, LEAST_UNIT);
      const at = (point: Float32Array): Element => {
        put(point);
        const analytic = gradient().values[index]!;
        const { slope, uncertainty } = slopeOf(point, index, unit, analytic, tolerance * scale, lossWith);
        return { index, analytic, numeric: slope, uncertainty, error: Math.abs(analytic - slope) };
      };
      const isOff = (element: Element) => excessOf(element) > tolerance * scale;
      const first = at(values);
      // At a kink a gradient is one of the slopes, and so finite.
      if (!isOff(first) || !Number.isFinite(first.analytic)) return first;
      // Where all is flat on one side, as left of a relu, anything agrees: then on the other one.
      const besides = (side: number) => at(values.with(index, values[index]! + side * unit));
      let aside = besides(FIRST_STEP);
      if (!isOff(aside) && aside.analytic === 0) aside = besides(-FIRST_STEP);
      return isOff(aside) ? first : aside;
    });
    put(values);
    return { name, analytic: here, elements: found };
  };

  const parameters = net.parameters();
  try {
    const all = [
      ...parameters.map(({ name, values }) =>
        compare(
          name,
          values,
          (changed) => net.setParameters([{ name, values: changed }]),
          () => net.gradients(inputs, targets, sampleWeights)[name]!,
        ),
      ),
      ...Object.entries(inputs).map(([name, values]) =>
        compare(
          `${name} (input)`,
          values,
          (changed) => {
            inputs[name] = changed;
          },
          () => trace().inputGradients[name]!,
        ),
      ),
    ];
    return report(all, tolerance);
  } finally {
    net.setParameters(parameters);
  }
}

/** The central difference at `index`, extrapolated from two neighbouring steps, which differs least from that before it. If that is not the
 *  analytic slope, steps go on shrinking, as a kink may be nearer than all before: a smaller step that contradicts is right. */
function slopeOf(
  values: Float32Array,
  index: number,
  unit: number,
  analytic: number,
  tolerance: number,
  lossWith: (changed: Float32Array) => number,
): { readonly slope: number; readonly uncertainty: number } {
  const here = lossWith(values);
  let best = { slope: Number.NaN, uncertainty: Number.POSITIVE_INFINITY };
  let [difference, extrapolated, bend] = [Number.NaN, Number.NaN, Number.NaN];
  const agrees = (slope: number) => Math.abs(slope - analytic) <= tolerance;
  for (let i = 0; i < STEPS && !(best.uncertainty <= tolerance / 16 && agrees(best.slope)); ++i) {
    const step = (FIRST_STEP * unit) / powerInteger(RATIO, i);
    // What the sums round to, and their true distance.
    const low = values.with(index, values[index]! - step);
    const high = values.with(index, values[index]! + step);
    const [below, above] = [lossWith(low), lossWith(high)];
    const next = (above - below) / (high[index]! - low[index]!);
    // The error of a central difference is about a constant times step².
    const slope = next + (next - difference) / (RATIO * RATIO - 1);
    const between = (above - here) / (high[index]! - values[index]!) - (here - below) / (values[index]! - low[index]!);
    const noise = (LOSS_PRECISION * Math.max(Math.abs(above), Math.abs(below))) / step;
    const uncertainty = Math.abs(slope - extrapolated) + Math.abs(between - bend / RATIO) + noise;
    const contradicts = Math.abs(slope - best.slope) > uncertainty + best.uncertainty;
    if (uncertainty < best.uncertainty || contradicts) best = { slope, uncertainty };
    [difference, extrapolated, bend] = [next, slope, between];
  }
  return best;
}

/** Elements and tensors rank by how far they are off beyond what is not known. */
function report(all: readonly Checked[], tolerance: number): GradCheck {
  const scales = all.map(({ analytic, elements }) => Math.max(largest(analytic), largest(elements.map(({ numeric }) => numeric))));
  const floor = 1e-3 * largest(scales);
  const ranked = all.map(({ name, analytic, elements }, i) => {
    const scale = Math.max(scales[i]!, floor) || 1;
    const { element, excess } = elements
      .map((element) => ({ element, excess: excessOf(element) / scale }))
      .reduce((a, b) => (b.excess > a.excess ? b : a));
    const { error, ...worst } = element;
    return { excess, tensor: { name, checked: elements.length, elements: analytic.length, worst: { ...worst, relative: error / scale } } };
  });
  ranked.sort((a, b) => b.excess - a.excess);
  const agrees = ranked.every(({ excess }) => excess <= tolerance);
  const tensors = ranked.map(({ tensor }) => tensor);
  const summary = describe(agrees, tolerance, tensors);
  return showText({ agrees, tolerance, tensors, summary }, () => summary);
}

/** A slope that is no number is off by any. */
function excessOf({ error, uncertainty }: Element): number {
  const excess = error - 2 * uncertainty;
  return Number.isNaN(excess) ? Number.POSITIVE_INFINITY : excess;
}

function describe(agrees: boolean, tolerance: number, tensors: readonly GradCheckTensor[]): string {
  const row = (name: string, ...cells: string[]) => `  ${name.padEnd(26)} ${cells.map((cell) => cell.padStart(11)).join(" ")}`;
  return [
    `gradients ${agrees ? "agree" : "DISAGREE"} with central differences, tolerance ${tolerance}`,
    row("worst element", "analytic", "numeric", "relative", "checked"),
    ...tensors.map(({ name, worst, checked, elements }) => {
      const index = ` [${worst.index}]`;
      return row(
        `${cut(name, 26 - index.length)}${index}`,
        figure(worst.analytic, 5),
        figure(worst.numeric, 5),
        worst.relative.toExponential(1),
        `${checked}/${elements}`,
      );
    }),
  ].join("\n");
}

function largest(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; ++i) most = Math.max(most, Math.abs(values[i]!));
  return most;
}
