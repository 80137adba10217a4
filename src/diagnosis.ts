// After a step went non-finite: runs it once more, traced, from the parameters before it, and says where it began and why, most likely.
import { Status } from "../assembly/opcodes.js";
import { pickRows, type Samples } from "./data.js";
import { NonFiniteError } from "./errors.js";
import type { Model } from "./model.js";
import { usesOf } from "./plan/program.js";
import { runBatch } from "./single.js";

export interface Failure {
  readonly status: number;
  /** Number of the step since the network's first, from 1 on. */
  readonly step: number;
  /** What the update made non-finite, if it did: a parameter, or the optimizer's state of it. */
  readonly spoiled: { readonly parameter: string; readonly what: "weight" | "state" } | undefined;
  readonly samples: Samples;
  readonly rows: readonly number[];
}

export function diagnose(model: Model, { status, step, spoiled, samples, rows }: Failure): NonFiniteError {
  const { optimizer, objectives } = model.definition;
  const rate = `learningRate is ${optimizer.schedule.rate(step - 1)}`;
  const found = firstNonFinite(model, samples, rows, step);
  if (found) {
    const what = `${found.what} of ${found.layer} (${found.op})`;
    const sample = found.row === undefined ? "" : `, first for row ${found.row} of the data`;
    const loss = objectives.map((objective) => objective.loss).find(({ options }) => "fromLogits" in options && !options.fromLogits);
    const hint =
      found.layer === "loss" && loss
        ? `${loss.type} takes probabilities: end with sigmoid or softmax, or set fromLogits: true`
        : `lower the learning rate (${rate}), scale the inputs, or set clip: { type: "globalNorm", value: 1 } on the optimizer`;
    return new NonFiniteError(
      `step ${step}: the ${what} is not finite${sample}; before it the largest number was ${found.largest.toPrecision(3)}; ${hint}`,
      {
        step,
        layer: found.layer,
        op: found.op,
        row: found.row,
        what: found.what === "gradient" ? "gradient" : "loss",
      },
    );
  }
  const layer = spoiled?.parameter.slice(0, spoiled.parameter.lastIndexOf(".")) ?? "optimizer";
  const what = status & Status.Weight ? (spoiled?.what ?? "weight") : "gradient";
  const where = spoiled?.parameter ?? layer;
  const message =
    what === "state"
      ? `the optimizer's state of ${where} is not finite: the square of a gradient is beyond float32, that of more than 1.8e19; scale the inputs or the loss, or set clip: { type: "globalNorm", value: 1 } on the optimizer`
      : `the ${what === "weight" ? "updated weight" : what} of ${where} is not finite, though loss and gradients are; the update overflowed: lower the learning rate (${rate})`;
  return new NonFiniteError(`step ${step}: ${message}`, { step, layer, what });
}

interface Found {
  readonly layer: string;
  readonly what: string;
  readonly op: string;
  /** Of the data, if the tensor has rows of the batch. */
  readonly row: number | undefined;
  /** The largest magnitude in what the step computed before. */
  readonly largest: number;
}

/** In program order: the first tensor of the step that holds something non-finite. */
function firstNonFinite(model: Model, samples: Samples, rows: readonly number[], step: number): Found | undefined {
  const plan = runBatch(model, "trace", pickRows(samples, rows), 0, rows.length, step);
  const views = model.region.views();
  let largest = 0;
  for (const instruction of plan.program.instructions)
    for (const { tensor, writes, operand } of usesOf(instruction)) {
      if (!writes || operand.access === "scratch") continue;
      const values = model.readTensor(tensor, plan.addresses.get(tensor)!, rows.length, views);
      const bad = values.findIndex((value) => !Number.isFinite(value));
      if (bad < 0) largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), largest);
      else
        return {
          op: instruction.op,
          largest,
          row: tensor.batched ? rows[Math.floor((bad * rows.length) / values.length)] : undefined,
          layer: instruction.layer,
          what: instruction.phase === "backward" || operand.name === "dx" ? "gradient" : instruction.layer === "loss" ? "value" : "output",
        };
    }
  return undefined;
}
