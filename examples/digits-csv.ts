// Handwritten digits of 8 by 8 pixels, streamed from a CSV file; which ones are taken for which. (npm start has the large ones.)
// Run it with: npx tsx examples/digits-csv.ts
import { createReadStream } from "node:fs";
import { readCsv } from "../src/csv.js";
import { accuracy, adam, argmax, confusionMatrix, dense, f1, minMax, network, sparseCategoricalCrossEntropy, topK } from "../src/index.js";
import { confusion, percent } from "./mnist/report.js";

const file = createReadStream(new URL("../test/golden/datasets/digits.csv", import.meta.url));
const { train, test } = (await readCsv(file, { target: "target", classes: 10 })).split({ test: 0.25, stratified: true, seed: 1 });
// Some pixels at the edge are never inked: they stay 0.
const inputs = minMax(train);

const net = await network({
  input: train.input,
  layers: [dense(64, { activation: "relu" }), dense(10)],
  loss: sparseCategoricalCrossEntropy({ fromLogits: true }),
  optimizer: adam({ learningRate: 0.002 }),
  seed: 1,
});
await net.fit(train.scale({ inputs }), { epochs: 40, batchSize: 32 });

const logits = net.predict(inputs.transform(test.inputs));
const said = argmax(logits, 10);
console.log(`${train.rows} digits to train on, ${test.rows} to test with\n`);
console.log(confusion(confusionMatrix(test.targets, said, { classes: 10 })));
console.log(`\naccuracy ${percent(accuracy(test.targets, said))}, mean F1 ${percent(f1(test.targets, said))}`);
console.log(`the right digit is among the first two guesses for ${percent(topK(test.targets, logits, 2))}`);
