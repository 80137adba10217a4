// On how many threads a network trains: what was asked for, what there is, and what pays.
import { checkCount } from "../checks.js";
import { lacks } from "./engine.js";
import { cores, whyNoWorkers } from "./workers.js";

/** A number is obeyed exactly; "auto" is as many as pay. */
export type ThreadChoice = number | "auto";

const MOST_THREADS = 256;
/** "auto": floating-point operations of one step for each thread, at least. A step of the smallest such share takes some 50 us, and its
 *  four to ten barriers 2 to 10. */
const FLOPS_PER_THREAD = 2e6;
/** "auto": operations of the whole run, at least: below it, some 100 ms, starting workers costs more than they bring. */
const FLOPS_OF_RUN = 4e9;

export function checkThreads(who: string, value: unknown): void {
  if (value !== "auto") checkCount(who, value, 1, MOST_THREADS);
}

/** Why there can be one thread only, in words that a web developer can act on; undefined if there can be more. */
export function whyOneThread(): string | undefined {
  const { crossOriginIsolated } = globalThis as { crossOriginIsolated?: boolean };
  if (typeof SharedArrayBuffer !== "function" || crossOriginIsolated === false)
    return (
      "there is no memory that threads could share (SharedArrayBuffer); a page has it if it is served with the headers " +
      '"Cross-Origin-Opener-Policy: same-origin" and "Cross-Origin-Embedder-Policy: require-corp"'
    );
  return whyNoWorkers() ?? lacks("threads");
}

/** Floating-point operations of a step that a thread's share must have, at least, where a number of threads was asked for: of smaller ones, the
 *  step's barriers would be most where threads take turns on a core (eight threads on two cores: 0.4 ms a step). Tests set 0: then the
 *  smallest plan is shared by all threads. */
export const leastShare = { flops: 1.5e6 };

/** Among how many of the threads the work of such a step is divided. The others wait for the run's end. */
export function sharers(threads: number, flops: number): number {
  return Math.max(1, Math.min(threads, Math.floor(flops / leastShare.flops)));
}

export interface Load {
  /** Floating-point operations of one step. */
  readonly flops: number;
  readonly steps: number;
}

/** How many threads pay, and why. */
export function threadsThatPay({ flops, steps }: Load): { readonly threads: number; readonly reason: string } {
  const available = cores();
  const threads = Math.max(1, Math.min(available, Math.floor(flops / FLOPS_PER_THREAD)));
  const alone = (reason: string) => ({ threads: 1, reason: `one thread: ${reason}` });
  if (available === 1) return alone("there is one core");
  if (threads === 1) return alone(`steps of ${operations(flops)} are too short for more`);
  if (flops * steps < FLOPS_OF_RUN) return alone(`a run of ${operations(flops * steps)} is too short for more`);
  return { threads, reason: `${threads} threads: ${available} cores, steps of ${operations(flops)}` };
}

/** Their number of two digits, and without an exponent: 36, 0.16 million, 1400 million. */
export function operations(count: number): string {
  const [unit, size] = count < 1e5 ? ["", 1] : [" million", 1e6];
  return `${Number((count / size).toPrecision(2))}${unit} operations`;
}
