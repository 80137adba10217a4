// What may be assigned to a network, and what is refused because it would do nothing.
import { beforeAll, expect, test, vi } from "vitest";
import { dense, meanSquaredError, Network, network, OptionError } from "../src/index.js";

let net: Network & Record<string, unknown>;
beforeAll(async () => {
  net = (await network({ input: 2, layers: [dense(1)], loss: meanSquaredError(), seed: 7 })) as typeof net;
});

test.each([
  [
    "learningRate",
    0.5,
    "it is its optimizer's, as network({ optimizer: sgd({ learningRate }), … }); to change a rate while it trains take a schedule, for another run loadNetwork(net.save(), { optimizer })",
  ],
  ["loss", meanSquaredError(), "it is decided when a network is made: network({ loss, … })"],
  ["layers", [], "it is decided when a network is made: network({ layers, … })"],
  ["threads", 4, "it is decided when a network is made: network({ threads, … })"],
  ["seed", 1, "it is decided when a network is made: network({ seed, … })"],
  ["epochs", 9, "it is an option of fit: net.fit(data, { epochs })"],
  ["weights", [], "net.setParameters([{ name, values }]) sets weights"],
  ["steps", 0, "it says what fit has done"],
  ["scaler", {}, "expected net.scalers"],
])("net.%s = … is refused, and says where it belongs", (name, value, reason) => {
  const before = net[name];
  const error = new OptionError(`${name} of a network cannot be set: ${reason}`);
  expect(() => Object.assign(net, { [name]: value })).toThrow(error);
  // Outside strict mode, as in a console, assignments that engines refuse are ignored.
  const sloppy = new Function("net", "value", `net.${name} = value;`);
  expect(() => sloppy(net, value)).toThrow(error);
  expect(net[name]).toBe(before);
});

test("what can be read stays readable, and what can be set stays so", async () => {
  expect(net.seed).toBe(7);
  expect([net.steps, net.backend.name, net.arithmetic.name, net.interrupted]).toEqual([0, "wasm", "strict", undefined]);
  net.attached = { unit: "m" };
  net.classes = ["a", "b"];
  net.classes = undefined;
  net.scalers = {};
  expect(net.attached).toEqual({ unit: "m" });
  await net.fit({ inputs: [[1, 2]], targets: [[1]] });
  expect(net.steps).toBe(1);
});

test("a test's method takes the place of a network's own, and a class may extend it with fields", () => {
  const spy = vi.spyOn(net, "predict").mockReturnValue(Float32Array.of(5) as never);
  expect([...net.predict([[1, 2]])]).toEqual([5]);
  spy.mockRestore();
  const { summary } = net;
  net.summary = () => "mine";
  expect(net.summary()).toBe("mine");
  net.summary = summary;
  // As JavaScript, which knows no private constructors.
  class Named extends (Network as unknown as new (...given: unknown[]) => Network) {
    label = "mine";
    loss = 3;
  }
  const { model, threadChoice } = net as unknown as Record<string, unknown>;
  const named = new Named(model, threadChoice);
  expect([named.label, named.loss, named.seed]).toEqual(["mine", 3, 7]);
});

test("new Network, as other libraries have it, says how a network is made", () => {
  const make = Network as unknown as new (...given: unknown[]) => Network;
  for (const given of [[], [{ input: 2, layers: [dense(1)], loss: meanSquaredError() }], [null, "auto"]])
    expect(() => new make(...given)).toThrow(
      new OptionError("new Network: a network is made by `await network({ … })` or `await loadNetwork(bytes)`, without new"),
    );
});
