// Parameter groups and averaged weights, as networks use them. Their numbers: test/reference.ts over test/cases.ts.
import { describe, expect, test } from "vitest";
import {
  adam,
  adamW,
  dense,
  gradCheck,
  loadNetwork,
  meanSquaredError,
  type Network,
  network,
  type Optimizer,
  OptionError,
  type ParameterGroup,
  type Run,
  schedules,
  sgd,
  vectorsWithoutDecay,
} from "../src/index.js";
import { dataFor } from "./cases.js";
import { modelOf } from "./internals.js";

const options = {
  input: 5,
  layers: [dense(7, { activation: "tanh" }), dense(6, { activation: "tanh", kernelL2: 0.1 }), dense(3)],
  loss: meanSquaredError(),
  seed: 5,
} as const;
const make = (optimizer: Optimizer) => network({ ...options, optimizer });
const data = dataFor(options, 40);

async function trained(optimizer: Optimizer, epochs = 2): Promise<Network> {
  const net = await make(optimizer);
  await net.fit(data, { epochs, batchSize: 8 });
  return net;
}
const values = (net: Network, name: string) => [...net.parameters().find((parameter) => parameter.name === name)!.values];

describe("which parameters a group takes", () => {
  const names = [1, 2, 3].flatMap((i) => [`dense_${i}.weight`, `dense_${i}.bias`]);
  const moved = async (group: ParameterGroup) => {
    const net = await make(sgd({ groups: [{ ...group, frozen: true }] }));
    const before = names.map((name) => values(net, name));
    await net.fit(data, { batchSize: 40 });
    return names.filter((name, i) => values(net, name).join() === before[i]!.join());
  };

  test.each<[string, ParameterGroup, readonly string[]]>([
    ["one parameter", { match: "dense_2.weight" }, ["dense_2.weight"]],
    ["a layer", { match: "dense_2" }, ["dense_2.weight", "dense_2.bias"]],
    ["a name in any layer", { match: "bias" }, ["dense_1.bias", "dense_2.bias", "dense_3.bias"]],
    ["any characters", { match: "d*_3.b*" }, ["dense_3.bias"]],
    ["several patterns", { match: ["dense_1.bias", "dense_3"] }, ["dense_1.bias", "dense_3.weight", "dense_3.bias"]],
    ["a number of axes", { rank: 1 }, ["dense_1.bias", "dense_2.bias", "dense_3.bias"]],
    ["both", { match: "dense_1", rank: 2 }, ["dense_1.weight"]],
    ["everything", { match: "*" }, names],
  ])("%s", async (_, group, expected) => {
    expect(await moved(group)).toEqual(expected);
  });
});

describe("settings", () => {
  test("a factor for every parameter is another learning rate, to the bit", async () => {
    const learningRate = schedules.cosine({ base: 0.25, totalSteps: 20 });
    const half = schedules.cosine({ base: 0.125, totalSteps: 20 });
    const groups = [{ match: "*", learningRateFactor: 0.5 }];
    expect((await trained(adam({ learningRate, groups }))).weightsHash()).toBe((await trained(adam({ learningRate: half }))).weightsHash());
  });

  test("a group that changes nothing changes no bit, though the update is in pieces", async () => {
    const groups = [
      { match: "dense_2", learningRateFactor: 1 },
      { match: "bias", weightDecay: 0.1 },
    ];
    const plain = adamW({ weightDecay: 0.1, clip: { type: "globalNorm", value: 0.1 } });
    const grouped = adamW({ weightDecay: 0.1, clip: { type: "globalNorm", value: 0.1 }, groups });
    expect((await trained(grouped)).weightsHash()).toBe((await trained(plain)).weightsHash());
  });

  test("of several groups add up, and later ones win", () => {
    const groups = [{ match: "dense_1", learningRateFactor: 0.5 }, vectorsWithoutDecay, { match: "dense_1.bias", weightDecay: 0.25 }];
    const { factorCount, factors } = adamW({ learningRate: 0.5, weightDecay: 0.5, beta1: 0, beta2: 0, groups });
    const out = new Float32Array(factorCount);
    factors(1, out, 0);
    const pairs = Array.from({ length: factorCount / 3 }, (_, i) => [out[3 * i], out[3 * i + 2]]);
    // [rate, 1 - rate · decay] of every setting that can be: decays 0.5, 0 and 0.25 at both rates.
    const decays = [0.5, 0, 0.25];
    const expected = [0.5, 0.25].flatMap((rate) => decays.map((decay) => [rate, 1 - rate * decay]));
    expect(pairs.sort()).toEqual(expected.sort());
  });

  test("networks without groups have one update over everything", async () => {
    const lines = (await make(adam())).explain().split("\n");
    expect(lines.filter((line) => line.includes("adamStep")).length).toBe(1);
  });
});

describe("a frozen layer", () => {
  const frozen = { match: "dense_2", frozen: true } as const;

  test("stays as it is, penalties and decay included, while gradients pass through it", async () => {
    const net = await make(adamW({ weightDecay: 0.1, groups: [frozen] }));
    const before = net.parameters();
    await net.fit(data, { batchSize: 8 });
    for (const [i, { name, values: now }] of net.parameters().entries())
      expect([name, now.join() === before[i]!.values.join()]).toEqual([name, name.startsWith("dense_2")]);
  });

  test("is counted as such in the summary", async () => {
    // 7·6 + 6 of 5·7 + 7 + 48 + 6·3 + 3.
    expect((await make(sgd({ groups: [frozen] }))).summary()).toContain("\n111 parameters (48 frozen), loss");
    expect((await make(sgd())).summary()).toContain("\n111 parameters, loss");
  });

  test("costs no products for its gradient", async () => {
    const products = async (optimizer: Optimizer) => (await make(optimizer)).explain().match(/gemmTransposedA/g)!.length;
    expect(await products(sgd({ groups: [frozen] }))).toBe((await products(sgd())) - 1);
  });

  test("has a gradient to look at all the same", async () => {
    const net = await make(sgd({ groups: [frozen] }));
    const free = await make(sgd());
    const { inputs, targets } = data;
    const name = "dense_2.weight";
    expect(net.gradients(inputs, targets)[name]!.values).toEqual(free.gradients(inputs, targets)[name]!.values);
  });

  test("does not count in the global norm", async () => {
    // All but one bias frozen: clipping to a tiny norm moves it by rate · limit in all.
    const clip = { type: "globalNorm", value: 2 ** -10 } as const;
    const groups = [
      { match: "*", frozen: true },
      { match: "dense_3.bias", frozen: false },
    ];
    const net = await make(sgd({ learningRate: 1, clip, groups }));
    net.trainOnBatch(data.inputs, data.targets);
    const moved = Math.hypot(...values(net, "dense_3.bias")); // it was 0
    expect(Math.abs(moved / 2 ** -10 - 1)).toBeLessThan(1e-6);
  });
});

describe("groups that are wrong", () => {
  // biome-ignore lint/suspicious/noExplicitAny: what types forbid and JavaScript does not
  test.each<[string, any, RegExp]>([
    ["no array", { match: "bias", weightDecay: 0 }, /adam: groups is an object {match, weightDecay}, expected an array/],
    ["an unknown option", [{ match: "bias", decay: 0 }], /groups\[0\]: unknown option "decay"/],
    [
      "no parameters",
      [{ weightDecay: 0 }],
      /groups\[0\] has none of match, rank, expected at least one; match: "\*" takes every parameter$/,
    ],
    ["no settings", [{ match: "bias" }], /groups\[0\] has none of learningRateFactor, weightDecay, frozen/],
    ["an empty pattern", [{ match: "", weightDecay: 0 }], /groups\[0\]: match is ""/],
    ["no patterns", [{ match: [], weightDecay: 0 }], /match is an array of 0/],
    ["a pattern that is no text", [{ match: /bias/, weightDecay: 0 }], /match is a RegExp/],
    ["a negative factor", [{ match: "bias", learningRateFactor: -1 }], /learningRateFactor is -1/],
    ["a negative decay", [{ match: "bias", weightDecay: -1 }], /weightDecay is -1/],
    ["frozen by a word", [{ match: "bias", frozen: "yes" }], /frozen is "yes"/],
    [
      "hundreds that combine",
      Array.from({ length: 40 }, (_, i) => (i % 2 ? { match: "*", weightDecay: i } : { match: "*", learningRateFactor: i })),
      /groups combine to more than 256 settings/,
    ],
    ["half an axis", [{ rank: 0.5, frozen: true }], /rank is 0.5/],
  ])("%s", (_, groups, message) => {
    expect(() => adam({ groups })).toThrow(message);
    expect(() => adam({ groups })).toThrow(OptionError);
  });

  test("a decay that flips signs in a group alone", () => {
    expect(() => adamW({ learningRate: 1, weightDecay: 0.1, groups: [{ match: "bias", weightDecay: 2 }] })).toThrow(
      /learningRate · weightDecay is 2/,
    );
  });

  test.each<[ParameterGroup, RegExp]>([
    [{ match: "dense_9", frozen: true }, /sgd: groups\[0\]: match "dense_9" takes none of this network's parameters: dense_1.weight, /],
    [{ match: ["bias", "dense"], frozen: true }, /match "dense" takes none/],
    [{ rank: 3, frozen: true }, /groups\[0\]: rank 3 takes none/],
    [{ match: "bias", rank: 2, frozen: true }, /match "bias", rank 2 takes none/],
  ])("one that takes no parameter is noticed when the network is made: %j", async (group, message) => {
    await expect(make(sgd({ groups: [group] }))).rejects.toThrow(message);
    await expect(make(sgd({ groups: [group] }))).rejects.toThrow(OptionError);
  });
});

test("an optimizer keeps groups, clip and average of its own", async () => {
  const given = () => ({
    groups: [{ match: ["dense_1", "bias"], learningRateFactor: 0.5 }],
    clip: { type: "value", value: 0.01 } as const,
    ema: { decay: 0.5 },
  });
  const mine = given();
  const optimizer = adam(mine);
  const options = JSON.stringify(optimizer.options);
  mine.groups[0]!.match[0] = "no such layer";
  Object.assign(mine.groups[0]!, { learningRateFactor: Number.NaN });
  Object.assign(mine.clip, { value: Number.NaN });
  mine.ema.decay = 2;
  expect(JSON.stringify(optimizer.options)).toBe(options);
  expect((await trained(optimizer)).weightsHash()).toBe((await trained(adam(given()))).weightsHash());
});

test("groups, a schedule and an average come back from a saved network", async () => {
  const optimizer = adamW({
    learningRate: schedules.oneCycle({ max: 0.1, totalSteps: 20 }),
    groups: [vectorsWithoutDecay, { match: "dense_1", frozen: true }],
    ema: { decay: 0.9 },
  });
  const [net, twin] = [await make(optimizer), await loadNetwork((await make(optimizer)).save())];
  for (const one of [net, twin]) await one.fit(data, { epochs: 2, batchSize: 8 });
  expect(twin.weightsHash()).toBe(net.weightsHash());
});

describe("the average of the weights", () => {
  /** The slot's elements of a parameter. */
  const averageOf = (net: Network, name: string) => {
    const model = modelOf(net);
    const { tensor, address } = model.parameters.find((parameter) => parameter.tensor.name === name)!;
    const { parameters, slots, slabBytes } = model.bases;
    const slot = model.definition.optimizer.slots.indexOf("ema");
    return [...model.readTensor(tensor, address - parameters + slots + slot * slabBytes, 0)];
  };
  const name = "dense_2.weight";

  test("begins as the initial weights", async () => {
    const net = await make(adam({ ema: { decay: 0.9 } }));
    expect(averageOf(net, name)).toEqual(values(net, name));
  });

  test("begins as the weights that a callback sets before the first step", async () => {
    const net = await make(adam({ ema: { decay: 0.9 } }));
    const onFitStart = (run: Run) => {
      run.setWeights(run.weights().map((w) => w / 2));
      expect(averageOf(net, name)).toEqual(values(net, name));
      throw new Error("enough");
    };
    await expect(net.fit(data, { callbacks: [{ type: "own", onFitStart }] })).rejects.toThrow("enough");
    // Nothing has changed, nor does a check of gradients, which sets parameters and puts them back.
    const saved = net.save({ training: true });
    gradCheck(net, data);
    expect(net.save({ training: true })).toEqual(saved);
  });

  test("follows the weights after each update by the formula, and does not change the training", async () => {
    const net = await make(adam({ ema: { decay: 0.75 }, groups: [{ match: "bias", frozen: true }] }));
    const plain = await make(adam({ groups: [{ match: "bias", frozen: true }] }));
    let expected = values(net, name);
    for (let step = 0; step < 5; ++step) {
      for (const one of [net, plain]) one.trainOnBatch(data.inputs, data.targets);
      expected = values(net, name).map((w, i) => 0.75 * expected[i]! + 0.25 * w);
    }
    expect(net.weightsHash()).toBe(plain.weightsHash());
    for (const [i, value] of averageOf(net, name).entries()) expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-6); // five steps of three roundings
  });

  test.each([
    [{ decay: 1 }, /adam: ema.decay is 1/],
    [{ rate: 0.9 }, /adam: ema: unknown option "rate"/],
    [{}, /ema.decay is undefined/],
  ])("%j is refused", (ema, message) => {
    expect(() => adam({ ema: ema as never })).toThrow(message);
  });
});
