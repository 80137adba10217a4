// How a saved layer's kind and options become a layer again.
import { FormatError } from "../errors.js";
import { activation } from "./activation.js";
import { add, concatenate, residual } from "./combine.js";
import { dense } from "./dense.js";
import { dropout } from "./dropout.js";
import type { Layer, StoredLayer } from "./layer.js";
import { prelu } from "./prelu.js";

/** Factories of a user's own parts, by their names in saved files: what `loadNetwork(bytes, { custom })` takes. */
// biome-ignore lint/suspicious/noExplicitAny: options come from a file; each factory checks its own
export type Custom = Readonly<Record<string, (options: any) => unknown>>;

// biome-ignore lint/suspicious/noExplicitAny: as above
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
  const made = new Map<string, Layer>();
  return stored.map(({ name, kind, options }) => {
    const restored = kind === undefined ? made.get(name) : restoreLayer(kind, { ...options, name }, custom);
    if (!restored) throw new FormatError(`residual: layer ${JSON.stringify(name)} has no kind, and none before it has that name`);
    made.set(name, restored);
    return restored;
  });
}

export const layerKinds: readonly string[] = Object.keys(factories);

export function restoreLayer(kind: string, options: Readonly<Record<string, unknown>>, custom: Custom = {}): Layer {
  if (Object.hasOwn(custom, kind)) {
    const made = custom[kind]!(options) as Layer;
    if (typeof made?.apply !== "function" || made.kind !== kind)
      throw new FormatError(
        `custom: ${kind} makes ${typeof made === "function" ? `a layer ${made.kind}` : typeof made}, expected a layer of that kind`,
      );
    return made;
  }
  const factory = Object.hasOwn(factories, kind) ? factories[kind] : undefined;
  if (!factory)
    throw new FormatError(
      `layer kind is ${JSON.stringify(kind)}, expected one of: ${Object.keys(factories).join(", ")}; for one of your own give loadNetwork { custom: { ${kind}: options => layer } }`,
    );
  return factory(withCustomActivation(options, custom), custom);
}

/** Puts a user's own activation where the file has its name and options. */
function withCustomActivation(options: Readonly<Record<string, unknown>>, custom: Custom): Readonly<Record<string, unknown>> {
  const given = options.activation as { readonly type?: string; readonly options?: unknown } | undefined;
  if (given?.type === undefined || !Object.hasOwn(custom, given.type)) return options;
  return { ...options, activation: custom[given.type]!(given.options) };
}
