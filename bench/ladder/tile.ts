// A micro-kernel of any tile, written out as AssemblyScript: asc unrolls nothing and has no arrays of v128. The ladder times each
// alone, the limit times some of them beside its loops. Order over k is the same in all of them, so none changes a bit.

/** `packed`: panels, constant offsets; `strided`: one pointer for every row of A, strides as arguments (what gemm uses);
 *  `unrolled`: packed, two k at a time. */
export type Style = "packed" | "strided" | "unrolled";

export interface Tile {
  readonly rows: number;
  readonly vectors: number;
}

/** `sweep<suffix>` runs the tile so many times. Strides are bytes; `multiplyAdd` must be imported by the module it is put into. */
export function tileSource({ rows, vectors }: Tile, style: Style, suffix = ""): string {
  const r = [...Array(rows).keys()];
  const v = [...Array(vectors).keys()];
  const each = (f: (i: number, j: number) => string) => r.flatMap((i) => v.map((j) => f(i, j))).join("");
  const line = (list: readonly number[], f: (i: number) => string) => list.map(f).join("");
  const step = (at: number) =>
    line(v, (j) => `const b${at}_${j} = v128.load(b, ${(at * vectors + j) * 16});\n`) +
    line(r, (i) => {
      const a = style === "strided" ? `a${i}` : `a, ${(at * rows + i) * 4}`;
      return `x = v128.load32_splat(${a});\n${line(v, (j) => `c${i}_${j} = multiplyAdd(x, b${at}_${j}, c${i}_${j});\n`)}`;
    });
  const loop = {
    packed: `${step(0)} a += ${rows * 4}; b += ${vectors * 16};`,
    unrolled: `${step(0)} ${step(1)} a += ${rows * 8}; b += ${vectors * 32}; --k;`,
    strided: `${step(0)} ${line(r, (i) => `a${i} += aStep;`)} b += bStep;`,
  }[style];
  return `
export function tile${suffix}(c: usize, ldc: usize, a: usize, aRow: usize, aStep: usize, b: usize, bStep: usize, k: u32): void {
  ${line(r, (i) => `let a${i} = a + ${i} * aRow;\n`)}
  let x: v128;
  ${each((i, j) => `let c${i}_${j} = v128.load(c + ${i} * ldc, ${j * 16});\n`)}
  do { ${loop} } while (--k);
  ${each((i, j) => `v128.store(c + ${i} * ldc, c${i}_${j}, ${j * 16});\n`)}
}
export function sweep${suffix}(times: u32, c: usize, ldc: usize, a: usize, aRow: usize, aStep: usize, b: usize, bStep: usize, k: u32): void {
  for (let t: u32 = 0; t < times; ++t) tile${suffix}(c, ldc, a, aRow, aStep, b, bStep, k);
}
`;
}
