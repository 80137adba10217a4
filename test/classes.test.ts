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
    net.classes = ["no", "yes", "perhaps"];
    await expect(net.fit(data)).rejects.toThrow(
      /^fit: its classes are no, yes, expected the network's, no, yes, perhaps: class 2 is undefined/,
    );
  });
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
