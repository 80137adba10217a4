// Run as a process of its own: trains on two threads, and ends in the way that its argument says.
import { dense, meanSquaredError, network } from "../../src/index.js";

const net = await network({
  input: 100,
  layers: [dense(200), dense(200), dense(1)],
  loss: meanSquaredError(),
  seed: 1,
  backend: "wasm",
  threads: 2,
});
const inputs = Float32Array.from({ length: 100 * 1000 }, (_, i) => Math.sin(i));
const targets = new Float32Array(1000);
let chunks = 0;
await net.fit(
  { inputs, targets },
  {
    epochs: 20,
    onProgress: () => {
      if (++chunks !== 3 || process.argv[2] === "finish") return;
      console.log(`${net.backend.threads} threads`);
      if (process.argv[2] === "exit") process.exit(7);
      throw new Error("in the middle");
    },
  },
);
console.log(`${net.backend.threads} threads`);
