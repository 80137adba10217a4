// npm start: trains a dense network on MNIST, says how well and how fast, and keeps it.
// The command line, the files and the pictures are in mnist/, the progress bar in src/node/terminal.ts; here is what uses the library.
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import {
  adam,
  ChainruleError,
  confusionMatrix,
  dense,
  type History,
  type Network,
  network,
  sparseCategoricalCrossEntropy,
} from "../src/index.js";
import { checkWritable } from "../src/node/files.js";
import { endWithReader, LiveLine } from "../src/node/terminal.js";
import { loadFile, saveFile } from "../src/node.js";
import { CLASSES, type Digits, DigitsError, loadDigits, SIDE } from "./mnist/digits.js";
import { help, type Options, parseOptions, UsageError } from "./mnist/options.js";
import { answersOf, confusion, mistakes, percent, whole } from "./mnist/report.js";

const names = { wasm: "WebAssembly", js: "plain JavaScript" };

function build({ hidden, seed }: Options, backend: Options["backend"]): Promise<Network> {
  return network({
    input: SIDE * SIDE,
    layers: [...hidden.map((units) => dense(units, { activation: "relu" })), dense(CLASSES)],
    loss: sparseCategoricalCrossEntropy({ fromLogits: true }),
    optimizer: adam({ learningRate: 1e-3 }),
    metrics: ["accuracy"],
    seed,
    backend,
  });
}

/** The first steps run code that is not optimised yet: estimates from them would only frighten. */
const COLD = 16;

const asData = ({ images, labels }: Digits) => ({ inputs: images, targets: labels });
const secondsOf = ({ epochs }: Pick<History, "epochs">) => epochs.reduce((sum, { seconds }) => sum + seconds, 0);

function train(
  net: Network,
  training: Digits,
  test: Digits,
  { epochs, batch }: Options,
  line: LiveLine,
  signal: AbortSignal,
): Promise<History> {
  line.print("epoch     loss   accuracy   test accuracy   seconds   samples/s");
  return net.fit(asData(training), {
    epochs,
    batchSize: batch,
    validation: asData(test),
    signal,
    onProgress: ({ epoch, step, steps, loss, samplesPerSecond, secondsLeft }) => {
      if (net.steps < COLD) return;
      const after = `loss ${loss.toFixed(4)}  ${whole(samplesPerSecond)}/s  ${Math.ceil(secondsLeft)} s left`;
      line.update(
        (epoch - 1 + step / steps) / epochs,
        `epoch ${epoch}/${epochs}  step ${`${step}`.padStart(`${steps}`.length)}/${steps}`,
        after,
      );
    },
    onEpochEnd: ({ loss, metrics, validation, seconds }, index) => {
      const cells = [
        `${index + 1}`.padStart(5),
        loss.toFixed(4).padStart(9),
        percent(metrics.accuracy!).padStart(11),
        percent(validation!.metrics.accuracy!).padStart(16),
        seconds.toFixed(2).padStart(10),
        whole(training.count / seconds).padStart(12),
      ];
      line.print(cells.join(""));
    },
  });
}

interface Comparison {
  readonly other: Options["backend"];
  readonly rows: number;
  /** Passes over the rows: the first ones, and then those that were timed. */
  readonly warm: number;
  readonly timed: number;
  readonly samplesPerSecond: number;
  /** Equal weights from both backends after all passes. */
  readonly same: boolean;
}

/** How fast the backend that did not train would have trained, and whether to the same weights: on both, the network starts anew from its
 *  seed and passes a few times over the first images; of the other backend the last passes are timed. */
async function compare(training: Digits, options: Options, line: LiveLine, signal: AbortSignal): Promise<Comparison | undefined> {
  const warm = 1;
  const timed = 3;
  const other: Options["backend"] = options.backend === "wasm" ? "js" : "wasm";
  const rows = Math.min(training.count, options.batch * 32, 4096);
  const first = { inputs: training.images.subarray(0, rows * SIDE * SIDE), targets: training.labels.subarray(0, rows) };
  const run = async (backend: Options["backend"]) => {
    const net = await build(options, backend);
    const { epochs } = await net.fit(first, {
      epochs: warm + timed,
      batchSize: options.batch,
      signal,
      onProgress: ({ epoch, step, steps }) =>
        line.update((epoch - 1 + step / steps) / (warm + timed), `comparing: ${names[backend]}`, `pass ${epoch}/${warm + timed}`),
    });
    const hash = net.weightsHash();
    net.dispose();
    return { seconds: secondsOf({ epochs: epochs.slice(warm) }), hash };
  };
  const [there, here] = [await run(other), await run(options.backend)];
  if (signal.aborted) return undefined;
  return { other, rows, warm, timed, samplesPerSecond: (timed * rows) / there.seconds, same: there.hash === here.hash };
}

/** Ctrl-C asks the training to stop; pressed again a second later or more, it ends the process. (Launchers such as tsx pass a terminal's
 *  signal on, so that one press may arrive twice.) */
function interruption(): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  process.on("SIGINT", () => {
    if (controller.signal.aborted && performance.now() - first > 1000) process.exit(130);
    first ||= performance.now();
    controller.abort();
  });
  return controller.signal;
}

function showAnswers(net: Network, logits: Float32Array, test: Digits, line: LiveLine): void {
  line.print(`\nThe plan of one training step:\n\n${net.explain()}`);
  const answers = answersOf(logits);
  const said = answers.map(({ digit }) => digit);
  const right = said.filter((digit, i) => digit === test.labels[i]).length;
  if (right < test.count) line.print(`\nThe mistakes it is surest of:\n\n${mistakes(answers, test)}`);
  line.print(
    `\nWhat the test images are, and what the network says:\n\n${confusion(confusionMatrix(test.labels, said, { classes: CLASSES }))}`,
  );
  line.print(`\nTest accuracy ${percent(right / test.count)}: ${whole(right)} of ${whole(test.count)} right\n`);
}

/** @returns whether both backends got the same weights */
function showSpeeds(
  { epochs }: History,
  training: Digits,
  { backend }: Options,
  compared: Comparison | undefined,
  line: LiveLine,
): boolean {
  if (epochs.length === 0) return true;
  const row = (name: Options["backend"], samplesPerSecond: number, how: string) =>
    line.print(`  ${names[name].padEnd(17)}${whole(samplesPerSecond).padStart(8)} samples/s   ${how}`);
  const seconds = secondsOf({ epochs });
  const speed = (epochs.length * training.count) / seconds;
  line.print("Speed of training, tests not counted:\n");
  row(backend, speed, `${epochs.length} ${epochs.length === 1 ? "epoch" : "epochs"} in ${seconds.toFixed(2)} s`);
  if (!compared) {
    line.print();
    return true;
  }
  const { other, rows, warm, timed, samplesPerSecond, same } = compared;
  row(other, samplesPerSecond, `passes ${warm + 1} to ${warm + timed} over ${whole(rows)} images`);
  const ratio = backend === "wasm" ? speed / samplesPerSecond : samplesPerSecond / speed;
  line.print(`  ratio            ${ratio.toFixed(1).padStart(8)}\n`);
  line.print(`Both backends trained the same network from its seed on the first ${whole(rows)} images,`);
  const weights = same ? "the same weights, bit for bit" : "DIFFERENT WEIGHTS";
  line.print(`pass ${warm} to warm up; after ${warm + timed} passes they have ${weights}.\n`);
  return same;
}

/** @returns whether the network read back from the file predicts the same bits */
async function keep(
  net: Network,
  { save, backend }: Options,
  images: Float32Array,
  logits: Float32Array,
  line: LiveLine,
): Promise<boolean> {
  await saveFile(net, save);
  const again = (await loadFile(save, { backend })).predict(images);
  const same = again.every((value, i) => Object.is(value, logits[i]));
  line.print(`weights  ${net.weightsHash()}`);
  line.print(`saved    ${save}\n         read back it predicts ${same ? "the same, bit for bit" : "SOMETHING ELSE"}`);
  return same;
}

/** @returns the exit code: 0, 130 after Ctrl-C as shells have it, or 1 if a check of the library fails */
async function main(args: readonly string[], line: LiveLine): Promise<number> {
  const options = parseOptions(args);
  if (options === "help") {
    console.log(help);
    return 0;
  }
  const signal = interruption();
  // What cannot work is said before the training, not after it.
  const { train: training, test } = loadDigits(options.data);
  await prepareSave(options.save);
  const net = await build(options, options.backend).catch((cause: Error) => {
    throw new UsageError(`--hidden ${options.hidden.join()}: ${cause.message}`, { cause });
  });

  line.print(`MNIST: ${whole(training.count)} images to train on, ${whole(test.count)} to test with\n`);
  line.print(net.summary());
  const { backend, arithmetic, seed } = net;
  line.print(`batch ${options.batch}, seed ${seed}, backend ${backend.name}: ${names[backend.name]}, ${arithmetic.name} arithmetic\n`);
  const history = await train(net, training, test, options, line, signal);
  line.clear();
  if (history.stopped)
    line.print(`\nStopped by Ctrl-C after ${whole(net.steps)} steps, in epoch ${history.epochs.length + 1}. This is the network so far.`);

  const logits = net.predict(test.images);
  showAnswers(net, logits, test, line);
  const compared = history.stopped ? undefined : await compare(training, options, line, signal);
  line.clear();
  const checked = [showSpeeds(history, training, options, compared, line), await keep(net, options, test.images, logits, line)];
  if (checked.includes(false)) return 1;
  return signal.aborted ? 130 : 0;
}

async function prepareSave(file: string): Promise<void> {
  try {
    mkdirSync(dirname(file), { recursive: true });
    await checkWritable(file);
  } catch (error) {
    const cause = ((error as Error).cause ?? error) as Error;
    throw new UsageError(`--save ${file}: ${cause.message}`, { cause });
  }
}

endWithReader(process.stdout);

const line = new LiveLine();
try {
  process.exitCode = await main(process.argv.slice(2), line);
} catch (error) {
  line.leave();
  if (!(error instanceof UsageError || error instanceof DigitsError || error instanceof ChainruleError)) throw error;
  console.error(`mnist: ${error.message.replaceAll("\n", " ")}`);
  process.exitCode = error instanceof ChainruleError ? 1 : 2;
}
