import type { Views } from "../views.js";

export function dropout(views: Views, y: number, x: number, seed: number, stream: number, threshold: number, scale: number, columns: number, ld: number, number: number, begin: number, end: number): void {}
