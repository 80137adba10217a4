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
import { rowsOf, type Workload, workloads } from "./workloads.js";

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

const sources = { adam, categoricalCrossEntropy, dense, meanSquaredError, network, sgd };

/** Of a workload whose optimizer is sgd or adam; on one thread unless the options say otherwise. */
export function networkOf(workload: Workload, options: Partial<ChainOptions>, library = sources): Promise<Network> {
  const { widths, hidden, output, loss, optimizer, learningRate } = workload;
  return library.network({
    input: widths[0]!,
    layers: widths.slice(1).map((units, i, all) => library.dense(units, { activation: i < all.length - 1 ? hidden : output })),
    loss: loss === "squared error" ? library.meanSquaredError() : library.categoricalCrossEntropy({ fromLogits: true }),
    optimizer: library[optimizer === "sgd" ? "sgd" : "adam"]({ learningRate }),
    seed: 1,
    threads: 1,
    ...options,
  });
}

/** @param more what differs from the workload, and its name */
function standard(workload: Workload, { name, ...more }: Partial<ChainOptions> & { readonly name?: string } = {}): Standard {
  const { widths, batch, batches } = workload;
  return {
    name: [widths.join("-"), ...(name ? [name] : [])].join(" "),
    batch,
    rows: batch * batches,
    build: (how) => networkOf(workload, { ...more, ...how }),
    data: () => rowsOf(workload),
  };
}

const [xor, iris, digits, digit, large] = workloads as readonly [Workload, Workload, Workload, Workload, Workload];

export const standards: readonly Standard[] = [
  standard(xor),
  standard(iris),
  standard(digits),
  // What a schedule, clipping, an average of the weights and a metric add to the line before.
  standard(digits, {
    name: "all on",
    metrics: ["accuracy"],
    optimizer: sgd({
      learningRate: schedules.cosine({ base: 0.01, totalSteps: 1e6 }),
      clip: { type: "globalNorm", value: 1 },
      ema: { decay: 0.999 },
    }),
  }),
  standard(digit),
  standard(large),
  standard({ ...large, widths: [256, 1024, 1024, 1], batch: 64 }, { loss: binaryCrossEntropy({ fromLogits: true }) }),
];
