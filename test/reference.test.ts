// Networks against the float64 reference: one batch's loss and gradients, then a training. Bounds are of a tensor's largest element.
import { describe, expect, test } from "vitest";
import { type NamedTensor, network } from "../src/index.js";
import { batches, cases, type NetworkCase } from "./cases.js";
import { expectClose } from "./close.js";
import { activations, erf, Reference, threefry } from "./reference.js";

/** Float32 rounds by 2^-24 = 6e-8; sums of up to 100 products whose terms cancel, through up to 7 layers, lose some fifty times that. */
const ofBatch = 5e-6;
/** Ten updates; adam's and rmsprop's divisions by small roots magnify what the gradients' last digits are. */
const ofTraining = 1e-5;

/** Rows [begin, end) of the case's data. */
function rowsOf({ options, data }: NetworkCase, begin: number, end: number) {
  const { inputs, targets } = data();
  const width = [options.input].flat().reduce((a, b) => a * b, 1);
  const each = targets.length / (inputs.length / width);
  return { inputs: inputs.slice(begin * width, end * width), targets: targets.slice(begin * each, end * each) };
}

/** The reference knows nothing of backends. */
async function pair(one: NetworkCase, backend: "wasm" | "js") {
  const net = await network({ ...one.options, backend });
  // Biases begin as zeros: let them be something.
  net.setParameters(net.parameters().map(({ name, values }) => ({ name, values: values.map((value, i) => value || ((i % 7) - 3) / 16) })));
  return { net, reference: new Reference(one.options, net.parameters()) };
}

describe.each(cases)("$name", (one) => {
  test("loss, prediction and gradients of a batch are the reference's", async () => {
    const { net, reference } = await pair(one, "wasm");
    const { inputs, targets } = rowsOf(one, 0, one.batch);
    const trace = net.trace(inputs, targets);
    const expected = reference.backpropagate(inputs, targets);
    expectClose("prediction", trace.prediction.values, expected.prediction, ofBatch);
    expectClose("loss", [trace.loss], [expected.loss + expected.penalty], ofBatch);
    expectClose("penalty", [trace.penalty], [expected.penalty], ofBatch);
    const gradients: NamedTensor[] = Object.values(net.gradients(inputs, targets));
    gradients.forEach(({ name, values }, p) => {
      expectClose(`gradient of ${name}`, values, expected.gradients[p]!, ofBatch);
    });
    expectClose("input gradient", trace.inputGradient.values, expected.inputGradient, ofBatch);
    expectClose("predict", net.predict(inputs), reference.predict(inputs), ofBatch);
    expectClose("evaluate", [net.evaluate({ inputs, targets }).loss], [reference.loss(inputs, targets)], ofBatch);
    net.dispose();
  });

  test("after ten updates, on batches of other sizes too, parameters are the reference's", async () => {
    const { net, reference } = await pair(one, "wasm");
    const halves = [0, one.batch, 2 * one.batch, Math.ceil(2.5 * one.batch)];
    for (let step = 0; step < 10; ++step) {
      const { inputs, targets } = rowsOf(one, halves[step % 3]!, halves[(step % 3) + 1]!);
      expectClose(`loss of step ${step}`, [net.trainOnBatch(inputs, targets)], [reference.train(inputs, targets)], ofTraining);
    }
    for (const [p, { name, values }] of net.parameters().entries()) expectClose(name, values, reference.parameters[p]!.values, ofTraining);
    net.dispose();
  });
});

describe("the reference itself", () => {
  // The known-answer vectors that come with Random123, for threefry2x32 with 20 rounds.
  test.each([
    [
      [0, 0],
      [0, 0],
      [0x6b200159, 0x99ba4efe],
    ],
    [
      [0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x1cb996fc, 0xbb002be7],
    ],
    [
      [0x13198a2e, 0x03707344],
      [0x243f6a88, 0x85a308d3],
      [0xc4923a9c, 0x483df7a0],
    ],
  ] as const)("threefry under %j of %j", (key, counter, expected) => {
    expect(threefry(key, counter)).toEqual(expected);
  });

  test("erf at 0.5, 1 and 3 is as in Abramowitz and Stegun, table 7.1", () => {
    expect(erf(0.5)).toBeCloseTo(0.5204998778, 10);
    expect(erf(-1)).toBeCloseTo(-0.8427007929, 10);
    expect(erf(3)).toBeCloseTo(0.9999779095, 10);
  });

  test.each(Object.keys(activations))("%s: f' is the slope of f", (name) => {
    const [f, slope] = activations[name]!;
    const h = 1e-6; // truncation h², rounding 1e-16 / h
    for (const x of [-7, -2.5, -0.75, -0.01, 0.01, 0.75, 2.5, 7])
      expect((f(x + h, 0.3) - f(x - h, 0.3)) / (2 * h)).toBeCloseTo(slope(x, 0.3), 8);
  });

  test("the cases have every batch size, and a name each", () => {
    expect(new Set(cases.map(({ batch }) => batch))).toEqual(new Set(batches));
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  });
});
