// The kernels around gemm at the sizes they have in training 784-512-512-10, batch 128.

import { COPY, DIVISION, type Divisions, ROOT, ROOTS } from "../scripts/bound.js";
import type { OpName } from "../src/plan/ops.js";
import type { Job } from "./operands.js";

export interface KernelCase {
  readonly name: string;
  readonly job: Job;
  /** What binds a kernel that passes over slabs, beside their bytes. */
  readonly bound?: Divisions;
}

const BATCH = 128;
const UNITS = 512;
const CLASSES = 10;
/** Elements of the parameter slab, whose rows are whole v128s: 784-512-512-10 with its biases. */
const SLAB = 784 * 512 + 512 + 512 * 512 + 512 + 512 * 12 + 12;

const hidden = { end: BATCH * UNITS };
const classes = { columns: CLASSES, ld: 12, ldt: 12, scale: 1 / BATCH, end: BATCH };
const slab = { end: SLAB };

const elementwise = (op: OpName): KernelCase => ({ name: `${op} ${BATCH}x${UNITS}`, job: { op, values: hidden } });
const loss = (op: OpName, job: Partial<Job> = {}): KernelCase => ({
  name: `${op} ${BATCH}x${CLASSES}`,
  job: { op, values: classes, given: ["dx"], ...job },
});
// Rates so small that no weight leaves its binade however often a step is repeated.
const step = (op: OpName, bound: Divisions, values: Job["values"] = {}, positive: readonly string[] = []): KernelCase => ({
  name: `${op} ${SLAB}`,
  job: { op, values: { ...slab, rate: 1e-9, stepSize: 1e-9, decay: 1, ...values }, positive },
  bound,
});

export const kernelCases: readonly KernelCase[] = [
  elementwise("reluForward"),
  elementwise("reluBackward"),
  elementwise("sigmoidForward"),
  elementwise("tanhForward"),
  elementwise("tanhBackward"),
  elementwise("geluForward"),
  elementwise("geluBackward"),
  {
    name: `dropout ${BATCH}x${UNITS}`,
    job: {
      op: "dropout",
      values: { seed: 1, stream: 256, threshold: 2 ** 30, scale: 4 / 3, columns: UNITS, ld: UNITS, number: 1, end: BATCH },
    },
  },
  { name: `softmaxForward ${BATCH}x${CLASSES}`, job: { op: "softmaxForward", values: classes } },
  { name: `softmaxBackward ${BATCH}x${CLASSES}`, job: { op: "softmaxBackward", values: classes } },
  loss("meanSquaredError"),
  loss("binaryCrossEntropyLogits", { positive: ["t"] }),
  loss("categoricalCrossEntropyLogits", { positive: ["t"] }),
  loss("sparseCategoricalCrossEntropyLogits", { ids: ["t"], values: { ...classes, ldt: 1 } }),
  { name: `gatherRows ${BATCH}x784`, job: { op: "gatherRows", values: { words: 784, end: BATCH }, dataRows: 4096 } },
  { name: `sumRows ${BATCH}x${UNITS}`, job: { op: "sumRows", values: { rows: BATCH, columns: UNITS, ld: UNITS, end: UNITS } } },
  { name: `sumSquares ${SLAB}`, job: { op: "sumSquares", values: slab } },
  { name: `categoricalAccuracy ${BATCH}x${CLASSES}`, job: { op: "categoricalAccuracy", values: classes } },
  { name: `absoluteError ${BATCH}x${CLASSES}`, job: { op: "absoluteError", values: classes } },
  step("sgdStep", COPY),
  step("sgdMomentumStep", COPY, { gradientFactor: 1, momentum: 0.9 }),
  step("adamStep", ROOT, { inverseRootBias2: 1, beta1: 0.9, oneMinusBeta1: 0.1, beta2: 0.999, oneMinusBeta2: 0.001, epsilon: 1e-8 }, ["v"]),
  step("rmspropStep", ROOT, { rho: 0.9, oneMinusRho: 0.1, epsilon: 1e-8 }, ["v"]),
  step("adagradStep", ROOT, { epsilon: 1e-8 }, ["h"]),
  step("adamaxStep", DIVISION, { beta1: 0.9, oneMinusBeta1: 0.1, beta2: 0.999, epsilon: 1e-8 }, ["u"]),
  step(
    "nadamStep",
    ROOT,
    {
      momentFactor: 1e-9,
      gradientFactor: 1e-10,
      inverseRootBias2: 1,
      beta1: 0.9,
      oneMinusBeta1: 0.1,
      beta2: 0.999,
      oneMinusBeta2: 0.001,
      epsilon: 1e-8,
    },
    ["v"],
  ),
  step("radamStep", ROOT, { rootFactor: 1, floor: 1e-8, beta1: 0.9, oneMinusBeta1: 0.1, beta2: 0.999, oneMinusBeta2: 0.001 }, ["v"]),
  step("adadeltaStep", ROOTS, { rho: 0.9, oneMinusRho: 0.1, epsilon: 1e-6 }, ["v", "squares"]),
  step("lionStep", COPY, { beta1: 0.9, oneMinusBeta1: 0.1, beta2: 0.99, oneMinusBeta2: 0.01 }),
  step("emaStep", COPY, { oneMinusDecay: 0.001 }),
  step("clipNorm", COPY, { limit: 1e9 }),
  step("clipGlobalNorm", COPY, { sumSquares: 1, limit: 0.999 }),
  step("clipValue", COPY, { limit: 1e9 }),
];
