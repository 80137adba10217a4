// Schedule cases: the rates as float64 numbers, and as updates of a backend apply them.
import { sgd } from "../../src/index.js";
import { Comparison, type Tolerance } from "./compare.js";
import { applyGradients } from "./optimizer.js";
import type { Backend, Case } from "./run.js";
import { type Spec, toSchedule } from "./spec.js";

interface ScheduleCase extends Tolerance {
  readonly schedule: Spec;
  readonly lr: readonly number[];
  /** Seen after each update. */
  readonly metrics?: readonly number[];
}

export async function runSchedule(given: Case, backend: Backend): Promise<Comparison> {
  const { schedule: spec, lr, metrics, ...tolerance } = given as Case & ScheduleCase;
  const schedule = toSchedule(spec);
  const rates: number[] = [];
  const after = (i: number) => {
    rates.push(schedule.rate(i));
    if (!metrics) return;
    if (!("observe" in schedule)) throw new Error(`schedule ${schedule.type} takes no metric`);
    (schedule as { observe(metric: number): void }).observe(metrics[i]!);
  };
  // Update i has a gradient of -1 for weight i alone, which then is its rate.
  const gradients = lr.map((_, i) => [lr.map((_, j) => (i === j ? -1 : 0))]);
  const parameters = [{ shape: [lr.length], data: lr.map(() => 0) }];
  const weights = await applyGradients(sgd({ learningRate: schedule }), parameters, gradients, backend, after);
  const comparison = new Comparison(tolerance);
  comparison.numbers("rate of update", rates, lr);
  comparison.numbers("rate as applied in update", weights.at(-1)![0]!, lr);
  return comparison;
}
