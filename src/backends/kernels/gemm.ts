import type { Views } from "../views.js";

export function gemm(views: Views, c: number, a: number, b: number, bias: number, scratch: number, n: number, k: number, lda: number, ldb: number, ldc: number, start: number, activation: number, alpha: number, begin: number, end: number): void {}

export function gemmTransposedA(views: Views, c: number, a: number, b: number, bias: number, scratch: number, n: number, k: number, lda: number, ldb: number, ldc: number, start: number, activation: number, alpha: number, begin: number, end: number): void {}

export function gemmTransposedB(views: Views, c: number, a: number, b: number, bias: number, scratch: number, n: number, k: number, lda: number, ldb: number, ldc: number, start: number, activation: number, alpha: number, begin: number, end: number): void {}
