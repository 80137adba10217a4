// What the bench says, as `--json` writes it. Fields that do not apply are left out.
import { isRevectorized } from "../src/backends/revectorizer.js";
import type { Figure } from "./measure.js";
import { engineName } from "./page.js";

export interface Measurement extends Figure {
  readonly bench: "limit" | "gemm" | "kernel" | "step" | "predict" | "trainOnBatch" | "dispatch" | "start" | "plan";
  /** Such as `256x256x256` or `784-128-10 batch 32`. */
  readonly case: string;
  /** gemm: NN, TN or NT, T for a transposed operand. */
  readonly form?: "NN" | "TN" | "NT";
  readonly backend: "wasm" | "js";
  readonly arithmetic: "strict" | "relaxed";
  readonly revectorized: boolean;
  readonly threads: number;
  /** Such as `Node 24.1.0, V8 13.6`. */
  readonly engine: string;
  readonly unit: "GFLOP/s" | "GB/s" | "samples/s" | "µs" | "ms" | "ns";
  /** The median as a share of the machine's limit; gemm and limit only. */
  readonly ofLimit?: number;
}

/** A record of this process, on one thread. */
export function record(
  fields: Pick<Measurement, "bench" | "case" | "form" | "backend" | "arithmetic" | "unit" | "ofLimit">,
  figure: Figure,
): Measurement {
  return {
    ...fields,
    // The limit is that of 128 bits.
    revectorized: fields.backend === "wasm" && fields.bench !== "limit" && isRevectorized(),
    threads: 1,
    engine: engineName(),
    ...figure,
  };
}
