// What is said about the engine, about threads, and the switch of V8's revectorizer. That it changes no bit is shown by `npm run engines`,
// on engines that have it.
import { spawnSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { isV8 } from "../src/backends/engine.js";
import { operations } from "../src/backends/threads.js";
import { dense, features, meanSquaredError, network } from "../src/index.js";
import { revectorize } from "../src/node.js";

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.resetModules();
});

describe("features()", () => {
  test("agrees with what WebAssembly itself accepts", () => {
    // Modules of wasm-feature-detect 1.8 (Google): i8x16.popcnt, i8x16.relaxed_swizzle.
    const simd = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];
    const relaxed = [
      0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 11,
    ];
    expect(features().simd.available).toBe(WebAssembly.validate(Uint8Array.from(simd)));
    expect(features().relaxedSimd.available).toBe(WebAssembly.validate(Uint8Array.from(relaxed)));
    expect(features().threads).toEqual({ available: true });
  });

  test("says what is missing", () => {
    vi.stubGlobal("SharedArrayBuffer", undefined);
    expect(features().threads.reason).toMatch(/no memory that threads could share \(SharedArrayBuffer\)/);
    vi.stubGlobal("crossOriginIsolated", false);
    expect(features().threads.reason).toMatch(/"Cross-Origin-Opener-Policy: same-origin" and "Cross-Origin-Embedder-Policy: require-corp"/);
    vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
    expect(features().simd).toEqual({ available: false, reason: "this engine's WebAssembly has no 128-bit SIMD" });
    vi.stubGlobal("WebAssembly", undefined);
    expect(features().relaxedSimd).toEqual({ available: false, reason: "this environment has no WebAssembly" });
  });
});

test.each([
  [true, { node: "24.11.0", v8: "13.6.233.10" }, "Node.js/24"],
  [true, { deno: "2.9.6", node: "26.3.0", v8: "14.9.207.2" }, "Deno/2.9.6"],
  [false, { bun: "1.4.5", node: "26.3.0", v8: "14.6.202.34" }, "Bun/1.4.5"],
  [true, undefined, "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/143.0.0.0 Safari/537.36"],
  [
    true,
    {},
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0",
  ],
  [
    false,
    undefined,
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15",
  ],
  [false, undefined, "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"],
  [false, undefined, undefined],
])("whether it is V8: %s for versions %j in %s", (expected, versions, userAgent) => {
  vi.stubGlobal("process", versions && { versions });
  vi.stubGlobal("navigator", userAgent && { userAgent });
  const said = isV8();
  vi.unstubAllGlobals();
  expect(said).toBe(expected);
});

test("a process that may not start workers says so, and speaks of no page", async () => {
  class Worker {
    constructor() {
      // As Node's permission model has it without --allow-worker.
      throw new Error("Access to this API has been restricted");
    }
  }
  const builtin = process.getBuiltinModule;
  vi.spyOn(process, "getBuiltinModule").mockImplementation(((name: string) =>
    name === "node:worker_threads" ? { Worker } : builtin.call(process, name)) as typeof builtin);
  const net = await network({ input: 1, layers: [dense(1)], loss: meanSquaredError(), seed: 1, threads: 2 });
  const data = { inputs: [[1]], targets: [[1]] };
  await expect(net.fit(data)).rejects.toThrow(/^threads: workers are refused here \(Error: Access to this API has been restricted\)$/);
  vi.restoreAllMocks();
  await net.fit(data);
  expect(net.backend.threads).toBe(2);
});

test("numbers of operations are told without an exponent", () => {
  const told = [62, 9_876, 4e5, 1.44e9, 1.2e13].map(operations);
  expect(told).toEqual(["62", "9900", "0.4 million", "1400 million", "12000000 million"].map((count) => `${count} operations`));
});

describe("revectorize()", () => {
  /** As if this were another engine. */
  const as = (versions: Record<string, string>, arch = "x64") => {
    const value = { node: "22.0.0", v8: "12.4.254", ...versions };
    vi.stubGlobal("process", Object.create(process, { versions: { value }, arch: { value: arch }, platform: { value: "darwin" } }));
  };

  test.each<readonly [string, () => void, RegExp]>([
    ["Node 20", () => as({ node: "20.19.0", v8: "11.3.244.8-node.30" }), /V8 11\.3 of Node 20\.19\.0 has no revectorizer, Node 22/],
    ["Bun", () => as({ bun: "1.3.0" }), /only Node can/],
    ["ARM", () => as({}, "arm64"), /is for x64 with AVX2, this CPU is arm64/],
    ["node --jitless", () => [as({}), vi.stubGlobal("WebAssembly", undefined)], /this environment has no WebAssembly/],
  ])("on %s it is an error that says why, as features() does", (_, stub, reason) => {
    stub();
    expect(features().revectorize).toEqual({ available: false, reason: expect.stringMatching(reason) });
    expect(revectorize).toThrow(expect.objectContaining({ name: "BackendError", message: expect.stringMatching(reason) }));
  });

  test("where there is a revectorizer it is available", () => {
    as({});
    expect(features().revectorize).toEqual({ available: true });
  });

  test.each([
    ["has no AVX2", "flags\t: fpu sse avx\nbugs\t: avx2", { available: false, reason: "this CPU has no AVX2" }],
    ["has it", "processor\t: 0\nflags\t: fpu avx avx2 bmi", { available: true }],
    ["may not be asked, as under --permission", undefined, { available: true }],
  ])("on Linux where the CPU %s", (_, text, expected) => {
    as({});
    const readFileSync = () => {
      if (text === undefined) throw new Error("ERR_ACCESS_DENIED");
      return text;
    };
    const value = Object.create(process, { platform: { value: "linux" }, getBuiltinModule: { value: () => ({ readFileSync }) } });
    vi.stubGlobal("process", value);
    expect(features().revectorize).toEqual(expected);
  });

  describe("with such a V8", () => {
    beforeEach(() => as({}));

    test("it is an error after the first network, and says to call it before", async () => {
      await network({ input: 1, layers: [dense(1)], loss: meanSquaredError(), backend: "wasm" });
      expect(revectorize).toThrow(/a network was made before.*call it before the first network\(\)/);
    });
  });

  test("a V8 that does not know the flag after all is not believed", () => {
    // Node of another architecture has no such flag whatever its version: here the version is made up.
    const script = `
      globalThis.process = Object.create(process, { versions: { value: { node: "22.0.0", v8: "12.4.254" } }, arch: { value: "x64" } });
      const { revectorize } = await import("./src/node.ts");
      try { revectorize(); console.log("on"); } catch (error) { console.log(error.name, error.message); }`;
    const { stdout } = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], { encoding: "utf8" });
    const known = Number(process.versions.v8.split(".")[0]) >= 12 && process.arch === "x64";
    expect(stdout.trim()).toMatch(known ? /^on$|AVX2/ : /^BackendError revectorize: (V8 12\.4\.254 does not know|.*AVX2)/);
  });
});
