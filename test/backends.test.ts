import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Op, Step } from "../assembly/opcodes.js";
import { openRegion, type Region } from "../src/backends/backend.js";
import { BackendError } from "../src/errors.js";

const KiB = 1024;
const MiB = 1024 * KiB;
const plan = 64;
const table = 1024;
const stride = 64;
const output = 4096;

/** An extent that counts per row of the batch. */
const perRow = (count: number) => count + 0x8000_0000;

/** Writes a plan of `fill` records: address, value, extent. */
function fills(region: Region, records: readonly (readonly [number, number, number])[]): void {
  const { u32, f32 } = region.views();
  let pc = plan / 4;
  for (const [address, value, extent] of records) {
    u32.set([Op.Fill, 5, address, 0, extent], pc);
    f32[pc + 3] = value;
    pc += 5;
  }
  u32[pc] = Op.End;
}

function setRows(region: Region, rows: readonly number[]): void {
  rows.forEach((count, step) => {
    region.views().u32[(table + step * stride + Step.Rows) / 4] = count;
  });
}

afterEach(() => {
  vi.unstubAllGlobals();
});

describe.each(["wasm", "js"] as const)("%s", (name) => {
  test("is what was asked for by name, strict and on one thread", async () => {
    const region = await openRegion(name, KiB);
    const tile = name === "wasm" ? { tile: "5x8" } : {};
    expect(region.backend).toEqual({
      name,
      build: "strict",
      ...tile,
      threads: 1,
      revectorized: false,
      reason: "asked for by name",
      steps: 0,
    });
  });

  test("runs the plan once a step record, with that record's rows", async () => {
    const region = await openRegion(name, 8 * KiB);
    fills(region, [
      [output, 1, perRow(4)],
      [output, 2, 4],
    ]);
    setRows(region, [3, 2]);
    expect(region.run(plan, table, stride, 2)).toBe(2);
    expect([...region.views().f32.subarray(output / 4, output / 4 + 16)]).toEqual([2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0]);
    expect(region.backend.steps).toBe(2);
  });

  test("stops at the first step whose status is not 0, and counts the good steps only", async () => {
    const region = await openRegion(name, 8 * KiB);
    const third = table + 2 * stride;
    fills(region, [[third, 1, 4]]); // its first 16 bytes hold the status word
    setRows(region, [1, 1, 1, 1]);
    expect(region.run(plan, table, stride, 4)).toBe(2);
    expect(region.run(plan, table, stride, 1)).toBe(1);
    expect(region.backend.steps).toBe(3);
  });

  test("a region is zeroed, 64-byte aligned, and at least as large as was asked", async () => {
    const used = await openRegion(name, 10_001);
    used.views().u8.fill(255);
    used.dispose();
    const region = await openRegion(name, 10_001);
    expect(region.bytes).toBe(10_048);
    expect(region.views().u8.byteOffset % 64).toBe(0);
    expect(region.views().u8).toEqual(new Uint8Array(10_048));
  });

  test("reserve keeps the content, zeroes the rest, and leaves the neighbours alone", async () => {
    const regions: Region[] = [];
    for (let i = 0; i < 8; ++i) regions.push(await openRegion(name, KiB));
    // 33 MiB: from an arena shared with others to a memory of its own.
    for (const bytes of [2 * KiB, 300 * KiB, 33 * MiB, 34 * MiB]) {
      for (const [i, region] of regions.slice(0, 2).entries()) {
        const kept = region.bytes;
        region.views().u32.fill(i + 1);
        region.reserve(bytes);
        expect(region.bytes).toBe(bytes);
        const { u32 } = region.views();
        expect(u32.length).toBe(bytes / 4);
        expect(u32.subarray(0, kept / 4).every((word) => word === i + 1)).toBe(true);
        expect(u32.subarray(kept / 4).every((word) => word === 0)).toBe(true);
      }
      for (const region of regions.slice(2)) expect(region.views().u8.every((byte) => byte === 0)).toBe(true);
    }
    regions[0]!.reserve(KiB);
    expect(regions[0]!.bytes).toBe(34 * MiB);
    for (const region of regions) region.dispose();
  });

  test("after dispose, which may be called twice, every use is a BackendError", async () => {
    const region = await openRegion(name, KiB);
    region.dispose();
    region.dispose();
    for (const use of [() => region.views(), () => region.bytes, () => region.reserve(2 * KiB), () => region.run(0, 0, 0, 0)]) {
      expect(use).toThrow(BackendError);
    }
  });

  test("more than 32-bit offsets can reach is refused by name, and the region stays as it was", async () => {
    await expect(openRegion(name, 2 ** 31)).rejects.toThrow("memory: a network needs 2048 MiB, the limit is 2048 MiB");
    const region = await openRegion(name, KiB);
    region.views().u8.fill(7);
    expect(() => region.reserve(2 ** 32)).toThrow(BackendError);
    expect(region.views().u8).toEqual(new Uint8Array(KiB).fill(7));
  });
});

describe("choice", () => {
  const open = async (choice: "auto" | "wasm") => (await import("../src/backends/backend.js")).openRegion(choice, 64);

  test("auto is WebAssembly where there is any", async () => {
    expect((await openRegion("auto", 64)).backend.name).toBe("wasm");
  });

  test("auto falls back to JavaScript where WebAssembly is missing, has no SIMD, or is forbidden, and says which", async () => {
    vi.resetModules();
    vi.stubGlobal("WebAssembly", undefined);
    const missing = await open("auto");
    expect(missing.backend.name).toBe("js");
    expect(missing.backend.reason).toContain("no WebAssembly");

    vi.unstubAllGlobals();
    vi.resetModules();
    vi.spyOn(WebAssembly, "validate").mockReturnValueOnce(false);
    const old = await open("auto");
    expect(old.backend.reason).toContain("no 128-bit SIMD");

    vi.resetModules();
    vi.spyOn(WebAssembly, "compile").mockRejectedValueOnce(new WebAssembly.CompileError("violates the following directive"));
    const forbidden = await open("auto");
    expect(forbidden.backend.reason).toContain("'wasm-unsafe-eval'");
    expect(forbidden.backend.reason).toContain('useModule("strict", …) takes a module compiled ahead of time');
  });

  // As V8 does where `ulimit -v` leaves fewer addresses than it reserves for one memory.
  test("auto falls back to JavaScript where not even a first memory can be had; wasm says what to do", async () => {
    vi.resetModules();
    const cause = new RangeError("WebAssembly.Memory(): could not allocate memory");
    const refuse = () =>
      vi.spyOn(WebAssembly, "Memory").mockImplementation(function refusing() {
        throw cause;
      });
    let memory = refuse();
    const refused = await open("auto");
    expect(refused.backend).toMatchObject({ name: "js", reason: expect.stringMatching(/refused the strict build a memory.*ulimit -v/) });
    await expect(open("wasm")).rejects.toMatchObject({ name: "BackendError", message: refused.backend.reason, cause });
    memory.mockRestore();
    expect((await open("auto")).backend.name).toBe("wasm");
    // Where there was one before, networks can be disposed of.
    memory = refuse();
    const { openRegion } = await import("../src/backends/backend.js");
    await expect(openRegion("auto", 40 * MiB)).rejects.toThrow(/refused 41 MiB in one piece; dispose\(\) networks/);
    memory.mockRestore();
  });

  test("wasm asked for by name never falls back: it throws with the engine's error as cause", async () => {
    vi.resetModules();
    const refusal = new WebAssembly.CompileError("violates the following directive");
    vi.spyOn(WebAssembly, "compile").mockRejectedValueOnce(refusal);
    await expect(open("wasm")).rejects.toMatchObject({ name: "BackendError", cause: refusal });
  });

  test("anything else is refused", async () => {
    await expect(openRegion("gpu" as "wasm", 64)).rejects.toThrow('got "gpu", expected "auto", "wasm" or "js"');
  });
});

describe("useModule", () => {
  test("a build compiled ahead of time is used where compiling at run time is forbidden", async () => {
    vi.resetModules();
    const module = new WebAssembly.Module(readFileSync("build/strict.wasm"));
    vi.spyOn(WebAssembly, "compile").mockRejectedValue(new WebAssembly.CompileError("Wasm code generation disallowed by embedder"));
    const { dense, meanSquaredError, network, useModule } = await import("../src/index.js");
    useModule("strict", module);
    const options = { input: 1, layers: [dense(1)], loss: meanSquaredError() };
    expect((await network({ ...options, seed: 1 })).backend).toMatchObject({ name: "wasm", build: "strict" });
    const fastest = await network(options);
    expect([fastest.backend.build, fastest.arithmetic.name]).toEqual(["strict", "strict"]);
    expect(() => useModule("strict", module)).toThrow("useModule: the strict build is in use already");
    vi.restoreAllMocks();
  });

  test("is followed after a network that had to do without", async () => {
    vi.resetModules();
    const module = new WebAssembly.Module(readFileSync("build/strict.wasm"));
    vi.spyOn(WebAssembly, "compile").mockRejectedValueOnce(new WebAssembly.CompileError("Wasm code generation disallowed by embedder"));
    const { dense, meanSquaredError, network, useModule } = await import("../src/index.js");
    const options = { input: 1, layers: [dense(1)], loss: meanSquaredError(), seed: 1 };
    expect((await network(options)).backend.name).toBe("js");
    useModule("strict", module);
    expect((await network(options)).backend.name).toBe("wasm");
  });

  test("what could not be had once is asked for again", async () => {
    vi.resetModules();
    vi.spyOn(WebAssembly, "compile").mockRejectedValueOnce(new TypeError("Failed to fetch"));
    const { dense, meanSquaredError, network } = await import("../src/index.js");
    const options = { input: 1, layers: [dense(1)], loss: meanSquaredError(), seed: 1 };
    expect([(await network(options)).backend.name, (await network(options)).backend.name]).toEqual(["js", "wasm"]);
  });

  test("anything but such a module is refused", async () => {
    vi.resetModules();
    const { useModule } = await import("../src/index.js");
    const empty = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    expect(() => useModule("strict", empty)).toThrow(/expected the WebAssembly.Module of chainrule\/wasm\/strict.wasm/);
    expect(() => useModule("fast" as "strict", empty)).toThrow('useModule: name is "fast", expected one of: strict, relaxed');
  });
});

// Next.js's Edge runtime.
test("what has functions of Node's and refuses them trains on one thread, and says why it has no more", async () => {
  const refuse = () => {
    throw new Error("A Node.js API is used which is not supported");
  };
  vi.stubGlobal("process", { getBuiltinModule: refuse });
  vi.stubGlobal("setImmediate", refuse);
  vi.stubGlobal("navigator", { hardwareConcurrency: 4 });
  vi.resetModules();
  const { dense, meanSquaredError, network } = await import("../src/index.js");
  const options = { input: 1, layers: [dense(1)], loss: meanSquaredError(), seed: 1 };
  const data = { inputs: [[1], [2]], targets: [[1], [3]] };
  const net = await network(options);
  await net.fit(data, { epochs: 4, batchSize: 1, chunkMilliseconds: 1e-9 });
  expect(net.steps).toBe(8);
  await expect((await network({ ...options, threads: 2 })).fit(data)).rejects.toThrow(/^threads: /);
  vi.unstubAllGlobals();
});

// Cloudflare Workers before the compatibility dates 2025-05-05 and 2025-08-15; Jest's jsdom, which has no TextEncoder either.
test("what reports no collection and has no message channels trains, every network in a memory of its own", async () => {
  for (const name of ["FinalizationRegistry", "WeakRef", "MessageChannel", "setImmediate", "TextEncoder"]) vi.stubGlobal(name, undefined);
  vi.resetModules();
  const { dense, meanSquaredError, network } = await import("../src/index.js");
  const { arenas } = await import("../src/backends/backend.js");
  const nets = [];
  for (let i = 0; i < 3; ++i) {
    const net = await network({ input: 1, layers: [dense(1)], loss: meanSquaredError(), seed: 1 });
    // A call into the backend for each step, and a macrotask between them.
    await net.fit({ inputs: [[1], [2]], targets: [[1], [3]] }, { epochs: 4, batchSize: 1, chunkMilliseconds: 1e-9 });
    nets.push(net);
  }
  vi.unstubAllGlobals();
  expect(new Set(nets.map((net) => net.weightsHash())).size).toBe(1);
  expect(nets[0]!.backend.name).toBe("wasm");
  // What no report frees is freed with its memory.
  expect(arenas().count).toBe(3);
});
