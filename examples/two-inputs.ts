// Two inputs, two outputs: from a flower's sepals and petals its species and, beside it, how long its petals are.
// The functional form: layers are called with what they take. Run it with: npx tsx examples/two-inputs.ts
import { readFileSync } from "node:fs";
import { adam, concatenate, dense, input, meanSquaredError, network, sparseCategoricalCrossEntropy } from "../src/index.js";

const rows = readFileSync(new URL("../test/golden/datasets/iris.csv", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .slice(1)
  .map((line) => line.split(",").map(Number));
const data = {
  inputs: { sepals: rows.map((row) => row.slice(0, 2)), widths: rows.map((row) => [row[1]!, row[3]!]) },
  targets: { species: rows.map((row) => row[4]!), length: rows.map((row) => [row[2]!]) },
};

const sepals = input(2, { name: "sepals" });
const widths = input(2, { name: "widths" });
const both = concatenate()(dense(8, { activation: "relu" })(sepals), dense(8, { activation: "relu" })(widths));
const shared = dense(12, { activation: "relu" })(both);

const net = await network({
  inputs: [sepals, widths],
  outputs: [dense(3, { name: "species" })(shared), dense(1, { name: "length" })(shared)],
  loss: [sparseCategoricalCrossEntropy({ fromLogits: true }), meanSquaredError({ weight: 0.2 })],
  metrics: { species: ["accuracy"], length: ["mae"] },
  optimizer: adam({ learningRate: 0.01 }),
  seed: 1,
});
console.log(net.summary());
await net.fit(data, { epochs: 150, batchSize: 16 });

const { metrics } = net.evaluate(data);
console.log("\nOf the flowers that it was trained on:");
console.log(`species right: ${(100 * metrics["species.accuracy"]!).toFixed(1)} %`);
console.log(`petal length off by ${metrics["length.mae"]!.toFixed(2)} cm on average`);
const { species, length } = net.predictAll({ sepals: [[6, 2.7]], widths: [[2.7, 1.6]] });
console.log(`one flower: logits ${[...species!].map((v) => v.toFixed(1)).join(" ")}, petal ${length![0]!.toFixed(1)} cm`);
