export function gatherRows(y: usize, data: usize, order: usize, words: u32, begin: u32, end: u32): void {}

export function broadcastRow(y: usize, row: usize, words: u32, begin: u32, end: u32): void {}

export function fill(y: usize, value: f32, begin: u32, end: u32): void {}

export function accumulate(y: usize, x: usize, begin: u32, end: u32): void {}

export function sumRows(y: usize, x: usize, rows: u32, columns: u32, ld: u32, start: u32, begin: u32, end: u32): void {}
