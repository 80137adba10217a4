// Training in chunks of steps, between which the event loop turns and callbacks act. A chunk is one or several calls into the backend, spans
// epochs and ends early only where JavaScript must act; how long either is never changes a bit.
import { Step } from "../../assembly/opcodes.js";
import { shareRegion, type ThreadChoice } from "../backends/backend.js";
import { checkKept, type Samples, weightedOutputs } from "../data/samples.js";
import type { Model } from "../model.js";
import { metricNames } from "../objectives.js";
import { parameterNorms } from "../parameters.js";
import { costOf } from "../plan/cost.js";
import type { LoadedPlan } from "../plans.js";
import { isObserver } from "../schedules/plateau.js";
import { countedByMetric, stage } from "../single.js";
import type { Evaluation } from "../slices.js";
import { Sums } from "../sums.js";
import { Batches } from "./batches.js";
import { type CompleteFit, type Progress, seesEpochs } from "./fitOptions.js";
import { EpochLog } from "./history.js";
import { Pace } from "./pace.js";
import { type Position, resumed } from "./position.js";
import { type Savepoint, savepointOf } from "./savepoint.js";
import { type Call, runSteps, runStepsShared } from "./steps.js";
import { StreamRows } from "./streamRows.js";
import { Trials } from "./trials.js";

/** Data up to this size is staged once and stays for the whole run; larger data is staged chunk by chunk, as many bytes at most. */
const STAGED_BYTES = 16 * 2 ** 20;
/** Steps of one call into the backend, at most: their records, 64 bytes each and more, are written, run and read while they are in L1. */
const MOST_STEPS = 512;

/** Evaluates the validation data as the network is now. @param milliseconds after which the event loop is to turn */
export type Validate = (milliseconds: number) => Promise<Evaluation>;

/** One run of `fit`: where it is, and its next chunk of steps. */
export class Training {
  readonly epochs: EpochLog;
  private readonly batches: Batches;
  private plan: LoadedPlan;
  private readonly savepoint: Savepoint;
  /** Claims the model's transient memory and its savepoint, for longer than the run: not the run itself, with the data. */
  private readonly claimant = {};
  /** Threads among which a step's work is divided; undefined: there is this one only. */
  private sharers: number | undefined;
  /** Whether that pays, where nobody has asked for a number. */
  private trials: Trials | undefined;
  private readonly resident: boolean;
  /** All epochs go through the staged rows in the same order, which is staged with them. */
  private readonly inOrder: boolean;
  private counted: readonly number[];
  /** Of the first epoch that is not closed: what its steps have added up to, and the seconds they took. */
  private readonly sums: Sums;
  private seconds = 0;
  /** Epochs are counted from the run's first, also where it was resumed; this is the first of this call. */
  readonly firstEpoch: number;
  /** Number of the run's first epoch since the network's first, the counter of shuffling. */
  private readonly globalEpoch: number;
  /** Steps of the run that are done. */
  private done: number;
  /** Of a stream: which row of its epoch the first of `samples` is, and how many steps they are for. */
  private base = 0;
  private loaded: number | undefined;
  private waited = 0;
  private readonly pace = new Pace();
  /** Does something act at each epoch's end, or does a reading of the data end with it? Then no chunk goes beyond it. */
  private readonly endsWithEpoch: boolean;
  /** Of the parameters when the run began, for messages. */
  private readonly norms: readonly number[];
  private readonly feed: StreamRows | undefined;
  /** All rows; of a stream those of the next steps. */
  private samples: Samples;

  constructor(
    private readonly model: Model,
    data: Samples | StreamRows,
    private readonly validate: Validate | undefined,
    private readonly options: CompleteFit,
    private readonly position: Position,
  ) {
    const { epochs, batchSize, shuffle } = options;
    const feed = data instanceof StreamRows ? data : undefined;
    const samples = data instanceof StreamRows ? data.form : data;
    this.feed = feed;
    this.samples = samples;
    const { optimizer, seed, objectives } = model.definition;
    this.endsWithEpoch = feed !== undefined || validate !== undefined || isObserver(optimizer.schedule) || seesEpochs(options);
    this.epochs = new EpochLog(metricNames(objectives), epochs);
    const rows = feed?.rows ?? samples.rows;
    const size = Math.min(batchSize, rows);
    const same = { rows, batchSize: size, shuffle, shuffleBuffer: feed?.shuffleBuffer };
    const from = options.resume ? resumed(position, same, epochs) : undefined;
    this.firstEpoch = from?.epochs ?? 0;
    this.globalEpoch = position.epoch - this.firstEpoch;
    const shuffled = !feed && shuffle && size < rows;
    this.batches = new Batches(rows, size, shuffled ? { seed, firstEpoch: this.globalEpoch } : undefined);
    const { perEpoch } = this.batches;
    this.done = this.firstEpoch * perEpoch + Math.ceil((from?.begin ?? 0) / size);
    // A schedule that is too short says so now, not in the last epoch.
    optimizer.schedule.rate(position.step - this.done + epochs * perEpoch - 1);
    const rowBytes = samples.feeds.reduce((sum, { width }) => sum + (width + 4) * 4, 0);
    const fitting = Math.max(size, Math.floor(STAGED_BYTES / rowBytes));
    this.resident = !feed && rows <= fitting;
    this.inOrder = this.resident && !shuffled;
    const steps = Math.min(MOST_STEPS, perEpoch * epochs);
    const chosen = this.inOrder ? rows : Math.max(size, Math.min(steps * size, this.resident ? 2 ** 20 : fitting));
    const dataRows = this.resident ? rows : chosen;
    // All rows in their order are a batch as they are staged.
    const orderRows = this.inOrder && size === rows ? 0 : chosen;
    this.plan = model.plan("train", { capacity: size, dataRows, orderRows, steps }, weightedOutputs(samples));
    this.sums = new Sums(model.definition, from);
    this.counted = countedByMetric(model, samples);
    this.norms = parameterNorms(model);
    this.savepoint = savepointOf(model);
    // So that what is stopped, or saved, before the first step can be resumed too.
    if (!options.resume) this.keepPosition();
  }

  /** Gets ready to run on so many threads.
   *  @throws {BackendError} a number was asked for, and there can be one thread only */
  async share(choice: ThreadChoice): Promise<void> {
    const { model, plan } = this;
    const steps = (this.options.epochs - this.firstEpoch) * this.batches.perEpoch;
    const flops = () => plan.program.instructions.reduce((sum, instruction) => sum + costOf(instruction, this.batches.size).flops, 0);
    const sharers = await shareRegion(model.region, choice, () => ({ flops: flops(), steps }));
    if (sharers === undefined) return;
    this.plan = model.plan("train", { ...plan.sizes, threads: sharers }, plan.weighted);
    this.sharers = sharers;
    if (choice === "auto") this.trials = new Trials();
  }

  get finished(): boolean {
    return this.closed >= this.options.epochs;
  }

  /** Epochs of the run that are closed: reported, validated, seen by the schedule. */
  private get closed(): number {
    return this.firstEpoch + this.epochs.length;
  }

  /** Rows of the first epoch that is not closed that were used: all of them while it waits to be closed. */
  private get used(): number {
    return this.batches.rowsBefore(this.done) - this.closed * this.batches.rows;
  }

  /** Steps of the next call: as many as so many seconds and memory allow, to the epoch's end where something follows it. */
  private choose(seconds: number): number {
    const end = this.endsWithEpoch ? this.closed + 1 : this.options.epochs;
    const left = end * this.batches.perEpoch - this.done;
    return Math.min(this.pace.stepsIn(seconds), left, this.fitting, this.trials?.most ?? Number.POSITIVE_INFINITY);
  }

  /** Steps that there is room for at once. */
  private get fitting(): number {
    const { dataRows, orderRows, steps } = this.plan.sizes;
    const rows = this.inOrder ? Number.POSITIVE_INFINITY : this.resident ? orderRows : Math.min(orderRows, dataRows);
    return Math.min(steps, Math.floor(rows / this.batches.size));
  }

  /** Reads the rows of a stream's next steps; those that a resumed run has used are read over. */
  private async load(feed: StreamRows, seconds: number): Promise<void> {
    const begun = performance.now();
    this.loaded = Math.max(1, this.choose(seconds));
    const begin = this.used;
    const end = Math.min(begin + this.loaded * this.batches.size, this.batches.rows);
    const number = this.globalEpoch + this.closed;
    for (let at = feed.position(number); at < end; at += this.samples.rows) {
      const most = this.plan.sizes.dataRows;
      this.samples = await feed.take(number, at < begin ? Math.min(most, begin - at) : end - begin);
      const more = countedByMetric(this.model, this.samples);
      this.counted = this.counted.map((count, i) => count + more[i]!);
    }
    this.base = begin;
    this.waited = (performance.now() - begun) / 1000;
  }

  /** Runs the next steps, then closes the epoch if it ends with them; nothing but that, where a resumed run's last steps were an epoch's, whose
   *  validation failed.
   *  @param runs under way at the same time: the event loop turns once for a chunk of each, so that they share its time
   *  @returns the epochs that ended, how many steps were done, and what ended the chunk early */
  async chunk(runs: number): Promise<{
    readonly ended: { readonly begin: number; readonly end: number };
    readonly steps: number;
    readonly failure?: () => Error;
  }> {
    const { closed: begin, done } = this;
    const seconds = this.options.chunkMilliseconds / 1000 / runs;
    const { rows } = this.batches;
    if (this.feed) await this.load(this.feed, seconds);
    const failure = this.used < rows ? await this.run(seconds) : undefined;
    if (this.used === rows) {
      const validation = await this.validate?.(seconds * 1000);
      this.closeEpoch();
      if (validation) this.epochs.validate(validation);
      this.observe();
      this.keepPosition();
    }
    return { ended: { begin, end: this.closed }, steps: this.done - done, ...(failure && { failure }) };
  }

  /** A chunk's calls: of a stream one, for the rows it has given. */
  private async run(seconds: number): Promise<(() => Error) | undefined> {
    checkKept("fit", this.samples);
    const begun = performance.now();
    try {
      let steps = this.loaded ?? Math.max(1, this.choose(seconds));
      do {
        // Also what is thrown: the calls before it count, and their epochs are reported.
        const failure = await this.call(steps).catch((error: Error) => () => error);
        if (failure) return failure;
        const elapsed = (performance.now() - begun) / 1000;
        // The clocks of some runtimes stand still until the event loop turns.
        steps = this.feed || elapsed === 0 ? 0 : this.choose(seconds - elapsed);
      } while (steps > 0);
      return undefined;
    } finally {
      // Before validation may fail: the steps are done.
      this.keepPosition();
    }
  }

  private async call(steps: number): Promise<(() => Error) | undefined> {
    const begun = performance.now();
    const { model, plan, position, samples, savepoint, sharers, trials, done: from } = this;
    if (model.claim(this.claimant) && this.resident) this.stageAll();
    if (this.feed) savepoint.drop();
    savepoint.keep(this.claimant, from);
    const call: Call = {
      steps,
      first: position.step + 1,
      write: () => this.write(from, steps),
      undo: () => this.undo(),
      rowsOf: (i) => this.batches.rowsOf(from + i, this.base),
      samples,
      before: this.norms,
    };
    const shared = sharers && (trials?.together ?? true);
    const { done, failure } = shared ? await runStepsShared(model, plan, call, sharers) : runSteps(model, plan, call);
    const seconds = (performance.now() - begun) / 1000;
    if (trials?.called(done, seconds)) model.region.remark(trials.together ? "" : ", now one, which is faster: the cores have other work");
    position.step += done;
    this.pace.called(done, seconds);
    this.account(done, seconds + this.waited);
    return failure;
  }

  /** Puts parameters and state back as they were before the next step: as at the savepoint, from where on the steps are run again. */
  private undo(): void {
    const { model, plan, savepoint, done } = this;
    savepoint.restore();
    for (let at = savepoint.step; at < done; ) {
      const steps = Math.min(done - at, this.fitting);
      this.write(at, steps);
      at += steps;
      if (model.run(plan, steps) === steps) continue;
      // Somebody has changed the data under way: what is good for certain is the savepoint.
      savepoint.restore();
      return;
    }
  }

  /** Where a resumed run would have to begin. */
  private keepPosition(): void {
    const { position, sums, options } = this;
    const { rows, size: batchSize } = this.batches;
    position.ended = undefined;
    position.interrupted = {
      epochs: this.closed,
      begin: this.used,
      ...sums.stored(),
      rows,
      batchSize,
      shuffle: options.shuffle,
      ...(this.feed?.shuffles && { shuffleBuffer: this.feed.shuffleBuffer }),
    };
  }

  private stageAll(): void {
    const { model, plan, samples } = this;
    const { rows } = this.batches;
    const views = model.region.views();
    stage(views, plan, samples, 0, rows);
    if (this.inOrder && plan.order) {
      const order = plan.addresses.get(plan.order)! >> 2;
      for (let i = 0; i < rows; ++i) views.u32[order + i] = i;
    }
  }

  /** Writes the records and the order of so many steps of the run from step `from` on. Its loop runs once a step: it allocates nothing. */
  private write(from: number, steps: number): void {
    const { model, plan, samples, batches, base, resident, inOrder } = this;
    const { rows, size } = batches;
    const first = this.position.step + 1 + from - this.done;
    const orderAddress = plan.order && plan.addresses.get(plan.order)!;
    const views = model.region.views();
    const { u32 } = views;
    let { epoch, begin } = batches.placeOf(from);
    let order = batches.orderOf(epoch);
    for (let index = 0, at = 0; index < steps; ++index) {
      const taken = Math.min(size, rows - begin);
      model.writeStep(plan, views, index, taken, first + index, samples, begin - base, order);
      if (orderAddress) u32[(plan.table + index * plan.layout.stride + Step.Order) >> 2] = orderAddress + (inOrder ? begin : at) * 4;
      if (orderAddress && !inOrder)
        for (let i = 0; i < taken; ++i, ++at) {
          const row = order ? order[begin + i]! : begin - base + i;
          if (!resident) stage(views, plan, samples, row, 1, at);
          u32[(orderAddress >> 2) + at] = resident ? row : at;
        }
      begin += taken;
      if (begin === rows) {
        begin = 0;
        epoch += 1;
        if (index + 1 < steps) order = batches.orderOf(epoch);
      }
    }
  }

  /** Reads the steps' results, in order, and closes the epochs that ended before the last of them. Its loop runs once a step: it allocates
   *  nothing. */
  private account(steps: number, seconds: number): void {
    const { model, plan, samples, sums, batches, base } = this;
    const { rows, size } = batches;
    const { f64 } = model.region.views();
    const { stride } = plan.layout;
    const taken = batches.rowsBefore(this.done + steps) - batches.rowsBefore(this.done);
    this.pace.used(taken, seconds);
    const secondsPerRow = seconds / (taken || 1);
    const { closed } = this;
    let epoch = closed;
    let order = batches.orderOf(epoch);
    let begin = this.used;
    let timed = begin;
    for (let index = 0, record = plan.table; index < steps; ++index, record += stride) {
      if (begin === rows) {
        this.report(this.seconds + (rows - timed) * secondsPerRow);
        epoch += 1;
        order = batches.orderOf(epoch);
        begin = timed = 0;
      }
      const taken = Math.min(size, rows - begin);
      sums.add(f64, record, taken, samples, begin - base, order);
      begin += taken;
    }
    this.seconds += (begin - timed) * secondsPerRow;
    this.done += steps;
    this.leave(closed);
  }

  /** Shows the schedule the last epoch, before the next one begins. */
  private observe(): void {
    const { schedule } = this.model.definition.optimizer;
    if (!isObserver(schedule)) return;
    const { loss, validation } = this.epochs.at(this.epochs.length - 1);
    schedule.observe(validation?.loss ?? loss);
    this.model.writes += 1;
  }

  /** As `evaluate` has it: over so many rows. */
  private meanLoss(rows: number): number {
    return this.sums.loss(this.sums.penalty / rows);
  }

  /** Enters the epoch whose steps are added up into the log. Called for each epoch, which of a tiny network may be one step. */
  private report(seconds: number): void {
    const { sums, batches, epochs, counted } = this;
    epochs.push(this.meanLoss(batches.rows), seconds);
    for (let i = 0; i < sums.count; ++i) epochs.setMetric(i, sums.metric(i, counted));
    sums.clear();
    this.seconds = 0;
  }

  /** What follows, once for all epochs in the log from `first` on. */
  private leave(first: number): void {
    const { closed } = this;
    this.position.epoch += closed - first;
    this.batches.close(closed);
  }

  private closeEpoch(): void {
    const { closed } = this;
    this.report(this.seconds);
    this.leave(closed);
    if (this.feed) this.counted = this.counted.map(() => 0);
  }

  progress(): Progress {
    const { batches } = this;
    const { rows, size, perEpoch } = batches;
    const { epoch, begin } = batches.placeOf(this.done - 1);
    const { used } = this;
    const { samplesPerSecond } = this.pace;
    const left = this.options.epochs * rows - batches.rowsBefore(this.done);
    return {
      epoch: epoch + 1,
      epochs: this.options.epochs,
      step: begin / size + 1,
      steps: perEpoch,
      loss: used > 0 ? this.meanLoss(used) : this.epochs.at(this.epochs.length - 1).loss,
      samplesPerSecond,
      secondsLeft: left / samplesPerSecond,
    };
  }
}
