// After a step went non-finite: runs it once more, traced, from the parameters before it, and says where it began, which norms had blown
// up, and why, most likely.
import { Status } from "../assembly/opcodes.js";
import type { Plan } from "./compile.js";
import { NonFiniteError, type Norm } from "./errors.js";
import { mismatch } from "./losses/predictions.js";
import type { Model } from "./model.js";
import { usesOf } from "./plan/program.js";
import { size, type Tensor } from "./plan/tensor.js";
import { pickRows, type Samples } from "./samples.js";
import { runBatch } from "./single.js";

export interface Failure {
  readonly status: number;
  /** Number of the step since the network's first, from 1 on. */
  readonly step: number;
  /** What the update made non-finite, if it did: a parameter, or the optimizer's state of it. */
  readonly spoiled: { readonly parameter: string; readonly what: "weight" | "state" } | undefined;
  readonly samples: Samples;
  readonly rows: readonly number[];
  /** Norms of the parameters when `fit` began, if it was `fit`. */
  readonly before: readonly number[] | undefined;
}

/** Euclidean norms of all parameters as they are, in their order. `fit` begins with it, be it for a single step: nothing is copied, padding
 *  is zeros. */
export function parameterNorms(model: Model): number[] {
  const { f32 } = model.region.views();
  return model.parameters.map(({ tensor, address }) => norm(f32.subarray(address >> 2, (address >> 2) + size(tensor, 0))));
}

/** In float64, where no square of a float32 overflows. Four sums, for each waits for its last addition. */
function norm(values: Float32Array): number {
  const { length } = values;
  const whole = length & ~3;
  let [sum0, sum1, sum2, sum3] = [0, 0, 0, 0];
  for (let i = 0; i < whole; i += 4) {
    sum0 += values[i]! * values[i]!;
    sum1 += values[i + 1]! * values[i + 1]!;
    sum2 += values[i + 2]! * values[i + 2]!;
    sum3 += values[i + 3]! * values[i + 3]!;
  }
  for (let i = whole; i < length; ++i) sum0 += values[i]! * values[i]!;
  return Math.sqrt(sum0 + sum1 + (sum2 + sum3));
}

export function diagnose(model: Model, { status, step, spoiled, samples, rows, before }: Failure): NonFiniteError {
  const { optimizer, objectives } = model.definition;
  const rate = `learningRate is ${optimizer.schedule.rate(step - 1)}`;
  const batch = pickRows(samples, rows);
  const plan = runBatch(model, "trace", batch, 0, batch.rows, step);
  const views = model.region.views();
  const read = (tensor: Tensor) => model.readTensor(tensor, plan.addresses.get(tensor)!, rows.length, views);
  const found = firstNonFinite(plan, batch.numbers!, read);
  if (found) {
    const norms = normsOf(
      model,
      found.took.map((tensor) => ({ of: tensor.name, value: norm(read(tensor)) })),
      before,
    );
    const what = `${found.what} of ${found.layer} (${found.op})`;
    const sample = found.row === undefined ? "" : `, first for row ${found.row} of the data`;
    const wrong = found.layer === "loss" ? objectives.map(({ loss }) => mismatch(loss, "numbers")).find(Boolean) : undefined;
    // Nothing before it was not finite, and data was when it was given.
    const changed = found.took.find((tensor) => !read(tensor).every(Number.isFinite));
    const hint = changed
      ? `${changed.name} is not finite itself: the data was changed while fit ran; keep it until fit has ended, or give a copy`
      : (wrong ?? `lower the learning rate (${rate}), scale the inputs, or set clip: { type: "globalNorm", value: 1 } on the optimizer`);
    return new NonFiniteError(
      `step ${step}: the ${what} is not finite${sample}; before it the largest number was ${found.largest.toPrecision(3)}, ${listed(norms)}; ${hint}`,
      { step, layer: found.layer, op: found.op, row: found.row, what: found.what === "gradient" ? "gradient" : "loss", norms },
    );
  }
  const parameter = plan.program.parameters.find(({ name }) => name === spoiled?.parameter);
  const gradient = parameter && plan.program.gradients.get(parameter);
  const taken = gradient ? [{ of: `${parameter.name}.grad`, value: norm(read(gradient)) }] : [];
  const norms = normsOf(model, taken, before, spoiled?.parameter);
  const layer = spoiled?.parameter.slice(0, spoiled.parameter.lastIndexOf(".")) ?? "optimizer";
  const what = status & Status.Weight ? (spoiled?.what ?? "weight") : "gradient";
  const where = spoiled?.parameter ?? layer;
  const message =
    what === "state"
      ? `the optimizer's state of ${where} is not finite: the square of a gradient is beyond float32, that of more than 1.8e19, ${listed(norms)}; scale the inputs or the loss, or set clip: { type: "globalNorm", value: 1 } on the optimizer`
      : `the ${what === "weight" ? "updated weight" : what} of ${where} is not finite, though loss and gradients are, ${listed(norms)}; the update overflowed: lower the learning rate (${rate})`;
  return new NonFiniteError(`step ${step}: ${message}`, { step, layer, what, norms });
}

/** The norms given, that of `always`, and that of the parameter that has grown most; largest first. */
function normsOf(model: Model, given: readonly Norm[], before: readonly number[] | undefined, always?: string): readonly Norm[] {
  const parameters = parameterNorms(model).map((value, i): Norm => {
    return { of: model.parameters[i]!.tensor.name, value, ...(before && { before: before[i]! }) };
  });
  const grown = ({ value, before = value }: Norm) => value - before;
  const most = parameters.reduce<Norm | undefined>((best, each) => (grown(each) > (best ? grown(best) : 0) ? each : best), undefined);
  const names = new Set([...given.map(({ of }) => of), always, most?.of]);
  const others = given.filter(({ of }) => !parameters.some((parameter) => parameter.of === of));
  return [...others, ...parameters.filter(({ of }) => names.has(of))].sort((a, b) => b.value - a.value);
}

/** For the message: of an op of many operands the largest, as many as a line holds. */
function listed(norms: readonly Norm[]): string {
  const each = norms.slice(0, 3).map(({ of, value, before }) => {
    const then = before === undefined ? "" : ` (${before.toPrecision(3)} when fit began)`;
    return `${of} ${value.toPrecision(3)}${then}`;
  });
  return `norms ${each.join(", ")}`;
}

interface Found {
  readonly layer: string;
  readonly what: string;
  readonly op: string;
  /** Of the data, if the tensor has rows of the batch. */
  readonly row: number | undefined;
  /** The largest magnitude in what the step computed before. */
  readonly largest: number;
  /** What the op read and did not overwrite: finite, since nothing before was not, but for data that was changed meanwhile. */
  readonly took: readonly Tensor[];
}

/** In program order: the first tensor of the step that holds something non-finite. */
function firstNonFinite({ program }: Plan, numbers: Float64Array, read: (tensor: Tensor) => Float32Array): Found | undefined {
  let largest = 0;
  for (const instruction of program.instructions) {
    const uses = usesOf(instruction);
    for (const { tensor, writes, operand } of uses) {
      if (!writes || operand.access === "scratch") continue;
      const values = read(tensor);
      const bad = values.findIndex((value) => !Number.isFinite(value));
      if (bad < 0) largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), largest);
      else
        return {
          op: instruction.op,
          largest,
          took: [...new Set(uses.filter((use) => !use.writes && use.tensor.dtype === "f32").map((use) => use.tensor))],
          row: tensor.batched ? numbers[Math.floor((bad * numbers.length) / values.length)] : undefined,
          layer: instruction.layer,
          what: instruction.phase === "backward" || operand.name === "dx" ? "gradient" : instruction.layer === "loss" ? "value" : "output",
        };
    }
  }
  return undefined;
}
