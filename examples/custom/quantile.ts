// A loss of one's own: the quantile (pinball) loss, least where a share q of
// the targets lies below the prediction (Koenker & Bassett 1978).
// Run it with: npx tsx examples/custom/quantile.ts
import * as cr from "../../src/index.js";

export const quantile = ({ q }: { readonly q: number }) =>
  cr.customLoss("quantile", { q }, (g, prediction, target) => {
    const e = g.sub(target, prediction);
    return g.mean(g.max(g.mul(e, q), g.mul(e, q - 1)));
  });

// y is spread evenly over [0, 1 + x]: its 0.9-quantile is 0.9·(1 + x).
const rows = 1000;
const spread = (i: number) => (i * 0.6180339887) % 1;
const inputs = Array.from({ length: rows }, (_, i) => [i / rows]);
const targets = inputs.map(([x], i) => [spread(i) * (1 + x!)]);

const net = await cr.network({
  input: 1,
  layers: [cr.dense(1)],
  loss: quantile({ q: 0.9 }),
  optimizer: cr.adam({ learningRate: 0.01 }),
  seed: 1,
});
const few = { inputs: inputs.slice(0, 8), targets: targets.slice(0, 8) };
console.log(cr.gradCheck(net, few).summary);

await net.fit({ inputs, targets }, { epochs: 100, batchSize: 50 });
const predictions = net.predict(inputs);
const below = targets.filter(([y], i) => y! < predictions[i]!).length;
const [a, b] = net.predict([[0], [1]]);
console.log(`${((100 * below) / rows).toFixed(1)} % of targets lie below`);
console.log(`at 0: ${a!.toFixed(2)}, at 1: ${b!.toFixed(2)}; true: 0.90, 1.80`);
