// Users' own layers, losses and activations: functions that compose ops on symbolic tensors. They are differentiated, verified and run as
// built-in ones are; what they give back is checked when the network is made. Each has a name and options, from which a saved network makes
// it again.
import { activationNames, type CustomActivation } from "./activations.js";
import { checkBoolean, checkCount, checkFunction, checkOptions, checkPlain, checkText, isRecord, shown } from "./checks.js";
import { oneHot, weigh } from "./data/weighting.js";
import { OptionError, ShapeError } from "./errors.js";
import { type Layer, layer as makeLayer } from "./layers/layer.js";
import { layerKinds } from "./layers/registry.js";
import { reduced } from "./losses/loss.js";
import { type Loss, lossTypes } from "./losses.js";
import { type CustomMetric, metricTypes } from "./metrics.js";
import type { Builder } from "./plan/builder.js";
import { checkComplete, reaches } from "./plan/emitted.js";
import { shape } from "./plan/expressions.js";
import { product, type Tensor } from "./plan/tensor.js";

type Options = Readonly<Record<string, unknown>>;

/** A layer of your own. `apply` gets the builder `g` and the inputs `[batch, ...]` and returns the output; `g.parameter(name, shape,
 *  initializer)` makes what is trained, `g.add`, `g.matmul`, … compute, `g.within(name, layer, x)` applies a layer as part of it. Its gradient
 *  follows.
 *  @param kind its name in saved networks and in the names of its layers (`<kind>_<n>`), none of the library's
 *  @param options plain data; `name` is the layer's own
 *  @throws {OptionError} when the network is made: `apply` does not return a tensor, or an output that some parameter or input does
 *    not reach; {ShapeError}: one that is not `[batch, ...]`
 *  @example
 *  const swiglu = ({ units, name }: { units: number; name?: string }) => layer("swiglu", { units, name }, (g, x) => {
 *    const w = g.parameter("weight", [x.shape.at(-1)!, 2 * units], glorotUniform());
 *    const z = g.matmul(x, w);
 *    return g.mul(g.activate(g.slice(z, 0, units), "silu"), g.slice(z, units));
 *  }); */
export function layer(
  kind: string,
  options: Options & { readonly name?: string | undefined },
  apply: (g: Builder, x: Tensor, ...more: readonly Tensor[]) => Tensor,
): Layer {
  checkNew("layer", kind, layerKinds);
  checkSavable(kind, options);
  checkFunction(`${kind}: apply`, apply);
  const checked = (g: Builder, x: Tensor, ...more: readonly Tensor[]): Tensor => {
    const before = g.parameters.length;
    const begin = g.mark();
    const who = g.scope;
    const y = g.expectTensor(`${who}: it returns`, apply(g, x, ...more));
    checkComplete(g, g.emittedSince(begin));
    if (!y.batched) throw new ShapeError(`${who}: it returns shape ${shape(y)}, the same for every sample, expected [batch, ...]`);
    const sources = [...g.parameters.slice(before).map(({ tensor }) => tensor), x, ...more];
    for (const source of sources) if (source.needsGradient) checkReached(g, begin, who, source, y, "output");
    return y;
  };
  return makeLayer(kind, options, checked, "any");
}

/** An activation of your own: `apply` maps a tensor to one of the same shape.
 *  @throws as `layer` */
export function customActivation(type: string, options: Options, apply: (g: Builder, x: Tensor) => Tensor): CustomActivation {
  checkNew("customActivation", type, activationNames);
  checkSavable(type, options);
  checkFunction(`${type}: apply`, apply);
  return {
    type,
    options,
    apply: (g, x) => {
      const begin = g.mark();
      const who = `${g.scope}: ${type}`;
      const y = g.expectTensor(`${who}: it returns`, apply(g, x));
      checkComplete(g, g.emittedSince(begin));
      if (shape(y) !== shape(x)) throw new ShapeError(`${who}: it returns shape ${shape(y)}, expected its input's ${shape(x)}`);
      if (x.needsGradient) checkReached(g, begin, who, x, y, "output");
      g.activates(x, y);
      return y;
    },
  };
}

export interface CustomTargets {
  /** last axis of the targets, default the prediction's */
  readonly columns?: number | undefined;
  /** targets are class ids, one a row of the prediction; `apply` gets them as one-hot rows. Default false */
  readonly ids?: boolean | undefined;
}

/** A loss of your own: `apply` gets prediction and target `[batch, ..., columns]` and returns one number for each row, `[batch, ..., 1]`
 *  (`g.mean` or `g.sum` of something). The loss is their mean, or with `reduction: "sum"` in the options their sum, times `weight`.
 *  @param targets what they look like, where that is not as the prediction: one column for several quantiles, class ids
 *  @throws {OptionError} when the network is made: `apply` does not return a tensor, or one that the prediction does not reach;
 *    {ShapeError}: one of another shape */
export function customLoss(
  type: string,
  options: Options & { readonly reduction?: "mean" | "sum" | undefined; readonly weight?: number | undefined },
  apply: (g: Builder, prediction: Tensor, target: Tensor) => Tensor,
  targets: CustomTargets = {},
): Loss {
  checkNew("customLoss", type, lossTypes);
  checkSavable(type, options);
  checkFunction(`${type}: apply`, apply);
  checkOptions(`${type}: targets`, targets, ["columns", "ids"]);
  const { columns, ids = false } = targets;
  checkBoolean(`${type}: ids`, ids);
  if (columns !== undefined) checkCount(`${type}: columns`, columns);
  if (ids && columns !== undefined) throw new OptionError(`${type}: columns is ${columns}, but ids have as many as the prediction`);
  const { options: common, ...reduction } = reduced(type, options, (sample) => product(sample.slice(0, -1)));
  return {
    type,
    options: { ...options, ...common },
    ...reduction,
    targets: ids ? "ids" : "values",
    ...(ids && { staged: "values" }),
    ...(columns !== undefined && { targetColumns: columns }),
    prepare: (given, sample, sampleWeights) => {
      const width = sample.at(-1) ?? 1;
      const rows = ids ? { ...given, width: given.width * width, values: oneHot(given.values, width) } : given;
      return weigh(rows, { normalization: "sumOfWeights", columns: columns ?? width, termsPerRow: 1 }, sampleWeights);
    },
    check: () => {},
    emit: (g, prediction, target, weights) => {
      const begin = g.mark();
      const each = g.expectTensor(`${type}: it returns`, apply(g, prediction, target));
      checkComplete(g, g.emittedSince(begin));
      checkPerRow(type, each, prediction);
      if (prediction.needsGradient) checkReached(g, begin, type, prediction, each, "loss");
      g.lossOfRows(each, weights);
    },
  };
}

/** A metric of your own: `apply` gets prediction and target as a loss does, but never smoothed or weighted, and returns one number for each
 *  row, `[batch, ..., 1]`. What is reported is their mean, under `type`; rows of sample weight 0 are left out. No gradient flows.
 *  @throws as `customLoss` */
export function customMetric(
  type: string,
  options: Options,
  apply: (g: Builder, prediction: Tensor, target: Tensor) => Tensor,
): CustomMetric {
  checkNew("customMetric", type, metricTypes);
  checkSavable(type, options);
  checkFunction(`${type}: apply`, apply);
  return {
    type,
    options,
    apply: (g, prediction, target) => {
      const begin = g.mark();
      const each = g.expectTensor(`${type}: it returns`, apply(g, prediction, target));
      checkComplete(g, g.emittedSince(begin));
      checkPerRow(type, each, prediction);
      return each;
    },
  };
}

function checkPerRow(type: string, each: Tensor, prediction: Tensor): void {
  const wanted = shape({ ...prediction, shape: [...prediction.shape.slice(0, -1), 1] });
  if (shape(each) !== wanted)
    throw new ShapeError(
      `${type}: it returns shape ${shape(each)}, expected ${wanted}, one number for each row of the prediction ${shape(prediction)}`,
    );
}

/** A name under which nothing else is saved. */
function checkNew(who: string, name: unknown, taken: readonly string[]): void {
  checkText(`${who}: its name`, name);
  if (taken.includes(name as string)) throw new OptionError(`${who}: ${shown(name)} is a name of the library's own, expected another`);
}

/** Options are saved as JSON, so they have to be what JSON can say; of an initializer its data is saved. */
function checkSavable(who: string, options: unknown): void {
  if (!isRecord(options)) throw new OptionError(`${who}: options are ${shown(options)}, expected an object`);
  const isInitializer = (value: object) => !Array.isArray(value) && typeof (value as { fill?: unknown }).fill === "function";
  checkPlain(`${who}: options`, options, isInitializer);
}

/** Does a gradient flow back from `to` to `from`? Else what lies before would not be trained, and nobody would notice. */
function checkReached(g: Builder, begin: number, who: string, from: Tensor, to: Tensor, what: string): void {
  if (!reaches(g.emittedSince(begin), from, to))
    throw new OptionError(`${who}: no gradient reaches ${from.name}: the ${what} does not depend on it`);
}
