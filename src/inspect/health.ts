// How a network is doing on some data: spread of activations and gradients by layer, and what usually is a mistake. One traced pass.
import type { Definition } from "../compile.js";
import type { Samples } from "../data/samples.js";
import { mismatch, seen } from "../losses/predictions.js";
import type { Model } from "../model.js";
import { type LayerRecord, madeBy } from "../plan/program.js";
import { columns } from "../plan/tensor.js";
import { runBatch } from "../single.js";
import { SLICE } from "../slices.js";
import { showText } from "./inspect.js";
import { cut, figure, wrapped } from "./wrap.js";

/** Of all elements of a tensor over the rows looked at. */
export interface Spread {
  readonly mean: number;
  readonly deviation: number;
  /** Share of elements that are exactly 0, 0 … 1. */
  readonly zeros: number;
}

export interface LayerHealth {
  readonly name: string;
  readonly activations: Spread;
  /** Of dLoss/dOutput's batch, where a gradient reaches the layer's output. */
  readonly gradients?: Spread;
  /** Euclidean norm of the gradients of the layer's parameters. */
  readonly parameterGradientNorm: number;
  /** Columns of the output, and how many of them are 0 for every row, or the same for every row. */
  readonly units: number;
  readonly dead: number;
  readonly constant: number;
}

export interface Health {
  /** Rows looked at: the first 256 at most. */
  readonly rows: number;
  readonly layers: readonly LayerHealth[];
  /** In words: predictions that their loss takes for something else, inputs and targets of a scale that is hard to learn, dead units, constant
   *  outputs, gradients that vanish or explode. */
  readonly warnings: readonly string[];
  /** The layers as a table, and the warnings, in at most 80 columns. */
  readonly summary: string;
}

function spreadOf(values: Float32Array): Spread {
  let sum = 0;
  let zeros = 0;
  for (const value of values) {
    sum += value;
    if (value === 0) zeros += 1;
  }
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) * (value - mean);
  return { mean, deviation: Math.sqrt(squares / values.length), zeros: zeros / values.length };
}

/** Columns that are the same in every row, and those of them that are 0. */
function stillColumns(values: Float32Array, width: number): { readonly constant: number; readonly dead: number } {
  let constant = 0;
  let dead = 0;
  for (let c = 0; c < width; ++c) {
    let same = true;
    for (let at = c + width; same && at < values.length; at += width) same = values[at] === values[c];
    if (!same) continue;
    if (values[c] === 0) dead += 1;
    else constant += 1;
  }
  return { constant, dead };
}

/** A gradient that shrinks or grows by more than this from the last layer to the first hardly trains, or jumps. */
const RATIO = 1e4;

/** @param step the number whose dropout it sees */
export function healthOf(model: Model, samples: Samples, step: number): Health {
  const count = Math.min(SLICE, samples.rows);
  const plan = runBatch(model, "trace", samples, 0, count, step);
  const views = model.region.views();
  const read = (tensor: (typeof plan.predictions)[number]) => model.readTensor(tensor, plan.addresses.get(tensor)!, count, views);
  const { gradients, layers } = plan.program;
  const found = layers.map(({ name, output, parameters }): LayerHealth => {
    const values = read(output);
    const gradient = gradients.get(output);
    const squares = parameters.reduce((sum, p) => {
      const of = gradients.get(p);
      return of ? read(of).reduce((partial, value) => partial + value * value, sum) : sum;
    }, 0);
    return {
      name,
      activations: spreadOf(values),
      ...(gradient && { gradients: spreadOf(read(gradient)) }),
      parameterGradientNorm: Math.sqrt(squares),
      units: columns(output),
      ...(count > 1 ? stillColumns(values, columns(output)) : { constant: 0, dead: 0 }),
    };
  });
  const mistaken = model.definition.objectives.flatMap(({ name, loss }, i) => {
    const prediction = plan.predictions[i]!;
    const wrong = mismatch(loss, madeBy(plan.program, prediction) ?? seen(read(prediction), columns(prediction)));
    return wrong ? [`${name}: ${wrong}`] : [];
  });
  const predicted = plan.predictions.map((prediction) => rootMeanSquare(read(prediction)));
  const warnings = [...mistaken, ...scaleWarnings(model.definition, samples, count, predicted), ...warningsOf(found, count, layers)];
  const lines = warnings.map((warning) => {
    const [first, ...words] = warning.split(" ");
    return wrapped(first!, words, 2);
  });
  const summary = [table(found), ...lines].join("\n");
  return showText({ rows: count, layers: found, warnings, summary }, () => summary);
}

/** A loss curves along a weight with the square of what the weight multiplies: from here on learning rates must be 100 times smaller than for
 *  inputs of about 1, and predictions, which begin at about 1, have far to go to their targets. */
const LARGE = 10;

function rootMeanSquare(values: ArrayLike<number>, begin = 0, step = 1): number {
  let squares = 0;
  for (let i = begin; i < values.length; i += step) squares += values[i]! * values[i]!;
  return Math.sqrt(squares / Math.ceil((values.length - begin) / step));
}

/** @param predicted each output's root mean square */
function scaleWarnings({ graph, objectives }: Definition, { feeds }: Samples, count: number, predicted: readonly number[]): string[] {
  const inputs = graph.inputs.flatMap(({ name }, i) => {
    const { values, width } = feeds[i]!;
    const sizes = Array.from({ length: width }, (_, column) => rootMeanSquare(values.subarray(0, count * width), column, width));
    const large = sizes.filter((size) => size > LARGE).length;
    return large === 0
      ? []
      : `${name}: ${large} of ${width} columns have a root mean square above ${LARGE}, the largest ${figure(Math.max(...sizes), 3)}; scale them, as by standardize(train)`;
  });
  const targets = objectives.flatMap(({ name, loss }, i) => {
    if (loss.targets === "ids" || loss.targetKind || loss.accuracy) return [];
    const { values, width } = feeds[graph.inputs.length + i]!;
    const size = rootMeanSquare(values.subarray(0, count * width));
    return size > LARGE && size > LARGE * predicted[i]!
      ? `${name}: the targets' root mean square is ${figure(size, 3)}, the predictions' ${figure(predicted[i]!, 3)}; scale the targets, as by standardize(train, { of: "targets" })`
      : [];
  });
  return [...inputs, ...targets];
}

/** @param records of the same layers */
function warningsOf(layers: readonly LayerHealth[], rows: number, records: readonly LayerRecord[]): string[] {
  const warnings: string[] = [];
  for (const [i, { name, units, dead, constant }] of layers.entries()) {
    const { preActivation, parameters } = records[i]!;
    // Of what only passes on, as concatenate does, the layers before it say so.
    if (!preActivation && parameters.length === 0) continue;
    if (dead > 0 && preActivation)
      warnings.push(
        `${name}: ${dead} of ${units} units are 0 for all ${rows} rows; a dead relu learns no more: lower the learning rate, or leakyRelu`,
      );
    if (constant > 0) warnings.push(`${name}: ${constant} of ${units} outputs are the same for all ${rows} rows`);
  }
  const trained = layers.filter(({ parameterGradientNorm }) => parameterGradientNorm > 0);
  const [first, last] = [trained[0], trained.at(-1)];
  if (first && last && first !== last) {
    const ratio = first.parameterGradientNorm / last.parameterGradientNorm;
    if (ratio > RATIO)
      warnings.push(
        `gradients explode: ${ratio.toExponential(1)} times larger in ${first.name} than in ${last.name}; clip them, or start from smaller weights`,
      );
    if (ratio < 1 / RATIO)
      warnings.push(
        `gradients vanish: ${(1 / ratio).toExponential(1)} times smaller in ${first.name} than in ${last.name}; relu, residual layers or other initial weights help`,
      );
  }
  return warnings;
}

function table(layers: readonly LayerHealth[]): string {
  const number = (value: number) => figure(value, 3);
  const head = ["layer", "mean", "deviation", "zeros", "gradient dev.", "dW norm", "dead"];
  const lines = layers.map(({ name, activations: a, gradients: g, parameterGradientNorm, dead }) => [
    cut(name, 18),
    number(a.mean),
    number(a.deviation),
    `${(a.zeros * 100).toFixed(0)} %`,
    g ? number(g.deviation) : "-",
    number(parameterGradientNorm),
    `${dead}`,
  ]);
  const widths = head.map((text, i) => Math.max(text.length, ...lines.map((cells) => cells[i]!.length)));
  return [head, ...lines]
    .map((cells) => cells.map((text, i) => (i === 0 ? text.padEnd(widths[0]!) : text.padStart(widths[i]!))).join("  "))
    .join("\n");
}
