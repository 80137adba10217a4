// Activation cases: networks without parameters, but for prelu's.
import { activation, type Loss, network, prelu } from "../../src/index.js";
import { elements } from "../../src/plan/tensor.js";
import { Comparison, type Kink, type Tolerance } from "./compare.js";
import type { Backend, Case } from "./run.js";
import { rowsOf, type Spec, sampleShape, type TensorSpec, toActivation } from "./spec.js";

interface ActivationCase extends Tolerance {
  readonly activation: string | Spec;
  readonly x: TensorSpec;
  readonly y: TensorSpec;
  readonly dy: TensorSpec;
  readonly dx: TensorSpec;
  readonly kinks?: readonly Kink[];
  /** prelu's, which is a parameter */
  readonly alpha?: TensorSpec;
  readonly dAlpha?: TensorSpec;
}

/** The sum of p·t, whose gradient is t itself: so any dL/dy can be given. Its value is not computed. */
const givenGradient: Loss = {
  type: "givenGradient",
  options: {},
  targets: "values",
  sums: true,
  scale: () => 1,
  check: () => {},
  prepare: (targets) => ({ targets }),
  emit: (g, p, t) =>
    g.gradients.contribute(p, (dp) => {
      g.emit("fill", { y: dp, value: 0, end: elements(dp) });
      g.emit("accumulate", { y: dp, x: t, end: elements(dp) });
    }),
};

export async function runActivation(given: Case, backend: Backend): Promise<Comparison> {
  const { activation: spec, x, y, dy, dx, kinks = [], alpha, dAlpha, ...tolerance } = given as Case & ActivationCase;
  const layers = [alpha ? prelu({ name: "prelu" }) : activation(toActivation(spec))];
  const net = await network({ input: sampleShape(x), layers, loss: givenGradient, seed: 0, backend });
  if (alpha) net.setParameters([{ name: "prelu.alpha", values: Float32Array.from(alpha.data) }]);
  const comparison = new Comparison(tolerance);
  comparison.numbers("y", net.predict(rowsOf(x)), y.data);
  const trace = net.trace(rowsOf(x), rowsOf(dy));
  comparison.numbers("traced y", trace.prediction.values, y.data);
  comparison.numbers("dx", trace.inputGradient.values, dx.data, { kinks });
  if (dAlpha) comparison.numbers("dAlpha", trace.layers[0]!.gradients.alpha!.values, dAlpha.data);
  net.dispose();
  return comparison;
}
