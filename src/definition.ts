// From what users pass to `network()` to what is compiled. What of it a file holds is in formats/definition.ts.
import { type ArithmeticName, arithmetics } from "./arithmetic.js";
import { type BackendChoice, checkThreads, type ThreadChoice } from "./backends/backend.js";
import { checkOneOf, checkOptions, checkSeed, isRecord, shown } from "./checks.js";
import { build, checkParameters, type Definition, sizesOf } from "./compile.js";
import type { Ports } from "./data/data.js";
import { OptionError, ShapeError } from "./errors.js";
import { chain, type Graph, trace } from "./graph.js";
import type { Layer, Node } from "./layers/layer.js";
import { mismatch } from "./losses/predictions.js";
import type { Loss } from "./losses.js";
import { checkMetrics, type Metric, metricName } from "./metrics.js";
import { type Measured, Model } from "./model.js";
import { metricNames, type Objective, readsTruth } from "./objectives.js";
import { checkSavable, type Optimizer, sgd } from "./optimizers.js";
import { drawSeed } from "./random.js";

interface CommonOptions {
  /** default sgd() */
  readonly optimizer?: Optimizer | undefined;
  /** uint32: initial parameters, shuffling and dropout follow from it; drawn if not given, see `net.seed`. Who gives one wants the same
   *  numbers again: arithmetic is then strict unless asked otherwise. */
  readonly seed?: number | undefined;
  /** `auto` (default): WebAssembly, or JavaScript where WebAssembly is refused; by name: that one or an error */
  readonly backend?: BackendChoice | undefined;
  /** On how many threads `fit` trains; no bit depends on it. `auto` (default): as many as pay and can be had; a number: so many, or an
   *  error; among how many of them a small step's work is divided, `net.backend.reason` says. */
  readonly threads?: ThreadChoice | undefined;
  /** `strict`: every operation rounded once, the same bits on every backend, engine and machine. `relaxed`: faster where the engine has
   *  it, the same bits on one machine only. Default: strict with a `seed`, else the faster one; see `net.arithmetic`. */
  readonly arithmetic?: ArithmeticName | undefined;
}

/** A chain of layers. */
export interface ChainOptions extends CommonOptions {
  /** Shape of one sample: its number of features, or `[..., features]`. */
  readonly input: number | readonly number[];
  /** One takes what the one before it makes: `[dense(64, { activation: "relu" }), dense(10)]`. One that is in it twice has the same parameters
   *  at both places. */
  readonly layers: readonly Layer[];
  /** What training makes small, and what targets are: as `sparseCategoricalCrossEntropy({ fromLogits: true })` for class ids. */
  readonly loss: Loss;
  /** What else `fit` and `evaluate` report, by name or of your own by `customMetric`; default none. They do not change what is learnt. */
  readonly metrics?: readonly Metric[] | undefined;
}

/** Any graph of layers, in the functional form: `const x = input(4); const y = dense(3)(x)`. */
export interface GraphOptions extends CommonOptions {
  readonly inputs: Node | readonly Node[];
  readonly outputs: Node | readonly Node[];
  /** Of the only output, or one for each, by the outputs' names or in their order; the network's loss is their sum, each with its own `weight`. */
  readonly loss: Loss | readonly Loss[] | Readonly<Record<string, Loss>>;
  /** Of the only output, or by the outputs' names. */
  readonly metrics?: readonly Metric[] | Readonly<Record<string, readonly Metric[]>> | undefined;
}

export type NetworkOptions = ChainOptions | GraphOptions;

const chainOptions = ["input", "layers"];
const graphOptions = ["inputs", "outputs"];
const common = ["loss", "optimizer", "metrics", "seed", "backend", "threads", "arithmetic"];
export const networkOptionNames: readonly string[] = [...chainOptions, ...graphOptions, ...common];
export const backends = ["auto", "wasm", "js"] as const satisfies readonly BackendChoice[];

export interface Defined {
  readonly definition: Definition;
  readonly measured: Measured;
}

/** Checks everything that can be checked without memory for it.
 *  @throws {OptionError} an option out of range; {ShapeError} layers or losses that do not fit */
export function define(given: NetworkOptions): Defined {
  const form = formOf(given);
  checkOptions("network", given, [...form, ...common]);
  const { optimizer = sgd(), seed = drawSeed(), backend = "auto", threads = "auto", arithmetic } = given;
  checkSeed("network", seed);
  checkOneOf("network: backend", backend, backends);
  checkThreads("network: threads", threads);
  if (arithmetic !== undefined) checkOneOf("network: arithmetic", arithmetic, arithmetics);
  checkPart("network: optimizer", optimizer, ["emit", "factors"], "an optimizer, as adam()");
  checkSavable("network: optimizer", optimizer);

  const graph =
    form === graphOptions
      ? trace(listed((given as GraphOptions).inputs), listed((given as GraphOptions).outputs))
      : chain((given as ChainOptions).input, (given as ChainOptions).layers);
  // What is written once may serve many networks.
  return measure({ graph, objectives: objectivesOf(graph, given), optimizer: optimizer.fresh?.() ?? optimizer, seed });
}

/** What a network's form is given by. @throws {OptionError} two forms at once */
function formOf(given: unknown): readonly string[] {
  const has = (name: string) => isRecord(given) && given[name] !== undefined;
  if (!graphOptions.some(has)) return chainOptions;
  if (!chainOptions.some(has)) return graphOptions;
  const both = [...chainOptions, ...graphOptions].filter(has).join(", ");
  throw new OptionError(`network: got ${both}, expected input and layers, which are a chain, or inputs and outputs, which are a graph`);
}

function measure(definition: Definition): Defined {
  const measured = Model.measure(definition);
  definition.objectives.forEach(({ loss }, i) => {
    loss.check(measured.predictions[i]!);
  });
  // What the user's own parts do without training shows here, rather than in the middle of something.
  if (measured.askedTraining || definition.objectives.some(({ metrics }) => metrics.some((metric) => typeof metric !== "string"))) {
    const { parameters, predictions } = build(definition, "evaluate", sizesOf({ capacity: 1 }));
    checkParameters("evaluate", parameters, measured.parameters);
    predictions.forEach(({ shape }, i) => {
      const expected = measured.predictions[i]!;
      if (shape.join() !== expected.join())
        throw new ShapeError(
          `network: output ${i} has shape [${shape.join(", ")}] for each row to predict, expected [${expected.join(", ")}], as when it trains`,
        );
    });
  }
  return { definition, measured };
}

/** Where layers end in an activation that says what it makes. Of other ends it depends on the weights: a matrix of probabilities times
 *  probabilities makes probabilities.
 *  @throws {OptionError} predictions that their loss does not take */
export function checkPredictions({ definition, measured }: Defined): void {
  for (const [i, { name, loss }] of definition.objectives.entries()) {
    const wrong = mismatch(loss, measured.made[i]);
    if (wrong) throw new OptionError(`network: ${name}: ${wrong}`);
  }
}

/** One or several, up to the first hole, which is then undefined for checks to see: behind it may be billions. */
function listed<T>(given: T | readonly T[]): readonly T[] {
  if (!Array.isArray(given)) return [given as T];
  const list: T[] = [];
  for (const each of given as readonly T[]) {
    list.push(each);
    if (each === undefined) break;
  }
  return list;
}

/** The name of what a graph's output comes from. */
function outputName({ inputs, nodes, outputs }: Graph, output: number): string {
  const index = outputs[output]!;
  return index < inputs.length ? inputs[index]!.name : nodes[index - inputs.length]!.name;
}

function objectivesOf(graph: Graph, { loss, metrics = [] }: NetworkOptions): Objective[] {
  const names = graph.outputs.map((_, i) => outputName(graph, i));
  checkOutputNames(names);
  const losses = lossesOf(loss, names);
  if (losses.length !== names.length)
    throw new OptionError(
      `network: loss: got ${losses.length} for ${names.length} outputs (${names.join(", ")}), expected one for each: by name, as { ${names[0]}: … }, or in this order`,
    );
  const byName = isRecord(metrics) ? (metrics as Readonly<Record<string, readonly Metric[]>>) : undefined;
  if (byName) checkOptions("network: metrics", byName, names);
  else if (names.length > 1 && !(Array.isArray(metrics) && metrics.length === 0))
    throw new OptionError(`network: metrics: got ${shown(metrics)}, expected an object by output: ${names.join(", ")}`);
  const objectives = names.map((name, i) => {
    const loss = losses[i]!;
    checkPart(names.length === 1 ? "network: loss" : `network: loss[${i}]`, loss, lossFunctions, "a loss, as meanSquaredError()");
    const given = byName ? (Object.hasOwn(byName, name) ? byName[name] : undefined) : metrics;
    const chosen: unknown = given === undefined ? [] : given;
    checkMetrics(byName ? `network: metrics.${name}` : "network: metrics", chosen, loss);
    return { name, loss, metrics: [...chosen] };
  });
  checkMetricNames(objectives);
  return objectives;
}

const lossFunctions = ["emit", "scale", "check", "prepare"];

/** In the outputs' order. */
function lossesOf(given: NetworkOptions["loss"], names: readonly string[]): readonly Loss[] {
  if (Array.isArray(given)) return given;
  const isNamed = isRecord(given) && !lossFunctions.some((name) => typeof given[name] === "function");
  if (!isNamed || (names.length === 1 && !Object.hasOwn(given, names[0]!))) return [given as Loss];
  checkOptions("network: loss", given, names);
  return names.map((name) => {
    checkPart(`network: loss.${name}`, given[name], lossFunctions, "a loss, as meanSquaredError()");
    return given[name] as unknown as Loss;
  });
}

/** Both an output's name and a metric's may have dots in it: only what comes out of them must be unique. */
function checkMetricNames(objectives: readonly Objective[]): void {
  const reported = metricNames(objectives);
  const twice = reported.find((name, i) => reported.indexOf(name) !== i);
  if (twice === undefined) return;
  const both = objectives.flatMap(({ name, metrics }) =>
    ["loss", ...metrics.map(metricName)].flatMap((own) => (`${name}.${own}` === twice ? `${own} of ${name}` : [])),
  );
  throw new OptionError(
    `network: metrics: ${both.slice(0, 2).join(" and ")} would both be reported as ${twice}, <output>.<metric>, expected names of their own: name an output's layer or a metric otherwise`,
  );
}

/** Predictions, targets and metrics go by their output's name. */
function checkOutputNames(names: readonly string[]): void {
  for (const [i, name] of names.entries()) {
    const first = names.indexOf(name);
    if (first !== i)
      throw new OptionError(
        `network: outputs[${first}] and outputs[${i}] are both named ${name}, after the layer that makes them, expected names of their own: end one of them with another layer, as activation("linear", { name: "second" })(node)`,
      );
  }
}

/** Parts come from factories: what has the functions of one is one. */
function checkPart(who: string, part: unknown, functions: readonly string[], wanted: string): void {
  const good =
    part !== null && typeof part === "object" && functions.every((name) => typeof (part as Record<string, unknown>)[name] === "function");
  if (!good) throw new OptionError(`${who} is ${shown(part)}, expected ${wanted}`);
}

/** What data must look like. */
export function portsOf({ graph, objectives }: Definition, predictions: Measured["predictions"]): Ports {
  return {
    inputs: graph.inputs,
    outputs: objectives.map((objective, i) => ({
      name: objective.name,
      loss: objective.loss,
      shape: predictions[i]!,
      truth: readsTruth(objective),
    })),
  };
}
