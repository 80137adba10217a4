// Metric cases: functions of arrays, which know no backend.
import { accuracy, confusionMatrix, f1, mae, mse, precision, r2, recall, rmse, rocAuc, topK } from "../../src/index.js";
import { Comparison, type Tolerance } from "./compare.js";
import type { Case } from "./run.js";
import type { TensorSpec } from "./spec.js";

interface Scores<T> {
  readonly precision: T;
  readonly recall: T;
  readonly f1: T;
}

interface Expected {
  readonly accuracy?: number;
  readonly confusionMatrix?: readonly (readonly number[])[];
  readonly macro?: Scores<number>;
  readonly micro?: Scores<number>;
  readonly weighted?: Scores<number>;
  readonly binary?: Scores<number>;
  readonly perClass?: Scores<readonly number[]>;
  readonly topK?: Readonly<Record<string, number>>;
  readonly rocAuc?: number;
  readonly mse?: number;
  readonly mae?: number;
  readonly rmse?: number;
  readonly r2?: number;
}

interface MetricCase extends Tolerance {
  readonly classes?: number;
  readonly yTrue: TensorSpec;
  readonly yPred?: TensorSpec;
  readonly scores?: TensorSpec;
  readonly expected: Expected;
}

/** `[N]` as it is, `[N, K]` as rows. */
function rows({ shape, data }: TensorSpec): readonly number[] | readonly (readonly number[])[] {
  const width = shape[1];
  return width === undefined ? data : Array.from({ length: shape[0]! }, (_, r) => data.slice(r * width, (r + 1) * width));
}

const averaged = { precision, recall, f1 };
const regression = { mse, mae, rmse, r2 };

export async function runMetric(given: Case): Promise<Comparison> {
  const { classes, yTrue, yPred, scores, expected, rtol, atol } = given as Case & MetricCase;
  const comparison = new Comparison({ rtol, atol });
  const targets = yTrue.data;
  const known: Readonly<Record<string, () => void>> = {
    accuracy: () => comparison.number("accuracy", accuracy(targets, yPred!.data), expected.accuracy!),
    confusionMatrix: () =>
      comparison.numbers("confusion matrix", confusionMatrix(targets, yPred!.data, { classes }).flat(), expected.confusionMatrix!.flat()),
    topK: () => {
      for (const [k, value] of Object.entries(expected.topK!)) comparison.number(`top ${k}`, topK(targets, scores!.data, Number(k)), value);
    },
    rocAuc: () => comparison.number("rocAuc", rocAuc(targets, scores!.data), expected.rocAuc!),
    perClass: () => {
      for (const [name, score] of Object.entries(averaged))
        comparison.numbers(
          `${name} per class`,
          score(targets, yPred!.data, { classes, average: "perClass" }),
          expected.perClass![name as keyof typeof averaged],
        );
    },
  };
  for (const average of ["macro", "micro", "weighted", "binary"] as const)
    Object.assign(known, {
      [average]: () => {
        for (const [name, score] of Object.entries(averaged))
          comparison.number(
            `${average} ${name}`,
            score(targets, yPred!.data, { classes, average }),
            expected[average]![name as keyof typeof averaged],
          );
      },
    });
  for (const [name, score] of Object.entries(regression))
    Object.assign(known, {
      [name]: () => comparison.number(name, score(rows(yTrue), rows(yPred!)), expected[name as keyof typeof regression]!),
    });

  for (const name of Object.keys(expected)) {
    const compare = known[name];
    if (compare) compare();
    else comparison.fail(`no known metric is called ${name}`);
  }
  return comparison;
}
