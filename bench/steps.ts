// Whole training steps of the standard networks, and predictions of one row, as a user has them: through `fit` and `predict`.
import { type Budget, type Figure, measure, measureSpans, perCall } from "./measure.js";
import type { How, Standard } from "./networks.js";

/** V8 makes the better code while Liftoff's runs, for seconds where both have one core: it is there when calls no longer get this much quicker. */
const SETTLED = 0.97;
const MOST_WARMUPS = 15;

/** Samples a second, over calls of `fit` of about `budget.fit` milliseconds each: its start is in them. */
export async function measureSteps(standard: Standard, how: How, budget: Budget): Promise<Figure> {
  const net = await standard.build(how);
  const data = standard.data();
  const fit = async (epochs: number) => {
    const begun = performance.now();
    await net.fit(data, { epochs, batchSize: standard.batch });
    return performance.now() - begun;
  };
  let epochs = 1;
  const begun = performance.now();
  const warm = () => performance.now() - begun;
  for (
    let quickest = Number.POSITIVE_INFINITY, settled = 0;
    warm() < budget.warmup || (settled < 2 && warm() < MOST_WARMUPS * budget.warmup);
  ) {
    const milliseconds = await fit(epochs);
    if (milliseconds < budget.fit) epochs = Math.ceil(epochs * Math.min(2, (1.2 * budget.fit) / milliseconds));
    settled = milliseconds / epochs < quickest * SETTLED ? 0 : settled + 1;
    quickest = Math.min(quickest, milliseconds / epochs);
  }
  const figure = await measureSpans(() => fit(epochs), standard.rows * epochs, budget);
  net.dispose();
  return figure;
}

/** Microseconds to predict one row. */
export async function measurePredict(standard: Standard, how: How, budget: Budget): Promise<Figure> {
  const net = await standard.build(how);
  const { inputs } = standard.data();
  const row = (inputs as Float32Array).slice(0, (inputs as Float32Array).length / standard.rows);
  const figure = measure(() => net.predict(row), 1, budget);
  net.dispose();
  return perCall(figure, 1e6);
}

/** Microseconds of one step through `trainOnBatch`, its checks and copies of the data included; all batches in turn: of one alone the
 *  gradients would become subnormal, which some CPUs compute slowly. */
export async function measureTrainOnBatch(standard: Standard, how: How, budget: Budget): Promise<Figure> {
  const net = await standard.build(how);
  const { inputs, targets } = standard.data();
  const count = standard.rows / standard.batch;
  const batch = (of: Float32Array, i: number) => of.subarray((i * of.length) / count, ((i + 1) * of.length) / count);
  const batches = Array.from({ length: count }, (_, i) => [batch(inputs as Float32Array, i), batch(targets as Float32Array, i)] as const);
  let next = 0;
  const step = () => {
    const [x, y] = batches[next]!;
    next = (next + 1) % count;
    net.trainOnBatch(x, y);
  };
  const figure = measure(step, 1, budget);
  net.dispose();
  return perCall(figure, 1e6);
}
