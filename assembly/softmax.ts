export function softmaxForward(y: usize, x: usize, columns: u32, ld: u32, begin: u32, end: u32): void {}

export function softmaxBackward(dx: usize, dy: usize, y: usize, columns: u32, ld: u32, begin: u32, end: u32): void {}
