// Losses of predictions that are amounts, rates or directions.
import { checkBoolean, checkNumber, checkOptions } from "../checks.js";
import { type Loss, type LossOptions, loss, shared } from "./loss.js";

/** Mean of (p - y)². */
export function meanSquaredError(options: LossOptions = {}): Loss {
  checkOptions("meanSquaredError", options, shared);
  return loss("meanSquaredError", { ...options }, { op: "meanSquaredError", termsPer: "element", targets: "values" });
}

/** Mean of |p - y|; its gradient at a tie is 0. */
export function meanAbsoluteError(options: LossOptions = {}): Loss {
  checkOptions("meanAbsoluteError", options, shared);
  return loss("meanAbsoluteError", { ...options }, { op: "meanAbsoluteError", termsPer: "element", targets: "values" });
}

/** Mean of e = |p - y| <= delta ? e²/2 : delta·(e - delta/2) (Huber 1964). @param options delta > 0, default 1 */
export function huber(options: LossOptions & { readonly delta?: number | undefined } = {}): Loss {
  checkOptions("huber", options, [...shared, "delta"]);
  const { delta = 1 } = options;
  checkNumber("huber: delta", delta, { above: 0 });
  return loss("huber", { ...options, delta }, { op: "huber", extra: { delta }, termsPer: "element", targets: "values" });
}

/** Mean of log cosh(p - y): about e²/2 near 0, |e| - ln 2 far from it. */
export function logCosh(options: LossOptions = {}): Loss {
  checkOptions("logCosh", options, shared);
  return loss("logCosh", { ...options }, { op: "logCosh", termsPer: "element", targets: "values" });
}

/** Mean of p - y·log p, for counts y and predicted rates p >= 0; with `logInput` (default false) p is the rate's logarithm: e^p - y·p.
 *  For rates of exactly 0 the logarithm is held at -100; a negative rate has no loss (NaN). */
export function poisson(options: LossOptions & { readonly logInput?: boolean | undefined } = {}): Loss {
  checkOptions("poisson", options, [...shared, "logInput"]);
  const { logInput = false } = options;
  checkBoolean("poisson: logInput", logInput);
  return loss(
    "poisson",
    { ...options, logInput },
    {
      op: logInput ? "poissonLog" : "poisson",
      termsPer: "element",
      targets: "values",
      targetKind: "amount",
    },
  );
}

/** Mean over rows of 1 - cos of the angle between p and y, 0 … 2; 1, with gradient 0, where either is a row of zeros. */
export function cosineSimilarity(options: LossOptions = {}): Loss {
  checkOptions("cosineSimilarity", options, shared);
  return loss("cosineSimilarity", { ...options }, { op: "cosineSimilarity", termsPer: "row", targets: "values" });
}
