import type { Views } from "../views.js";

export function categoricalAccuracy(views: Views, out: number, p: number, t: number, columns: number, ld: number, ldt: number, begin: number, end: number): void {}

export function sparseCategoricalAccuracy(views: Views, out: number, p: number, t: number, columns: number, ld: number, ldt: number, begin: number, end: number): void {}

export function binaryAccuracy(views: Views, out: number, p: number, t: number, columns: number, ld: number, ldt: number, threshold: number, begin: number, end: number): void {}

export function absoluteError(views: Views, out: number, p: number, t: number, columns: number, ld: number, ldt: number, begin: number, end: number): void {}
