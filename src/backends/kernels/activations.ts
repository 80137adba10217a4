import type { Views } from "../views.js";

export function reluForward(views: Views, y: number, x: number, begin: number, end: number): void {}

export function reluBackward(views: Views, dx: number, dy: number, y: number, begin: number, end: number): void {}

export function leakyReluForward(views: Views, y: number, x: number, alpha: number, begin: number, end: number): void {}

export function leakyReluBackward(views: Views, dx: number, dy: number, y: number, alpha: number, begin: number, end: number): void {}

export function sigmoidForward(views: Views, y: number, x: number, begin: number, end: number): void {}

export function sigmoidBackward(views: Views, dx: number, dy: number, y: number, begin: number, end: number): void {}

export function tanhForward(views: Views, y: number, x: number, begin: number, end: number): void {}

export function tanhBackward(views: Views, dx: number, dy: number, y: number, begin: number, end: number): void {}

export function softplusForward(views: Views, y: number, x: number, begin: number, end: number): void {}

export function softplusBackward(views: Views, dx: number, dy: number, x: number, begin: number, end: number): void {}

export function eluForward(views: Views, y: number, x: number, alpha: number, begin: number, end: number): void {}

export function eluBackward(views: Views, dx: number, dy: number, y: number, alpha: number, begin: number, end: number): void {}

export function geluForward(views: Views, y: number, x: number, begin: number, end: number): void {}

export function geluBackward(views: Views, dx: number, dy: number, x: number, begin: number, end: number): void {}

export function geluTanhForward(views: Views, y: number, x: number, begin: number, end: number): void {}

export function geluTanhBackward(views: Views, dx: number, dy: number, x: number, begin: number, end: number): void {}

export function siluForward(views: Views, y: number, x: number, begin: number, end: number): void {}

export function siluBackward(views: Views, dx: number, dy: number, x: number, begin: number, end: number): void {}
