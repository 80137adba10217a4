// How long a cache line takes from one core to another and back. Virtual machines get cores of one die or of two, and other ones minutes
// later; what threads gain where they read what others wrote depends on it.
import { Worker } from "node:worker_threads";
import { median } from "./median.js";

/** Trips of a sample. Two threads on one core need milliseconds for each. */
const TRIPS = 200;
const MILLISECONDS = 100;

/** Answers every odd number with the next even one, until it is told -1. */
const answerer = `
const { words } = require("node:worker_threads").workerData;
Atomics.store(words, 0, 0);
for (let next = 1; ; next += 2) {
  let seen;
  while ((seen = Atomics.load(words, 0)) !== next) if (seen === -1) process.exit();
  Atomics.store(words, 0, next + 1);
}
`;

/** Nanoseconds, the median of samples of a tenth of a second. */
export async function roundTrip(): Promise<number> {
  const words = new Int32Array(new SharedArrayBuffer(64)).fill(-2);
  const worker = new Worker(answerer, { eval: true, execArgv: [], workerData: { words } });
  const ended = new Promise((resolve, reject) => worker.on("exit", resolve).on("error", reject));
  while (Atomics.load(words, 0) !== 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const samples: number[] = [];
  const begun = performance.now();
  for (let next = 1; samples.length === 0 || performance.now() - begun < MILLISECONDS; ) {
    const from = performance.now();
    for (let i = 0; i < TRIPS; ++i, next += 2) {
      Atomics.store(words, 0, next);
      while (Atomics.load(words, 0) !== next + 1);
    }
    samples.push(((performance.now() - from) / TRIPS) * 1e6);
  }
  Atomics.store(words, 0, -1);
  await ended;
  return median(samples);
}
