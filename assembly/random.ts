export function dropout(y: usize, x: usize, seed: u32, stream: u32, threshold: u32, scale: f32, columns: u32, ld: u32, number: u32, begin: u32, end: u32): void {}
