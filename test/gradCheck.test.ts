// gradCheck: that it finds gradients right, and wrong ones wrong.
import { describe, expect, test } from "vitest";
import { activation, constant, dense, dropout, gradCheck, meanAbsoluteError, meanSquaredError, network, zeros } from "../src/index.js";
import { matrix } from "./cases.js";

describe("gradCheck", () => {
  const inputs = matrix(5, 3, 1);
  const targets = matrix(5, 2, 2);
  const make = () =>
    network({ input: 3, layers: [dense(4, { activation: "tanh", kernelL2: 0.1 }), dense(2)], loss: meanSquaredError(), seed: 1 });

  test("finds the gradients of a built-in network right, to 5e-4, and changes no bit of it", async () => {
    const net = await make();
    net.trainOnBatch(inputs, targets);
    const hash = net.weightsHash();
    const check = gradCheck(net, { inputs, targets });
    expect(check.agrees).toBe(true);
    expect(check.tensors.map(({ name }) => name).toSorted()).toEqual(
      ["dense_1.bias", "dense_1.weight", "dense_2.bias", "dense_2.weight", "input (input)"].toSorted(),
    );
    for (const { worst, checked, elements } of check.tensors) {
      expect(worst.relative).toBeLessThan(5e-4); // 2^-23 of a loss of 3 over a step of 2^-6, of gradients of 0.1
      expect(checked).toBe(elements);
    }
    expect([net.weightsHash(), net.steps]).toEqual([hash, 1]);
    expect(Math.max(...check.summary.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  test.each([
    ["a parameter's", 0.01],
    ["a parameter's, barely", 0.004],
  ])("finds %s gradient wrong by %f of its largest, names it first, and still restores every bit", async (_, by) => {
    const net = await make();
    const right = net.gradients.bind(net);
    net.gradients = (...given) => {
      const found = right(...given);
      const { values, ...rest } = found["dense_1.weight"]!;
      const most = Math.max(...values.map(Math.abs));
      return { ...found, "dense_1.weight": { ...rest, values: values.with(5, values[5]! + by * most) } };
    };
    const hash = net.weightsHash();
    const check = gradCheck(net, { inputs, targets });
    expect(check.agrees).toBe(false);
    expect(check.tensors[0]).toMatchObject({ name: "dense_1.weight", worst: { index: 5 } });
    expect(check.tensors[0]!.worst.relative).toBeCloseTo(by, 3);
    expect(check.summary).toMatch(/^gradients DISAGREE .*\n.*\n {2}dense_1\.weight \[5\]/);
    expect(net.weightsHash()).toBe(hash);
  });

  test("names that are too long for their column are cut, and look so", async () => {
    const layers = [dense(2, { name: "a_layer_with_a_long_name" }), dense(3)];
    const net = await network({ input: 3, layers, loss: meanSquaredError(), seed: 1 });
    const lines = gradCheck(net, { inputs: [[1, 2, 3]], targets: [[1, 2, 3]] }).summary.split("\n");
    expect(lines.filter((line) => /^ {2}a_layer_with_a_long_n…\s*\[\d\] /.test(line))).toHaveLength(2);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  test("columns lie below each other whatever the numbers' size", async () => {
    // Of a gradient of -0.00001 as many digits as of others would begin one column further to the left.
    const net = await network({ input: 3, layers: [dense(2)], loss: meanSquaredError({ weight: 1e-5 }), seed: 1 });
    const { tensors, summary } = gradCheck(net, { inputs, targets });
    expect(tensors.some(({ worst }) => worst.analytic < 0 && worst.analytic > -1e-4)).toBe(true);
    const [, ...table] = summary.split("\n");
    expect(new Set(table.map((line) => line.length)).size).toBe(1);
  });

  test("agrees with dropout, whose random numbers are the next step's at every evaluation", async () => {
    const net = await network({
      input: 3,
      layers: [dense(8, { activation: "tanh" }), dropout(0.5), dense(2)],
      loss: meanSquaredError(),
      seed: 1,
    });
    expect(gradCheck(net, { inputs, targets }).agrees).toBe(true);
  });

  test("compares with training's loss where dropout makes no difference yet, as before weights of 0", async () => {
    const layers = [dense(8, { activation: "tanh" }), dropout(0.5), dense(2, { weight: zeros() })];
    const check = gradCheck(await network({ input: 3, layers, loss: meanSquaredError(), seed: 1 }), { inputs, targets });
    expect(check.agrees, check.summary).toBe(true);
  });

  test.each([
    ["", []],
    [" with dropout", [dropout(0.5)]],
  ])("weighs rows as the loss does%s: both gradients are the weighted mean of the rows' own", async (_, between) => {
    const sampleWeights = [5, 0, 1, 0.5, 3.5];
    const layers = [dense(8, { activation: "tanh" }), ...between, dense(2)];
    const net = await network({ input: 3, layers, loss: meanSquaredError(), seed: 1 });
    const check = gradCheck(net, { inputs, targets, sampleWeights });
    expect(check.agrees, check.summary).toBe(true);
    // A weight of one row only is that row's own gradient, with the same random numbers as in the batch.
    const rows = sampleWeights.map((weight, r) => ({ weight, own: net.gradients(inputs, targets, sampleWeights.map((_, i) => Number(i === r))) })); // biome-ignore format: one idea
    for (const { name, worst } of check.tensors.filter(({ name }) => name.startsWith("dense"))) {
      const expected = rows.reduce((sum, { weight, own }) => sum + weight * own[name]!.values[worst.index]!, 0) / 10;
      expect(worst.analytic).toBeCloseTo(expected, 5);
      expect(worst.numeric).toBeCloseTo(expected, 3);
      const plain = rows.reduce((sum, { own }) => sum + own[name]!.values[worst.index]!, 0) / 5;
      expect(Math.abs(plain - expected)).toBeGreaterThan(1e-3);
    }
  });

  test.each([
    ["near", matrix(5, 3, 1), meanSquaredError()],
    ["at hand whatever the step, as of 60 rows and their errors", matrix(60, 3, 1), meanAbsoluteError()],
    ["exactly there, as for a row of zeros and a bias of 0", matrix(5, 3, 1).with(1, [0, 0, 0]), meanSquaredError()],
  ])("agrees where relu's kinks are %s", async (_, given, loss) => {
    const net = await network({ input: 3, layers: [dense(16), activation("relu"), dense(2)], loss, seed: 2 });
    const check = gradCheck(net, { inputs: given, targets: matrix(given.length, 2, 2) }, { elements: 20 });
    expect(check.agrees, check.summary).toBe(true);
  });

  /** A network whose loss is f of its only weight, which is 0, and whose gradient is said to be `slope`, that of its input another number.
   *  What gradCheck makes of it. */
  async function checkOf(f: (w: number) => number, slope: (w: number) => number, inputGradient = 0) {
    const layers = [dense(1, { bias: false, weight: zeros() })];
    const net = await network({ input: 1, layers, loss: meanSquaredError(), seed: 1, backend: "js" });
    const [trace, [weight]] = [net.trace.bind(net), net.parameters()];
    const w = () => net.parameters()[0]!.values[0]!;
    net.trace = (...given) => {
      const found = trace(...given);
      const input = { ...found.inputGradient, values: Float32Array.of(inputGradient) };
      return { ...found, loss: f(w()), inputGradients: { input } };
    };
    net.gradients = () => ({ [weight!.name]: { ...weight!, values: Float32Array.of(slope(w())) } });
    const { agrees, tensors, summary } = gradCheck(net, { inputs: [[0]], targets: [[0]] });
    return { agrees, summary, ...tensors.find(({ name }) => name === weight!.name)!.worst };
  }
  /** The first step from a weight of 0, and how far the element is moved where it is off. */
  const FIRST = 2 ** -4;

  test("does not hold against a gradient what a float32 loss cannot tell", async () => {
    // Neighbours of 2^20 are 2^-3 apart, the steps change it by 2^-6 at most: all differences are 0.
    const { agrees, numeric, uncertainty } = await checkOf(
      (w) => Math.fround(2 ** 20 + w / 4),
      () => 1 / 4,
    );
    expect([agrees, numeric]).toEqual([true, 0]);
    // One spacing over the way from one point to the other.
    expect(uncertainty).toBeGreaterThanOrEqual(2 ** -3 / (2 * FIRST));
  });

  test("is not taken in by a gradient that is what large steps find", async () => {
    const f = (w: number) => Math.sin(40 * w);
    const difference = (step: number) => (f(step) - f(-step)) / (2 * step);
    const extrapolated = (4 * difference(FIRST / 2) - difference(FIRST)) / 3;
    expect(Math.abs(extrapolated - 40)).toBeGreaterThan(1); // the slope is 40
    const wrong = await checkOf(f, (w) => (w === 0 ? extrapolated : 0));
    expect(wrong.agrees).toBe(false);
    expect(wrong.numeric).toBeCloseTo(40, 1);
    expect((await checkOf(f, (w) => 40 * Math.cos(40 * w))).agrees).toBe(true);
  });

  test("extrapolates: of a cubic what two steps find is the slope", async () => {
    const f = (w: number) => w + 100 * w ** 3;
    const { numeric } = await checkOf(f, () => 1);
    expect(numeric).toBeCloseTo(1, 9); // float64 rounding; a plain difference is off by 100·step², 0.4 at first
  });

  test("asks of gradients a thousandth of the largest tensor's at most what it asks of that", async () => {
    // The loss does not depend on the input.
    for (const [inputGradient, agrees] of [
      [5e-4, true],
      [2e-3, false],
    ] as const)
      expect((await checkOf((w) => 1000 * w, () => 1000, inputGradient)).agrees).toBe(agrees); // biome-ignore format: one call
  });

  test("takes any of the slopes at a kink, where a step aside is another one, and no other", async () => {
    // -2 before 0, 0 after it; 2 after the second.
    const f = (w: number) => Math.abs(w) + Math.abs(w - FIRST);
    for (const [at0, at1] of [
      [-2, 2],
      [0, 0],
      [-1, 1],
    ] as const)
      expect((await checkOf(f, (w) => (w === 0 ? at0 : at1))).agrees).toBe(true);
    expect((await checkOf(f, () => 4)).agrees).toBe(false);
  });

  test("a flat side of a kink excuses no gradient that is wrong on the other one", async () => {
    const one = { bias: false, weight: constant(1) } as const;
    const net = await network({
      input: 1,
      layers: [dense(1, { ...one, weight: constant(-0.003), activation: "relu" }), dense(1, one)],
      loss: meanSquaredError(),
      seed: 1,
    });
    const data = { inputs: [[-1]], targets: [[1]] };
    expect(gradCheck(net, data).agrees).toBe(true);
    const gradients = net.gradients.bind(net);
    net.gradients = (...batch) => {
      const found = gradients(...batch);
      const weight = found["dense_1.weight"]!;
      return { ...found, "dense_1.weight": { ...weight, values: weight.values.map((value) => -value) } };
    };
    expect(gradCheck(net, data).agrees).toBe(false);
  });

  test("finds the slope between two kinks that all but the least steps have inside", async () => {
    const within = 2 ** -12;
    const clamped = (w: number) => Math.max(-within, Math.min(within, w));
    // 3 within, 1 beyond, at both places that are looked at. Of a loss of 16 rounding leaves small steps less certain than large ones.
    const f = (w: number) => 16 + w + 2 * clamped(w) + 2 * clamped(w - FIRST);
    const check = await checkOf(f, () => 3);
    expect(check.agrees, check.summary).toBe(true);
    expect(check.numeric).toBeCloseTo(3, 1);
    expect((await checkOf(f, () => 1)).agrees).toBe(false);
  });

  test("takes inputs as rows, flat or by name, and leaves them as they are", async () => {
    const net = await make();
    const flat = Float32Array.from(inputs.flat());
    const [rows, ...others] = [inputs, flat, [...inputs.flat()], { input: inputs }].map(
      (given) => gradCheck(net, { inputs: given, targets }, { elements: 5 }).tensors,
    );
    expect(others).toEqual([rows, rows, rows]);
    expect(flat).toEqual(Float32Array.from(inputs.flat()));
  });

  test("checks so many elements of each tensor, evenly spread", async () => {
    const check = gradCheck(await make(), { inputs, targets }, { elements: 2 });
    expect(check.tensors.every(({ checked }) => checked === 2)).toBe(true);
  });

  test.each([
    [{ tolerance: 0 }, /^gradCheck: tolerance is 0/],
    [{ elements: 0 }, /^gradCheck: elements is 0/],
    [{ tolerence: 1 }, /^gradCheck: unknown option "tolerence"/],
  ])("refuses %j", async (options, message) => {
    const net = await make();
    expect(() => gradCheck(net, { inputs, targets }, options as never)).toThrow(message);
  });
});
