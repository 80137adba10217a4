// Iris: three species told apart by four lengths, from a CSV file. Run it with: npx tsx examples/iris.ts
import { readFileSync } from "node:fs";
import { parseCsv } from "../src/csv.js";
import { adam, argmax, dense, network, sparseCategoricalCrossEntropy, standardize } from "../src/index.js";

const text = readFileSync(new URL("../test/golden/datasets/iris.csv", import.meta.url), "utf8");
const flowers = parseCsv(text, { target: "target", classes: ["setosa", "versicolor", "virginica"] });
const { train, test } = flowers.split({ test: 0.25, stratified: true, seed: 1 });
const inputs = standardize(train);
const net = await network({
  input: flowers.input,
  layers: [dense(16, { activation: "relu" }), dense(3)],
  loss: sparseCategoricalCrossEntropy({ fromLogits: true }),
  optimizer: adam({ learningRate: 0.01 }),
  metrics: ["accuracy"],
  seed: 1,
});
await net.fit(train.scale({ inputs }), { epochs: 100 });
console.log(`test accuracy ${net.evaluate(test.scale({ inputs })).metrics.accuracy!.toFixed(3)} of ${test.rows} flowers`);
console.log(`5.9, 3.0, 5.1, 1.8 cm: ${net.classes![argmax(net.predict(inputs.transform([[5.9, 3, 5.1, 1.8]])), 3)[0]!]}`);
