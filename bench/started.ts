// What bench/start.ts starts as a process of its own, bundled as the package is: a network of 784-128-10 and its first step by the public
// names, with the time after each part. Says milliseconds since the process began, by name.
import { categoricalCrossEntropy, dense, network, sgd } from "../src/index.js";

const times: Record<string, number> = { import: performance.now() };
const net = await network({
  input: 784,
  layers: [dense(128, { activation: "relu" }), dense(10)],
  loss: categoricalCrossEntropy({ fromLogits: true }),
  optimizer: sgd({ learningRate: 0.01 }),
  backend: process.argv[2] as "wasm" | "js",
  seed: 1,
});
times.network = performance.now();
net.trainOnBatch(
  new Float32Array(32 * 784).fill(0.5),
  Array.from({ length: 32 }, (_, i) => i % 10),
);
times["first step"] = performance.now();
process.stdout.write(JSON.stringify(times));
