// Medians over short samples: on a machine with other work an interruption spoils the few samples that it hits, not the median. No
// library: none leaves out a sample for what happened around it.

/** Rates or times; min is the smallest number, max the largest. */
export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** All samples count, too few of them being quiet. */
  readonly disturbed?: true;
}

export interface Budget {
  /** Before anything counts: long enough for V8 to replace Liftoff's code, which it does after some calls, in the background. */
  readonly warmup: number;
  /** Milliseconds and samples, both at least. */
  readonly time: number;
  readonly samples: number;
  /** Milliseconds of one call of `fit`, about. */
  readonly fit: number;
  /** Only samples between two moments for which it holds count; all of them if left out. */
  readonly isQuiet?: () => boolean;
}

/** Milliseconds a sample lasts at least: the timer's resolution and its calls are nothing in it. */
const SAMPLE = 0.25;
/** Milliseconds of waiting for quiet samples, at most. */
const PATIENCE = 5_000;

/** @param work units of work in a call @returns units per second */
export function measure(call: () => void, work: number, budget: Budget): Figure {
  const times = repeatsFor(call, budget.warmup);
  const samples = new Samples(budget);
  do {
    const from = performance.now();
    for (let i = 0; i < times; ++i) call();
    samples.add(performance.now() - from);
  } while (samples.wanted());
  return samples.rates(work * times);
}

/** The same for a call that tells how many milliseconds count. */
export async function measureSpans(call: () => Promise<number>, work: number, budget: Budget): Promise<Figure> {
  const samples = new Samples(budget);
  do samples.add(await call());
  while (samples.wanted());
  return samples.rates(work);
}

/** Warms up. @returns how many calls make a sample */
function repeatsFor(call: () => void, warmup: number): number {
  const begun = performance.now();
  for (let times = 1; ; times *= 2) {
    const from = performance.now();
    for (let i = 0; i < times; ++i) call();
    const now = performance.now();
    if (now - begun >= warmup) return Math.ceil((times * SAMPLE) / (now - from));
    if (now - from > SAMPLE) times /= 2;
  }
}

/** Times of one thing, in milliseconds. */
class Samples {
  private readonly begun = performance.now();
  private readonly all: number[] = [];
  private readonly quiet: number[] = [];
  private wasQuiet: boolean;

  constructor(private readonly budget: Budget) {
    this.wasQuiet = this.isQuiet();
  }

  private isQuiet(): boolean {
    return this.budget.isQuiet?.() ?? true;
  }

  add(time: number): void {
    this.all.push(time);
    const isQuiet = this.isQuiet();
    if (this.wasQuiet && isQuiet) this.quiet.push(time);
    this.wasQuiet = isQuiet;
  }

  private get enough(): boolean {
    return this.quiet.length >= this.budget.samples;
  }

  wanted(): boolean {
    const elapsed = performance.now() - this.begun;
    return this.all.length < this.budget.samples || elapsed < (this.enough ? this.budget.time : PATIENCE);
  }

  /** @param work of a sample @returns work per second */
  rates(work: number): Figure {
    const times = (this.enough ? this.quiet : this.all).sort((a, b) => a - b);
    const figure = inverse({ median: times[times.length >> 1]!, min: times[0]!, max: times.at(-1)! }, work * 1e3);
    return this.enough ? figure : { ...figure, disturbed: true };
  }
}

function inverse({ median, min, max, ...rest }: Figure, work: number): Figure {
  return { median: work / median, min: work / max, max: work / min, ...rest };
}

/** From calls per second to the time of one: `unit` parts of a second. */
export function perCall(rate: Figure, unit: number): Figure {
  return inverse(rate, unit);
}
