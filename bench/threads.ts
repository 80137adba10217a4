// npm run bench:threads -- [NUMBER...]: products and training steps on so many threads (default 2), over one thread in the same run. Both take
// turns, so that a slower minute of the machine is both's; the median of each counts.
import { cpus } from "node:os";
import { Step } from "../assembly/opcodes.js";
import { firstByte, mostPages } from "../src/backends/arena.js";
import { runTogether, type Shared } from "../src/backends/pool.js";
import { compileBuild } from "../src/backends/wasm.js";
import { assemble } from "../src/plan/assemble.js";
import { addBarriers, addScratch } from "../src/plan/passes.js";
import { type Instruction, isTensor, type Program } from "../src/plan/program.js";
import { aligned, size, type Tensor } from "../src/plan/tensor.js";
import type { Form } from "./gemm.js";
import { median } from "./median.js";
import { networkOf } from "./networks.js";
import { refuse } from "./options.js";
import { digits } from "./page.js";
import { roundTrip } from "./roundTrip.js";
import { nameOf, rowsOf, type Workload, workloads } from "./workloads.js";

const help = `npm run bench:threads -- [NUMBER...]: products and training steps on so many
threads (default 2), over one thread in the same run`;
const args = process.argv.slice(2);
if (args.some((arg) => arg === "--help" || arg === "-h")) {
  console.log(help);
  process.exit();
}
const counts = args.length > 0 ? args.map(Number) : [2];
if (!counts.every((count) => Number.isInteger(count) && count > 0 && count <= 256))
  refuse(`got ${args.join(" ")}, expected numbers of threads from 1 to 256`);

/** Turns that each number of threads has; the first two warm up. */
const TURNS = 9;
/** Columns of a line's name: those of the longest network's. */
const NAME = 36;
/** Milliseconds of a turn, about. A run of `fit` begins with short chunks of steps and a copy of all weights, which are not to count. */
const TURN = { product: 60, training: 500 };

/** Milliseconds of one unit of work, by number of threads. @param time of so many units, in milliseconds */
async function takeTurns(
  threads: readonly number[],
  milliseconds: number,
  time: (threads: number, units: number) => Promise<number>,
): Promise<Map<number, number>> {
  const units = new Map(threads.map((count) => [count, 1]));
  const times = new Map(threads.map((count) => [count, [] as number[]]));
  for (let turn = 0; turn < TURNS; ++turn)
    for (const count of threads) {
      const each = (await time(count, units.get(count)!)) / units.get(count)!;
      units.set(count, Math.max(1, Math.round(milliseconds / each)));
      if (turn >= 2) times.get(count)!.push(each);
    }
  return new Map([...times].map(([count, list]) => [count, median(list)]));
}

function print(name: string, rate: (milliseconds: number) => number, times: ReadonlyMap<number, number>): void {
  const one = times.get(1)!;
  const cells = [...times].map(([count, time]) => `${count}: ${digits(rate(time))}${count > 1 ? ` (${(one / time).toFixed(2)}x)` : ""}`);
  console.log(`${name.padEnd(NAME)} ${cells.join("   ")}`);
}

/** One product, C `[m, n]`, as a plan of its own. */
async function measureProduct(m: number, n: number, k: number, form: Form, threads: readonly number[]): Promise<void> {
  const { module } = await compileBuild("strictThreads");
  const memory = new WebAssembly.Memory({ initial: 512, maximum: mostPages, shared: true });
  const region = firstByte;
  const matrix = (name: string, rows: number, columns: number): Tensor => ({
    ...{ name, shape: [rows, columns], batched: false, dtype: "f32", stride: columns, slab: "workspace", needsGradient: false },
  });
  const op = ({ NN: "gemm", TN: "gemmTransposedA", NT: "gemmTransposedB" } as const)[form];
  const c = matrix("c", m, n);
  const a = form === "TN" ? matrix("a", k, m) : matrix("a", m, k);
  const b = form === "NT" ? matrix("b", n, k) : matrix("b", k, n);
  const product: Instruction = {
    ...{ op, layer: "product", phase: "forward" },
    operands: { c, a, b, n, k, lda: a.stride, ldb: b.stride, ldc: n, start: 0, activation: 0, alpha: 0, end: m },
  };
  const none: Program = { instructions: [product], layers: [], parameters: [], gradients: new Map(), results: [] };
  const most = Math.max(...threads);
  const scratched = addScratch(none, 1, most);
  const addresses = new Map<Tensor, number>();
  let at = 64;
  for (const value of Object.values(scratched.instructions[0]!.operands)) {
    if (!isTensor(value)) continue;
    addresses.set(value, at);
    at = aligned(at + size(value, 1) * 4);
  }
  const words = assemble(addBarriers(scratched, addresses, 1), addresses);
  const [plan, table] = [at, aligned(at + words.length * 4)];
  const u32 = new Uint32Array(memory.buffer);
  u32.set(words, (region + plan) >> 2);
  new Float32Array(memory.buffer, region + 64, (plan - 64) >> 2).fill(0.5);
  const { run } = new WebAssembly.Instance(module, { env: { memory, wait: () => 0, report() {} } }).exports as {
    run(...given: number[]): number;
  };
  const records = Math.floor((memory.buffer.byteLength - region - table) / Step.End);
  for (let i = 0; i < records; ++i) u32[(region + table + i * Step.End + Step.Rows) >> 2] = 1;
  const times = await takeTurns(threads, TURN.product, async (count, units) => {
    const steps = Math.min(units, records);
    const shared: Shared = { module, memory, threads: count };
    const scratch = (scratched.scratch?.stride ?? 0) * 4;
    const begun = performance.now();
    if (count === 1) run(region, plan, table, Step.End, steps);
    else await runTogether(shared, { region, plan, table, stride: Step.End, steps, scratch, sharers: count });
    return ((performance.now() - begun) / steps) * units;
  });
  const shape = m === n && n === k ? String(n) : `${m}x${n}x${k}`;
  print(`gemm ${shape} ${form}, GFLOP/s`, (milliseconds) => (2 * m * n * k) / milliseconds / 1e6, times);
}

async function measureTraining(workload: Workload, threads: readonly number[]): Promise<void> {
  const nets = new Map<number, Awaited<ReturnType<typeof networkOf>>>();
  for (const count of threads) nets.set(count, await networkOf(workload, { backend: "wasm", threads: count }));
  const data = rowsOf(workload);
  const times = await takeTurns(threads, TURN.training, async (count, units) => {
    const begun = performance.now();
    await nets.get(count)!.fit(data, { epochs: units, batchSize: workload.batch });
    if (nets.get(count)!.backend.threads !== count) throw new Error(`${nets.get(count)!.backend.threads} threads ran, asked for ${count}`);
    return performance.now() - begun;
  });
  print(`${nameOf(workload)}, samples/s`, (milliseconds) => (workload.batch * workload.batches) / (milliseconds / 1e3), times);
}

async function printRoundTrip(): Promise<void> {
  console.log(`${"cache line there and back, ns".padEnd(NAME)} ${Math.round(await roundTrip())}`);
}

const threads = [...new Set([1, ...counts])];
console.log(`machine  ${cpus()[0]?.model.trim()}, ${cpus().length} cores; Node ${process.versions.node}, strict arithmetic`);
console.log("by number of threads, over one thread:\n");
await printRoundTrip();
for (const n of [512, 1024]) for (const form of ["NN", "TN", "NT"] as const) await measureProduct(n, n, n, form, threads);
// Those of 784-512-512-10 with 128 rows.
await measureProduct(128, 512, 784, "NN", threads);
await measureProduct(784, 512, 128, "TN", threads);
await measureProduct(128, 512, 512, "NT", threads);
await printRoundTrip();
const [, iris, small, , large] = workloads;
for (const workload of [large!, { ...large!, widths: [256, 1024, 1024, 10], batch: 64 }, small!, iris!])
  await measureTraining(workload, threads);
await printRoundTrip();
