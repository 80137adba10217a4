// The loops of bench/handwritten.ts.
import { handwritten as stepOf } from "../../handwritten.js";
import { batchesOf, type Peer } from "../peer.js";

export const handwritten: Peer = {
  plain: true,
  adapt: (workload) => workload,
  async build(workload, rows, weights) {
    const step = stepOf(workload, weights);
    const batches = batchesOf(workload, rows).map(({ inputs, targets }) => ({
      inputs: Float64Array.from(inputs),
      targets: Float64Array.from(targets),
    }));
    return {
      train(passes) {
        for (let pass = 0; pass < passes; ++pass) for (const { inputs, targets } of batches) step(inputs, targets);
      },
      outputs: () => step(batches[0]!.inputs, batches[0]!.targets),
    };
  },
};
