export function gemm(c: usize, a: usize, b: usize, bias: usize, scratch: usize, n: u32, k: u32, lda: u32, ldb: u32, ldc: u32, start: u32, activation: u32, alpha: f32, begin: u32, end: u32): void {}

export function gemmTransposedA(c: usize, a: usize, b: usize, bias: usize, scratch: usize, n: u32, k: u32, lda: u32, ldb: u32, ldc: u32, start: u32, activation: u32, alpha: f32, begin: u32, end: u32): void {}

export function gemmTransposedB(c: usize, a: usize, b: usize, bias: usize, scratch: usize, n: u32, k: u32, lda: u32, ldb: u32, ldc: u32, start: u32, activation: u32, alpha: f32, begin: u32, end: u32): void {}
