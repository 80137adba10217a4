// This library, from its sources, on one thread. With a seed its arithmetic is strict unless another is asked for.
import type { ArithmeticName } from "../../../src/arithmetic.js";
import { revectorize } from "../../../src/node/revectorize.js";
import { networkOf } from "../../networks.js";
import { type Peer, softmax } from "../peer.js";

/** Passes of one call of `fit`, at most. It keeps a record of each, and of a million, which no training has, the fresh memory takes 15 % of
 *  the time of 2-8-1; of so many its beginning is nothing. */
const PASSES = 50_000;

export interface Way {
  readonly backend: "wasm" | "js";
  readonly arithmetic?: ArithmeticName;
  readonly revectorized?: boolean;
}

export function chainrule({ backend, arithmetic = "strict", revectorized = false }: Way): Peer {
  return {
    plain: backend === "js",
    adapt: (workload) => workload,
    async build(workload, { inputs, targets }, weights) {
      const { widths, batch, loss } = workload;
      // Throws, in words, where the engine cannot.
      if (revectorized) revectorize();
      const net = await networkOf(workload, { backend, arithmetic, threads: 1 });
      const values = weights.flatMap(({ weight, bias }) => [weight, bias]);
      net.setParameters(net.parameters().map(({ name }, i) => ({ name, values: values[i]! })));
      return {
        train: async (passes) => {
          for (let left = passes; left > 0; left -= PASSES)
            await net.fit({ inputs, targets }, { epochs: Math.min(left, PASSES), batchSize: batch, shuffle: false });
        },
        outputs: () => {
          const rows = net.predict(inputs.subarray(0, widths[0]! * Math.max(batch, Math.min(32, inputs.length / widths[0]!))));
          return loss === "cross-entropy" ? softmax(rows, widths.at(-1)!) : rows;
        },
      };
    },
  };
}
