// The JavaScript twin of assembly/unary.ts; formulas are there.
import type { Views } from "../views.js";
import { cos, exp, log, sin } from "./vmath.js";

const fround = Math.fround;

export function expForward({ f32 }: Views, y: number, x: number, begin: number, end: number): void {
  for (let i = begin; i < end; ++i) f32[(y >> 2) + i] = exp(f32[(x >> 2) + i]!);
}

export function logForward({ f32 }: Views, y: number, x: number, begin: number, end: number): void {
  for (let i = begin; i < end; ++i) f32[(y >> 2) + i] = log(f32[(x >> 2) + i]!);
}

export function sqrtForward({ f32 }: Views, y: number, x: number, begin: number, end: number): void {
  for (let i = begin; i < end; ++i) f32[(y >> 2) + i] = Math.sqrt(f32[(x >> 2) + i]!);
}

export function sqrtBackward({ f32 }: Views, dx: number, dy: number, y: number, begin: number, end: number): void {
  for (let i = begin; i < end; ++i) {
    const incoming = f32[(dy >> 2) + i]!;
    const saved = f32[(y >> 2) + i]!;
    f32[(dx >> 2) + i] = fround(incoming * 0.5) / saved;
  }
}

export function absForward({ f32 }: Views, y: number, x: number, begin: number, end: number): void {
  for (let i = begin; i < end; ++i) f32[(y >> 2) + i] = Math.abs(f32[(x >> 2) + i]!);
}

export function absBackward({ f32 }: Views, dx: number, dy: number, x: number, begin: number, end: number): void {
  for (let i = begin; i < end; ++i) {
    const incoming = f32[(dy >> 2) + i]!;
    const saved = f32[(x >> 2) + i]!;
    f32[(dx >> 2) + i] = saved === 0 ? 0 : saved < 0 ? -incoming : incoming;
  }
}

export function sinForward({ f32 }: Views, y: number, x: number, begin: number, end: number): void {
  for (let i = begin; i < end; ++i) f32[(y >> 2) + i] = sin(f32[(x >> 2) + i]!);
}

export function sinBackward({ f32 }: Views, dx: number, dy: number, x: number, begin: number, end: number): void {
  for (let i = begin; i < end; ++i) {
    const incoming = f32[(dy >> 2) + i]!;
    const saved = f32[(x >> 2) + i]!;
    f32[(dx >> 2) + i] = incoming * cos(saved);
  }
}

export function cosForward({ f32 }: Views, y: number, x: number, begin: number, end: number): void {
  for (let i = begin; i < end; ++i) f32[(y >> 2) + i] = cos(f32[(x >> 2) + i]!);
}

export function cosBackward({ f32 }: Views, dx: number, dy: number, x: number, begin: number, end: number): void {
  for (let i = begin; i < end; ++i) {
    const incoming = f32[(dy >> 2) + i]!;
    const saved = f32[(x >> 2) + i]!;
    f32[(dx >> 2) + i] = -(incoming * sin(saved));
  }
}
