// npm run bench:peers: the same networks, data, initial weights and losses through this library and others. Each library has a process of
// its own; their samples take turns, so that a ratio compares what ran within a few seconds of each other.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { cpus } from "node:os";
import { readOptions, refuse } from "../options.js";
import { nameOf, rowsOf, type Workload, weightsOf, workloads } from "../workloads.js";
import { bars } from "./bars.js";
import { folder, install, versionOf } from "./install.js";
import { differences, type Line, ratioOf, table, verdict } from "./page.js";
import { comparedPasses, type Message, type Order } from "./peer.js";
import { OURS, ours, peers } from "./peers.js";

const help = `npm run bench:peers -- [options]: training beside other JavaScript libraries

  --only TEXT   networks and libraries whose line contains it:
                "784-128-10 batch 32", "batch 4 synaptic"; several with commas
  --quick       one short sample of each: a look, not a measurement
  --json FILE   writes all figures as JSON
  --help

Installs the other libraries into bench/peers on first use. Run it on one core
(Linux: taskset -c 0) for one thread each.`;

const { write, only, quick } = readOptions(process.argv.slice(2), help);
const budget = quick ? { warmup: 100, sample: 50, rounds: 1 } : { warmup: 1500, sample: 400, rounds: 5 };
/** Milliseconds until a library must have built and warmed up. */
const PATIENCE = quick ? 30_000 : 60_000;

/** Rows of a pass at most: the slowest libraries need seconds for as many. */
const ROWS = 256;

const texts = only.toLowerCase().split(",");
const wanted = (line: string) => texts.some((text) => line.toLowerCase().includes(text));

const plan = workloads
  .map((workload) => ({
    workload: { ...workload, batches: Math.min(workload.batches, ROWS / workload.batch) },
    names: Object.keys(peers).filter((name) => wanted(`${nameOf(workload)} ${name}`)),
  }))
  .filter(({ names }) => names.length > 0)
  .map(({ workload, names }) => ({ workload, names: [...new Set([OURS, ...names])] }));
if (plan.length === 0) refuse(`no line's name contains "${only}"`);

const progress = (text: string) => process.stderr.isTTY && process.stderr.write(`\r\x1b[K${text}`);

/** The next message, or why there is none. */
async function answer(child: ChildProcess, patience: number): Promise<Message> {
  const timeout = AbortSignal.timeout(patience);
  const gone = once(child, "exit", { signal: timeout }).then(() => "its process ended");
  const message = once(child, "message", { signal: timeout }).then(([value]) => value as Message);
  try {
    const first = await Promise.race([message, gone]);
    return typeof first === "string" ? { kind: "failed", reason: first } : first;
  } catch {
    return { kind: "failed", reason: `no step within ${patience / 1e3} s` };
  }
}

const losses = new Map<string, { readonly before: number; readonly after: number }>();

/** Mean over rows, of as many as there are outputs. */
function lossOf({ loss, widths }: Workload, outputs: readonly number[], targets: Float32Array): number {
  const terms = outputs.map((y, i) => (loss === "squared error" ? (y - targets[i]!) ** 2 : -targets[i]! * Math.log(y)));
  const count = loss === "squared error" ? outputs.length : outputs.length / widths.at(-1)!;
  return terms.reduce((sum, term) => sum + term, 0) / count;
}

/** How far a loss is from ours, which this process finds with the same steps. */
async function lossOff(adapted: Workload, asked: Workload, outputs: readonly number[]): Promise<number> {
  const key = JSON.stringify([adapted, outputs.length]);
  const rows = rowsOf(adapted);
  if (!losses.has(key)) {
    const training = await peers[OURS]!.build(adapted, rows, weightsOf(adapted));
    const loss = async () => lossOf(adapted, Array.from(await training.outputs()).slice(0, outputs.length), rows.targets);
    const before = await loss();
    await training.train(comparedPasses(asked));
    losses.set(key, { before, after: await loss() });
  }
  const { before, after } = losses.get(key)!;
  return Math.abs((lossOf(adapted, outputs, rows.targets) - after) / (before - after));
}

async function compare(workload: Workload, names: readonly string[]): Promise<Line[]> {
  const children = new Map<string, ChildProcess>();
  const notes = new Map<string, string[]>();
  const off = new Map<string, number>();
  const rates = new Map<string, number[]>(names.map((name) => [name, []]));
  try {
    for (const name of names) {
      progress(`${nameOf(workload)}: ${name} warms up`);
      const child = fork(`${folder}/run.ts`, { stdio: ["ignore", "ignore", "ignore", "ipc"] });
      children.set(name, child);
      child.send({ peer: name, workload, ...budget } satisfies Order);
      const ready = await answer(child, PATIENCE);
      if (ready.kind === "ready") {
        const { adapted, deviation, outputs } = ready;
        notes.set(name, [...differences(workload, adapted), ...(deviation ? [deviation] : [])]);
        if (deviation === undefined) off.set(name, await lossOff(adapted, workload, outputs));
      } else {
        notes.set(name, [ready.kind === "failed" ? ready.reason : ready.kind]);
        child.kill("SIGKILL");
        children.delete(name);
      }
    }
    for (let round = 1; round <= budget.rounds; ++round) {
      for (const [name, child] of children) {
        progress(`${nameOf(workload)}: round ${round} of ${budget.rounds}, ${name}`);
        child.send("sample");
        const sample = await answer(child, PATIENCE);
        if (sample.kind !== "sample") throw new Error(`${name}: ${sample.kind === "failed" ? sample.reason : sample.kind}`);
        rates.get(name)!.push(sample.rate);
      }
    }
  } finally {
    for (const child of children.values()) child.kill("SIGKILL");
    progress("");
  }
  return names.map((name) => {
    const { folder: installed } = peers[name]!;
    return {
      peer: name,
      version: installed && versionOf(installed),
      rates: rates.get(name)!,
      lossOff: off.get(name),
      notes: notes.get(name)!,
    };
  });
}

install();
console.log(`machine  ${cpus()[0]?.model.trim()}, ${cpus().length} cores`);
console.log(`engine   Node ${process.versions.node}, V8 ${process.versions.v8}; chainrule: strict arithmetic unless said, one thread`);
interface Entry extends Omit<Line, "peer"> {
  readonly network: string;
  readonly library: string;
  readonly ratio?: number;
  readonly node: string;
}
const records: Entry[] = [];
for (const { workload, names } of plan) {
  const lines = await compare(workload, names);
  const network = nameOf(workload);
  console.log(table(workload, lines));
  for (const bar of bars.filter((one) => one.network === network)) {
    for (const by of ours) {
      const text = verdict(bar, lines, by);
      if (text) console.log(text);
    }
  }
  for (const { peer, ...line } of lines)
    records.push({ network, library: peer, ...line, ratio: ratioOf(lines[0]!, { peer, ...line }), node: process.versions.node });
}
write(records);
