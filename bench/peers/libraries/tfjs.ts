// TensorFlow.js. Of its ways to train, `optimizer.minimize` on variables is the fastest: on 2-8-1 with the wasm backend 10 k samples/s, where
// `model.trainOnBatch` gives 4 k and `model.fit` 2 k; on the large networks 5 % more than `fit`. Fused products make no difference.
// In Node its wasm backend runs on one thread. Its Adam's epsilon is another one by default.
import { batchesOf, type Peer, require, softmax } from "../peer.js";

export function tfjs(backend: "cpu" | "wasm"): Peer {
  return {
    folder: "@tensorflow/tfjs",
    plain: backend === "cpu",
    adapt: (workload) => workload,
    async build(workload, rows, weights) {
      const tf = require("@tensorflow/tfjs");
      if (backend === "wasm") require("@tensorflow/tfjs-backend-wasm");
      tf.enableProdMode();
      await tf.setBackend(backend);
      await tf.ready();
      const { widths, batch, hidden, loss, optimizer, learningRate } = workload;
      const layers = weights.map(({ weight, bias }, i) => [
        tf.variable(tf.tensor2d(weight, [widths[i], widths[i + 1]])),
        tf.variable(tf.tensor1d(bias)),
      ]);
      const batches = batchesOf(workload, rows).map(({ inputs, targets }) => ({
        x: tf.tensor2d(inputs, [batch, widths[0]]),
        t: tf.tensor2d(targets, [batch, widths.at(-1)]),
      }));
      const variables = layers.flat();
      const activation = tf[hidden];
      const lossOf = loss === "squared error" ? tf.losses.meanSquaredError : tf.losses.softmaxCrossEntropy;
      const trainer = optimizer === "sgd" ? tf.train.sgd(learningRate) : tf.train.adam(learningRate, 0.9, 0.999, 1e-8);
      const forward = (x: unknown) =>
        layers.reduce((h, [w, b], i) => {
          const z = tf.add(tf.matMul(h, w), b);
          return i < layers.length - 1 ? activation(z) : z;
        }, x);
      return {
        async train(passes) {
          for (let pass = 0; pass < passes; ++pass)
            for (const { x, t } of batches) tf.tidy(() => trainer.minimize(() => lossOf(t, forward(x)), false, variables));
          await variables[0].data();
        },
        outputs() {
          const y = tf.tidy(() => (forward(batches[0]!.x) as { dataSync(): Float32Array }).dataSync());
          return loss === "cross-entropy" ? softmax(y, widths.at(-1)!) : y;
        },
      };
    },
  };
}
