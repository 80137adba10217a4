// The fixed tree of row reductions, as stated in assembly/lanes.ts.

const fround = Math.fround;

/** The four running sums: `lanes[c & 3] += term` rounds once, as storing in a Float32Array does. Reset by `fill(0)`. */
export const lanes = new Float32Array(4);

/** (l0 + l1) + (l2 + l3) */
export function sumLanes(): number {
  return fround(fround(lanes[0]! + lanes[1]!) + fround(lanes[2]! + lanes[3]!));
}

/** The tree's sum of f32[at … at + columns). */
export function sumRow(f32: Float32Array, at: number, columns: number): number {
  lanes.fill(0);
  for (let c = 0; c < columns; ++c) lanes[c & 3]! += f32[at + c]!;
  return sumLanes();
}

/** The largest of f32[at … at + columns); a NaN may or may not be seen. */
export function rowMaximum(f32: Float32Array, at: number, columns: number): number {
  let largest = f32[at]!;
  for (let i = at; i < at + columns; ++i) if (f32[i]! > largest) largest = f32[i]!;
  return largest;
}
