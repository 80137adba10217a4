// Layers that join several tensors, or a tensor with what layers made of it.
import { checkOptions, shown } from "../checks.js";
import { OptionError, ShapeError } from "../errors.js";
import { layerNames } from "../graph.js";
import type { Builder } from "../plan/builder.js";
import { shape } from "../plan/expressions.js";
import type { Tensor } from "../plan/tensor.js";
import { checkLayer, type Layer, layer, type StoredLayer } from "./layer.js";

/** Layer of several inputs of one shape: their sum. `add()(a, b)`. */
export function add(options: { readonly name?: string | undefined } = {}): Layer {
  checkOptions("add", options, ["name"]);
  const apply = (g: Builder, x: Tensor, ...more: readonly Tensor[]) => {
    for (const other of more)
      if (other.shape.join() !== x.shape.join())
        throw new ShapeError(`${g.scope}: inputs have shapes ${shape(x)} and ${shape(other)}, expected the same`);
    return more.reduce((sum, other) => g.add(sum, other), x);
  };
  return layer("add", { name: options.name }, apply, "several");
}

/** Layer of several inputs: one after the other along the last axis. `concatenate()(a, b)`: `[batch, m]`, `[batch, n]` to `[batch, m + n]`. */
export function concatenate(options: { readonly name?: string | undefined } = {}): Layer {
  checkOptions("concatenate", options, ["name"]);
  return layer("concatenate", { name: options.name }, (g, ...inputs) => g.concat(inputs), "several");
}

/** Layer. x + layers(x) (He et al. 2016): the layers end with the shape they began with. Their parameters are named `<residual>.<layer>.…`;
 *  a layer that is among them twice is shared, one that is used elsewhere in the network, too, has other parameters there.
 *  @throws {OptionError} what is no layer, or two layers of one name */
export function residual(layers: readonly Layer[], options: { readonly name?: string | undefined } = {}): Layer {
  checkOptions("residual", options, ["name"]);
  if (!Array.isArray(layers) || layers.length === 0)
    throw new OptionError(`residual: layers is ${shown(layers)}, expected an array of layers`);
  const names = layerNames("residual");
  const named = Array.from(layers, (inner, i) => {
    checkLayer(`residual: layers[${i}]`, inner);
    return { name: names(inner), inner };
  });
  const stored = named.map(
    ({ name, inner }, i): StoredLayer => (layers.indexOf(inner) < i ? { name } : { name, kind: inner.kind, options: inner.options }),
  );
  return layer("residual", { layers: stored, name: options.name }, (g, x) => {
    let y = x;
    for (const { name, inner } of named) y = g.within(name, inner, y);
    if (y.shape.join() !== x.shape.join())
      throw new ShapeError(`${g.scope}: its layers make ${shape(y)} of ${shape(x)}, expected the same shape`);
    return g.add(x, y);
  });
}
