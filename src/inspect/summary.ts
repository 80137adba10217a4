// A network as a table of at most 80 columns: its layers, those within them indented, what of a graph takes what, and what trains it.
import { isRecord } from "../checks.js";
import type { Graph } from "../graph.js";
import type { Layer } from "../layers/layer.js";
import type { Model } from "../model.js";
import { isFrozen } from "../optimizers/groups.js";
import type { LayerRecord } from "../plan/program.js";
import { product, type Tensor } from "../plan/tensor.js";
import { commas, cut, WIDTH, wrapped } from "./wrap.js";

/** Of each column, at most. */
const WIDTHS = [24, 22, 18, 10];
/** Columns that names of what a layer takes need beside the others; else they have lines of their own. */
const BESIDE = 16;

interface Row {
  readonly cells: readonly string[];
  /** Names of what the layer takes. */
  readonly takes?: readonly string[];
}

export function summarize(model: Model): string {
  const { definition, region } = model;
  const { inputs, nodes } = definition.graph;
  const values = [...inputs, ...nodes].map(({ name }) => name);
  const isChain = isChained(definition.graph);
  const rows: Row[] = [
    { cells: ["layer", "kind", "output", "parameters"], ...(!isChain && { takes: ["takes"] }) },
    ...inputs.map(({ name, shape }) => ({ cells: [name, "input", sample(shape), ""] })),
    ...model.layers.flatMap((record, i, all) => {
      const [first, ...within] = rowsOf(record, all.slice(0, i));
      return [{ ...first!, ...(!isChain && { takes: nodes[i]!.from.map((index) => values[index]!) }) }, ...within];
    }),
  ];
  const widths = WIDTHS.map((most, i) => Math.min(most, Math.max(...rows.map(({ cells }) => cells[i]!.length))));
  const [first, ...others] = definition.objectives.map(({ loss }) => loss.type);
  const tensors = model.parameters.map(({ tensor }) => tensor);
  const frozen = elements(tensors.filter((tensor) => isFrozen(definition.optimizer, tensor)));
  const facts = [
    `${elements(tensors)} parameters${frozen === 0 ? "" : ` (${frozen} frozen)`}`,
    `${others.length === 0 ? "loss" : "losses"} ${first}`,
    ...others,
    `optimizer ${definition.optimizer.type}`,
    `backend ${region.backend.name}`,
    `arithmetic ${region.arithmetic.name}`,
  ];
  return [...rows.map((row) => lineOf(row, widths)), wrapped("", commas(facts))].join("\n");
}

const elements = (tensors: readonly Tensor[]) => tensors.reduce((sum, { shape }) => sum + product(shape), 0);

/** Does each layer take what is before it, and nothing else? */
function isChained({ inputs, nodes }: Graph): boolean {
  return inputs.length === 1 && nodes.every(({ from }, i) => from.length === 1 && from[0] === i);
}

const sample = (shape: readonly number[]) => `[${["batch", ...shape].join(", ")}]`;

/** A layer has a line for each use. A network's layer counts its parameters at its first use, so that the column adds up to all of them but for
 *  the lines of layers within others, whose parameters are counted in those, too.
 *  @param before the uses before this one */
function rowsOf(record: LayerRecord, before: readonly LayerRecord[], depth = 0, outer = ""): Row[] {
  const { name, layer, output, parameters, layers } = record;
  const isShared = before.some((other) => other.name === name);
  const count = elements(parameters);
  const own = name.slice(outer.length);
  return [
    { cells: [`${"  ".repeat(depth)}${own}`, kindOf(layer), sample(output.shape), isShared ? "shared" : `${count}`] },
    ...layers.flatMap((inner, i) => rowsOf(inner, layers.slice(0, i), depth + 1, `${name}.`)),
  ];
}

/** With the activation that it ends with, if it has that option: "dense, relu". */
function kindOf({ kind, options }: Layer): string {
  const { activation } = options;
  const type = isRecord(activation) ? activation.type : activation;
  return typeof type === "string" ? `${kind}, ${type}` : kind;
}

function lineOf({ cells, takes }: Row, widths: readonly number[]): string {
  const [name, kind, output, count] = cells.map((text, i) => {
    const width = widths[i]!;
    return i < 3 ? cut(text, width).padEnd(width) : text.padStart(width);
  });
  const line = `${name}  ${kind}  ${output}  ${count}`;
  if (!takes) return line.trimEnd();
  const indent = line.length + 2;
  const words = commas(takes);
  return WIDTH - indent >= BESIDE ? wrapped(line, words, indent) : `${line.trimEnd()}\n${wrapped("    takes", words, 10)}`;
}
