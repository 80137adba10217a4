// Runs of one batch that JavaScript stages itself: predict, evaluate, trace.
import { Step } from "../assembly/opcodes.js";
import type { Plan, Purpose } from "./compile.js";
import { copyRow, type Matrix, type Samples } from "./data.js";
import type { Model } from "./model.js";
import { columns, product, type Tensor } from "./plan/tensor.js";

type Loaded = Plan & { readonly address: number };

/** Rows that predict and evaluate take at once; larger inputs go in slices. A constant, so that slices never depend on history. */
export const SLICE = 256;

/** Copies rows of checked data to a staged tensor. `rowOf(i)`: which row comes i-th. */
export function stage(model: Model, matrix: Matrix, sample: Tensor, address: number, count: number, rowOf: (i: number) => number): void {
  const views = model.region.views();
  const to = matrix.values instanceof Uint32Array ? views.u32 : views.f32;
  const width = columns(sample);
  const words = sample.dtype === "u32" ? product(sample.shape) : product(sample.shape.slice(0, -1)) * sample.stride;
  const stride = sample.dtype === "u32" ? width : sample.stride;
  for (let i = 0, at = address >> 2; i < count; ++i, at += words) copyRow(matrix, rowOf(i), width, stride, to, at);
}

/** Runs one batch: rows [first, first + count) of the data. @returns the plan, and its step record's byte offset */
export function runBatch(
  model: Model,
  purpose: Exclude<Purpose, "train">,
  data: { readonly inputs: Matrix; readonly targets?: Matrix },
  first: number,
  count: number,
  t: number,
  capacity = count,
): Loaded {
  const plan = model.plan(purpose, { capacity });
  model.claim(plan);
  stage(model, data.inputs, plan.sample, plan.addresses.get(plan.inputs)!, count, (i) => first + i);
  if (data.targets && plan.label && plan.targets) stage(model, data.targets, plan.label, plan.addresses.get(plan.targets)!, count, (i) => first + i);
  model.writeStep(plan, model.region.views(), 0, count, t);
  model.run(plan, 1);
  return plan;
}

export interface Evaluation {
  /** Mean over rows, penalties included, in the loss's unit (cross-entropies: nats). */
  readonly loss: number;
  /** The part of `loss` that L1 and L2 penalties make. */
  readonly penalty: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** A step's results, from its record; metrics as sums over rows. */
export function readRecord(model: Model, plan: Plan, index: number): { loss: number; penalty: number; status: number; metric(i: number): number } {
  const { f64, u32 } = model.region.views();
  const record = plan.table + index * plan.layout.stride;
  return {
    loss: f64[(record + Step.Loss) >> 3]!,
    penalty: f64[(record + Step.Penalty) >> 3]!,
    status: u32[(record + Step.Status) >> 2]!,
    metric: (i) => f64[(record + plan.layout.metrics[i]!) >> 3]!,
  };
}

export function evaluateSamples(model: Model, samples: Samples): Evaluation {
  const { metrics } = model.definition;
  const sums = metrics.map(() => 0);
  let loss = 0;
  let penalty = 0;
  for (let first = 0; first < samples.rows; first += SLICE) {
    const count = Math.min(SLICE, samples.rows - first);
    const plan = runBatch(model, "evaluate", samples, first, count, 0, Math.min(SLICE, samples.rows));
    const record = readRecord(model, plan, 0);
    loss += record.loss * count;
    penalty = record.penalty;
    metrics.forEach((_, i) => {
      sums[i]! += record.metric(i);
    });
  }
  return {
    loss: loss / samples.rows + penalty,
    penalty,
    metrics: Object.fromEntries(metrics.map((name, i) => [name, sums[i]! / samples.rows])),
  };
}

