// What bench/start.ts starts as a process of its own, bundled as the package is: a network of 784-128-10 and its first step, the way
// network() and trainOnBatch() go, with the time after each part. Says milliseconds since the process began, by name.
import { openBackend } from "../src/backends/backend.js";
import { toSamples, weightedOutputs } from "../src/data.js";
import { define, portsOf } from "../src/definition.js";
import { categoricalCrossEntropy, dense, sgd } from "../src/index.js";
import { Model } from "../src/model.js";
import { trainBatch } from "../src/steps.js";

const times: Record<string, number> = { import: performance.now() };
const done = (part: string) => {
  times[part] = performance.now();
};

const { definition, measured } = define({
  input: 784,
  layers: [dense(128, { activation: "relu" }), dense(10)],
  loss: categoricalCrossEntropy({ fromLogits: true }),
  optimizer: sgd({ learningRate: 0.01 }),
  seed: 1,
});
done("definition");
const backend = await openBackend(process.argv[2] as "wasm" | "js");
done("module");
const model = new Model(definition, await backend.region(measured.bytes), measured);
done("memory");
model.initialize();
done("weights");
const inputs = new Float32Array(32 * 784).fill(0.5);
const samples = toSamples(
  "start",
  { inputs, targets: Array.from({ length: 32 }, (_, i) => i % 10) },
  portsOf(definition, model.predictions),
);
done("data");
model.plan("train", { capacity: samples.rows }, weightedOutputs(samples));
done("plan");
trainBatch(model, samples, { step: 0 });
done("step");
process.stdout.write(JSON.stringify(times));
