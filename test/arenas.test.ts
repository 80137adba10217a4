// Where regions lie in WebAssembly memories, and that they come back. A file of its own: it counts all memory of its process.
import { describe, expect, test, vi } from "vitest";
import { arenas, openRegion, type Region } from "../src/backends/backend.js";

const KiB = 1024;
const MiB = 1024 * KiB;

async function peak(count: number, bytes: number, use: (region: Region) => void): Promise<number> {
  let most = 0;
  for (let i = 0; i < count; ++i) {
    use(await openRegion("wasm", bytes));
    most = Math.max(most, arenas().bytes);
  }
  return most;
}

describe("arenas", () => {
  test("an engine out of memory is a BackendError that says what to do, and leaves the region as it was", async () => {
    const region = await openRegion("wasm", 40 * MiB);
    const cause = new RangeError("WebAssembly.Memory.grow(): Unable to grow instance memory");
    const grow = vi.spyOn(WebAssembly.Memory.prototype, "grow").mockImplementation(() => {
      throw cause;
    });
    region.views().u8[MiB] = 7;
    expect(() => region.reserve(80 * MiB)).toThrow(expect.objectContaining({ message: expect.stringContaining("dispose()"), cause }));
    grow.mockRestore();
    expect(region.bytes).toBe(40 * MiB);
    expect(region.views().u8[MiB]).toBe(7);
    region.reserve(80 * MiB);
    expect(region.views().u8[MiB]).toBe(7);
    region.dispose();
  });

  test("500 small networks live in at most 3 memories", async () => {
    const before = arenas();
    const alive: Region[] = [];
    for (let i = 0; i < 500; ++i) alive.push(await openRegion("wasm", 100 * KiB));
    for (const [i, region] of alive.entries()) region.views().u32.fill(i);
    expect(arenas().count - before.count).toBeLessThanOrEqual(3);
    expect(arenas().used - before.used).toBe(500 * 100 * KiB);
    expect(alive.every((region, i) => region.views().u32.every((word) => word === i))).toBe(true);
    for (const region of alive) region.dispose();
    expect(arenas().used).toBe(before.used);
  });

  test("regions come and go in any order and sizes, never overlap, and leave one free range", async () => {
    const before = arenas();
    const alive = new Map<Region, number>();
    let seed = 1;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0; // the C standard's example generator
      return (seed >>> 8) % below;
    };
    for (let i = 1; i < 2_000; ++i) {
      const chosen = [...alive.keys()][random(40)];
      if (!chosen) {
        const region = await openRegion("wasm", 1 + random(64 * KiB));
        expect(region.views().u32.every((word) => word === 0)).toBe(true);
        region.views().u32.fill(i);
        alive.set(region, i);
        continue;
      }
      const mark = alive.get(chosen)!;
      const kept = chosen.bytes;
      if (random(2)) chosen.reserve(kept + random(64 * KiB));
      expect(
        chosen
          .views()
          .u32.subarray(0, kept >> 2)
          .every((word) => word === mark),
      ).toBe(true);
      expect(
        chosen
          .views()
          .u32.subarray(kept >> 2)
          .every((word) => word === 0),
      ).toBe(true);
      chosen.dispose();
      alive.delete(chosen);
    }
    for (const region of alive.keys()) region.dispose();
    const size = arenas().bytes;
    expect(arenas().used).toBe(before.used);
    const whole = await openRegion("wasm", 16 * MiB);
    expect(arenas().bytes - size).toBeLessThanOrEqual(16 * MiB);
    whole.dispose();
  });

  // Before networks are dropped: those that the engine has not collected yet would fill the arena.
  test.each([
    [10_000, 1],
    [100, 64],
  ])("%i regions of %i MiB, disposed of, never need more than twice one region", async (count, size) => {
    const before = arenas();
    const most = await peak(count, size * MiB, (region) => region.dispose());
    const memory = size * MiB + 64 * KiB; // its first page is never given out
    expect(most - before.bytes).toBeLessThanOrEqual(2 * memory);
  });

  test("10,000 regions of 1 MiB, dropped without dispose, need less than 512 MiB", async () => {
    const most = await peak(10_000, MiB, () => {});
    console.log(`dropped: at most ${most / MiB} MiB of WebAssembly memory at once`);
    expect(most).toBeLessThan(512 * MiB);
  });
});
