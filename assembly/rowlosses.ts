// Losses of a row as a whole; what is said of operands in terms.ts holds here. t: rows of `columns` values, or u32 class
// ids, one a row, each < columns.
import { multiplyAdd } from "./arithmetic";
import { crossEntropyOfFew, FEW_CLASSES } from "./fewclasses";
import { lanesWithin, rowAt, rowMaximum, storeLanes, sumLanes, withLane } from "./lanes";
import { LEAST_DENOMINATOR, LOWEST_LOG } from "./limits";
import { sumExponentials } from "./softmax";
import { expNegative, log, log1p, splat } from "./vmath";

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
  if (columns <= FEW_CLASSES) return crossEntropyOfFew(false, loss, dx, p, t, columns, ld, ldt, scale, begin, end);
  const factor = f32x4.splat(scale);
  for (let first = begin; first < end; first += 4) {
    // One logarithm for four rows.
    const rows = min<u32>(4, end - first);
    let allMasses = splat(0);
    let allProducts = splat(0);
    let sums = splat(1);
    for (let i: u32 = 0; i < rows; ++i) {
      const pRow = rowAt(p, first + i, ld);
      const tRow = rowAt(t, first + i, ldt);
      const dxRow = dx ? rowAt(dx, first + i, ld) : 0;
      const maximum = rowMaximum(pRow, columns);
      const sum = sumExponentials(dxRow, pRow, maximum, columns);
      let masses = splat(0);
      let products = splat(0);
      for (let c: u32 = 0; c < columns; c += 4) {
        const at = (<usize>c) << 2;
        const within = lanesWithin(columns - c);
        const tv = v128.and(v128.load(tRow + at), within);
        const difference = v128.and(f32x4.sub(v128.load(pRow + at), f32x4.splat(maximum)), within);
        masses = f32x4.add(masses, tv);
        products = multiplyAdd(tv, difference, products);
      }
      const mass = sumLanes(masses);
      allMasses = withLane(allMasses, i, mass);
      allProducts = withLane(allProducts, i, sumLanes(products));
      sums = withLane(sums, i, sum);
      if (!dx) continue;
      const share = f32x4.splat(mass / sum);
      for (let c: u32 = 0; c < columns; c += 4) {
        const at = (<usize>c) << 2;
        const slope = multiplyAdd(v128.load(dxRow + at), share, f32x4.neg(v128.load(tRow + at)));
        v128.store(dxRow + at, f32x4.mul(factor, slope));
      }
    }
    storeLanes(loss + ((<usize>first) << 2), f32x4.sub(f32x4.mul(allMasses, log(sums)), allProducts), rows);
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
  for (let r = begin; r < end; ++r) {
    const id = (<usize>load<u32>(rowAt(t, r, ldt))) << 2;
    const q = v128.load32_splat(rowAt(p, r, ld) + id);
    store<f32>(loss + ((<usize>r) << 2), -f32x4.extract_lane(f32x4.pmax(log(q), splat(LOWEST_LOG)), 0));
    if (!dx) continue;
    const dxRow = rowAt(dx, r, ld);
    zeroRow(dxRow, ld);
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
  if (columns <= FEW_CLASSES) return crossEntropyOfFew(true, loss, dx, p, t, columns, ld, ldt, scale, begin, end);
  const bytes = (<usize>ld) << 2;
  const factor = f32x4.splat(scale);
  for (let first = begin; first < end; first += 4) {
    // One logarithm for four rows.
    const rows = min<u32>(4, end - first);
    let differences = splat(0);
    let sums = splat(1);
    for (let i: u32 = 0; i < rows; ++i) {
      const pRow = rowAt(p, first + i, ld);
      const dxRow = dx ? rowAt(dx, first + i, ld) : 0;
      const id = (<usize>load<u32>(rowAt(t, first + i, ldt))) << 2;
      const maximum = rowMaximum(pRow, columns);
      const sum = sumExponentials(dxRow, pRow, maximum, columns);
      differences = withLane(differences, i, load<f32>(pRow + id) - maximum);
      sums = withLane(sums, i, sum);
      if (!dx) continue;
      const inverse: f32 = 1 / sum;
      const own = scale * (load<f32>(dxRow + id) * inverse - 1);
      const share = f32x4.splat(inverse);
      for (let at: usize = 0; at < bytes; at += 16) {
        v128.store(dxRow + at, f32x4.mul(factor, f32x4.mul(v128.load(dxRow + at), share)));
      }
      store<f32>(dxRow + id, own);
    }
    storeLanes(loss + ((<usize>first) << 2), f32x4.sub(log(sums), differences), rows);
  }
}

/** (1 - q)^gamma·(-log q), q = softmax(p) at the class id (Lin et al. 2017). With o the other classes' sum of e^(x - max):
 *  1 - q = o/(o + own) does not cancel, and the gradient is B·e^(x - max)/o at the others and -B at the class,
 *  B = (1 - q)^gamma·(1 - q - gamma·q·log q). */
export function focal(
  loss: usize,
  dx: usize,
  p: usize,
  t: usize,
  columns: u32,
  ld: u32,
  ldt: u32,
  scale: f32,
  gamma: f32,
  begin: u32,
  end: u32,
): void {
  for (let r = begin; r < end; ++r) {
    const pRow = rowAt(p, r, ld);
    const dxRow = dx ? rowAt(dx, r, ld) : 0;
    const id = load<u32>(rowAt(t, r, ldt));
    const maximum = rowMaximum(pRow, columns);
    const others = sumOthers(dxRow, pRow, maximum, columns, id);
    const difference = load<f32>(pRow + ((<usize>id) << 2)) - maximum;
    const own = f32x4.extract_lane(expNegative(f32x4.splat(difference)), 0);
    const sum = others + own;
    const rest = others / sum;
    // -log q, of the others alone where the class is the largest: there q may be as good as 1.
    const surprise = difference == 0 ? f32x4.extract_lane(log1p(f32x4.splat(others)), 0) : logOf(sum) - difference;
    const logRest = f32x4.pmax(f32x4.splat(logOf(rest)), splat(LOWEST_LOG)); // finite, so that a gamma of 0 gives a power of 1
    const power = f32x4.extract_lane(expNegative(f32x4.mul(f32x4.splat(gamma), logRest)), 0);
    store<f32>(loss + ((<usize>r) << 2), power * surprise);
    if (!dx) continue;
    const slope = scale * (power * (gamma * (own / sum) * surprise + rest));
    const share = f32x4.splat(others == 0 ? 0 : slope / others);
    const bytes = (<usize>ld) << 2;
    for (let at: usize = 0; at < bytes; at += 16) v128.store(dxRow + at, f32x4.mul(share, v128.load(dxRow + at)));
    store<f32>(dxRow + ((<usize>id) << 2), -slope);
  }
}

/** Sum of e = exp(x - maximum) over a row but for one element; stores all of them unless `e` is 0. */
function sumOthers(e: usize, x: usize, maximum: f32, columns: u32, but: u32): f32 {
  const lane = i32x4(0, 1, 2, 3);
  let sum = splat(0);
  for (let c: u32 = 0; c < columns; c += 4) {
    const at = (<usize>c) << 2;
    const value = expNegative(f32x4.sub(v128.load(x + at), f32x4.splat(maximum)));
    if (e) v128.store(e + at, value);
    const other = i32x4.ne(lane, i32x4.splat(but - c));
    sum = f32x4.add(sum, v128.and(value, v128.and(other, lanesWithin(columns - c))));
  }
  return sumLanes(sum);
}

/** max(0, 1 + n - s), n the largest p where t is 0, s the sum of t·p; where t is nowhere 0 the loss is 0. The gradient's 1 goes to the
 *  first of equal n. */
export function categoricalHinge(
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
  for (let r = begin; r < end; ++r) {
    const pRow = rowAt(p, r, ld);
    const tRow = rowAt(t, r, ldt);
    let products = splat(0);
    for (let c: u32 = 0; c < columns; c += 4) {
      const at = (<usize>c) << 2;
      const product = f32x4.mul(v128.load(tRow + at), v128.load(pRow + at));
      products = f32x4.add(products, v128.and(product, lanesWithin(columns - c)));
    }
    let largest: f32 = -Infinity;
    let rival = columns;
    for (let c: u32 = 0; c < columns; ++c) {
      const at = (<usize>c) << 2;
      const value = load<f32>(pRow + at);
      if (load<f32>(tRow + at) == 0 && value > largest) {
        largest = value;
        rival = c;
      }
    }
    const margin: f32 = largest - sumLanes(products) + 1; // a NaN is in the sum of products
    store<f32>(loss + ((<usize>r) << 2), margin < 0 ? 0 : margin);
    if (!dx) continue;
    const dxRow = rowAt(dx, r, ld);
    if (margin <= 0) {
      zeroRow(dxRow, ld);
      continue;
    }
    const bytes = (<usize>ld) << 2;
    const factor = margin == margin ? scale : margin;
    for (let at: usize = 0; at < bytes; at += 16) {
      v128.store(dxRow + at, f32x4.mul(f32x4.splat(-factor), v128.load(tRow + at)));
    }
    if (rival < columns) store<f32>(dxRow + ((<usize>rival) << 2), factor);
  }
}

/** 1 - cos of the angle between p and t, in float64 and in order of the columns: no square of a float32 overflows or vanishes there, and
 *  1 - cos does not cancel. A row of zeros has no angle: cos is then 0, and so is the gradient. */
export function cosineSimilarity(
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
  for (let r = begin; r < end; ++r) {
    const pRow = rowAt(p, r, ld);
    const tRow = rowAt(t, r, ldt);
    let pp: f64 = 0;
    let tt: f64 = 0;
    let pt: f64 = 0;
    for (let c: u32 = 0; c < columns; ++c) {
      const at = (<usize>c) << 2;
      const x = <f64>load<f32>(pRow + at);
      const y = <f64>load<f32>(tRow + at);
      pp += x * x;
      tt += y * y;
      pt += x * y;
    }
    const norms = sqrt(pp * tt);
    const inverse: f64 = norms == 0 ? 0 : 1 / norms;
    const cosine = pt * inverse;
    store<f32>(loss + ((<usize>r) << 2), <f32>(1 - cosine));
    if (!dx) continue;
    const dxRow = rowAt(dx, r, ld);
    const factor = <f64>scale;
    const along: f64 = norms == 0 ? 0 : cosine / pp;
    for (let c: u32 = 0; c < columns; ++c) {
      const at = (<usize>c) << 2;
      const slope = <f64>load<f32>(pRow + at) * along - <f64>load<f32>(tRow + at) * inverse;
      store<f32>(dxRow + at, <f32>(factor * slope));
    }
  }
}

function logOf(x: f32): f32 {
  return f32x4.extract_lane(log(f32x4.splat(x)), 0);
}

function zeroRow(row: usize, ld: u32): void {
  const bytes = (<usize>ld) << 2;
  for (let at: usize = 0; at < bytes; at += 16) v128.store(row + at, splat(0));
}
