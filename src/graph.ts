// A network as a graph of layers: from nodes, as the functional form gives them, or from a chain, to what is compiled.
import { checkCount, checkOptions, checkText, isArrayOf, MOST_DIMENSIONS, shown } from "./checks.js";
import { OptionError } from "./errors.js";
import { checkLayer, type Layer, type Node } from "./layers/layer.js";

export interface InputSpec {
  readonly name: string;
  /** One sample's shape. */
  readonly shape: readonly number[];
}

/** One use of a layer. `from`: indices among inputs, then nodes. */
export interface NodeSpec {
  /** The layer's name; a shared layer has the same at each of its uses. */
  readonly name: string;
  readonly layer: Layer;
  readonly from: readonly number[];
}

/** In topological order: a node comes after what it takes. */
export interface Graph {
  readonly inputs: readonly InputSpec[];
  readonly nodes: readonly NodeSpec[];
  /** Indices of the outputs, as `from`. */
  readonly outputs: readonly number[];
}

function toShape(who: string, shape: number | readonly number[]): readonly number[] {
  const list = typeof shape === "number" ? [shape] : shape;
  if (!Array.isArray(list) || list.length === 0 || list.length > MOST_DIMENSIONS)
    throw new OptionError(`${who} is ${shown(shape)}, expected a number of features or a shape of at most ${MOST_DIMENSIONS} dimensions`);
  for (const size of list) checkCount(who, size);
  return [...list];
}

/** An input of a network, to call layers with: `const x = input(784); const y = dense(10)(dense(64)(x))`.
 *  @param shape of one sample: its number of features, or `[..., features]` */
export function input(shape: number | readonly number[], options: { readonly name?: string | undefined } = {}): Node {
  checkOptions("input", options, ["name"]);
  const { name } = options;
  if (name !== undefined) checkText("input: name", name);
  return { from: [], shape: toShape("input", shape), ...(name !== undefined && { name }) };
}

/** A chain of layers after one input. */
export function chain(shape: number | readonly number[], layers: readonly Layer[]): Graph {
  if (!Array.isArray(layers)) throw new OptionError(`network: layers is ${shown(layers)}, expected an array of layers`);
  const root: Node = { from: [], shape: toShape("network: input", shape), name: "input" };
  let node = root;
  for (const [i, layer] of layers.entries()) {
    checkLayer(`network: layers[${i}]`, layer);
    node = { layer, from: [node] };
  }
  return trace([root], [node]);
}

/** What lies between inputs and outputs, in the order in which the outputs need it.
 *  @throws {OptionError} for outputs that need an input not given, inputs that nothing needs, names that are not unique, cycles */
export function trace(inputs: readonly Node[], outputs: readonly Node[]): Graph {
  if (outputs.length === 0) throw new OptionError("network: outputs is an empty array, expected a node, as dense(10)(x) makes it");
  const specs = inputs.map((node, i): InputSpec => {
    if (!Array.isArray(node?.shape)) throw new OptionError(`network: inputs[${i}] is ${shown(node)}, expected an input, as input(784)`);
    return { name: node.name ?? (inputs.length === 1 ? "input" : `input_${i + 1}`), shape: toShape("network: input", node.shape) };
  });
  const index = new Map<Node, number>(inputs.map((node, i) => [node, i]));
  const nodes: NodeSpec[] = [];
  const needed = new Set<Node>();
  const names = layerNames(
    "network",
    specs.map(({ name }) => name),
  );
  // Depth first without recursion, for which long chains are too deep. On the way: nodes that wait for what they take.
  const way: { readonly node: Node; taken: number }[] = [];
  const waiting = new Set<Node>();
  const enter = (node: Node, who: string): void => {
    needed.add(node);
    if (index.has(node)) return;
    if (!node || typeof node !== "object" || !Array.isArray(node.from))
      throw new OptionError(
        `${who} is ${shown(node)}, expected a node, as dense(10)(x) makes it${Array.isArray(node) ? "; several are given one by one, as concatenate()(a, b)" : ""}`,
      );
    if (!node.layer) {
      const known = specs.map(({ name }) => name).join(", ");
      const shape = isArrayOf(node.shape, (size) => typeof size === "number") ? ` of shape [${node.shape.join(", ")}]` : "";
      const which = node.name === undefined ? `an input${shape}` : `the input ${shown(node.name)}`;
      throw new OptionError(`${who} is ${which}, which is not among the network's inputs, ${known}; give it, too, as inputs: [a, b]`);
    }
    if (waiting.has(node)) throw new OptionError(`${who} needs that layer's own result, expected nodes without a cycle`);
    waiting.add(node);
    way.push({ node, taken: 0 });
  };
  const visit = (end: Node, who: string): number => {
    enter(end, who);
    for (let last = way.at(-1); last; last = way.at(-1)) {
      const { layer, from } = last.node;
      if (last.taken < from.length) {
        const i = last.taken++;
        enter(from[i]!, `network: input ${i} of ${layer!.name || layer!.kind}`);
        continue;
      }
      way.pop();
      waiting.delete(last.node);
      index.set(last.node, inputs.length + nodes.length);
      nodes.push({ name: names(layer!), layer: layer!, from: from.map((node) => index.get(node)!) });
    }
    return index.get(end)!;
  };
  const ends = outputs.map((node, i) => visit(node, `network: outputs[${i}]`));
  inputs.forEach((node, i) => {
    if (!needed.has(node)) throw new OptionError(`network: no output needs the input ${specs[i]!.name}`);
  });
  return { inputs: specs, nodes, outputs: ends };
}

/** Gives every layer a name of its own: the given one, or its kind with a number.
 *  @param who for messages @param others names that are taken, by inputs */
export function layerNames(who: string, others: readonly string[] = []): (layer: Layer) => string {
  /** By name what is said of it to the next that would have it. */
  const taken = new Map<unknown, string>();
  const take = (name: unknown, subject: string, said: string) => {
    const other = taken.get(name);
    if (typeof name !== "string" || name === "" || other)
      throw new OptionError(`${who}: ${subject} ${shown(name)}${other ? `, as ${other}` : ""}, expected a name of its own`);
    taken.set(name, said);
    return name;
  };
  for (const name of others) take(name, "an input is named", "an input is");
  const named = new Map<Layer, string>();
  const counts = new Map<string, number>();
  return (layer) => {
    const known = named.get(layer);
    if (known !== undefined) return known;
    const count = (counts.get(layer.kind) ?? 0) + 1;
    counts.set(layer.kind, count);
    const numbered = "a layer given no name is by its kind and number";
    const name =
      layer.name === "" ? take(`${layer.kind}_${count}`, numbered, numbered) : take(layer.name, "a layer is named", "another layer is");
    named.set(layer, name);
    return name;
  };
}
