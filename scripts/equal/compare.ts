// Trains one network on both backends from the same seed and compares bits.
import { network } from "../../src/index.js";
import type { NetworkCase } from "../../test/cases.js";

/** What ran a training, as the backend itself counts it, and what came out. */
export interface Ran {
  readonly name: string;
  readonly build: string;
  /** of fit only */
  readonly steps: number;
  readonly weightsHash: string;
  /** of each epoch, then of an evaluation at the end */
  readonly losses: readonly number[];
  readonly metrics: readonly number[];
  readonly predictions: Float32Array;
}

export interface FitSettings {
  readonly epochs: number;
  readonly chunkMilliseconds?: number;
}

export async function train({ options, data, batch }: NetworkCase, backend: "wasm" | "js", settings: FitSettings): Promise<Ran> {
  const net = await network({ ...options, backend });
  const samples = data();
  const before = net.backend.steps;
  const { epochs } = await net.fit(samples, { ...settings, batchSize: batch });
  const { name, build, steps } = net.backend;
  const predictions = net.predict(samples.inputs);
  const evaluation = net.evaluate(samples);
  const ran = {
    name,
    build,
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
export function stepsOf({ options, data, batch }: NetworkCase, epochs: number): number {
  const { input } = options;
  const width = typeof input === "number" ? input : input.reduce((a, b) => a * b, 1);
  return epochs * Math.ceil(data().inputs.length / width / batch);
}

export interface Compared {
  readonly wasm: Ran;
  readonly js: Ran;
  /** What is not as it should be, in words; empty if all is. */
  readonly differences: readonly string[];
}

export async function compareBackends(one: NetworkCase, epochs: number): Promise<Compared> {
  const wasm = await train(one, "wasm", { epochs });
  const js = await train(one, "js", { epochs });
  const expected = stepsOf(one, epochs);
  const differences = [];
  for (const [asked, { name, build, steps }] of [["wasm", wasm] as const, ["js", js] as const]) {
    if (name !== asked || build !== "strict") differences.push(`asked for ${asked} strict, ${name} ${build} ran`);
    if (steps !== expected) differences.push(`${asked} ran ${steps} steps, expected ${expected}`);
  }
  if (wasm.weightsHash !== js.weightsHash) differences.push(`weights: ${wasm.weightsHash} on wasm, ${js.weightsHash} on js`);
  for (const what of ["losses", "metrics", "predictions"] as const) {
    const at = firstDifference(wasm[what], js[what]);
    if (at !== undefined) differences.push(`${what}[${at}]: ${wasm[what][at]} on wasm, ${js[what][at]} on js`);
  }
  return { wasm, js, differences };
}

/** The first element whose bits differ; -0 is not 0. */
function firstDifference(a: ArrayLike<number>, b: ArrayLike<number>): number | undefined {
  for (let i = 0; i < Math.max(a.length, b.length); ++i) if (!Object.is(a[i], b[i])) return i;
  return undefined;
}
