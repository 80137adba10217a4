// brain.js, `NeuralNetwork` on the CPU: one activation for all layers, squared error, an update after each row.
import { type Peer, rateOfHalfSum, require, rowByRow } from "../peer.js";

/** Options that its range checks let pass and that do nothing: no momentum, no stop at a small error. */
const NONE = 1e-300;

export function brain(folder: "brain.js" | "brain.js-2"): Peer {
  return {
    folder,
    plain: true,
    adapt: (workload) => ({ ...rowByRow(workload), output: workload.hidden, loss: "squared error" }),
    deviation: ({ optimizer }) => (optimizer === "adam" ? "its Adam moves a bias by its moments of the step before" : undefined),
    async build(workload, { inputs, targets }, weights) {
      const { NeuralNetwork } = require(folder);
      const { widths, batches, hidden, optimizer } = workload;
      const options = { activation: hidden, learningRate: rateOfHalfSum(workload), momentum: NONE, errorThresh: NONE };
      const net = new NeuralNetwork({ hiddenLayers: widths.slice(1, -1), ...options });
      Object.assign(net.trainOpts, options, optimizer === "adam" ? { praxis: "adam" } : {});
      net.sizes = [...widths];
      net.initialize();
      weights.forEach(({ weight, bias }, i) => {
        const units = bias.length;
        net.biases[i + 1].set(bias);
        for (let u = 0; u < units; ++u) net.weights[i + 1][u].set(weight.filter((_, at) => at % units === u));
      });
      const row = (values: Float32Array, columns: number, i: number) => [...values.subarray(i * columns, (i + 1) * columns)];
      const data = Array.from({ length: batches }, (_, i) => ({
        input: row(inputs, widths[0]!, i),
        output: row(targets, widths.at(-1)!, i),
      }));
      return {
        train(passes) {
          const { iterations } = net.train(data, { ...options, iterations: passes, ...(optimizer === "adam" ? { praxis: "adam" } : {}) });
          if (iterations !== passes) throw new Error(`${folder} stopped after ${iterations} of ${passes} passes`);
        },
        outputs: () => data.slice(0, 32).flatMap(({ input }) => [...net.run(input)]),
      };
    },
  };
}
