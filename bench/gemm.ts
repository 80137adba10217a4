// Matrix products in the three forms of training: of a dense layer, y = x·W (NN), dW = xᵀ·dy (TN), dx = dy·Wᵀ (NT).
import { type Calls, prepare } from "./operands.js";

export type Form = "NN" | "TN" | "NT";

export interface GemmCase {
  /** batch x inputs x units of the layer, whichever of its three products it is */
  readonly name: string;
  readonly form: Form;
  readonly flops: number;
  prepare(): Promise<Calls>;
}

const SQUARES = [32, 64, 128, 256, 512, 1024].map((n) => [n, n, n] as const);
const LAYERS = [
  [32, 784, 128],
  [128, 784, 512],
  [128, 512, 512],
  [256, 1024, 1024],
  [1, 512, 512],
] as const;

export function gemmCases(): GemmCase[] {
  return [...SQUARES, ...LAYERS].flatMap(([batch, inputs, units]) => {
    const name = `${batch}x${inputs}x${units}`;
    // C is [m, n], k is summed over.
    const product = (form: Form, op: "gemm" | "gemmTransposedA" | "gemmTransposedB", m: number, n: number, k: number): GemmCase => ({
      name,
      form,
      flops: 2 * m * n * k,
      prepare: () =>
        prepare({ op, values: { n, k, lda: form === "TN" ? m : k, ldb: form === "NT" ? k : n, ldc: n, start: 0, activation: 0, end: m } }),
    });
    return [
      product("NN", "gemm", batch, units, inputs),
      product("TN", "gemmTransposedA", inputs, units, batch),
      product("NT", "gemmTransposedB", batch, inputs, units),
    ];
  });
}
