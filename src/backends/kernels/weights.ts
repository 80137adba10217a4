// The JavaScript twin of assembly/weights.ts. Addresses are element indices here, 0 for what is left out.

/** The weight of row r. */
export function weightOf(f32: Float32Array, weights: number, r: number): number {
  return weights ? f32[weights + r]! : 1;
}

/** A row of weight 0. */
export function leaveOut(f32: Float32Array, loss: number, dx: number, r: number, ld: number): void {
  f32[loss + r] = 0;
  if (dx) f32.fill(0, dx + r * ld, dx + r * ld + ld);
}
