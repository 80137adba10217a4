// Arithmetic on tensors with broadcasting, y = f(a, b) and y = f(a, b, c), over rows [begin, end) of y, each of ld elements.
// An operand is said by two numbers: its row stride in elements (0: one row for all rows of y) and its step (1: as many columns as
// y; 0: one column, for all columns of y). y may be an operand of its own shape, or a column as wide as y when padded: a row's one
// element is read before the row is written.
import { rowAt } from "./lanes";
import { splat } from "./vmath";

/** The operand's vector at byte `at` of its row, or its one element. */
// @ts-ignore: decorator
@inline
function pick(row: usize, at: usize, step: u32, single: v128): v128 {
  return step ? v128.load(row + at) : single;
}

/** y = F(a, b) */
function zip<F>(y: usize, a: usize, b: usize, ld: u32, lda: u32, stepA: u32, ldb: u32, stepB: u32, begin: u32, end: u32): void {
  const f = changetype<F>(<usize>0);
  if (lda == ld && ldb == ld && stepA && stepB) {
    // Of one shape: one long row.
    const stop = rowAt(0, end, ld);
    for (let at = rowAt(0, begin, ld); at < stop; at += 16) v128.store(y + at, f.value(v128.load(a + at), v128.load(b + at)));
    return;
  }
  const bytes = (<usize>ld) << 2;
  for (let r = begin; r < end; ++r) {
    const yRow = rowAt(y, r, ld);
    const aRow = rowAt(a, r, lda);
    const bRow = rowAt(b, r, ldb);
    const oneA = v128.load32_splat(aRow);
    const oneB = v128.load32_splat(bRow);
    for (let at: usize = 0; at < bytes; at += 16) {
      v128.store(yRow + at, f.value(pick(aRow, at, stepA, oneA), pick(bRow, at, stepB, oneB)));
    }
  }
}

/** y = F(a, b, c) */
function zip3<F>(
  y: usize,
  a: usize,
  b: usize,
  c: usize,
  ld: u32,
  lda: u32,
  stepA: u32,
  ldb: u32,
  stepB: u32,
  ldc: u32,
  stepC: u32,
  begin: u32,
  end: u32,
): void {
  const f = changetype<F>(<usize>0);
  const bytes = (<usize>ld) << 2;
  for (let r = begin; r < end; ++r) {
    const yRow = rowAt(y, r, ld);
    const aRow = rowAt(a, r, lda);
    const bRow = rowAt(b, r, ldb);
    const cRow = rowAt(c, r, ldc);
    const oneA = v128.load32_splat(aRow);
    const oneB = v128.load32_splat(bRow);
    const oneC = v128.load32_splat(cRow);
    for (let at: usize = 0; at < bytes; at += 16) {
      v128.store(yRow + at, f.value(pick(aRow, at, stepA, oneA), pick(bRow, at, stepB, oneB), pick(cRow, at, stepC, oneC)));
    }
  }
}

@unmanaged
class Plus {
  @inline value(a: v128, b: v128): v128 {
    return f32x4.add(a, b);
  }
}

@unmanaged
class Minus {
  @inline value(a: v128, b: v128): v128 {
    return f32x4.sub(a, b);
  }
}

@unmanaged
class Times {
  @inline value(a: v128, b: v128): v128 {
    return f32x4.mul(a, b);
  }
}

@unmanaged
class DividedBy {
  @inline value(a: v128, b: v128): v128 {
    return f32x4.div(a, b);
  }
}

/** The larger, NaN if either is: f32x4.max and Math.max agree on signed zeros too. */
@unmanaged
class Maximum {
  @inline value(a: v128, b: v128): v128 {
    return f32x4.max(a, b);
  }
}

@unmanaged
class Minimum {
  @inline value(a: v128, b: v128): v128 {
    return f32x4.min(a, b);
  }
}

/** condition > 0 ? a : b */
@unmanaged
class Where {
  @inline value(condition: v128, a: v128, b: v128): v128 {
    return v128.bitselect(a, b, f32x4.gt(condition, splat(0)));
  }
}

/** The gradient of the larger of a and b with respect to a: dy where a > b, dy/2 where they are equal, else 0. */
@unmanaged
class GradientOfLarger {
  @inline value(dy: v128, a: v128, b: v128): v128 {
    const half = v128.and(f32x4.mul(dy, splat(0.5)), f32x4.eq(a, b));
    return v128.bitselect(dy, half, f32x4.gt(a, b));
  }
}

export function plus(
  y: usize,
  a: usize,
  b: usize,
  ld: u32,
  lda: u32,
  stepA: u32,
  ldb: u32,
  stepB: u32,
  begin: u32,
  end: u32,
): void {
  zip<Plus>(y, a, b, ld, lda, stepA, ldb, stepB, begin, end);
}

export function minus(
  y: usize,
  a: usize,
  b: usize,
  ld: u32,
  lda: u32,
  stepA: u32,
  ldb: u32,
  stepB: u32,
  begin: u32,
  end: u32,
): void {
  zip<Minus>(y, a, b, ld, lda, stepA, ldb, stepB, begin, end);
}

export function times(
  y: usize,
  a: usize,
  b: usize,
  ld: u32,
  lda: u32,
  stepA: u32,
  ldb: u32,
  stepB: u32,
  begin: u32,
  end: u32,
): void {
  zip<Times>(y, a, b, ld, lda, stepA, ldb, stepB, begin, end);
}

export function dividedBy(
  y: usize,
  a: usize,
  b: usize,
  ld: u32,
  lda: u32,
  stepA: u32,
  ldb: u32,
  stepB: u32,
  begin: u32,
  end: u32,
): void {
  zip<DividedBy>(y, a, b, ld, lda, stepA, ldb, stepB, begin, end);
}

export function maximum(
  y: usize,
  a: usize,
  b: usize,
  ld: u32,
  lda: u32,
  stepA: u32,
  ldb: u32,
  stepB: u32,
  begin: u32,
  end: u32,
): void {
  zip<Maximum>(y, a, b, ld, lda, stepA, ldb, stepB, begin, end);
}

export function minimum(
  y: usize,
  a: usize,
  b: usize,
  ld: u32,
  lda: u32,
  stepA: u32,
  ldb: u32,
  stepB: u32,
  begin: u32,
  end: u32,
): void {
  zip<Minimum>(y, a, b, ld, lda, stepA, ldb, stepB, begin, end);
}

/** a > 0 ? b : c */
export function where(
  y: usize,
  a: usize,
  b: usize,
  c: usize,
  ld: u32,
  lda: u32,
  stepA: u32,
  ldb: u32,
  stepB: u32,
  ldc: u32,
  stepC: u32,
  begin: u32,
  end: u32,
): void {
  zip3<Where>(y, a, b, c, ld, lda, stepA, ldb, stepB, ldc, stepC, begin, end);
}

/** The part of a, a gradient, that flows to b of max(b, c): all of it, half where they are equal, nothing. */
export function gradientOfLarger(
  y: usize,
  a: usize,
  b: usize,
  c: usize,
  ld: u32,
  lda: u32,
  stepA: u32,
  ldb: u32,
  stepB: u32,
  ldc: u32,
  stepC: u32,
  begin: u32,
  end: u32,
): void {
  zip3<GradientOfLarger>(y, a, b, c, ld, lda, stepA, ldb, stepB, ldc, stepC, begin, end);
}
