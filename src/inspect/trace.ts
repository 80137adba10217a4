// Everything about one batch as a training step computes it: activations, losses and gradients, by their names.
import type { Plan } from "../compile.js";
import type { Ports } from "../data/data.js";
import type { Samples } from "../data/samples.js";
import type { Model } from "../model.js";
import { type NamedTensor, namedTensor } from "../parameters.js";
import type { LayerRecord } from "../plan/program.js";
import type { Tensor } from "../plan/tensor.js";
import { lossOf, penaltyOf, runBatch } from "../single.js";
import { showText } from "./inspect.js";
import { layerText, traceText } from "./traceText.js";

export interface LayerTrace {
  /** Of a layer within another `<that one>.<its own>`. */
  readonly name: string;
  /** What went into the activation; absent in layers that do not end with one, as `residual`. Of a's shape. */
  readonly z?: NamedTensor;
  /** The layer's output. */
  readonly a: NamedTensor;
  /** dLoss/dz, or dLoss/da in layers without z. Absent where no parameter or input lies before it. */
  readonly delta?: NamedTensor;
  /** By the parameter's name within the layer, of loss and penalties; those of the layers within it are among them. */
  readonly gradients: Readonly<Record<string, NamedTensor>>;
  /** Those within it, as `residual` has them, in the order in which they were applied; absent where there are none. */
  readonly layers?: readonly LayerTrace[];
}

/** `console.log` of it, in browsers of `${trace}`, shows shapes, ranges and the first rows and columns of it all in 80 columns. */
export interface Trace {
  /** Mean over the batch's rows, penalties included, in the loss's unit (cross-entropies: nats). */
  readonly loss: number;
  /** The part of `loss` that L1 and L2 penalties make. */
  readonly penalty: number;
  readonly layers: readonly LayerTrace[];
  /** dLoss/dx of the first input, and of all by name. */
  readonly inputGradient: NamedTensor;
  readonly inputGradients: Readonly<Record<string, NamedTensor>>;
  /** The first output, and all by name. */
  readonly prediction: NamedTensor;
  readonly predictions: Readonly<Record<string, NamedTensor>>;
}

/** @param t number of the step that it would be */
export function traceOf(model: Model, ports: Ports, samples: Samples, t: number): Trace {
  const plan = runBatch(model, "trace", samples, 0, samples.rows, t);
  const copies = new Map<Tensor, NamedTensor>();
  const read = (tensor: Tensor) => {
    const copy = copies.get(tensor) ?? named(model, plan, tensor, samples.rows);
    copies.set(tensor, copy);
    return copy;
  };
  const { gradients } = plan.program;
  const traced = ({ name, output, preActivation, parameters, layers }: LayerRecord): LayerTrace => {
    const delta = gradients.get(preActivation ?? output);
    const layer: LayerTrace = {
      name,
      ...(preActivation && { z: read(preActivation) }),
      a: read(output),
      ...(delta && { delta: read(delta) }),
      gradients: Object.fromEntries(parameters.map((p) => [p.name.slice(name.length + 1), read(gradients.get(p)!)])),
      ...(layers.length > 0 && { layers: layers.map(traced) }),
    };
    return showText(layer, () => layerText(layer));
  };
  const views = model.region.views();
  const penalty = penaltyOf(plan, views);
  const { inputs: ins, outputs } = ports;
  const inputGradients = Object.fromEntries(ins.map(({ name }, i) => [name, read(gradients.get(plan.feeds[i]!.staged)!)]));
  const predictions = Object.fromEntries(outputs.map(({ name }, i) => [name, read(plan.predictions[i]!)]));
  const trace: Trace = {
    loss: lossOf(plan, views) + penalty,
    penalty,
    layers: plan.program.layers.map(traced),
    inputGradient: inputGradients[ins[0]!.name]!,
    inputGradients,
    prediction: predictions[outputs[0]!.name]!,
    predictions,
  };
  return showText(trace, () => traceText(trace));
}

/** The gradient of every parameter, by its name. */
export function gradientsOf(model: Model, samples: Samples, t: number): Readonly<Record<string, NamedTensor>> {
  const plan = runBatch(model, "trace", samples, 0, samples.rows, t);
  const gradients = Object.fromEntries(
    plan.program.parameters.map((parameter) => {
      const { shape, values } = named(model, plan, plan.program.gradients.get(parameter)!, samples.rows);
      return [parameter.name, namedTensor(parameter.name, shape, values)];
    }),
  );
  return showText(gradients, () => Object.values(gradients).join("\n"));
}

function named(model: Model, plan: Plan, tensor: Tensor, batchRows: number): NamedTensor {
  const shape = tensor.batched ? [batchRows, ...tensor.shape] : [...tensor.shape];
  return namedTensor(tensor.name, shape, model.readTensor(tensor, plan.addresses.get(tensor)!, batchRows));
}
