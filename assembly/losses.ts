// Losses: one number a row, loss[r], and unless the address dx is 0 its gradient, dx = scale·d loss[r]/d p, in the same pass.
// p `[end, ld]`, t `[end, ldt]`, `columns` of them logical; ranges in rows. Means over rows and columns are in `scale` and in
// reduceLoss's factor. Formulas: test/golden/README.md, section Losses. (Long by its signatures, a line an operand.)
import { multiplyAdd } from "./arithmetic";
import { lanesWithin, rowAt, rowMaximum, sumLanes } from "./lanes";
import { Status } from "./opcodes";
import { sumExponentials } from "./softmax";
import { exp, log, log1p, log1pUnit, sigmoid, splat } from "./vmath";

// Probabilities that are exactly 0 or 1 give finite values as in PyTorch's binary_cross_entropy: logarithms are at least -100,
// denominators at least 1e-12.
const LOWEST_LOG: f64 = -100;
const LEAST_DENOMINATOR: f64 = 1e-12;

/** A loss that is a sum over elements: L.term(p, t) and its derivative L.slope(p, t), compiled once for each L. */
function elementwise<L>(
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
  const l = changetype<L>(<usize>0);
  const factor = f32x4.splat(scale);
  const d = f32x4.splat(delta);
  for (let r = begin; r < end; ++r) {
    const pRow = rowAt(p, r, ld);
    const tRow = rowAt(t, r, ldt);
    const dxRow = rowAt(dx, r, ld);
    let sum = splat(0);
    for (let c: u32 = 0; c < columns; c += 4) {
      const at = (<usize>c) << 2;
      const pv = v128.load(pRow + at);
      const tv = v128.load(tRow + at);
      sum = f32x4.add(sum, v128.and(l.term(pv, tv, d), lanesWithin(columns - c)));
      if (dx) v128.store(dxRow + at, f32x4.mul(factor, l.slope(pv, tv, d)));
    }
    store<f32>(loss + ((<usize>r) << 2), sumLanes(sum));
  }
}

/** (p - t)² */
@unmanaged
class SquaredError {
  @inline term(p: v128, t: v128, _: v128): v128 {
    const e = f32x4.sub(p, t);
    return f32x4.mul(e, e);
  }
  @inline slope(p: v128, t: v128, _: v128): v128 {
    return f32x4.mul(splat(2), f32x4.sub(p, t));
  }
}

/** |p - t|; the slope is 0 at a tie. */
@unmanaged
class AbsoluteError {
  @inline term(p: v128, t: v128, _: v128): v128 {
    return f32x4.abs(f32x4.sub(p, t));
  }
  @inline slope(p: v128, t: v128, _: v128): v128 {
    const e = f32x4.sub(p, t);
    const one = v128.or(v128.and(e, i32x4.splat(0x80000000)), splat(1));
    return v128.bitselect(one, e, f32x4.gt(f32x4.abs(e), splat(0))); // e itself is 0 or NaN there
  }
}

/** 0.5·e² where |e| <= delta, else delta·(|e| - 0.5·delta), e = p - t (Huber 1964). */
@unmanaged
class HuberError {
  @inline term(p: v128, t: v128, delta: v128): v128 {
    const a = f32x4.abs(f32x4.sub(p, t));
    const square = f32x4.mul(splat(0.5), f32x4.mul(a, a));
    const line = f32x4.mul(delta, f32x4.sub(a, f32x4.mul(splat(0.5), delta)));
    return v128.bitselect(square, line, f32x4.le(a, delta));
  }
  @inline slope(p: v128, t: v128, delta: v128): v128 {
    return f32x4.pmin(f32x4.pmax(f32x4.sub(p, t), f32x4.neg(delta)), delta);
  }
}

/** -t·log p - (1 - t)·log(1 - p), p probabilities. */
@unmanaged
class BinaryProbability {
  @inline term(p: v128, t: v128, _: v128): v128 {
    const yes = f32x4.pmax(log(p), splat(LOWEST_LOG));
    const no = f32x4.pmax(log1p(f32x4.neg(p)), splat(LOWEST_LOG));
    return f32x4.neg(multiplyAdd(t, yes, f32x4.mul(f32x4.sub(splat(1), t), no)));
  }
  @inline slope(p: v128, t: v128, _: v128): v128 {
    const variance = f32x4.mul(f32x4.sub(splat(1), p), p);
    return f32x4.div(f32x4.sub(p, t), f32x4.pmax(variance, splat(LEAST_DENOMINATOR)));
  }
}

/** The same with probability sigmoid(p): max(p, 0) - p·t + log(1 + e^-|p|). */
@unmanaged
class BinaryLogit {
  @inline term(p: v128, t: v128, _: v128): v128 {
    const linear = multiplyAdd(f32x4.neg(p), t, f32x4.pmax(p, splat(0)));
    return f32x4.add(linear, log1pUnit(exp(f32x4.neg(f32x4.abs(p)))));
  }
  @inline slope(p: v128, t: v128, _: v128): v128 {
    return f32x4.sub(sigmoid(p), t);
  }
}

/** -t·log p, p and t probabilities of classes. */
@unmanaged
class ClassProbability {
  @inline term(p: v128, t: v128, _: v128): v128 {
    return f32x4.mul(f32x4.neg(t), f32x4.pmax(log(p), splat(LOWEST_LOG)));
  }
  @inline slope(p: v128, t: v128, _: v128): v128 {
    return f32x4.div(f32x4.neg(t), f32x4.pmax(p, splat(LEAST_DENOMINATOR)));
  }
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
  elementwise<SquaredError>(loss, dx, p, t, columns, ld, ldt, scale, 0, begin, end);
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
  elementwise<AbsoluteError>(loss, dx, p, t, columns, ld, ldt, scale, 0, begin, end);
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
  elementwise<HuberError>(loss, dx, p, t, columns, ld, ldt, scale, delta, begin, end);
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
  elementwise<BinaryProbability>(loss, dx, p, t, columns, ld, ldt, scale, 0, begin, end);
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
  elementwise<BinaryLogit>(loss, dx, p, t, columns, ld, ldt, scale, 0, begin, end);
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
  elementwise<ClassProbability>(loss, dx, p, t, columns, ld, ldt, scale, 0, begin, end);
}

/** log(sum of exp x)·sum t - sum of t·x, both with x - max for x, so that no logit overflows; dx = scale·(softmax·sum t - t), which
 *  holds for targets that do not sum to 1 as well. */
export function categoricalCrossEntropyLogits(
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
  const factor = f32x4.splat(scale);
  for (let r = begin; r < end; ++r) {
    const pRow = rowAt(p, r, ld);
    const tRow = rowAt(t, r, ldt);
    const dxRow = dx ? rowAt(dx, r, ld) : 0;
    const maximum = rowMaximum(pRow, columns);
    const sum = sumExponentials(dxRow, pRow, maximum, columns);
    let weights = splat(0);
    let products = splat(0);
    for (let c: u32 = 0; c < columns; c += 4) {
      const at = (<usize>c) << 2;
      const tv = v128.and(v128.load(tRow + at), lanesWithin(columns - c));
      const difference = v128.and(f32x4.sub(v128.load(pRow + at), f32x4.splat(maximum)), lanesWithin(columns - c));
      weights = f32x4.add(weights, tv);
      products = multiplyAdd(tv, difference, products);
    }
    const weight = sumLanes(weights);
    store<f32>(loss + ((<usize>r) << 2), weight * logOf(sum) - sumLanes(products));
    if (!dx) continue;
    const share = f32x4.splat(weight / sum);
    for (let c: u32 = 0; c < columns; c += 4) {
      const at = (<usize>c) << 2;
      const slope = multiplyAdd(v128.load(dxRow + at), share, f32x4.neg(v128.load(tRow + at)));
      v128.store(dxRow + at, f32x4.mul(factor, slope));
    }
  }
}

/** -log p[id]; t: u32 class ids, one a row, each < columns. */
export function sparseCategoricalCrossEntropy(
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
  const bytes = (<usize>ld) << 2;
  for (let r = begin; r < end; ++r) {
    const id = (<usize>load<u32>(rowAt(t, r, ldt))) << 2;
    const q = v128.load32_splat(rowAt(p, r, ld) + id);
    store<f32>(loss + ((<usize>r) << 2), -f32x4.extract_lane(f32x4.pmax(log(q), splat(LOWEST_LOG)), 0));
    if (!dx) continue;
    const dxRow = rowAt(dx, r, ld);
    for (let at: usize = 0; at < bytes; at += 16) v128.store(dxRow + at, splat(0));
    store<f32>(dxRow + id, -scale / f32x4.extract_lane(f32x4.pmax(q, splat(LEAST_DENOMINATOR)), 0));
  }
}

/** log(sum of exp x) - x[id], both with x - max for x; dx = scale·(softmax - one-hot); t: u32 class ids, one a row. */
export function sparseCategoricalCrossEntropyLogits(
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
  const bytes = (<usize>ld) << 2;
  const factor = f32x4.splat(scale);
  for (let r = begin; r < end; ++r) {
    const pRow = rowAt(p, r, ld);
    const dxRow = dx ? rowAt(dx, r, ld) : 0;
    const id = (<usize>load<u32>(rowAt(t, r, ldt))) << 2;
    const maximum = rowMaximum(pRow, columns);
    const sum = sumExponentials(dxRow, pRow, maximum, columns);
    store<f32>(loss + ((<usize>r) << 2), logOf(sum) - (load<f32>(pRow + id) - maximum));
    if (!dx) continue;
    const inverse: f32 = 1 / sum;
    const own = scale * (load<f32>(dxRow + id) * inverse - 1);
    for (let at: usize = 0; at < bytes; at += 16) {
      v128.store(dxRow + at, f32x4.mul(factor, f32x4.mul(v128.load(dxRow + at), f32x4.splat(inverse))));
    }
    store<f32>(dxRow + id, own);
  }
}

function logOf(x: f32): f32 {
  return f32x4.extract_lane(log(f32x4.splat(x)), 0);
}

/** out (f64) = lossScale·sum of loss, in float64 in row order; a result that is not finite is reported in `status` (u32). */
export function reduceLoss(out: usize, status: usize, loss: usize, lossScale: f64, begin: u32, end: u32): void {
  let sum: f64 = 0;
  for (let r = begin; r < end; ++r) sum += <f64>load<f32>(loss + ((<usize>r) << 2));
  const result = lossScale * sum;
  store<f64>(out, result);
  if (!isFinite(result)) store<u32>(status, load<u32>(status) | Status.Loss);
}
