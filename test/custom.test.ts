// Users' own layers and activations: values against float64, gradients against central differences.
import { describe, expect, test } from "vitest";
import { type Builder, dense, gradCheck, layer, meanSquaredError, type Network, network, prelu, type Tensor, zeros } from "../src/index.js";
import { dataFor, matrix, sum } from "./cases.js";
import { applied, composedCases, functions, swiglu } from "./composed.js";

type Matrix = readonly (readonly number[])[];

const each = (f: (x: number, row: readonly number[]) => number) => (x: Matrix) => x.map((row) => row.map((value) => f(value, row)));
const columnSums = (x: Matrix) => x[0]!.map((_, c) => sum(x.map((row) => row[c]!)));

/** What `functions` in test/composed.ts compute, in float64. */
const references: Readonly<Record<string, (x: Matrix) => Matrix>> = {
  add: each((x, row) => 2 * x + sum(row)),
  sub: each((x, row) => 1 - x - sum(row.map((value) => value ** 2)) / row.length),
  mul: each((x, row) => 0.5 * x * sum(row)),
  div: each((x, row) => 1 / (x * x + 1) / (sum(row) ** 2 + 1)),
  neg: each((x) => -x),
  exp: each((x) => Math.exp(x / 2)),
  log: each((x) => Math.log(x * x + 0.5)),
  sqrt: each((x) => Math.sqrt(x * x + 0.5)),
  square: each((x) => x * x),
  "pow 3": each((x) => x ** 3),
  "pow -2": each((x) => (x * x + 1) ** -2),
  "pow 2.5": each((x) => (x * x + 1) ** 2.5),
  "pow 1.7": each((x) => (x * x + 1) ** 1.7),
  abs: each(Math.abs),
  max: each((x, row) => Math.max(x, 0.3 * sum(row))),
  min: each((x) => Math.min(x, 0.25)),
  where: each((x) => (x > 0.1 ? x * x : x / 2)),
  sin: each((x) => Math.sin(3 * x)),
  cos: each((x) => Math.cos(3 * x)),
  sum: each((x, row) => x * sum(row.map((value) => value ** 2))),
  mean: each((x, row) => x - sum(row) / row.length),
  sumRows: (x) => x.map((row) => row.map((value, c) => value * columnSums(x)[c]!)),
  meanRows: (x) => x.map((row) => row.map((value, c) => value - columnSums(each((v) => v * v)(x))[c]! / x.length)),
  concat: (x) => x.map((row) => [...row.map((value) => value ** 2), ...row, sum(row)]),
  slice: (x) => x.map((row) => [row[0]! * row.at(-1)!]),
  activate: each((x) => x * Math.tanh(Math.log1p(Math.exp(x)))),
};

/** A network of this layer only. */
async function alone(made: ReturnType<typeof layer>, input: number): Promise<Network> {
  return network({ input, layers: [made], loss: meanSquaredError(), seed: 1 });
}

describe.each(Object.keys(functions))("%s", (name) => {
  test.each([1, 3, 4, 5, 17, 64])("of %d columns is the float64 result, and its gradient agrees with differences", async (columns) => {
    const net = await alone(applied(name), columns);
    const inputs = matrix(3, columns, columns + 1);
    const found = net.predict(inputs);
    const expected = references[name]!(inputs).flat();
    expect(found).toHaveLength(expected.length);
    // Sums of 64 terms, powers of up to 2.5 of values up to 3.25: relative to the largest.
    const bound = 4e-6 * Math.max(1, ...expected.map(Math.abs));
    expected.forEach((value, i) => {
      expect(Math.abs(found[i]! - value)).toBeLessThan(bound);
    });
    const check = gradCheck(net, { inputs, targets: matrix(3, expected.length / 3, 99) }, { elements: 24 });
    expect(check.agrees, check.summary).toBe(true);
  });
});

describe("composed layers agree with differences in every parameter and input", () => {
  test.each(composedCases)("$name", async ({ options, batch }) => {
    const net = await network(options);
    const { inputs, targets } = dataFor(options as never, Math.min(batch, 4), 5);
    // Some make one row of a sample's positions.
    const data = { inputs, targets: targets.subarray(0, net.predict(inputs).length) };
    const check = gradCheck(net, data, { elements: 20 });
    expect(check.agrees, check.summary).toBe(true);
  });
});

test("prelu is x above 0 and alpha·x below, alpha by column", async () => {
  const net = await network({ input: [2, 3], layers: [prelu({ name: "p" })], loss: meanSquaredError(), seed: 1 });
  expect([...net.parameters()[0]!.values]).toEqual([0.25, 0.25, 0.25]);
  net.setParameters([{ name: "p.alpha", values: [0.5, -1, 0] }]);
  expect([...net.predict([[1, 2, 3, -1, -2, -3]])].map((x) => x + 0)).toEqual([1, 2, 3, -0.5, 2, 0]);
});

test("swiglu is silu(x·V)·(x·W)", async () => {
  const net = await alone(swiglu({ units: 2 }), 2);
  net.setParameters([{ name: "swiglu_1.weight", values: [1, 2, 3, 4, 5, 6, 7, 8] }]);
  const silu = (x: number) => x / (1 + Math.exp(-x));
  const [a, b] = net.predict([[0.1, 0.2]]);
  expect(a).toBeCloseTo(silu(0.1 + 1.0) * (0.3 + 1.4), 5);
  expect(b).toBeCloseTo(silu(0.2 + 1.2) * (0.4 + 1.6), 5);
});

test("0 and -0 are two numbers", async () => {
  const zeros = layer("zeros", {}, (g, x) => g.concat([g.mul(x, 0), g.mul(x, -0)]));
  const net = await network({ input: 1, layers: [zeros], loss: meanSquaredError(), seed: 1 });
  expect([...net.predict([1])]).toEqual([0, -0]);
});

test("a layer whose parameters change from plan to plan is refused by predict, and trains on", async () => {
  let times = 0;
  const apply = (g: Builder, x: Tensor) => g.add(x, g.parameter(times++ === 0 ? "w" : "v", [3], zeros()));
  const net = await network({ input: 3, layers: [layer("mine", {}, apply), dense(1)], loss: meanSquaredError(), seed: 1 });
  const hash = net.weightsHash();
  expect(() => net.predict([[1, 2, 3]])).toThrow(/^network: to predict, parameter 0 is mine_1\.v \[3\], expected mine_1\.w \[3\]/);
  expect(net.weightsHash()).toBe(hash);
  times = 0;
  expect(net.predict([[1, 2, 3]]).length).toBe(1);
});

test("initializers among the options are plain data: they are saved by their type", () => {
  const made = layer("mine", { weight: zeros(), name: "first" }, (_, x) => x);
  expect([made.kind, made.name, JSON.stringify(made.options)]).toEqual(["mine", "first", '{"weight":{"type":"zeros"}}']);
});
