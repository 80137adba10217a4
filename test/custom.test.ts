// Users' own layers, losses and activations: values against float64, gradients against central differences, and what is refused.
import { describe, expect, test } from "vitest";
import {
  activation,
  type Builder,
  constant,
  customActivation,
  customLoss,
  customMetric,
  dense,
  dropout,
  gradCheck,
  layer,
  meanAbsoluteError,
  meanSquaredError,
  type Network,
  network,
  OptionError,
  prelu,
  ShapeError,
  sparseCategoricalCrossEntropy,
  type Tensor,
  zeros,
} from "../src/index.js";
import { dataFor, numbers } from "./cases.js";
import { applied, composedCases, functions, quantile, swiglu } from "./composed.js";

type Matrix = readonly (readonly number[])[];

const sum = (row: readonly number[]) => row.reduce((a, b) => a + b, 0);
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

function matrix(rows: number, columns: number, seed: number): number[][] {
  const next = numbers(seed);
  return Array.from({ length: rows }, () => Array.from({ length: columns }, () => Math.fround(3 * (next() - 0.5))));
}

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

describe("a custom loss", () => {
  const inputs = matrix(7, 3, 1);
  const targets = matrix(7, 2, 2);
  const trainedWith = async (loss: Parameters<typeof network>[0]["loss"]) => {
    const net = await network({ input: 3, layers: [dense(2)], loss, seed: 3 } as never);
    const before = net.evaluate({ inputs, targets }).loss;
    net.trainOnBatch(inputs, targets);
    return { before, parameters: net.parameters().flatMap(({ values }) => [...values]) };
  };
  const square = (g: Builder, p: Tensor, y: Tensor) => g.mean(g.square(g.sub(p, y)));

  test.each([
    ["mean", {}, {}],
    ["sum", { reduction: "sum" as const }, { reduction: "sum" as const, weight: 0.5 }],
    ["weight", { weight: 3 }, { weight: 3 }],
  ])("that is the mean square is meanSquaredError: %s", async (_, own, builtIn) => {
    const [a, b] = [await trainedWith(customLoss("square", own, square)), await trainedWith(meanSquaredError(builtIn))];
    expect(a.before).toBeCloseTo(b.before, 5);
    a.parameters.forEach((value, i) => {
      expect(value).toBeCloseTo(b.parameters[i]!, 5);
    });
  });

  test("of q = 1/2 is half the mean absolute error", async () => {
    const [a, b] = [await trainedWith(quantile(0.5)), await trainedWith(meanAbsoluteError({ weight: 0.5 }))];
    expect(a.before).toBeCloseTo(b.before, 6);
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

describe("what is refused when a network is made", () => {
  const made = (apply: (g: Builder, x: Tensor) => unknown) =>
    network({ input: 3, layers: [dense(4), layer("mine", {}, apply as never)], loss: meanSquaredError() });
  const before = (apply: (g: Builder, x: Tensor) => Tensor) =>
    network({ input: 3, layers: [layer("mine", {}, apply), dense(4)], loss: meanSquaredError() });
  const lost = (apply: (g: Builder, p: Tensor, y: Tensor) => unknown) =>
    network({ input: 3, layers: [dense(4)], loss: customLoss("mine", {}, apply as never) });
  const active = (apply: (g: Builder, x: Tensor) => unknown) =>
    network({ input: 3, layers: [dense(4, { activation: customActivation("mine", {}, apply as never) })], loss: meanSquaredError() });
  const emits = (op: unknown, operands: unknown) => made((g, x) => [g.emit(op as never, operands as never), g.exp(x)][1]);
  const measured = (apply: (g: Builder, p: Tensor, y: Tensor) => unknown) =>
    network({ input: 3, layers: [dense(4)], loss: meanSquaredError(), metrics: [customMetric("mine", {}, apply as never)] });
  const filledBy = (fill: () => unknown, distribution?: unknown) =>
    made((g, x) => g.add(x, g.parameter("p", [4], { type: "own", fill, distribution } as never)));
  const w = (g: Builder, ...shape: number[]) => g.parameter("w", shape, zeros());

  const refused: (readonly [string, () => Promise<unknown>, typeof OptionError | typeof ShapeError, RegExp])[] = [
    ["a layer that returns nothing", () => made(() => undefined), OptionError, /^mine_1: it returns undefined, expected a tensor/],
    ["a layer that returns a number", () => made(() => 3), OptionError, /^mine_1: it returns 3/],
    ["a layer that returns a parameter", () => made((g) => w(g, 4)), ShapeError, /^mine_1: it returns shape \[4\].*expected \[batch/],
    ["a forgotten parameter", () => made((g, x) => [w(g, 4), g.exp(x)][1]), OptionError, /^mine_1: no gradient reaches mine_1\.w/],
    ["a forgotten input", () => made((g, x) => g.mul(w(g, 4), g.where(x, 1, 0))), OptionError, /^mine_1: no gradient reaches dense_1/],
    [
      "other columns",
      () => made((g, x) => g.add(x, w(g, 3))),
      ShapeError,
      /^mine_1: add: shapes \[batch, 4\] and \[3\], expected equal ones/,
    ],
    [
      "a product of wrong sizes",
      () => made((g, x) => g.matmul(x, w(g, 3, 2))),
      ShapeError,
      /^mine_1: matmul: .*expected \[batch, 4\] and \[4, n\]/,
    ],
    ["a product of two batches", () => made((g, x) => g.matmul(x, x)), ShapeError, /^mine_1: matmul/],
    ["a transposed batch", () => made((g, x) => g.transpose(x)), ShapeError, /^mine_1: transpose: shape \[batch, 4\]/],
    [
      "a slice beyond the end",
      () => made((g, x) => g.slice(x, 0, 5)),
      OptionError,
      /^mine_1: slice: end is 5, expected a whole number from 1 to 4/,
    ],
    ["an empty slice", () => made((g, x) => g.slice(x, 2, 2)), OptionError, /^mine_1: slice: begin is 2/],
    ["nothing joined", () => made((g) => g.concat([])), OptionError, /^mine_1: concat/],
    ["a row joined to a batch", () => made((g, x) => g.concat([x, w(g, 4)])), ShapeError, /^mine_1: concat/],
    ["an operand that is no tensor", () => made((g, x) => g.add(x, "1" as never)), OptionError, /^mine_1: add got "1", expected a tensor/],
    ["an infinite number", () => made((g, x) => g.add(x, 1e39)), OptionError, /^mine_1: add is 1e\+39/],
    ["a rate of 2", () => made((g, x) => g.dropout(x, 2)), OptionError, /^mine_1: dropout: rate is 2, expected .* less than 1/],
    ["a number to softmax", () => made((g) => g.softmax(1 as never)), OptionError, /^mine_1: softmax got 1, expected a tensor/],
    ["a constant that is none", () => made((g, x) => g.add(x, g.constant("1" as never))), OptionError, /^mine_1: constant is "1"/],
    [
      "a bias of another width",
      () => made((g, x) => g.linear(x, w(g, 4, 2), g.parameter("b", [3], zeros()))),
      ShapeError,
      /linear: a bias of shape \[3\], expected \[2\]/,
    ],
    [
      "a parameter without a name",
      () => made((g, x) => g.add(x, g.parameter("", [4], zeros()))),
      OptionError,
      /^mine_1: a parameter's name is ""/,
    ],
    [
      "a parameter without a shape",
      () => made((g, x) => g.add(x, g.parameter("p", 4 as never, zeros()))),
      OptionError,
      /^mine_1.p: shape is 4, expected an array/,
    ],
    [
      "a parameter of no size",
      () => made((g, x) => g.add(x, g.parameter("p", [0], zeros()))),
      OptionError,
      /^mine_1.p: shape is 0, expected a whole number/,
    ],
    [
      "a parameter without a beginning",
      () => made((g, x) => g.add(x, g.parameter("p", [4], undefined as never))),
      OptionError,
      /^mine_1.p is undefined, expected an initializer/,
    ],
    ["a negative penalty", () => made((g, x) => g.add(x, g.parameter("p", [4], zeros(), { l2: -1 }))), OptionError, /^mine_1.p: l2 is -1/],
    [
      "an initializer that gives too much",
      () => filledBy(() => new Float32Array(5)),
      OptionError,
      /^mine_1.p: the initializer "own" gave Float32Array\(5\), expected Float32Array\(4\), shape \[4\]$/,
    ],
    ["an initializer that gives nothing", () => filledBy(() => undefined), OptionError, /^mine_1.p: the initializer "own" gave undefined/],
    [
      "an initializer that gives NaN",
      () => filledBy(() => Float32Array.of(1, Number.NaN, 2, 3)),
      OptionError,
      /gave NaN for element 1, expected a finite number$/,
    ],
    [
      "an initializer with a distribution that is none",
      () => filledBy(() => new Float32Array(4), { kind: 1, mean: 0, scale: 1 }),
      OptionError,
      /^mine_1.p: the initializer "own" has the distribution .*, expected a function that gives/,
    ],
    ...[4, "Normal"].map(
      (kind) =>
        [
          `an initializer whose distribution is of the kind ${kind}`,
          () =>
            filledBy(
              () => new Float32Array(4),
              () => ({ kind, mean: 0, scale: 1 }),
            ),
          OptionError,
          /the initializer "own" has the distribution .*, expected .* kind: 0 to 3/,
        ] as const,
    ),
    [
      "an initializer whose distribution is not finite",
      () =>
        filledBy(
          () => new Float32Array(4),
          () => ({ kind: 1, mean: Number.NaN, scale: 1 }),
        ),
      OptionError,
      /the initializer "own" has the distribution .*, expected .* finite numbers/,
    ],
    [
      "a tensor of another network",
      async () => {
        const kept: Tensor[] = [];
        await made((g, x) => g.exp(kept[kept.push(x) - 1]!));
        await made((g, x) => g.add(x, kept[0]!));
      },
      OptionError,
      /^mine_1: add got dense_1.* of an earlier call, .* expected a tensor of this call$/,
    ],
    [
      "an output of another network",
      async () => {
        const kept: Tensor[] = [];
        await made((g, x) => g.exp(kept[kept.push(x) - 1]!));
        await made(() => kept[0]);
      },
      OptionError,
      /^mine_1: it returns dense_1.* of an earlier call/,
    ],
    [
      "a misspelt penalty",
      () => made((g, x) => g.add(x, g.parameter("p", [4], zeros(), { L2: 0.5 } as never))),
      OptionError,
      /^mine_1\.p: unknown option "L2", expected one of: l1, l2$/,
    ],
    [
      "null for penalties",
      () => made((g, x) => g.add(x, g.parameter("p", [4], zeros(), null as never))),
      OptionError,
      /^mine_1\.p: options are null, expected an object$/,
    ],
    ...["nonsense", "toString", undefined].map(
      (op) =>
        [
          `emit of ${op}`,
          () => emits(op, {}),
          OptionError,
          /^mine_1: emit: op is ("nonsense"|"toString"|undefined), expected one/,
        ] as const,
    ),
    ["operands that are null", () => emits("expForward", null), OptionError, /^mine_1: emit: operands of expForward are null, expected an/],
    [
      "an op without its output",
      () => emits("expForward", { end: 4 }),
      OptionError,
      /^mine_1: emit: y of expForward is undefined, expected a t/,
    ],
    [
      "an op without its range",
      () => made((g, x) => [g.emit("expForward", { y: g.tensor("y", [4]), x } as never), g.exp(x)][1]),
      OptionError,
      /^mine_1: emit: end of expForward is undefined, expected a number/,
    ],
    [
      "an op of a loss without its input",
      () => lost((g, p, y) => [g.emit("expForward", { y, end: 4 } as never), g.mean(g.sub(p, y))][1]),
      OptionError,
      /^loss: emit: x of expForward is undefined/,
    ],
    [
      "an op of an activation without its input",
      () => active((g, x) => [g.emit("expForward", { y: x, end: 4 } as never), g.exp(x)][1]),
      OptionError,
      /^dense_1: emit: x of expForward is undefined/,
    ],
    [
      "an op of a metric without its input",
      () => measured((g, p, y) => [g.emit("expForward", { y: p, end: 4 } as never), g.mean(y)][1]),
      OptionError,
      /^loss: emit: x of expForward is undefined/,
    ],
    ...["nope", "constructor", "gemm", "accumulate"].map(
      (op) =>
        [
          `elementwise of ${op}`,
          () => made((g, x) => g.elementwise(op as never, x)),
          OptionError,
          /^mine_1: elementwise: op is "/,
        ] as const,
    ),
    [
      "elementwise of null",
      () => made((g) => g.elementwise("reluForward", null as never)),
      OptionError,
      /^mine_1: elementwise got null, expected/,
    ],
    [
      "a missing alpha",
      () => made((g, x) => g.elementwise("eluForward", x)),
      OptionError,
      /^mine_1: elementwise: alpha of eluForward is undefined/,
    ],
    [
      "a negative alpha",
      () => made((g, x) => g.elementwise("leakyReluForward", x, -1)),
      OptionError,
      /^mine_1: elementwise: alpha of leakyReluForward is -1/,
    ],
    [
      "an alpha too many",
      () => made((g, x) => g.elementwise("reluForward", x, 1)),
      OptionError,
      /^mine_1: elementwise: alpha is 1, but reluForward has none/,
    ],
    ["null to keep", () => made((g, x) => [g.keep(null as never), x][1]), OptionError, /^mine_1: keep got null, expected a tensor/],
    [
      "a loss within a layer",
      () => made((g, x) => [g.loss("meanSquaredError", x, x), x][1]),
      OptionError,
      /^mine_1: loss is called, expected one call in a loss's emit and none elsewhere$/,
    ],
    ["a loss of rows within a layer", () => made((g, x) => [g.lossOfRows(g.mean(x)), x][1]), OptionError, /^mine_1: lossOfRows is called/],
    [
      "a loss within a metric",
      () => measured((g, p, y) => [g.loss("meanSquaredError", p, y), g.mean(p)][1]),
      OptionError,
      /^loss: loss is called, expected one/,
    ],
    [
      "two losses in one",
      () => lost((g, p, y) => [g.loss("meanSquaredError", p, y), g.mean(g.sub(p, y))][1]),
      OptionError,
      /^loss: lossOfRows is called, expected one/,
    ],
    ["a layer within, of no name", () => made((g, x) => g.within("", dense(4), x)), OptionError, /^mine_1: within: name is ""/],
    [
      "a layer within that is none",
      () => made((g, x) => g.within("a", dense as never, x)),
      OptionError,
      /^mine_1: within: layer is a function/,
    ],
    ...(["logSoftmax", "neg", "square", "sumPositions", "meanPositions"] as const).map(
      (op) =>
        [`a text to ${op}`, () => made((g) => g[op]("1" as never)), OptionError, new RegExp(`^mine_1: ${op} got "1", expected a`)] as const,
    ),
    ["a text to linear", () => made((g) => g.linear("1" as never, w(g, 4, 2))), OptionError, /^mine_1: linear got "1", expected a tensor/],
    [
      "weights of linear that are none",
      () => made((g, x) => g.linear(x, 2 as never)),
      OptionError,
      /^mine_1: linear got 2, expected a tensor/,
    ],
    [
      "other rows for linear",
      () => made((g, x) => g.linear(x, w(g, 3, 2))),
      ShapeError,
      /^mine_1: linear: .*expected \[batch, 4\] and \[4, n\]/,
    ],
    ["a text to matmul", () => made((g, x) => g.matmul(x, "1" as never)), OptionError, /^mine_1: matmul got "1", expected a tensor/],
    ["a number to exp", () => made((g) => g.exp(2 as never)), OptionError, /^mine_1: exp got 2, expected a tensor/],
    ["a number to slice", () => made((g) => g.slice(2 as never, 0)), OptionError, /^mine_1: slice got 2, expected a tensor/],
    ["nothing to sum", () => made((g) => g.sum(undefined as never)), OptionError, /^mine_1: sum got undefined, expected a tensor/],
    ["a number among tensors", () => made((g, x) => g.concat([x, 2 as never])), OptionError, /^mine_1: concat got 2, expected a tensor/],
    ["an exponent that is no number", () => made((g, x) => g.pow(x, Number.NaN)), OptionError, /^mine_1: pow: exponent is NaN/],
    ["an unknown activation", () => made((g, x) => g.activate(x, "rely" as never)), OptionError, /^mine_1: activate is "rely"/],
    ["a loss that returns nothing", () => lost(() => undefined), OptionError, /^mine: it returns undefined, expected a tensor/],
    ["a loss by element", () => lost((g, p, y) => g.sub(p, y)), ShapeError, /^mine: it returns shape \[batch, 4\], expected \[batch, 1\]/],
    ["a loss of the batch", () => lost((g, p) => g.sum(g.meanRows(p))), ShapeError, /^mine: it returns shape \[1\], expected \[batch, 1\]/],
    ["a loss of targets only", () => lost((g, _, y) => g.mean(y)), OptionError, /^mine: no gradient reaches .*: the loss does not depend/],
    [
      "an activation of another shape",
      () => active((g, x) => g.mean(x)),
      ShapeError,
      /^dense_1: mine: it returns shape \[batch, 1\], expected/,
    ],
    ["an activation that forgets x", () => active((g, x) => g.where(x, 1, 2)), OptionError, /^dense_1: mine: no gradient reaches/],
    [
      "a parameter in training only",
      () => before((g, x) => (g.training ? g.add(x, w(g, 3)) : x)),
      OptionError,
      /^network: to evaluate, parameter 0 is dense_1\.weight \[3, 4\], expected mine_1\.w \[3\]/,
    ],
    [
      "a parameter without training only",
      () => before((g, x) => (g.training ? x : g.add(x, w(g, 3)))),
      OptionError,
      /^network: to evaluate, parameter 0 is mine_1\.w \[3\], expected dense_1/,
    ],
    [
      "other columns in training",
      () => before((g, x) => (g.training ? g.concat([x, x]) : x)),
      OptionError,
      /parameter 0 is dense_1\.weight \[3, 4\], expected dense_1\.weight \[6, 4\]/,
    ],
    [
      "other outputs in training",
      () => made((g, x) => (g.training ? g.concat([x, x]) : x)),
      ShapeError,
      /^network: output 0 has shape \[4\] for each row to predict, expected \[8\]/,
    ],
    [
      "a metric with a parameter",
      () =>
        network({
          input: 3,
          layers: [dense(4)],
          loss: meanSquaredError(),
          metrics: [customMetric("own", {}, (g, p) => g.mean(g.add(p, w(g, 4))))],
        }),
      OptionError,
      /^network: to evaluate, parameter 2 is .*w \[4\], expected none/,
    ],
  ];
  test.each(refused)("%s", async (_, make, kind, message) => {
    const error = await make().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(kind);
    expect((error as Error).message).toMatch(message);
  });

  const f = (_: Builder, x: Tensor) => x;
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  test.each<[string, () => unknown, RegExp]>([
    ["a name of the library's layers", () => layer("dense", {}, f), /^layer: "dense" is a name of the library's own/],
    ["a name of its activations", () => customActivation("relu", {}, f), /^customActivation: "relu" is a name/],
    ["a name of its losses", () => customLoss("huber", {}, f), /^customLoss: "huber" is a name/],
    ["no name", () => layer("", {}, f), /^layer: its name is ""/],
    ["no function", () => layer("mine", {}, 3 as never), /^mine: apply is 3, expected a function/],
    ["options that JSON cannot say", () => layer("mine", { at: new Date(0) }, f), /^mine: options: at is a Date, expected plain data/],
    ["what JSON cannot say in an array", () => layer("mine", { sizes: [1n] }, f), /^mine: options: sizes: 0 is 1n, expected plain data/],
    ["options that contain themselves", () => layer("mine", cyclic, f), /^mine: options: self is within itself, expected plain data/],
    ["a function among the options", () => layer("mine", { f }, f), /^mine: options: f is a function, expected plain data/],
    ["no options", () => customLoss("mine", undefined as never, f), /^mine: options are undefined, expected an object/],
    ["another reduction", () => customLoss("mine", { reduction: "max" as never }, f), /^mine: reduction is "max"/],
    ["a weight of 0", () => customLoss("mine", { weight: 0 }, f), /^mine: weight is 0/],
  ])("%s", (_, make, message) => {
    expect(make).toThrow(OptionError);
    expect(make).toThrow(message);
  });
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

test("what a loss has of its own to train is not missed by predict", async () => {
  const loss = customLoss("scaled", {}, (g, p, y) => g.mean(g.square(g.sub(g.mul(p, g.parameter("s", [1], constant(2))), y))));
  const net = await network({ input: 1, layers: [dense(1, { weight: constant(3) })], loss, seed: 1 });
  await net.fit({ inputs: [[1]], targets: [[6]] }, { epochs: 1 });
  expect([...net.predict([[1]])]).toEqual([3]);
  expect(net.parameters().map(({ name }) => name)).toEqual(["dense_1.weight", "dense_1.bias", "loss.s"]);
});

test("initializers among the options are plain data: they are saved by their type", () => {
  const made = layer("mine", { weight: zeros(), name: "first" }, (_, x) => x);
  expect([made.kind, made.name, JSON.stringify(made.options)]).toEqual(["mine", "first", '{"weight":{"type":"zeros"}}']);
});

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

describe("targets of a custom loss that are not as the prediction", () => {
  const levels = [0.1, 0.5, 0.9];
  /** Koenker & Bassett 1978, for several shares at once. */
  const quantiles = () =>
    customLoss(
      "quantiles",
      {},
      (g, prediction, target) => {
        const e = g.sub(target, prediction);
        const parts = levels.map((q, i) => {
          const one = g.slice(e, i, i + 1);
          return g.max(g.mul(one, q), g.mul(one, q - 1));
        });
        return g.mean(g.concat(parts));
      },
      { columns: 1 },
    );
  const inputs = [
    [0.3, -0.2],
    [0.7, 0.4],
    [-0.5, 0.9],
  ];

  test.each(["wasm", "js"] as const)(
    "%s: one column for three quantiles: value by hand, gradient by differences, with weights too",
    async (backend) => {
      const net = await network({ input: 2, layers: [dense(3)], loss: quantiles(), seed: 1, backend });
      const targets = [0.5, -1, 2];
      const p = net.predict(inputs);
      const losses = targets.map((y, r) => sum(levels.map((q, c) => Math.max(q * (y - p[3 * r + c]!), (q - 1) * (y - p[3 * r + c]!)))) / 3);
      expect(net.evaluate({ inputs, targets }).loss).toBeCloseTo(sum(losses) / 3, 6);
      const sampleWeights = [1, 0, 3];
      expect(net.evaluate({ inputs, targets, sampleWeights }).loss).toBeCloseTo((losses[0]! + 3 * losses[2]!) / 4, 6);
      expect(gradCheck(net, { inputs, targets }).agrees).toBe(true);
      // The rate is small enough for three rows.
      const before = net.evaluate({ inputs, targets }).loss;
      await net.fit({ inputs, targets }, { epochs: 20, batchSize: 2 });
      expect(net.evaluate({ inputs, targets }).loss).toBeLessThan(before);
      await expect(net.fit({ inputs, targets: p })).rejects.toThrow("fit: targets: 9 rows, but inputs have 3");
      await expect(net.fit({ inputs, targets: [[1, 2], [1, 2], [1, 2]] })).rejects.toThrow("row 0 has 2 columns, expected 1 (quantiles takes 1)"); // biome-ignore format: rows
    },
  );

  test.each(["wasm", "js"] as const)(
    "%s: class ids come as one-hot rows: the cross-entropy of probabilities, as the built-in one has it",
    async (backend) => {
      const own = customLoss("own", {}, (g, p, t) => g.neg(g.log(g.sum(g.mul(p, t)))), { ids: true });
      const layers = [dense(3, { activation: "softmax" })];
      const [ours, theirs] = await Promise.all(
        [own, sparseCategoricalCrossEntropy()].map((loss) => network({ input: 2, layers, loss, seed: 1, backend })),
      );
      for (const data of [
        { inputs, targets: [2, 0, 1] },
        { inputs, targets: [2, 0, 1], sampleWeights: [1, 0, 3] },
      ])
        expect(ours!.evaluate(data).loss).toBeCloseTo(theirs!.evaluate(data).loss, 6);
      expect(gradCheck(ours!, { inputs, targets: [2, 0, 1] }).agrees).toBe(true);
      await expect(ours!.fit({ inputs, targets: [3, 0, 1] })).rejects.toThrow(
        "row 0 has class id 3, expected a whole number from 0 to 2 (own, 3 columns)",
      );
    },
  );

  test("mae has no meaning for them", async () => {
    await expect(network({ input: 2, layers: [dense(3)], loss: quantiles(), metrics: ["mae"] })).rejects.toThrow(
      "metrics: mae needs targets of the prediction's shape, quantiles has 1 columns",
    );
  });
});

describe("positions", () => {
  test.each(["wasm", "js"] as const)("%s: one of them, their sum and mean, by hand; every rank", async (backend) => {
    const layers = [layer("all", {}, (g, x) => g.concat([g.position(x, 1), g.sumPositions(x), g.meanPositions(x)]))];
    const net = await network({ input: [3, 2], layers, loss: meanSquaredError(), seed: 1, backend });
    expect([
      ...net.predict([
        [1, 10, 2, 20, 4, 80],
        [-1, 0, 0, 0, 0, 3],
      ]),
    ]).toEqual([
      // biome-ignore format: rows
      ...[2, 20, 7, 110, Math.fround(7 / 3), Math.fround(110 / 3)],
      ...[0, 0, -1, 3, Math.fround(-1 / 3), 1],
    ]);
    const deep = await network({
      input: [2, 2, 1],
      layers: [layer("sum", {}, (g, x) => g.sumPositions(x))],
      loss: meanSquaredError(),
      seed: 1,
      backend,
    });
    expect([...deep.predict([[1, 2, 3, 5]])]).toEqual([3, 8]);
  });

  test.each([[[2, 3, 4]], [[2, 3, 5]], [[3, 2, 2, 1]], [[4, 1, 3, 8]]])(
    "the sum over each axis of %j is that of its numbers, and leaves the others in their order",
    async (shape) => {
      const elements = shape.reduce((a, b) => a * b, 1);
      // Whole numbers, whose sums are exact.
      const inputs = [0, 1].map((row) => Array.from({ length: elements }, (_, i) => ((i * 7 + row * 5) % 23) - 11));
      for (let axis = 0; axis < shape.length - 1; ++axis) {
        const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
        const expected = inputs.flatMap((row) => {
          const sums = new Array<number>(elements / shape[axis]!).fill(0);
          row.forEach((value, i) => {
            sums[Math.floor(i / inner / shape[axis]!) * inner + (i % inner)]! += value;
          });
          return sums;
        });
        for (const [which, backend] of [
          [axis, "wasm"],
          [axis, "js"],
          [axis - shape.length, "wasm"],
        ] as const) {
          // biome-ignore format: rows
          const layers = [layer("sum", { which }, (g, x) => g.sumPositions(x, which))];
          const net = await network({ input: shape, layers, loss: meanSquaredError(), seed: 1, backend });
          expect([...net.predict(inputs)]).toEqual(expected);
        }
      }
    },
  );

  test("what has none, and positions that are not there, are refused", async () => {
    const make = (input: number | number[], apply: (g: Builder, x: Tensor) => Tensor) =>
      network({ input, layers: [layer("mine", {}, apply)], loss: meanSquaredError() });
    await expect(make(3, (g, x) => g.sumPositions(x))).rejects.toThrow(
      "mine_1: position: shape [batch, 3], expected [..., positions, columns]",
    );
    await expect(make([2, 3], (g, x) => g.position(x, 2))).rejects.toThrow("mine_1: position is 2, expected a whole number from 0 to 1");
    for (const axis of [1, -3, 0.5])
      await expect(make([2, 3], (g, x) => g.sumPositions(x, axis))).rejects.toThrow(`mine_1: position: axis is ${axis}, expected a whole`);
    await expect(make([2, 3], (g, x) => g.meanPositions(x, -1))).rejects.toThrow(
      "mine_1: position: axis is -1, the columns; slice cuts them, sum and mean add them",
    );
  });
});
