// Training that the page and Node both do. Takes the library as an argument: sources in Node, the bundle in the page.
import type * as Chainrule from "../../src/index.js";

/** Synthetic images: `rows` rows of 784 pixels in [0, 1) and class ids below 10, from a linear congruential generator. */
function samples(rows: number): { inputs: Float32Array; targets: Uint32Array } {
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0; // Numerical Recipes, 7.1
    return state >>> 8;
  };
  return {
    inputs: Float32Array.from({ length: rows * 784 }, () => next() / 2 ** 24),
    targets: Uint32Array.from({ length: rows }, () => next() % 10),
  };
}

/** 784-16-10 with dropout and Adam, 2 epochs. */
export async function classify(chainrule: typeof Chainrule, backend: Chainrule.BackendChoice, threads: Chainrule.ThreadChoice = 1) {
  const { adam, dense, dropout, network, sparseCategoricalCrossEntropy } = chainrule;
  const net = await network({
    input: 784,
    layers: [dense(16, { activation: "relu" }), dropout(0.25), dense(10)],
    loss: sparseCategoricalCrossEntropy({ fromLogits: true }),
    optimizer: adam({ learningRate: 0.01 }),
    seed: 7,
    backend,
    threads,
  });
  const initial = net.weightsHash();
  const { epochs } = await net.fit(samples(300), { epochs: 2, batchSize: 64 });
  const { name, reason, threads: ran } = net.backend;
  const result = { name, threads: ran, reason, initial, hash: net.weightsHash(), losses: epochs.map(({ loss }) => loss) };
  net.dispose();
  return result;
}

/** So much work that threads pay; on which it ran, and why. */
export async function heavy(chainrule: typeof Chainrule) {
  const { dense, network, sparseCategoricalCrossEntropy } = chainrule;
  const layers = [dense(256, { activation: "relu" }), dense(256, { activation: "relu" }), dense(10)];
  const net = await network({ input: 784, layers, loss: sparseCategoricalCrossEntropy({ fromLogits: true }), seed: 7 });
  await net.fit(samples(1024), { epochs: 4, batchSize: 128 });
  const result = { ...net.backend, hash: net.weightsHash() };
  net.dispose();
  return result;
}

/** So many networks alive at once; each learns from one batch. */
export async function population(chainrule: typeof Chainrule, count: number) {
  const { dense, meanSquaredError, network, sgd } = chainrule;
  const alive: Chainrule.Network[] = [];
  for (let seed = 0; seed < count; ++seed) {
    const layers = [dense(8, { activation: "tanh" }), dense(2)];
    const net = await network({ input: 4, layers, loss: meanSquaredError(), optimizer: sgd({ learningRate: 0.1 }), seed, backend: "wasm" });
    alive.push(net);
  }
  const losses = alive.map((net, i) => net.trainOnBatch([[1, i / count, 0, 1]], [[0.5, -0.5]]));
  return { losses, hashes: alive.map((net) => net.weightsHash()), bytes: alive[0]!.memory().process };
}
