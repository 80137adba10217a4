// Names of classes go from the data to the network, and from there into its file.
import { describe, expect, test } from "vitest";
import { decode, encode } from "../src/formats/native.js";
import * as cr from "../src/index.js";
import { classifier, inputs, labels } from "./named.js";
import { thrownBy } from "./refusals.js";

const data = cr.dataset({ inputs, targets: labels });
const turned = cr.dataset({ inputs, targets: labels }, { classes: ["yes", "no"] });
const message = (who: string) =>
  `${who}: its classes are yes, no, expected the network's, no, yes: class 0 is "yes", not "no"; dataset(…, { classes: net.classes }) gives its labels the network's ids`;

test("fit takes them over; files hold them, of networks and of runs alike", async () => {
  const net = await classifier();
  expect(net.classes).toBeUndefined();
  await net.fit(data);
  expect(net.classes).toEqual(["no", "yes"]);
  await net.fit({ inputs, targets: [1, 0, 1, 0] }); // which says nothing of classes
  for (const training of [false, true]) {
    const loaded = await cr.loadNetwork(net.save({ training }), { backend: "js" });
    expect(loaded.classes).toEqual(["no", "yes"]);
    expect(loaded.save({ training })).toEqual(net.save({ training }));
  }
});

test("a file without them is loaded, and what is none in a file is named", async () => {
  const net = await classifier();
  await net.fit(data);
  const { classes, ...older } = decode(net.save());
  expect(classes).toEqual(["no", "yes"]);
  expect((await cr.loadNetwork(encode(older), { backend: "js" })).classes).toBeUndefined();
  const error = (await thrownBy(() => cr.loadNetwork(encode({ ...older, classes: ["no", "no"] })))) as Error;
  expect(error).toBeInstanceOf(cr.FormatError);
  expect(error.message).toBe("saved network: classes has a name twice");
});

describe("data of other classes is refused, and nothing changes", () => {
  test.each<readonly [string, (net: cr.Network) => unknown]>([
    ["evaluate", (net) => net.evaluate(turned)],
    ["evaluate", (net) => net.evaluate({ ...turned, sampleWeights: [1, 1, 1, 1] })],
    ["fit", (net) => net.fit(turned)],
    ["fit: validation", (net) => net.fit(data, { validation: turned })],
    ["diagnose", (net) => net.diagnose(turned)],
  ])("by %s", async (who, action) => {
    const net = await classifier();
    await net.fit(data);
    const before = net.save({ training: true });
    const error = (await thrownBy(() => action(net))) as Error;
    expect(error).toBeInstanceOf(cr.ShapeError);
    expect(error.message).toBe(message(who));
    expect(net.save({ training: true })).toEqual(before);
    // What the message says helps, and so does forgetting them.
    const same = cr.dataset(turned, { classes: net.classes! });
    expect(net.evaluate(same)).toEqual(net.evaluate(data));
    net.classes = undefined;
    await net.fit(turned);
    expect(net.classes).toEqual(["yes", "no"]);
  });

  test("a first fit whose validation is refused leaves none", async () => {
    const net = await classifier();
    await expect(net.fit(data, { validation: turned })).rejects.toThrow(message("fit: validation"));
    expect(net.classes).toBeUndefined();
    expect(net.evaluate(turned).metrics.accuracy).toBeDefined();
  });

  test("more classes, or fewer", async () => {
    const net = await classifier();
    net.classes = ["no"];
    await expect(net.fit(data)).rejects.toThrow(
      /^fit: its classes are no, yes, expected the network's, no: class 1 is "yes", not undefined/,
    );
    const three = ["no", "yes", "perhaps"];
    const tooMany = "there are 3 classes, no, yes, perhaps, but the last layer has 2 columns, expected one a class";
    expect(() => {
      net.classes = three;
    }).toThrow(new cr.ShapeError(`classes: ${tooMany}`));
    expect(net.classes).toEqual(["no"]);
    net.classes = undefined;
    await expect(net.fit(cr.dataset({ inputs, targets: labels }, { classes: three }))).rejects.toThrow(`fit: targets: ${tooMany}`);
  });
});

describe("a loss of values takes two classes, as 0 and 1", () => {
  const regression = () => cr.network({ input: inputs[0]!.length, layers: [cr.dense(1)], loss: cr.huber(), backend: "js", seed: 1 });
  const three = cr.dataset({ inputs, targets: ["low", "mid", "high", "low"] });
  const why =
    "there are 3 classes, high, low, mid, but huber takes values, or two classes as 0 and 1; sparseCategoricalCrossEntropy and a column for each class learn more; if they are numbers as text, make them numbers first";

  test("more are refused, in memory and as a stream", async () => {
    const net = await regression();
    await expect(net.fit(three)).rejects.toThrow(new cr.ShapeError(`fit: targets: ${why}`));
    expect(() => net.evaluate(three)).toThrow(new cr.ShapeError(`evaluate: targets: ${why}`));
    const stream = cr.dataset.stream(() => [three], { rows: 4 });
    await expect(net.fit(stream, { shuffle: false })).rejects.toThrow(`fit: item 0 of the stream: targets: ${why}`);
    expect([net.steps, net.classes]).toEqual([0, undefined]);
  });

  test("two are not, nor ids that are given as numbers", async () => {
    const net = await regression();
    await net.fit({ inputs, targets: Float32Array.from(three.targets) });
    await net.fit(data);
    expect(net.classes).toEqual(["no", "yes"]);
  });
});

test("texts that are all numbers are values or classes as the option says, and neither by default", () => {
  const targets = ["150000", " 2.5e5", "-1", "0"];
  const message =
    'dataset: targets: "150000" and all others are numbers as text; Number(…) makes values of them, the option classes: true classes';
  expect(() => cr.dataset({ inputs, targets })).toThrow(new cr.ShapeError(message));
  expect(() => cr.dataset(targets.map((target, i) => ({ input: inputs[i]!, target })))).toThrow(new cr.ShapeError(message));
  expect(cr.dataset({ inputs, targets }, { classes: true }).classes).toHaveLength(4);
  expect(cr.dataset({ inputs, targets: ["1", "2", "y", "x"] }).classes).toEqual(["1", "2", "x", "y"]);
});

test("they can be set where data comes as arrays, as a copy", async () => {
  const net = await classifier();
  const names = ["a", "b"];
  net.classes = names;
  names[0] = "c";
  expect(net.classes).toEqual(["a", "b"]);
  expect(() => {
    net.classes = ["a", "a"];
  }).toThrow("classes has a name twice");
  expect(() => {
    net.classes = 2 as never;
  }).toThrow("classes is 2, expected an array of names");
});
