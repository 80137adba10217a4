import type { Views } from "../views.js";

export function softmaxForward(views: Views, y: number, x: number, columns: number, ld: number, begin: number, end: number): void {}

export function softmaxBackward(views: Views, dx: number, dy: number, y: number, columns: number, ld: number, begin: number, end: number): void {}
