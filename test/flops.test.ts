// What ops are said to cost: the operations of their formulas. A product is counted by doing it; of the others the formula is written out, for
// one element, and its operations are counted: + - · / and functions (exp, max, sign …) one each; choices, signs of constants and what is the
// same for all of a row none.
import { expect, test } from "vitest";
import { type OpName, ops, specOf } from "../src/plan/ops.js";
import type { Values } from "../src/plan/spec.js";

const operations = (formula: string) => formula.match(/[+\-·/]|[a-zA-Z]+(?=\()/g)?.length ?? 0;

test("the count of a formula's operations", () => {
  expect(["y = x", "y = a + b", "sum += a · a", "y = f(x) · (dy - m / sqrt(v))"].map(operations)).toEqual([0, 1, 2, 5]);
});

const size: Values = { end: 7, columns: 5, ld: 8, n: 3, k: 4, rows: 6, count: 2 };

/** Multiplications and additions of C = A·B, each on its own. */
function product(m: number, n: number, k: number): number {
  let done = 0;
  for (let i = 0; i < m; ++i)
    for (let j = 0; j < n; ++j) {
      let c = 0;
      for (let p = 0; p < k; ++p) {
        const ab = i * p;
        c += ab;
        done += 2;
      }
      expect(c).toBe((i * k * (k - 1)) / 2);
    }
  return done;
}

const adamMoments = "m = b1 · m + c1 · g; v = b2 · v + c2 · g · g;";

/** Once for each element of the range, */
const elements: Partial<Record<OpName, string>> = {
  fill: "",
  fillStep: "",
  accumulate: "y += x",
  reduceLoss: "sum += loss",
  sumOfRows: "sum += x",
  expForward: "exp(x)",
  logForward: "log(x)",
  sqrtForward: "sqrt(x)",
  absForward: "abs(x)",
  sinForward: "sin(x)",
  cosForward: "cos(x)",
  sumSquares: "sum += g · g",
  clipGlobalNorm: "g · factor",
  clipNorm: "sum += g · g; g · factor",
  clipValue: "max(min(g, limit), least)",
  penaltyForward: "a += abs(w); b += w · w",
  penaltyBackward: "dw += l1 · sign(w) + twice · w",
  sgdStep: "w -= rate · (g + wd · w)",
  sgdMomentumStep: "g += wd · w; v = momentum · v + factor · g; w -= rate · v",
  adamStep: `${adamMoments} w = decay · w - size · m / (sqrt(v) · bias + epsilon)`,
  nadamStep: `${adamMoments} w -= (mf · m + gf · g) / (sqrt(v) · bias + epsilon)`,
  radamStep: `${adamMoments} w -= size · m / (factor · sqrt(v) + floor)`,
  adamaxStep: "m = b1 · m + c1 · g; u = max(b2 · u, abs(g) + epsilon); w -= rate · m / u",
  rmspropStep: "v = rho · v + c · g · g; w -= rate · g / (sqrt(v) + epsilon)",
  adagradStep: "h += g · g; w -= rate · g / (sqrt(h) + epsilon)",
  adadeltaStep: "v = rho · v + c · g · g; s = sqrt(q + e) / sqrt(v + e) · g; q = rho · q + c · s · s; w -= rate · s",
  lionStep: "w = decay · w - rate · sign(b1 · m + c1 · g); m = b2 · m + c2 · g",
  emaStep: "average += c · (w - average)",
  flushSubnormals: "",
};
/** or of a row, */
const terms: Partial<Record<OpName, string>> = {
  draw: "mean + scale · z(u)",
  sumColumns: "sum += x",
  dropout: "scale · x",
  softmaxForward: "m = max(m, x); e = exp(x - m); sum += e; y = e / sum",
  softmaxBackward: "sum += dy · y; dx = y · (dy - sum)",
  logSoftmaxForward: "m = max(m, x); d = x - m; sum += exp(d); y = d - logSum",
  logSoftmaxBackward: "sum += dy; dx = dy - exp(y) · sum",
  meanSquaredError: "e = p - t; sum += e · e; dx = scale · e",
  meanAbsoluteError: "e = p - t; sum += abs(e); dx = scale · sign(e)",
  huber: "e = p - t; sum += half · e · e; dx = scale · max(min(e, delta), least)",
  logCosh: "e = p - t; sum += log(cosh(e)); dx = scale · tanh(e)",
  hinge: "sum += max(0, 1 - y · p); dx = scale · y",
  squaredHinge: "m = max(0, 1 - y · p); sum += m · m; dx = scale · m · y",
  poisson: "sum += p - t · log(p); dx = scale · (1 - t / p)",
  poissonLog: "e = exp(p); sum += e - t · p; dx = scale · (e - t)",
  klDivergence: "sum += t · (log(t) - log(p)); dx = scale · t / p",
  klDivergenceLog: "sum += t · (log(t) - p); dx = scale · t",
  binaryCrossEntropy: "r = 1 - p; sum -= t · log(p) + (1 - t) · log(r); dx = scale · (p - t) / (p · r)",
  binaryCrossEntropyLogits: "sum += max(p, 0) - p · t + log(1 + exp(abs(p))); dx = scale · (sigmoid(p) - t)",
  weightedBinaryCrossEntropy: "r = 1 - p; a = w · t; b = 1 - t; sum -= a · log(p) + b · log(r); dx = scale · (b · p - a · r) / (p · r)",
  weightedBinaryCrossEntropyLogits:
    "q = sigmoid(p); r = 1 - q; a = w · t; b = 1 - t; sum -= a · log(q) + b · log(r); dx = scale · (b · q - a · r)",
  binaryFocal:
    "q = sigmoid(p); r = 1 - q; N = log(q); P = log(r); a = pow(r); b = pow(q); y = positive · t; n = negative · (1 - t); sum += y · a · N + n · b · P; dx = scale · (n · b · (gamma · r · P + q) - y · a · (gamma · q · N + r))",
  categoricalCrossEntropy: "sum -= t · log(p); dx = scale · t / p",
  categoricalCrossEntropyLogits: "m = max(m, p); d = p - m; e = exp(d); sum += e; mass += t; dot += t · d; dx = scale · (share · e - t)",
  sparseCategoricalCrossEntropyLogits: "m = max(m, p); e = exp(p - m); sum += e; dx = share · e",
  focal: "m = max(m, p); e = exp(p - m); sum += e; dx = share · e",
  categoricalHinge: "dot += t · p; n = max(n, p); dx = scale · t",
  cosineSimilarity: "pp += p · p; tt += t · t; pt += p · t; dx = scale · (a · p - b · t)",
  categoricalAccuracy: "a = max(a, p); b = max(b, t)",
  sparseCategoricalAccuracy: "a = max(a, p)",
  binaryAccuracy: "hits += hit",
  absoluteError: "sum += abs(p - t)",
};
/** or of a row with its padding, where an op does not know how many columns are logical. */
const padded: Partial<Record<OpName, string>> = {
  plus: "a + b", minus: "a - b", times: "a · b", dividedBy: "a / b", maximum: "max(a, b)", minimum: "min(a, b)", where: "", gradientOfLarger: "half · dy", weighRows: "weight · dx" }; // biome-ignore format: short

/** Activations and other functions of one number are one operation, and so are their slopes. */
function formulaOf(op: OpName): readonly [formula: string, times: number] | undefined {
  const { end, columns, ld } = size as { readonly end: number; readonly columns: number; readonly ld: number };
  if (op in elements) return [elements[op]!, end];
  if (op in terms) return [terms[op]!, end * columns];
  if (op in padded) return [padded[op]!, end * ld];
  if (op.endsWith("Forward")) return ["y = f(x)", end];
  if (op.endsWith("Backward")) return ["dx = dy · slope(x)", end];
  return undefined;
}

const others: Partial<Record<OpName, number>> = {
  gemm: product(7, 3, 4),
  gemmTransposedA: product(7, 3, 4),
  gemmTransposedB: product(7, 3, 4),
  /** y += x in each of 6 rows, 5 columns */
  sumRows: operations("y += x") * 6 * 5,
  addColumns: operations("y += x") * 7 * 2,
  outerSgdStep: operations("w -= rate · (a · b + wd · w)") * 7 * 3,
  /** Of a row's one class. */
  sparseCategoricalCrossEntropy: operations("loss = log(p); dx = scale / p") * 7,
};
const moving: readonly OpName[] = ["gatherRows", "copyColumns", "transpose", "clearPadding", "barrier"];

test.each((Object.keys(ops) as OpName[]).filter((op) => !(op in others || moving.includes(op))))("%s costs what its formula says", (op) => {
  const [formula, times] = formulaOf(op)!;
  expect(specOf(op).flops(size) / times).toBe(operations(formula));
});

test.each(Object.entries(others))("%s costs what is done when it is done", (op, expected) => {
  expect(specOf(op as OpName).flops(size)).toBe(expected);
});

test.each(moving)("%s computes nothing", (op) => {
  expect(specOf(op).flops(size)).toBe(0);
});
