// Twins of assembly/subnormals.ts.
import type { Views } from "../views.js";

/** In every `every`-th step: x = +0 where |x| < 2^-126. */
export function flushSubnormals({ u32 }: Views, x: number, step: number, every: number, begin: number, end: number): void {
  if (step % every) return;
  const at = x >>> 2;
  for (let i = begin; i < end; ++i) if ((u32[at + i]! & 0x7fffffff) < 0x00800000) u32[at + i] = 0;
}
