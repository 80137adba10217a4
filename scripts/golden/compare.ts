// How a case's numbers are compared: |value - expected| <= atol + rtol·|expected| for every element, and all of them finite.

export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
}

/** Positions where a function has no derivative; any of the listed values is right there. */
export interface Kink {
  readonly index: number;
  readonly accept: readonly number[];
}

interface Difference {
  readonly what: string;
  readonly value: number;
  readonly expected: number;
  readonly bound: number;
  /** error / bound: above 1 is wrong */
  readonly ratio: number;
}

/** Collects what a case compares and keeps its worst element. */
export class Comparison {
  private worst: Difference | undefined;
  private broken: string | undefined;

  constructor(private readonly tolerance: Tolerance) {}

  number(what: string, value: number, expected: number, tolerance = this.tolerance): void {
    const bound = tolerance.atol + tolerance.rtol * Math.abs(expected);
    const error = Math.abs(value - expected);
    // A NaN, or an error within a bound of 0.
    const ratio = Number.isFinite(value) ? (error === 0 ? 0 : error / bound) : Number.POSITIVE_INFINITY;
    if (!this.worst || ratio > this.worst.ratio) this.worst = { what, value, expected, bound, ratio };
  }

  numbers(
    what: string,
    values: ArrayLike<number>,
    expected: readonly number[],
    { tolerance = this.tolerance, kinks = [] as readonly Kink[] } = {},
  ): void {
    if (values.length !== expected.length) {
      this.fail(`${what} has ${values.length} elements, expected ${expected.length}`);
      return;
    }
    const accepted = new Map(kinks.map(({ index, accept }) => [index, accept]));
    expected.forEach((wanted, i) => {
      const value = values[i]!;
      const choices = accepted.get(i) ?? [wanted];
      const nearest = choices.reduce((best, choice) => (Math.abs(value - choice) < Math.abs(value - best) ? choice : best));
      this.number(`${what}[${i}]`, value, nearest, tolerance);
    });
  }

  /** Numbers of which only this is known: finite, and in [low, high]. */
  within(what: string, values: ArrayLike<number>, low = Number.NEGATIVE_INFINITY, high = Number.POSITIVE_INFINITY): void {
    for (let i = 0; i < values.length; ++i) {
      const value = values[i]!;
      if (!Number.isFinite(value) || value < low || value > high)
        this.fail(`${what}[${i}] is ${value}, expected a finite number in [${low}, ${high}]`);
    }
  }

  fail(message: string): void {
    this.broken ??= message;
  }

  /** What is wrong, in one line; undefined if nothing is. */
  get failure(): string | undefined {
    if (this.broken) return this.broken;
    if (!this.worst || this.worst.ratio <= 1) return undefined;
    const { what, value, expected, bound } = this.worst;
    return `${what} is ${value}, expected ${expected}, error ${Math.abs(value - expected).toExponential(2)}, bound ${bound.toExponential(2)}`;
  }
}
