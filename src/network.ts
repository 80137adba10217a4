// The facade. A Network holds its definition and its compiled model, and says what may be done when; everything given out is a copy,
// logical and unpadded. How networks are made and loaded: make.ts. Long for its docstrings: what methods do is elsewhere.
import type { Arithmetic } from "./arithmetic.js";
import { arenas, type BackendInfo, type ThreadChoice } from "./backends/backend.js";
import { checkBoolean, checkFunction, checkOptions, checkPlain, isRecord } from "./checks.js";
import { checkToldApart, namesOf } from "./data/classes.js";
import { isDescribed } from "./data/collect.js";
import { checkData, type Data, type Ports, toInputs, toSamples } from "./data/data.js";
import { checkMeaning, inputsAlone, type Meaning, meaningOf } from "./data/meaning.js";
import { inputsOf } from "./data/reading.js";
import { pickRows, type Samples } from "./data/samples.js";
import { checkScalers, type Scalers } from "./data/scalers.js";
import { type DataStream, type InputItem, isStream } from "./data/stream.js";
import { portsOf } from "./definition.js";
import { OptionError, ShapeError } from "./errors.js";
import { store } from "./formats/definition.js";
import { encode, type StoredTraining } from "./formats/native.js";
import { type Health, healthOf } from "./inspect/health.js";
import { showText } from "./inspect/inspect.js";
import { completeProfile, madeUp, type Profile, type ProfileOptions, profileOf } from "./inspect/profile.js";
import { summarize } from "./inspect/summary.js";
import { gradientsOf, type Trace, traceOf } from "./inspect/trace.js";
import { Model } from "./model.js";
import { type GivenParameter, hashOf, type NamedTensor, parametersOf, setParameters, weightsWereSet } from "./parameters.js";
import { explain } from "./plan/explain.js";
import { product } from "./plan/tensor.js";
import { refuseAssignments } from "./settable.js";
import { type Evaluation, evaluateSamples, evaluateStream, predictSamples } from "./slices.js";
import { fit } from "./training/fit.js";
import type { FitOptions } from "./training/fitOptions.js";
import type { History } from "./training/history.js";
import { Online } from "./training/online.js";
import { leaveRun, type Position, untrained } from "./training/position.js";
import { restoreTraining, storeTraining, withoutState } from "./training/resume.js";

export interface SaveOptions {
  /** default false */
  readonly training?: boolean | undefined;
  /** Anything else that belongs to the network, as JSON: units, where the data is from. After loading it is `net.attached`. */
  readonly attach?: unknown | undefined;
}

/** A network that can be trained. Made by `network()` or `loadNetwork()`. */
export class Network {
  static {
    refuseAssignments(Network.prototype);
  }

  private readonly position: Position = untrained();
  private fitting = false;
  /** Streams that `evaluate` is reading now. */
  private evaluating = 0;
  /** Is the average in the weights' place? */
  private averaging = false;
  private disposed = false;

  private readonly ports: Ports;
  private readonly online: Online;

  /** @internal */
  static of(model: Model, threads: ThreadChoice): Network {
    return new Network(model, threads);
  }

  /** @throws {OptionError} called by who has another library's way in mind */
  private constructor(
    private readonly model: Model,
    private readonly threadChoice: ThreadChoice,
  ) {
    if (!(model instanceof Model))
      throw new OptionError("new Network: a network is made by `await network({ … })` or `await loadNetwork(bytes)`, without new");
    this.ports = portsOf(model.definition, model.predictions);
    this.online = new Online(model, this.position);
    // Without the memory that a disposed network no longer has, and that threads may be at work on.
    showText(this, () => summarize(model));
  }

  private readonly meaning: Meaning = { scalers: undefined, classes: undefined };

  /** What its data is scaled with: those of the scaled data set that `fit` was last given, of the file it was loaded from, or what you set. They
   *  are saved with it; `predict` takes and gives scaled numbers. Data sets that are not scaled are refused then, and by all but `fit` those
   *  scaled with others; arrays do not say it. `{ ...data, scalers: net.scalers }` says it of what was scaled by hand; `{}` takes any.
   *  @example const price = net.scalers.targets!.inverse(net.predict(net.scalers.inputs!.transform(rows)));
   *  @throws {OptionError} what is no scaler; {ShapeError} one of another width */
  get scalers(): Scalers {
    return this.meaning.scalers ?? {};
  }
  set scalers(scalers: Scalers) {
    checkScalers("scalers", scalers, this.ports);
    this.meaning.scalers = { ...scalers };
  }

  /** The names of its class ids, in their order: those of the data set that `fit` was given, of the file it was loaded from, or what you set.
   *  They are saved with it. Data sets of others are refused, whose ids would mean something else; undefined takes any.
   *  @example const said = argmax(net.predict(rows), 3).map((id) => net.classes![id]);
   *  const later = dataset(rows, { classes: net.classes }); // labels in any order become its ids
   *  @throws {OptionError} names that are none, or one twice; {ShapeError} more names than the only output tells apart */
  get classes(): readonly string[] | undefined {
    return this.meaning.classes;
  }
  set classes(classes: readonly string[] | undefined) {
    const names = classes === undefined ? undefined : namesOf("classes", classes);
    const { outputs } = this.ports;
    if (names && outputs.length === 1) checkToldApart("classes", names, outputs[0]!.shape, outputs[0]!.loss);
    this.meaning.classes = names;
  }

  /** What was saved beside the network with `save({ attach })`; saved again unless something else is attached. */
  attached: unknown;

  /** What runs it, and why: `{ name: "wasm" | "js", build, threads, revectorized, tile, reason, steps }`; `steps` is counted inside the backend. */
  get backend(): BackendInfo {
    return this.model.region.backend;
  }

  /** How its numbers are rounded, and why: decided when it is made, saved with it, kept by load and resume. */
  get arithmetic(): Arithmetic {
    return this.model.region.arithmetic;
  }

  /** Of its first values, dropout and shuffling: a whole number in [0, 2^32), drawn when the network was made without one. */
  get seed(): number {
    return this.model.definition.seed;
  }

  /** Training steps done so far. */
  get steps(): number {
    return this.position.step;
  }

  /** Trains for `epochs` passes over the data; parameters change in place.
   *  @param data inputs `[n, features]`, targets `[n, columns]` (one-hot or values) or `[n]` (class ids); or `dataset.stream()`. Typed arrays
   *    are read where they lie: keep them as they are until it has ended
   *  @returns per epoch: mean loss per row, metrics, validation, seconds
   *  @throws {ShapeError} data that does not fit, or is not finite, or of other classes than the network's, or not scaled where the network's
   *    is, or validation that is not scaled as data is; {OptionError} an option out of range, or a `fit` that runs already; {NonFiniteError} a
   *    loss, gradient or weight that is not finite: parameters are then as before that step */
  async fit(data: Data | DataStream, options: FitOptions = {}): Promise<History> {
    this.assertIdle("fit");
    const { model, ports, threadChoice: threads, position, meaning } = this;
    this.fitting = true;
    try {
      const assertReadable = (who: string) => this.assertAlive(who);
      const assertWritable = (who: string) => {
        this.assertAlive(who);
        this.assertOwnWeights(who);
      };
      return await fit({ net: this, model, ports, threads, position, meaning, assertReadable, assertWritable }, data, options);
    } finally {
      this.fitting = false;
    }
  }

  /** One step on one batch, all of whose rows may weigh 0; parameters change in place.
   *  @param inputs `[n, features]`, flat or as rows @param targets `[n, columns]` or class ids `[n]` @param sampleWeights `[n]`; each as in `fit`
   *  @returns its loss before the update, penalties included, in the loss's unit (cross-entropies: nats)
   *  @throws {ShapeError} a batch that does not fit; {OptionError} weights below 0, or while `fit` runs, `evaluate` reads a stream or `withAverage`
   *    is at work; {NonFiniteError} a loss, gradient or weight that is not finite: parameters are then as before */
  trainOnBatch(inputs: Data["inputs"], targets: Data["targets"], sampleWeights?: Data["sampleWeights"]): number {
    this.assertIdle("trainOnBatch");
    const loss = this.online.train(this.batch("trainOnBatch", inputs, targets, sampleWeights));
    leaveRun(this.position);
    return loss;
  }

  /** @param inputs `[n, features]`, flat or as rows; or a stream, whose targets, if it has any, are not looked at
   *  @returns `[n, outputs]`, flat; of a stream that of each of its items, in turn
   *  @example for await (const prices of net.predict(rows)) write(prices);
   *  @throws {OptionError} of a network with several outputs: that is `predictAll`; while `fit` has threads at work on it, which `threads: 1`
   *    prevents; {ShapeError} inputs that do not fit, or of another scale than the network's */
  predict(inputs: Data["inputs"]): Float32Array<ArrayBuffer>;
  predict(inputs: DataStream<InputItem>): AsyncGenerator<Float32Array<ArrayBuffer>, void>;
  predict(inputs: Data["inputs"] | DataStream<InputItem>): Float32Array<ArrayBuffer> | AsyncGenerator<Float32Array<ArrayBuffer>, void>;
  predict(inputs: Data["inputs"] | DataStream<InputItem>): Float32Array<ArrayBuffer> | AsyncGenerator<Float32Array<ArrayBuffer>, void> {
    const { outputs } = this.ports;
    if (outputs.length > 1)
      throw new OptionError(
        `predict: the network has ${outputs.length} outputs (${outputs.map(({ name }) => name).join(", ")}), take predictAll`,
      );
    return this.predictions("predict", inputs, ([only]) => only!);
  }

  /** Every output, flat, by its name. @param inputs the only input, or all by name; or a stream, as `predict` takes it */
  predictAll(inputs: Data["inputs"]): Readonly<Record<string, Float32Array<ArrayBuffer>>>;
  predictAll(inputs: DataStream<InputItem>): AsyncGenerator<Readonly<Record<string, Float32Array<ArrayBuffer>>>, void>;
  predictAll(
    inputs: Data["inputs"] | DataStream<InputItem>,
  ): Readonly<Record<string, Float32Array<ArrayBuffer>>> | AsyncGenerator<Readonly<Record<string, Float32Array<ArrayBuffer>>>, void>;
  predictAll(
    inputs: Data["inputs"] | DataStream<InputItem>,
  ): Readonly<Record<string, Float32Array<ArrayBuffer>>> | AsyncGenerator<Readonly<Record<string, Float32Array<ArrayBuffer>>>, void> {
    const { outputs } = this.ports;
    return this.predictions("predictAll", inputs, (all) => Object.fromEntries(outputs.map(({ name }, i) => [name, all[i]!])));
  }

  /** @param give makes what the user gets of all outputs' predictions */
  private predictions<T>(
    who: string,
    inputs: Data["inputs"] | DataStream<InputItem>,
    give: (all: Float32Array<ArrayBuffer>[]) => T,
  ): T | AsyncGenerator<T, void> {
    this.assertAlive(who);
    // It is read later, however soon that is.
    if (isStream(inputs) && this.averaging) throw goesOn();
    if (isStream(inputs)) return this.predictStream(who, inputs, give);
    // Data as a whole is none; if it is of another scale, its inputs would not say so.
    if (isRecord(inputs) && isDescribed(inputs)) checkMeaning(who, meaningOf(who, inputs), this.meaning, inputsAlone);
    return give(predictSamples(this.model, toInputs(`${who}: inputs`, inputs as Data["inputs"], this.ports.inputs)));
  }

  private async *predictStream<T>(
    who: string,
    stream: DataStream<InputItem>,
    give: (all: Float32Array<ArrayBuffer>[]) => T,
  ): AsyncGenerator<T, void> {
    const hear = (who: string, said: Meaning) => checkMeaning(who, said, this.meaning, inputsAlone);
    for await (const samples of inputsOf(who, stream, this.ports, hear)) {
      this.assertAlive(who);
      yield give(predictSamples(this.model, samples));
    }
  }

  /** Mean loss over rows (penalties included) and metrics, without dropout. A stream is read in its source's order, and gives the same as its
   *  rows in arrays.
   *  @throws {ShapeError} data that does not fit, or of other classes or another scale than the network's; {OptionError} if the network is changed
   *    while a stream is read; while `fit` has threads at work on it */
  evaluate(data: Data): Evaluation;
  evaluate(data: DataStream): Promise<Evaluation>;
  evaluate(data: Data | DataStream): Evaluation | Promise<Evaluation>;
  evaluate(data: Data | DataStream): Evaluation | Promise<Evaluation> {
    this.assertAlive("evaluate");
    if (isStream(data)) return this.evaluateStream(data);
    return evaluateSamples(this.model, this.samples("evaluate", data));
  }

  private async evaluateStream(data: DataStream): Promise<Evaluation> {
    const { step } = this.position;
    const { writes } = this.model;
    this.evaluating += 1;
    try {
      const hear = (who: string, said: Meaning) => checkMeaning(who, said, this.meaning);
      return await evaluateStream("evaluate", this.model, data, this.ports, hear, () => {
        this.assertAlive("evaluate");
        // By a callback of a fit that goes on, or ends with the best epoch's weights; or by a body of withAverage that does not wait.
        if (this.position.step !== step || this.model.writes !== writes)
          throw new OptionError("evaluate: the network was changed while the stream was read; await it first");
      });
    } finally {
      this.evaluating -= 1;
    }
  }

  /** Gradient of the loss (penalties included) with respect to every parameter, by its name and of its shape, as the next training step
   *  would have it before clipping, be it finite or not. Nothing changes. The batch is as in `trainOnBatch`.
   *  @throws {ShapeError} a batch that does not fit; {OptionError} weights below 0 */
  gradients(
    inputs: Data["inputs"],
    targets: Data["targets"],
    sampleWeights?: Data["sampleWeights"],
  ): Readonly<Record<string, NamedTensor>> {
    this.assertAlive("gradients");
    return gradientsOf(this.model, this.batch("gradients", inputs, targets, sampleWeights), this.position.step + 1);
  }

  /** Everything about one batch, as the next training step would compute it: each layer's z and a, the loss, each layer's delta and
   *  parameter gradients, also of layers within layers. For teaching and for finding mistakes: `console.log` of it shows it all,
   *  of large tensors their shapes, ranges and first numbers. Nothing changes. The batch is as in `trainOnBatch`.
   *  @returns z, a and delta `[n, ..., units]`, parameter gradients in their parameters' shapes, be they finite or not
   *  @throws {ShapeError} a batch that does not fit; {OptionError} weights below 0 */
  trace(inputs: Data["inputs"], targets: Data["targets"], sampleWeights?: Data["sampleWeights"]): Trace {
    this.assertAlive("trace");
    return traceOf(this.model, this.ports, this.batch("trace", inputs, targets, sampleWeights), this.position.step + 1);
  }

  /** How it is doing on some data (the first 256 rows): by layer mean, deviation and zeros of activations and gradients, dead and
   *  constant units, and what of it looks like a mistake. `console.log(net.diagnose(data).summary)`. Nothing changes.
   *  @param data as `fit` takes it, in memory
   *  @throws {ShapeError} data that does not fit, or of other classes or another scale than the network's; {OptionError} a stream, or weights that
   *    are below 0 or all 0 */
  diagnose(data: Data): Health {
    this.assertAlive("diagnose");
    return healthOf(this.model, this.samples("diagnose", data), this.position.step + 1);
  }

  /** Copies of all parameters, float32, in the order they were made: `<layer>.weight` `[inputs, units]`, `<layer>.bias` `[units]`.
   *  @throws {OptionError} of a network that has been disposed of, or while threads are at work on it */
  parameters(): NamedTensor[] {
    this.assertAlive("parameters");
    return parametersOf(this.model);
  }

  /** Calls `body` with the moving average of the weights in their place, which the optimizer's option `ema` keeps; then puts the weights back.
   *  Callbacks of `fit` may call it, too.
   *  @example net.withAverage(() => net.evaluate(data))
   *  @throws {OptionError} without that option, or of a `body` that goes on after it has returned, as with streams; within `body` all that
   *    would change the network, and `save` with `training`: without it, it saves the average */
  withAverage<T>(body: () => T): T {
    this.assertUnread("withAverage");
    checkFunction("withAverage: body", body);
    const { model } = this;
    const slot = model.definition.optimizer.averageSlot;
    if (slot === undefined) throw new OptionError("withAverage: the optimizer keeps no average, give it the option ema: { decay: 0.999 }");
    const weights = model.weights();
    model.setWeights(model.slotSlab(slot));
    this.averaging = true;
    let result: T;
    try {
      result = body();
    } finally {
      this.averaging = false;
      model.setWeights(weights);
    }
    if (result instanceof Promise) result.catch(() => {}); // What it comes to is of the weights themselves.
    if (result instanceof Promise || isStreamed(result)) throw goesOn();
    return result;
  }

  /** Sets some or all parameters, all of them or none. The optimizer's state stays.
   *  @throws {ShapeError} unknown or repeated names, other shapes, values that are not finite */
  setParameters(given: readonly GivenParameter[]): void {
    this.assertIdle("setParameters");
    setParameters(this.model, given);
    weightsWereSet(this.model, this.position);
  }

  /** SHA-256 (64 hexadecimal digits) over every parameter's name, shape and bytes (float32, little-endian), in order.
   *  @throws {OptionError} as `parameters` */
  weightsHash(): string {
    this.assertAlive("weightsHash");
    return hashOf(this.parameters());
  }

  /** As a table of at most 80 columns: layers, those within them indented, their activations, output shapes and parameter counts, in a graph
   *  what each takes; and what trains them. `console.log(net)` shows it, too, in browsers `${net}`. */
  summary(): string {
    this.assertAlive("summary");
    return summarize(this.model);
  }

  /** The training plan for a batch of 32 rows, as text: every instruction, what it writes and reads. */
  explain(): string {
    this.assertAlive("explain");
    return explain(this.model.trainingProgram());
  }

  /** Times every instruction of a training step, on one thread: `console.log(`${net.profile()}`)`. Takes half a second; nothing changes.
   *  @param data the step's rows, the first `batchSize` of it; default: made up, for speed does not depend on numbers
   *  @throws {OptionError} an option out of range, or while `fit` runs; {ShapeError} data that does not fit; {BackendError} a clock that
   *    stands still while code runs, as in Cloudflare Workers */
  profile(data?: Data, options: ProfileOptions = {}): Profile {
    this.assertIdle("profile");
    const { batchSize, milliseconds } = completeProfile(options);
    // Before so many rows are made up: memory for them may be refused.
    if (data === undefined) this.model.plan("train", { capacity: batchSize });
    const samples = this.samples("profile", data === undefined ? madeUp(this.ports, batchSize) : data);
    if (options.batchSize !== undefined && samples.rows < batchSize)
      throw new ShapeError(`profile: the data has ${samples.rows} rows, fewer than batchSize, ${batchSize}`);
    const batch =
      samples.rows > batchSize
        ? pickRows(
            samples,
            Array.from({ length: batchSize }, (_, i) => i),
          )
        : samples;
    return profileOf(this.model, batch, this.position.step + 1, milliseconds);
  }

  /** Bytes: of parameters (logical), of this network's region of memory, and of all memory that chainrule holds in this process. */
  memory(): { readonly parameters: number; readonly region: number; readonly process: number } {
    this.assertAlive("memory");
    const parameters = this.model.parameters.reduce((sum, { tensor }) => sum + product(tensor.shape) * 4, 0);
    return { parameters, region: this.model.region.bytes, process: arenas().bytes };
  }

  /** Definition and parameters as bytes of the native format; see `loadNetwork`. With `training` also the optimizer's state, the position
   *  in the run and the callbacks' state: `fit({ resume: true })` of what is loaded goes on to the same bits. It may be called while
   *  `fit` runs, between its chunks: by fit's `onEpochEnd` or `onProgress`, or by a callback's `onChunkEnd`; in a callback's `onEpochEnd` those
   *  after it have yet to see the epoch, which what is loaded does not show them.
   *  @throws {OptionError} what `attach` cannot hold; with `training`, within `withAverage` */
  save(options: SaveOptions = {}): Uint8Array<ArrayBuffer> {
    this.assertAlive("save");
    checkOptions("save", options, ["training", "attach"]);
    const { training = false, attach = this.attached } = options;
    checkBoolean("save: training", training);
    // The optimizer's state is that of the weights.
    if (training) this.assertOwnWeights("save with training");
    if (attach !== undefined) checkPlain("save: attach", attach);
    return encode({
      definition: store(this.model.definition, this.arithmetic.name),
      parameters: this.parameters(),
      ...(training && { training: storeTraining(this.model, this.position) }),
      ...this.meaning,
      ...(attach !== undefined && { attached: attach }),
    });
  }

  /** For `JSON.stringify(net)`, which would write of a network what it has inside, and no weights.
   *  @throws {OptionError} always: take `save()`, `parameters()` or `toSafetensors` */
  toJSON(): never {
    throw new OptionError(
      "toJSON: a network is not saved as JSON: net.save() makes bytes, which loadNetwork(bytes) takes; net.parameters() gives the weights as numbers",
    );
  }

  /** The run that was interrupted, if one was: epochs it has finished, and callbacks whose state a saved file would not hold. */
  get interrupted(): { readonly epochs: number; readonly withoutState: readonly string[] } | undefined {
    const { interrupted, callbacks } = this.position;
    return interrupted && { epochs: interrupted === "unbegun" ? 0 : interrupted.epochs, withoutState: withoutState(callbacks) };
  }

  /** @internal */
  takeUp(training: StoredTraining): void {
    restoreTraining(this.model, this.position, training);
  }

  /** Gives the network's memory back at once; without it, memory comes back when the network is collected. May be called again. */
  dispose(): void {
    if (this.fitting)
      throw new OptionError("dispose: fit is running; stop it with its signal, and call dispose when it has ended, not in its callbacks");
    this.assertOwnWeights("dispose");
    this.disposed = true;
    this.model.region.dispose();
  }

  private samples(who: string, data: Data): Samples {
    if (isStream(data)) throw new OptionError(`${who}: got a stream, expected data in memory; fit, evaluate and predict take streams`);
    checkData(who, data);
    checkMeaning(who, meaningOf(who, data), this.meaning);
    return toSamples(who, data, this.ports);
  }

  private batch(who: string, inputs: Data["inputs"], targets: Data["targets"], sampleWeights: Data["sampleWeights"]): Samples {
    // As fit's batches, it may be one of which nothing counts.
    return toSamples(who, { inputs, targets, ...(sampleWeights !== undefined && { sampleWeights }) }, this.ports, { part: true });
  }

  /** @internal */
  assertAlive(who: string): void {
    if (this.disposed) throw new OptionError(`${who}: the network has been disposed of`);
    if (this.model.shared)
      throw new OptionError(
        `${who}: threads are at work on this network; await its fit, or call ${who} in a callback of fit; with network({ threads: 1 }) it may be called at any time`,
      );
  }

  /** Of all that would change it. @internal */
  assertIdle(who: string): void {
    // Threads or none: to what may be called in callbacks this does not belong, and a callback that awaited its fit would wait for ever.
    if (this.fitting) throw new OptionError(`${who}: fit is running on this network; call ${who} when it has ended, not in its callbacks`);
    this.assertUnread(who);
  }

  private assertUnread(who: string): void {
    this.assertAlive(who);
    if (this.evaluating > 0) throw new OptionError(`${who}: evaluate is reading a stream on this network; await it first`);
    this.assertOwnWeights(who);
  }

  private assertOwnWeights(who: string): void {
    if (this.averaging) throw new OptionError(`${who}: withAverage has the average in the weights' place; call ${who} after it`);
  }
}

const goesOn = () =>
  new OptionError("withAverage: body goes on after it has returned, when the average is gone; evaluate and predict data in memory");

function isStreamed(result: unknown): boolean {
  return result !== null && typeof result === "object" && Symbol.asyncIterator in result;
}
