// Regression: how far diabetes will have gone in a year, from ten measurements (Efron, Hastie, Johnstone, Tibshirani 2004).
// Inputs and targets are standardised, since their units differ by powers of ten; training ends when validation no longer improves.
// Run it with: npx tsx examples/diabetes.ts
import { readFileSync } from "node:fs";
import { parseCsv } from "../src/csv.js";
import { adam, dense, earlyStopping, mae, meanSquaredError, network, r2, rmse, standardize } from "../src/index.js";

const text = readFileSync(new URL("../test/golden/datasets/diabetes.csv", import.meta.url), "utf8");
const { train, validation, test } = parseCsv(text, { target: "target" }).split({ test: 0.25, validation: 0.15, seed: 1 });
const scalers = { inputs: standardize(train), targets: standardize(train, { of: "targets" }) };

const net = await network({
  input: train.input,
  layers: [dense(16, { activation: "relu" }), dense(1)],
  loss: meanSquaredError(),
  optimizer: adam({ learningRate: 0.005 }),
  seed: 1,
});
const { epochs } = await net.fit(train.scale(scalers), {
  epochs: 200,
  validation: validation.scale(scalers),
  callbacks: [earlyStopping({ patience: 10 })],
});
const best = Math.min(...epochs.map((epoch) => epoch.validation!.loss));
console.log(`${train.rows} patients to train on, ${validation.rows} to stop by, ${test.rows} to test with`);
console.log(`stopped after ${epochs.length} epochs; best validation loss ${best.toFixed(3)} (1 is as good as the mean)\n`);

// In the target's own unit. The network has kept the scalers of what it was trained on, and saves them with it.
const { inputs, targets } = net.scalers;
const predicted = targets!.inverse(net.predict(inputs!.transform(test.inputs)));
const mean = new Float32Array(test.rows).fill(scalers.targets.options.mean![0]!);
/** Two digits, and no minus before 0. */
const fixed = (value: number) => (Math.round(value * 100) / 100 || 0).toFixed(2);
console.log("test              network   always the mean");
for (const [name, score] of Object.entries({ "mean error": mae, "root mean square": rmse, "R²": r2 }))
  console.log(name.padEnd(17), fixed(score(test.targets, predicted)).padStart(7), fixed(score(test.targets, mean)).padStart(17));

console.log("\npatient    measured   predicted");
for (let i = 0; i < 5; ++i) console.log(`${i + 1}`.padEnd(10), `${test.targets[i]}`.padStart(8), predicted[i]!.toFixed(0).padStart(11));
