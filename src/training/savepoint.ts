// Parameters and optimizer state as they were before one of several calls: what undoes the next calls, whose steps before it are then run again.
// A copy takes as long as a good part of a step where the network is large and its batches small, so one serves for several calls.
import { weakly } from "../collection.js";
import type { Model } from "../model.js";

/** How many times as long as making it takes a copy serves: 1 % of a run is spent on copies. */
const SERVES = 100;
/** Milliseconds that it serves at most, for to undo takes as long as it has served. */
const MOST = 500;

/** Held weakly between calls: as large as parameters and state, and if each of many short runs made one, zeroing and collecting them would
 *  take as long as their steps. */
const savepoints = new WeakMap<Model, Pick<WeakRef<Savepoint>, "deref">>();

/** The model's. One call at a time trains it. */
export function savepointOf(model: Model): Savepoint {
  let savepoint = savepoints.get(model)?.deref();
  if (!savepoint) {
    savepoint = new Savepoint(model);
    savepoints.set(model, weakly(savepoint));
  }
  return savepoint;
}

export class Savepoint {
  private readonly copy: Float32Array;
  /** Whose steps can be run again from it. */
  private owner: object | undefined;
  /** Until when it serves. */
  private end = 0;
  private writes = Number.NaN;
  /** Steps that its owner had done when it was made. */
  step = 0;

  constructor(private readonly model: Model) {
    this.copy = new Float32Array(model.stateLength);
  }

  /** Makes it anew, unless it serves this owner still and nobody has set weights since: an owner's steps can be run again. */
  keep(owner: object, step: number): void {
    const { model } = this;
    const begun = performance.now();
    if (this.owner === owner && this.writes === model.writes && begun < this.end) return;
    model.backup(this.copy);
    const now = performance.now();
    this.end = now + Math.min(SERVES * (now - begun), MOST);
    this.owner = owner;
    this.writes = model.writes;
    this.step = step;
  }

  restore(): void {
    this.model.restore(this.copy);
  }

  /** What was run since cannot be run again. */
  drop(): void {
    this.writes = Number.NaN;
  }
}
