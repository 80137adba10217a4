// How a saved layer's kind and options become a layer again.
import { FormatError } from "../errors.js";
import { activation } from "./activation.js";
import { dense } from "./dense.js";
import { dropout } from "./dropout.js";
import type { Layer } from "./layer.js";
import { prelu } from "./prelu.js";

// biome-ignore lint/suspicious/noExplicitAny: options come from a file; each factory checks its own
const factories: Readonly<Record<string, (options: any) => Layer>> = {
  dense: ({ units, ...options }) => dense(units, options),
  activation: ({ activation: given, ...options }) => activation(given, options),
  dropout: ({ rate, ...options }) => dropout(rate, options),
  prelu,
};

export const layerKinds: readonly string[] = Object.keys(factories);

export function restoreLayer(kind: string, options: Readonly<Record<string, unknown>>): Layer {
  const factory = Object.hasOwn(factories, kind) ? factories[kind] : undefined;
  if (!factory) throw new FormatError(`layer kind is ${JSON.stringify(kind)}, expected one of: ${Object.keys(factories).join(", ")}`);
  return factory(options);
}
