// The facade. A Network holds its definition and its compiled model; everything given out is a copy, logical and unpadded.
import { arenas, type BackendChoice, type BackendInfo, openBackend } from "./backends/backend.js";
import { checkCount, checkOneOf, checkOptions, shown } from "./checks.js";
import type { Definition, Plan } from "./compile.js";
import { type Data, type Rows, type Samples, type Targets, toRows, toSamples } from "./data.js";
import { BackendError, FormatError, OptionError, ShapeError } from "./errors.js";
import { decode, encode } from "./formats/native.js";
import type { History } from "./history.js";
import type { Layer } from "./layers/layer.js";
import { restoreLayer } from "./layers/registry.js";
import { type Loss, restoreLoss } from "./losses.js";
import { checkMetrics, type MetricName } from "./metrics.js";
import { type Measured, Model } from "./model.js";
import { type Optimizer, restoreOptimizer, sgd } from "./optimizers.js";
import { explain } from "./plan/explain.js";
import { columns, product, type Tensor } from "./plan/tensor.js";
import { drawSeed } from "./random.js";
import { Sha256 } from "./sha256.js";
import { type Evaluation, evaluateSamples, readRecord, runBatch, SLICE } from "./single.js";
import { trainBatch } from "./steps.js";
import { summarize } from "./summary.js";
import { checkFit, type FitOptions, fit, type Position } from "./training.js";

export interface NetworkOptions {
  /** Shape of one sample: its number of features, or `[..., features]`. */
  readonly input: number | readonly number[];
  readonly layers: readonly Layer[];
  readonly loss: Loss;
  /** default sgd() */
  readonly optimizer?: Optimizer;
  readonly metrics?: readonly MetricName[];
  /** uint32: initial parameters, shuffling and dropout follow from it; drawn if not given, see `net.seed` */
  readonly seed?: number;
  /** `auto` (default): WebAssembly, or JavaScript where WebAssembly is refused; by name: that one or an error */
  readonly backend?: BackendChoice;
  /** every operation rounded once, the same bits everywhere; the only arithmetic so far */
  readonly arithmetic?: "strict";
}

export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export interface LayerTrace {
  readonly name: string;
  /** What went into the activation; absent in layers without one. `[batch, ...]` */
  readonly z?: NamedTensor;
  /** The layer's output. */
  readonly a: NamedTensor;
  /** dLoss/dz, or dLoss/da in layers without an activation. Absent where no parameter or input lies before it. */
  readonly delta?: NamedTensor;
  /** By the parameter's name within the layer, of loss and penalties. */
  readonly gradients: Readonly<Record<string, NamedTensor>>;
}

export interface Trace {
  readonly loss: number;
  readonly penalty: number;
  readonly layers: readonly LayerTrace[];
  /** dLoss/dx */
  readonly inputGradient: NamedTensor;
  readonly prediction: NamedTensor;
}

/** A network that can be trained. Made by `network()` or `loadNetwork()`. */
export class Network {
  private readonly position: Position = { step: 0, epoch: 0 };
  private fitting = false;
  private disposed = false;

  /** @internal */
  constructor(private readonly model: Model) {}

  /** What runs it, and why: `{ name: "wasm" | "js", build, threads, reason, steps }`; `steps` is counted inside the backend. */
  get backend(): BackendInfo {
    return this.model.region.backend;
  }

  /** How its numbers are rounded, and why. */
  get arithmetic(): { readonly name: "strict"; readonly reason: string } {
    return { name: "strict", reason: "every operation is rounded once and in a stated order: the same bits on every backend and machine" };
  }

  get seed(): number {
    return this.model.definition.seed;
  }

  /** Training steps done so far. */
  get steps(): number {
    return this.position.step;
  }

  /** Trains for `epochs` passes over the data; parameters change in place.
   *  @param data inputs `[n, features]`, targets `[n, columns]` (one-hot or values) or `[n]` (class ids)
   *  @returns per epoch: mean loss per row, metrics, validation, seconds
   *  @throws {ShapeError} data that does not fit, or is not finite; {OptionError} an option out of range, or a `fit` that runs already;
   *    {NonFiniteError} a loss, gradient or weight that is not finite: parameters are then as before that step */
  async fit(data: Data, options: FitOptions = {}): Promise<History> {
    this.assertIdle("fit");
    checkFit(options);
    const samples = this.samples("fit", data);
    const validation = options.validation === undefined ? undefined : this.samples("fit: validation", options.validation);
    this.fitting = true;
    try {
      return await fit(this.model, samples, validation, options, this.position);
    } finally {
      this.fitting = false;
    }
  }

  /** One step on one batch. @returns its loss before the update, penalties included */
  trainOnBatch(inputs: Rows, targets: Targets): number {
    this.assertIdle("trainOnBatch");
    return trainBatch(this.model, this.samples("trainOnBatch", { inputs, targets }), this.position);
  }

  /** @param inputs `[n, features]`, flat or as rows @returns `[n, outputs]`, flat */
  predict(inputs: Rows): Float32Array {
    this.assertAlive("predict");
    const { model } = this;
    const { input } = model.definition;
    const matrix = toRows("predict: inputs", inputs, product(input), `the network's input has ${product(input)}`);
    const width = product(model.outputShape);
    const out = new Float32Array(matrix.rows * width);
    for (let first = 0; first < matrix.rows; first += SLICE) {
      const count = Math.min(SLICE, matrix.rows - first);
      const plan = runBatch(model, "predict", { inputs: matrix }, first, count, 0, Math.min(SLICE, matrix.rows));
      out.set(model.readTensor(plan.prediction, plan.addresses.get(plan.prediction)!, count), first * width);
    }
    return out;
  }

  /** Mean loss over rows (penalties included) and metrics, without dropout. */
  evaluate(data: Data): Evaluation {
    this.assertAlive("evaluate");
    return evaluateSamples(this.model, this.samples("evaluate", data));
  }

  /** Gradient of the loss (penalties included) with respect to every parameter, by its name, as the next training step would have it
   *  before clipping. Nothing changes. */
  gradients(inputs: Rows, targets: Targets): Readonly<Record<string, NamedTensor>> {
    this.assertAlive("gradients");
    const samples = this.samples("gradients", { inputs, targets });
    const plan = runBatch(this.model, "trace", samples, 0, samples.rows, this.position.step + 1);
    return Object.fromEntries(
      plan.program.parameters.map((parameter) => {
        const gradient = this.named(plan, plan.program.gradients.get(parameter)!, samples.rows);
        return [parameter.name, { ...gradient, name: parameter.name }];
      }),
    );
  }

  /** Everything about one batch, as the next training step would compute it: each layer's z and a, the loss, each layer's delta and
   *  parameter gradients. For teaching and for finding mistakes; nothing changes. */
  trace(inputs: Rows, targets: Targets): Trace {
    this.assertAlive("trace");
    const samples = this.samples("trace", { inputs, targets });
    const plan = runBatch(this.model, "trace", samples, 0, samples.rows, this.position.step + 1);
    const read = (tensor: Tensor) => this.named(plan, tensor, samples.rows);
    const { gradients, layers } = plan.program;
    const { loss, penalty } = readRecord(this.model, plan, 0);
    return {
      loss: loss + penalty,
      penalty,
      layers: layers.map(({ name, output, preActivation, parameters }) => {
        const delta = gradients.get(preActivation ?? output);
        return {
          name,
          ...(preActivation && { z: read(preActivation) }),
          a: read(output),
          ...(delta && { delta: read(delta) }),
          gradients: Object.fromEntries(parameters.map((p) => [p.name.slice(name.length + 1), read(gradients.get(p)!)])),
        };
      }),
      inputGradient: read(gradients.get(plan.inputs)!),
      prediction: read(plan.prediction),
    };
  }

  /** Copies of all parameters, in the order they were made: `<layer>.weight` `[inputs, units]`, `<layer>.bias` `[units]`. */
  parameters(): NamedTensor[] {
    this.assertAlive("parameters");
    return this.model.parameters.map(({ tensor, address }) => ({
      name: tensor.name,
      shape: [...tensor.shape],
      values: this.model.readTensor(tensor, address, 0),
    }));
  }

  /** Sets some or all parameters, all of them or none. The optimizer's state stays.
   *  @throws {ShapeError} unknown or repeated names, other shapes, values that are not finite */
  setParameters(given: readonly { readonly name: string; readonly values: Rows; readonly shape?: readonly number[] }[]): void {
    this.assertIdle("setParameters");
    if (!Array.isArray(given)) throw new ShapeError(`setParameters: got ${shown(given)}, expected an array of { name, shape, values }`);
    const seen = new Set<string>();
    const writes = given.map((entry) => {
      const { name, values, shape } = entry ?? {};
      const parameter = this.model.parameters.find(({ tensor }) => tensor.name === name);
      if (!parameter) {
        const names = this.model.parameters.map(({ tensor }) => tensor.name).join(", ");
        throw new ShapeError(`setParameters: unknown name ${shown(name)}, expected one of: ${names}`);
      }
      if (seen.has(name)) throw new ShapeError(`setParameters: ${name} is given twice`);
      seen.add(name);
      const wanted = parameter.tensor.shape;
      if (shape !== undefined && String(shape) !== wanted.join())
        throw new ShapeError(
          `setParameters: ${name} has shape ${Array.isArray(shape) ? `[${shape.join(", ")}]` : shown(shape)}, expected [${wanted.join(", ")}]`,
        );
      const matrix = toRows(`setParameters: ${name}`, values, columns(parameter.tensor), `shape [${wanted.join(", ")}]`);
      const count = product(wanted);
      if (matrix.values.length !== count)
        throw new ShapeError(`setParameters: ${name} has ${matrix.values.length} values, expected ${count}, shape [${wanted.join(", ")}]`);
      return { parameter, values: matrix.values as Float32Array };
    });
    for (const { parameter, values } of writes) this.model.writeTensor(parameter.tensor, parameter.address, values);
  }

  /** SHA-256 (64 hexadecimal digits) over every parameter's name, shape and bytes (float32, little-endian), in order. */
  weightsHash(): string {
    this.assertAlive("weightsHash");
    const hash = new Sha256();
    const encoder = new TextEncoder();
    for (const { name, shape, values } of this.parameters()) {
      hash.update(encoder.encode(`${name}\0${shape.join(",")}\0`));
      hash.update(littleEndian(values));
    }
    return Array.from(hash.digest(), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  /** Layers, output shapes and parameter counts as a table of at most 80 columns. */
  summary(): string {
    return summarize(this.model);
  }

  /** The training plan for a batch of 32 rows, as text: every instruction, what it writes and reads. */
  explain(): string {
    this.assertAlive("explain");
    return explain(this.model.trainingProgram());
  }

  /** Bytes: of parameters (logical), of this network's region of memory, and of all memory that chainrule holds in this process. */
  memory(): { readonly parameters: number; readonly region: number; readonly process: number } {
    this.assertAlive("memory");
    const parameters = this.model.parameters.reduce((sum, { tensor }) => sum + product(tensor.shape) * 4, 0);
    return { parameters, region: this.model.region.bytes, process: arenas().bytes };
  }

  /** Definition and parameters as bytes of the native format; see `loadNetwork`. */
  save(): Uint8Array {
    this.assertAlive("save");
    const { input, layers, loss, optimizer, metrics, seed } = this.model.definition;
    return encode({
      definition: {
        input,
        layers: layers.map(({ kind, name, options }) => ({ kind, name, options })),
        loss: { type: loss.type, options: loss.options },
        optimizer: { type: optimizer.type, options: optimizer.options },
        metrics,
        seed,
        arithmetic: this.arithmetic.name,
      },
      parameters: this.parameters(),
    });
  }

  /** Gives the network's memory back at once; without it, memory comes back when the network is collected. May be called again. */
  dispose(): void {
    if (this.fitting) throw new OptionError("dispose: fit is running; stop it with its signal and await it first");
    this.disposed = true;
    this.model.region.dispose();
  }

  private samples(who: string, data: Data): Samples {
    const { input, loss } = this.model.definition;
    return toSamples(who, data, input, this.model.outputShape, loss);
  }

  private named(plan: Plan, tensor: Tensor, batchRows: number): NamedTensor {
    return {
      name: tensor.name,
      shape: tensor.batched ? [batchRows, ...tensor.shape] : [...tensor.shape],
      values: this.model.readTensor(tensor, plan.addresses.get(tensor)!, batchRows),
    };
  }

  private assertAlive(who: string): void {
    if (this.disposed) throw new OptionError(`${who}: the network has been disposed of`);
  }

  private assertIdle(who: string): void {
    this.assertAlive(who);
    if (this.fitting) throw new OptionError(`${who}: fit is running on this network; await it first`);
  }
}

function littleEndian(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    view.setFloat32(i * 4, value, true);
  });
  return bytes;
}

const options = ["input", "layers", "loss", "optimizer", "metrics", "seed", "backend", "arithmetic"];

/** Makes a network with initial parameters drawn from its seed.
 *  @example
 *  const net = await network({
 *    input: 784,
 *    layers: [dense(128, { activation: "relu" }), dense(10)],
 *    loss: categoricalCrossEntropy({ fromLogits: true }),
 *    optimizer: adam(),
 *    seed: 1,
 *  });
 *  @throws {OptionError} an option out of range; {ShapeError} layers or loss that do not fit; {BackendError} a backend that cannot run here */
export async function network(given: NetworkOptions): Promise<Network> {
  const { definition, measured } = define(given);
  const region = await (await openBackend(given.backend ?? "auto")).region(measured.bytes);
  const model = new Model(definition, region, measured);
  model.initialize();
  return new Network(model);
}

const backends = ["auto", "wasm", "js"] as const satisfies readonly BackendChoice[];

/** Checks everything that can be checked without memory for it. */
function define(given: NetworkOptions): { readonly definition: Definition; readonly measured: Measured } {
  checkOptions("network", given, options);
  const { optimizer = sgd(), metrics = [], seed = drawSeed(), backend = "auto", arithmetic = "strict" } = given;
  const input = typeof given.input === "number" ? [given.input] : given.input;
  if (!Array.isArray(input) || input.length === 0)
    throw new OptionError(`network: input is ${shown(given.input)}, expected a number of features or a shape`);
  for (const size of input) checkCount("network: input", size);
  checkCount("network: seed", seed, 0, 2 ** 32 - 1);
  checkOneOf("network: backend", backend, backends);
  checkOneOf("network: arithmetic", arithmetic, ["strict"]);
  checkPart("network: loss", given.loss, ["emit", "scale", "check"], "a loss, as meanSquaredError()");
  checkPart("network: optimizer", optimizer, ["emit", "factors"], "an optimizer, as adam()");
  checkMetrics(metrics, given.loss);

  const definition: Definition = {
    input: [...input],
    layers: named(given.layers),
    loss: given.loss,
    optimizer,
    metrics: [...metrics],
    seed,
  };
  const measured = Model.measure(definition);
  given.loss.check(measured.outputShape);
  return { definition, measured };
}

/** Parts come from factories: what has the functions of one is one. */
function checkPart(who: string, part: unknown, functions: readonly string[], wanted: string): void {
  const good =
    part !== null && typeof part === "object" && functions.every((name) => typeof (part as Record<string, unknown>)[name] === "function");
  if (!good) throw new OptionError(`${who} is ${shown(part)}, expected ${wanted}`);
}

/** Gives every layer a name of its own. */
function named(layers: readonly Layer[]): Definition["layers"] {
  if (!Array.isArray(layers)) throw new OptionError(`network: layers is ${shown(layers)}, expected an array of layers`);
  const counts = new Map<string, number>();
  const taken = new Set<string>();
  return layers.map((layer, i) => {
    checkPart(`network: layers[${i}]`, layer, ["apply"], "a layer, as dense(10)");
    const count = (counts.get(layer.kind) ?? 0) + 1;
    counts.set(layer.kind, count);
    const name = layer.name ?? `${layer.kind}_${count}`;
    if (typeof name !== "string" || name === "" || taken.has(name))
      throw new OptionError(`network: layers[${i}] is named ${shown(name)}, expected a name of its own`);
    taken.add(name);
    return { ...layer, name };
  });
}

export interface LoadOptions {
  /** as in `network()` */
  readonly backend?: BackendChoice;
}

/** What `save` writes; every field is checked by the factory that takes it. */
interface StoredDefinition {
  readonly input: readonly number[];
  readonly layers: readonly { readonly kind: string; readonly name: string; readonly options: Readonly<Record<string, unknown>> }[];
  readonly loss: { readonly type: string; readonly options: Readonly<Record<string, unknown>> };
  readonly optimizer: { readonly type: string; readonly options: Readonly<Record<string, unknown>> };
  readonly metrics: readonly MetricName[];
  readonly seed: number;
  readonly arithmetic: "strict";
}

/** Makes a network from what `net.save()` wrote: its parameters bit for bit, its optimizer's state at the beginning.
 *  @throws {FormatError} bytes that are no saved network, damaged, or of another version; {OptionError} an option out of range;
 *    {BackendError} a backend that cannot run here */
export async function loadNetwork(bytes: Uint8Array, options: LoadOptions = {}): Promise<Network> {
  checkOptions("loadNetwork", options, ["backend"]);
  const { backend = "auto" } = options;
  checkOneOf("loadNetwork: backend", backend, backends);
  const { definition, parameters } = decode(bytes);
  try {
    const { input, layers, loss, optimizer, metrics, seed, arithmetic } = definition as StoredDefinition;
    const restored: NetworkOptions = {
      input,
      layers: layers.map(({ kind, name, options }) => restoreLayer(kind, { ...options, name })),
      loss: restoreLoss(loss.type, loss.options),
      optimizer: restoreOptimizer(optimizer.type, optimizer.options),
      metrics,
      seed,
      arithmetic,
      backend,
    };
    // Before memory is asked for: what a file may claim is bounded by what it holds.
    const list = (tensors: readonly { readonly name: string; readonly shape: readonly number[] }[]) =>
      tensors.map(({ name, shape }) => `${name} [${shape.join(", ")}]`).join(", ");
    const expected = list(define(restored).measured.parameters.map(({ tensor }) => tensor));
    if (list(parameters) !== expected) throw new FormatError(`saved network: it holds ${list(parameters)}; its layers have ${expected}`);
    const net = await network(restored);
    net.setParameters(parameters);
    return net;
  } catch (cause) {
    if (cause instanceof FormatError || cause instanceof BackendError) throw cause;
    throw new FormatError(`saved network: ${(cause as Error).message}`, { cause });
  }
}
