export function penaltyForward(out: usize, status: usize, w: usize, l1: f32, l2: f32, begin: u32, end: u32): void {}

export function penaltyBackward(dw: usize, w: usize, l1: f32, l2: f32, begin: u32, end: u32): void {}
