// The smallest useful program: a network learns "one or the other, but not both". Run it with: npx tsx examples/xor.ts
import { adam, binaryCrossEntropy, dense, network } from "../src/index.js";

const inputs = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
];
const targets = [[0], [1], [1], [0]];

const net = await network({
  input: 2,
  layers: [dense(8, { activation: "tanh" }), dense(1, { activation: "sigmoid" })],
  loss: binaryCrossEntropy(),
  optimizer: adam({ learningRate: 0.01 }),
  seed: 1,
});
await net.fit({ inputs, targets }, { epochs: 2000, batchSize: 4 });

const outputs = net.predict(inputs);
inputs.forEach(([a, b], i) => {
  console.log(`${a} xor ${b} = ${outputs[i]!.toFixed(3)}`);
});
