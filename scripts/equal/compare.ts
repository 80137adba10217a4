// Trains one network on both backends, and on several threads, from the same seed and compares bits.
import { leastShare } from "../../src/backends/threads.js";
import { network } from "../../src/index.js";
import type { NetworkCase } from "../../test/cases.js";

/** What ran a training, as the backend itself counts it, and what came out. */
export interface Ran {
  readonly name: string;
  readonly build: string;
  readonly threads: number;
  /** of fit only */
  readonly steps: number;
  readonly weightsHash: string;
  /** of each epoch, then of an evaluation at the end */
  readonly losses: readonly number[];
  readonly metrics: readonly number[];
  readonly predictions: Float32Array;
}

// Also of the smallest plan each thread gets a share.
leastShare.flops = 0;

export interface FitSettings {
  readonly epochs: number;
  readonly chunkMilliseconds?: number;
  /** default 1 */
  readonly threads?: number;
}

export async function train(
  { options, data, batch }: NetworkCase,
  backend: "wasm" | "js",
  { threads = 1, ...settings }: FitSettings,
): Promise<Ran> {
  const net = await network({ ...options, backend, threads });
  const samples = data();
  const before = net.backend.steps;
  const { epochs } = await net.fit(samples, { ...settings, batchSize: batch });
  const { name, build, threads: count, steps } = net.backend;
  const predictions = net.predict(samples.inputs);
  const evaluation = net.evaluate(samples);
  const ran = {
    name,
    build,
    threads: count,
    steps: steps - before,
    weightsHash: net.weightsHash(),
    losses: [...epochs, evaluation].map(({ loss }) => loss),
    metrics: [...epochs, evaluation].flatMap(({ metrics }) => Object.values(metrics)),
    predictions,
  };
  net.dispose();
  return ran;
}

/** Training steps that a run takes. */
function stepsOf({ options, data, batch }: NetworkCase, epochs: number): number {
  const { input } = options;
  const width = typeof input === "number" ? input : input.reduce((a, b) => a * b, 1);
  return epochs * Math.ceil(data().inputs.length / width / batch);
}

/** A backend and how many of its threads. */
export interface Way {
  readonly backend: "wasm" | "js";
  readonly threads: number;
}

const js: Way = { backend: "js", threads: 1 };

export interface Compared {
  /** WebAssembly on one thread. */
  readonly wasm: Ran;
  /** The other ways, in order. */
  readonly others: readonly Ran[];
  /** What is not as it should be, in words; empty if all is. */
  readonly differences: readonly string[];
}

/** WebAssembly on one thread against other ways. */
export async function compareBackends(one: NetworkCase, epochs: number, ways: readonly Way[] = [js]): Promise<Compared> {
  const wasm = await train(one, "wasm", { epochs });
  const differences = compareRan(wasm, { backend: "wasm", threads: 1 }, wasm, stepsOf(one, epochs));
  const others: Ran[] = [];
  for (const way of ways) {
    const other = await train(one, way.backend, { epochs, threads: way.threads });
    differences.push(...compareRan(other, way, wasm, wasm.steps));
    others.push(other);
  }
  return { wasm, others, differences };
}

function compareRan(ran: Ran, { backend, threads }: Way, wasm: Ran, expected: number): string[] {
  const differences: string[] = [];
  const here = threads > 1 ? `${backend}, ${threads} threads` : backend;
  const build = threads > 1 ? "strictThreads" : "strict";
  if (ran.name !== backend || ran.build !== build || ran.threads !== threads)
    differences.push(`asked for ${backend} ${build} on ${threads}, ${ran.name} ${ran.build} on ${ran.threads} ran`);
  // Threads that have waited for one another in vain run steps again.
  if (threads > 1 ? ran.steps < expected : ran.steps !== expected) differences.push(`${here} ran ${ran.steps} steps, expected ${expected}`);
  if (wasm.weightsHash !== ran.weightsHash) differences.push(`weights: ${wasm.weightsHash} on wasm, ${ran.weightsHash} on ${here}`);
  for (const what of ["losses", "metrics", "predictions"] as const) {
    const at = firstDifference(wasm[what], ran[what]);
    if (at !== undefined) differences.push(`${what}[${at}]: ${wasm[what][at]} on wasm, ${ran[what][at]} on ${here}`);
  }
  return differences;
}

/** The first element whose bits differ; -0 is not 0. */
function firstDifference(a: ArrayLike<number>, b: ArrayLike<number>): number | undefined {
  for (let i = 0; i < Math.max(a.length, b.length); ++i) if (!Object.is(a[i], b[i])) return i;
  return undefined;
}
