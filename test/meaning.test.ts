// What data says of its numbers is held against what the network knows: alike by all that take data sets, in memory and in streams.
import { describe, expect, test } from "vitest";
import * as cr from "../src/index.js";
import { classifier, inputs, labels } from "./named.js";
import { thrownBy } from "./refusals.js";

const classified = (classes?: readonly string[]) => cr.dataset({ inputs, targets: labels }, classes === undefined ? {} : { classes });
const [named, turned] = [classified(), classified(["yes", "no"])];
const valued = cr.dataset({ inputs, targets: [10, 20, 30, 40] });
const scalers = { inputs: cr.standardize(valued), targets: cr.minMax(valued, { of: "targets" }) };
const scaled = valued.scale(scalers);
/** By scalers of another part. */
const otherwise = valued.scale({ ...scalers, inputs: cr.standardize(valued.take(3)) });

const regressor = () => cr.network({ input: 2, layers: [cr.dense(1)], loss: cr.meanSquaredError(), seed: 1, backend: "js" });
/** One row at a time. */
const streamed = (...parts: readonly cr.Dataset[]) =>
  cr.dataset.stream(function* () {
    for (const part of parts) yield* part.batches(1);
  });
const options = { shuffle: false } as const;

/** All numbers of predictions as they come. */
async function drained(predictions: AsyncIterable<Float32Array | Readonly<Record<string, Float32Array>>>): Promise<number[]> {
  const all: number[] = [];
  for await (const part of predictions) all.push(...(part instanceof Float32Array ? part : Object.values(part)[0]!));
  return all;
}

/** Named errors that leave the network as it was. */
async function refused(net: cr.Network, action: () => unknown, message: string): Promise<void> {
  const before = net.save({ training: true });
  const error = (await thrownBy(action)) as Error;
  expect(error).toBeInstanceOf(cr.ShapeError);
  expect(error.message).toBe(message);
  expect(net.save({ training: true })).toEqual(before);
}

describe("a stream's items say what their numbers mean, as data in memory does:", () => {
  test("fit takes over classes and scalers, and to the same file", async () => {
    for (const [make, data, [classes, scales]] of [
      [classifier, named, [["no", "yes"], {}]],
      [regressor, scaled, [undefined, scalers]],
    ] as const) {
      const [ours, theirs] = [await make(), await make()];
      await ours.fit(streamed(data), options);
      expect([ours.classes, ours.scalers]).toEqual([classes, scales]);
      await theirs.fit(data, options);
      expect(ours.save()).toEqual(theirs.save());
    }
  });

  test.each<readonly [string, (net: cr.Network, stream: cr.DataStream) => unknown]>([
    ["fit", (net, stream) => net.fit(stream, options)],
    ["fit: validation", (net, validation) => net.fit(named, { validation })],
    ["evaluate", (net, stream) => net.evaluate(stream)],
  ])("other classes are refused by %s, in the first item as in a later one", async (who, action) => {
    const net = await classifier();
    net.classes = named.classes;
    await refused(
      net,
      () => action(net, streamed(turned)),
      `${who}: item 0 of the stream: its classes are yes, no, expected the network's, no, yes: class 0 is "yes", not "no"; dataset(…, { classes: net.classes }) gives its labels the network's ids`,
    );
    // Validation is read to its first item before there is an epoch to validate.
    if (who === "fit: validation") return;
    for (const own of [named.classes, undefined]) {
      net.classes = own;
      await refused(
        net,
        () => action(net, streamed(named, turned)),
        `${who}: item 4 of the stream: its classes are yes, no, expected item 0's, no, yes: class 0 is "yes", not "no"; dataset(…, { classes }) gives labels the same ids`,
      );
    }
  });

  test("validation has the classes of training, whichever of them is a stream, also of a network that knew none", async () => {
    for (const training of [named, streamed(named)])
      for (const validation of [turned, streamed(turned)]) {
        const net = await classifier();
        await refused(
          net,
          () => net.fit(training, { ...options, validation }),
          `fit: validation: ${validation === turned ? "" : "item 0 of the stream: "}its classes are yes, no, expected the network's, no, yes: class 0 is "yes", not "no"; dataset(…, { classes: net.classes }) gives its labels the network's ids`,
        );
        await net.fit(training, { ...options, validation: named });
      }
  });

  test("validation has the scale of training, whichever of them is a stream", async () => {
    const net = await regressor();
    for (const training of [scaled, streamed(scaled)]) {
      for (const [validation, who, how] of [
        [valued, "", "not scaled"],
        [streamed(valued), "item 0 of the stream: ", "not scaled"],
        [streamed(valued.scale({ inputs: scalers.inputs })), "item 0 of the stream: ", "scaled (inputs by standardize)"],
      ] as const)
        await refused(
          net,
          () => net.fit(training, { ...options, validation }),
          `fit: validation: ${who}the data is ${how}, but the training data is scaled (inputs by standardize, targets by minMax), expected one scale; fit scalers on the training data, and scale both with them`,
        );
    }
    await refused(
      net,
      () => net.fit(streamed(valued), { ...options, validation: scaled }),
      "fit: validation: the data is scaled (inputs by standardize, targets by minMax), but the training data is not scaled, expected one scale; fit scalers on the training data, and scale both with them",
    );
    for (const training of [scaled, streamed(scaled)])
      for (const validation of [scaled, streamed(scaled)]) await net.fit(training, { ...options, validation });
  });

  test("weights beside a dataset do not hide its scale", async () => {
    const net = await regressor();
    const weighted = (data: cr.Dataset) => ({ ...data, sampleWeights: [1, 2, 3, 4] });
    await expect(net.fit(weighted(scaled), { validation: weighted(valued) })).rejects.toThrow("fit: validation: the data is not scaled");
    await net.fit(weighted(scaled), { validation: weighted(scaled) });
  });

  test.each([
    [
      "scaled and not",
      [scaled, valued],
      "the data is not scaled, but item 0 is scaled (inputs by standardize, targets by minMax), expected one scale",
    ],
    [
      "of two scales",
      [scaled, otherwise],
      "targets by minMax): of inputs the mean of column 0 is 0.6666666666666666, not 0.5, expected one",
    ],
    [
      "with classes and without",
      [named, cr.dataset({ inputs, targets: [1, 0, 1, 0] })],
      "names of classes, expected in all items alike, as in item 0, or in none",
    ],
  ] as const)("items %s are refused", async (_, parts, message) => {
    const net = await (parts[0] === named ? classifier() : regressor());
    const error = (await thrownBy(() => net.evaluate(streamed(...parts)))) as Error;
    expect(error.message).toMatch(/^evaluate: item 4 of the stream: /);
    expect(error.message).toContain(message);
  });

  test("a source that says something else in the next reading is refused, and the epoch before counts", async () => {
    let readings = 0;
    const net = await regressor();
    // The first counts the rows.
    const changing = cr.dataset.stream(() => (++readings < 3 ? scaled : otherwise).batches(2));
    await expect(net.fit(changing, { ...options, epochs: 2 })).rejects.toThrow(
      "fit: item 0 of the stream: the data is scaled (inputs by standardize",
    );
    expect([net.steps, net.scalers]).toEqual([1, scalers]);
  });
});

describe("evaluate refuses data of another scale than the network's,", () => {
  const message = (who: string) =>
    `${who}the data is scaled (inputs by standardize, targets by minMax), but the network's data is scaled (inputs by standardize, targets by minMax): of inputs the mean of column 0 is 0.6666666666666666, not 0.5, expected one scale; take data that is not scaled yet, and scale it: data.scale(net.scalers)`;
  const forgotten = (who: string) =>
    `${who}the data is not scaled, but the network's data is scaled (inputs by standardize, targets by minMax), expected one scale; scale it: data.scale(net.scalers); or, if you did so by hand, say so: { ...data, scalers: net.scalers }`;
  const arrays = { inputs: scaled.inputs, targets: scaled.targets };

  test("in memory and in streams, of a network that was trained, loaded or told", async () => {
    const trained = await regressor();
    await trained.fit(scaled);
    const told = await regressor();
    told.scalers = scalers;
    for (const net of [trained, await cr.loadNetwork(trained.save({ training: true }), { backend: "js" }), told]) {
      await refused(net, () => net.evaluate(otherwise), message("evaluate: "));
      await refused(net, () => net.evaluate({ ...otherwise, sampleWeights: [1, 1, 1, 1] }), message("evaluate: "));
      await refused(net, () => net.evaluate(streamed(otherwise)), message("evaluate: item 0 of the stream: "));
      await refused(net, () => net.diagnose(otherwise), message("diagnose: "));
      await refused(net, () => net.profile(otherwise), message("profile: "));
      await refused(net, () => cr.gradCheck(net, otherwise), message("gradCheck: "));
      await refused(net, () => drained(net.predict(streamed(otherwise))), message("predict: item 0 of the stream: "));
      // As validation of arrays, which say nothing of theirs.
      await refused(net, () => net.fit(arrays, { validation: otherwise }), message("fit: validation: "));
    }
  });

  test("and data that is not scaled, in which that was forgotten, as do all others that take data sets", async () => {
    const net = await regressor();
    await net.fit(scaled);
    for (const [who, action] of [
      ["fit: ", () => net.fit(valued)],
      ["fit: item 0 of the stream: ", () => net.fit(streamed(valued), options)],
      ["fit: validation: ", () => net.fit(arrays, { validation: valued })],
      ["fit: validation: item 0 of the stream: ", () => net.fit(arrays, { validation: streamed(valued) })],
      ["evaluate: ", () => net.evaluate(valued)],
      ["evaluate: ", () => net.evaluate({ ...valued, sampleWeights: [1, 1, 1, 1] })],
      ["evaluate: item 0 of the stream: ", () => net.evaluate(streamed(valued))],
      ["predict: item 0 of the stream: ", () => drained(net.predict(streamed(valued)))],
      ["predictAll: item 0 of the stream: ", () => drained(net.predictAll(streamed(valued)))],
      ["diagnose: ", () => net.diagnose(valued)],
      ["profile: ", () => net.profile(valued)],
      ["gradCheck: ", () => cr.gradCheck(net, valued)],
    ] as const)
      await refused(net, action, forgotten(who));
    // Of a stream in its first item, not when all have been counted.
    let read = 0;
    const counted = cr.dataset.stream(function* () {
      for (const part of valued.batches(1)) {
        read += 1;
        yield part;
      }
    });
    await expect(net.fit(counted, options)).rejects.toThrow(cr.ShapeError);
    expect(read).toBe(1);
  });

  test("and takes the same scale, whatever the order in which it came, and what says nothing of its own", async () => {
    const net = await regressor();
    await net.fit(scaled);
    const turnedRound = valued.scale({ targets: scalers.targets }).scale({ inputs: scalers.inputs });
    const byHand = { inputs: scalers.inputs.transform(valued.inputs), targets: scalers.targets.transform(valued.targets) };
    // By hand, which it says: so does the dataset that is made of it.
    const told = { ...cr.dataset(byHand), scalers: net.scalers };
    const expected = net.evaluate(scaled);
    for (const data of [turnedRound, byHand, told, cr.dataset(told), scaled.concat(turnedRound).take(4)])
      expect(net.evaluate(data)).toEqual(expected);
    for (const data of [scaled, turnedRound, cr.dataset(told)]) expect(await net.evaluate(streamed(data))).toEqual(expected);
    expect(await net.evaluate(cr.dataset.stream(() => [byHand]))).toEqual(expected);
    // fit takes over what data is scaled with, and an empty object is none.
    await net.fit(otherwise);
    expect(net.scalers).toEqual({ ...scalers, inputs: otherwise.scalers!.inputs });
    net.scalers = {};
    for (const data of [scaled, otherwise, valued]) expect(net.evaluate(data).loss).toBeGreaterThan(0);
    await net.fit(valued);
    expect(net.scalers).toEqual({});
  });

  test("predict of data as a whole names the scale that its inputs lack, before what they are called", async () => {
    const net = await regressor();
    await net.fit(scaled);
    for (const all of [valued, { ...valued }]) {
      await refused(net, () => net.predict(all as never), forgotten("predict: "));
      await refused(net, () => net.predictAll(all as never), forgotten("predictAll: "));
    }
    expect(() => net.predict(scaled as never)).toThrow(
      /^predict: inputs: got data as a whole, .* expected one field of it, as data\.inputs$/,
    );
    // By hand, as the message says; a type of all that can be evaluated is one, too.
    const said = { ...valued.scale({ inputs: scalers.inputs, targets: scalers.targets }), scalers: net.scalers };
    expect(net.evaluate({ inputs: said.inputs, targets: said.targets, scalers: net.scalers })).toEqual(net.evaluate(said));
    const evaluated = (data: cr.Data | cr.DataStream) => net.evaluate(data);
    expect(await evaluated(streamed(scaled))).toEqual(evaluated(scaled));
  });

  test("predict of a stream looks at inputs alone: targets may have any scale, or none, and other classes", async () => {
    const net = await regressor();
    await net.fit(scaled);
    const inputsScaled = valued.scale({ inputs: scalers.inputs });
    const expected = [...net.predict(scaled.inputs)];
    for (const parts of [[scaled], [inputsScaled], [inputsScaled.take(2), scaled.slice(2)]])
      expect(await drained(net.predict(streamed(...parts)))).toEqual(expected);
    expect(await drained(net.predict(cr.dataset.stream(() => [{ inputs: scaled.inputs }])))).toEqual(expected);
    const targetsScaled = valued.scale({ targets: scalers.targets });
    await refused(
      net,
      () => drained(net.predict(streamed(targetsScaled))),
      "predict: item 0 of the stream: the data is scaled (targets by minMax), but the network's data is scaled (inputs by standardize, targets by minMax), expected one scale; take data that is not scaled yet, and scale it: data.scale(net.scalers)",
    );
    await refused(
      net,
      () => drained(net.predict(streamed(scaled, otherwise))),
      "predict: item 4 of the stream: the data is scaled (inputs by standardize, targets by minMax), but item 0 is scaled (inputs by standardize, targets by minMax): of inputs the mean of column 0 is 0.6666666666666666, not 0.5, expected one scale; fit scalers once, and scale all items with them",
    );
    // Targets have a scale, inputs none.
    net.scalers = { targets: scalers.targets };
    await refused(
      net,
      () => drained(net.predict(streamed(inputsScaled))),
      "predict: item 0 of the stream: the data is scaled (inputs by standardize), but the network's data is scaled (targets by minMax), expected one scale; take data that is not scaled yet, and scale it: data.scale(net.scalers)",
    );
    expect(await drained(net.predict(streamed(valued)))).toEqual([...net.predict(valued.inputs)]);
    const sorter = await classifier();
    sorter.classes = named.classes;
    expect(await drained(sorter.predict(streamed(named, turned)))).toEqual([...sorter.predict([...inputs, ...inputs])]);
  });

  test("and so does a run that is resumed, which would go on in another scale", async () => {
    const net = await regressor();
    const abort = new AbortController();
    const run = { epochs: 3, shuffle: false, chunkMilliseconds: 1e-9 };
    await net.fit(scaled, { ...run, signal: abort.signal, onProgress: () => abort.abort() });
    for (const data of [otherwise, streamed(otherwise)])
      await refused(net, () => net.fit(data, { ...run, resume: true }), message("fit: resume: "));
    await refused(net, () => net.fit(valued, { ...run, resume: true }), forgotten("fit: resume: "));
    await net.fit(streamed(scaled), { ...run, resume: true });
    expect([net.steps, net.scalers]).toEqual([3, scalers]);
  });

  test("and scalers that are none", async () => {
    const net = await regressor();
    for (const wrong of [null, 3, { outputs: scalers.inputs }])
      expect(() => net.evaluate({ ...valued, scalers: wrong } as never)).toThrow(/^evaluate: scalers/);
  });
});
