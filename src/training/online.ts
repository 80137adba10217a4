// trainOnBatch: training one step at a time, each on a batch of its own. What undoes a step is a copy of parameters and state from before it, or
// from before earlier ones, which are then run again (savepoint.ts): on copies of their batches, for the callers' own may have changed.
import { weakly } from "../collection.js";
import { elements, type Matrix, type Samples, weightedOutputs } from "../data/samples.js";
import type { Model } from "../model.js";
import type { LoadedPlan } from "../plans.js";
import { lossOf, penaltyOf, stageInOrder } from "../single.js";
import { type Savepoint, savepointOf } from "./savepoint.js";
import { runSteps } from "./steps.js";

/** Below so many elements copying parameters and state takes less time than keeping a batch. */
const FEW = 2 ** 13;
/** How many of a copy's batches there must be room for in as much memory as it takes, or it is not worth keeping them. */
const LEAST = 4;

/** A copy of parameters and state, and of the batches of the steps since. */
class Journal {
  private readonly savepoint: Savepoint;
  private readonly kept: Float32Array;
  private batches: Samples[] = [];
  private used = 0;

  constructor(private readonly model: Model) {
    this.savepoint = savepointOf(model);
    this.kept = new Float32Array(model.stateLength);
  }

  /** Before a step: can undo it. @param done steps of the network before it */
  open(done: number): void {
    const { savepoint, batches } = this;
    // Others have trained it meanwhile.
    if (savepoint.step + batches.length !== done) savepoint.drop();
    savepoint.keep(this, done);
    if (savepoint.step !== done) return;
    this.batches = [];
    this.used = 0;
  }

  /** After a good step. */
  keep(samples: Samples): void {
    if (this.used + elements(samples) > this.kept.length) this.savepoint.drop();
    else this.batches.push({ ...samples, feeds: samples.feeds.map((matrix) => this.copied(matrix)) });
  }

  private copied({ rows, width, values }: Matrix): Matrix {
    const { kept, used } = this;
    const length = rows * width;
    const to = values instanceof Uint32Array ? new Uint32Array(kept.buffer, used * 4, length) : kept.subarray(used, used + length);
    to.set(values.length === length ? values : values.subarray(0, length));
    this.used += length;
    return { rows, width, values: to };
  }

  /** Puts parameters and state back as they were before the next step. @returns steps of the network that are done then: fewer, if there is no
   *  room on the stack to run them again */
  undo(): number {
    const { model, savepoint, batches } = this;
    let { step } = savepoint;
    savepoint.restore();
    try {
      for (const samples of batches) {
        const plan = planOf(model, samples);
        write(model, plan, samples, step + 1);
        model.run(plan, 1);
        step += 1;
      }
      return step;
    } catch {
      savepoint.restore();
      return savepoint.step;
    }
  }
}

export class Online {
  /** Not held while nothing is trained: as large as parameters and state, twice. */
  private journal: Pick<WeakRef<Journal>, "deref"> | undefined;

  constructor(
    private readonly model: Model,
    private readonly position: { step: number },
  ) {}

  /** One step on all rows of the samples, in their order. @returns its loss, penalties included */
  train(samples: Samples): number {
    const { model, position } = this;
    const plan = planOf(model, samples);
    model.claim({});
    const first = position.step + 1;
    const journal = this.pays(samples) ? this.opened() : undefined;
    const backup = journal ? undefined : model.backup();
    const { failure } = runSteps(model, plan, {
      steps: 1,
      first,
      write: () => write(model, plan, samples, first),
      undo: () => {
        if (journal) position.step = journal.undo();
        else model.restore(backup!);
      },
      rowsOf: () => Array.from({ length: samples.rows }, (_, i) => i),
      samples,
    });
    if (failure) throw failure();
    position.step = first;
    journal?.keep(samples);
    const views = model.region.views();
    return lossOf(plan, views) + penaltyOf(plan, views);
  }

  private pays(samples: Samples): boolean {
    const { stateLength } = this.model;
    return stateLength >= FEW && elements(samples) * LEAST <= stateLength;
  }

  private opened(): Journal {
    let journal = this.journal?.deref();
    if (!journal) {
      journal = new Journal(this.model);
      this.journal = weakly(journal);
    }
    journal.open(this.position.step);
    return journal;
  }
}

function planOf(model: Model, samples: Samples): LoadedPlan {
  return model.plan("train", { capacity: samples.rows }, weightedOutputs(samples));
}

/** Stages a batch, and writes the record of its step, number `t` from 1 on. */
function write(model: Model, plan: LoadedPlan, samples: Samples, t: number): void {
  const views = model.region.views();
  stageInOrder(views, plan, samples);
  model.writeStep(plan, views, 0, samples.rows, t, samples);
}
