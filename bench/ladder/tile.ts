// A micro-kernel of any tile, written out as AssemblyScript in the ways that were tried. The ladder times them all, the limit times some of
// them beside its loops; what gemm uses is scripts/micro.ts. Order over k is the same in all of them, so none changes a bit.

/** How A and B are found, and how many k are written out in the loop's body:
 *  `packed`: panels, constant offsets, one pointer each; `packed 2`, `packed 4`: the same, so many k at a time; `peeled`: the first k before
 *  the loop, so that V8 finds each splatted load's base there, and its revectorizer each load's (gemm's way on panels)
 *  `strided`: a pointer for every row of A, strides are arguments; `ahead`: the same, pointers move before they are used (gemm's way);
 *  `ahead peeled`: both, without which Node 20 and 22 do not keep 10 sums in registers (gemm's way for those) */
export const styles = ["packed", "packed 2", "packed 4", "peeled", "strided", "ahead", "ahead peeled"] as const;
export type Style = (typeof styles)[number];

export interface Tile {
  readonly rows: number;
  readonly vectors: number;
}

/** `sweep<suffix>` runs the tile so many times. Strides are bytes; `multiplyAdd` must be imported by the module it is put into. */
export function tileSource({ rows, vectors }: Tile, style: Style, suffix: string): string {
  const r = [...Array(rows).keys()];
  const v = [...Array(vectors).keys()];
  const line = (list: readonly number[], f: (i: number) => string) => list.map(f).join("");
  const each = (f: (i: number, j: number) => string) => line(r, (i) => line(v, (j) => f(i, j)));
  const strided = style === "strided" || style.startsWith("ahead");
  const peeled = style.endsWith("peeled");
  const unroll = style.startsWith("packed ") ? Number(style.slice(7)) : 1;
  const step = (at: number) =>
    line(v, (j) => `const b${at}_${j} = v128.load(b, ${(at * vectors + j) * 16});\n`) +
    line(r, (i) => {
      const a = strided ? `a${i}` : `a, ${(at * rows + i) * 4}`;
      return `x = v128.load32_splat(${a});\n${line(v, (j) => `c${i}_${j} = multiplyAdd(x, b${at}_${j}, c${i}_${j});\n`)}`;
    });
  const body = line([...Array(unroll).keys()], step);
  const pointers = [...(strided ? r.map((i) => `a${i}`) : ["a"]), "b"];
  const strides = pointers.map((pointer) =>
    strided ? (pointer === "b" ? "bStep" : "aStep") : String((pointer === "b" ? vectors * 16 : rows * 4) * unroll),
  );
  const all = (operation: string) => pointers.map((pointer, i) => `${pointer} ${operation} ${strides[i]};`).join(" ");
  return `
export function tile${suffix}(c: usize, ldc: usize, a: usize, aRow: usize, aStep: usize, b: usize, bStep: usize, k: u32): void {
  ${strided ? line(r, (i) => `let a${i} = a + ${i} * aRow;\n`) : ""}
  let x: v128;
  ${each((i, j) => `let c${i}_${j} = v128.load(c + ${i} * ldc, ${j * 16});\n`)}
  ${style === "ahead" ? all("-=") : ""}
  ${peeled ? `{ ${body} } if (--k)` : ""}
  do { ${style === "ahead" || peeled ? `${all("+=")} ${body}` : `${body} ${all("+=")}`} } while (k -= ${unroll});
  ${each((i, j) => `v128.store(c + ${i} * ldc, c${i}_${j}, ${j * 16});\n`)}
}
export function sweep${suffix}(times: u32, c: usize, ldc: usize, a: usize, aRow: usize, aStep: usize, b: usize, bStep: usize, k: u32): void {
  for (let t: u32 = 0; t < times; ++t) tile${suffix}(c, ldc, a, aRow, aStep, b, bStep, k);
}
`;
}
