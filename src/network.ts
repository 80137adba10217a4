// The facade. A Network holds its definition and its compiled model; everything given out is a copy, logical and unpadded.
import { type Arithmetic, type ArithmeticName, type ArithmeticWish, arithmetics, wishOf } from "./arithmetic.js";
import {
  arenas,
  type BackendChoice,
  type BackendInfo,
  checkPossible,
  checkThreads,
  openBackend,
  type ThreadChoice,
} from "./backends/backend.js";
import type { Callback } from "./callbacks.js";
import { checkBoolean, checkOneOf, checkOptions, shown } from "./checks.js";
import type { Plan } from "./compile.js";
import { type Data, type Ports, pickRows, type Rows, type Samples, toInputs, toRows, toSamples } from "./data.js";
import type { Dataset } from "./dataset/dataset.js";
import { type DataStream, type InputItem, isStream } from "./dataset/stream.js";
import { backends, type Defined, define, type NetworkOptions, portsOf, restore, type StoredDefinition, store } from "./definition.js";
import { BackendError, FormatError, OptionError, ShapeError } from "./errors.js";
import { Feed } from "./feed.js";
import { fit } from "./fit.js";
import { checkFit, type FitOptions } from "./fitOptions.js";
import { decode, encode, type StoredTraining } from "./formats/native.js";
import { type Health, healthOf } from "./health.js";
import type { History } from "./history.js";
import type { Custom } from "./layers/registry.js";
import { Model } from "./model.js";
import { explain } from "./plan/explain.js";
import { columns, product, type Tensor } from "./plan/tensor.js";
import { checkProfile, madeUp, type Profile, type ProfileOptions, profileOf } from "./profile.js";
import { inputsOf, tryStream } from "./reading.js";
import { type Pending, restoreTraining, resumeCallbacks, storeTraining, withoutState } from "./resume.js";
import { checkScalers, restoreScalers, type Scalers } from "./scalers.js";
import { Sha256 } from "./sha256.js";
import { type Evaluation, evaluateSamples, evaluateStream, lossOf, penaltyOf, runBatch, SLICE } from "./single.js";
import { trainBatch } from "./steps.js";
import { summarize } from "./summary.js";
import type { Position, Validate } from "./training.js";

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
  /** dLoss/dx of the first input, and of all by name. */
  readonly inputGradient: NamedTensor;
  readonly inputGradients: Readonly<Record<string, NamedTensor>>;
  /** The first output, and all by name. */
  readonly prediction: NamedTensor;
  readonly predictions: Readonly<Record<string, NamedTensor>>;
}

/** A network that can be trained. Made by `network()` or `loadNetwork()`. */
export class Network {
  private readonly position: Position = { step: 0, epoch: 0 };
  private fitting = false;
  /** Streams that `evaluate` is reading now. */
  private evaluating = 0;
  private callbacks: readonly Callback[] = [];
  private pending: Pending | undefined;
  private disposed = false;

  private readonly ports: Ports;

  /** @internal */
  constructor(
    private readonly model: Model,
    private readonly threads: ThreadChoice,
  ) {
    this.ports = portsOf(model.definition, model.predictions);
  }

  private ownScalers: Scalers = {};

  /** What its data is scaled with: those of the data set that `fit` was last given, of the file it was loaded from, or what you set. They
   *  are saved with it; `predict` takes and gives scaled numbers.
   *  @example const price = net.scalers.targets!.inverse(net.predict(net.scalers.inputs!.transform(rows)));
   *  @throws {OptionError} what is no scaler */
  get scalers(): Scalers {
    return this.ownScalers;
  }
  set scalers(scalers: Scalers) {
    checkScalers("scalers", scalers);
    this.ownScalers = { ...scalers };
  }

  /** What was saved beside the network with `save({ attach })`; saved again unless something else is attached. */
  attached: unknown;

  /** What runs it, and why: `{ name: "wasm" | "js", build, threads, revectorized, reason, steps }`; `steps` is counted inside the backend. */
  get backend(): BackendInfo {
    return this.model.region.backend;
  }

  /** How its numbers are rounded, and why: decided when it is made, saved with it, kept by load and resume. */
  get arithmetic(): Arithmetic {
    return this.model.region.arithmetic;
  }

  get seed(): number {
    return this.model.definition.seed;
  }

  /** Training steps done so far. */
  get steps(): number {
    return this.position.step;
  }

  /** Trains for `epochs` passes over the data; parameters change in place.
   *  @param data inputs `[n, features]`, targets `[n, columns]` (one-hot or values) or `[n]` (class ids); or `dataset.stream()`
   *  @returns per epoch: mean loss per row, metrics, validation, seconds
   *  @throws {ShapeError} data that does not fit, or is not finite; {OptionError} an option out of range, or a `fit` that runs already;
   *    {NonFiniteError} a loss, gradient or weight that is not finite: parameters are then as before that step */
  async fit(data: Data | DataStream, options: FitOptions = {}): Promise<History> {
    this.assertIdle("fit");
    checkFit(options);
    const samples = isStream(data) ? undefined : this.samples("fit", data);
    const callbacks = options.callbacks ?? [];
    if (options.resume && this.pending) resumeCallbacks(this.pending, callbacks);
    const { validation } = options;
    const validate = validation === undefined ? undefined : this.validation(validation);
    const { scalers } = data as Partial<Dataset>;
    if (scalers !== undefined) this.scalers = scalers;
    this.fitting = true;
    this.callbacks = callbacks;
    const { step } = this.position;
    let feed: Feed | undefined;
    try {
      if (isStream(validation)) await tryStream("fit: validation", validation, this.ports);
      if (isStream(data)) feed = await Feed.open(data, this.ports, this.seed);
      return await fit(
        this.model,
        feed ?? samples!,
        validate,
        options,
        this.position,
        {
          net: this,
          weights: () => this.model.weights(),
          setWeights: (copy) => this.model.setWeights(copy),
        },
        this.threads,
      );
    } finally {
      await feed?.close();
      this.fitting = false;
      this.model.region.rest();
      // A resume that was refused can be tried again.
      if (this.position.step !== step) this.pending = undefined;
    }
  }

  private validation(data: Data | DataStream): Validate {
    const { model } = this;
    if (isStream(data)) return () => evaluateStream("fit: validation", model, data, this.ports);
    const samples = this.samples("fit: validation", data);
    return () => evaluateSamples(model, samples);
  }

  /** One step on one batch. @returns its loss before the update, penalties included */
  trainOnBatch(inputs: Data["inputs"], targets: Data["targets"], sampleWeights?: Data["sampleWeights"]): number {
    this.assertIdle("trainOnBatch");
    return trainBatch(this.model, this.batch("trainOnBatch", inputs, targets, sampleWeights), this.position);
  }

  /** @param inputs `[n, features]`, flat or as rows; or a stream, whose targets, if it has any, are not looked at
   *  @returns `[n, outputs]`, flat; of a stream that of each of its items, in turn
   *  @example for await (const prices of net.predict(rows)) write(prices);
   *  @throws {OptionError} of a network with several outputs: that is `predictAll` */
  predict(inputs: Data["inputs"]): Float32Array;
  predict(inputs: DataStream<InputItem>): AsyncGenerator<Float32Array, void>;
  predict(inputs: Data["inputs"] | DataStream<InputItem>): Float32Array | AsyncGenerator<Float32Array, void> {
    const { outputs } = this.ports;
    if (outputs.length > 1)
      throw new OptionError(
        `predict: the network has ${outputs.length} outputs (${outputs.map(({ name }) => name).join(", ")}), take predictAll`,
      );
    return this.predictions("predict", inputs, ([only]) => only!);
  }

  /** Every output, flat, by its name. @param inputs the only input, or all by name; or a stream, as `predict` takes it */
  predictAll(inputs: Data["inputs"]): Readonly<Record<string, Float32Array>>;
  predictAll(inputs: DataStream<InputItem>): AsyncGenerator<Readonly<Record<string, Float32Array>>, void>;
  predictAll(
    inputs: Data["inputs"] | DataStream<InputItem>,
  ): Readonly<Record<string, Float32Array>> | AsyncGenerator<Readonly<Record<string, Float32Array>>, void> {
    const { outputs } = this.ports;
    return this.predictions("predictAll", inputs, (all) => Object.fromEntries(outputs.map(({ name }, i) => [name, all[i]!])));
  }

  /** @param give makes what the user gets of all outputs' predictions */
  private predictions<T>(
    who: string,
    inputs: Data["inputs"] | DataStream<InputItem>,
    give: (all: Float32Array[]) => T,
  ): T | AsyncGenerator<T, void> {
    this.assertAlive(who);
    if (isStream(inputs)) return this.predictStream(who, inputs, give);
    return give(this.predictSamples(toInputs(`${who}: inputs`, inputs as Data["inputs"], this.ports.inputs)));
  }

  private async *predictStream<T>(who: string, stream: DataStream<InputItem>, give: (all: Float32Array[]) => T): AsyncGenerator<T, void> {
    for await (const samples of inputsOf(who, stream, this.ports)) {
      this.assertAlive(who);
      yield give(this.predictSamples(samples));
    }
  }

  private predictSamples(samples: Samples): Float32Array[] {
    const { model } = this;
    const widths = model.predictions.map(product);
    const out = widths.map((width) => new Float32Array(samples.rows * width));
    for (let first = 0; first < samples.rows; first += SLICE) {
      const count = Math.min(SLICE, samples.rows - first);
      const plan = runBatch(model, "predict", samples, first, count, 0, Math.min(SLICE, samples.rows));
      plan.predictions.forEach((tensor, i) => {
        out[i]!.set(model.readTensor(tensor, plan.addresses.get(tensor)!, count), first * widths[i]!);
      });
    }
    return out;
  }

  /** Mean loss over rows (penalties included) and metrics, without dropout. A stream is read in its source's order, and gives the same as its
   *  rows in arrays.
   *  @throws {ShapeError} data that does not fit; {OptionError} if the network is trained while a stream is read */
  evaluate(data: Data): Evaluation;
  evaluate(data: DataStream): Promise<Evaluation>;
  evaluate(data: Data | DataStream): Evaluation | Promise<Evaluation> {
    this.assertAlive("evaluate");
    if (isStream(data)) return this.evaluateStream(data);
    return evaluateSamples(this.model, this.samples("evaluate", data));
  }

  private async evaluateStream(data: DataStream): Promise<Evaluation> {
    const { step } = this.position;
    this.evaluating += 1;
    try {
      return await evaluateStream("evaluate", this.model, data, this.ports, () => {
        this.assertAlive("evaluate");
        // A callback of a fit that goes on.
        if (this.position.step !== step)
          throw new OptionError("evaluate: the network was trained while the stream was read; await it first");
      });
    } finally {
      this.evaluating -= 1;
    }
  }

  /** Gradient of the loss (penalties included) with respect to every parameter, by its name, as the next training step would have it
   *  before clipping. Nothing changes. */
  gradients(
    inputs: Data["inputs"],
    targets: Data["targets"],
    sampleWeights?: Data["sampleWeights"],
  ): Readonly<Record<string, NamedTensor>> {
    this.assertAlive("gradients");
    const samples = this.batch("gradients", inputs, targets, sampleWeights);
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
  trace(inputs: Data["inputs"], targets: Data["targets"], sampleWeights?: Data["sampleWeights"]): Trace {
    this.assertAlive("trace");
    const samples = this.batch("trace", inputs, targets, sampleWeights);
    const plan = runBatch(this.model, "trace", samples, 0, samples.rows, this.position.step + 1);
    const read = (tensor: Tensor) => this.named(plan, tensor, samples.rows);
    const { gradients, layers } = plan.program;
    const views = this.model.region.views();
    const penalty = penaltyOf(plan, views, 0);
    const { inputs: ins, outputs } = this.ports;
    const inputGradients = Object.fromEntries(ins.map(({ name }, i) => [name, read(gradients.get(plan.feeds[i]!.staged)!)]));
    const predictions = Object.fromEntries(outputs.map(({ name }, i) => [name, read(plan.predictions[i]!)]));
    return {
      loss: lossOf(plan, views, 0) + penalty,
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
      inputGradient: inputGradients[ins[0]!.name]!,
      inputGradients,
      prediction: predictions[outputs[0]!.name]!,
      predictions,
    };
  }

  /** How it is doing on some data (the first 256 rows): by layer mean, deviation and zeros of activations and gradients, dead and
   *  constant units, and what of it looks like a mistake. `console.log(net.diagnose(data).summary)`. Nothing changes. */
  diagnose(data: Data): Health {
    this.assertAlive("diagnose");
    return healthOf(this.model, this.samples("diagnose", data), this.position.step + 1);
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

  /** Calls `body` with the moving average of the weights in their place, which the optimizer's option `ema` keeps; then puts the weights back.
   *  @example net.withAverage(() => net.evaluate(data))
   *  @throws {OptionError} without that option, or of a `body` that goes on after it has returned, as with streams */
  withAverage<T>(body: () => T): T {
    this.assertIdle("withAverage");
    const { model } = this;
    const slot = model.definition.optimizer.slots.indexOf("ema");
    if (slot < 0) throw new OptionError("withAverage: the optimizer keeps no average, give it the option ema: { decay: 0.999 }");
    const weights = model.weights();
    model.setWeights(model.slotSlab(slot));
    let result: T;
    try {
      result = body();
    } finally {
      model.setWeights(weights);
    }
    if (result instanceof Promise) result.catch(() => {}); // What it comes to is of the weights themselves.
    if (result instanceof Promise || isStreamed(result))
      throw new OptionError(
        "withAverage: body goes on after it has returned, when the average is gone; evaluate and predict data in memory",
      );
    return result;
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
    // State that begins as a copy of the parameters.
    if (this.position.step === 0) this.model.initializeState();
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

  /** Times every instruction of a training step, on one thread: `console.log(`${net.profile()}`)`. Takes half a second; nothing changes.
   *  @param data the step's rows, the first `batchSize` of it; default: made up, for speed does not depend on numbers
   *  @throws {OptionError} an option out of range, or while `fit` runs; {ShapeError} data that does not fit */
  profile(data?: Data, options: ProfileOptions = {}): Profile {
    this.assertIdle("profile");
    checkProfile(options);
    const { batchSize = 32 } = options;
    const samples = this.samples("profile", data ?? madeUp(this.ports, batchSize));
    if (options.batchSize !== undefined && samples.rows < batchSize)
      throw new ShapeError(`profile: the data has ${samples.rows} rows, fewer than batchSize, ${batchSize}`);
    const batch =
      samples.rows > batchSize
        ? pickRows(
            samples,
            Array.from({ length: batchSize }, (_, i) => i),
          )
        : samples;
    return profileOf(this.model, batch, this.position.step + 1, options);
  }

  /** Bytes: of parameters (logical), of this network's region of memory, and of all memory that chainrule holds in this process. */
  memory(): { readonly parameters: number; readonly region: number; readonly process: number } {
    this.assertAlive("memory");
    const parameters = this.model.parameters.reduce((sum, { tensor }) => sum + product(tensor.shape) * 4, 0);
    return { parameters, region: this.model.region.bytes, process: arenas().bytes };
  }

  /** Definition and parameters as bytes of the native format; see `loadNetwork`. With `training` also the optimizer's state, the position
   *  in the run and the callbacks' state: `fit({ resume: true })` of what is loaded goes on to the same bits. It may be called while
   *  `fit` runs, between its chunks: by a callback. */
  save(options: SaveOptions = {}): Uint8Array {
    this.assertAlive("save");
    checkOptions("save", options, ["training", "attach"]);
    const { training = false, attach = this.attached } = options;
    checkBoolean("save: training", training);
    return encode({
      definition: store(this.model.definition, this.arithmetic.name),
      parameters: this.parameters(),
      ...(training && { training: storeTraining(this.model, this.position, this.callbacks) }),
      ...(Object.keys(this.scalers).length > 0 && { scalers: this.scalers }),
      ...(attach !== undefined && { attached: attach }),
    });
  }

  /** The run that was interrupted, if one was: epochs it has finished, and callbacks whose state a saved file would not hold. */
  get interrupted(): { readonly epochs: number; readonly withoutState: readonly string[] } | undefined {
    const { interrupted } = this.position;
    return interrupted && { epochs: interrupted.epochs, withoutState: this.pending?.withoutState ?? withoutState(this.callbacks) };
  }

  /** @internal */
  takeUp(training: StoredTraining): void {
    this.pending = restoreTraining(this.model, this.position, training);
  }

  /** Gives the network's memory back at once; without it, memory comes back when the network is collected. May be called again. */
  dispose(): void {
    if (this.fitting) throw new OptionError("dispose: fit is running; stop it with its signal and await it first");
    this.disposed = true;
    this.model.region.dispose();
  }

  private samples(who: string, data: Data): Samples {
    if (isStream(data)) throw new OptionError(`${who}: got a stream, expected data in memory; fit, evaluate and predict take streams`);
    return toSamples(who, data, this.ports);
  }

  private batch(who: string, inputs: Data["inputs"], targets: Data["targets"], sampleWeights: Data["sampleWeights"]): Samples {
    return this.samples(who, { inputs, targets, ...(sampleWeights !== undefined && { sampleWeights }) });
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
    if (this.model.shared)
      throw new OptionError(`${who}: threads are at work on this network; await its fit, or call ${who} in a callback of fit`);
  }

  private assertIdle(who: string): void {
    this.assertAlive(who);
    if (this.fitting) throw new OptionError(`${who}: fit is running on this network; await it first`);
    if (this.evaluating > 0) throw new OptionError(`${who}: evaluate is reading a stream on this network; await it first`);
  }
}

function isStreamed(result: unknown): boolean {
  return result !== null && typeof result === "object" && Symbol.asyncIterator in result;
}

function littleEndian(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    view.setFloat32(i * 4, value, true);
  });
  return bytes;
}

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
  return make(define(given), given, wishOf(given.arithmetic, given.seed));
}

async function make(
  { definition, measured }: Defined,
  { backend = "auto", threads = "auto" }: Pick<NetworkOptions, "backend" | "threads">,
  wish: ArithmeticWish,
): Promise<Network> {
  const region = await (await openBackend(backend, wish)).region(measured.bytes);
  const model = new Model(definition, region, measured);
  try {
    checkPossible(region, threads);
    model.initialize();
  } catch (error) {
    region.dispose();
    throw error;
  }
  return new Network(model, threads);
}

export interface SaveOptions {
  /** default false */
  readonly training?: boolean;
  /** Anything else that belongs to the network, as JSON: names of classes, units. After loading it is `net.attached`. */
  readonly attach?: unknown;
}

export interface LoadOptions {
  /** as in `network()` */
  readonly backend?: BackendChoice;
  /** as in `network()` */
  readonly threads?: ThreadChoice;
  /** Default: the saved network's. `strict` takes a network that was trained in relaxed arithmetic to an engine that has none, to other
   *  numbers. */
  readonly arithmetic?: ArithmeticName;
  /** Your own layers, losses and activations: by name, a factory that takes the saved options. */
  readonly custom?: Custom;
}

/** Makes a network from what `net.save()` wrote: its parameters bit for bit, and with
 *  `training` its optimizer's state and the run to resume.
 *  @throws {FormatError} bytes that are no saved network, damaged, or of another version; {OptionError} an option out of range;
 *    {BackendError} a backend that cannot run here */
export async function loadNetwork(bytes: Uint8Array, options: LoadOptions = {}): Promise<Network> {
  checkOptions("loadNetwork", options, ["backend", "threads", "arithmetic", "custom"]);
  const { backend = "auto", threads = "auto", arithmetic, custom = {} } = options;
  checkOneOf("loadNetwork: backend", backend, backends);
  checkThreads("loadNetwork: threads", threads);
  if (
    custom === null ||
    typeof custom !== "object" ||
    Array.isArray(custom) ||
    Object.values(custom).some((make) => typeof make !== "function")
  )
    throw new OptionError(
      `loadNetwork: custom is ${shown(custom)}, expected an object of factories: { swiglu: (options) => swiglu(options) }`,
    );
  if (arithmetic !== undefined) checkOneOf("loadNetwork: arithmetic", arithmetic, arithmetics);
  const { definition, parameters, training, scalers, attached } = decode(bytes);
  try {
    const restored = restore(definition as StoredDefinition, custom);
    // Before memory is asked for: what a file may claim is bounded by what it holds.
    const list = (tensors: readonly { readonly name: string; readonly shape: readonly number[] }[]) =>
      tensors.map(({ name, shape }) => `${name} [${shape.join(", ")}]`).join(", ");
    const defined = define(restored);
    const expected = list(defined.measured.parameters.map(({ tensor }) => tensor));
    if (list(parameters) !== expected) throw new FormatError(`saved network: it holds ${list(parameters)}; its layers have ${expected}`);
    const saved: ArithmeticWish = { name: restored.arithmetic ?? "strict", reason: "the saved network's" };
    const net = await make(defined, { backend, threads }, arithmetic ? wishOf(arithmetic, undefined) : saved);
    net.setParameters(parameters);
    if (training) net.takeUp(training);
    if (scalers !== undefined) net.scalers = restoreScalers(scalers);
    net.attached = attached;
    return net;
  } catch (cause) {
    if (cause instanceof FormatError || cause instanceof BackendError) throw cause;
    throw new FormatError(`saved network: ${(cause as Error).message}`, { cause });
  }
}
