// This library, as it is published, on one thread. With a seed its arithmetic is strict unless another is asked for.
import type { ArithmeticName } from "../../../src/arithmetic.js";
import { networkOf } from "../../networks.js";
import { type Peer, softmax } from "../peer.js";

const published = (file: string) => import(new URL(`../../../dist/${file}`, import.meta.url).href);

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
      if (revectorized) (await published("node.js")).revectorize();
      const net = await networkOf(workload, { backend, arithmetic, threads: 1 }, await published("index.js"));
      const values = weights.flatMap(({ weight, bias }) => [weight, bias]);
      net.setParameters(net.parameters().map(({ name }, i) => ({ name, values: values[i]! })));
      return {
        train: async (passes) => {
          await net.fit({ inputs, targets }, { epochs: passes, batchSize: batch, shuffle: false });
        },
        outputs: () => {
          const rows = net.predict(inputs.subarray(0, widths[0]! * Math.max(batch, Math.min(32, inputs.length / widths[0]!))));
          return loss === "cross-entropy" ? softmax(rows, widths.at(-1)!) : rows;
        },
      };
    },
  };
}
