// What the benches train, as plain data: networks, the rows they see, the weights they start from. It knows no library, so that
// each library of bench/peers/ does the same.
import { Stream, uniform } from "../src/random.js";

export interface Workload {
  /** Inputs, units of each layer, outputs. */
  readonly widths: readonly number[];
  readonly batch: number;
  /** Batches of data; 1: full batch. */
  readonly batches: number;
  readonly hidden: "tanh" | "relu";
  readonly output: "linear" | "tanh" | "relu" | "sigmoid";
  /** Means over rows. The squared error is a mean over outputs, too; the cross-entropy is of softmax outputs, in nats. */
  readonly loss: "squared error" | "cross-entropy";
  readonly optimizer: "sgd" | "adam" | "adadelta";
  readonly learningRate: number;
}

export interface Rows {
  /** float32 `[batch * batches, inputs]` */
  readonly inputs: Float32Array;
  /** float32 `[batch * batches, outputs]`; one class a row, or 0 and 1 */
  readonly targets: Float32Array;
}

/** Of one layer: y = x·weight + bias; weight `[inputs, units]`, bias `[units]`. */
export interface Weights {
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

const classes = { hidden: "relu", output: "linear", loss: "cross-entropy" } as const;

/** The networks that other libraries train, too. */
export const workloads: readonly Workload[] = [
  {
    ...{ widths: [2, 8, 1], batch: 4, batches: 1, hidden: "tanh", output: "linear", loss: "squared error" },
    ...{ optimizer: "sgd", learningRate: 0.1 },
  },
  { ...classes, widths: [4, 16, 3], batch: 16, batches: 9, optimizer: "adam", learningRate: 0.001 },
  { ...classes, widths: [784, 128, 10], batch: 32, batches: 32, optimizer: "sgd", learningRate: 0.01 },
  { ...classes, widths: [784, 128, 10], batch: 1, batches: 1024, optimizer: "sgd", learningRate: 0.01 },
  { ...classes, widths: [784, 512, 512, 10], batch: 128, batches: 2, optimizer: "adam", learningRate: 1e-4 },
];

/** Such as `784-128-10 batch 32`. */
export function nameOf({ widths, batch }: Pick<Workload, "widths" | "batch">): string {
  return `${widths.join("-")} batch ${batch}`;
}

export function rowsOf({ widths, batch, batches }: Pick<Workload, "widths" | "batch" | "batches">): Rows {
  const [inputs, outputs, rows] = [widths[0]!, widths.at(-1)!, batch * batches];
  return {
    inputs: Float32Array.from({ length: rows * inputs }, (_, i) => wave(i)),
    targets: Float32Array.from({ length: rows * outputs }, (_, i) => {
      const row = Math.floor(i / outputs);
      return outputs === 1 ? row % 2 : Number(row % outputs === i % outputs);
    }),
  };
}

/** Values in [0, 1) without a period that rows could share: multiples of the golden ratio, modulo 1. */
function wave(i: number): number {
  return (i * 0.6180339887498949) % 1;
}

/** Uniform as Glorot and Bengio (AISTATS 2010, equation 16) have them, by layer; biases 0. */
export function weightsOf({ widths }: Pick<Workload, "widths">): Weights[] {
  return widths.slice(1).map((units, layer) => {
    const inputs = widths[layer]!;
    const limit = Math.sqrt(6 / (inputs + units));
    const weight = Float32Array.from({ length: inputs * units }, (_, i) => limit * (2 * uniform(1, Stream.Initialize, layer, i) - 1));
    return { weight, bias: new Float32Array(units) };
  });
}
