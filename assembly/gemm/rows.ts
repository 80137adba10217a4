// Products that are a matrix by a vector, or of two vectors. A few rows of C, as one sample's prediction is: B is read once, in blocks that
// stay in L1 while strips of C's rows are added to in registers. One row with a transposed B, as one sample's error on its way back is: dot
// products. k of 1, as the gradient of weights is for one sample: C is written once, front to back. One column of C, as the gradient of one
// output's weights is: lanes are rows of C.
import { multiplyAdd } from "../arithmetic";
import { gather, interleaveHigh, interleaveLow, joinHigh, joinLow, lanesWithin } from "../lanes";
import { Block } from "./blocks";

/** c[j] += x0·b0[j], then x1·b1[j], x2·b2[j], x3·b3[j]: four k of a row of C. `stop`: c's end; bStep: bytes from one row of B to the next. */
function addRows4(c: usize, stop: usize, a: usize, aStep: usize, b: usize, bStep: usize): void {
  const x0 = v128.load32_splat(a);
  const x1 = v128.load32_splat(a + aStep);
  const x2 = v128.load32_splat(a + (aStep << 1));
  const x3 = v128.load32_splat(a + aStep * 3);
  let b1 = b + bStep;
  let b2 = b1 + bStep;
  let b3 = b2 + bStep;
  do {
    let sum = multiplyAdd(x0, v128.load(b), v128.load(c));
    sum = multiplyAdd(x1, v128.load(b1), sum);
    sum = multiplyAdd(x2, v128.load(b2), sum);
    v128.store(c, multiplyAdd(x3, v128.load(b3), sum));
    c += 16;
    b += 16;
    b1 += 16;
    b2 += 16;
    b3 += 16;
  } while (c < stop);
}

function addRow(c: usize, stop: usize, a: usize, b: usize): void {
  const x = v128.load32_splat(a);
  do {
    v128.store(c, multiplyAdd(x, v128.load(b), v128.load(c)));
    c += 16;
    b += 16;
  } while (c < stop);
}

/** 32 elements of a row of C += k of a row of A by as many rows of B. V8 of Node 20 keeps the 8 sums in registers only in a function of its own
 *  (macro.ts exports it, so that it stays one), with the first k before the loop. */
export function addRows32(c: usize, a: usize, aStep: usize, b: usize, bStep: usize, k: u32): void {
  let c0 = v128.load(c);
  let c1 = v128.load(c, 16);
  let c2 = v128.load(c, 32);
  let c3 = v128.load(c, 48);
  let c4 = v128.load(c, 64);
  let c5 = v128.load(c, 80);
  let c6 = v128.load(c, 96);
  let c7 = v128.load(c, 112);
  {
    const x = v128.load32_splat(a);
    c0 = multiplyAdd(x, v128.load(b), c0);
    c1 = multiplyAdd(x, v128.load(b, 16), c1);
    c2 = multiplyAdd(x, v128.load(b, 32), c2);
    c3 = multiplyAdd(x, v128.load(b, 48), c3);
    c4 = multiplyAdd(x, v128.load(b, 64), c4);
    c5 = multiplyAdd(x, v128.load(b, 80), c5);
    c6 = multiplyAdd(x, v128.load(b, 96), c6);
    c7 = multiplyAdd(x, v128.load(b, 112), c7);
  }
  if (--k)
    do {
      a += aStep;
      b += bStep;
      const x = v128.load32_splat(a);
      c0 = multiplyAdd(x, v128.load(b), c0);
      c1 = multiplyAdd(x, v128.load(b, 16), c1);
      c2 = multiplyAdd(x, v128.load(b, 32), c2);
      c3 = multiplyAdd(x, v128.load(b, 48), c3);
      c4 = multiplyAdd(x, v128.load(b, 64), c4);
      c5 = multiplyAdd(x, v128.load(b, 80), c5);
      c6 = multiplyAdd(x, v128.load(b, 96), c6);
      c7 = multiplyAdd(x, v128.load(b, 112), c7);
    } while (--k);
  v128.store(c, c0);
  v128.store(c, c1, 16);
  v128.store(c, c2, 32);
  v128.store(c, c3, 48);
  v128.store(c, c4, 64);
  v128.store(c, c5, 80);
  v128.store(c, c6, 96);
  v128.store(c, c7, 112);
}

/** m rows of C, n columns; the other arguments as gemmMicro4x8's. */
export function gemmRows(
  c: usize,
  ldc: usize,
  start: usize,
  startLd: usize,
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  bStep: usize,
  m: u32,
  n: u32,
  k: u32,
): void {
  const width = (<usize>((n + 3) & ~3)) << 2;
  const end = c + ldc * m;
  for (let row = c; row < end; row += ldc, start += startLd) {
    if (!start) memory.fill(row, 0, width);
    else if (start != row) memory.copy(row, start, width);
  }
  // Blocks of B of some 16 KiB, so that a strip's rows have all of a block in L1, of 8 rows at least, so that sums stay in registers for a while.
  const most = max<u32>((Block.SmallB / n) & ~3, 8);
  const whole = width & ~127;
  for (let left = k; left; ) {
    const depth = min<u32>(most, left);
    for (let j: usize = 0; j < whole; j += 128) {
      let ai = a;
      for (let row = c; row < end; row += ldc, ai += aRow) addRows32(row + j, ai, aStep, b + j, bStep, depth);
    }
    if (whole < width) {
      let ak = a;
      let bk = b + whole;
      let rest = depth;
      for (; rest >= 4; rest -= 4) {
        let ai = ak;
        for (let row = c; row < end; row += ldc, ai += aRow) addRows4(row + whole, row + width, ai, aStep, bk, bStep);
        ak += aStep << 2;
        bk += bStep << 2;
      }
      for (; rest; --rest) {
        let ai = ak;
        for (let row = c; row < end; row += ldc, ai += aRow) addRow(row + whole, row + width, ai, bk);
        ak += aStep;
        bk += bStep;
      }
    }
    a += aStep * depth;
    b += bStep * depth;
    left -= depth;
  }
  const mask = lanesWithin(n - <u32>(width >> 2) + 4);
  for (let last = c + width - 16; last < end; last += ldc) v128.store(last, v128.and(v128.load(last), mask));
}

/** sum += four k of a row of A by four rows of B: their lanes are transposed in registers. */
// @ts-ignore: decorator
@inline
function addTransposed(sum: v128, x0: v128, x1: v128, x2: v128, x3: v128, b0: usize, b1: usize, b2: usize, b3: usize): v128 {
  const r0 = v128.load(b0);
  const r1 = v128.load(b1);
  const r2 = v128.load(b2);
  const r3 = v128.load(b3);
  const low01 = interleaveLow(r0, r1);
  const high01 = interleaveHigh(r0, r1);
  const low23 = interleaveLow(r2, r3);
  const high23 = interleaveHigh(r2, r3);
  sum = multiplyAdd(x0, joinLow(low01, low23), sum);
  sum = multiplyAdd(x1, joinHigh(low01, low23), sum);
  sum = multiplyAdd(x2, joinLow(high01, high23), sum);
  return multiplyAdd(x3, joinHigh(high01, high23), sum);
}

/** 8 elements of a row of C: two sums, whose additions do not wait for one another. More rows of B, 4 KiB apart, would not stay in L1. */
function dots8(c: usize, start: usize, a: usize, b0: usize, ldb: usize, k: u32): void {
  let sum0 = v128.load(start);
  let sum1 = v128.load(start, 16);
  let b4 = b0 + (ldb << 2);
  const ld2 = ldb << 1;
  const ld3 = ldb + ld2;
  for (const stop = a + ((<usize>k & ~3) << 2); a < stop; a += 16) {
    const x0 = v128.load32_splat(a);
    const x1 = v128.load32_splat(a, 4);
    const x2 = v128.load32_splat(a, 8);
    const x3 = v128.load32_splat(a, 12);
    sum0 = addTransposed(sum0, x0, x1, x2, x3, b0, b0 + ldb, b0 + ld2, b0 + ld3);
    sum1 = addTransposed(sum1, x0, x1, x2, x3, b4, b4 + ldb, b4 + ld2, b4 + ld3);
    b0 += 16;
    b4 += 16;
  }
  for (let left = k & 3; left; --left) {
    const x = v128.load32_splat(a);
    sum0 = multiplyAdd(x, gather(b0, ldb), sum0);
    sum1 = multiplyAdd(x, gather(b4, ldb), sum1);
    a += 4;
    b0 += 4;
    b4 += 4;
  }
  v128.store(c, sum0);
  v128.store(c, sum1, 16);
}

/** Up to four elements of a row of C. */
function dots4(c: usize, start: usize, a: usize, b0: usize, ldb: usize, rows: u32, k: u32): void {
  let sum = v128.load(start);
  // Where B ends its last row stands for those that are missing.
  let b1 = b0 + (rows > 1 ? ldb : 0);
  let b2 = b1 + (rows > 2 ? ldb : 0);
  let b3 = b2 + (rows > 3 ? ldb : 0);
  for (const stop = a + ((<usize>k & ~3) << 2); a < stop; a += 16) {
    const x0 = v128.load32_splat(a);
    const x1 = v128.load32_splat(a, 4);
    const x2 = v128.load32_splat(a, 8);
    const x3 = v128.load32_splat(a, 12);
    sum = addTransposed(sum, x0, x1, x2, x3, b0, b1, b2, b3);
    b0 += 16;
    b1 += 16;
    b2 += 16;
    b3 += 16;
  }
  for (let left = k & 3; left; --left) {
    sum = multiplyAdd(v128.load32_splat(a), f32x4(load<f32>(b0), load<f32>(b1), load<f32>(b2), load<f32>(b3)), sum);
    a += 4;
    b0 += 4;
    b1 += 4;
    b2 += 4;
    b3 += 4;
  }
  v128.store(c, v128.and(sum, lanesWithin(rows)));
}

/** C = start + A·Bᵀ, one row: dot products with rows of B. The other arguments as the micro-kernels'. */
export function gemmDots(c: usize, start: usize, a: usize, b: usize, ldb: usize, n: u32, k: u32): void {
  for (; n >= 8; n -= 8) {
    dots8(c, start, a, b, ldb, k);
    c += 32;
    if (start) start += 32;
    b += ldb << 3;
  }
  while (n) {
    const rows = min<u32>(n, 4);
    dots4(c, start, a, b, ldb, rows, k);
    c += 16;
    if (start) start += 16;
    b += ldb << 2;
    n -= rows;
  }
}

/** C = start + A·B with k of 1; the other arguments as the micro-kernels'. */
export function gemmOuter(
  c: usize,
  ldc: usize,
  start: usize,
  startLd: usize,
  a: usize,
  aRow: usize,
  b: usize,
  m: u32,
  n: u32,
): void {
  const zero = f32x4.splat(0);
  const width = (<usize>((n + 3) & ~3)) << 2;
  const mask = lanesWithin(n - <u32>(width >> 2) + 4);
  do {
    const x = v128.load32_splat(a);
    let at: usize = 0;
    if (start) {
      for (; at < width; at += 16) v128.store(c + at, multiplyAdd(x, v128.load(b + at), v128.load(start + at)));
    } else {
      for (; at + 64 <= width; at += 64) {
        const to = c + at;
        const from = b + at;
        const y0 = multiplyAdd(x, v128.load(from), zero);
        const y1 = multiplyAdd(x, v128.load(from, 16), zero);
        const y2 = multiplyAdd(x, v128.load(from, 32), zero);
        const y3 = multiplyAdd(x, v128.load(from, 48), zero);
        v128.store(to, y0);
        v128.store(to, y1, 16);
        v128.store(to, y2, 32);
        v128.store(to, y3, 48);
      }
      for (; at < width; at += 16) v128.store(c + at, multiplyAdd(x, v128.load(b + at), zero));
    }
    const last = c + width - 16;
    v128.store(last, v128.and(v128.load(last), mask));
    c += ldc;
    start += startLd;
    a += aRow;
  } while (--m);
}

/** C = start + Aᵀ·B with n of 1, rows of A side by side; the other arguments as the micro-kernels'. A has whole vectors. */
export function gemmColumn(
  c: usize,
  ldc: usize,
  start: usize,
  startLd: usize,
  a: usize,
  aStep: usize,
  b: usize,
  bStep: usize,
  m: u32,
  k: u32,
): void {
  const zero = f32x4.splat(0);
  for (let left: i32 = m; left > 0; left -= 4) {
    const start2 = start + (startLd << 1);
    const has1 = left > 1;
    const has2 = left > 2;
    const has3 = left > 3;
    let sum = f32x4(
      load<f32>(start),
      has1 ? load<f32>(start + startLd) : 0,
      has2 ? load<f32>(start2) : 0,
      has3 ? load<f32>(start2 + startLd) : 0,
    );
    let ak = a;
    let bk = b;
    for (let p = k; p; --p) {
      sum = multiplyAdd(v128.load(ak), v128.load32_splat(bk), sum);
      ak += aStep;
      bk += bStep;
    }
    const c2 = c + (ldc << 1);
    v128.store(c, v128.shuffle<f32>(sum, zero, 0, 4, 4, 4));
    if (has1) v128.store(c + ldc, v128.shuffle<f32>(sum, zero, 1, 4, 4, 4));
    if (has2) v128.store(c2, v128.shuffle<f32>(sum, zero, 2, 4, 4, 4));
    if (has3) v128.store(c2 + ldc, v128.shuffle<f32>(sum, zero, 3, 4, 4, 4));
    c = c2 + (ldc << 1);
    start = start2 + (startLd << 1);
    a += 16;
  }
}
