import type { Views } from "../views.js";

export function gatherRows(views: Views, y: number, data: number, order: number, words: number, begin: number, end: number): void {}

export function broadcastRow(views: Views, y: number, row: number, words: number, begin: number, end: number): void {}

export function fill(views: Views, y: number, value: number, begin: number, end: number): void {}

export function accumulate(views: Views, y: number, x: number, begin: number, end: number): void {}

export function sumRows(views: Views, y: number, x: number, rows: number, columns: number, ld: number, start: number, begin: number, end: number): void {}
