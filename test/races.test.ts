// Threads without threads: between two barriers one thread's shares after another's, first to last and last to first, with the kernels of
// the module that threads run. What one thread needs of another within a segment, or spoils for it, changes bits in one of the two orders.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Op, Step } from "../assembly/opcodes.js";
import { firstByte, mostPages } from "../src/backends/arena.js";
import type { Plan } from "../src/compile.js";
import { PlanError } from "../src/errors.js";
import { type Network, network } from "../src/index.js";
import { assemble } from "../src/plan/assemble.js";
import { verify } from "../src/plan/verify.js";
import type { LoadedPlan } from "../src/plans.js";
import { cases, type NetworkCase } from "./cases.js";
import { composedCases } from "./composed.js";
import { modelOf, poison } from "./internals.js";

interface Exports {
  dispatchShare(pc: number, region: number, step: number, rows: number, thread: number, threads: number, scratch: number): void;
  shareBegin(word: number, rows: number, granule: number, thread: number, threads: number): number;
}

const memory = new WebAssembly.Memory({ initial: 256, maximum: mostPages, shared: true });
const env = { memory, wait: () => 0, report: () => {} };
const instance = new WebAssembly.Instance(new WebAssembly.Module(readFileSync("build/strictThreads.wasm")), { env });
const { dispatchShare, shareBegin } = instance.exports as unknown as Exports;

/** Of the train plan's step at `step`: each segment between barriers by each thread in turn. */
function runStep(plan: LoadedPlan, step: number, order: readonly number[]): void {
  const u32 = new Uint32Array(memory.buffer);
  const scratch = (plan.program.scratch?.stride ?? 0) * 4;
  const rows = u32[(step + Step.Rows) >> 2]!;
  let segment = firstByte + plan.address;
  while (u32[segment >> 2] !== Op.End) {
    let next = segment;
    for (const thread of order) {
      next = segment;
      for (; u32[next >> 2] !== Op.Barrier; next += u32[(next >> 2) + 1]! * 4)
        dispatchShare(next, firstByte, step, rows, thread, order.length, scratch * thread);
    }
    segment = next + u32[(next >> 2) + 1]! * 4;
  }
}

/** From now on the network trains as so many threads would, in this order. */
function pretendThreads(net: Network, order: readonly number[]): void {
  const model = modelOf(net);
  const compile = model.plan.bind(model);
  model.plan = (purpose, sizes, weighted) => compile(purpose, purpose === "train" ? { ...sizes, threads: order.length } : sizes, weighted);
  const run = model.run.bind(model);
  model.run = (plan, steps) => {
    if (plan.purpose !== "train") return run(plan, steps);
    poison(model, plan);
    const region = new Uint8Array(memory.buffer, firstByte, model.region.bytes);
    region.set(model.region.views().u8);
    let done = 0;
    for (let step = firstByte + plan.table; done < steps; ++done, step += plan.layout.stride) {
      runStep(plan, step, order);
      if (new DataView(memory.buffer).getUint32(step + Step.Status, true)) break;
    }
    model.region.views().u8.set(region);
    return done;
  };
}

async function trained({ options, data, batch }: NetworkCase, order?: readonly number[]) {
  const net = await network({ ...options, backend: "js" });
  if (order) pretendThreads(net, order);
  const { epochs } = await net.fit(data(), { epochs: 2, batchSize: batch, chunkMilliseconds: 1e-6 });
  return { hash: net.weightsHash(), epochs: epochs.map(({ loss, metrics }) => ({ loss, metrics })) };
}

describe("threads of any speed train to the bits of one", () => {
  test.each([...cases, ...composedCases])("$name", async (one) => {
    const alone = await trained(one);
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 0],
    ])
      expect(await trained(one, order)).toEqual(alone);
  });
});

/** One plan for several threads and one for one of each case. */
async function plans({ options, batch }: NetworkCase) {
  const model = modelOf(await network({ ...options, backend: "js" }));
  const sizes = { capacity: batch, orderRows: batch };
  return { alone: model.plan("train", sizes), together: model.plan("train", { ...sizes, threads: 3 }) };
}

function check(plan: Plan, { program = plan.program, threads = 3 }: { program?: Plan["program"]; threads?: number } = {}): void {
  const { addresses, slabs, reserved, sizes, layout } = plan;
  verify(assemble(program, addresses), { program, addresses, slabs, reserved, capacity: sizes.capacity, stride: layout.stride, threads });
}

const some = [...cases, ...composedCases].filter((_, i) => i % 7 === 0);

describe("the verifier", () => {
  test.each(some)("finds every barrier that is missing, or comes one instruction late: $name", async (one) => {
    const { together } = await plans(one);
    const { instructions } = together.program;
    check(together);
    const barriers = instructions.flatMap(({ op }, i) => (op === "barrier" ? [i] : []));
    expect(barriers.length).toBeGreaterThan(2);
    for (const at of barriers) {
      const without = instructions.toSpliced(at, 1);
      expect(() => check(together, { program: { ...together.program, instructions: without } })).toThrow(PlanError);
      expect(() => check(together, { program: { ...together.program, instructions: without } })).toThrow(
        at === instructions.length - 1 ? /does not end with a barrier/ : /races with/,
      );
      if (at === instructions.length - 1) continue;
      const late = without.toSpliced(at + 1, 0, instructions[at]!);
      expect(() => check(together, { program: { ...together.program, instructions: late } })).toThrow(/races with/);
    }
  });

  test("finds no barrier in a plan for one thread, and would refuse one", async () => {
    for (const one of some) {
      const { alone, together } = await plans(one);
      expect(alone.program.instructions.some(({ op }) => op === "barrier")).toBe(false);
      expect(() => check(together, { threads: 1 })).toThrow(/nobody to wait for/);
    }
  });

  test("finds working memory that has no room for all threads", async () => {
    const wide = cases.find(({ name }) => name.startsWith("64-"))!;
    const { together } = await plans({ ...wide, batch: 300 });
    expect(together.program.scratch?.shape[0]).toBe(3);
    check(together);
    expect(() => check(together, { threads: 4 })).toThrow(/which has/);
    // As much in all, divided otherwise: each thread's would reach into the next one's.
    const { program } = together;
    const scratch = program.scratch!;
    const narrow = { ...scratch, stride: 4, shape: [(3 * scratch.stride) / 4, 4] };
    const narrowed = (value: unknown) => (value === scratch ? narrow : value) as typeof scratch;
    const instructions = program.instructions.map((instruction) => ({
      ...instruction,
      operands: Object.fromEntries(Object.entries(instruction.operands).map(([name, value]) => [name, narrowed(value)])),
    }));
    const addresses = new Map([...together.addresses, [narrow, together.addresses.get(scratch)!]]);
    expect(() => check({ ...together, addresses }, { program: { ...program, instructions } })).toThrow(
      /spans \d+ elements, each thread has 4/,
    );
  });
});

test("shares cover an extent once, in order, and differ by one unit at most", () => {
  const PER_ROW = 0x80000000;
  for (const threads of [1, 2, 3, 8])
    for (const rows of [1, 3, 4, 5, 16, 17, 127, 128])
      for (const granule of [4, 16])
        for (const [word, total] of [
          [12 * rows, 12 * rows],
          [PER_ROW + 12, 12 * rows],
        ] as const) {
          const unit = word < PER_ROW ? granule : 48;
          const begins = Array.from({ length: threads + 1 }, (_, thread) => shareBegin(word, rows, granule, thread, threads) >>> 0);
          expect(begins[0]).toBe(0);
          expect(begins[threads]).toBe(total);
          const units = begins.slice(1).map((end, i) => Math.ceil((end - begins[i]!) / unit));
          expect(Math.min(...units)).toBeGreaterThanOrEqual(0);
          expect(Math.max(...units) - Math.min(...units)).toBeLessThanOrEqual(1);
          for (const begin of begins.slice(0, -1)) expect(begin === total || begin % unit === 0).toBe(true);
        }
});
