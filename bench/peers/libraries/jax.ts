// jax-js: the whole step, gradient and optimizer, under one `jit`, on its wasm device. Node has no Web Workers, so it is on one thread there.
// Waiting for each step is as fast as waiting for many on large networks, and faster on small ones.
import { batchesOf, load, type Peer, softmax } from "../peer.js";

export const jax: Peer = {
  folder: "@jax-js/jax",
  plain: false,
  adapt: (workload) => workload,
  async build(workload, rows, weights) {
    const { blockUntilReady, defaultDevice, grad, init, jit, nn, numpy: np, tree } = await load("@jax-js/jax");
    await init("wasm");
    defaultDevice("wasm");
    const { widths, batch, hidden, loss, optimizer, learningRate } = workload;
    type Any = ReturnType<typeof np.array>;
    const predict = (layers: { w: Any; b: Any }[], x: Any) =>
      layers.reduce((h, { w, b }, i) => {
        const z = np.matmul(h, w).add(b);
        return i === layers.length - 1 ? z : hidden === "relu" ? nn.relu(z) : np.tanh(z);
      }, x);
    const lossOf = (layers: { w: Any; b: Any }[], x: Any, t: Any) =>
      loss === "squared error"
        ? np.mean(np.square(predict(layers, x).sub(t)))
        : np.sum(nn.logSoftmax(predict(layers, x)).mul(t)).mul(-1 / batch);
    const sgd = ({ p }: Any, x: Any, t: Any) => {
      const g = grad(lossOf)(tree.ref(p), x, t);
      return { p: tree.map((value: Any, slope: Any) => value.sub(slope.mul(learningRate)), p, g) };
    };
    // Kingma and Ba 2015, algorithm 1. The powers of the betas are carried along; an argument of its own takes ownership of what it is given.
    const adam = ({ p, m, v, b1, b2 }: Any, x: Any, t: Any) => {
      const g = grad(lossOf)(tree.ref(p), x, t);
      const m1 = tree.map((mean: Any, slope: Any) => mean.mul(0.9).add(slope.mul(0.1)), m, tree.ref(g));
      const v1 = tree.map((square: Any, slope: Any) => square.mul(0.999).add(np.square(slope).mul(0.001)), v, g);
      const [power1, power2] = [b1.mul(0.9), b2.mul(0.999)];
      const rate = np.reciprocal(np.subtract(1, power1.ref)).mul(learningRate);
      const correction = np.reciprocal(np.subtract(1, power2.ref));
      const moved = (value: Any, mean: Any, square: Any) =>
        value.sub(mean.mul(rate.ref).div(np.sqrt(square.mul(correction.ref)).add(1e-8)));
      const next = tree.map(moved, p, tree.ref(m1), tree.ref(v1));
      rate.dispose();
      correction.dispose();
      return { p: next, m: m1, v: v1, b1: power1, b2: power2 };
    };
    const parameters = () =>
      weights.map(({ weight, bias }, i) => ({ w: np.array(weight).reshape([widths[i], widths[i + 1]]), b: np.array(bias) }));
    const zeros = () => tree.map((value: Any) => value.mul(0), parameters());
    const moments = optimizer === "sgd" ? {} : { m: zeros(), v: zeros(), b1: np.array(1), b2: np.array(1) };
    const batches = batchesOf(workload, rows).map(({ inputs, targets }) => ({
      x: np.array(inputs).reshape([batch, widths[0]]),
      t: np.array(targets).reshape([batch, widths.at(-1)]),
    }));
    const step = jit(optimizer === "sgd" ? sgd : adam);
    let state: Any = { p: parameters(), ...moments };
    return {
      async train(passes) {
        for (let pass = 0; pass < passes; ++pass) {
          for (const { x, t } of batches) {
            state = step(state, x.ref, t.ref);
            await blockUntilReady(state);
          }
        }
      },
      async outputs() {
        const y = await predict(tree.ref(state.p), batches[0]!.x.ref).data();
        return loss === "cross-entropy" ? softmax(y, widths.at(-1)!) : y;
      },
    };
  },
};
