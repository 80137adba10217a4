// After a step went non-finite: runs it once more, traced, from the parameters before it, and says where it began and why, most likely.
import { Status } from "../assembly/opcodes.js";
import type { Samples } from "./data.js";
import { NonFiniteError } from "./errors.js";
import type { Model } from "./model.js";
import { usesOf } from "./plan/program.js";
import { runBatch } from "./single.js";

export interface Failure {
  readonly status: number;
  /** Number of the step since the network's first, from 1 on. */
  readonly step: number;
  /** The parameter that the update made non-finite, if it did. */
  readonly spoiled: string | undefined;
  readonly samples: Samples;
  readonly rows: readonly number[];
}

export function diagnose(model: Model, { status, step, spoiled, samples, rows }: Failure): NonFiniteError {
  const { optimizer, loss } = model.definition;
  const rate = `learningRate is ${optimizer.schedule.rate(step - 1)}`;
  const found = firstNonFinite(model, samples, rows, step);
  if (found) {
    const what = `${found.what} of ${found.layer}`;
    const probabilities = found.layer === "loss" && "fromLogits" in loss.options && !loss.options.fromLogits;
    const hint = probabilities
      ? `${loss.type} takes probabilities: end with sigmoid or softmax, or set fromLogits: true`
      : `lower the learning rate (${rate}), scale the inputs, or set clip: { type: "globalNorm", value: 1 } on the optimizer`;
    return new NonFiniteError(`step ${step}: the ${what} is not finite; ${hint}`, { step, layer: found.layer, what: found.what === "gradient" ? "gradient" : "loss" });
  }
  const layer = spoiled?.slice(0, spoiled.lastIndexOf(".")) ?? "optimizer";
  const what = status & Status.Weight ? "weight" : "gradient";
  return new NonFiniteError(
    `step ${step}: the ${what === "weight" ? "updated weight" : what} of ${spoiled ?? layer} is not finite, though loss and gradients are; the update overflowed: lower the learning rate (${rate})`,
    { step, layer, what },
  );
}

/** In program order: the first tensor of the step that holds something non-finite. */
function firstNonFinite(model: Model, samples: Samples, rows: readonly number[], step: number): { layer: string; what: string } | undefined {
  const pick = ({ values, width }: Samples["inputs"]) => {
    const out = values instanceof Uint32Array ? new Uint32Array(rows.length * width) : new Float32Array(rows.length * width);
    rows.forEach((row, i) => {
      out.set(values.subarray(row * width, (row + 1) * width), i * width);
    });
    return { rows: rows.length, width, values: out };
  };
  const plan = runBatch(model, "trace", { inputs: pick(samples.inputs), targets: pick(samples.targets) }, 0, rows.length, step);
  const views = model.region.views();
  for (const instruction of plan.program.instructions)
    for (const { tensor, writes, operand } of usesOf(instruction)) {
      if (!writes || operand.access === "scratch") continue;
      const values = model.readTensor(tensor, plan.addresses.get(tensor)!, rows.length, views);
      if (!values.every(Number.isFinite))
        return { layer: instruction.layer, what: instruction.phase === "backward" || operand.name === "dx" ? "gradient" : instruction.layer === "loss" ? "value" : "output" };
    }
  return undefined;
}
