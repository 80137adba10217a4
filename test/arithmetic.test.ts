// Strict and relaxed: who gets which, what it is called, and that files keep it. That strict gives the same bits everywhere is shown by
// the tests of the kernels and by `npm run engines`.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { BackendChoice } from "../src/backends/backend.js";
import { lacks } from "../src/backends/engine.js";
import { decode, encode } from "../src/formats/native.js";
import { BackendError, type ChainOptions, dense, loadNetwork, meanSquaredError, network, OptionError, sgd } from "../src/index.js";

const options: ChainOptions = {
  input: 64,
  layers: [dense(8, { activation: "tanh" }), dense(2)],
  loss: meanSquaredError(),
  optimizer: sgd(),
};
const relaxedWasm = lacks("relaxedSimd") === undefined;

/** Rows whose products have many digits, so that where they are rounded shows. */
const inputs = Float32Array.from({ length: 5 * 64 }, (_, i) => Math.sin(i));
const targets = Float32Array.from({ length: 5 * 2 }, (_, i) => Math.cos(i));

describe("the arithmetic is decided once", () => {
  test.each(["auto", "wasm", "js"] as const)("%s: a network with a seed is strict, and says that the seed is why", async (backend) => {
    const net = await network({ ...options, seed: 1, backend });
    expect(net.arithmetic).toEqual({ name: "strict", reason: expect.stringMatching(/^a seed was given: every operation is rounded once/) });
    expect(net.backend.build).toBe("strict");
  });

  test("without a seed it is as fast as the engine allows, and the seed that was drawn makes the same weights", async () => {
    const net = await network(options);
    expect(net.arithmetic.name).toBe(relaxedWasm ? "relaxed" : "strict");
    expect(net.arithmetic.reason).toMatch(relaxedWasm ? /^no seed was given/ : /WebAssembly has no relaxed SIMD/);
    expect(net.backend).toMatchObject({ name: "wasm", build: net.arithmetic.name });
    expect((await network({ ...options, seed: net.seed })).weightsHash()).toBe(net.weightsHash());
    expect((await network({ ...options, backend: "js" })).arithmetic).toEqual({
      name: "relaxed",
      reason: "no seed was given: fast, and the same bits again on this machine only",
    });
  });

  test("asked for by name it is that one, whatever the seed", async () => {
    const strict = await network({ ...options, arithmetic: "strict" });
    expect(strict.arithmetic).toMatchObject({ name: "strict", reason: expect.stringMatching(/^asked for by name/) });
    const relaxed = await network({ ...options, seed: 1, arithmetic: "relaxed", backend: "js" });
    expect(relaxed.arithmetic).toMatchObject({ name: "relaxed", reason: expect.stringMatching(/^asked for by name/) });
    expect(relaxed.backend).toMatchObject({ name: "js", build: "relaxed" });
  });

  test("anything else is refused", async () => {
    await expect(network({ ...options, arithmetic: "fast" as "strict" })).rejects.toThrow(OptionError);
    const bytes = (await network(options)).save();
    await expect(loadNetwork(bytes, { arithmetic: "fast" as "strict" })).rejects.toThrow(
      'loadNetwork: arithmetic is "fast", expected one of: strict, relaxed',
    );
  });
});

test("relaxed JavaScript sums in float64: nearer to the float64 sum than strict, and the same again", async () => {
  const layers = [dense(1, { bias: false })];
  const of = (arithmetic: "strict" | "relaxed") => network({ ...options, layers, seed: 3, backend: "js", arithmetic });
  const [strict, relaxed, again] = [await of("strict"), await of("relaxed"), await of("relaxed")];
  const weight = strict.parameters()[0]!.values;
  const exact = Array.from({ length: 5 }, (_, row) => weight.reduce((sum, w, p) => sum + w * inputs[row * 64 + p]!, 0));
  // One rounding, of the sum in float64, whose own error is far below half a float32 ulp.
  expect([...relaxed.predict(inputs)]).toEqual(exact.map(Math.fround));
  expect([...strict.predict(inputs)]).not.toEqual(exact.map(Math.fround));
  for (const net of [relaxed, again]) net.trainOnBatch(inputs, targets.subarray(0, 5));
  expect(relaxed.weightsHash()).toBe(again.weightsHash());
});

describe("a saved network", () => {
  test.each(["strict", "relaxed"] as const)("made %s is so when it is loaded, and says that the file is why", async (arithmetic) => {
    const net = await network({ ...options, arithmetic, backend: "js" });
    net.trainOnBatch(inputs, targets);
    const loaded = await loadNetwork(net.save({ training: true }), { backend: "js" });
    expect(loaded.arithmetic).toMatchObject({ name: arithmetic, reason: expect.stringMatching(/^the saved network's/) });
    for (const each of [net, loaded]) each.trainOnBatch(inputs, targets);
    expect(loaded.weightsHash()).toBe(net.weightsHash());
    expect((await loadNetwork(loaded.save(), { backend: "js" })).arithmetic.name).toBe(arithmetic);
  });

  test("of a version that knew no arithmetic is strict", async () => {
    const { definition, parameters } = decode((await network({ ...options, arithmetic: "relaxed", backend: "js" })).save());
    const { arithmetic, ...older } = definition as { arithmetic: string };
    expect(arithmetic).toBe("relaxed");
    expect((await loadNetwork(encode({ definition: older, parameters }))).arithmetic.name).toBe("strict");
  });
});

describe("where the engine has no relaxed SIMD", () => {
  /** As on Node 20: every module that fuses is invalid. */
  beforeEach(() => {
    const validate = WebAssembly.validate.bind(WebAssembly);
    const fuses = (bytes: Uint8Array) => bytes.some((byte, i) => byte === 0xfd && bytes[i + 1] === 0x85 && bytes[i + 2] === 0x02);
    vi.spyOn(WebAssembly, "validate").mockImplementation((bytes) => !fuses(bytes as Uint8Array) && validate(bytes));
  });
  afterEach(() => vi.restoreAllMocks());

  test.each(["auto", "wasm"] as const)(
    "relaxed asked for by name is an error that says what to do (%s)",
    async (backend: BackendChoice) => {
      vi.resetModules();
      const made = import("../src/index.js").then((fresh) => fresh.network({ ...options, backend, arithmetic: "relaxed" }));
      await expect(made).rejects.toMatchObject({
        name: "BackendError",
        message: expect.stringMatching(/no relaxed SIMD.*arithmetic: "strict" runs everywhere, to other numbers, and backend: "js"/),
      });
    },
  );

  test("a network made relaxed elsewhere is refused, unless strict numbers are accepted", async () => {
    const bytes = (await network({ ...options, arithmetic: "relaxed", backend: "js" })).save();
    vi.resetModules();
    const fresh = await import("../src/index.js");
    await expect(fresh.loadNetwork(bytes)).rejects.toThrow(fresh.BackendError);
    await expect(fresh.loadNetwork(bytes)).rejects.toThrow(/\(the saved network's\) cannot run here/);
    const accepted = await fresh.loadNetwork(bytes, { arithmetic: "strict" });
    expect(accepted.arithmetic).toMatchObject({ name: "strict", reason: expect.stringMatching(/^asked for by name/) });
    expect(BackendError.name).toBe("BackendError");
  });
});

test.skipIf(!relaxedWasm)("relaxed WebAssembly rounds less often than strict", async () => {
  const of = async (arithmetic: "strict" | "relaxed") =>
    (await network({ ...options, seed: 3, backend: "wasm", arithmetic })).predict(inputs);
  expect([...(await of("relaxed"))]).not.toEqual([...(await of("strict"))]);
});
