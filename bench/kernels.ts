// The kernels around gemm at the sizes they have in training 784-512-512-10, batch 128.
import { COPY, DIVISION, type Divisions, ROOT, ROOTS } from "../scripts/bound.js";
import type { OpName } from "../src/plan/ops.js";
import type { Job } from "./operands.js";

export interface KernelCase {
  readonly name: string;
  readonly job: Job;
  /** Of a kernel that passes over slabs: what binds it beside their bytes. */
  readonly divisions?: Divisions;
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
const step = (name: string, op: OpName, divisions: Divisions, values: Job["values"] = {}, more: Partial<Job> = {}): KernelCase => ({
  name: `${name} ${SLAB}`,
  job: { op, values: { ...slab, rate: 1e-9, stepSize: 1e-9, decay: 1, ...values }, ...more },
  divisions,
});
const averages = { beta1: 0.9, oneMinusBeta1: 0.1, beta2: 0.999, oneMinusBeta2: 0.001 };
const adam = { ...averages, inverseRootBias2: 1, epsilon: 1e-8 };
const momentum = { gradientFactor: 1, momentum: 0.9 };
const rmsprop = { rho: 0.9, oneMinusRho: 0.1, epsilon: 1e-8 };

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
  step("sgdStep", "sgdStep", COPY),
  step("sgdMomentumStep", "sgdMomentumStep", COPY, momentum),
  step("nesterov", "sgdMomentumStep", COPY, { ...momentum, nesterov: 1 }),
  step("lionStep", "lionStep", COPY, averages),
  step("adamStep", "adamStep", ROOT, adam, { positive: ["v"] }),
  step("amsgrad", "adamStep", ROOT, adam, { positive: ["v", "vMax"], given: ["vMax"] }),
  step("adamaxStep", "adamaxStep", DIVISION, { ...averages, epsilon: 1e-8 }, { positive: ["u"] }),
  step("nadamStep", "nadamStep", ROOT, { ...adam, momentFactor: 1e-9, gradientFactor: 1e-10 }, { positive: ["v"] }),
  step("radamStep", "radamStep", ROOT, { ...averages, rootFactor: 1, floor: 1e-8 }, { positive: ["v"] }),
  step("rmspropStep", "rmspropStep", ROOT, rmsprop, { positive: ["v"] }),
  step("rmsprop momentum", "rmspropStep", ROOT, { ...rmsprop, momentum: 0.9 }, { positive: ["v"], given: ["velocity"] }),
  step("rmsprop centered", "rmspropStep", ROOT, rmsprop, { positive: ["v"], given: ["mean"] }),
  step("adagradStep", "adagradStep", ROOT, { epsilon: 1e-8 }, { positive: ["h"] }),
  step("adadeltaStep", "adadeltaStep", ROOTS, { rho: 0.9, oneMinusRho: 0.1, epsilon: 1e-6 }, { positive: ["v", "squares"] }),
  step("emaStep", "emaStep", COPY, { oneMinusDecay: 0.001 }),
  step("clipNorm", "clipNorm", COPY, { limit: 1e9 }),
  step("clipGlobalNorm", "clipGlobalNorm", COPY, { sumSquares: 1, limit: 0.999 }),
  step("clipValue", "clipValue", COPY, { limit: 1e9 }),
];
