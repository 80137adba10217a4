// Optimizer cases give the gradients themselves: a network of parameters only, whose plan takes gradients that JavaScript wrote.
import { openRegion } from "../../src/backends/backend.js";
import type { Definition } from "../../src/compile.js";
import { chain } from "../../src/graph.js";
import { zeros } from "../../src/initializers.js";
import { layer } from "../../src/layers/layer.js";
import { Model } from "../../src/model.js";
import { emitUpdate, type Optimizer } from "../../src/optimizers.js";
import { Comparison, type Tolerance } from "./compare.js";
import type { Backend, Case } from "./run.js";
import { type Spec, type TensorSpec, toOptimizer } from "./spec.js";

/** The same optimizer, for gradients that lie in a first slot of its state and are added to the program's own, which are 0. */
function withGivenGradients(optimizer: Optimizer): Optimizer {
  const { clip: _, ...rest } = optimizer;
  return {
    ...rest,
    slots: ["given", ...optimizer.slots],
    emit: (g, slabs) => {
      const [given, ...slots] = slabs.slots;
      g.emit("accumulate", { y: slabs.g, x: given!, end: slabs.end });
      emitUpdate(g, optimizer, { ...slabs, slots });
    },
  };
}

/** Starts from `parameters` and applies one update for each entry of `gradients[step][parameter]`; `after` is told of each.
 *  @returns weights[step][parameter] */
export async function applyGradients(
  optimizer: Optimizer,
  parameters: readonly TensorSpec[],
  gradients: readonly (readonly (readonly number[])[])[],
  backend: Backend,
  after: (step: number) => void = () => {},
): Promise<Float32Array[][]> {
  const parametersOnly = layer("parameters", { name: "given" }, (g, x) => {
    parameters.forEach(({ shape }, i) => void g.parameter(`p${i}`, shape, zeros()));
    return x;
  });
  const definition: Definition = {
    graph: chain(1, [parametersOnly]),
    objectives: [
      {
        name: "given",
        loss: {
          ...{ type: "none", options: {}, targets: "values", sums: true },
          ...{ scale: () => 1, check: () => {}, prepare: (targets) => ({ targets }), emit: () => {} },
        },
        metrics: [],
      },
    ],
    optimizer: withGivenGradients(optimizer),
    seed: 0,
  };
  const measured = Model.measure(definition);
  const region = await openRegion(backend, measured.bytes);
  const model = new Model(definition, region, measured);
  model.initialize();
  const plan = model.plan("train", { capacity: 1 });
  const { parameters: parameterBase, slots: slotBase } = model.bases;
  model.parameters.forEach(({ tensor, address }, i) => {
    model.writeTensor(tensor, address, Float32Array.from(parameters[i]!.data));
  });
  const weights = gradients.map((ofStep, s) => {
    model.parameters.forEach(({ tensor, address }, i) => {
      model.writeTensor(tensor, address - parameterBase + slotBase, Float32Array.from(ofStep[i]!));
    });
    model.writeStep(plan, region.views(), 0, 1, s + 1);
    if (model.run(plan, 1) !== 1) throw new Error(`step ${s + 1} was reported as not finite`);
    after(s);
    return model.parameters.map(({ tensor, address }) => model.readTensor(tensor, address, 0));
  });
  region.dispose();
  return weights;
}

interface OptimizerCase extends Tolerance {
  readonly optimizer: Spec;
  readonly inputs: string;
  readonly weights: readonly (readonly (readonly number[])[])[];
}

export interface OptimizerInputs {
  readonly parameters: readonly TensorSpec[];
  readonly gradients: readonly (readonly (readonly number[])[])[];
}

/** @param file the cases' file, which holds the parameters and gradients they share */
export async function runOptimizer(
  given: Case,
  backend: Backend,
  file: { readonly inputs?: Readonly<Record<string, OptimizerInputs>> },
): Promise<Comparison> {
  const { optimizer: spec, inputs: key, weights: expected, ...tolerance } = given as Case & OptimizerCase;
  const optimizer = toOptimizer(spec);
  const inputs = file.inputs?.[key];
  if (!inputs) throw new Error(`the file has no inputs ${JSON.stringify(key)}`);
  const weights = await applyGradients(optimizer, inputs.parameters, inputs.gradients.slice(0, expected.length), backend);
  const comparison = new Comparison(tolerance);
  expected.forEach((ofStep, s) => {
    ofStep.forEach((values, p) => {
      comparison.numbers(`step ${s + 1}: weights of parameter ${p}`, weights[s]![p]!, values);
    });
  });
  return comparison;
}
