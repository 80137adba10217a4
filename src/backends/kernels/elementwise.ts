// The JavaScript twin of assembly/elementwise.ts; formulas, and what strides and steps mean, are there. Each kernel is the same loop around
// another operation: a function passed in would not be inlined.
import type { Views } from "../views.js";

export function plus(
  { f32 }: Views,
  y: number,
  a: number,
  b: number,
  ld: number,
  lda: number,
  stepA: number,
  ldb: number,
  stepB: number,
  begin: number,
  end: number,
): void {
  for (let r = begin; r < end; ++r) {
    const yRow = (y >>> 2) + r * ld;
    const aRow = (a >>> 2) + r * lda;
    const bRow = (b >>> 2) + r * ldb;
    const oneA = f32[aRow]!;
    const oneB = f32[bRow]!;
    for (let i = 0; i < ld; ++i) {
      const p = stepA ? f32[aRow + i]! : oneA;
      const q = stepB ? f32[bRow + i]! : oneB;
      f32[yRow + i] = p + q;
    }
  }
}

export function minus(
  { f32 }: Views,
  y: number,
  a: number,
  b: number,
  ld: number,
  lda: number,
  stepA: number,
  ldb: number,
  stepB: number,
  begin: number,
  end: number,
): void {
  for (let r = begin; r < end; ++r) {
    const yRow = (y >>> 2) + r * ld;
    const aRow = (a >>> 2) + r * lda;
    const bRow = (b >>> 2) + r * ldb;
    const oneA = f32[aRow]!;
    const oneB = f32[bRow]!;
    for (let i = 0; i < ld; ++i) {
      const p = stepA ? f32[aRow + i]! : oneA;
      const q = stepB ? f32[bRow + i]! : oneB;
      f32[yRow + i] = p - q;
    }
  }
}

export function times(
  { f32 }: Views,
  y: number,
  a: number,
  b: number,
  ld: number,
  lda: number,
  stepA: number,
  ldb: number,
  stepB: number,
  begin: number,
  end: number,
): void {
  for (let r = begin; r < end; ++r) {
    const yRow = (y >>> 2) + r * ld;
    const aRow = (a >>> 2) + r * lda;
    const bRow = (b >>> 2) + r * ldb;
    const oneA = f32[aRow]!;
    const oneB = f32[bRow]!;
    for (let i = 0; i < ld; ++i) {
      const p = stepA ? f32[aRow + i]! : oneA;
      const q = stepB ? f32[bRow + i]! : oneB;
      f32[yRow + i] = p * q;
    }
  }
}

export function dividedBy(
  { f32 }: Views,
  y: number,
  a: number,
  b: number,
  ld: number,
  lda: number,
  stepA: number,
  ldb: number,
  stepB: number,
  begin: number,
  end: number,
): void {
  for (let r = begin; r < end; ++r) {
    const yRow = (y >>> 2) + r * ld;
    const aRow = (a >>> 2) + r * lda;
    const bRow = (b >>> 2) + r * ldb;
    const oneA = f32[aRow]!;
    const oneB = f32[bRow]!;
    for (let i = 0; i < ld; ++i) {
      const p = stepA ? f32[aRow + i]! : oneA;
      const q = stepB ? f32[bRow + i]! : oneB;
      f32[yRow + i] = p / q;
    }
  }
}

export function maximum(
  { f32 }: Views,
  y: number,
  a: number,
  b: number,
  ld: number,
  lda: number,
  stepA: number,
  ldb: number,
  stepB: number,
  begin: number,
  end: number,
): void {
  for (let r = begin; r < end; ++r) {
    const yRow = (y >>> 2) + r * ld;
    const aRow = (a >>> 2) + r * lda;
    const bRow = (b >>> 2) + r * ldb;
    const oneA = f32[aRow]!;
    const oneB = f32[bRow]!;
    for (let i = 0; i < ld; ++i) {
      const p = stepA ? f32[aRow + i]! : oneA;
      const q = stepB ? f32[bRow + i]! : oneB;
      f32[yRow + i] = Math.max(p, q);
    }
  }
}

export function minimum(
  { f32 }: Views,
  y: number,
  a: number,
  b: number,
  ld: number,
  lda: number,
  stepA: number,
  ldb: number,
  stepB: number,
  begin: number,
  end: number,
): void {
  for (let r = begin; r < end; ++r) {
    const yRow = (y >>> 2) + r * ld;
    const aRow = (a >>> 2) + r * lda;
    const bRow = (b >>> 2) + r * ldb;
    const oneA = f32[aRow]!;
    const oneB = f32[bRow]!;
    for (let i = 0; i < ld; ++i) {
      const p = stepA ? f32[aRow + i]! : oneA;
      const q = stepB ? f32[bRow + i]! : oneB;
      f32[yRow + i] = Math.min(p, q);
    }
  }
}

/** a > 0 ? b : c */
export function where(
  { f32 }: Views,
  y: number,
  a: number,
  b: number,
  c: number,
  ld: number,
  lda: number,
  stepA: number,
  ldb: number,
  stepB: number,
  ldc: number,
  stepC: number,
  begin: number,
  end: number,
): void {
  for (let r = begin; r < end; ++r) {
    const yRow = (y >>> 2) + r * ld;
    const aRow = (a >>> 2) + r * lda;
    const bRow = (b >>> 2) + r * ldb;
    const cRow = (c >>> 2) + r * ldc;
    const oneA = f32[aRow]!;
    const oneB = f32[bRow]!;
    const oneC = f32[cRow]!;
    for (let i = 0; i < ld; ++i) {
      const p = stepA ? f32[aRow + i]! : oneA;
      const q = stepB ? f32[bRow + i]! : oneB;
      const s = stepC ? f32[cRow + i]! : oneC;
      f32[yRow + i] = p > 0 ? q : s;
    }
  }
}

/** The part of a, a gradient, that flows to b of max(b, c): all of it, half where they are equal, nothing. */
export function gradientOfLarger(
  { f32 }: Views,
  y: number,
  a: number,
  b: number,
  c: number,
  ld: number,
  lda: number,
  stepA: number,
  ldb: number,
  stepB: number,
  ldc: number,
  stepC: number,
  begin: number,
  end: number,
): void {
  for (let r = begin; r < end; ++r) {
    const yRow = (y >>> 2) + r * ld;
    const aRow = (a >>> 2) + r * lda;
    const bRow = (b >>> 2) + r * ldb;
    const cRow = (c >>> 2) + r * ldc;
    const oneA = f32[aRow]!;
    const oneB = f32[bRow]!;
    const oneC = f32[cRow]!;
    for (let i = 0; i < ld; ++i) {
      const p = stepA ? f32[aRow + i]! : oneA;
      const q = stepB ? f32[bRow + i]! : oneB;
      const s = stepC ? f32[cRow + i]! : oneC;
      f32[yRow + i] = q > s ? p : q === s ? p * 0.5 : 0;
    }
  }
}
