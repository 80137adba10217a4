// What users' own layers, losses, activations and metrics may not do.
import { describe, expect, test } from "vitest";
import {
  type Builder,
  customActivation,
  customLoss,
  customMetric,
  dense,
  layer,
  meanSquaredError,
  network,
  OptionError,
  ShapeError,
  type Tensor,
  zeros,
} from "../src/index.js";

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
      /^mine_1\.p: unknown option "L2", expected one of: l1, l2; did you mean "l2"\?$/,
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
    ["a number to pow", () => made((g) => g.pow(2 as never, 2)), OptionError, /^mine_1: pow got 2, expected a tensor/],
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
