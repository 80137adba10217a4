// Rows, a network and the streams of them that tests read.
import * as cr from "../src/index.js";
import { numbers } from "./cases.js";

export const ROWS = 103;
const next = numbers(5);
export const inputs = Array.from({ length: ROWS }, () => [next() - 0.5, next() - 0.5, next() - 0.5]);
export const ids = inputs.map(([a, b, c]) => (a! + b! > 0 ? (c! > 0 ? 2 : 1) : 0));
export const weights = inputs.map((_, r) => (r % 7 === 0 ? 0 : 1 + (r % 3)));
export const targets = inputs.map(([a, b]) => [a! * b!, a! - b!]);

export const make = (backend: "wasm" | "js" = "js", changes: Partial<cr.ChainOptions> = {}) =>
  cr.network({
    input: 3,
    layers: [cr.dense(7, { activation: "tanh" }), cr.dropout(0.2), cr.dense(3)],
    loss: cr.sparseCategoricalCrossEntropy({ fromLogits: true }),
    metrics: ["accuracy"],
    optimizer: cr.adam({ learningRate: 0.01 }),
    seed: 3,
    backend,
    ...changes,
  });

/** Rows [begin, end) as `fit` takes them. */
export type Part = (begin: number, end: number) => cr.Data;
export const plain: Part = (begin, end) => ({ inputs: inputs.slice(begin, end), targets: ids.slice(begin, end) });
export const weighted: Part = (begin, end) => ({ ...plain(begin, end), sampleWeights: weights.slice(begin, end) });

/** Items of these sizes, in turn. */
export async function* itemsOf(part: Part, sizes: readonly number[], rows = ROWS): AsyncGenerator<cr.Data> {
  for (let begin = 0, i = 0; begin < rows; i++) {
    const end = Math.min(rows, begin + sizes[i % sizes.length]!);
    yield part(begin, end);
    begin = end;
  }
}

export const outcome = (net: cr.Network, history: cr.History) => ({
  hash: net.weightsHash(),
  epochs: history.epochs.map(({ loss, metrics }) => ({ loss, metrics })),
});
export const options = { epochs: 3, batchSize: 8, shuffle: false } as const;
