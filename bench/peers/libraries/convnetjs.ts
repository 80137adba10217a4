// ConvNetJS 0.3.0 and toygrad, its descendant: a trainer that sums the gradients of `batch_size` rows, one row at a time.
import type { Weights, Workload } from "../../workloads.js";
import { load, type Peer, rateOfHalfSum, require, type Training } from "../peer.js";

interface Filters {
  readonly filters: { readonly w: { set(values: ArrayLike<number>): void } }[];
  readonly biases: { readonly w: { set(values: ArrayLike<number>): void } };
}

/** Theirs: one row of weights for each unit. */
function setWeights(layers: readonly Partial<Filters>[], weights: readonly Weights[]): void {
  const dense = layers.filter((layer): layer is Filters => layer.filters !== undefined);
  weights.forEach(({ weight, bias }, i) => {
    dense[i]!.biases.w.set(bias);
    dense[i]!.filters.forEach(({ w }, u) => {
      w.set(weight.filter((_, at) => at % bias.length === u));
    });
  });
}

/** @param target of a row: a class where the loss is a cross-entropy, or values */
function trainingOf<X>(
  { widths, batch, batches, loss }: Workload,
  { inputs, targets }: { readonly inputs: Float32Array; readonly targets: Float32Array },
  input: (values: Float32Array) => X,
  library: { train(x: X, target: number | number[]): void; forward(x: X): { w: ArrayLike<number> } },
): Training {
  const rows = Array.from({ length: batch * batches }, (_, i) => {
    const target = [...targets.subarray(i * widths.at(-1)!, (i + 1) * widths.at(-1)!)];
    return {
      x: input(inputs.subarray(i * widths[0]!, (i + 1) * widths[0]!)),
      target: loss === "cross-entropy" ? target.indexOf(1) : target,
    };
  });
  return {
    train(passes) {
      for (let pass = 0; pass < passes; ++pass) for (const { x, target } of rows) library.train(x, target);
    },
    outputs: () => rows.slice(0, Math.max(32, batch)).flatMap(({ x }) => Array.from(library.forward(x).w)),
  };
}

export const convnetjs: Peer = {
  folder: "convnetjs",
  plain: true,
  adapt: (workload) => ({ ...workload, optimizer: workload.optimizer === "adam" ? "adadelta" : workload.optimizer }),
  deviation: ({ optimizer }) => (optimizer === "adadelta" ? "it has no Adam" : undefined),
  async build(workload, rows, weights) {
    const { Net, Trainer, Vol } = require("convnetjs");
    const { widths, batch, hidden, loss, optimizer } = workload;
    const net = new Net();
    net.makeLayers([
      { type: "input", out_sx: 1, out_sy: 1, out_depth: widths[0] },
      ...widths.slice(1, -1).map((units) => ({ type: "fc", num_neurons: units, activation: hidden })),
      loss === "cross-entropy" ? { type: "softmax", num_classes: widths.at(-1) } : { type: "regression", num_neurons: widths.at(-1) },
    ]);
    setWeights(net.layers, weights);
    const trainer = new Trainer(net, { method: optimizer, batch_size: batch, learning_rate: rateOfHalfSum(workload), momentum: 0 });
    return trainingOf(workload, rows, (values) => new Vol([...values]), {
      train: (x, target) => trainer.train(x, target),
      forward: (x) => net.forward(x),
    });
  },
};

export const toygrad: Peer = {
  folder: "toygrad",
  plain: true,
  adapt: (workload) => workload,
  deviation: ({ optimizer }) => (optimizer === "adam" ? "its Adam multiplies by the bias corrections instead of dividing" : undefined),
  async build(workload, rows, weights) {
    const { NeuralNetwork, Tensor, Trainers } = await load("toygrad");
    const { widths, batch, hidden, loss, optimizer } = workload;
    const net = new NeuralNetwork({
      layers: [
        { type: "input", sx: 1, sy: 1, sz: widths[0] },
        ...widths
          .slice(1)
          .flatMap((units, i, all) => [{ type: "dense", filters: units }, ...(i < all.length - 1 ? [{ type: hidden }] : [])]),
        { type: loss === "cross-entropy" ? "softmax" : "regression" },
      ],
    });
    setWeights(net.layers, weights);
    const options = { batchSize: batch, learningRate: rateOfHalfSum(workload), momentum: 0 };
    const trainer = optimizer === "sgd" ? new Trainers.SGD(net, options) : new Trainers.Adam(net, options);
    return trainingOf(workload, rows, (values) => new Tensor(1, 1, widths[0], values), {
      train: (x, target) => trainer.train(x, target),
      forward: (x) => net.forward(x, false),
    });
  },
};
