// Whether several threads are faster than one, found out while a network trains: where other programs use the cores, threads wait for one another
// and may take several times as long. Both ways lead to the same bits, so a run may take the other one between any two calls.

/** Seconds to the first trial, by when engines have optimised what runs; then between trials, doubled as long as they say the same. */
const FIRST = 0.25;
const LONGEST = 8;
/** Seconds that a trial takes, and that one of its calls may, at the speed that is known: a multiple of a core's time slices, in short calls, for
 *  the other way may be many times slower. */
const TRIAL = 0.02;
const CALL = 0.005;
/** Seconds after which the present way is looked at by itself, and how much slower than it was when last tried it may be before it is tried again. */
const LOOK = 0.25;
const SLOWER = 1.3;
/** How much faster the other way must be: a trial is short. */
const FASTER = 1.1;

/** Steps, and the seconds that they took. */
class Timed {
  private steps = 0;
  seconds = 0;

  add(steps: number, seconds: number): void {
    this.steps += steps;
    this.seconds += seconds;
  }

  get each(): number {
    return this.seconds / this.steps;
  }
}

export class Trials {
  /** Whether the next call is to be on all threads. */
  together = true;
  /** Whether that is a trial. */
  private trying = false;
  private trial = new Timed();
  /** The present way since the last trial, and in the last moments. */
  private present = new Timed();
  private latest = new Timed();
  /** Seconds of a step of the present way when it was last tried. */
  private settled = Number.POSITIVE_INFINITY;
  private interval = FIRST;

  /** Steps of the next call, at most. */
  get most(): number {
    if (!this.trying) return Number.POSITIVE_INFINITY;
    const { each } = this.trial.seconds > 0 ? this.trial : this.present;
    return Math.max(1, Math.floor(CALL / each));
  }

  /** The next call was done. @returns whether the present way is now another one */
  called(steps: number, seconds: number): boolean {
    if (steps === 0 || seconds === 0) return false;
    if (this.trying) {
      this.trial.add(steps, seconds);
      return this.trial.seconds >= TRIAL && this.decide();
    }
    const { present, latest } = this;
    present.add(steps, seconds);
    latest.add(steps, seconds);
    const slower = latest.seconds >= LOOK && latest.each > SLOWER * this.settled;
    if (latest.seconds >= LOOK) this.latest = new Timed();
    if (present.seconds >= this.interval || slower) this.turn(true);
    return false;
  }

  private decide(): boolean {
    const { trial, present } = this;
    const changes = trial.each * FASTER < present.each;
    this.interval = changes ? FIRST : Math.min(2 * this.interval, LONGEST);
    this.settled = changes ? trial.each : present.each;
    this.present = new Timed();
    this.latest = new Timed();
    if (changes) this.trying = false;
    else this.turn(false);
    return changes;
  }

  /** To the other way, and back. */
  private turn(trying: boolean): void {
    this.trying = trying;
    this.trial = new Timed();
    this.together = !this.together;
  }
}
