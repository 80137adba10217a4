// The JavaScript twin of assembly/smooth.ts; formulas and sources are there.
import * as C from "../../../assembly/coefficients.js";
import type { Views } from "../views.js";
import { exp, expm1, multiplyAdd, sigmoid, softplus } from "./vmath.js";

const fround = Math.fround;

function mish(x: number): number {
  const w = exp(-Math.abs(x));
  const w2 = fround(w * w);
  const n = fround(fround(w + w) + (x < 0 ? w2 : 1));
  const u = x < 0 ? 1 : w2;
  return fround(x * fround(n / fround(n + fround(u + u))));
}

function mishSlope(x: number): number {
  const w = exp(-Math.abs(x));
  const w2 = fround(w * w);
  const n = fround(fround(w + w) + (x < 0 ? w2 : 1));
  const u = x < 0 ? 1 : w2;
  const d = fround(n + fround(u + u));
  const s = fround((x < 0 ? w : 1) / fround(w + 1));
  const rest = fround(fround(fround(4 * u) * fround(n + u)) / fround(d * d));
  return multiplyAdd(fround(x * s), rest, fround(n / d));
}

export function seluForward(views: Views, y: number, x: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    const value = f32[(x >> 2) + i]!;
    f32[(y >> 2) + i] = value > 0 ? fround(C.SELU_SCALE * value) : fround(C.SELU_SCALE_ALPHA * expm1(value));
  }
}

export function seluBackward(views: Views, dx: number, dy: number, y: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    const incoming = f32[(dy >> 2) + i]!;
    const saved = f32[(y >> 2) + i]!;
    f32[(dx >> 2) + i] = fround(incoming * (saved > 0 ? C.SELU_SCALE : fround(saved + C.SELU_SCALE_ALPHA)));
  }
}

export function celuForward(views: Views, y: number, x: number, alpha: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    const value = f32[(x >> 2) + i]!;
    f32[(y >> 2) + i] = value > 0 ? value : fround(alpha * expm1(fround(value / alpha)));
  }
}

export function celuBackward(views: Views, dx: number, dy: number, y: number, alpha: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    const incoming = f32[(dy >> 2) + i]!;
    const saved = f32[(y >> 2) + i]!;
    f32[(dx >> 2) + i] = saved > 0 ? incoming : fround(incoming * fround(fround(saved / alpha) + 1));
  }
}

export function mishForward(views: Views, y: number, x: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    const value = f32[(x >> 2) + i]!;
    f32[(y >> 2) + i] = mish(value);
  }
}

export function mishBackward(views: Views, dx: number, dy: number, x: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    const incoming = f32[(dy >> 2) + i]!;
    const saved = f32[(x >> 2) + i]!;
    f32[(dx >> 2) + i] = fround(incoming * mishSlope(saved));
  }
}

export function softsignForward(views: Views, y: number, x: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    const value = f32[(x >> 2) + i]!;
    f32[(y >> 2) + i] = fround(value / fround(Math.abs(value) + 1));
  }
}

export function softsignBackward(views: Views, dx: number, dy: number, x: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    const incoming = f32[(dy >> 2) + i]!;
    const saved = f32[(x >> 2) + i]!;
    f32[(dx >> 2) + i] = fround(fround(incoming / fround(Math.abs(saved) + 1)) / fround(Math.abs(saved) + 1));
  }
}

export function logSigmoidForward(views: Views, y: number, x: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    const value = f32[(x >> 2) + i]!;
    f32[(y >> 2) + i] = -softplus(-value);
  }
}

export function logSigmoidBackward(views: Views, dx: number, dy: number, x: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    const incoming = f32[(dy >> 2) + i]!;
    const saved = f32[(x >> 2) + i]!;
    f32[(dx >> 2) + i] = fround(incoming * sigmoid(-saved));
  }
}
