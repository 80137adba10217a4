// The training steps of one call into the backend are a transaction: what a step spoils is undone, and the steps before it are run again.
import { Status, Step } from "../../assembly/opcodes.js";
import type { Samples } from "../data/samples.js";
import type { NonFiniteError } from "../errors.js";
import type { Model, Parameter } from "../model.js";
import type { LoadedPlan } from "../plans.js";
import { explainNonFinite, type Failure } from "./nonFinite.js";

/** Steps that are run in one call. */
export interface Call {
  readonly steps: number;
  /** Number of the first of them, from 1 on. */
  readonly first: number;
  /** Writes all their records. */
  write(): void;
  /** Puts parameters and optimizer state back as they were before the call. */
  undo(): void;
  /** The rows of step `index` of them, as numbers in `samples`. */
  rowsOf(index: number): readonly number[];
  readonly samples: Samples;
  /** As in `Failure`. */
  readonly before?: readonly number[];
}

export interface Outcome {
  /** Good steps; their records can be read. */
  readonly done: number;
  /** Why it ended before all steps were done; parameters and optimizer state are as before that step. */
  readonly failure?: () => NonFiniteError;
}

/** Runs the steps, to their end or to the first that meets something non-finite. */
export function runSteps(model: Model, plan: LoadedPlan, call: Call): Outcome {
  call.write();
  let done: number;
  try {
    done = model.run(plan, call.steps);
  } catch (error) {
    call.undo();
    throw error;
  }
  return settle(model, plan, call, done);
}

/** The same on so many threads of the network's region. */
export async function runStepsShared(model: Model, plan: LoadedPlan, call: Call, sharers: number): Promise<Outcome> {
  call.write();
  let done: number | undefined;
  try {
    done = await model.runShared(plan, call.steps, sharers);
    while (done === undefined) {
      call.undo();
      call.write();
      done = await model.runShared(plan, call.steps, sharers);
    }
  } catch (error) {
    call.undo();
    throw error;
  }
  return settle(model, plan, call, done);
}

/** After so many good steps: what spoiled the next one is undone, and they are run again. */
function settle(model: Model, plan: LoadedPlan, call: Call, done: number): Outcome {
  if (done === call.steps) return { done };
  const status = model.region.views().u32[(plan.table + done * plan.layout.stride + Step.Status) >> 2]!;
  const spoiled = status & Status.Weight ? firstNonFinite(model) : undefined;
  call.undo();
  call.write();
  if (done > 0) model.run(plan, done);
  const { samples, before } = call;
  const failure = () => explainNonFinite(model, { status, step: call.first + done, spoiled, samples, rows: call.rowsOf(done), before });
  return { done, failure };
}

/** The optimizer's first state that is not finite, or else, since weights follow from it, the first such parameter. */
function firstNonFinite(model: Model): Failure["spoiled"] {
  const find = (what: "weight" | "state", addressOf: (parameter: Parameter) => number) => {
    const found = model.parameters.find((parameter) => !model.readTensor(parameter.tensor, addressOf(parameter), 0).every(Number.isFinite));
    return found && ({ parameter: found.tensor.name, what } as const);
  };
  for (let slot = 0; slot < model.definition.optimizer.slots.length; ++slot) {
    const found = find("state", (parameter) => model.slotAddress(slot, parameter));
    if (found) return found;
  }
  return find("weight", ({ address }) => address);
}
