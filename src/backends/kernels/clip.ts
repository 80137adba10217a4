import type { Views } from "../views.js";

export function sumSquares(views: Views, out: number, status: number, g: number, begin: number, end: number): void {}

export function clipGlobalNorm(views: Views, g: number, sumSquares: number, limit: number, begin: number, end: number): void {}

export function clipValue(views: Views, g: number, status: number, limit: number, begin: number, end: number): void {}
