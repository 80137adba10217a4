// The JavaScript twin of assembly/losses.ts; formulas and sources are there.
import { LOWEST_LOG, LEAST_DENOMINATOR as least } from "../../../assembly/limits.js";
import { Status } from "../../../assembly/opcodes.js";
import type { Views } from "../views.js";
import { lanes, sumLanes } from "./lanes.js";
import { clamp, exp, expm1, log, log1p, log1pUnit, multiplyAdd, sigmoid, tanh } from "./vmath.js";

const fround = Math.fround;

const LEAST_DENOMINATOR = fround(least);
const LN2 = fround(Math.LN2);

export function meanSquaredError(
  views: Views,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  for (let r = begin; r < end; ++r) {
    const pRow = (p >> 2) + r * ld;
    const tRow = (t >> 2) + r * ldt;
    const dxRow = (dx >> 2) + r * ld;
    lanes.fill(0);
    for (let c = 0; c < columns; ++c) {
      const e = fround(f32[pRow + c]! - f32[tRow + c]!);
      lanes[c & 3]! += fround(e * e);
      if (dx) f32[dxRow + c] = scale * fround(2 * e);
    }
    f32[(loss >> 2) + r] = sumLanes();
  }
}

export function meanAbsoluteError(
  views: Views,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  for (let r = begin; r < end; ++r) {
    const pRow = (p >> 2) + r * ld;
    const tRow = (t >> 2) + r * ldt;
    const dxRow = (dx >> 2) + r * ld;
    lanes.fill(0);
    for (let c = 0; c < columns; ++c) {
      const e = fround(f32[pRow + c]! - f32[tRow + c]!);
      lanes[c & 3]! += Math.abs(e);
      if (dx) f32[dxRow + c] = scale * (e > 0 ? 1 : e < 0 ? -1 : e);
    }
    f32[(loss >> 2) + r] = sumLanes();
  }
}

export function huber(
  views: Views,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  delta: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  for (let r = begin; r < end; ++r) {
    const pRow = (p >> 2) + r * ld;
    const tRow = (t >> 2) + r * ldt;
    const dxRow = (dx >> 2) + r * ld;
    lanes.fill(0);
    for (let c = 0; c < columns; ++c) {
      const e = fround(f32[pRow + c]! - f32[tRow + c]!);
      const a = Math.abs(e);
      lanes[c & 3]! += a <= delta ? fround(0.5 * fround(a * a)) : fround(delta * fround(a - fround(0.5 * delta)));
      if (dx) f32[dxRow + c] = scale * clamp(e, -delta, delta);
    }
    f32[(loss >> 2) + r] = sumLanes();
  }
}

export function binaryCrossEntropy(
  views: Views,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  for (let r = begin; r < end; ++r) {
    const pRow = (p >> 2) + r * ld;
    const tRow = (t >> 2) + r * ldt;
    const dxRow = (dx >> 2) + r * ld;
    lanes.fill(0);
    for (let c = 0; c < columns; ++c) {
      const x = f32[pRow + c]!;
      const y = f32[tRow + c]!;
      const yes = Math.max(log(x), LOWEST_LOG);
      const no = Math.max(log1p(-x), LOWEST_LOG);
      lanes[c & 3]! += -multiplyAdd(y, yes, fround(fround(1 - y) * no));
      if (dx) f32[dxRow + c] = scale * fround(fround(x - y) / Math.max(fround(fround(1 - x) * x), LEAST_DENOMINATOR));
    }
    f32[(loss >> 2) + r] = sumLanes();
  }
}

export function binaryCrossEntropyLogits(
  views: Views,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  for (let r = begin; r < end; ++r) {
    const pRow = (p >> 2) + r * ld;
    const tRow = (t >> 2) + r * ldt;
    const dxRow = (dx >> 2) + r * ld;
    lanes.fill(0);
    for (let c = 0; c < columns; ++c) {
      const x = f32[pRow + c]!;
      const y = f32[tRow + c]!;
      lanes[c & 3]! += fround(multiplyAdd(-x, y, Math.max(x, 0)) + log1pUnit(exp(-Math.abs(x))));
      if (dx) f32[dxRow + c] = scale * fround(sigmoid(x) - y);
    }
    f32[(loss >> 2) + r] = sumLanes();
  }
}

export function categoricalCrossEntropy(
  views: Views,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  for (let r = begin; r < end; ++r) {
    const pRow = (p >> 2) + r * ld;
    const tRow = (t >> 2) + r * ldt;
    const dxRow = (dx >> 2) + r * ld;
    lanes.fill(0);
    for (let c = 0; c < columns; ++c) {
      const x = f32[pRow + c]!;
      const y = f32[tRow + c]!;
      lanes[c & 3]! += fround(-y * Math.max(log(x), LOWEST_LOG));
      if (dx) f32[dxRow + c] = scale * fround(-y / Math.max(x, LEAST_DENOMINATOR));
    }
    f32[(loss >> 2) + r] = sumLanes();
  }
}

/** A term or its slope, of p, t and the loss's options. */
type Term = (p: number, t: number, a: number, b: number, c: number) => number;

/** The loop that the losses below share; those above, the usual ones, have loops of their own. A process that trains with one or two of
 *  these has their terms inlined here. */
function elementwise(
  { f32 }: Views,
  term: Term,
  slope: Term,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  a: number,
  b: number,
  c: number,
  begin: number,
  end: number,
): void {
  for (let r = begin; r < end; ++r) {
    const pRow = (p >> 2) + r * ld;
    const tRow = (t >> 2) + r * ldt;
    const dxRow = (dx >> 2) + r * ld;
    lanes.fill(0);
    for (let column = 0; column < columns; ++column) {
      const x = f32[pRow + column]!;
      const y = f32[tRow + column]!;
      lanes[column & 3]! += term(x, y, a, b, c);
      if (dx) f32[dxRow + column] = scale * slope(x, y, a, b, c);
    }
    f32[(loss >> 2) + r] = sumLanes();
  }
}

function logCoshTerm(p: number, t: number): number {
  const a = Math.abs(fround(p - t));
  const u = expm1(-a);
  const e = fround(u + 1);
  if (a <= 1) return log1pUnit(fround(fround(u * u) / fround(e + e)));
  return fround(log1pUnit(fround(e * e)) + fround(a - LN2));
}
function logCoshSlope(p: number, t: number): number {
  return tanh(fround(p - t));
}
export function logCosh(
  views: Views,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  begin: number,
  end: number,
): void {
  elementwise(views, logCoshTerm, logCoshSlope, loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}

function shortfall(p: number, t: number): number {
  return fround(1 - fround(t * p));
}
function hingeTerm(p: number, t: number): number {
  return Math.max(shortfall(p, t), 0);
}
function hingeSlope(p: number, t: number): number {
  const m = shortfall(p, t);
  return m > 0 ? -t : Math.max(m, 0);
}
export function hinge(
  views: Views,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  begin: number,
  end: number,
): void {
  elementwise(views, hingeTerm, hingeSlope, loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}

function squaredHingeTerm(p: number, t: number): number {
  const m = hingeTerm(p, t);
  return fround(m * m);
}
function squaredHingeSlope(p: number, t: number): number {
  return fround(fround(-2 * hingeTerm(p, t)) * t);
}
export function squaredHinge(
  views: Views,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  begin: number,
  end: number,
): void {
  elementwise(views, squaredHingeTerm, squaredHingeSlope, loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}

function poissonTerm(p: number, t: number): number {
  return multiplyAdd(-t, Math.max(log(p), LOWEST_LOG), p);
}
function poissonSlope(p: number, t: number): number {
  return fround(1 - fround(t / Math.max(p, LEAST_DENOMINATOR)));
}
export function poisson(
  views: Views,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  begin: number,
  end: number,
): void {
  elementwise(views, poissonTerm, poissonSlope, loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}

function poissonLogTerm(p: number, t: number): number {
  return multiplyAdd(-t, p, exp(p));
}
function poissonLogSlope(p: number, t: number): number {
  return fround(exp(p) - t);
}
export function poissonLog(
  views: Views,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  begin: number,
  end: number,
): void {
  elementwise(views, poissonLogTerm, poissonLogSlope, loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}

function divergenceTerm(p: number, t: number): number {
  return fround(t * fround(Math.max(log(t), LOWEST_LOG) - Math.max(log(p), LOWEST_LOG)));
}
function divergenceSlope(p: number, t: number): number {
  return fround(-t / Math.max(p, LEAST_DENOMINATOR));
}
export function klDivergence(
  views: Views,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  begin: number,
  end: number,
): void {
  elementwise(views, divergenceTerm, divergenceSlope, loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}

function divergenceLogTerm(p: number, t: number): number {
  return fround(t * fround(Math.max(log(t), LOWEST_LOG) - p));
}
function divergenceLogSlope(p: number, t: number): number {
  return fround(-t + fround(0 * p));
}
export function klDivergenceLog(
  views: Views,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  begin: number,
  end: number,
): void {
  elementwise(views, divergenceLogTerm, divergenceLogSlope, loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}

function weightedProbabilityTerm(p: number, t: number, positive: number): number {
  const yes = fround(positive * Math.max(log(p), LOWEST_LOG));
  const no = Math.max(log1p(-p), LOWEST_LOG);
  return -multiplyAdd(t, yes, fround(fround(1 - t) * no));
}
function weightedProbabilitySlope(p: number, t: number, positive: number): number {
  const q = fround(1 - p);
  const yes = fround(fround(positive * t) * q);
  const slope = fround(fround(fround(1 - t) * p) - yes);
  return fround(slope / Math.max(fround(q * p), LEAST_DENOMINATOR));
}
export function weightedBinaryCrossEntropy(
  views: Views,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  positiveWeight: number,
  begin: number,
  end: number,
): void {
  elementwise(
    views,
    weightedProbabilityTerm,
    weightedProbabilitySlope,
    loss,
    dx,
    p,
    t,
    columns,
    ld,
    ldt,
    scale,
    positiveWeight,
    0,
    0,
    begin,
    end,
  );
}

/** Of log(1 + e^-|x|), which x and -x share. */
function softplusOf(x: number, shared: number): number {
  return fround(shared + Math.max(x, 0));
}
function weightedLogitTerm(p: number, t: number, positive: number): number {
  const shared = log1pUnit(exp(-Math.abs(p)));
  const yes = fround(fround(positive * t) * softplusOf(-p, shared));
  return multiplyAdd(fround(1 - t), softplusOf(p, shared), yes);
}
function weightedLogitSlope(p: number, t: number, positive: number): number {
  const yes = fround(fround(positive * t) * sigmoid(-p));
  return fround(fround(fround(1 - t) * sigmoid(p)) - yes);
}
export function weightedBinaryCrossEntropyLogits(
  views: Views,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  positiveWeight: number,
  begin: number,
  end: number,
): void {
  elementwise(views, weightedLogitTerm, weightedLogitSlope, loss, dx, p, t, columns, ld, ldt, scale, positiveWeight, 0, 0, begin, end);
}

function decay(gamma: number, x: number): number {
  return exp(fround(-gamma * x));
}
function binaryFocalTerm(p: number, t: number, gamma: number, positive: number, negative: number): number {
  const shared = log1pUnit(exp(-Math.abs(p)));
  const P = softplusOf(p, shared);
  const N = softplusOf(-p, shared);
  const yes = fround(fround(positive * t) * fround(decay(gamma, P) * N));
  const no = fround(fround(negative * fround(1 - t)) * fround(decay(gamma, N) * P));
  return fround(yes + no);
}
function binaryFocalSlope(p: number, t: number, gamma: number, positive: number, negative: number): number {
  const shared = log1pUnit(exp(-Math.abs(p)));
  const P = softplusOf(p, shared);
  const N = softplusOf(-p, shared);
  const q = sigmoid(p);
  const r = sigmoid(-p);
  const yes = fround(decay(gamma, P) * multiplyAdd(fround(gamma * q), N, r));
  const no = fround(decay(gamma, N) * multiplyAdd(fround(gamma * r), P, q));
  return fround(fround(fround(negative * fround(1 - t)) * no) - fround(fround(positive * t) * yes));
}
export function binaryFocal(
  views: Views,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  gamma: number,
  positive: number,
  negative: number,
  begin: number,
  end: number,
): void {
  elementwise(views, binaryFocalTerm, binaryFocalSlope, loss, dx, p, t, columns, ld, ldt, scale, gamma, positive, negative, begin, end);
}

export function weighRows(views: Views, loss: number, dx: number, weights: number, ld: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let r = begin; r < end; ++r) {
    const weight = f32[(weights >> 2) + r]!;
    f32[(loss >> 2) + r] = weight === 0 ? 0 : weight * f32[(loss >> 2) + r]!;
    if (!dx) continue;
    const row = (dx >> 2) + r * ld;
    for (let at = row; at < row + ld; ++at) f32[at] = weight === 0 ? 0 : weight * f32[at]!;
  }
}

export function reduceLoss(views: Views, out: number, status: number, loss: number, lossScale: number, begin: number, end: number): void {
  const { f32, f64, u32 } = views;
  let sum = 0;
  for (let r = begin; r < end; ++r) sum += f32[(loss >> 2) + r]!;
  const result = lossScale * sum;
  f64[out >> 3] = result;
  if (!Number.isFinite(result)) u32[status >> 2]! |= Status.Loss;
}
