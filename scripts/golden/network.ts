// Whole trainings through the public facade: the cases of the networks-* files, and the textbook's XOR.
import { dense, meanSquaredError, type Network, network, sgd } from "../../src/index.js";
import { Comparison, type Tolerance } from "./compare.js";
import type { Backend, Case } from "./run.js";
import { rowsOf, type Spec, type TensorSpec, toLayers, toLoss, toOptimizer } from "./spec.js";

interface NamedSpec extends TensorSpec {
  readonly name: string;
}

interface NetworkCase extends Tolerance {
  readonly input: readonly number[];
  readonly layers: readonly Spec[];
  readonly loss: Spec;
  readonly optimizer: Spec;
  readonly parameters: readonly NamedSpec[];
  readonly x: TensorSpec;
  readonly y: TensorSpec;
  readonly steps: readonly (readonly [number, number])[];
  readonly expected: {
    readonly initialPrediction?: TensorSpec;
    readonly loss: readonly number[];
    readonly totalLoss?: readonly number[];
    readonly gradients?: readonly NamedSpec[];
    readonly inputGradient?: TensorSpec;
    readonly gradientNorms?: readonly number[];
    readonly parameters: readonly NamedSpec[];
    readonly prediction: TensorSpec;
  };
}

/** Golden parameters have other names than the library's, and the same order. */
function setParameters(net: Network, given: readonly TensorSpec[]): void {
  const present = net.parameters();
  if (present.length !== given.length) throw new Error(`the network has ${present.length} parameters, expected ${given.length}`);
  net.setParameters(present.map(({ name }, i) => ({ name, shape: given[i]!.shape, values: Float32Array.from(given[i]!.data) })));
}

export async function runNetwork(given: Case, backend: Backend): Promise<Comparison> {
  const { input, layers, loss, optimizer, parameters, x, y, steps, expected, rtol, atol } = given as Case & NetworkCase;
  const net = await network({ input, layers: toLayers(layers), loss: toLoss(loss), optimizer: toOptimizer(optimizer), seed: 0, backend });
  setParameters(net, parameters);
  const comparison = new Comparison({ rtol, atol });
  if (expected.initialPrediction) comparison.numbers("initial prediction", net.predict(rowsOf(x)), expected.initialPrediction.data);

  steps.forEach(([begin, end], i) => {
    const inputs = rowsOf(x, begin, end);
    const targets = rowsOf(y, begin, end);
    if (i === 0) {
      const trace = net.trace(inputs, targets);
      const gradients = trace.layers.flatMap((traced) => Object.values(traced.gradients));
      expected.gradients?.forEach(({ name, data }, p) => {
        comparison.numbers(`gradient of ${name}`, gradients[p]?.values ?? [], data);
      });
      if (expected.inputGradient) comparison.numbers("input gradient", trace.inputGradient.values, expected.inputGradient.data);
    }
    if (expected.gradientNorms) {
      const squares = Object.values(net.gradients(inputs, targets)).flatMap(({ values }) => Array.from(values, (value) => value * value));
      comparison.number(`gradient norm of step ${i}`, Math.sqrt(squares.reduce((a, b) => a + b, 0)), expected.gradientNorms[i]!);
    }
    const { loss: total, penalty } = net.evaluate({ inputs, targets });
    comparison.number(`loss of step ${i}`, total - penalty, expected.loss[i]!);
    comparison.number(`total loss of step ${i}`, net.trainOnBatch(inputs, targets), (expected.totalLoss ?? expected.loss)[i]!);
  });

  const trained = net.parameters();
  expected.parameters.forEach(({ name, data }, p) => {
    comparison.numbers(`${name} after ${steps.length} steps`, trained[p]!.values, data);
  });
  comparison.numbers("prediction", net.predict(rowsOf(x)), expected.prediction.data);
  net.dispose();
  return comparison;
}

type Rows = readonly (readonly number[])[];

interface Weights {
  readonly W1: Rows;
  readonly b1: readonly number[];
  readonly W2: Rows;
  readonly b2: readonly number[];
}

interface TextbookCase {
  readonly initial: Weights;
  readonly firstStep: {
    readonly loss: number;
    readonly after: Weights;
  } & Readonly<Record<"z1" | "a1" | "z2" | "a2" | "delta1" | "delta2" | "dW1" | "dW2", Rows>> &
    Readonly<Record<"db1" | "db2", readonly number[]>>;
  readonly lossBeforeUpdate: Readonly<Record<string, number>>;
  readonly prediction: readonly number[];
}

/** The file's README: its first step to 1e-6 relative, its end to 2e-3, as a float32 run drifts from a float64 one. */
const firstStepError = 1e-6;
const driftError = 2e-3;

export async function runTextbook(given: Case, backend: Backend): Promise<Comparison> {
  const { initial, firstStep, lossBeforeUpdate, prediction } = given as Case & TextbookCase;
  const [x, y] = [
    [0, 0, 0, 1, 1, 0, 1, 1],
    [0, 1, 1, 0],
  ];
  const net = await network({
    input: 2,
    layers: [dense(initial.b1.length, { activation: "sigmoid" }), dense(1, { activation: "sigmoid" })],
    loss: meanSquaredError({ reduction: "sum", weight: 0.5 }),
    optimizer: sgd({ learningRate: 0.1 }),
    seed: 0,
    backend,
  });
  const flat = ({ W1, b1, W2, b2 }: Weights) => [W1.flat(), b1, W2.flat(), b2];
  setParameters(
    net,
    flat(initial).map((data, i) => ({ shape: net.parameters()[i]!.shape, data })),
  );
  const comparison = new Comparison({ rtol: driftError, atol: driftError });
  // Of the tensor's largest element: where terms cancel, an element's own last digits are those of the terms.
  const first = (what: string, values: ArrayLike<number>, expected: readonly number[]) => {
    const tolerance = { rtol: 0, atol: firstStepError * Math.max(...expected.map(Math.abs)) };
    comparison.numbers(what, values, expected, { tolerance });
  };

  const trace = net.trace(x, y);
  first("loss", [trace.loss], [firstStep.loss]);
  trace.layers.forEach(({ z, a, delta, gradients }, i) => {
    const n = (i + 1) as 1 | 2;
    first(`z${n}`, z!.values, firstStep[`z${n}`].flat());
    first(`a${n}`, a.values, firstStep[`a${n}`].flat());
    first(`delta${n}`, delta!.values, firstStep[`delta${n}`].flat());
    first(`dW${n}`, gradients.weight!.values, firstStep[`dW${n}`].flat());
    first(`db${n}`, gradients.bias!.values, firstStep[`db${n}`]);
  });
  first("loss of trainOnBatch", [net.trainOnBatch(x, y)], [firstStep.loss]);
  flat(firstStep.after).forEach((expected, p) => {
    first(`${net.parameters()[p]!.name} after a step`, net.parameters()[p]!.values, expected);
  });

  const last = Math.max(...Object.keys(lossBeforeUpdate).map(Number));
  const { epochs } = await net.fit({ inputs: x, targets: y }, { epochs: last, batchSize: 4 });
  for (const [step, expected] of Object.entries(lossBeforeUpdate))
    if (Number(step) > 0)
      comparison.number(`loss of step ${step}`, epochs[Number(step) - 1]!.loss, expected, { rtol: driftError, atol: 0 });
  comparison.numbers("prediction", net.predict(x), prediction);
  net.dispose();
  return comparison;
}
