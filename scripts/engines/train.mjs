// One row of the matrix, in the engine that is to be tried and with what npm publishes: trains a network whose layers need every path of
// gemm. Takes the library as an argument: processes and pages have different files of it.

/** @returns what ran, and the weights' hash */
export async function train({ adam, categoricalCrossEntropy, dense, dropout, network }, options) {
  const [rows, inputs, classes] = [200, 260, 10];
  let state = 1;
  /** In [0, 1): a linear congruential generator (Numerical Recipes, 7.1). */
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
  const data = {
    inputs: Float32Array.from({ length: rows * inputs }, next),
    targets: Float32Array.from({ length: rows * classes }, (_, i) => Number(i % classes === Math.floor(i / classes) % classes)),
  };
  const net = await network({
    input: inputs,
    layers: [dense(190, { activation: "gelu" }), dropout(0.2), dense(37, { activation: "tanh" }), dense(classes)],
    loss: categoricalCrossEntropy({ fromLogits: true }),
    optimizer: adam({ clip: { type: "globalNorm", value: 1 } }),
    metrics: ["accuracy"],
    seed: 5,
    ...options,
  });
  await net.fit(data, { epochs: 3, batchSize: 64 }); // the last batch has 8 rows
  const { reason, steps, ...ran } = net.backend;
  return { ran: { ...ran, arithmetic: net.arithmetic.name }, hash: net.weightsHash() };
}
