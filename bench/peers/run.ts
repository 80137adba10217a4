// A process of its own for each library and network: builds, trains some steps for the comparison of losses, warms up, says so, and from
// then on trains for a while whenever it is told to. The samples of all libraries can so take turns, and see the same machine.
import { rowsOf, weightsOf } from "../workloads.js";
import { comparedPasses, type Message, type Order } from "./peer.js";
import { peers } from "./peers.js";

async function main({ peer: name, workload, warmup, sample }: Order): Promise<void> {
  const send = (message: Message) => process.send!(message);
  const peer = peers[name]!;
  const adapted = peer.adapt(workload);
  if (typeof adapted === "string") return void send({ kind: "failed", reason: adapted });
  const rows = adapted.batch * adapted.batches;
  const training = await peer.build(adapted, rowsOf(adapted), weightsOf(adapted));
  const deviation = peer.deviation?.(adapted);
  if (deviation === undefined) await training.train(comparedPasses(workload));
  const outputs = deviation === undefined ? Array.from(await training.outputs()) : [];

  const timed = async (passes: number) => {
    const begun = performance.now();
    await training.train(passes);
    return performance.now() - begun;
  };
  // Until a sample is long enough, and then on until the time is up: what is slow at first may be fast once its code is optimised.
  let passes = 1;
  for (const begun = performance.now(); ; ) {
    const milliseconds = await timed(passes);
    passes = milliseconds < sample / 2 ? 2 * passes : Math.max(1, Math.round((passes * sample) / milliseconds));
    if (milliseconds >= sample / 2 && performance.now() - begun >= warmup) break;
  }
  process.on("message", async () => send({ kind: "sample", rate: ((rows * passes) / (await timed(passes))) * 1e3 }));
  send({ kind: "ready", adapted, deviation, outputs });
}

process.once("message", (order: Order) =>
  main(order).catch((error) => process.send!({ kind: "failed", reason: String(error?.message ?? error).split("\n")[0] })),
);
