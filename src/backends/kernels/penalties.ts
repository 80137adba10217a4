import type { Views } from "../views.js";

export function penaltyForward(views: Views, out: number, status: number, w: number, l1: number, l2: number, begin: number, end: number): void {}

export function penaltyBackward(views: Views, dw: number, w: number, l1: number, l2: number, begin: number, end: number): void {}
