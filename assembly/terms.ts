// How a loss that is a sum over elements goes through rows. Every loss gives one number a row, loss[r], and unless the address dx is 0 its
// gradient, dx = scale·d loss[r]/d p, in the same pass. p `[end, ld]`, t `[end, ldt]`, `columns` of them logical; ranges in rows. Means over
// rows and columns are in `scale` and in reduceLoss's factor, weights of rows in weighRows. (Kernels are long by their signatures, a line an
// operand.)
import { gather, lanesWithin, rowAt, scatter, sumLanes } from "./lanes";
import { splat } from "./vmath";

/** Rows of so many elements leave half of a vector empty or more; of up to two, too, the sum is the tree's. */
const FEW_COLUMNS: u32 = 2;

/** A loss that is a sum over elements: L.term(p, t, a, b, c) and its derivative L.slope, compiled once for each L; a, b, c: its options. */
export function sumOfTerms<L>(
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
  let r = begin;
  if (columns <= FEW_COLUMNS) {
    // Lanes are rows: four rows' elements of a column are a vector, and where a row has one element there are four times fewer terms.
    const pNext = (<usize>ld) << 2;
    const tNext = (<usize>ldt) << 2;
    for (; r + 4 <= end; r += 4) {
      let sum = splat(0);
      for (let column: u32 = 0; column < columns; ++column) {
        const at = (<usize>column) << 2;
        const pv = gather(rowAt(p, r, ld) + at, pNext);
        const tv = gather(rowAt(t, r, ldt) + at, tNext);
        sum = f32x4.add(sum, l.term(pv, tv, a, b, c));
        if (dx) scatter(rowAt(dx, r, ld) + at, pNext, f32x4.mul(factor, l.slope(pv, tv, a, b, c)));
      }
      v128.store(loss + ((<usize>r) << 2), sum);
    }
  }
  for (; r < end; ++r) {
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
