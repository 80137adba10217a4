// The JavaScript twin of assembly/terms.ts.
import type { Views } from "../views.js";
import { lanes, sumLanes } from "./lanes.js";

/** A term or its slope, of p, t and the loss's options. */
type Term = (p: number, t: number, a: number, b: number, c: number) => number;

/** The loop that most of these losses share; the usual ones have loops of their own. A process that trains with one or two of the others
 *  has their terms inlined here. */
export function sumOfTerms(
  { f32 }: Views,
  term: Term,
  slope: Term,
  loss: number,
  dx: number,
  p: number,
  t: number,
  columns: number,
  ld: number,
  ldt: number,
  scale: number,
  a: number,
  b: number,
  c: number,
  begin: number,
  end: number,
): void {
  for (let r = begin; r < end; ++r) {
    const pRow = (p >> 2) + r * ld;
    const tRow = (t >> 2) + r * ldt;
    const dxRow = (dx >> 2) + r * ld;
    lanes.fill(0);
    for (let column = 0; column < columns; ++column) {
      const x = f32[pRow + column]!;
      const y = f32[tRow + column]!;
      lanes[column & 3]! += term(x, y, a, b, c);
      if (dx) f32[dxRow + column] = scale * slope(x, y, a, b, c);
    }
    f32[(loss >> 2) + r] = sumLanes();
  }
}
