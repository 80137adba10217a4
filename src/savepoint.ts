// Parameters and optimizer state as they were before one of several calls: what undoes the next calls, whose steps before it are then run again.
// A copy takes as long as a good part of a step where the network is large and its batches small, so one serves for several calls.
import type { Model } from "./model.js";

/** How many times as long as making it takes a copy serves: 1 % of a run is spent on copies. */
const SERVES = 100;
/** Milliseconds that it serves at most, for to undo takes as long as it has served. */
const MOST = 500;

export class Savepoint {
  private copy: Float32Array | undefined;
  /** Until when it serves. */
  private end = 0;
  private writes = Number.NaN;
  /** Steps of the run that were done when it was made. */
  step = 0;

  constructor(private readonly model: Model) {}

  /** Makes it anew, unless it serves still and nobody has set weights since: a run's own steps can be run again. */
  keep(step: number): void {
    const { model } = this;
    const begun = performance.now();
    if (this.writes === model.writes && begun < this.end) return;
    this.copy = model.backup(this.copy ?? new Float32Array(model.stateLength));
    const now = performance.now();
    this.end = now + Math.min(SERVES * (now - begun), MOST);
    this.writes = model.writes;
    this.step = step;
  }

  restore(): void {
    this.model.restore(this.copy!);
  }

  /** What was run since cannot be run again. */
  drop(): void {
    this.writes = Number.NaN;
  }
}
