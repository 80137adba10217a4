// A layer of one's own: silu(x·V) * (x·W) (Shazeer 2020, "GLU variants").
// Run it with: npx tsx examples/custom/swiglu.ts
import * as cr from "../../src/index.js";

interface SwigluOptions {
  readonly units: number;
  readonly name?: string;
}

export const swiglu = ({ units, name }: SwigluOptions) =>
  cr.layer("swiglu", { units, name }, (g, x) => {
    const inputs = x.shape.at(-1)!;
    const v = g.parameter("gate", [inputs, units], cr.glorotUniform());
    const w = g.parameter("value", [inputs, units], cr.glorotUniform());
    return g.mul(g.activate(g.matmul(x, v), "silu"), g.matmul(x, w));
  });

// Learns the product of two numbers.
const inputs = Array.from({ length: 256 }, (_, i) => [Math.sin(3 * i), Math.cos(5 * i)]);
const targets = inputs.map(([a, b]) => [a! * b!]);

const net = await cr.network({
  input: 2,
  layers: [swiglu({ units: 16 }), cr.dense(1)],
  loss: cr.meanSquaredError(),
  optimizer: cr.adam({ learningRate: 0.01 }),
  seed: 1,
});
const few = { inputs: inputs.slice(0, 8), targets: targets.slice(0, 8) };
console.log(cr.gradCheck(net, few).summary);

const before = net.evaluate({ inputs, targets }).loss;
await net.fit({ inputs, targets }, { epochs: 200, batchSize: 32 });
const after = net.evaluate({ inputs, targets }).loss;
console.log(`loss ${before.toExponential(2)} -> ${after.toExponential(2)}`);
