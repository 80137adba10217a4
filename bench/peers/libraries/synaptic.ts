// synaptic: `activate` and `propagate` row by row, in its optimized mode, where the network becomes one function written out in full.
import type { Workload } from "../../workloads.js";
import { type Peer, rateOfHalfSum, require, rowByRow } from "../peer.js";

/** A network of this many connections takes seconds to be written out and 50 ms for a row: a few rows are enough. */
const MANY = 50_000;
/** One of this many is not even built within a minute. */
const TOO_MANY = 500_000;

const connectionsOf = ({ widths }: Workload) => widths.slice(1).reduce((sum, units, i) => sum + units * widths[i]!, 0);

export const synaptic: Peer = {
  folder: "synaptic",
  plain: true,
  adapt(workload) {
    const connections = connectionsOf(workload);
    if (connections >= TOO_MANY) return `does not build ${connections} connections within a minute`;
    const adapted: Workload = { ...rowByRow(workload), optimizer: "sgd" };
    return {
      ...adapted,
      ...(workload.loss === "cross-entropy" ? { output: "sigmoid" } : {}),
      ...(connections >= MANY ? { batches: 8 } : {}),
    };
  },
  deviation: () => "its hidden layers get their error through weights that the step has already moved",
  async build(workload, { inputs, targets }, weights) {
    const { Architect, Neuron } = require("synaptic");
    const { widths, batches, hidden, output } = workload;
    const net = new Architect.Perceptron(...widths);
    const squash = { tanh: "TANH", relu: "RELU", sigmoid: "LOGISTIC", linear: "IDENTITY" };
    const { input, hidden: inner, output: last } = net.layers;
    [input, ...inner].forEach((layer, i) => {
      const { weight, bias } = weights[i]!;
      const units = [...inner, last][i].list;
      layer.connectedTo[0].list.forEach((connection: { weight: number }, at: number) => {
        connection.weight = weight[at]!;
      });
      units.forEach((unit: { squash: unknown; bias: number }, u: number) => {
        unit.squash = Neuron.squash[squash[units === last.list ? output : hidden]];
        unit.bias = bias[u]!;
      });
    });
    const rate = rateOfHalfSum(workload);
    const row = (values: Float32Array, columns: number, i: number) => [...values.subarray(i * columns, (i + 1) * columns)];
    const data = Array.from({ length: batches }, (_, i) => ({ x: row(inputs, widths[0]!, i), t: row(targets, widths.at(-1)!, i) }));
    return {
      train(passes) {
        for (let pass = 0; pass < passes; ++pass) {
          for (const { x, t } of data) {
            net.activate(x);
            net.propagate(rate, t);
          }
        }
      },
      outputs: () => data.slice(0, 32).flatMap(({ x }) => net.activate(x)),
    };
  },
};
