// A network's definition as the plain data that a file holds, and back. Its form is checked before anything is made of it, so that what is missing
// has a name. What the fields say (a kind of layer, an option's range, which node takes which) is left to the factories, which check it for everybody.
import type { ArithmeticName } from "../arithmetic.js";
import { isRecord, shown } from "../checks.js";
import type { Definition } from "../compile.js";
import { type Custom, makeCustom } from "../customParts.js";
import type { GraphOptions } from "../definition.js";
import { FormatError, OptionError } from "../errors.js";
import type { InputSpec } from "../graph.js";
import type { Node } from "../layers/layer.js";
import { restoreLayer } from "../layers/registry.js";
import { restoreLoss } from "../losses.js";
import type { CustomMetric, Metric } from "../metrics.js";
import { restoreOptimizer } from "../optimizers.js";

type Options = Readonly<Record<string, unknown>>;

type StoredMetric = string | { readonly type: string; readonly options: Options };

/** A definition as JSON; every field is checked by the factory that takes it. */
export interface StoredDefinition {
  readonly inputs: readonly InputSpec[];
  readonly layers: readonly { readonly name: string; readonly kind: string; readonly options: Options }[];
  /** `layer`: index among layers. */
  readonly nodes: readonly { readonly layer: number; readonly from: readonly number[] }[];
  readonly outputs: readonly number[];
  readonly objectives: readonly {
    readonly loss: { readonly type: string; readonly options: Options };
    readonly metrics: readonly StoredMetric[];
  }[];
  readonly optimizer: { readonly type: string; readonly options: Options };
  readonly seed: number;
  readonly arithmetic: ArithmeticName;
}

type Check = (who: string, value: unknown) => void;

const plain =
  (good: (value: unknown) => boolean, wanted: string): Check =>
  (who, value) => {
    if (!good(value)) throw new FormatError(`saved network: ${who} is ${shown(value)}, expected ${wanted}`);
  };

const list =
  (each: Check): Check =>
  (who, value) => {
    plain(Array.isArray, "an array")(who, value);
    (value as readonly unknown[]).forEach((item, i) => {
      each(`${who}[${i}]`, item);
    });
  };

const object =
  (fields: Readonly<Record<string, Check>>): Check =>
  (who, value) => {
    plain(isRecord, `{ ${Object.keys(fields).join(", ")} }`)(who, value);
    for (const [name, check] of Object.entries(fields)) check(`${who}.${name}`, (value as Readonly<Record<string, unknown>>)[name]);
  };

const text = plain((value) => typeof value === "string", "a text");
const number = plain((value) => typeof value === "number", "a number");
const anyOptions = plain(isRecord, "an object");
const part = object({ type: text, options: anyOptions });

const fields: Readonly<Record<keyof StoredDefinition, Check>> = {
  inputs: list(object({ name: text, shape: list(number) })),
  layers: list(object({ name: text, kind: text, options: anyOptions })),
  nodes: list(object({ layer: number, from: list(number) })),
  outputs: list(number),
  objectives: list(object({ loss: part, metrics: list((who, metric) => (typeof metric === "string" ? undefined : part(who, metric))) })),
  optimizer: part,
  seed: number,
  // Versions that knew no arithmetic wrote none.
  arithmetic: plain((value) => value === undefined || typeof value === "string", "a text"),
};

/** @throws {FormatError} naming the field, what it is and what was expected */
export function checkDefinition(definition: unknown): asserts definition is StoredDefinition {
  object(fields)("definition", definition);
}

export function store({ graph, objectives, optimizer, seed }: Definition, arithmetic: ArithmeticName): StoredDefinition {
  const layers = [...new Set(graph.nodes.map(({ layer }) => layer))];
  const names = new Map(graph.nodes.map(({ layer, name }) => [layer, name]));
  return {
    inputs: graph.inputs,
    layers: layers.map((layer) => ({ name: names.get(layer)!, kind: layer.kind, options: layer.options })),
    nodes: graph.nodes.map(({ layer, from }) => ({ layer: layers.indexOf(layer), from })),
    outputs: graph.outputs,
    objectives: objectives.map(({ loss, metrics }) => ({
      loss: { type: loss.type, options: loss.options },
      metrics: metrics.map((metric) => (typeof metric === "string" ? metric : { type: metric.type, options: metric.options })),
    })),
    optimizer: { type: optimizer.type, options: optimizer.options },
    seed,
    arithmetic,
  };
}

/** The options that make a stored network again. */
export function restore(stored: StoredDefinition, custom: Custom): GraphOptions {
  const { inputs, layers, nodes, outputs, objectives, optimizer, seed, arithmetic } = stored;
  const restored = layers.map(({ name, kind, options }) => restoreLayer(kind, { ...options, name }, custom));
  const values: Node[] = inputs.map(({ name, shape }) => ({ from: [], name, shape }));
  const roots = values.slice();
  const pick = (index: number): Node => {
    const value = values[index];
    if (!value) throw new OptionError(`a node takes value ${index} of ${values.length}`);
    return value;
  };
  for (const { layer, from } of nodes) {
    const use = restored[layer];
    if (!use) throw new OptionError(`a node uses layer ${layer} of ${restored.length}`);
    values.push(use(...from.map(pick)));
  }
  const ends = outputs.map(pick);
  if (objectives.length > ends.length)
    throw new OptionError(`definition.objectives: got ${objectives.length} for ${ends.length} outputs, expected one for each`);
  const reviveMetric = (metric: StoredMetric) =>
    typeof metric === "string" ? (metric as Metric) : (makeCustom("metric", metric.type, metric.options, custom) as CustomMetric);
  return {
    inputs: roots,
    outputs: ends,
    loss: objectives.map(({ loss }) => restoreLoss(loss.type, loss.options, custom)),
    metrics:
      objectives.length === 1
        ? objectives[0]!.metrics.map(reviveMetric)
        : Object.fromEntries(objectives.map(({ metrics }, i) => [ends[i]!.layer?.name ?? ends[i]!.name, metrics.map(reviveMetric)])),
    optimizer: restoreOptimizer(optimizer.type, optimizer.options),
    seed,
    arithmetic,
  };
}
