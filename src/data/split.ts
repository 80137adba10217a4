// Which rows go to which part of a split, and to which fold.
import { ShapeError } from "../errors.js";
import { permutation, Stream } from "../random.js";

/** Rows of each class that go into a part of `wanted` rows: in proportion, by largest remainders, of equal remainders the lower class first.
 *  Every class keeps a row outside. @param counts rows of each class */
function allocate(counts: readonly number[], wanted: number): number[] {
  const total = counts.reduce((a, b) => a + b, 0);
  const quota = counts.map((count) => (count * wanted) / total);
  const taken = quota.map((share, c) => Math.min(Math.floor(share), Math.max(0, counts[c]! - 1)));
  const byRemainder = counts.map((_, c) => c).sort((a, b) => quota[b]! - taken[b]! - (quota[a]! - taken[a]!) || a - b);
  let missing = wanted - taken.reduce((a, b) => a + b, 0);
  // A class that may give no more is passed over; the others then give more than their share.
  while (missing > 0) {
    const before = missing;
    for (const c of byRemainder)
      if (missing > 0 && taken[c]! + 1 < counts[c]!) {
        taken[c]! += 1;
        missing -= 1;
      }
    if (missing === before)
      throw new ShapeError(`split: ${total} rows in ${counts.length} classes cannot give ${wanted} and keep one of each`);
  }
  return taken;
}

/** The class of each row, and how many rows each has. */
export interface Strata {
  readonly ids: ArrayLike<number>;
  readonly counts: readonly number[];
}

function orderOf(rows: number, seed: number | undefined): Uint32Array {
  const order = new Uint32Array(rows);
  if (seed !== undefined) permutation(rows, seed, 1, order, Stream.Dataset);
  else for (let i = 0; i < rows; ++i) order[i] = i;
  return order;
}

/** @param sizes rows of each part but the last, which gets the others
 *  @param strata if every part is to have its share of each class @param seed of the order; undefined: as they are, later parts first
 *  @returns row numbers of each part, in random order */
export function divide(rows: number, sizes: readonly number[], seed: number | undefined, strata?: Strata): Uint32Array[] {
  const order = orderOf(rows, seed);
  if (seed === undefined) order.reverse();

  let left = strata?.counts ?? [rows];
  const room = sizes.map((size) => {
    const taken = allocate(left, size);
    left = left.map((count, c) => count - taken[c]!);
    return taken;
  });
  room.push([...left]);
  const parts = [...sizes, rows - sizes.reduce((a, b) => a + b, 0)].map((size) => new Uint32Array(size));
  const filled = parts.map(() => 0);
  for (const row of order) {
    const stratum = strata ? strata.ids[row]! : 0;
    const part = room.findIndex((taken) => taken[stratum]! > 0);
    room[part]![stratum]! -= 1;
    parts[part]![filled[part]!] = row;
    filled[part]! += 1;
  }
  return seed === undefined ? parts.map((part) => part.reverse()) : parts;
}

/** All rows in their order, and the fold of each. */
export interface Folds {
  readonly order: Uint32Array;
  readonly foldOf: Uint32Array;
}

/** Folds as equal as can be: rows in random order are dealt out to them like cards, class by class where there are strata, of which each fold then has
 *  as many as can be, too. @param seed undefined: rows as they are, a stretch of them for each fold */
export function deal(rows: number, count: number, seed: number | undefined, strata?: Strata): Folds {
  const order = orderOf(rows, seed);
  const dealt = strata ? order.slice().sort((a, b) => strata.ids[a]! - strata.ids[b]!) : order;
  const foldOf = new Uint32Array(rows);
  dealt.forEach((row, i) => {
    foldOf[row] = seed === undefined ? Math.floor((i * count) / rows) : i % count;
  });
  return { order, foldOf };
}
