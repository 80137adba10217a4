// An activation of one's own: snake, x + sin²(a·x)/a, which can go on with
// what is periodic (Ziyin et al. 2020).
// Run it with: npx tsx examples/custom/snake.ts
import * as cr from "../../src/index.js";

export const snake = ({ a }: { readonly a: number }) =>
  cr.customActivation("snake", { a }, (g, x) => g.add(x, g.div(g.square(g.sin(g.mul(x, a))), a)));

// Learns sin(x) from [-6, 6].
const inputs = Array.from({ length: 240 }, (_, i) => [(i - 120) / 20]);
const targets = inputs.map(([x]) => [Math.sin(x!)]);

const net = await cr.network({
  input: 1,
  layers: [cr.dense(32, { activation: snake({ a: 2 }) }), cr.dense(1)],
  loss: cr.meanSquaredError(),
  optimizer: cr.adam({ learningRate: 0.01 }),
  seed: 1,
});
const few = { inputs: inputs.slice(0, 8), targets: targets.slice(0, 8) };
console.log(cr.gradCheck(net, few).summary);

const before = net.evaluate({ inputs, targets }).loss;
await net.fit({ inputs, targets }, { epochs: 300, batchSize: 24 });
const after = net.evaluate({ inputs, targets }).loss;
console.log(`loss ${before.toExponential(2)} -> ${after.toExponential(2)}`);
