// The JavaScript twin of assembly/binary.ts; formulas and sources are there.
import { LEAST_DENOMINATOR, LOWEST_LOG } from "../../../assembly/limits.js";
import type { Views } from "../views.js";
import { lanes, sumLanes } from "./lanes.js";
import { sumOfTerms } from "./terms.js";
import { exp, log, log1p, log1pUnit, multiplyAdd, sigmoid } from "./vmath.js";

const fround = Math.fround;

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
  sumOfTerms(
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
  sumOfTerms(views, weightedLogitTerm, weightedLogitSlope, loss, dx, p, t, columns, ld, ldt, scale, positiveWeight, 0, 0, begin, end);
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
  sumOfTerms(views, binaryFocalTerm, binaryFocalSlope, loss, dx, p, t, columns, ld, ldt, scale, gamma, positive, negative, begin, end);
}

function shortfall(p: number, t: number): number {
  return fround(1 - (t > 0 ? p : -p));
}
function hingeTerm(p: number, t: number): number {
  return Math.max(shortfall(p, t), 0);
}
function hingeSlope(p: number, t: number): number {
  const m = shortfall(p, t);
  if (m > 0) return t > 0 ? -1 : 1;
  return Math.max(m, 0);
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
  sumOfTerms(views, hingeTerm, hingeSlope, loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}

function squaredHingeTerm(p: number, t: number): number {
  const m = hingeTerm(p, t);
  return fround(m * m);
}
function squaredHingeSlope(p: number, t: number): number {
  const slope = fround(-2 * hingeTerm(p, t));
  return t > 0 ? slope : -slope;
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
  sumOfTerms(views, squaredHingeTerm, squaredHingeSlope, loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}
