// Losses take logits or probabilities; what a network's end makes is the other often enough.
import { describe, expect, test } from "vitest";
import { decode, encode } from "../src/formats/native.js";
import * as cr from "../src/index.js";
import { thrownBy } from "./refusals.js";

const { dense } = cr;
const make = (units: number, activation: cr.ActivationName, loss: cr.Loss) =>
  cr.network({ input: 2, layers: [dense(units, { activation })], loss, seed: 1, backend: "js" });
const fromLogits = true;

describe("network refuses", () => {
  test.each<readonly [string, cr.ActivationName, cr.Loss, string]>([
    [
      "softmax before cross-entropy from logits",
      "softmax",
      cr.categoricalCrossEntropy({ fromLogits }),
      "predictions are probabilities that sum to 1, but categoricalCrossEntropy takes logits: leave out the activation",
    ],
    [
      "sigmoid before binary cross-entropy from logits",
      "sigmoid",
      cr.binaryCrossEntropy({ fromLogits }),
      "predictions are probabilities, each of its own, but binaryCrossEntropy takes logits: leave out the activation",
    ],
    [
      "softmax before focal, which takes logits always",
      "softmax",
      cr.focal(),
      "predictions are probabilities that sum to 1, but focal takes logits: leave out the activation",
    ],
    [
      "relu before cross-entropy of probabilities",
      "relu",
      cr.sparseCategoricalCrossEntropy(),
      "predictions are numbers that are no probabilities, but sparseCategoricalCrossEntropy takes probabilities that sum to 1: end with softmax, or set fromLogits: true",
    ],
    [
      "tanh before binary cross-entropy",
      "tanh",
      cr.binaryCrossEntropy(),
      "predictions are numbers that are no probabilities, but binaryCrossEntropy takes probabilities: end with sigmoid, or set fromLogits: true",
    ],
    [
      // All ones would have the least loss, 0, and tell no class.
      "sigmoid before cross-entropy of classes",
      "hardSigmoid",
      cr.categoricalCrossEntropy(),
      "predictions are probabilities, each of its own, but categoricalCrossEntropy takes probabilities that sum to 1: end with softmax",
    ],
    [
      "softmax before a divergence that takes logarithms",
      "softmax",
      cr.klDivergence({ input: "logProbabilities" }),
      "predictions are probabilities that sum to 1, but klDivergence takes logarithms of probabilities: end with logSoftmax",
    ],
  ])("%s", async (_, activation, loss, message) => {
    const error = (await thrownBy(() => make(3, activation, loss))) as Error;
    expect(error).toBeInstanceOf(cr.OptionError);
    expect(error.message).toBe(`network: dense_1: ${message}`);
  });

  test("the output of several that it is", async () => {
    const x = cr.input(2, { name: "x" });
    const options = {
      inputs: x,
      outputs: [dense(1, { name: "price" })(x), cr.activation("softmax", { name: "kind" })(dense(3)(x))],
      loss: [cr.meanSquaredError(), cr.categoricalCrossEntropy({ fromLogits })],
    };
    await expect(cr.network(options)).rejects.toThrow(/^network: kind: predictions are probabilities that sum to 1, but/);
  });
});

test.each<readonly [cr.ActivationName, cr.Loss]>([
  ["linear", cr.categoricalCrossEntropy({ fromLogits })],
  ["logSoftmax", cr.categoricalCrossEntropy({ fromLogits })],
  ["tanh", cr.focal()],
  ["softmax", cr.categoricalCrossEntropy()],
  ["softmax", cr.binaryCrossEntropy()],
  ["sigmoid", cr.binaryCrossEntropy()],
  ["logSoftmax", cr.klDivergence({ input: "logProbabilities" })],
  ["softmax", cr.meanSquaredError()],
  ["sigmoid", cr.hinge()],
])("%s before %o is taken", async (activation, loss) => {
  await expect(make(3, activation, loss)).resolves.toBeDefined();
});

describe("diagnose says of ends that only numbers tell about", () => {
  const inputs = Float32Array.from({ length: 40 }, (_, i) => Math.sin(i));
  const targets = Uint32Array.from({ length: 20 }, (_, i) => i % 3);
  const warningsOf = async (layers: readonly cr.Layer[], loss: cr.Loss) => {
    const net = await cr.network({ input: 2, layers, loss, seed: 1, backend: "js" });
    return net.diagnose({ inputs, targets }).warnings.filter((warning) => warning.includes("predictions are"));
  };
  /** softmax as the user writes it */
  const own = cr.layer("own", {}, (g, x) => {
    const powers = g.exp(x);
    return g.div(powers, g.sum(powers));
  });

  test("a layer of the user's makes softmax before a loss that takes logits", async () => {
    expect(await warningsOf([dense(3), own], cr.sparseCategoricalCrossEntropy({ fromLogits }))).toEqual([
      "own_1: predictions are probabilities that sum to 1, but sparseCategoricalCrossEntropy takes logits: leave out the activation",
    ]);
    expect(await warningsOf([dense(3), own], cr.sparseCategoricalCrossEntropy())).toEqual([]);
  });

  test("dense without an activation before a loss that takes probabilities", async () => {
    expect(await warningsOf([dense(3)], cr.categoricalCrossEntropy())).toEqual([
      "dense_1: predictions are numbers that are no probabilities, but categoricalCrossEntropy takes probabilities that sum to 1: end with softmax, or set fromLogits: true",
    ]);
    expect(await warningsOf([dense(3)], cr.categoricalCrossEntropy({ fromLogits }))).toEqual([]);
  });
});

test("a matrix of probabilities may follow softmax: labels that are wrong at known rates", async () => {
  // Patrini et al. 2017, "forward correction": rows of the matrix sum to 1, and so does what it makes.
  const net = await cr.network({
    input: 2,
    layers: [dense(2, { activation: "softmax" }), dense(2, { bias: false, name: "noise" })],
    loss: cr.categoricalCrossEntropy(),
    seed: 1,
    backend: "js",
  });
  net.setParameters([{ name: "noise.weight", values: [0.9, 0.1, 0.2, 0.8] }]);
  const { warnings } = net.diagnose({ inputs: [1, 2, 3, 4, -1, 2], targets: [0, 1, 1] });
  expect(warnings.filter((warning) => warning.includes("predictions are"))).toEqual([]);
});

test("a file of such a network is loaded as ever, and diagnose says what is wrong", async () => {
  const stored = decode((await make(3, "softmax", cr.categoricalCrossEntropy())).save());
  const changed = JSON.parse(JSON.stringify(stored.definition));
  changed.objectives[0].loss.options.fromLogits = true;
  const net = await cr.loadNetwork(encode({ ...stored, definition: changed }));
  expect(net.diagnose({ inputs: [1, 2], targets: [0] }).warnings).toContain(
    "dense_1: predictions are probabilities that sum to 1, but categoricalCrossEntropy takes logits: leave out the activation",
  );
});
