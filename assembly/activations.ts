export function reluForward(y: usize, x: usize, begin: u32, end: u32): void {}

export function reluBackward(dx: usize, dy: usize, y: usize, begin: u32, end: u32): void {}

export function leakyReluForward(y: usize, x: usize, alpha: f32, begin: u32, end: u32): void {}

export function leakyReluBackward(dx: usize, dy: usize, y: usize, alpha: f32, begin: u32, end: u32): void {}

export function sigmoidForward(y: usize, x: usize, begin: u32, end: u32): void {}

export function sigmoidBackward(dx: usize, dy: usize, y: usize, begin: u32, end: u32): void {}

export function tanhForward(y: usize, x: usize, begin: u32, end: u32): void {}

export function tanhBackward(dx: usize, dy: usize, y: usize, begin: u32, end: u32): void {}

export function softplusForward(y: usize, x: usize, begin: u32, end: u32): void {}

export function softplusBackward(dx: usize, dy: usize, x: usize, begin: u32, end: u32): void {}

export function eluForward(y: usize, x: usize, alpha: f32, begin: u32, end: u32): void {}

export function eluBackward(dx: usize, dy: usize, y: usize, alpha: f32, begin: u32, end: u32): void {}

export function geluForward(y: usize, x: usize, begin: u32, end: u32): void {}

export function geluBackward(dx: usize, dy: usize, x: usize, begin: u32, end: u32): void {}

export function geluTanhForward(y: usize, x: usize, begin: u32, end: u32): void {}

export function geluTanhBackward(dx: usize, dy: usize, x: usize, begin: u32, end: u32): void {}

export function siluForward(y: usize, x: usize, begin: u32, end: u32): void {}

export function siluBackward(dx: usize, dy: usize, x: usize, begin: u32, end: u32): void {}
