import { describe, expect, test } from "vitest";
import {
  activation,
  add,
  concatenate,
  constant,
  customActivation,
  customLoss,
  customMetric,
  dense,
  dropout,
  FormatError,
  gradCheck,
  input,
  type Layer,
  type Loss,
  layer,
  leakyRelu,
  loadNetwork,
  meanSquaredError,
  type Network,
  type Node,
  network,
  OptionError,
  poisson,
  prelu,
  residual,
  ShapeError,
  sgd,
  sparseCategoricalCrossEntropy,
} from "../src/index.js";
import { numbers } from "./cases.js";
import { any, thrownBy } from "./refusals.js";

const next = numbers(21);
const rows = (count: number, width: number) => Array.from({ length: count }, () => Array.from({ length: width }, () => next() - 0.5));
const [a, b] = [rows(9, 3), rows(9, 2)];
const [y1, y2] = [rows(9, 1), rows(9, 4)];

function twoByTwo(backend: "wasm" | "js" = "wasm") {
  const x1 = input(3, { name: "left" });
  const x2 = input(2, { name: "right" });
  const shared = dense(5, { activation: "tanh", name: "shared" });
  const left = shared(x1);
  const both = concatenate()(left, dense(4)(x2));
  const again = shared(dense(3)(both));
  return network({
    inputs: [x1, x2],
    outputs: [dense(1, { name: "one" })(both), dense(4, { name: "four" })(add()(left, again))],
    loss: [meanSquaredError(), meanSquaredError({ weight: 0.3 })],
    metrics: { one: ["mae"] },
    optimizer: sgd({ learningRate: 0.1 }),
    seed: 3,
    backend,
  });
}
const data = { inputs: { left: a, right: b }, targets: { one: y1, four: y2 } };

describe("several inputs and outputs, a shared layer", () => {
  test("gradients agree with central differences of the summed, weighted losses", async () => {
    const net = await twoByTwo();
    const gradients = net.gradients(data.inputs, data.targets);
    for (const { name, shape, values } of net.parameters()) {
      expect(gradients[name]!.shape).toEqual(shape);
      const numeric = values.map((value, i) => {
        // 2^-7: the loss is a float64 sum of float32 terms; truncation of tanh and rounding both stay near 1e-4 of the gradient.
        const at = (delta: number) => {
          const moved = values.slice();
          moved[i] = value + delta;
          net.setParameters([{ name, values: moved }]);
          return net.evaluate(data).loss;
        };
        const slope = (at(2 ** -7) - at(-(2 ** -7))) / 2 ** -6;
        net.setParameters([{ name, values }]);
        return slope;
      });
      gradients[name]!.values.forEach((value, i) => {
        expect(Math.abs(value - numeric[i]!)).toBeLessThan(2e-4 * (1 + Math.abs(numeric[i]!)));
      });
    }
  });

  test("trains to the same bits on both backends, saved and loaded too", async () => {
    const [wasm, js] = [await twoByTwo("wasm"), await twoByTwo("js")];
    const loaded = await loadNetwork(wasm.save());
    const histories = [];
    for (const net of [wasm, js, loaded])
      histories.push((await net.fit(data, { epochs: 5, batchSize: 4 })).epochs.map(({ loss, metrics }) => ({ loss, metrics })));
    expect(histories[1]).toEqual(histories[0]);
    expect(histories[2]).toEqual(histories[0]);
    expect(js.weightsHash()).toBe(wasm.weightsHash());
    expect(loaded.weightsHash()).toBe(wasm.weightsHash());
    expect(loaded.predictAll(data.inputs)).toEqual(wasm.predictAll(data.inputs));
    expect(Object.keys(histories[0]![0]!.metrics)).toEqual(["one.loss", "four.loss", "one.mae"]);
    expect(wasm.parameters().filter(({ name }) => name.startsWith("shared"))).toHaveLength(2);
  });

  test("what does not fit is a named error", async () => {
    const net = await twoByTwo();
    expect(() => net.predict(data.inputs)).toThrow(/2 outputs \(one, four\), take predictAll/);
    expect(() => net.predictAll({ left: a } as never)).toThrow(/predictAll: inputs: right is missing/);
    expect(() => net.predictAll(a)).toThrow(/expected an object with left, right/);
    expect(() => net.predictAll({ left: a, right: b.slice(1) })).toThrow(/inputs.right: 8 rows, but left has 9/);
    expect(() => net.evaluate({ ...data, targets: { one: y1, five: y2 } })).toThrow(/unknown name "five"/);
    const x = input(3);
    const other = input(2);
    const make = (changes: object) => network({ inputs: x, outputs: dense(1)(x), loss: meanSquaredError(), ...changes });
    await expect(make({ inputs: [x, other] })).rejects.toThrow(/no output needs the input input_2/);
    await expect(make({ outputs: dense(1)(other) })).rejects.toThrow(
      "network: input 0 of dense is an input of shape [2], which is not among the network's inputs, input; give it, too, as inputs: [a, b]",
    );
    const last = dense(1, { name: "last" });
    await expect(make({ outputs: last(concatenate({ name: "both" })(x, input(2, { name: "price" }))) })).rejects.toThrow(
      /^network: input 1 of both is the input "price", which is not among the network's inputs, input;/,
    );
    expect(() => last()).toThrow(/^last: got 0 inputs, expected one/);
    await expect(make({ loss: [meanSquaredError(), meanSquaredError()] })).rejects.toThrow(/got 2 for 1 outputs/);
    await expect(make({ outputs: 5 })).rejects.toThrow(OptionError);
    await expect(make({ outputs: add()(x, dense(2)(x)) })).rejects.toThrow(ShapeError);
    await expect(make({ outputs: (concatenate() as (nodes: unknown) => unknown)([x, x]) })).rejects.toThrow(
      /^network: input 0 of concatenate is an array of 2, expected a node, .*; several are given one by one, as concatenate\(\)\(a, b\)$/,
    );
    await expect(make({ outputs: add()(x) })).rejects.toThrow(/add_1: got 1 input, expected several: add\(\)\(a, b\)/);
    const one = dense(2);
    await expect(make({ outputs: add()(one(x), one(dense(4)(x))) })).rejects.toThrow(/shared parameter has shape/);
  });
});

test("residual: x + layers(x), with parameters named within it, saved and loaded", async () => {
  const net = await network({
    input: 4,
    layers: [residual([dense(6, { activation: leakyRelu(0.1) }), dense(4)]), dense(2)],
    loss: meanSquaredError(),
    seed: 1,
  });
  expect(net.parameters().map(({ name }) => name)).toEqual([
    "residual_1.dense_1.weight",
    "residual_1.dense_1.bias",
    "residual_1.dense_2.weight",
    "residual_1.dense_2.bias",
    "dense_1.weight",
    "dense_1.bias",
  ]);
  const x = rows(5, 4);
  const { layers } = net.trace(x, rows(5, 2));
  expect(Object.keys(layers[0]!.gradients)).toContain("dense_2.weight");
  const loaded = await loadNetwork(net.save());
  expect(loaded.predict(x)).toEqual(net.predict(x));
  const zero = net.parameters().filter(({ name }) => name.startsWith("residual_1.dense_2"));
  net.setParameters(zero.map((p) => ({ ...p, values: p.values.fill(0) })));
  const [first] = net.trace(x, rows(5, 2)).layers;
  expect([...first!.a.values]).toEqual([...Float32Array.from(x.flat())]);
  await expect(network({ input: 4, layers: [residual([dense(3)])], loss: meanSquaredError() })).rejects.toThrow(
    /residual_1: its layers make .* expected the same shape/,
  );
});

test("a network with custom parts comes back when their factories are given, and says so when not", async () => {
  const double = ({ name }: { name?: string }) => layer("double", { name }, (g, x) => g.mul(x, 2));
  const cube = () => customActivation("cube", {}, (g, x) => g.mul(x, g.square(x)));
  const fourth = () => customLoss("fourth", {}, (g, p, y) => g.mean(g.square(g.square(g.sub(p, y)))));
  // A name that the library has for something else.
  const tanh = () => customMetric("tanh", {}, (g, p, y) => g.mean(g.activate(g.sub(p, y), "tanh")));
  const custom = { double, cube, fourth, tanh };
  const layers = [double({}), dense(3, { activation: "tanh" }), dense(3, { activation: cube() })];
  const net = await network({ input: 2, layers, loss: fourth(), metrics: [tanh()], seed: 1 });
  const bytes = net.save();
  const loaded = await loadNetwork(bytes, { custom });
  expect(loaded.predict([1, 2])).toEqual(net.predict([1, 2]));
  expect(loaded.evaluate({ inputs: [1, 2], targets: [1, 2, 3] })).toEqual(net.evaluate({ inputs: [1, 2], targets: [1, 2, 3] }));
  for (const [what, type] of Object.entries({ layer: "double", activation: "cube", loss: "fourth", metric: "tanh" })) {
    const others = Object.fromEntries(Object.entries(custom).filter(([name]) => name !== type));
    await expect(loadNetwork(bytes, { custom: others })).rejects.toThrow(
      new FormatError(
        `saved network: the library has no ${what} "${type}"; for one of your own give loadNetwork { custom: { ${type}: options => ${what} } }`,
      ),
    );
  }
});

test("a layer that has lost a parameter is refused when it is to train, by name", async () => {
  let whole = true;
  const lossy = layer("lossy", {}, (g, x) => (whole ? g.add(x, g.parameter("w", [2], constant(1))) : x));
  const net = await network({ input: 2, layers: [dense(2), lossy], loss: meanSquaredError(), seed: 1 });
  whole = false;
  expect(() => net.trainOnBatch([1, 2], [1, 2])).toThrow("network: to train, parameter 2 is none, expected lossy_1.w [2]");
});

test("the mean of a parameter's rows is the same whatever the batch", async () => {
  const mean = layer("mean", {}, (g, x) => g.add(x, g.meanRows(g.parameter("w", [3, 2], constant(0)))));
  const net = await network({ input: 2, layers: [mean], loss: meanSquaredError(), seed: 1 });
  net.setParameters([{ name: "mean_1.w", values: [1, 6, 2, 0, 6, 0] }]);
  expect([...net.predict([0, 0, 0, 0, 0, 0])]).toEqual([3, 2, 3, 2, 3, 2]);
});

test("diagnose sees dead units, constant outputs and vanishing gradients", async () => {
  const net = await network({
    input: 3,
    layers: [dense(4, { activation: "relu", name: "hidden" }), dense(2, { name: "out" })],
    loss: meanSquaredError(),
    seed: 1,
  });
  const targets = rows(9, 2);
  const bias = new Float32Array(4);
  bias[2] = -100;
  net.setParameters([{ name: "hidden.bias", values: bias }]);
  const { layers, warnings, summary } = net.diagnose({ inputs: a, targets });
  expect(layers[0]).toMatchObject({ name: "hidden", units: 4 });
  expect(layers[0]!.dead).toBeGreaterThanOrEqual(1);
  expect(warnings.some((text) => /hidden: \d of 4 units are 0 for all 9 rows/.test(text))).toBe(true);
  // The warning is longer than a line.
  expect(Math.max(...warnings.map((text) => text.length))).toBeGreaterThan(80);
  expect(Math.max(...summary.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(summary.replace(/\n {2}/g, " ")).toContain(warnings[0]);
  net.setParameters([
    { name: "hidden.weight", values: new Float32Array(12) },
    { name: "out.bias", values: [1, 2] },
  ]);
  expect(net.diagnose({ inputs: a, targets }).warnings.join("\n")).toMatch(/out: 2 of 2 outputs are the same/);
});

test("diagnose blames dead units on the layers that have them, not on what passes them on", async () => {
  const x = input(3, { name: "x" });
  const dead = dense(4, { activation: "relu", bias: false, weight: constant(0), name: "dead" })(x);
  const net = await network({
    inputs: x,
    outputs: dense(1, { name: "out" })(concatenate({ name: "both" })(dead, dense(2, { name: "alive" })(x))),
    loss: meanSquaredError(),
    seed: 1,
  });
  const { layers, warnings } = net.diagnose({ inputs: a, targets: y1 });
  expect(layers.find(({ name }) => name === "both")).toMatchObject({ units: 6, dead: 4 });
  expect(warnings.filter((text) => /units are 0|are the same/.test(text))).toEqual([expect.stringMatching(/^dead: 4 of 4 units are 0/)]);
});

test("diagnose warns of inputs and targets that are no numbers of about 1", async () => {
  const make = (loss: Loss = meanSquaredError()) => network({ input: 2, layers: [dense(1, { weight: constant(0) })], loss, seed: 1 });
  const inputs = [
    [3, -400],
    [-4, 300],
  ];
  const hint = (net: Network, targets: number[]) => net.diagnose({ inputs, targets }).warnings.filter((each) => /scale/.test(each));
  const large = /^input: 1 of 2 columns have a root mean square above 10, the largest 354; scale them, as by standardize\(train\)$/;
  const net = await make();
  expect(hint(net, [10, -10])).toEqual([expect.stringMatching(large)]);
  expect(hint(net, [10, -11])).toEqual([
    expect.stringMatching(large),
    expect.stringMatching(/^dense_1: the targets' root mean square is 10.5, the predictions' 0.00; scale the targets, as by/),
  ]);
  // What predictions have reached, and counts, which must stay as they are.
  net.setParameters([{ name: "dense_1.bias", values: [2] }]);
  expect(hint(net, [10, -11])).toEqual([expect.stringMatching(large)]);
  expect(hint(await make(poisson({ logInput: true })), [100, 100])).toEqual([expect.stringMatching(large)]);
});

test("diagnose's numbers are those of all elements, of the batch's mean loss", async () => {
  const net = await network({
    input: 1,
    layers: [dense(2, { activation: "relu", name: "hidden" }), dense(1, { bias: false, name: "out" })],
    loss: meanSquaredError(),
    seed: 1,
  });
  net.setParameters([
    { name: "hidden.weight", values: [1, -1] },
    { name: "out.weight", values: [1, 1] },
  ]);
  // Every prediction is 1 too large, so every gradient of one is 2·1/4.
  const { layers, warnings, summary } = net.diagnose({ inputs: [1, 2, 3, 4], targets: [0, 1, 2, 3] });
  const gradients = { mean: 0.5, deviation: 0, zeros: 0 };
  // 1 0 2 0 3 0 4 0: the mean of their squares is 30/8. Gradients of the weights: 5 and 0, of the biases: 2 and 0; of out's: 5 and 0.
  expect(layers).toEqual([
    {
      name: "hidden",
      activations: { mean: 1.25, deviation: Math.sqrt(30 / 8 - 1.25 ** 2), zeros: 0.5 },
      gradients,
      parameterGradientNorm: Math.sqrt(29),
      units: 2,
      dead: 1,
      constant: 0,
    },
    {
      name: "out",
      activations: { mean: 2.5, deviation: Math.sqrt(30 / 4 - 2.5 ** 2), zeros: 0 },
      gradients,
      parameterGradientNorm: 5,
      units: 1,
      dead: 0,
      constant: 0,
    },
  ]);
  expect(warnings).toHaveLength(1);
  expect(summary).toBe(
    [
      "layer   mean  deviation  zeros  gradient dev.  dW norm  dead",
      "hidden  1.25       1.48   50 %           0.00     5.39     1",
      "out     2.50       1.12    0 %           0.00     5.00     0",
      "hidden: 1 of 2 units are 0 for all 4 rows; a dead relu learns no more: lower the",
      "  learning rate, or leakyRelu",
    ].join("\n"),
  );
});

test("diagnose's table has 80 columns at most, however small numbers are", async () => {
  const layers = [dense(2, { name: "a_name_of_eighteen" }), dense(1)];
  const net = await network({ input: 1, layers, loss: meanSquaredError({ weight: 1e-6 }), seed: 1 });
  net.setParameters([{ name: "a_name_of_eighteen.weight", values: [-1.25e-6, -2.5e-6] }]);
  const { layers: found, summary } = net.diagnose({ inputs: [1, 2, 3, 4], targets: [0, 1, 2, 3] });
  expect(found[0]!.activations.mean).toBeLessThan(0);
  expect(found[0]!.activations.mean).toBeGreaterThan(-1e-5);
  expect(Math.max(...summary.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
});

test.each([
  [1, 1e-3, []],
  [1, 1e-5, ["gradients vanish: 1.0e+5 times smaller in first than in last; relu, residual layers or other initial weights help"]],
  [1e-3, 1, []],
  [1e-5, 1, ["gradients explode: 1.0e+5 times larger in first than in last; clip them, or start from smaller weights"]],
])("diagnose warns of gradients that differ by more than 1e4: weights %d and %d", async (first, last, warnings) => {
  const layers = [dense(1, { bias: false, name: "first" }), dense(1, { bias: false, name: "last" })];
  const net = await network({ input: 1, layers, loss: meanSquaredError(), seed: 1 });
  net.setParameters([
    { name: "first.weight", values: [first] },
    { name: "last.weight", values: [last] },
  ]);
  // Both are the error times x times the other's weight.
  expect(net.diagnose({ inputs: [1, 2], targets: [1, 1] }).warnings).toEqual(warnings);
});

test("the summary shows the layers within a layer, and counts their parameters with its own", async () => {
  const net = await network({
    input: 4,
    layers: [residual([dense(4), dense(4)]), dense(3)],
    loss: meanSquaredError(),
    optimizer: sgd(),
    seed: 1,
  });
  // 2·(4·4 + 4) and 4·3 + 3.
  expect(net.summary()).toBe(
    [
      "layer       kind           output      parameters",
      "input       input          [batch, 4]",
      "residual_1  residual       [batch, 4]          40",
      "  dense_1   dense, linear  [batch, 4]          20",
      "  dense_2   dense, linear  [batch, 4]          20",
      "dense_1     dense, linear  [batch, 3]          15",
      "55 parameters, loss meanSquaredError, optimizer sgd, backend wasm,",
      "arithmetic strict",
    ].join("\n"),
  );
});

test("the summary has a line for each use of a shared layer, and its parameters once", async () => {
  const [x, y] = [input(2, { name: "x" }), input(2, { name: "y" })];
  const shared = dense(3, { name: "shared_one" });
  const outputs = dense(1, { name: "last" })(concatenate()(shared(x), shared(y)));
  const net = await network({ inputs: [x, y], outputs, loss: meanSquaredError(), seed: 1 });
  // 2·3 + 3 once, and 6 + 1.
  expect(net.summary()).toMatch(/\nshared_one .* 9 .*\nshared_one .* shared .*\nconcatenate_1 .* 0 .*\nlast .* 7 .*\n16 parameters,/);
});

describe("the summary of a graph shows what each layer takes", () => {
  const [x, y] = [input(2, { name: "x" }), input(3, { name: "y" })];

  test("beside it", async () => {
    const hidden = dense(4, { activation: "relu", name: "hidden" })(x);
    const joined = concatenate({ name: "joined" })(hidden, y, x);
    const swish = customActivation("swish", {}, (g, v) => g.mul(v, g.activate(v, "sigmoid")));
    const outputs = residual([activation(swish), dense(9, { activation: leakyRelu(0.2) })], { name: "r" })(joined);
    const net = await network({ inputs: [x, y], outputs, loss: meanSquaredError(), seed: 1 });
    expect(net.summary()).toBe(
      [
        "layer           kind               output      parameters  takes",
        "x               input              [batch, 2]",
        "y               input              [batch, 3]",
        "hidden          dense, relu        [batch, 4]          12  x",
        "joined          concatenate        [batch, 9]           0  hidden, y, x",
        "r               residual           [batch, 9]          90  joined",
        "  activation_1  activation, swish  [batch, 9]           0",
        "  dense_1       dense, leakyRelu   [batch, 9]          90",
        "102 parameters, loss meanSquaredError, optimizer sgd, backend wasm,",
        "arithmetic strict",
      ].join("\n"),
    );
  });

  test("on lines of their own where names are long, all of at most 80 columns", async () => {
    const long = (end: string) => `a_name_that_is_so_long_that_it_is_cut_${end}`;
    const hidden = ["1", "2", "3"].map((end) => dense(4, { activation: "hardSigmoid", name: long(end) })(x));
    const outputs = dense(1, { name: "last" })(add()(...hidden));
    const lines = (await network({ inputs: [x], outputs, loss: meanSquaredError(), seed: 1 })).summary().split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    const sum = lines.findIndex((line) => line.startsWith("add_1"));
    expect(lines.slice(sum + 1, sum + 4)).toEqual([`    takes ${long("1")},`, `          ${long("2")},`, `          ${long("3")}`]);
  });
});

test("the summary's last line is divided where it has more than 80 columns", async () => {
  const x = input(4, { name: "x" });
  const net = await network({
    inputs: [x],
    outputs: [dense(3, { name: "species" })(x), dense(1, { name: "length" })(x)],
    loss: [sparseCategoricalCrossEntropy({ fromLogits: true }), meanSquaredError()],
    optimizer: sgd(),
    seed: 1,
  });
  // 4·3 + 3 and 4 + 1.
  expect(net.summary().split("\n").slice(-2)).toEqual([
    "20 parameters, losses sparseCategoricalCrossEntropy, meanSquaredError,",
    "optimizer sgd, backend wasm, arithmetic strict",
  ]);
});

describe("losses go by their outputs' names, or in their order", () => {
  const x = input(1, { name: "x" });
  const outputs = [dense(1, { weight: constant(1), name: "one" })(x), dense(1, { weight: constant(1), name: "two" })(x)];
  const made = (loss: unknown, of = outputs) => network(any({ inputs: x, outputs: of, loss, seed: 1, backend: "js" }));
  const one = meanSquaredError({ weight: 2 });
  const two = meanSquaredError({ weight: 3 });

  test("to the same network", async () => {
    const data = { inputs: [[1]], targets: { one: [0], two: [-1] } };
    for (const loss of [[one, two], { two, one }]) {
      const net = await made(loss);
      expect(net.evaluate(data)).toEqual({ loss: 2 + 12, penalty: 0, metrics: { "one.loss": 2, "two.loss": 12 } });
    }
    const [only] = outputs;
    for (const loss of [one, { one }, [one]])
      expect((await made(loss, [only!])).evaluate({ inputs: [[1]], targets: [0] })).toEqual({ loss: 2, penalty: 0, metrics: {} });
  });

  test.each([
    [{ one }, "network: loss.two is undefined, expected a loss, as meanSquaredError()"],
    [{ one, two, three: one }, 'network: loss: unknown option "three", expected one of: one, two'],
    [{ one, two: "mse" }, 'network: loss.two is "mse", expected a loss, as meanSquaredError()'],
    [one, "network: loss: got 1 for 2 outputs (one, two), expected one for each: by name, as { one: … }, or in this order"],
  ])("others are refused: %#", async (loss, message) => {
    await expect(made(loss)).rejects.toThrow(new OptionError(message));
  });
});

describe("outputs have names of their own", () => {
  const [x, y] = [input(2, { name: "x" }), input(2, { name: "y" })];
  const data = { inputs: { x: [[1, 2]], y: [[30, 40]] } };
  const make = (outputs: readonly Node[]) =>
    network({
      inputs: [x, y],
      outputs,
      loss: [meanSquaredError(), meanSquaredError({ weight: 0.5 })],
      metrics: outputs[1]!.layer!.name ? { [outputs[1]!.layer!.name]: ["mae"] } : [],
      optimizer: sgd({ learningRate: 2 ** -12 }),
      seed: 1,
    });

  test("one layer at the end of two is an error that says what to do", async () => {
    const ends = dense(1);
    const wanted =
      /^network: outputs\[0\] and outputs\[1\] are both named dense_1, .*activation\("linear", \{ name: "second" \}\)\(node\)$/;
    const error = await thrownBy(() => make([ends(x), ends(y)]));
    expect(error).toBeInstanceOf(OptionError);
    expect((error as Error).message).toMatch(wanted);
    const both = concatenate()(x, y);
    const end = dense(1)(both);
    expect(await thrownBy(() => make([end, end]))).toMatchObject({ name: "OptionError", message: expect.stringMatching(wanted) });
  });

  test("and what it says to do gives both outputs, which train, save and load", async () => {
    const ends = dense(1, { weight: constant(1), name: "ends" });
    const net = await make([ends(x), activation("linear", { name: "second" })(ends(y))]);
    const predicted = net.predictAll(data.inputs);
    expect([...predicted.ends!, ...predicted.second!]).toEqual([3, 70]);
    const targets = { ends: [4], second: [80] };
    // By hand: 1² + 0.5·10², and its gradient 2·(3 - 4)·(1, 2) + (70 - 80)·(30, 40).
    expect(net.evaluate({ ...data, targets })).toMatchObject({ loss: 51, metrics: { "second.mae": 10 } });
    expect([...net.gradients(data.inputs, targets)["ends.weight"]!.values]).toEqual([-302, -404]);
    await net.fit({ ...data, targets }, { epochs: 3 });
    const loaded = await loadNetwork(net.save());
    expect(loaded.weightsHash()).toBe(net.weightsHash());
    expect(loaded.predictAll(data.inputs)).toEqual(net.predictAll(data.inputs));
  });

  test("the same value twice has the gradient of both losses", async () => {
    const end = dense(1, { weight: constant(1), name: "end" })(concatenate()(x, y));
    const net = await make([end, activation("linear", { name: "again" })(end)]);
    // By hand: 73 both times; 2·(73 - 74) + (73 - 75), the bias's gradient.
    expect([...net.gradients(data.inputs, { end: [74], again: [75] })["end.bias"]!.values]).toEqual([-4]);
  });

  test("dots are a part of them, unless two metrics would be reported as one", async () => {
    const own = (name: string) => customMetric(name, {}, (g, p) => g.mean(g.mul(p, 0)));
    const made = (metric: string) =>
      network({
        inputs: [x, y],
        outputs: [dense(1, { name: "a" })(x), dense(1, { name: "a.b" })(y)],
        loss: [meanSquaredError(), meanSquaredError()],
        metrics: { a: [own(metric)], "a.b": ["mae"] },
      });
    const { metrics } = (await made("b.mse")).evaluate({ ...data, targets: { a: [1], "a.b": [2] } });
    expect(Object.keys(metrics)).toEqual(["a.loss", "a.b.loss", "a.b.mse", "a.b.mae"]);
    for (const [metric, both, name] of [
      ["b.mae", "b.mae of a and mae of a.b", "a.b.mae"],
      ["b.loss", "b.loss of a and loss of a.b", "a.b.loss"],
      ["loss", "loss of a and loss of a", "a.loss"],
    ]) {
      const error = await thrownBy(() => made(metric!));
      expect(error).toBeInstanceOf(OptionError);
      expect((error as Error).message).toBe(
        `network: metrics: ${both} would both be reported as ${name}, <output>.<metric>, expected names of their own: name an output's layer or a metric otherwise`,
      );
    }
  });

  test("names of what every object has are names like others", async () => {
    const outputs = [dense(1, { name: "constructor" })(x), dense(1, { name: "toString" })(y)];
    const net = await make(outputs);
    const found = net.evaluate({ ...data, targets: { constructor: [1], toString: [2] } });
    expect(Object.keys(found.metrics)).toEqual(["constructor.loss", "toString.loss", "toString.mae"]);
    const made = (metrics: unknown) => network(any({ inputs: [x, y], outputs, loss: [meanSquaredError(), meanSquaredError()], metrics }));
    await expect(made(null)).rejects.toThrow(/^network: metrics: got null, expected an object by output: constructor, toString$/);
    await expect(made({ toString: ["mse"] })).rejects.toThrow(/^network: metrics.toString\[0\] is "mse", expected one of: accuracy, mae$/);
    await expect(made({ toString: ["accuracy"] })).rejects.toThrow(/^network: metrics.toString: accuracy needs a classification loss/);
    await expect(made({ constructor: null })).rejects.toThrow(/^network: metrics.constructor: got null, expected an array/);
  });
});

describe("parameters are shared by layers that are used twice, not by names that happen to be the same", () => {
  const chained = (input: number, ...layers: readonly Layer[]) => network({ input, layers, loss: meanSquaredError(), seed: 1 });
  const inner = (name: string, one: Layer, two: Layer) => layer("inner", { name }, (g, x) => g.within("b", two, g.within("a", one, x)));
  const taken = (name: string) => new RegExp(`^${name}: a parameter of another layer has that name, expected a name of its own`);

  test.each<[string, () => unknown, RegExp]>([
    [
      "two of one name in a residual block",
      () => residual([dense(2, { name: "a" }), dense(2, { name: "a" })]),
      /^residual: a layer is named "a", as another layer is, expected a name of its own$/,
    ],
    [
      "a given name and the one that another gets",
      () => residual([dense(2, { name: "dense_2" }), dense(2)]),
      /^residual: a layer given no name is by its kind and number "dense_2", as another layer is, expected a name of its own$/,
    ],
    [
      "the one that a layer got and the one another is given",
      () => residual([dense(2), dense(2, { name: "dense_1" })]),
      /^residual: a layer is named "dense_1", as a layer given no name is by its kind and number, expected a name of its own$/,
    ],
    [
      "an input's and a layer's",
      () => chained(2, dense(2, { name: "input" })),
      /^network: a layer is named "input", as an input is, expected a name of its own$/,
    ],
    [
      "a layer named like one in a block",
      () => chained(2, dense(2, { name: "residual_1.dense_1" }), residual([dense(2)]), dense(1)),
      taken("residual_1.dense_1.weight"),
    ],
    [
      "the same, the block first",
      () => chained(2, residual([dense(2)]), dense(2, { name: "residual_1.dense_1" })),
      taken("residual_1.dense_1.weight"),
    ],
    [
      "a block named like one in a block, around the same layer",
      () => {
        const one = dense(2);
        return chained(2, residual([residual([one], { name: "b" })], { name: "a" }), residual([one], { name: "a.b" }));
      },
      taken("a.b.dense_1.weight"),
    ],
    [
      "a parameter named like one of a layer's",
      () => {
        const mine = layer("mine", { name: "a" }, (g, x) => g.mul(x, g.parameter("b.bias", [2], constant(1))));
        return chained(2, mine, dense(2, { name: "a.b" }));
      },
      taken("a.b.bias"),
    ],
    [
      "two parameters of a layer",
      () => {
        const ask = layer("ask", {}, (g, x) => g.add(g.mul(x, g.parameter("w", [2], constant(1))), g.parameter("w", [2], constant(2))));
        return chained(2, ask);
      },
      /^ask_1\.w: asked for twice, expected a name of its own/,
    ],
    [
      "two layers applied as parts of one",
      () => {
        const [one, two] = [dense(2), dense(2)];
        return chained(
          2,
          layer("block", {}, (g, x) => two.apply(g, one.apply(g, x))),
        );
      },
      /^block_1\.weight: asked for twice, .* g\.within\(name, layer, x\)$/,
    ],
    [
      "two layers within one under one name",
      () => {
        const two = layer("two", {}, (g, x) => g.within("a", dense(2), g.within("a", dense(2), x)));
        return chained(2, two);
      },
      taken("two_1.a.weight"),
    ],
    [
      "two losses' parameters",
      () => {
        const scaled = (type: string) =>
          customLoss(type, {}, (g, p, y) => g.mean(g.mul(g.square(g.sub(p, y)), g.parameter("w", [1], constant(1)))));
        const x = input(2);
        return network({ inputs: x, outputs: [dense(1)(x), dense(1)(x)], loss: [scaled("one"), scaled("two")] });
      },
      /^loss\.w: asked for twice/,
    ],
  ])("%s: refused", async (_, make, message) => {
    const error = await thrownBy(make);
    expect(error).toBeInstanceOf(OptionError);
    expect((error as Error).message).toMatch(message);
  });

  test("a layer that is in a residual block twice is shared, saved and loaded too", async () => {
    const one = dense(4, { activation: "tanh" });
    const net = await chained(4, residual([one, dropout(0.25), one]), dense(2));
    expect(net.parameters().map(({ name }) => name)).toEqual([
      "residual_1.dense_1.weight",
      "residual_1.dense_1.bias",
      "dense_1.weight",
      "dense_1.bias",
    ]);
    const given = { inputs: rows(6, 4), targets: rows(6, 2) };
    expect(gradCheck(net, given).agrees).toBe(true);
    const loaded = await loadNetwork(net.save());
    for (const each of [net, loaded]) await each.fit(given, { epochs: 3 });
    expect(loaded.weightsHash()).toBe(net.weightsHash());
  });

  test("a block of layers that is used twice is shared, and each of its own is not", async () => {
    const block = inner("block", dense(4), dense(4));
    const net = await chained(4, block, block);
    expect(net.parameters().map(({ name }) => name)).toEqual(["block.a.weight", "block.a.bias", "block.b.weight", "block.b.bias"]);
  });

  test("a layer whose name begins like another's counts its own parameters only", async () => {
    const net = await chained(4, dense(4, { name: "a.b" }), dense(2, { name: "a" }));
    expect(net.summary()).toMatch(/^a\.b .* 20\na .* 10$/m);
    expect(net.trace(rows(3, 4), rows(3, 2)).layers.map(({ gradients }) => Object.keys(gradients))).toEqual([
      ["weight", "bias"],
      ["weight", "bias"],
    ]);
  });
});

describe("a layer gets as many inputs as it takes", () => {
  const [x, y] = [input(2, { name: "x" }), input(2, { name: "y" })];
  const mine = layer("mine", {}, (g, a) => g.exp(a));
  const end = (node: Node) =>
    network({ inputs: [x, y], outputs: dense(1)(add()(node, dense(2)(y), dense(2)(x))), loss: meanSquaredError() });

  test.each<[string, () => Node, RegExp]>([
    ["dense", () => dense(2)(x, y), /^dense_1: got 2 inputs, expected one: join them, as dense\(…\)\(concatenate\(\)\(a, b\)\)$/],
    ["activation", () => activation("relu")(x, y), /^activation_1: got 2 inputs, expected one/],
    ["prelu", () => prelu()(x, y), /^prelu_1: got 2 inputs, expected one/],
    ["dropout", () => dropout(0.5)(x, y), /^dropout_1: got 2 inputs, expected one/],
    ["residual", () => residual([dense(2)])(x, y, x), /^residual_1: got 3 inputs, expected one/],
    ["dense, of none", () => dense(2, { name: "first" })(), /^first: got 0 inputs, expected one, as dense\(…\)\(x\)$/],
    ["add, of none", () => add({ name: "sum" })(), /^sum: got 0 inputs, expected several: add\(\)\(a, b\)$/],
    ["concatenate", () => concatenate()(x), /^concatenate_1: got 1 input, expected several: concatenate\(\)\(a, b\)$/],
    ["add in a block", () => residual([add()])(x), /^residual_1\.add_1: got 1 input, expected several/],
    ["a layer of one's own, of none", () => mine(), /^mine: got 0 inputs, expected at least one$/],
    ["a layer of one's own that forgets one", () => mine(x, y), /^mine_1: no gradient reaches y: the output does not depend on it$/],
  ])("%s: else refused by name, with the count", async (_, node, message) => {
    const error = await thrownBy(() => end(node()));
    expect(error).toBeInstanceOf(OptionError);
    expect((error as Error).message).toMatch(message);
  });
});

test("a chain may be deeper than the engine's stack", async () => {
  // 4,000 layers: recursion of one frame a layer ended between 1,000 and 3,000.
  const net = await network({ input: 1, layers: Array.from({ length: 4000 }, () => activation("linear")), loss: meanSquaredError() });
  expect([...net.predict([0.5])]).toEqual([0.5]);
});

test("a node that needs its own result is an error", async () => {
  const x = input(2);
  const first = dense(2)(x);
  const second = activation("tanh")(first);
  (first.from as Node[])[0] = second;
  await expect(network({ inputs: x, outputs: second, loss: meanSquaredError() })).rejects.toThrow(
    /^network: input 0 of dense needs that layer's own result, expected nodes without a cycle$/,
  );
});
