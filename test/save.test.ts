// A saved network is the same network: bit for bit, with all that it was made from.
import { once } from "node:events";
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  adam,
  constant,
  dense,
  dropout,
  elu,
  FormatError,
  glorotUniform,
  heNormal,
  heUniform,
  huber,
  type Initializer,
  leakyRelu,
  lecunNormal,
  loadNetwork,
  meanSquaredError,
  type Network,
  type NetworkOptions,
  network,
  normal,
  OptionError,
  orthogonal,
  sgd,
  uniform,
  zeros,
} from "../src/index.js";
import { checkpoint, loadFile, saveFile } from "../src/node.js";
import { cases } from "./cases.js";
import { modelOf } from "./internals.js";
import { any, thrownBy } from "./refusals.js";

const bits = (values: Float32Array) => [...new Uint32Array(values.slice().buffer)];
const parametersOf = (net: Network) => net.parameters().map(({ name, shape, values }) => ({ name, shape, values: bits(values) }));

/** What a network was made from, as plain data. */
function definitionOf(net: Network): unknown {
  return JSON.parse(JSON.stringify(modelOf(net).definition));
}

describe("save and loadNetwork", () => {
  test.each(cases)(
    "$name: a trained network comes back with its parameters' bits, its definition and its results",
    async ({ options, data }) => {
      const net = await network(options);
      const { inputs, targets } = data();
      await net.fit({ inputs, targets });
      const loaded = await loadNetwork(net.save());
      expect(parametersOf(loaded)).toEqual(parametersOf(net));
      expect(loaded.weightsHash()).toBe(net.weightsHash());
      expect(definitionOf(loaded)).toEqual(definitionOf(net));
      expect(bits(loaded.predict(inputs))).toEqual(bits(net.predict(inputs)));
      expect(loaded.evaluate({ inputs, targets })).toEqual(net.evaluate({ inputs, targets }));
      expect(loaded.seed).toBe(options.seed);
      expect(loaded.arithmetic.name).toBe(net.arithmetic.name);
    },
  );

  test.each(cases)("$name: a new network, saved and loaded, trains to the same bits", async ({ options, data, batch }) => {
    const net = await network(options);
    const loaded = await loadNetwork(net.save(), { backend: "js" });
    const { inputs, targets } = data();
    for (const each of [net, loaded]) await each.fit({ inputs, targets }, { epochs: 2, batchSize: batch });
    expect(loaded.weightsHash()).toBe(net.weightsHash());
    expect(loaded.backend.name).toBe("js");
  });

  test("what is attached comes back, and is saved again", async () => {
    const net = await network(small);
    const loaded = await loadNetwork(net.save({ attach: { classes: ["cat", "dog"] } }));
    expect(loaded.attached).toEqual({ classes: ["cat", "dog"] });
    expect((await loadNetwork(loaded.save())).attached).toEqual(loaded.attached);
    expect((await loadNetwork(net.save())).attached).toBeUndefined();
    const foreign = runInNewContext('({ units: ["m", { s: 1 }] })');
    expect((await loadNetwork(net.save({ attach: foreign }))).attached).toEqual({ units: ["m", { s: 1 }] });
    class Unit {
      readonly name = "m";
    }
    for (const attach of [new Unit(), Object.create({ name: "m" }), new Map(), runInNewContext("new (class A {})()")])
      expect(() => net.save({ attach })).toThrow(/^save: attach is .*, expected plain data/);
  });

  test("saving twice gives the same bytes, and saving what was loaded too", async () => {
    const net = await network(small);
    const bytes = net.save();
    expect(net.save()).toEqual(bytes);
    expect((await loadNetwork(bytes)).save()).toEqual(bytes);
    expect((await loadNetwork(Buffer.from(bytes))).save()).toEqual(bytes);
  });

  test("bytes that begin anywhere in a larger buffer are read", async () => {
    const bytes = (await network(small)).save();
    const larger = new Uint8Array(bytes.length + 7);
    larger.set(bytes, 3);
    expect((await loadNetwork(larger.subarray(3, 3 + bytes.length))).save()).toEqual(bytes);
  });

  test("a signed zero, the smallest and the largest floats survive", async () => {
    const net = await network({ ...small, layers: [dense(2, { bias: false })] });
    const values = Float32Array.of(-0, 2 ** -149, -(2 ** -149), 3.4028234663852886e38, -3.4028234663852886e38, 2 ** -126);
    net.setParameters([{ name: "dense_1.weight", values }]);
    expect(bits((await loadNetwork(net.save())).parameters()[0]!.values)).toEqual(bits(values));
  });

  test("names, initializers and every other option come back", async () => {
    const initializers: readonly Initializer[] = [
      glorotUniform(),
      heNormal(),
      heUniform(),
      lecunNormal(),
      zeros(),
      constant(0.25),
      normal({ std: 0.1 }),
      uniform({ min: -1, max: 2 }),
      orthogonal({ gain: 2 }),
    ];
    const net = await network({
      input: [2, 3],
      layers: [
        ...initializers.map((weight, i) => dense(4, { weight, bias: constant(i), name: `Schicht ${i} – ü`, activation: leakyRelu(0.3) })),
        dropout(0.125, { name: "drop" }),
        dense(3, { bias: false, kernelL1: 0.5, kernelL2: 0.25, activation: elu(2) }),
      ],
      loss: huber({ delta: 0.75, weight: 2, reduction: "sum" }),
      optimizer: sgd({ learningRate: 0.5, momentum: 0.9, nesterov: true, clip: { type: "value", value: 3 } }),
      metrics: ["mae"],
      seed: 2 ** 32 - 1,
    });
    const loaded = await loadNetwork(net.save());
    expect(definitionOf(loaded)).toEqual(definitionOf(net));
    expect(parametersOf(loaded)).toEqual(parametersOf(net));
  });
});

const small: NetworkOptions = { input: 3, layers: [dense(2)], loss: meanSquaredError(), optimizer: adam(), seed: 3 };

describe("loadNetwork with another optimizer", () => {
  const options = { input: 3, layers: [dense(4, { activation: "tanh" }), dense(2)], loss: meanSquaredError(), seed: 3 } as const;
  const inputs = Array.from({ length: 12 }, (_, i) => [i / 12, (i % 3) / 3, (i % 5) / 5]);
  const data = { inputs, targets: inputs.map(([a, b]) => [a! * b!, a! - b!]) };
  const tuned = () => adam({ learningRate: 1e-3, groups: [{ match: "dense_1", frozen: true }] });
  /** In the middle of a run with momentum. */
  async function saved(): Promise<Uint8Array> {
    const net = await network({ ...options, optimizer: sgd({ momentum: 0.9 }) });
    const controller = new AbortController();
    const abort = { type: "abort", onEpochEnd: () => controller.abort() };
    await net.fit(data, { epochs: 5, batchSize: 4, signal: controller.signal, callbacks: [abort] });
    expect(net.interrupted).toBeDefined();
    return net.save({ training: true });
  }

  test("trains on as a new network that was given the weights", async () => {
    const bytes = await saved();
    const loaded = await loadNetwork(bytes, { optimizer: tuned() });
    expect([loaded.interrupted, loaded.steps]).toEqual([undefined, 0]);
    const fresh = await network({ ...options, optimizer: tuned() });
    fresh.setParameters(loaded.parameters());
    for (const net of [loaded, fresh]) await net.fit(data, { epochs: 3, batchSize: 4 });
    expect(loaded.weightsHash()).toBe(fresh.weightsHash());
    expect(definitionOf(await loadNetwork(loaded.save()))).toEqual(definitionOf(fresh));
  });

  test("blames what is wrong with it on the option, not on the file", async () => {
    const bytes = await saved();
    for (const [optimizer, message] of [
      [adam, /^network: optimizer is a function, expected an optimizer, as adam\(\)$/],
      [sgd({ groups: [{ match: "head", frozen: true }] }), /^sgd: groups\[0\]: match "head" takes none of this network's parameters/],
    ] as const) {
      const error = await thrownBy(() => loadNetwork(bytes, { optimizer: any(optimizer) }));
      expect(error).toBeInstanceOf(OptionError);
      expect((error as Error).message).toMatch(message);
    }
  });
});

test("JSON.stringify of a network is refused, by itself and within something, and says what keeps its weights", async () => {
  const net = await network({ input: 2, layers: [dense(1)], loss: meanSquaredError(), seed: 1 });
  const error = new OptionError(
    "toJSON: a network is not saved as JSON: net.save() makes bytes, which loadNetwork(bytes) takes; net.parameters() gives the weights as numbers",
  );
  expect(() => JSON.stringify(net)).toThrow(error);
  expect(() => JSON.stringify({ nets: [net] })).toThrow(error);
});

describe("files", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "chainrule-save-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("a network is saved and loaded, a file of the same name is replaced, nothing is left beside it", async () => {
    const path = join(folder, "net.bin");
    const net = await network(small);
    await writeFile(path, "what was there before");
    await saveFile(net, path);
    expect(new Uint8Array(await readFile(path))).toEqual(net.save());
    expect((await loadFile(path, { backend: "js" })).weightsHash()).toBe(net.weightsHash());
    expect(await readdir(folder)).toEqual(["net.bin"]);
  });

  test("what cannot be written leaves the old file and nothing beside it, and says why", async () => {
    const path = join(folder, "kept.bin");
    const net = await network(small);
    await saveFile(net, path);
    const before = await readFile(path);
    net.dispose();
    await expect(saveFile(net, path)).rejects.toThrow(/save: the network has been disposed of/);
    expect(await readFile(path)).toEqual(before);
    expect((await readdir(folder)).filter((name) => name.startsWith("kept"))).toEqual(["kept.bin"]);

    const nowhere = join(folder, "no", "such", "folder.bin");
    const error = await saveFile(await network(small), nowhere).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FormatError);
    expect(error).toMatchObject({
      message: expect.stringContaining(`${nowhere}: the file could not be written`),
      cause: { code: "ENOENT" },
    });
  });

  test("a file may be given as a URL", async () => {
    const net = await network(small);
    const url = new URL(`${pathToFileURL(folder)}/with%20a%20space.net`);
    await saveFile(net, url);
    expect((await loadFile(join(folder, "with a space.net"))).weightsHash()).toBe(net.weightsHash());
    expect((await loadFile(url)).weightsHash()).toBe(net.weightsHash());
    const refused = loadFile(new URL("https://example.org/digits.net"));
    await expect(refused).rejects.toThrow(/^loadFile: path is the URL "https:\/\/example.org\/digits.net", expected a file's: .*file/);
    await expect(refused).rejects.toThrow(OptionError);
    await expect(saveFile(net, {} as never)).rejects.toThrow(/^saveFile: path is an object {}, expected a file's path$/);
    expect(() => checkpoint(url as never)).toThrow(
      "checkpoint: path is a URL, expected a file's path, as fileURLToPath(url) of node:url makes it",
    );
  });

  test("a link goes on to lead to the file, and the file keeps its permissions", async () => {
    const [path, link] = [join(folder, "private.bin"), join(folder, "latest.bin")];
    await writeFile(path, "", { mode: 0o600 });
    await symlink(path, link);
    await saveFile(await network(small), link);
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect((await loadFile(path)).seed).toBe(3);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test("what is no file, as /dev/null, is not replaced by one", async () => {
    const path = join(folder, "socket");
    const server = createServer();
    await once(server.listen(path), "listening");
    await expect(saveFile(await network(small), path)).rejects.toThrow(
      `${path}: the file could not be written: it is a device, expected a file`,
    );
    expect((await stat(path)).isSocket()).toBe(true);
    server.close();
  });

  test("a folder in place of the file is left as it is", async () => {
    const inner = join(folder, "around", "inner");
    await mkdir(inner, { recursive: true });
    await expect(saveFile(await network(small), inner)).rejects.toThrow(/: it is a folder, expected a file$/);
    expect(await readdir(join(folder, "around"))).toEqual(["inner"]);
  });

  test("a file's name may be as long as the file system's longest; longer ones are refused before training", async () => {
    const path = join(folder, "n".repeat(255));
    await saveFile(await network(small), path);
    const net = await loadFile(path);
    expect(net.seed).toBe(3);
    const data = { inputs: [[1, 2, 3]], targets: [[1, 2]] };
    const tooLong = net.fit(data, { callbacks: [checkpoint(`${path}n`)] });
    await expect(tooLong).rejects.toThrow(/n: the file could not be written: ENAMETOOLONG/);
    expect(net.steps).toBe(0);
  });

  test("what cannot be read says so", async () => {
    const path = join(folder, "none.bin");
    await expect(loadFile(path)).rejects.toMatchObject({
      name: "FormatError",
      message: expect.stringContaining(`${path}: the file could not be read`),
      cause: { code: "ENOENT" },
    });
    await writeFile(path, "not a network");
    const error = await loadFile(path).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FormatError);
    expect((error as Error).message).toBe(
      `${path}: saved network: 13 bytes that do not begin with "chainrul", expected a file written by save()`,
    );
  });
});
