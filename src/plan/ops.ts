// The one table of ops. Record layouts, both interpreters, liveness, the verifier, explain() and the tests' list of cases come from it.
// A kernel bears its op's name here and takes (outputs, inputs, sizes, begin, end) in the order of the operands.
import { Op } from "../../assembly/opcodes.js";
import { activationOps } from "./ops/activations.js";
import { columnOps } from "./ops/columns.js";
import { elementwiseOps } from "./ops/elementwise.js";
import { lossOps } from "./ops/losses.js";
import { matrixOps } from "./ops/matrix.js";
import { metricOps } from "./ops/metrics.js";
import { optimizerOps } from "./ops/optimizers.js";
import { penaltyOps } from "./ops/penalties.js";
import { rowOps } from "./ops/rows.js";
import { type OpSpec, op } from "./spec.js";

/** Threads wait here for one another. No kernel: interpreters know it, as they know End. */
const barrier = op(() => ({ code: Op.Barrier, operands: [], split: "none", flops: () => 0 }));

export const ops = {
  ...rowOps,
  ...matrixOps,
  ...activationOps,
  ...elementwiseOps,
  ...columnOps,
  ...lossOps,
  ...penaltyOps,
  ...metricOps,
  ...optimizerOps,
  barrier,
};

export type OpName = keyof typeof ops;

/** An op's entry with its operands' own types. */
export type SpecOf<K extends OpName> = ReturnType<(typeof ops)[K]>;

const made = new Map<OpName, OpSpec>();

/** The op's entry, without its operands' own types: what passes work with. */
export function specOf(name: OpName): OpSpec {
  let spec = made.get(name);
  if (!spec) {
    spec = ops[name]();
    made.set(name, spec);
  }
  return spec;
}

/** The op with that opcode. */
export function opOf(code: number): OpName | undefined {
  return (Object.keys(ops) as OpName[]).find((name) => specOf(name).code === code);
}

/** Words of the longest record, which the table as a whole must not be made for: adamStep's. */
export const LONGEST_RECORD = 17;

/** Words of a barrier's. */
export const BARRIER_RECORD = 2;
