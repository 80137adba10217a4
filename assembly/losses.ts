export function meanSquaredError(loss: usize, dx: usize, p: usize, t: usize, columns: u32, ld: u32, ldt: u32, scale: f32, begin: u32, end: u32): void {}

export function meanAbsoluteError(loss: usize, dx: usize, p: usize, t: usize, columns: u32, ld: u32, ldt: u32, scale: f32, begin: u32, end: u32): void {}

export function huber(loss: usize, dx: usize, p: usize, t: usize, columns: u32, ld: u32, ldt: u32, scale: f32, delta: f32, begin: u32, end: u32): void {}

export function binaryCrossEntropy(loss: usize, dx: usize, p: usize, t: usize, columns: u32, ld: u32, ldt: u32, scale: f32, begin: u32, end: u32): void {}

export function binaryCrossEntropyLogits(loss: usize, dx: usize, p: usize, t: usize, columns: u32, ld: u32, ldt: u32, scale: f32, begin: u32, end: u32): void {}

export function categoricalCrossEntropy(loss: usize, dx: usize, p: usize, t: usize, columns: u32, ld: u32, ldt: u32, scale: f32, begin: u32, end: u32): void {}

export function categoricalCrossEntropyLogits(loss: usize, dx: usize, p: usize, t: usize, columns: u32, ld: u32, ldt: u32, scale: f32, begin: u32, end: u32): void {}

export function sparseCategoricalCrossEntropy(loss: usize, dx: usize, p: usize, t: usize, columns: u32, ld: u32, ldt: u32, scale: f32, begin: u32, end: u32): void {}

export function sparseCategoricalCrossEntropyLogits(loss: usize, dx: usize, p: usize, t: usize, columns: u32, ld: u32, ldt: u32, scale: f32, begin: u32, end: u32): void {}

export function reduceLoss(out: usize, status: usize, loss: usize, lossScale: f64, begin: u32, end: u32): void {}
