// A trace for people: layer after layer what training calls z, a, delta and gradients, each with its shape and first numbers.
import { tensorText } from "./tensorText.js";
import type { LayerTrace, Trace } from "./trace.js";
import { cut, figure } from "./wrap.js";

/** Names are cut to this, so that shapes and ranges have room beside them. */
const NAME = 36;

export function traceText({ loss, penalty, layers, predictions, inputGradients }: Trace): string {
  const rows = Object.values(predictions)[0]!.shape[0]!;
  const all = new Set(layers.map(({ name }) => name));
  return [
    `trace of a batch of ${rows} ${rows === 1 ? "row" : "rows"}: loss ${figure(loss, 5)}${penalty === 0 ? "" : `, penalties ${figure(penalty, 5)} of it`}`,
    ...layers.map((layer) => layerText(layer)),
    // An output is a layer's a, or an input.
    ...Object.entries(predictions).map(([name, tensor]) =>
      all.has(name) ? `prediction: a of ${cut(name, NAME)}` : tensorText(`prediction ${cut(name, NAME)}`, tensor),
    ),
    ...Object.entries(inputGradients).map(([name, tensor]) => tensorText(`gradient of ${cut(name, NAME)}`, tensor, "dLoss/dx")),
  ].join("\n");
}

export function layerText({ name, z, a, delta, gradients, layers = [] }: LayerTrace, indent = 0): string {
  // Those of layers within it are shown there.
  const inner = new Set(layers.flatMap((layer) => Object.values(layer.gradients)));
  const at = indent + 2;
  return [
    `${" ".repeat(indent)}${cut(name, 2 * NAME - indent)}`,
    ...layers.map((layer) => layerText(layer, at)),
    ...(z ? [tensorText("z", z, "", at)] : []),
    tensorText("a", a, "", at),
    ...(delta ? [tensorText("delta", delta, z ? "dLoss/dz" : "dLoss/da", at)] : []),
    ...Object.entries(gradients)
      .filter(([, tensor]) => !inner.has(tensor))
      .map(([key, tensor]) => tensorText(`gradient of ${cut(key, NAME)}`, tensor, "", at)),
  ].join("\n");
}
