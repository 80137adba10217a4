// Rows whose labels are words, and the network that classes.test.ts and meaning.test.ts train on them.
import * as cr from "../src/index.js";

export const inputs = [[0, 1], [1, 0], [1, 1], [0, 0]]; // biome-ignore format: rows
export const labels = ["yes", "no", "yes", "no"];

export const classifier = () =>
  cr.network({
    input: 2,
    layers: [cr.dense(2)],
    loss: cr.sparseCategoricalCrossEntropy({ fromLogits: true }),
    metrics: ["accuracy"],
    seed: 1,
    backend: "js",
  });
