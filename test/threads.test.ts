// Several threads: the same bits as one, whatever their number; what is refused; and what happens when one of them fails. Races are in
// races.test.ts. That a thread wakes at all shows that nobody sleeps in WebAssembly's own instruction: in Node 20 it never would.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import os from "node:os";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Control } from "../assembly/opcodes.js";
import { leastShare } from "../src/backends/threads.js";
import type { Entry } from "../src/backends/workers.js";
import {
  adam,
  BackendError,
  dense,
  disposeThreads,
  dropout,
  input,
  loadNetwork,
  meanSquaredError,
  type Network,
  type NetworkOptions,
  network,
  OptionError,
  type Run,
  residual,
  sgd,
  sparseCategoricalCrossEntropy,
} from "../src/index.js";
import { cases } from "./cases.js";
import { composedCases } from "./composed.js";
import { modelOf } from "./internals.js";

const { flops } = leastShare;
beforeEach(() => {
  // Small networks show as much, and take less time.
  leastShare.flops = 0;
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const everyNth = (step: number) => [...cases, ...composedCases].filter((_, i) => i % step === 0);
const named = cases.filter(({ name }) => /^(dropout|deep|adam clip globalNorm|100-10-64, batch 32|L1 and L2|rows of sequences)/.test(name));

interface Task {
  readonly name: string;
  readonly options: NetworkOptions & { readonly seed: number };
  data(): { readonly inputs: Float32Array; readonly targets: Float32Array | Uint32Array };
  readonly batch: number;
}

const x = input(12);
const graph: Task = {
  name: "a graph with a residual block",
  options: {
    inputs: x,
    outputs: dense(5)(residual([dense(20, { activation: "gelu" }), dropout(0.2), dense(12)])(x)),
    loss: sparseCategoricalCrossEntropy({ fromLogits: true }),
    optimizer: adam({ clip: { type: "globalNorm", value: 0.5 } }),
    seed: 3,
  },
  data: () => ({
    inputs: Float32Array.from({ length: 12 * 101 }, (_, i) => Math.sin(i)),
    targets: Uint32Array.from({ length: 101 }, (_, i) => i % 5),
  }),
  batch: 32,
};

/** Large enough that threads wait for the first one while it sums the squares of all gradients. */
const large: Task = {
  ...graph,
  name: "a network with 100,000 weights",
  options: {
    input: 12,
    layers: [dense(300, { activation: "relu" }), dense(300, { activation: "relu" }), dense(5)],
    loss: sparseCategoricalCrossEntropy({ fromLogits: true }),
    optimizer: adam({ clip: { type: "globalNorm", value: 0.5 } }),
    seed: 4,
  },
};

async function trained({ options, data, batch }: Task, threads: number) {
  const net = await network({ ...options, backend: "wasm", threads });
  const { epochs } = await net.fit(data(), { epochs: 2, batchSize: batch });
  const outcome = { hash: net.weightsHash(), losses: epochs.map(({ loss, metrics }) => [loss, metrics]) };
  const { build, threads: ran, steps } = net.backend;
  net.dispose();
  return { outcome, ran: { build, threads: ran, steps } };
}

describe("1, 2, 3 and 8 threads train to the same bits", () => {
  test.each([graph, large, ...named, ...everyNth(11)])("$name", async (task) => {
    const alone = await trained(task, 1);
    expect(alone.ran.build).toBe("strict");
    for (const threads of [2, 3, 8]) {
      const { outcome, ran } = await trained(task, threads);
      // Where threads waited for one another in vain, as on a machine that is overrun, the steps since the last copy are run again and counted.
      expect(ran).toEqual({ build: "strictThreads", threads, steps: expect.any(Number) });
      expect(ran.steps).toBeGreaterThanOrEqual(alone.ran.steps);
      expect(outcome).toEqual(alone.outcome);
    }
  });

  test("also as workers only, as in a page, which may not wait", async () => {
    const alone = await trained(large, 1);
    vi.spyOn(Atomics, "wait").mockImplementation(() => {
      throw new TypeError("Atomics.wait cannot be called in this context");
    });
    for (const threads of [2, 3]) expect((await trained(large, threads)).outcome).toEqual(alone.outcome);
  });

  test("in relaxed arithmetic too, where the engine has it", async () => {
    const options = { ...large.options, arithmetic: "relaxed" } as const;
    const first = await trained({ ...large, options }, 1).catch((error) => error);
    if (first instanceof BackendError) return expect(first.message).toContain("relaxed");
    const { outcome, ran } = await trained({ ...large, options }, 2);
    expect(ran.build).toBe("relaxedThreads");
    expect(outcome).toEqual(first.outcome);
  });
});

describe("threads", () => {
  test.each([0, -1, 1.5, Number.NaN, 10_000, "2", null])("%s is refused", async (threads) => {
    const options = { ...graph.options, threads: threads as number };
    await expect(network(options)).rejects.toThrow(OptionError);
    await expect(network(options)).rejects.toThrow(/network: threads is .*, expected a whole number from 1 to 256/);
    const saved = (await network(graph.options)).save();
    await expect(loadNetwork(saved, { threads: threads as number })).rejects.toThrow(OptionError);
  });

  test("a number is obeyed for the smallest network, and by one that was loaded", async () => {
    const net = await network({ input: 1, layers: [dense(1)], loss: meanSquaredError(), seed: 1, threads: 2 });
    const before = net.backend.steps;
    await net.fit({ inputs: [[1]], targets: [[1]] });
    expect(net.backend).toMatchObject({ threads: 2, build: "strictThreads", steps: before + 1 });
    expect(net.backend.reason).toContain("2 threads: asked for");
    const loaded = await loadNetwork(net.save(), { threads: 3 });
    await loaded.fit({ inputs: [[1]], targets: [[1]] });
    expect(loaded.backend.threads).toBe(3);
  });

  test("have work only where a share of it is worth a barrier, and say so: to the same bits", async () => {
    leastShare.flops = flops;
    for (const [task, sharing, operations] of [
      [graph, 1, /, but a step of 0\.\d+ million operations has work for 1$/],
      [{ ...large, batch: 8 }, 4, /, but a step of 6\.\d million operations has work for 4$/],
    ] as const) {
      const alone = await trained(task, 1);
      const net = await network({ ...task.options, backend: "wasm", threads: 8 });
      await net.fit(task.data(), { epochs: 2, batchSize: task.batch });
      expect(net.weightsHash()).toBe(alone.outcome.hash);
      expect(net.backend).toMatchObject({ threads: 8, build: "strictThreads" });
      expect(net.backend.steps).toBeGreaterThanOrEqual(alone.ran.steps); // As above.
      expect(net.backend.reason).toMatch(operations);
      expect(modelOf(net).plan("train", { capacity: task.batch }).sizes.threads).toBe(sharing);
      net.dispose();
    }
  });

  test('"auto" takes fewer threads for smaller batches, and more again', { timeout: 60_000 }, async () => {
    vi.spyOn(os, "availableParallelism").mockReturnValue(4);
    const options = { input: 64, layers: [dense(256, { activation: "relu" }), dense(64)], loss: meanSquaredError(), seed: 5 } as const;
    const data = { inputs: new Float32Array(192 * 64).fill(0.1), targets: new Float32Array(192 * 64).fill(0.2) };
    const hashes = [];
    for (const choice of ["auto", 1] as const) {
      const net = await network({ ...options, backend: "wasm", threads: choice });
      const threads = [];
      // A step has 0.16 million operations a row; 2 million are a thread's share, and 4,000 million a run for several.
      for (const batchSize of [64, 24, 64]) {
        await net.fit(data, { batchSize, epochs: 150, shuffle: false });
        threads.push(net.backend.threads);
      }
      hashes.push(net.weightsHash());
      expect(threads).toEqual(choice === "auto" ? [4, 2, 4] : [1, 1, 1]);
    }
    expect(hashes[0]).toBe(hashes[1]);
  });

  test('"auto" goes on with one thread where that turns out to be faster, to the same bits, and says so; a number does not', async () => {
    vi.spyOn(os, "availableParallelism").mockReturnValue(2);
    const options = { input: 64, layers: [dense(256, { activation: "relu" }), dense(64)], loss: meanSquaredError(), seed: 5 } as const;
    const data = { inputs: new Float32Array(192 * 64).fill(0.1), targets: new Float32Array(192 * 64).fill(0.2) };
    const outcomes = [];
    for (const threads of ["auto", 2, 1] as const) {
      const net = await network({ ...options, backend: "wasm", threads });
      const model = modelOf(net);
      const runShared = model.runShared.bind(model);
      let shared = 0;
      // As where a worker waits for its core.
      model.runShared = async (...args) => {
        shared += 1;
        for (const end = performance.now() + 30; performance.now() < end; );
        return runShared(...args);
      };
      await net.fit(data, { batchSize: 64, epochs: 150, chunkMilliseconds: 10 });
      outcomes.push({ hash: net.weightsHash(), shared, reason: net.backend.reason, threads: net.backend.threads });
      net.dispose();
    }
    const [auto, two, one] = outcomes;
    expect([auto!.hash, two!.hash]).toEqual([one!.hash, one!.hash]);
    expect(auto).toMatchObject({
      threads: 2,
      reason: expect.stringMatching(/; 2 threads: 2 cores, .*, now one, which is faster: the cores have other work$/),
    });
    expect(two).toMatchObject({ threads: 2, reason: expect.stringMatching(/; 2 threads: asked for$/) });
    expect(auto!.shared).toBeLessThan(two!.shared / 2);
    expect(one!.shared).toBe(0);
  });

  test('"auto" keeps small steps on one thread and says so', async () => {
    const net = await network({ ...graph.options, backend: "wasm" });
    await net.fit(graph.data());
    expect(net.backend).toMatchObject({ build: "strict", threads: 1 });
    expect(net.backend.reason).toMatch(/one thread: (steps of .* operations are too short|there is one core)/);
  });

  test("plain JavaScript has one: a number is an error, and auto says why", async () => {
    await expect(network({ ...graph.options, backend: "js", threads: 2 })).rejects.toThrow(BackendError);
    await expect(network({ ...graph.options, backend: "js", threads: 2 })).rejects.toThrow(/threads is 2, but plain JavaScript/);
    const net = await network({ ...graph.options, backend: "js" });
    await net.fit(graph.data());
    expect(net.backend.reason).toContain("one thread: plain JavaScript (backend js) has no threads");
  });

  test("without shared memory a number is an error that names both headers, and auto trains on one and names them", async () => {
    vi.stubGlobal("SharedArrayBuffer", undefined);
    const refused = network({ ...graph.options, threads: 2 });
    await expect(refused).rejects.toThrow(BackendError);
    await expect(refused).rejects.toThrow(/Cross-Origin-Opener-Policy: same-origin.*Cross-Origin-Embedder-Policy: require-corp/);
    const net = await network(graph.options);
    await net.fit(graph.data());
    expect(net.backend.threads).toBe(1);
    expect(net.backend.reason).toMatch(/Cross-Origin-Opener-Policy.*Cross-Origin-Embedder-Policy/);
    expect((await network({ ...graph.options, threads: 1 })).backend.threads).toBe(1);
  });

  test("batches that JavaScript stages itself run on the caller alone, to the same numbers", async () => {
    const [alone, net] = [
      await network({ ...graph.options, backend: "wasm", threads: 1 }),
      await network({ ...graph.options, backend: "wasm", threads: 2 }),
    ];
    const { inputs, targets } = graph.data();
    for (const each of [alone, net]) {
      await each.fit({ inputs, targets });
      each.trainOnBatch(inputs.subarray(0, 12 * 7), targets.subarray(0, 7) as Uint32Array);
    }
    expect(net.weightsHash()).toBe(alone.weightsHash());
    expect(net.predict(inputs)).toEqual(alone.predict(inputs));
    expect(net.evaluate({ inputs, targets })).toEqual(alone.evaluate({ inputs, targets }));
    expect(net.profile({ inputs, targets }).instructions.length).toBeGreaterThan(10);
  });

  test("networks take turns: two at once, and one in a callback of another", async () => {
    const alone = await trained(large, 1);
    const [first, second] = await Promise.all([trained(large, 2), trained(large, 3)]);
    expect(first.outcome).toEqual(alone.outcome);
    expect(second.outcome).toEqual(alone.outcome);
    const outer = await network({ ...large.options, threads: 2 });
    const inner: unknown[] = [];
    const onEpochEnd = async () => void inner.push((await trained(large, 2)).outcome);
    await outer.fit(large.data(), { epochs: 2, batchSize: large.batch, callbacks: [{ type: "nested", onEpochEnd }] });
    expect(outer.weightsHash()).toBe(alone.outcome.hash);
    expect(inner).toEqual([alone.outcome, alone.outcome]);
  });

  test("data, metrics and a validation set that make the memory grow change no bit", async () => {
    const { inputs, targets } = graph.data();
    const many = Float32Array.from({ length: 12 * 3000 }, (_, i) => Math.cos(i));
    const validation = { inputs: many, targets: Uint32Array.from({ length: 3000 }, (_, i) => i % 5) };
    const hashes = [];
    for (const threads of [1, 2]) {
      const net = await network({ ...graph.options, threads, backend: "wasm" });
      await net.fit({ inputs, targets }, { epochs: 3, batchSize: 10, validation });
      await net.fit(validation, { batchSize: 1000 });
      hashes.push(net.weightsHash());
    }
    expect(hashes[1]).toBe(hashes[0]);
  });

  test("a network whose threads are at work refuses whatever would read or change it", async () => {
    vi.spyOn(Atomics, "wait").mockImplementation(() => {
      throw new TypeError("Atomics.wait cannot be called in this context");
    });
    const net = await network({ ...large.options, threads: 2 });
    const { inputs, targets } = large.data();
    const runs: Run[] = [];
    const callbacks = [{ type: "keep", onFitStart: (run: Run) => void runs.push(run) }];
    const running = net.fit({ inputs, targets }, { epochs: 50, batchSize: large.batch, chunkMilliseconds: 200, callbacks });
    while (!modelOf(net).shared) await new Promise((resolve) => setImmediate(resolve));
    const attempts: Record<string, () => unknown> = {
      predict: () => net.predict(inputs),
      evaluate: () => net.evaluate({ inputs, targets }),
      trainOnBatch: () => net.trainOnBatch(inputs, targets),
      setParameters: () => net.setParameters(net.parameters()),
      save: () => net.save(),
      weightsHash: () => net.weightsHash(),
      weights: () => runs[0]!.weights(),
      setWeights: () => runs[0]!.setWeights(modelOf(net).weights()),
    };
    for (const attempt of Object.values(attempts)) expect(attempt).toThrow(/: threads are at work on this network|: fit is running/);
    await expect(net.fit({ inputs, targets })).rejects.toThrow(OptionError);
    await running;
    expect(net.predict(inputs).length).toBe(101 * 5);
  });

  test("end with disposeThreads(), and come back when needed", async () => {
    const alone = await trained(graph, 1);
    expect((await trained(graph, 3)).outcome).toEqual(alone.outcome);
    const ended = vi.spyOn(Worker.prototype, "terminate");
    await disposeThreads();
    expect(ended.mock.calls.length).toBeGreaterThanOrEqual(2);
    expect((await trained(graph, 3)).outcome).toEqual(alone.outcome);
  });
});

/** The module for threads with other instructions in place of some that occur once. */
function faulty(bytes: readonly number[], replaced: readonly number[]): WebAssembly.Module {
  const module = readFileSync("build/strictThreads.wasm");
  const at = module.indexOf(Buffer.from(bytes));
  if (at < 0 || module.indexOf(Buffer.from(bytes), at + 1) >= 0) throw new Error("the module looks different now");
  module.set(replaced, at);
  return new WebAssembly.Module(module);
}

/** Where a thread comes to a barrier: i32.const 256 (Control.Arrived); i32.const 1; i32.atomic.rmw.add. */
const arrival = [0x41, 0x80, 0x02, 0x41, 0x01, 0xfe, 0x1e, 0x02, 0x00];
const nops = (count: number) => Array<number>(count).fill(0x01);
const unreachable = 0x00;
const trapping = () => faulty(arrival, [unreachable, ...nops(8)]);
/** i32.const -128, an address where JavaScript cannot wait; i32.const 1; i32.const 1; call wait, function 0. */
const throwing = () => faulty(arrival, [0x41, 0x80, 0x7f, 0x41, 0x01, 0x41, 0x01, 0x10, 0x00]);
/** Where a thread that has run its share says that it waits again: local.get; i32.const 1 (Presence.Waiting); i32.atomic.store. */
const trappingAfterwards = () => faulty([0x41, 0x01, 0xfe, 0x17, 0x02, 0x00, 0x20, 0x00, 0x45], [unreachable, ...nops(8)]);

/** Workers that enter a memory from now on get another module. */
function sendModule(module: WebAssembly.Module): void {
  const post = Worker.prototype.postMessage;
  vi.spyOn(Worker.prototype, "postMessage").mockImplementation(function (this: Worker, entry: Entry) {
    post.call(this, { ...entry, module });
  });
}

/** The workers that enter a memory from now on. */
function entering(): readonly Worker[] {
  const workers: Worker[] = [];
  const post = Worker.prototype.postMessage;
  vi.spyOn(Worker.prototype, "postMessage").mockImplementation(function (this: Worker, entry: Entry) {
    workers.push(this);
    post.call(this, entry);
  });
  return workers;
}

/** When the next run begins, the workers of its session are about to end. */
function terminateInNextRun(net: Network): void {
  const workers = entering();
  const model = modelOf(net);
  const run = model.runShared.bind(model);
  vi.spyOn(model, "runShared").mockImplementation((...given) => {
    for (const worker of workers) worker.terminate();
    return run(...given);
  });
}

describe("threads that wait", () => {
  test("for a callback longer than workers stay go on after it", async () => {
    const { outcome } = await trained(large, 1);
    const net = await network({ ...large.options, backend: "wasm", threads: 2 });
    const onChunkEnd = () => new Promise<void>((resolve) => setTimeout(resolve, 150));
    await net.fit(large.data(), { epochs: 2, batchSize: large.batch, callbacks: [{ type: "slow", onChunkEnd }] });
    expect(net.weightsHash()).toBe(outcome.hash);
  });

  test("for one another in vain try the chunk again", async () => {
    const { outcome } = await trained(large, 1);
    const net = await network({ ...large.options, backend: "wasm", threads: 3 });
    const model = modelOf(net);
    const run = model.runShared.bind(model);
    let inVain = 0;
    vi.spyOn(model, "runShared").mockImplementation(async (...given) => {
      const done = await run(...given);
      if (done === undefined) inVain += 1;
      return done;
    });
    const wait = Atomics.wait;
    // The calling thread has no patience, until it has given up once.
    vi.spyOn(Atomics, "wait").mockImplementation(((words: Int32Array, at: number, value: number, time: number) =>
      time > 0 && inVain === 0 ? "timed-out" : wait(words, at, value, time)) as typeof wait);
    // And it is first at a barrier, on one core too: workers that wait for a run look for one every 100 ms only.
    const notify = Atomics.notify;
    vi.spyOn(Atomics, "notify").mockImplementation(((words: Int32Array, at: number) =>
      at === Control.Go >> 2 && inVain === 0 ? 0 : notify(words, at)) as typeof notify);
    await net.fit(large.data(), { epochs: 2, batchSize: large.batch });
    expect(inVain).toBe(1);
    expect(net.weightsHash()).toBe(outcome.hash);
  });

  test("stop at a step that is not finite, as one does", async () => {
    const errors = [];
    for (const threads of [1, 3]) {
      const options = { ...large.options, optimizer: sgd({ learningRate: 1e19 }) };
      const net = await network({ ...options, backend: "wasm", threads });
      errors.push([await net.fit(large.data(), { epochs: 5, batchSize: large.batch }).catch(String), net.weightsHash()]);
    }
    expect(errors[0]![0]).toMatch(/NonFiniteError/);
    expect(errors[1]).toEqual(errors[0]);
  });
});

describe("a thread that fails in a barrier makes fit reject with the reason, and the next fit is as if nothing had been", () => {
  test.each([
    ["a trap", () => sendModule(trapping()), /worker \d+: RuntimeError: unreachable/],
    ["a throw", () => sendModule(throwing()), /worker \d+: RangeError/],
    ["terminate()", terminateInNextRun, /worker \d+: it ended with exit code 1/],
  ] as const)("%s", async (_, plant, reason) => {
    const { outcome } = await trained(large, 1);
    for (const threads of [2, 3]) {
      const net = await network({ ...large.options, backend: "wasm", threads });
      plant(net);
      const begun = performance.now();
      const failing = net.fit(large.data(), { epochs: 2, batchSize: large.batch });
      await expect(failing).rejects.toThrow(BackendError);
      await expect(failing).rejects.toThrow(reason);
      expect(performance.now() - begun).toBeLessThan(2000);
      vi.restoreAllMocks();
      await net.fit(large.data(), { epochs: 2, batchSize: large.batch });
      expect(net.weightsHash()).toBe(outcome.hash);
      expect(net.backend.threads).toBe(threads);
    }
  });

  test("a trap after a run's last barrier, at the next run", async () => {
    const net = await network({ ...large.options, backend: "wasm", threads: 2 });
    // The calling thread may learn of it before it has left that barrier, too: then the first run is lost.
    const hashes = [net.weightsHash()];
    const onChunkEnd = () => {
      hashes.push(net.weightsHash());
    };
    sendModule(trappingAfterwards());
    // Each run is a chunk.
    const options = { epochs: 9, batchSize: large.batch, chunkMilliseconds: 1e-9, callbacks: [{ type: "hashes", onChunkEnd }] };
    const failing = net.fit(large.data(), options);
    await expect(failing).rejects.toThrow(/worker \d+: RuntimeError: unreachable/);
    expect(net.weightsHash()).toBe(hashes.at(-1));
    vi.restoreAllMocks();
    const again = await network({ ...large.options, backend: "wasm", threads: 2 });
    await again.fit(large.data(), { epochs: 2, batchSize: large.batch });
    expect(again.weightsHash()).toBe((await trained(large, 1)).outcome.hash);
  });

  test("workers that are gone between two runs, and no others to be had", async () => {
    const net = await network({ ...large.options, backend: "wasm", threads: 2 });
    const workers = entering();
    const onChunkEnd = async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
      vi.spyOn(process.getBuiltinModule("node:worker_threads"), "Worker").mockImplementation(function refusing() {
        throw new Error("EAGAIN");
      });
    };
    const callbacks = [{ type: "ends workers", onChunkEnd }];
    const failing = net.fit(large.data(), { epochs: 9, batchSize: large.batch, chunkMilliseconds: 1e-9, callbacks });
    await expect(failing).rejects.toThrow(BackendError);
    await expect(failing).rejects.toThrow(/EAGAIN/);
    vi.restoreAllMocks();
    const again = await network({ ...large.options, backend: "wasm", threads: 2 });
    await again.fit(large.data(), { epochs: 2, batchSize: large.batch });
    expect(again.weightsHash()).toBe((await trained(large, 1)).outcome.hash);
  });

  test("also where the calling thread may not wait", async () => {
    vi.spyOn(Atomics, "wait").mockImplementation(() => {
      throw new TypeError("Atomics.wait cannot be called in this context");
    });
    const net = await network({ ...large.options, backend: "wasm", threads: 2 });
    sendModule(trapping());
    await expect(net.fit(large.data(), { epochs: 2, batchSize: large.batch })).rejects.toThrow(/RuntimeError: unreachable/);
    vi.restoreAllMocks();
    await net.fit(large.data(), { epochs: 2, batchSize: large.batch });
    expect(net.weightsHash()).toBe((await trained(large, 1)).outcome.hash);
  });
});

describe("a process", () => {
  const run = async (mode: string) => {
    const child = promisify(execFile)(process.execPath, ["--import", "tsx", "test/node/threads.ts", mode], { timeout: 60_000 });
    return child.then(({ stdout }) => ({ code: 0, stdout })).catch(({ code, stdout, signal }) => ({ code, stdout, signal }));
  };

  test("that has trained on threads ends by itself", async () => {
    expect(await run("finish")).toEqual({ code: 0, stdout: "2 threads\n" });
  });

  test("that exits in the middle of fit leaves nothing hanging", async () => {
    expect(await run("exit")).toEqual({ code: 7, stdout: "2 threads\n", signal: null });
  });

  test("that throws in the middle of fit ends with the error", async () => {
    expect(await run("throw")).toMatchObject({ code: 1, stdout: "2 threads\n" });
  });
});
