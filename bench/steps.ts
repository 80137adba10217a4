// Whole training steps of the standard networks, and predictions of one row, as a user has them: through `fit` and `predict`.
import { type Budget, type Figure, measure, measureSpans, perCall } from "./measure.js";
import type { How, Standard } from "./networks.js";

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
  for (;;) {
    const milliseconds = await fit(epochs);
    const enough = performance.now() - begun >= budget.warmup;
    if (milliseconds < budget.fit) epochs = Math.ceil(epochs * (enough ? budget.fit / milliseconds : 2));
    if (enough) break;
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

/** Microseconds of one step on one batch through `trainOnBatch`, its checks and copies of the data included. */
export async function measureTrainOnBatch(standard: Standard, how: How, budget: Budget): Promise<Figure> {
  const net = await standard.build(how);
  const { inputs, targets } = standard.data();
  const batch = (of: ArrayLike<number>) => Float32Array.from({ length: (of.length / standard.rows) * standard.batch }, (_, i) => of[i]!);
  const [x, y] = [batch(inputs as Float32Array), batch(targets as Float32Array)];
  const figure = measure(() => net.trainOnBatch(x, y), 1, budget);
  net.dispose();
  return perCall(figure, 1e6);
}
