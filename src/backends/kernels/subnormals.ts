// The JavaScript twin of assembly/subnormals.ts, which says what it is for.
import type { Views } from "../views.js";

export function flushSubnormals({ u32 }: Views, x: number, number: number, every: number, begin: number, end: number): void {
  if (number % every) return;
  const at = x >>> 2;
  for (let i = begin; i < end; ++i) if ((u32[at + i]! & 0x7fffffff) < 0x00800000) u32[at + i] = 0;
}
