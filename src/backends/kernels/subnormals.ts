// The JavaScript twin of assembly/subnormals.ts, which says what it is for.
import type { Views } from "../views.js";

export function flushSubnormals(
  { u32, f32 }: Views,
  x: number,
  number: number,
  every: number,
  least: number,
  begin: number,
  end: number,
): void {
  if (number % every) return;
  const at = x >>> 2;
  for (let i = begin; i < end; ++i) if (Math.abs(f32[at + i]!) < least) u32[at + i] = 0;
}
