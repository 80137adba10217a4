export function categoricalAccuracy(out: usize, p: usize, t: usize, columns: u32, ld: u32, ldt: u32, begin: u32, end: u32): void {}

export function sparseCategoricalAccuracy(out: usize, p: usize, t: usize, columns: u32, ld: u32, ldt: u32, begin: u32, end: u32): void {}

export function binaryAccuracy(out: usize, p: usize, t: usize, columns: u32, ld: u32, ldt: u32, threshold: f32, begin: u32, end: u32): void {}

export function absoluteError(out: usize, p: usize, t: usize, columns: u32, ld: u32, ldt: u32, begin: u32, end: u32): void {}
