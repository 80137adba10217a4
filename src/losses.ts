// The registry: how a saved loss is made again. Losses themselves are in losses/.
import { type Custom, makeCustom } from "./customParts.js";
import {
  binaryCrossEntropy,
  binaryFocal,
  categoricalCrossEntropy,
  categoricalHinge,
  focal,
  hinge,
  klDivergence,
  sparseCategoricalCrossEntropy,
  squaredHinge,
} from "./losses/classification.js";
import type { Loss } from "./losses/loss.js";
import { cosineSimilarity, huber, logCosh, meanAbsoluteError, meanSquaredError, poisson } from "./losses/regression.js";

export type { Loss } from "./losses/loss.js";

const factories: Readonly<Record<string, (options: never) => Loss>> = {
  meanSquaredError,
  meanAbsoluteError,
  huber,
  logCosh,
  poisson,
  cosineSimilarity,
  binaryCrossEntropy,
  binaryFocal,
  categoricalCrossEntropy,
  sparseCategoricalCrossEntropy,
  focal,
  hinge,
  squaredHinge,
  categoricalHinge,
  klDivergence,
};

export const lossTypes: readonly string[] = Object.keys(factories);

export function restoreLoss(type: string, options: Readonly<Record<string, unknown>>, custom: Custom): Loss {
  if (Object.hasOwn(factories, type)) return factories[type]!(options as never);
  return makeCustom("loss", type, options, custom) as Loss;
}
