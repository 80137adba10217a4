export function sumSquares(out: usize, status: usize, g: usize, begin: u32, end: u32): void {}

export function clipGlobalNorm(g: usize, sumSquares: f64, limit: f32, begin: u32, end: u32): void {}

export function clipValue(g: usize, status: usize, limit: f32, begin: u32, end: u32): void {}
