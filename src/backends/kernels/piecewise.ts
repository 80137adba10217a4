// The JavaScript twin of assembly/piecewise.ts; formulas and sources are there.
import type { Views } from "../views.js";

const fround = Math.fround;

/** As pmin and pmax in WebAssembly: keeps -0 where low is 0, and a NaN. */
function clip(x: number, low: number, high: number): number {
  // biome-ignore lint/complexity/useMathMinMax: Math.max(-0, 0) is +0
  const risen = x < low ? low : x;
  // Here Math.min does the same: high is not 0.
  return Math.min(risen, high);
}

function hardSigmoid(x: number): number {
  return fround(clip(fround(x + 3), 0, 6) / 6);
}

function hardSwishSlope(x: number): number {
  if (x <= -3) return 0;
  return x >= 3 ? 1 : fround(fround(x / 3) + 0.5);
}

export function hardSigmoidForward(views: Views, y: number, x: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    const value = f32[(x >> 2) + i]!;
    f32[(y >> 2) + i] = hardSigmoid(value);
  }
}

export function hardSigmoidBackward(views: Views, dx: number, dy: number, y: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    const incoming = f32[(dy >> 2) + i]!;
    const saved = f32[(y >> 2) + i]!;
    f32[(dx >> 2) + i] = saved > 0 && saved < 1 ? incoming / 6 : 0;
  }
}

export function hardSwishForward(views: Views, y: number, x: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    const value = f32[(x >> 2) + i]!;
    f32[(y >> 2) + i] = fround(value * hardSigmoid(value));
  }
}

export function hardSwishBackward(views: Views, dx: number, dy: number, x: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    const incoming = f32[(dy >> 2) + i]!;
    const saved = f32[(x >> 2) + i]!;
    f32[(dx >> 2) + i] = fround(incoming * hardSwishSlope(saved));
  }
}

export function hardTanhForward(views: Views, y: number, x: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    const value = f32[(x >> 2) + i]!;
    f32[(y >> 2) + i] = clip(value, -1, 1);
  }
}

export function hardTanhBackward(views: Views, dx: number, dy: number, y: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    const incoming = f32[(dy >> 2) + i]!;
    const saved = f32[(y >> 2) + i]!;
    f32[(dx >> 2) + i] = saved > -1 && saved < 1 ? incoming : 0;
  }
}

export function relu6Forward(views: Views, y: number, x: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    const value = f32[(x >> 2) + i]!;
    f32[(y >> 2) + i] = clip(value, 0, 6);
  }
}

export function relu6Backward(views: Views, dx: number, dy: number, y: number, begin: number, end: number): void {
  const { f32 } = views;
  for (let i = begin; i < end; ++i) {
    const incoming = f32[(dy >> 2) + i]!;
    const saved = f32[(y >> 2) + i]!;
    f32[(dx >> 2) + i] = saved > 0 && saved < 6 ? incoming : 0;
  }
}
