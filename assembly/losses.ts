// Losses that are sums over elements: one number a row, loss[r], and unless the address dx is 0 its gradient,
// dx = scale·d loss[r]/d p, in the same pass. p `[end, ld]`, t `[end, ldt]`, `columns` of them logical; ranges in rows. Means over rows and
// columns are in `scale` and in reduceLoss's factor, weights of rows in weighRows. Formulas: test/golden/README.md, section Losses.
// Losses of a row as a whole are in rowlosses.ts. (Long by its signatures, a line an operand.)
import { multiplyAdd } from "./arithmetic";
import { lanesWithin, rowAt, sumLanes } from "./lanes";
import { LEAST_DENOMINATOR, LOWEST_LOG } from "./limits";
import { Status } from "./opcodes";
import { raise } from "./status";
import { exp, expm1, expNegative, log, log1p, log1pUnit, minusAbs, sigmoid, splat, tanh } from "./vmath";

const LN2: f64 = 0.6931471805599453;

/** A loss that is a sum over elements: L.term(p, t, a, b, c) and its derivative L.slope, compiled once for each L; a, b, c: its options. */
function elementwise<L>(
  loss: usize,
  dx: usize,
  p: usize,
  t: usize,
  columns: u32,
  ld: u32,
  ldt: u32,
  scale: f32,
  first: f32,
  second: f32,
  third: f32,
  begin: u32,
  end: u32,
): void {
  const l = changetype<L>(<usize>0);
  const factor = f32x4.splat(scale);
  const a = f32x4.splat(first);
  const b = f32x4.splat(second);
  const c = f32x4.splat(third);
  for (let r = begin; r < end; ++r) {
    const pRow = rowAt(p, r, ld);
    const tRow = rowAt(t, r, ldt);
    const dxRow = rowAt(dx, r, ld);
    let sum = splat(0);
    for (let column: u32 = 0; column < columns; column += 4) {
      const at = (<usize>column) << 2;
      const pv = v128.load(pRow + at);
      const tv = v128.load(tRow + at);
      sum = f32x4.add(sum, v128.and(l.term(pv, tv, a, b, c), lanesWithin(columns - column)));
      if (dx) v128.store(dxRow + at, f32x4.mul(factor, l.slope(pv, tv, a, b, c)));
    }
    store<f32>(loss + ((<usize>r) << 2), sumLanes(sum));
  }
}

/** (p - t)² */
@unmanaged
class SquaredError {
  @inline term(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    const e = f32x4.sub(p, t);
    return f32x4.mul(e, e);
  }
  @inline slope(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    return f32x4.mul(splat(2), f32x4.sub(p, t));
  }
}

/** |p - t|; the slope is 0 at a tie. */
@unmanaged
class AbsoluteError {
  @inline term(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    return f32x4.abs(f32x4.sub(p, t));
  }
  @inline slope(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    const e = f32x4.sub(p, t);
    const one = v128.or(v128.and(e, i32x4.splat(0x80000000)), splat(1));
    return v128.bitselect(one, e, f32x4.gt(f32x4.abs(e), splat(0))); // e itself is 0 or NaN there
  }
}

/** 0.5·e² where |e| <= delta, else delta·(|e| - 0.5·delta), e = p - t (Huber 1964). */
@unmanaged
class HuberError {
  @inline term(p: v128, t: v128, delta: v128, _b: v128, _c: v128): v128 {
    const a = f32x4.abs(f32x4.sub(p, t));
    const square = f32x4.mul(splat(0.5), f32x4.mul(a, a));
    const line = f32x4.mul(delta, f32x4.sub(a, f32x4.mul(splat(0.5), delta)));
    return v128.bitselect(square, line, f32x4.le(a, delta));
  }
  @inline slope(p: v128, t: v128, delta: v128, _b: v128, _c: v128): v128 {
    return f32x4.pmin(f32x4.pmax(f32x4.sub(p, t), f32x4.neg(delta)), delta);
  }
}

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

/** -t·log p, p and t probabilities of classes. */
@unmanaged
class ClassProbability {
  @inline term(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    return f32x4.mul(f32x4.neg(t), f32x4.pmax(log(p), splat(LOWEST_LOG)));
  }
  @inline slope(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    return f32x4.div(f32x4.neg(t), f32x4.pmax(p, splat(LEAST_DENOMINATOR)));
  }
}

/** log cosh(p - t): where a = |p - t| is large, a + log(1 + e^-2a) - ln 2; up to 1, where that cancels, log(1 + 2·sinh²(a/2)), with
 *  2·sinh²(a/2) = (1 - e^-a)² / (2·e^-a). */
@unmanaged
class LogCosh {
  @inline term(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    const a = f32x4.abs(f32x4.sub(p, t));
    const u = expm1(f32x4.neg(a));
    const e = f32x4.add(u, splat(1));
    const small = f32x4.le(a, splat(1));
    const beyond1 = v128.bitselect(f32x4.div(f32x4.mul(u, u), f32x4.add(e, e)), f32x4.mul(e, e), small);
    return f32x4.add(log1pUnit(beyond1), v128.andnot(f32x4.sub(a, splat(LN2)), small));
  }
  @inline slope(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    return tanh(f32x4.sub(p, t));
  }
}

/** 1 - t·p, the distance to the right side of the margin. */
function shortfall(p: v128, t: v128): v128 {
  return f32x4.sub(splat(1), f32x4.mul(t, p));
}

/** max(0, 1 - t·p); the slope is 0 at the margin. */
@unmanaged
class Hinge {
  @inline term(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    return f32x4.pmax(shortfall(p, t), splat(0));
  }
  @inline slope(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    const m = shortfall(p, t);
    return v128.bitselect(f32x4.neg(t), f32x4.pmax(m, splat(0)), f32x4.gt(m, splat(0))); // 0 or NaN elsewhere
  }
}

/** max(0, 1 - t·p)² */
@unmanaged
class SquaredHinge {
  @inline term(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    const m = f32x4.pmax(shortfall(p, t), splat(0));
    return f32x4.mul(m, m);
  }
  @inline slope(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    return f32x4.mul(f32x4.mul(splat(-2), f32x4.pmax(shortfall(p, t), splat(0))), t);
  }
}

/** p - t·log p, p a rate. */
@unmanaged
class Poisson {
  @inline term(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    return multiplyAdd(f32x4.neg(t), f32x4.pmax(log(p), splat(LOWEST_LOG)), p);
  }
  @inline slope(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    return f32x4.sub(splat(1), f32x4.div(t, f32x4.pmax(p, splat(LEAST_DENOMINATOR))));
  }
}

/** e^p - t·p, p a rate's logarithm. */
@unmanaged
class PoissonLog {
  @inline term(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    return multiplyAdd(f32x4.neg(t), p, exp(p));
  }
  @inline slope(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    return f32x4.sub(exp(p), t);
  }
}

/** t·(log t - log p); 0 where t is 0. */
@unmanaged
class Divergence {
  @inline term(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    const own = f32x4.pmax(log(t), splat(LOWEST_LOG));
    return f32x4.mul(t, f32x4.sub(own, f32x4.pmax(log(p), splat(LOWEST_LOG))));
  }
  @inline slope(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    return f32x4.div(f32x4.neg(t), f32x4.pmax(p, splat(LEAST_DENOMINATOR)));
  }
}

/** The same, p logarithms of probabilities. (0·p: NaN stays NaN.) */
@unmanaged
class DivergenceLog {
  @inline term(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    return f32x4.mul(t, f32x4.sub(f32x4.pmax(log(t), splat(LOWEST_LOG)), p));
  }
  @inline slope(p: v128, t: v128, _a: v128, _b: v128, _c: v128): v128 {
    return f32x4.add(f32x4.neg(t), f32x4.mul(splat(0), p));
  }
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

/** e^(-gamma·x) */
function decay(gamma: v128, x: v128): v128 {
  return expNegative(f32x4.mul(f32x4.neg(gamma), x));
}

export function meanSquaredError(
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
  elementwise<SquaredError>(loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}

export function meanAbsoluteError(
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
  elementwise<AbsoluteError>(loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}

export function huber(
  loss: usize,
  dx: usize,
  p: usize,
  t: usize,
  columns: u32,
  ld: u32,
  ldt: u32,
  scale: f32,
  delta: f32,
  begin: u32,
  end: u32,
): void {
  elementwise<HuberError>(loss, dx, p, t, columns, ld, ldt, scale, delta, 0, 0, begin, end);
}

export function logCosh(
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
  elementwise<LogCosh>(loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}

export function hinge(loss: usize, dx: usize, p: usize, t: usize, columns: u32, ld: u32, ldt: u32, scale: f32, begin: u32, end: u32): void {
  elementwise<Hinge>(loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
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
  elementwise<SquaredHinge>(loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}

export function poisson(
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
  elementwise<Poisson>(loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}

export function poissonLog(
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
  elementwise<PoissonLog>(loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}

export function klDivergence(
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
  elementwise<Divergence>(loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}

export function klDivergenceLog(
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
  elementwise<DivergenceLog>(loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
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
  elementwise<BinaryProbability>(loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
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
  elementwise<BinaryLogit>(loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
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
  elementwise<WeightedBinaryProbability>(loss, dx, p, t, columns, ld, ldt, scale, positiveWeight, 0, 0, begin, end);
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
  elementwise<WeightedBinaryLogit>(loss, dx, p, t, columns, ld, ldt, scale, positiveWeight, 0, 0, begin, end);
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
  elementwise<BinaryFocal>(loss, dx, p, t, columns, ld, ldt, scale, gamma, positive, negative, begin, end);
}

export function categoricalCrossEntropy(
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
  elementwise<ClassProbability>(loss, dx, p, t, columns, ld, ldt, scale, 0, 0, 0, begin, end);
}

/** loss[r] and, unless it is 0, row r of dx times weights[r]; of a row of weight 0 both are +0, whatever they were: an ignored row's loss
 *  may be infinite. weights: f32[end], loss likewise, dx `[end, ld]`. Range in rows. */
export function weighRows(loss: usize, dx: usize, weights: usize, ld: u32, begin: u32, end: u32): void {
  const bytes = (<usize>ld) << 2;
  for (let r = begin; r < end; ++r) {
    const at = (<usize>r) << 2;
    const weight = load<f32>(weights + at);
    store<f32>(loss + at, weight == 0 ? 0 : weight * load<f32>(loss + at));
    if (!dx) continue;
    const row = rowAt(dx, r, ld);
    const some = f32x4.ne(f32x4.splat(weight), splat(0));
    for (let c: usize = 0; c < bytes; c += 16) {
      v128.store(row + c, v128.and(f32x4.mul(f32x4.splat(weight), v128.load(row + c)), some));
    }
  }
}

/** out (f64) = lossScale·sum of loss, in float64 in row order; a result that is not finite is reported in `status` (u32). */
export function reduceLoss(out: usize, status: usize, loss: usize, lossScale: f64, begin: u32, end: u32): void {
  let sum: f64 = 0;
  for (let r = begin; r < end; ++r) sum += <f64>load<f32>(loss + ((<usize>r) << 2));
  const result = lossScale * sum;
  store<f64>(out, result);
  if (!isFinite(result)) raise(status, Status.Loss);
}
