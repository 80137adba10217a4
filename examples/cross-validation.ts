// Cross-validation: how wide should a hidden layer be? Of few rows one validation part says little, so each row is validated with once.
// Run it with: npx tsx examples/cross-validation.ts
import { readFileSync } from "node:fs";
import { parseCsv } from "../src/csv.js";
import { adam, dense, network, sparseCategoricalCrossEntropy, standardize } from "../src/index.js";

const text = readFileSync(new URL("../test/golden/datasets/iris.csv", import.meta.url), "utf8");
const flowers = parseCsv(text, { target: "target", classes: ["setosa", "versicolor", "virginica"] });
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b) / values.length;

console.log("hidden units     accuracy of each of five folds           mean    loss");
for (const units of [1, 2, 4, 16, 64]) {
  const scores = [];
  for (const { train, validation } of flowers.folds(5, { stratified: true, seed: 1 })) {
    // Fitted on what is trained on alone: validation rows are as new as those to come.
    const inputs = standardize(train);
    const net = await network({
      input: flowers.input,
      layers: [dense(units, { activation: "relu" }), dense(3)],
      loss: sparseCategoricalCrossEntropy({ fromLogits: true }),
      optimizer: adam({ learningRate: 0.01 }),
      metrics: ["accuracy"],
      seed: 1,
    });
    await net.fit(train.scale({ inputs }), { epochs: 60 });
    scores.push(net.evaluate(validation.scale({ inputs })));
  }
  const accuracies = scores.map(({ metrics }) => metrics.accuracy!);
  const cells = [...accuracies, mean(accuracies), mean(scores.map(({ loss }) => loss))].map((value) => value.toFixed(3).padStart(7));
  console.log(`${units}`.padStart(12), " ", ...cells);
}
