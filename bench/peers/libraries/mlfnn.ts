// ml-fnn: full-batch gradient descent on softmax outputs. A batch is its whole training set, trained on for one iteration.
import { batchesOf, type Peer, require } from "../peer.js";

export const mlfnn: Peer = {
  folder: "ml-fnn",
  plain: true,
  adapt(workload) {
    if (workload.loss !== "cross-entropy") return "classifies only";
    if (workload.batch === 1) return "has as many outputs as a batch has classes: 1";
    // Whatever activation it is asked for, it takes tanh: `in Object.keys(…)` asks for an index.
    return { ...workload, hidden: "tanh", optimizer: "sgd" };
  },
  async build(workload, rows, weights) {
    const FeedForward = require("ml-fnn");
    const { Matrix } = require("ml-matrix");
    const { widths, batch, learningRate } = workload;
    // It sums gradients over rows where we take means. A regularization of 0 would become its default.
    const options = { hiddenLayers: widths.slice(1, -1), iterations: 1, learningRate: learningRate / batch, regularization: 1e-300 };
    const net = new FeedForward(options);
    // It numbers classes as they first appear, so a batch's rows go in the order of their classes; the order within a batch is nothing to us.
    const batches = batchesOf(workload, rows).map(({ inputs, targets }) => {
      const labels = Array.from({ length: batch }, (_, i) => targets.subarray(i * widths.at(-1)!, (i + 1) * widths.at(-1)!).indexOf(1));
      const order = labels.map((_, i) => i).sort((a, b) => labels[a]! - labels[b]! || a - b);
      const row = (i: number) => [...inputs.subarray(i * widths[0]!, (i + 1) * widths[0]!)];
      return { x: new Matrix(order.map(row)), natural: new Matrix(labels.map((_, i) => row(i))), labels: order.map((i) => labels[i]!) };
    });
    net.buildNetwork(widths[0], widths.at(-1));
    weights.forEach(({ weight, bias }, i) => {
      const units = bias.length;
      net.model[i].W = new Matrix(Array.from({ length: widths[i]! }, (_, row) => [...weight.subarray(row * units, (row + 1) * units)]));
      net.model[i].b = Matrix.rowVector([...bias]);
    });
    return {
      train(passes) {
        for (let pass = 0; pass < passes; ++pass) for (const { x, labels } of batches) net.train(x, labels);
      },
      outputs: () => net.propagate(batches[0]!.natural).to1DArray(),
    };
  },
};
