// Small real data sets: what plain MLPs of scikit-learn and PyTorch reach on them is reached here. Settings, splits and bars are in
// test/golden/datasets.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  adam,
  binaryCrossEntropy,
  dense,
  type Layer,
  type Loss,
  meanSquaredError,
  network,
  sparseCategoricalCrossEntropy,
  uniform,
} from "../src/index.js";

interface Settings {
  readonly hidden: readonly number[];
  readonly activation: "relu";
  readonly inputScaling: string;
  readonly targetScaling: string;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly epochs: number;
}

interface DataSet {
  readonly metric: "accuracy" | "r2";
  readonly classes: number;
  readonly settings: Settings;
  readonly suggestedBar: { readonly meanOver10SeedsAtLeast: number; readonly minOver10SeedsAtLeast: number };
}

const read = (name: string) => readFileSync(new URL(`golden/datasets/${name}`, import.meta.url), "utf8");
const sets: Record<string, DataSet> = JSON.parse(read("reference.json")).sets;
const splits: Record<string, { readonly train: number[]; readonly test: number[] }> = JSON.parse(read("splits.json"));

interface Part {
  readonly inputs: number[][];
  readonly targets: number[];
}

function load(name: string): { training: Part; testing: Part } {
  const rows = read(`${name}.csv`)
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(",").map(Number));
  const part = (numbers: readonly number[]) => ({
    inputs: numbers.map((r) => rows[r]!.slice(0, -1)),
    targets: numbers.map((r) => rows[r]!.at(-1)!),
  });
  return { training: part(splits[name]!.train), testing: part(splits[name]!.test) };
}

/** Mean and population standard deviation. */
function moments(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return { mean, deviation: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) };
}

function inputScaler({ inputScaling }: Settings, training: readonly number[][]): (row: readonly number[]) => number[] {
  if (inputScaling === "x/16") return (row) => row.map((x) => x / 16);
  const columns = training[0]!.map((_, c) => moments(training.map((row) => row[c]!)));
  return (row) => row.map((x, c) => (x - columns[c]!.mean) / columns[c]!.deviation);
}

/** The settings' torchInit: weights and biases alike. */
function layer(units: number, fanIn: number, activation: "relu" | "linear"): Layer {
  const limit = 1 / Math.sqrt(fanIn);
  const initializer = uniform({ min: -limit, max: limit });
  return dense(units, { activation, weight: initializer, bias: initializer });
}

/** The test score of one seed: accuracy, or R² on the original scale. */
async function score(
  { metric, classes, settings }: DataSet,
  { training, testing }: ReturnType<typeof load>,
  seed: number,
): Promise<number> {
  const scale = inputScaler(settings, training.inputs);
  const target = metric === "r2" ? moments(training.targets) : { mean: 0, deviation: 1 };
  const [units, loss]: [number, Loss] =
    metric === "r2"
      ? [1, meanSquaredError()]
      : classes === 2
        ? [1, binaryCrossEntropy({ fromLogits: true })]
        : [classes, sparseCategoricalCrossEntropy({ fromLogits: true })];
  const data = ({ inputs, targets }: Part) => ({
    inputs: inputs.map(scale),
    targets: targets.map((y) => (y - target.mean) / target.deviation),
  });
  const widths = [training.inputs[0]!.length, ...settings.hidden, units];
  const net = await network({
    input: widths[0]!,
    layers: widths.slice(1).map((width, i) => layer(width, widths[i]!, i < settings.hidden.length ? settings.activation : "linear")),
    loss,
    optimizer: adam({ learningRate: settings.learningRate }),
    metrics: metric === "r2" ? [] : ["accuracy"],
    seed,
  });
  await net.fit(data(training), { epochs: settings.epochs, batchSize: settings.batchSize });
  const evaluation = net.evaluate(data(testing));
  // The loss is the mean squared error of scaled targets.
  const result =
    metric === "r2"
      ? 1 - (evaluation.loss * target.deviation ** 2) / moments(testing.targets).deviation ** 2
      : evaluation.metrics.accuracy!;
  net.dispose();
  return result;
}

describe("mean test scores over the seeds 0 … 9 reach the bar", () => {
  test.each(Object.keys(sets))("%s", async (name) => {
    const set = sets[name]!;
    const data = load(name);
    const scores = [];
    for (let seed = 0; seed < 10; ++seed) scores.push(await score(set, data, seed));
    const { mean } = moments(scores);
    console.log(
      `${name}: ${set.metric} mean ${mean.toFixed(4)}, least ${Math.min(...scores).toFixed(4)}, bar ${set.suggestedBar.meanOver10SeedsAtLeast}`,
    );
    expect(mean).toBeGreaterThanOrEqual(set.suggestedBar.meanOver10SeedsAtLeast);
    expect(Math.min(...scores)).toBeGreaterThanOrEqual(set.suggestedBar.minOver10SeedsAtLeast);
  });
});
