// How a saved layer's kind and options become a layer again.
import { activationNames } from "../activations.js";
import { isArrayOf, isRecord, shown } from "../checks.js";
import { type Custom, makeCustom } from "../customParts.js";
import { FormatError } from "../errors.js";
import { activation } from "./activation.js";
import { add, concatenate, residual } from "./combine.js";
import { dense } from "./dense.js";
import { dropout } from "./dropout.js";
import type { Layer, StoredLayer } from "./layer.js";
import { prelu } from "./prelu.js";

// biome-ignore lint/suspicious/noExplicitAny: options come from a file; each factory checks its own
const factories: Readonly<Record<string, (options: any, custom: Custom) => Layer>> = {
  dense: ({ units, ...options }) => dense(units, options),
  activation: ({ activation: given, ...options }) => activation(given, options),
  dropout: ({ rate, ...options }) => dropout(rate, options),
  prelu,
  add,
  concatenate,
  residual: ({ layers, ...options }, custom) => residual(restoreLayers(layers, custom), options),
};

function restoreLayers(stored: readonly StoredLayer[], custom: Custom): Layer[] {
  const isStored = (layer: unknown) =>
    isRecord(layer) &&
    typeof layer.name === "string" &&
    (layer.kind === undefined || (typeof layer.kind === "string" && isRecord(layer.options)));
  if (!isArrayOf(stored, isStored))
    throw new FormatError(`residual: layers is ${shown(stored)}, expected an array of { name, kind, options }`);
  const made = new Map<string, Layer>();
  return stored.map(({ name, kind, options }) => {
    const restored = kind === undefined ? made.get(name) : restoreLayer(kind, { ...options, name }, custom);
    if (!restored) throw new FormatError(`residual: layer ${JSON.stringify(name)} has no kind, and none before it has that name`);
    made.set(name, restored);
    return restored;
  });
}

export const layerKinds: readonly string[] = Object.keys(factories);

export function restoreLayer(kind: string, options: Readonly<Record<string, unknown>>, custom: Custom): Layer {
  if (Object.hasOwn(factories, kind)) return factories[kind]!(withCustomActivation(options, custom), custom);
  const made = makeCustom("layer", kind, options, custom) as Layer;
  if (typeof made?.apply !== "function" || made.kind !== kind)
    throw new FormatError(
      `custom: ${kind} makes ${typeof made === "function" ? `a layer ${made.kind}` : typeof made}, expected a layer of that kind`,
    );
  return made;
}

/** Puts a user's own activation where the file has its name and options. */
function withCustomActivation(options: Readonly<Record<string, unknown>>, custom: Custom): Readonly<Record<string, unknown>> {
  const given = options.activation as { readonly type?: string; readonly options?: unknown } | undefined;
  if (given?.type === undefined || (activationNames as readonly string[]).includes(given.type)) return options;
  return { ...options, activation: makeCustom("activation", given.type, given.options, custom) };
}
