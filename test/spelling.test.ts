// A misspelt name's message says which one may have been meant.
import { describe, expect, test } from "vitest";
import { adam, dense, network, sgd } from "../src/index.js";
import { oneOf, suggestion } from "../src/spelling.js";

const activations = ["linear", "relu", "leakyRelu", "sigmoid", "tanh", "softmax", "hardSigmoid", "hardSwish", "relu6", "logSoftmax"];
const options = ["weightDecay", "beta1", "beta2", "epsilon", "learningRate", "amsgrad", "clip", "groups", "ema"];
const reported = ["loss", "accuracy", "validation.loss", "validation.accuracy"];

describe("what may have been meant", () => {
  test.each([
    [activations, "Relu", "relu"],
    [activations, "RELU6", "relu6"],
    [activations, "sigmod", "sigmoid"],
    [activations, "tahn", "tanh"],
    [activations, "leaky_relu", "leakyRelu"],
    [activations, "lrelu", "leakyRelu"],
    [activations, "log softmax", "logSoftmax"],
    [options, "lr", "learningRate"],
    [options, "eps", "epsilon"],
    [options, "weight_decay", "weightDecay"],
    [options, "clipnorm", "clip"],
    [reported, "acc", "accuracy"],
    [reported, "val_loss", "validation.loss"],
    [reported, "val_accuracy", "validation.accuracy"],
    [["Äpfel", "Birnen"], "äpfel", "Äpfel"],
    [["x", "y"], "X", "x"],
  ])("of %j by %j: %s", (known, given, meant) => {
    expect(oneOf(known, given)).toBe(`one of: ${known.join(", ")}; did you mean ${JSON.stringify(meant)}?`);
  });

  test.each([
    [activations, "swish"],
    [activations, "identity"],
    [options, "momentum"],
    [options, "decay"],
    [["accuracy", "mae"], "mse"],
    [["+", "*"], "-"],
    [activations, ""],
    [activations, 3],
    [activations, null],
    [[], "relu"],
  ])("of %j by %j: nothing", (known, given) => {
    expect(suggestion(known, given)).toBe("");
  });

  test("is not looked for among letters without end", () => {
    const long = "relu".repeat(2 ** 20);
    expect([suggestion([long], "relu"), suggestion(activations, long)]).toEqual(["", ""]);
  });
});

test("it is said where names are read: options, fields, parameters, columns, monitors", async () => {
  expect(() => dense(1, { activation: "Relu" as "relu" })).toThrow('; did you mean "relu"?');
  expect(() => adam({ lr: 0.1 } as object)).toThrow('; did you mean "learningRate"?');
  const { meanSquaredError, earlyStopping } = await import("../src/index.js");
  const { parseCsv } = await import("../src/csv.js");
  const net = await network({ input: 1, layers: [dense(1)], loss: meanSquaredError(), optimizer: sgd() });
  const data = { inputs: [[1]], targets: [[1]] };
  await expect(net.fit(data, { epoch: 3 } as object)).rejects.toThrow('; did you mean "epochs"?');
  await expect(net.fit({ ...data, sample_weight: [1] } as typeof data, {})).rejects.toThrow('; did you mean "sampleWeights"?');
  await expect(net.fit(data, { callbacks: [earlyStopping({ monitor: "val_loss" })] })).rejects.toThrow('; did you mean "validation.loss"?');
  expect(() => net.setParameters([{ name: "dense.weight", values: [1] }])).toThrow('; did you mean "dense_1.weight"?');
  expect(() => net.predict({ Input: [[1]] })).toThrow('; did you mean "input"?');
  expect(() => parseCsv("a,Price\n1,2\n", { target: "price" })).toThrow('; did you mean "Price"?');
});
