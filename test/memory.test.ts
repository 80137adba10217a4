// Memory through the facade, each measure in a process of its own (memory/child.ts). Regions alone: backends.test.ts.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

const MiB = 2 ** 20;
const child = fileURLToPath(new URL("memory/child.ts", import.meta.url));

async function measure<T>(what: string, backend: "wasm" | "js" = "wasm"): Promise<T> {
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", "--import", "tsx", child, what, backend]);
  return JSON.parse(stdout) as T;
}

describe.each(["wasm", "js"] as const)("%s", (backend) => {
  test.each(["fit", "trainOnBatch", "predict"])(
    "1,000 further steps of %s leave neither objects, nor buffers, nor a larger region",
    async (what) => {
      const { heap, buffers, memoryChanged } = await measure<{ heap: number; buffers: number; memoryChanged: boolean }>(what, backend);
      console.log(`${backend}, ${what}: ${heap} bytes of heap, ${buffers} of buffers`);
      // The smallest object has 12 bytes (3 tagged words); one kept a step would be 12 kB.
      expect(heap).toBeLessThan(12_000);
      // Less than the smallest parameter: even one array kept in 1,000 steps would show.
      expect(buffers).toBeLessThan(64);
      expect(memoryChanged).toBe(false);
    },
  );
});

test("a run that has ended keeps neither its data nor its copy of parameters and state", async () => {
  const { data, copy, made, kept } = await measure<{ data: number; copy: number; made: number; kept: number }>("ended");
  console.log(`after a run over ${data} bytes, of ${copy} bytes of parameters and state, ${kept} are kept; in it ${made} were made`);
  // The copy, and by and by one of each parameter for its norm: a third of that.
  expect(made).toBeLessThan(1.5 * copy);
  expect(kept).toBeLessThan(Math.min(data, copy) / 10);
});

test("10,000 networks of 1 MiB, each trained by one batch and dropped, need less than 512 MiB", { timeout: 300_000 }, async () => {
  const { peak, region, seconds } = await measure<{ peak: number; region: number; seconds: number }>("dropped");
  console.log(`10,000 networks dropped: at most ${peak / MiB} MiB of WebAssembly memory at once, ${seconds.toFixed(1)} s`);
  expect(region / MiB).toBeGreaterThan(0.95);
  expect(peak).toBeLessThan(512 * MiB);
});

test.each(["wasm", "js"] as const)("%s: 1,000 networks of 1 MiB, trained and disposed of in one task, never need much", async (backend) => {
  const { peak, region, buffers } = await measure<{ peak: number; region: number; buffers: number }>("disposed", backend);
  const [memory, others] = [peak, buffers].map((bytes) => (bytes / MiB).toFixed(1));
  console.log(`${backend}, 1,000 networks disposed of: at most ${memory} MiB of WebAssembly memory at once, ${others} of buffers`);
  expect(peak).toBeLessThanOrEqual(2 * region);
  // Tasks end after 64 MiB of networks, and V8 collects buffers when some 64 MiB more were made; those of all networks are more than a thousand.
  expect(buffers).toBeLessThan(512 * MiB);
});

test("40 networks of 50 MiB, trained by two threads and disposed of, are let go by the threads as well", { timeout: 120_000 }, async () => {
  const { peak, region } = await measure<{ peak: number; region: number }>("threaded");
  console.log(`40 networks of ${(region / MiB).toFixed(0)} MiB on two threads: ${(peak / MiB).toFixed(0)} MiB more than after the first`);
  // Of the last, and what was left before 64 MiB were, four at once: all 40 would be ten times as much.
  expect(peak).toBeLessThan(4 * region + 64 * MiB);
});

test("500 small networks alive at once share a few memories, and each trains as if it were alone", async () => {
  const { memories, bytes, differing } = await measure<{ memories: number; bytes: number; differing: number }>("together");
  console.log(`500 networks alive: ${memories} WebAssembly memories, ${bytes / MiB} MiB`);
  expect(memories).toBeLessThanOrEqual(3);
  expect(differing).toBe(0);
});

test("building a small network takes less than 5 ms", async () => {
  const microseconds = await measure<Record<string, number>>("construction");
  console.log(`microseconds to build: ${JSON.stringify(microseconds)}`);
  // About 0.2 ms on one core of the design's machine; the bound is for a machine that does much else.
  expect(microseconds["2-8-1"]).toBeLessThan(5000);
});
