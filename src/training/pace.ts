// How fast a run of training is: how many steps its next call may take, and what progress reports say of it.

export class Pace {
  /** Steps the next call may have: 1, 2, 4 … so that optimised code takes over early. */
  private most = 1;
  /** Of the last call. */
  private secondsPerStep = 0;
  private rows = 0;
  private seconds = 0;

  /** A call did so many steps. */
  called(steps: number, seconds: number): void {
    this.most = Math.max(this.most, 2 * steps);
    this.secondsPerStep = seconds / (steps || 1);
  }

  /** Steps of the next call, for so many seconds. */
  stepsIn(seconds: number): number {
    // No time, by a clock that has not moved, is no number of steps.
    return Math.min(this.most, Math.floor(seconds / this.secondsPerStep) || 0);
  }

  /** Rows were used, in a time that may have more in it than calls. */
  used(rows: number, seconds: number): void {
    this.rows += rows;
    this.seconds += seconds;
  }

  get samplesPerSecond(): number {
    return this.rows / this.seconds;
  }
}
