// The standard networks, trained through the public `fit` on synthetic data, and asked for predictions.
import {
  adam,
  binaryCrossEntropy,
  type ChainOptions,
  categoricalCrossEntropy,
  type Data,
  dense,
  meanSquaredError,
  type Network,
  network,
  schedules,
  sgd,
} from "../src/index.js";

/** What runs a network, and how it rounds. */
export interface How {
  readonly backend: "wasm" | "js";
  readonly arithmetic: "strict" | "relaxed";
}

export interface Standard {
  readonly name: string;
  readonly batch: number;
  /** Rows of data, whole batches. */
  readonly rows: number;
  build(how: How): Promise<Network>;
  data(): Data;
}

type Build = Pick<ChainOptions, "loss" | "optimizer" | "metrics"> & { readonly with?: string; readonly activation: "tanh" | "relu" };

/** @param batches batches of data; 1: full batch, never shuffled */
function standard(widths: readonly number[], batch: number, batches: number, options: Build): Standard {
  const { activation, loss, optimizer, metrics = [] } = options;
  const [input, outputs] = [widths[0]!, widths.at(-1)!];
  const rows = batch * batches;
  return {
    name: [widths.join("-"), ...(options.with ? [options.with] : [])].join(" "),
    batch,
    rows,
    build: (how) =>
      network({
        input,
        layers: widths.slice(1).map((units, i, all) => dense(units, i < all.length - 1 ? { activation } : {})),
        loss,
        optimizer,
        metrics,
        seed: 1,
        ...how,
      }),
    data: () => ({
      inputs: Float32Array.from({ length: rows * input }, (_, i) => wave(i)),
      // One class a row; with one output, 0 or 1.
      targets: Float32Array.from({ length: rows * outputs }, (_, i) => {
        const row = Math.floor(i / outputs);
        return outputs === 1 ? row % 2 : Number(row % outputs === i % outputs);
      }),
    }),
  };
}

/** Values in [0, 1) without a period that rows could share: multiples of the golden ratio, modulo 1. */
function wave(i: number): number {
  return (i * 0.6180339887498949) % 1;
}

const logits = { activation: "relu", loss: categoricalCrossEntropy({ fromLogits: true }) } as const;

export const standards: readonly Standard[] = [
  standard([2, 8, 1], 4, 1, { activation: "tanh", loss: meanSquaredError(), optimizer: sgd({ learningRate: 0.1 }) }),
  standard([4, 16, 3], 16, 9, { ...logits, optimizer: adam() }),
  standard([784, 128, 10], 32, 32, { ...logits, optimizer: sgd({ learningRate: 0.01 }) }),
  // What a schedule, clipping, an average of the weights and a metric add to the line before.
  standard([784, 128, 10], 32, 32, {
    ...logits,
    with: "all on",
    metrics: ["accuracy"],
    optimizer: sgd({
      learningRate: schedules.cosine({ base: 0.01, totalSteps: 1e6 }),
      clip: { type: "globalNorm", value: 1 },
      ema: { decay: 0.999 },
    }),
  }),
  standard([784, 512, 512, 10], 128, 2, { ...logits, optimizer: adam({ learningRate: 1e-4 }) }),
  standard([256, 1024, 1024, 1], 64, 2, {
    activation: "relu",
    loss: binaryCrossEntropy({ fromLogits: true }),
    optimizer: adam({ learningRate: 1e-4 }),
  }),
];
