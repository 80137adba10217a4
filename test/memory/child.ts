// What test/memory.test.ts measures, in a process of its own: `node --expose-gc --import tsx child.ts WHAT BACKEND`. Prints JSON.
import { arenas } from "../../src/backends/backend.js";
import { adam, constant, dense, meanSquaredError, type Network, network, sgd, sparseCategoricalCrossEntropy } from "../../src/index.js";

declare const gc: () => void;

const [what, backend] = process.argv.slice(2) as [string, "wasm" | "js"];

/** Bytes of JavaScript objects and of array buffers that are alive. */
function alive(): { readonly heap: number; readonly buffers: number } {
  gc();
  gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { heap: heapUsed, buffers: arrayBuffers };
}

const ROUNDS = 10;

/** Growth over 1,000 further steps: a tenth of that between the least of ten rounds of so many steps and the least of the next ten, or of
 *  those and the ten after. The least, because compilers and collectors allocate and let go some 100 kB at times of their own. */
async function growth(thousandSteps: () => Promise<void>, net: Network) {
  const least = async () => {
    const found = { heap: Number.POSITIVE_INFINITY, buffers: Number.POSITIVE_INFINITY };
    for (let round = 0; round < ROUNDS; ++round) {
      await thousandSteps();
      const { heap, buffers } = alive();
      found.heap = Math.min(found.heap, heap);
      found.buffers = Math.min(found.buffers, buffers);
    }
    return found;
  };
  net.trainOnBatch(inputs, targets);
  net.predict(inputs);
  const memory = JSON.stringify(net.memory());
  await least();
  const [first, second, third] = [await least(), await least(), await least()];
  const grown = (of: "heap" | "buffers") => Math.min(second[of] - first[of], third[of] - second[of]) / ROUNDS;
  return {
    heap: grown("heap"),
    buffers: grown("buffers"),
    memoryChanged: JSON.stringify(net.memory()) !== memory,
  };
}

const inputs = new Float32Array(20 * 8).map((_, i) => (i % 7) / 7);
const targets = new Uint32Array(20).map((_, i) => i % 3);

function small(seed = 1): Promise<Network> {
  return network({
    input: 8,
    layers: [dense(16, { activation: "relu" }), dense(3)],
    loss: sparseCategoricalCrossEntropy({ fromLogits: true }),
    optimizer: adam(),
    seed,
    backend,
  });
}

/** About 1 MiB: 64,000 parameters, as many gradients, and Adam's two slots. Their first values cost no time. */
function large(): Promise<Network> {
  const weight = constant(0.01);
  return network({
    input: 256,
    layers: [dense(240, { activation: "relu", weight }), dense(10, { weight })],
    loss: meanSquaredError(),
    optimizer: adam(),
    seed: 1,
    backend,
  });
}
const batch = { inputs: new Float32Array(256).fill(0.1), targets: new Float32Array(10) };

const measures: Record<string, () => Promise<unknown>> = {
  async fit() {
    const net = await small();
    const options = { epochs: 334, batchSize: 8 }; // 3 batches an epoch
    await net.fit({ inputs, targets }, options); // lays out the step records of such a run
    return growth(async () => void (await net.fit({ inputs, targets }, options)), net);
  },
  async trainOnBatch() {
    const net = await small();
    return growth(async () => {
      for (let i = 0; i < 1000; ++i) net.trainOnBatch(inputs, targets);
    }, net);
  },
  async predict() {
    const net = await small();
    return growth(async () => {
      for (let i = 0; i < 1000; ++i) net.predict(inputs);
    }, net);
  },
  /** One run, whose network lives on: bytes of its data, of parameters and state, of what was made beside the data by the time it had done its
   *  first steps, and of what is alive after it. */
  async ended() {
    const net = await large();
    const before = alive().buffers;
    const rows = 5000;
    const data = rows * (batch.inputs.length + batch.targets.length) * 4;
    let made: number | undefined;
    const onProgress = () => {
      made ??= process.memoryUsage().arrayBuffers - before - data;
    };
    await net.fit(
      { inputs: new Float32Array(rows * batch.inputs.length), targets: new Float32Array(rows * batch.targets.length) },
      { onProgress },
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    const kept = alive().buffers - before;
    return { data, made, copy: 3 * net.memory().parameters, kept };
  },
  /** 10,000 networks that nobody disposes of. */
  async dropped() {
    const begun = performance.now();
    let peak = 0;
    let region = 0;
    for (let i = 0; i < 10_000; ++i) {
      const net = await large();
      net.trainOnBatch(batch.inputs, batch.targets);
      region = net.memory().region;
      peak = Math.max(peak, arenas().bytes);
    }
    return { peak, region, seconds: (performance.now() - begun) / 1000 };
  },
  /** 1,000 networks that are disposed of, in a loop that awaits nothing but promises. */
  async disposed() {
    let peak = 0;
    let region = 0;
    let buffers = 0;
    const before = alive().buffers;
    for (let i = 0; i < 1000; ++i) {
      const net = await large();
      net.trainOnBatch(batch.inputs, batch.targets);
      await net.fit(batch);
      region = net.memory().region;
      peak = Math.max(peak, arenas().bytes);
      net.dispose();
      buffers = Math.max(buffers, process.memoryUsage().arrayBuffers - before);
    }
    return { peak, region, buffers };
  },
  /** 40 large networks, trained by two threads and disposed of: how much memory the process has more than after the first. */
  async threaded() {
    const rows = { inputs: new Float32Array(64 * 64), targets: new Float32Array(64 * 8) };
    const weight = constant(0.01);
    let first = 0;
    let [peak, region] = [0, 0];
    for (let i = 0; i < 40; ++i) {
      const layers = [dense(2000, { weight }), dense(1500, { weight }), dense(8, { weight })];
      const net = await network({ input: 64, layers, loss: meanSquaredError(), optimizer: adam(), threads: 2 });
      await net.fit(rows, { batchSize: 64 });
      region = net.memory().region;
      net.dispose();
      const { rss } = process.memoryUsage();
      first ||= rss;
      peak = Math.max(peak, rss - first);
    }
    return { peak, region };
  },
  /** 500 small networks alive at once, trained in turns; each must end as if it were alone. */
  async together() {
    const nets: Network[] = [];
    for (let i = 0; i < 500; ++i) nets.push(await small(i));
    for (let turn = 0; turn < 3; ++turn) for (const net of nets) net.trainOnBatch(inputs, targets);
    await Promise.all(nets.slice(0, 20).map((net) => net.fit({ inputs, targets }, { epochs: 5, batchSize: 8, chunkMilliseconds: 0.01 })));
    let differing = 0;
    for (const [i, net] of nets.entries()) {
      const alone = await small(i);
      for (let turn = 0; turn < 3; ++turn) alone.trainOnBatch(inputs, targets);
      if (i < 20) await alone.fit({ inputs, targets }, { epochs: 5, batchSize: 8 });
      if (alone.weightsHash() !== net.weightsHash()) ++differing;
      alone.dispose();
    }
    return { memories: arenas().count, bytes: arenas().bytes, differing };
  },
  /** Time to build, in microseconds. */
  async construction() {
    const each = async (count: number, make: () => Promise<Network>) => {
      for (let i = 0; i < count; ++i) (await make()).dispose();
      const begun = performance.now();
      for (let i = 0; i < count; ++i) (await make()).dispose();
      return Math.round(((performance.now() - begun) / count) * 1000);
    };
    return {
      "2-8-1": await each(1000, () =>
        network({ input: 2, layers: [dense(8, { activation: "tanh" }), dense(1)], loss: meanSquaredError(), seed: 1, backend }),
      ),
      "784-128-10": await each(50, () =>
        network({
          input: 784,
          layers: [dense(128, { activation: "relu" }), dense(10)],
          loss: meanSquaredError(),
          optimizer: sgd(),
          seed: 1,
          backend,
        }),
      ),
    };
  },
};

console.log(JSON.stringify(await measures[what]!()));
