// One step of backpropagation with its numbers: forward, loss, the error's way back, and what becomes of one weight.

const number = (x) => x.toPrecision(4);
/** The first of many. */
const few = (values) => `${Array.from(values.slice(0, 4), number).join(" ")}${values.length > 4 ? " …" : ""}`;

/** Takes the step, on all of the data. @param point `[x, y, colour]`, whose way through the network is shown @returns it in words */
export function oneStep(net, data, [x, y, colour], rate) {
  const { layers, loss } = net.trace([[x, y]], [[colour]]);
  const last = layers.at(-1);
  const before = layers.at(-2);
  const logit = last.a.values[0];
  const error = last.delta.values[0];
  const name = `${last.name}.weight`;
  const { values: gradients } = net.gradients(data.inputs, data.targets)[name];
  // The weight that changes most.
  const k = gradients.reduce((most, value, i) => (Math.abs(value) > Math.abs(gradients[most]) ? i : most), 0);
  const weight = () => net.parameters().find((parameter) => parameter.name === name).values[k];
  const was = weight();
  net.trainOnBatch(data.inputs, data.targets);
  return [
    `One step on all ${data.inputs.length} points. Here is the way of one, (${x.toFixed(2)}, ${y.toFixed(2)}), which is ${colour ? "orange: y = 1" : "blue: y = 0"}.`,
    "",
    "forward: z = W x + b, a = f(z), layer by layer; f is silu, the last layer has none",
    ...layers.map((layer) => `  ${layer.name}  z ${few((layer.z ?? layer.a).values)}${layer.z ? `   a ${few(layer.a.values)}` : ""}`),
    `  p = 1 / (1 + e^-z) = ${number(1 / (1 + Math.exp(-logit)))};  loss = ${colour ? "-ln p" : "-ln(1 - p)"} = ${number(loss)}`,
    "",
    "backward: delta = dloss/dz, by the chain rule from the last layer to the first",
    `  ${last.name}  p - y = ${number(error)}`,
    ...layers
      .slice(0, -1)
      .reverse()
      .map((layer) => `  ${layer.name}  (W of the next, transposed, times its delta) · f'(z) = ${few(layer.delta.values)}`),
    "",
    `update: w <- w - rate · gradient, for all ${net.parameters().reduce((sum, { values }) => sum + values.length, 0)} weights. For one, ${name}[${k}]:`,
    `  by this point: delta · a[${k}] = ${number(error)} · ${number(before.a.values[k])} = ${number(last.gradients.weight.values[k])}`,
    `  gradient, the mean of all points' = ${number(gradients[k])}`,
    `  w: ${was.toPrecision(7)} - ${rate} · ${number(gradients[k])} = ${weight().toPrecision(7)}`,
  ].join("\n");
}
