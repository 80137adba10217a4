// Writes gemm's micro-kernels, build/wasm/micro.ts: register tiles of any size, one function each, since asc unrolls nothing and has no
// arrays of v128. Which tile is used where is assembly/gemm/macro.ts's business.
import { writeFileSync } from "node:fs";

export interface Tile {
  readonly rows: number;
  /** 4 columns each */
  readonly vectors: number;
  /** `one`: a call computes one tile; others go down a strip: `whole`: m is a multiple of rows, no column is missing; `rows`: a last tile may
   *  have fewer rows; `columns`: and of its last vector some columns may be missing */
  readonly edges: "one" | "whole" | "rows" | "columns";
  /** Copies what it reads of B to a panel 16 columns wide: the first tile of a strip, for which loading it takes longest, leaves it for the
   *  others. */
  readonly packs?: boolean;
  /** A comes in panels of as many rows as the tile has, one after the other, k by k. */
  readonly panels?: boolean;
}

/** V8 before 13 (Node 20 and 22) keeps 10 and 12 sums in registers only in a function with no other loop, and with the first k before it. */
const large = [
  { rows: 5, vectors: 2, edges: "one" },
  { rows: 6, vectors: 2, edges: "one" },
  { rows: 4, vectors: 4, edges: "whole" },
  { rows: 6, vectors: 4, edges: "whole" },
] as const;

/** bench/ladder times these and others. Of a loop with 10 sums all stays in the 15 vector registers that V8 has to give; 6x8 is for relaxed
 *  arithmetic, which needs none for products; what has more sums is for V8's revectorizer. 2x16 stays in registers in every
 *  engine that was tried. */
export const tiles: readonly Tile[] = [
  { rows: 2, vectors: 4, edges: "rows" },
  { rows: 2, vectors: 4, edges: "rows", packs: true },
  { rows: 2, vectors: 3, edges: "columns" },
  { rows: 4, vectors: 2, edges: "columns" },
  { rows: 4, vectors: 1, edges: "columns" },
  ...large.flatMap((tile): Tile[] => [tile, { ...tile, panels: true }, { ...tile, edges: "one", panels: true, packs: true }]),
];

export const tileName = ({ rows, vectors, packs, panels }: Tile) =>
  `gemm${packs ? "Pack" : "Micro"}${panels ? "Panels" : ""}${rows}x${4 * vectors}`;

/** All rows' loads or operations come first, then their stores with nothing between: V8's revectorizer pairs adjacent stores.
 *  Pointers move before they are used: as sums V8 knows them to be zero-extended, as loop variables it copies them each time round.
 *  Panels have one pointer. The revectorizer's loads have no offset, nor has any that is splatted: V8 adds each to the memory's base, in the
 *  loop, unless the same sum is there before it; so the first k is. */
function tileSource(tile: Tile): string {
  const { rows, vectors, edges, packs, panels } = tile;
  const masked = edges === "columns";
  const r = [...Array(rows).keys()];
  const v = [...Array(vectors).keys()];
  const lines = (list: readonly number[], f: (i: number) => string, indent = 4) =>
    list.map((i) => `${" ".repeat(indent)}${f(i)}\n`).join("");
  const whole = edges === "one" || edges === "whole";
  const next = (i: number, ld: string) => (whole ? ld : `(has${i} ? ${ld} : 0)`);
  const down = (ld: string, f: (i: number, j: number) => string) =>
    r.map((i) => (i ? lines([i], () => `row += ${next(i, ld)};`) : "") + lines(v, (j) => f(i, j))).join("");
  const offset = (j: number) => (j ? `, ${16 * j}` : "");
  const last = vectors - 1;
  const move = `${panels ? lines([0], () => `a += ${4 * rows};`, 6) : lines(r, (i) => `a${i} += aStep;`, 6)}      bk += bStep;\n`;
  const products = `${lines(v, (j) => `const b${j} = v128.load(bk${offset(j)});`, 6)}${packs ? `${lines(v, (j) => `v128.store(panel, b${j}${offset(j)});`, 6)}      panel += 64;\n` : ""}${r
    .map(
      (i) =>
        `      const x${i} = v128.load32_splat(${panels ? `a, ${4 * i}` : `a${i}`});\n${lines(v, (j) => `c${i}${j} = multiplyAdd(x${i}, b${j}, c${i}${j});`, 6)}`,
    )
    .join("")}`;
  const peeled = panels || edges === "one";
  const rowsOfA = (back: string) =>
    panels ? "" : `    let a0 = a${back};\n${lines(r.slice(1), (i) => `let a${i} = a${i - 1} + ${next(i, "aRow")};`)}`;
  const sums = peeled
    ? `${rowsOfA("")}    let bk = b;
    let left = k;
    {
${products}    }
    if (--left) do {
${move}${products}    } while (--left);
`
    : `${rowsOfA(" - aStep")}    let bk = b - bStep;
    let left = k;
    do {
${move}${products}    } while (--left);
`;
  const body = `${whole ? "" : lines(r.slice(1), (i) => `const has${i} = m > ${i};`)}    let row = start;
${down("startLd", (i, j) => `let c${i}${j} = v128.load(row${offset(j)});`)}${sums}${masked ? lines(r, (i) => `c${i}${last} = v128.and(c${i}${last}, mask);`) : ""}    row = c;
${down("ldc", (i, j) => `v128.store(row, c${i}${j}${offset(j)});`)}`;
  const strip = `  while (true) {
${body}    if (m <= ${rows}) return;
    m -= ${rows};
    a += ${panels ? 4 * rows : `aRow * ${rows}`};
    start += startLd * ${rows};
    c += ldc * ${rows};
  }
`;
  return `
/** ${edges === "one" ? `A tile of C, ${rows} rows,` : "A strip of C,"} ${4 * vectors} columns${masked ? " or up to three less" : ""}${edges === "one" ? "" : `, in tiles of ${rows} rows`}. */
export function ${tileName(tile)}(
  c: usize, ldc: usize, start: usize, startLd: usize, a: usize, ${panels ? "" : "aRow: usize, aStep: usize, "}b: usize, bStep: usize${packs ? ", panel: usize" : ""}${edges === "one" ? "" : ", m: u32"}${masked ? ", columns: u32" : ""}, k: u32
): void {
${masked ? `  const mask = lanesWithin(columns - ${4 * last});\n` : ""}${edges === "one" ? body : strip}}
`;
}

export function generateMicro(): void {
  writeFileSync(
    "build/wasm/micro.ts",
    `// Generated by scripts/micro.ts. Do not edit.
// The micro-kernels: C = start + A·B down a strip of C, in tiles that are held in registers. Lanes are columns of C and every lane adds
// k = 0, 1, 2 … to its start: no tile size, packing or blocking changes a bit.
// c, ldc: C's first element, bytes from row to row; start, startLd: the same for what the sums begin with
// a: A's first element; bytes from row to row, from k to k+1
// b: B's first element; bytes from k to k+1, its columns being adjacent
// m: rows, at least 1, unless the tile is only for whole ones; a last tile of fewer rows computes its last row again in place of the missing ones
// columns: those past it are computed from whatever lies there and stored as +0
// panel: where rows of B are copied to, front to back; then m is at most the tile's rows
import { multiplyAdd } from "../../assembly/arithmetic";
import { lanesWithin } from "../../assembly/lanes";
${tiles.map(tileSource).join("")}`,
  );
}
