// Losses of targets that are yes or no, sums over elements: what is said of operands in terms.ts holds here. Formulas:
// test/golden/README.md, section Losses.
import { multiplyAdd } from "./arithmetic";
import { LEAST_DENOMINATOR, LOWEST_LOG } from "./limits";
import { sumOfTerms } from "./terms";
import { expNegative, log, log1p, log1pUnit, minusAbs, sigmoid, splat } from "./vmath";

/** -t·log p - (1 - t)·log(1 - p), p probabilities. */
@unmanaged
class BinaryProbability {
  @inline term(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    const yes = f32x4.pmax(log(p), splat(LOWEST_LOG));
    const no = f32x4.pmax(log1p(f32x4.neg(p)), splat(LOWEST_LOG));
    return f32x4.neg(multiplyAdd(t, yes, f32x4.mul(f32x4.sub(splat(1), t), no)));
  }
  @inline slope(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    const variance = f32x4.mul(f32x4.sub(splat(1), p), p);
    return f32x4.div(f32x4.sub(p, t), f32x4.pmax(variance, splat(LEAST_DENOMINATOR)));
  }
}

export function binaryCrossEntropy(
  loss: usize,
  dx: usize,
  p: usize,
  t: usize,
  columns: u32,
  ld: u32,
  ldt: u32,
  scale: f32,
  begin: u32,
  end: u32,
): void {
  sumOfTerms<BinaryProbability>(loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}

/** The same with probability sigmoid(p): max(p, 0) - p·t + log(1 + e^-|p|). */
@unmanaged
class BinaryLogit {
  @inline term(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    const linear = multiplyAdd(f32x4.neg(p), t, f32x4.pmax(p, splat(0)));
    return f32x4.add(linear, log1pUnit(expNegative(minusAbs(p))));
  }
  @inline slope(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    return f32x4.sub(sigmoid(p), t);
  }
}

export function binaryCrossEntropyLogits(
  loss: usize,
  dx: usize,
  p: usize,
  t: usize,
  columns: u32,
  ld: u32,
  ldt: u32,
  scale: f32,
  begin: u32,
  end: u32,
): void {
  sumOfTerms<BinaryLogit>(loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}

/** -positive·t·log p - (1 - t)·log(1 - p), p probabilities. */
@unmanaged
class WeightedBinaryProbability {
  @inline term(p: v128, t: v128, positive: v128, _b: v128, _c: v128): v128 {
    const yes = f32x4.mul(positive, f32x4.pmax(log(p), splat(LOWEST_LOG)));
    const no = f32x4.pmax(log1p(f32x4.neg(p)), splat(LOWEST_LOG));
    return f32x4.neg(multiplyAdd(t, yes, f32x4.mul(f32x4.sub(splat(1), t), no)));
  }
  @inline slope(p: v128, t: v128, positive: v128, _b: v128, _c: v128): v128 {
    const q = f32x4.sub(splat(1), p);
    const yes = f32x4.mul(f32x4.mul(positive, t), q);
    const slope = f32x4.sub(f32x4.mul(f32x4.sub(splat(1), t), p), yes);
    return f32x4.div(slope, f32x4.pmax(f32x4.mul(q, p), splat(LEAST_DENOMINATOR)));
  }
}

export function weightedBinaryCrossEntropy(
  loss: usize,
  dx: usize,
  p: usize,
  t: usize,
  columns: u32,
  ld: u32,
  ldt: u32,
  scale: f32,
  positiveWeight: f32,
  begin: u32,
  end: u32,
): void {
  sumOfTerms<WeightedBinaryProbability>(loss, dx, p, t, columns, ld, ldt, scale, positiveWeight, 0, 0, begin, end);
}

/** log(1 + e^x) and log(1 + e^-x) share their logarithm: -log(1 - q) and -log q of q = sigmoid(x). */
function softplusOf(x: v128, shared: v128): v128 {
  return f32x4.add(shared, f32x4.pmax(x, splat(0)));
}

/** -positive·t·log q - (1 - t)·log(1 - q), q = sigmoid(p). */
@unmanaged
class WeightedBinaryLogit {
  @inline term(p: v128, t: v128, positive: v128, _b: v128, _c: v128): v128 {
    const shared = log1pUnit(expNegative(minusAbs(p)));
    const yes = f32x4.mul(f32x4.mul(positive, t), softplusOf(f32x4.neg(p), shared));
    return multiplyAdd(f32x4.sub(splat(1), t), softplusOf(p, shared), yes);
  }
  @inline slope(p: v128, t: v128, positive: v128, _b: v128, _c: v128): v128 {
    const yes = f32x4.mul(f32x4.mul(positive, t), sigmoid(f32x4.neg(p)));
    return f32x4.sub(f32x4.mul(f32x4.sub(splat(1), t), sigmoid(p)), yes);
  }
}

export function weightedBinaryCrossEntropyLogits(
  loss: usize,
  dx: usize,
  p: usize,
  t: usize,
  columns: u32,
  ld: u32,
  ldt: u32,
  scale: f32,
  positiveWeight: f32,
  begin: u32,
  end: u32,
): void {
  sumOfTerms<WeightedBinaryLogit>(loss, dx, p, t, columns, ld, ldt, scale, positiveWeight, 0, 0, begin, end);
}

/** e^(-gamma·x) */
function decay(gamma: v128, x: v128): v128 {
  return expNegative(f32x4.mul(f32x4.neg(gamma), x));
}

/** positive·t·r^gamma·(-log q) + negative·(1 - t)·q^gamma·(-log r), q = sigmoid(p), r = 1 - q (Lin et al. 2017). With P = -log r and
 *  N = -log q powers are r^gamma = e^(-gamma·P): nothing overflows, and a power of 0 is 1. */
@unmanaged
class BinaryFocal {
  @inline term(p: v128, t: v128, gamma: v128, positive: v128, negative: v128): v128 {
    const shared = log1pUnit(expNegative(minusAbs(p)));
    const P = softplusOf(p, shared);
    const N = softplusOf(f32x4.neg(p), shared);
    const yes = f32x4.mul(f32x4.mul(positive, t), f32x4.mul(decay(gamma, P), N));
    const no = f32x4.mul(f32x4.mul(negative, f32x4.sub(splat(1), t)), f32x4.mul(decay(gamma, N), P));
    return f32x4.add(yes, no);
  }
  @inline slope(p: v128, t: v128, gamma: v128, positive: v128, negative: v128): v128 {
    const shared = log1pUnit(expNegative(minusAbs(p)));
    const P = softplusOf(p, shared);
    const N = softplusOf(f32x4.neg(p), shared);
    const q = sigmoid(p);
    const r = sigmoid(f32x4.neg(p));
    const yes = f32x4.mul(decay(gamma, P), multiplyAdd(f32x4.mul(gamma, q), N, r));
    const no = f32x4.mul(decay(gamma, N), multiplyAdd(f32x4.mul(gamma, r), P, q));
    const weightedYes = f32x4.mul(f32x4.mul(positive, t), yes);
    return f32x4.sub(f32x4.mul(f32x4.mul(negative, f32x4.sub(splat(1), t)), no), weightedYes);
  }
}

export function binaryFocal(
  loss: usize,
  dx: usize,
  p: usize,
  t: usize,
  columns: u32,
  ld: u32,
  ldt: u32,
  scale: f32,
  gamma: f32,
  positive: f32,
  negative: f32,
  begin: u32,
  end: u32,
): void {
  sumOfTerms<BinaryFocal>(loss, dx, p, t, columns, ld, ldt, scale, gamma, positive, negative, begin, end);
}

/** Targets are 1, and -1 or 0, which mean the same: minus as the bit of a sign, to be flipped by xor. */
function minusOf(t: v128): v128 {
  return v128.andnot(i32x4.splat(0x80000000), f32x4.gt(t, splat(0)));
}

/** 1 - y·p, the distance to the right side of the margin; y is 1, or -1 where there is the minus. */
function shortfall(p: v128, minus: v128): v128 {
  return f32x4.sub(splat(1), v128.xor(p, minus));
}

/** max(0, 1 - y·p); the slope is 0 at the margin. */
@unmanaged
class Hinge {
  @inline term(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    return f32x4.pmax(shortfall(p, minusOf(t)), splat(0));
  }
  @inline slope(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    const minus = minusOf(t);
    const m = shortfall(p, minus);
    return v128.bitselect(v128.xor(splat(-1), minus), f32x4.pmax(m, splat(0)), f32x4.gt(m, splat(0))); // 0 or NaN elsewhere
  }
}

export function hinge(loss: usize, dx: usize, p: usize, t: usize, columns: u32, ld: u32, ldt: u32, scale: f32, begin: u32, end: u32): void {
  sumOfTerms<Hinge>(loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}

/** max(0, 1 - y·p)² */
@unmanaged
class SquaredHinge {
  @inline term(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    const m = f32x4.pmax(shortfall(p, minusOf(t)), splat(0));
    return f32x4.mul(m, m);
  }
  @inline slope(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    const minus = minusOf(t);
    return v128.xor(f32x4.mul(splat(-2), f32x4.pmax(shortfall(p, minus), splat(0))), minus);
  }
}

export function squaredHinge(
  loss: usize,
  dx: usize,
  p: usize,
  t: usize,
  columns: u32,
  ld: u32,
  ldt: u32,
  scale: f32,
  begin: u32,
  end: u32,
): void {
  sumOfTerms<SquaredHinge>(loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}
