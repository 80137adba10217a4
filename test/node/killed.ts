// A run with checkpoints that node.test.ts kills: goes on from the file if it is there, prints a line a checkpoint, then the hash.
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { adam, dense, dropout, meanSquaredError, network } from "../../src/index.js";
import { checkpoint, loadFile } from "../../src/node.js";
import { numbers } from "../cases.js";

export async function runKilled(path: string, onChunk: () => void = () => {}): Promise<string> {
  const next = numbers(9);
  const inputs = Float32Array.from({ length: 500 * 8 }, () => next() - 0.5);
  const targets = Float32Array.from({ length: 500 }, (_, i) => inputs[i * 8]! * inputs[i * 8 + 1]!);
  const resume = existsSync(path);
  const net = resume
    ? await loadFile(path)
    : await network({
        input: 8,
        layers: [dense(16, { activation: "tanh" }), dropout(0.1), dense(1)],
        loss: meanSquaredError(),
        optimizer: adam(),
        seed: 4,
      });
  const callbacks = [checkpoint(path, { everySeconds: 0 })];
  await net.fit({ inputs, targets }, { epochs: 40, batchSize: 32, chunkMilliseconds: 1e-9, callbacks, resume, onProgress: onChunk });
  return net.weightsHash();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const hash = await runKilled(process.argv[2]!, () => process.stdout.write("chunk\n"));
  process.stdout.write(`hash ${hash}\n`);
}
