// This library, from its sources: strict arithmetic (it has a seed), one thread.
import { networkOf } from "../../networks.js";
import { type Peer, softmax } from "../peer.js";

export function chainrule(backend: "wasm" | "js"): Peer {
  return {
    plain: backend === "js",
    adapt: (workload) => workload,
    async build(workload, { inputs, targets }, weights) {
      const { widths, batch, loss } = workload;
      const net = await networkOf(workload, { backend });
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
