// The JavaScript twin of assembly/activations.ts; formulas and sources are there.
import * as C from "../../../assembly/coefficients.js";
import type { Views } from "../views.js";
import { clamp, erf, exp, expm1, multiplyAdd, sigmoid, softplus, tanh } from "./vmath.js";

const fround = Math.fround;

function gelu(x: number): number {
  return fround(fround(x * 0.5) * fround(erf(fround(x * C.SQRT_HALF)) + 1));
}

function geluSlope(x: number): number {
  const phi = multiplyAdd(erf(fround(x * C.SQRT_HALF)), 0.5, 0.5);
  const density = exp(fround(fround(x * x) * -0.5));
  return multiplyAdd(fround(x * C.INVERSE_SQRT_2PI), density, phi);
}

function geluTanh(x: number): number {
  return fround(x * sigmoid(fround(x * multiplyAdd(fround(x * x), C.GELU_CUBIC, C.GELU_LINEAR))));
}

function geluTanhSlope(x: number): number {
  const c = clamp(x, -16, 16);
  const z = fround(c * c);
  const s = sigmoid(fround(c * multiplyAdd(z, C.GELU_CUBIC, C.GELU_LINEAR)));
  const slope = fround(c * multiplyAdd(z, C.GELU_CUBIC_3, C.GELU_LINEAR));
  return multiplyAdd(s, fround(fround(1 - s) * slope), s);
}

function siluSlope(x: number): number {
  const s = sigmoid(x);
  return fround(s * multiplyAdd(x, fround(1 - s), 1));
}

export function reluForward(views: Views, y: number, x: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    const value = f32[(x >> 2) + i]!;
    // biome-ignore lint/complexity/useMathMinMax: Math.max(-0, 0) is +0
    f32[(y >> 2) + i] = value < 0 ? 0 : value;
  }
}

export function reluBackward(views: Views, dx: number, dy: number, y: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    f32[(dx >> 2) + i] = f32[(y >> 2) + i]! > 0 ? f32[(dy >> 2) + i]! : 0;
  }
}

export function leakyReluForward(views: Views, y: number, x: number, alpha: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    const value = f32[(x >> 2) + i]!;
    f32[(y >> 2) + i] = value > 0 ? value : fround(alpha * value);
  }
}

export function leakyReluBackward(views: Views, dx: number, dy: number, y: number, alpha: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    const incoming = f32[(dy >> 2) + i]!;
    f32[(dx >> 2) + i] = f32[(y >> 2) + i]! > 0 ? incoming : fround(alpha * incoming);
  }
}

export function sigmoidForward(views: Views, y: number, x: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    f32[(y >> 2) + i] = sigmoid(f32[(x >> 2) + i]!);
  }
}

export function sigmoidBackward(views: Views, dx: number, dy: number, y: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    const saved = f32[(y >> 2) + i]!;
    f32[(dx >> 2) + i] = fround(f32[(dy >> 2) + i]! * fround(saved * fround(1 - saved)));
  }
}

export function tanhForward(views: Views, y: number, x: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    f32[(y >> 2) + i] = tanh(f32[(x >> 2) + i]!);
  }
}

export function tanhBackward(views: Views, dx: number, dy: number, y: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    const saved = f32[(y >> 2) + i]!;
    f32[(dx >> 2) + i] = fround(f32[(dy >> 2) + i]! * fround(1 - fround(saved * saved)));
  }
}

export function softplusForward(views: Views, y: number, x: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    f32[(y >> 2) + i] = softplus(f32[(x >> 2) + i]!);
  }
}

export function softplusBackward(views: Views, dx: number, dy: number, x: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    f32[(dx >> 2) + i] = fround(f32[(dy >> 2) + i]! * sigmoid(f32[(x >> 2) + i]!));
  }
}

export function eluForward(views: Views, y: number, x: number, alpha: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    const value = f32[(x >> 2) + i]!;
    f32[(y >> 2) + i] = value > 0 ? value : fround(alpha * expm1(value));
  }
}

export function eluBackward(views: Views, dx: number, dy: number, y: number, alpha: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    const incoming = f32[(dy >> 2) + i]!;
    const saved = f32[(y >> 2) + i]!;
    f32[(dx >> 2) + i] = saved > 0 ? incoming : fround(incoming * fround(saved + alpha));
  }
}

export function geluForward(views: Views, y: number, x: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    f32[(y >> 2) + i] = gelu(f32[(x >> 2) + i]!);
  }
}

export function geluBackward(views: Views, dx: number, dy: number, x: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    f32[(dx >> 2) + i] = fround(f32[(dy >> 2) + i]! * geluSlope(f32[(x >> 2) + i]!));
  }
}

export function geluTanhForward(views: Views, y: number, x: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    f32[(y >> 2) + i] = geluTanh(f32[(x >> 2) + i]!);
  }
}

export function geluTanhBackward(views: Views, dx: number, dy: number, x: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    f32[(dx >> 2) + i] = fround(f32[(dy >> 2) + i]! * geluTanhSlope(f32[(x >> 2) + i]!));
  }
}

export function siluForward(views: Views, y: number, x: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    const value = f32[(x >> 2) + i]!;
    f32[(y >> 2) + i] = fround(value * sigmoid(value));
  }
}

export function siluBackward(views: Views, dx: number, dy: number, x: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    f32[(dx >> 2) + i] = fround(f32[(dy >> 2) + i]! * siluSlope(f32[(x >> 2) + i]!));
  }
}
