// What the command asks of each library. Adapters are in libraries/; what they load is installed in this folder only, so they have no types.
import { createRequire } from "node:module";
import type { Rows, Weights, Workload } from "../workloads.js";

export interface Peer {
  /** Its package's folder under node_modules; none: in this repository. */
  readonly folder?: string;
  /** Nothing but JavaScript: no WebAssembly. */
  readonly plain: boolean;
  /** The workload as this library can do it, the nearest there is; a text says why it cannot at all. */
  adapt(workload: Workload): Workload | string;
  /** Why its losses are other ones than those of the adapted workload, where they are. */
  deviation?(adapted: Workload): string | undefined;
  /** Its best documented way, on one thread. */
  build(adapted: Workload, rows: Rows, weights: readonly Weights[]): Promise<Training>;
}

export interface Training {
  /** Goes `passes` times through all rows in their order. */
  train(passes: number): void | Promise<void>;
  /** What the network says of the first rows (as many as it likes), a cross-entropy's after softmax. The training may go on after it. */
  outputs(): ArrayLike<number> | Promise<ArrayLike<number>>;
}

export type Message =
  | { readonly kind: "ready"; readonly adapted: Workload; readonly deviation?: string; readonly outputs: readonly number[] }
  /** Samples a second. */
  | { readonly kind: "sample"; readonly rate: number }
  | { readonly kind: "failed"; readonly reason: string };

export interface Order {
  readonly peer: string;
  readonly workload: Workload;
  /** Milliseconds: of all the warming up at least, and of one sample, about. */
  readonly warmup: number;
  readonly sample: number;
}

/** Passes over the rows before losses are compared: 4 steps or more of the network as it was asked for. */
export function comparedPasses({ batches }: Workload): number {
  return Math.ceil(4 / batches);
}

/** Load a package, one that is a module or one that is not, by a name that the compiler does not resolve. */
export const load = (name: string) => import(name);
export const require = createRequire(import.meta.url);

/** Views of each batch's rows. */
export function batchesOf({ widths, batch, batches }: Workload, { inputs, targets }: Rows) {
  const [columns, outputs] = [widths[0]! * batch, widths.at(-1)! * batch];
  return Array.from({ length: batches }, (_, i) => ({
    inputs: inputs.subarray(i * columns, (i + 1) * columns),
    targets: targets.subarray(i * outputs, (i + 1) * outputs),
  }));
}

/** Multiplications of a pass that a library which works row by row does within some seconds. */
const PASS = 2e7;

/** For libraries that update after each row; of a large network they get fewer rows, so that a pass stays short. */
export function rowByRow(workload: Workload): Workload {
  const { widths, batch, batches } = workload;
  const weights = widths.slice(1).reduce((sum, units, i) => sum + units * widths[i]!, 0);
  return { ...workload, batch: 1, batches: Math.min(batch * batches, Math.max(8, Math.floor(PASS / weights))) };
}

/** For libraries whose squared error is half a sum over outputs where ours is a mean: the rate at which the steps are the same. */
export function rateOfHalfSum({ loss, learningRate, widths }: Workload): number {
  return loss === "squared error" ? (2 * learningRate) / widths.at(-1)! : learningRate;
}

export function softmax(logits: ArrayLike<number>, columns: number): Float64Array {
  const result = Float64Array.from(logits);
  for (let at = 0; at < result.length; at += columns) {
    const row = result.subarray(at, at + columns);
    const max = Math.max(...row);
    const sum = row.reduce((total, z) => total + Math.exp(z - max), 0);
    row.forEach((z, i) => {
      row[i] = Math.exp(z - max) / sum;
    });
  }
  return result;
}
