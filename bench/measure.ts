// tinybench over short samples: on a machine with other work an interruption spoils the few samples that it hits, not the median.
import { Bench } from "tinybench";

/** Rates or times; min is the smallest number, max the largest. */
export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Budget {
  /** Before anything counts: long enough for V8 to replace Liftoff's code, which it does after some calls, in the background. */
  readonly warmup: number;
  /** Milliseconds and samples, both at least. */
  readonly time: number;
  readonly samples: number;
  /** Milliseconds of one call of `fit`, about. */
  readonly fit: number;
  /** The clock of `measure`, in milliseconds; wall time if left out. */
  readonly now?: () => number;
}

/** Milliseconds that this process has computed: what others take of a core in between is left out. */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
}

/** Milliseconds a sample lasts at least: the timer's resolution and its calls are nothing in it. */
const SAMPLE = 0.25;

/** @param work units of work in a call @returns units per second */
export function measure(call: () => void, work: number, budget: Budget): Figure {
  const times = repeatsFor(call, budget.warmup);
  const { time, samples: iterations, now } = budget;
  const bench = new Bench({ time, iterations, warmup: false, retainSamples: false, ...(now && { now }) });
  bench.add("", () => {
    for (let i = 0; i < times; ++i) call();
  });
  return inverse(latency(bench.runSync()), work * times * 1e3);
}

/** The same for a call that tells how many milliseconds count. */
export async function measureSpans(call: () => Promise<number>, work: number, budget: Budget): Promise<Figure> {
  const bench = new Bench({ time: budget.time, iterations: budget.samples, warmup: false });
  bench.add("", async () => ({ overriddenDuration: await call() }));
  return inverse(latency(await bench.run()), work * 1e3);
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

/** Milliseconds a sample. */
function latency(tasks: Bench["tasks"]): Figure {
  const { result } = tasks[0]!;
  if (result.state === "errored") throw result.error;
  if (result.state !== "completed") throw new Error(`bench: the task is ${result.state}`);
  const { p50, min, max } = result.latency;
  return { median: p50, min, max };
}

function inverse({ median, min, max }: Figure, work: number): Figure {
  return { median: work / median, min: work / max, max: work / min };
}

/** From calls per second to the time of one: `unit` parts of a second. */
export function perCall(rate: Figure, unit: number): Figure {
  return inverse(rate, unit);
}
