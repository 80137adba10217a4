import type { Views } from "../views.js";

export function meanSquaredError(views: Views, loss: number, dx: number, p: number, t: number, columns: number, ld: number, ldt: number, scale: number, begin: number, end: number): void {}

export function meanAbsoluteError(views: Views, loss: number, dx: number, p: number, t: number, columns: number, ld: number, ldt: number, scale: number, begin: number, end: number): void {}

export function huber(views: Views, loss: number, dx: number, p: number, t: number, columns: number, ld: number, ldt: number, scale: number, delta: number, begin: number, end: number): void {}

export function binaryCrossEntropy(views: Views, loss: number, dx: number, p: number, t: number, columns: number, ld: number, ldt: number, scale: number, begin: number, end: number): void {}

export function binaryCrossEntropyLogits(views: Views, loss: number, dx: number, p: number, t: number, columns: number, ld: number, ldt: number, scale: number, begin: number, end: number): void {}

export function categoricalCrossEntropy(views: Views, loss: number, dx: number, p: number, t: number, columns: number, ld: number, ldt: number, scale: number, begin: number, end: number): void {}

export function categoricalCrossEntropyLogits(views: Views, loss: number, dx: number, p: number, t: number, columns: number, ld: number, ldt: number, scale: number, begin: number, end: number): void {}

export function sparseCategoricalCrossEntropy(views: Views, loss: number, dx: number, p: number, t: number, columns: number, ld: number, ldt: number, scale: number, begin: number, end: number): void {}

export function sparseCategoricalCrossEntropyLogits(views: Views, loss: number, dx: number, p: number, t: number, columns: number, ld: number, ldt: number, scale: number, begin: number, end: number): void {}

export function reduceLoss(views: Views, out: number, status: number, loss: number, lossScale: number, begin: number, end: number): void {}
