// From nothing to the first step, each time in a process of its own: compiling the module, network(), one step of 784-128-10.
// Loading the library's files is not in it: in the repository they are TypeScript, translated while they load.
import { execFileSync } from "node:child_process";
import type { Budget, Figure } from "./measure.js";
import { type How, standards } from "./networks.js";

export const started = standards.find(({ name }) => name === "784-128-10")!;

/** Milliseconds. */
export function measureStart({ backend }: How, { samples }: Budget): Figure {
  const command = [...process.execArgv, process.argv[1]!, "start", backend];
  const times = Array.from({ length: samples }, () => Number(execFileSync(process.execPath, command)));
  times.sort((a, b) => a - b);
  return { median: times[times.length >> 1]!, min: times[0]!, max: times.at(-1)! };
}

/** Prints the milliseconds of one start, this process's. */
export async function start(backend: string | undefined): Promise<void> {
  const { inputs, targets } = started.data();
  const batch = {
    inputs: (inputs as Float32Array).slice(0, 784 * started.batch),
    targets: (targets as Float32Array).slice(0, 10 * started.batch),
  };
  const begun = performance.now();
  const net = await started.build({ backend: backend as How["backend"], arithmetic: "strict" });
  net.trainOnBatch(batch.inputs, batch.targets);
  process.stdout.write(String(performance.now() - begun));
}
