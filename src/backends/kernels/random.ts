// Dropout, and parameters' first values; twin of assembly/random.ts.
import { variate } from "../../float64.js";
import { Stream, threefry, uniform } from "../../random.js";
import type { Views } from "../views.js";

const fround = Math.fround;
const words = new Uint32Array(2);

/** y = x·(the element's random word >= threshold ? scale : 0); which word is an element's: see assembly/random.ts. Range in rows. */
export function dropout(
  views: Views,
  y: number,
  x: number,
  seed: number,
  stream: number,
  threshold: number,
  scale: number,
  columns: number,
  ld: number,
  number: number,
  begin: number,
  end: number,
): void {
  const { f32 } = views;
  const blocks = (columns + 7) >>> 3;
  for (let r = begin; r < end; ++r) {
    const yAt = (y >>> 2) + r * ld;
    const xAt = (x >>> 2) + r * ld;
    let counter = Math.imul(r, blocks) << 2;
    for (let column = 0; column < ld; column += 8) {
      for (let j = column; j < column + 4; ++j, ++counter) {
        threefry(seed, stream, number, counter, words);
        f32[yAt + j] = fround(f32[xAt + j]! * (words[0]! >= threshold ? scale : 0));
        if (column + 4 < ld) f32[yAt + j + 4] = fround(f32[xAt + j + 4]! * (words[1]! >= threshold ? scale : 0));
      }
    }
  }
}

/** y = mean + scale·z, z being what `kind` makes of each element's uniform number: see assembly/random.ts. Range in rows. */
export function draw(
  { f32 }: Views,
  y: number,
  seed: number,
  parameter: number,
  kind: number,
  mean: number,
  scale: number,
  columns: number,
  ld: number,
  begin: number,
  end: number,
): void {
  const width = (columns + 3) & ~3;
  for (let r = begin; r < end; ++r) {
    const row = (y >>> 2) + r * ld;
    f32.fill(0, row + columns, row + width);
    for (let c = 0; c < columns; ++c)
      f32[row + c] = mean + scale * variate(kind, uniform(seed, Stream.Initialize, parameter, r * columns + c));
  }
}
