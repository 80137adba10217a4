// Writes build/js/tiles.ts: the inner loops of the JavaScript gemm, unrolled, each in both arithmetics. Part of scripts/generate.ts.

/** How each adds a product to a sum. Relaxed sums are float64 until they are stored. */
const multiplyAdd = {
  strict: (c: string, x: string, y: string) => `${c} = fround(${c} + fround(${x} * ${y}));`,
  relaxed: (c: string, x: string, y: string) => `${c} += ${x} * ${y};`,
} as const;
type Variant = keyof typeof multiplyAdd;

/** What the panels hold and the tile's shape, by what is fastest of 2x4, 3x3, 2x5, 3x4, 4x3, 4x4 and 2x6 on Node 20, 22, 24 and 26: strict is
 *  bound by its roundings and gains from float64, which needs no conversion (4x4 on Zen 5 +20 %); relaxed loses with it on Node 26. */
const panel = { strict: "Float64Array", relaxed: "Float32Array" } as const;

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const list = (count: number, each: (i: number) => string, separator = ", ") => range(count).map(each).join(separator);

/** Sums of a tile: declared, loaded from `from<row> + column<j>` unless they begin with zero, and stored. */
function sums(rows: number, columns: number) {
  const each = (line: (i: number, j: number) => string) => list(rows, (i) => list(columns, (j) => line(i, j), "\n"), "\n");
  return {
    each,
    begin: `${each((i, j) => `let c${i}${j} = 0;`)}
if (from0 >= 0) {
${each((i, j) => `c${i}${j} = f32[from${i} + j${j}]!;`)}
}`,
    store: each((i, j) => `f32[row${i} + j${j}] = c${i}${j};`),
  };
}

const outputs = (rows: number, columns: number) =>
  `${list(rows, (i) => `row${i}: number`)}, ${list(rows, (i) => `from${i}: number`)}, ${list(columns, (j) => `j${j}: number`)}`;

/** A tile of rows x columns from packed panels. */
function tile(variant: Variant, rows: number, columns: number): string {
  const { begin, store } = sums(rows, columns);
  const column = (j: number) => `y = b[t + ${j}]!;
${list(rows, (i) => multiplyAdd[variant](`c${i}${j}`, `x${i}`, "y"), "\n")}`;
  return `
/** C[row, j] = start + A·B; a, b: panels, A's from element s on; row, from: first elements of the rows of C and of its start, -1 for zero. */
export function ${variant}Tile(f32: Float32Array, a: Panel, s: number, b: Panel, k: number, ${outputs(rows, columns)}): void {
${begin}
const stop = k * ${columns};
for (let t = 0; t < stop; t += ${columns}) {
${list(rows, (i) => `const x${i} = a[s + ${i}]!;`, "\n")}
let y: number;
${list(columns, column, "\n")}
s += ${rows};
}
${store}
}
`;
}

/** Columns of one row, operands read in place. */
function row(variant: Variant, columns: number): string {
  const { begin, store } = sums(1, columns);
  return `
/** The same for one row, operands in place: a, b: their first elements; aStep, bStep: elements from k to k+1. */
export function ${variant}Row(f32: Float32Array, a: number, aStep: number, ${list(columns, (j) => `b${j}: number`)}, bStep: number, k: number, ${outputs(1, columns)}): void {
${begin}
for (let p = 0; p < k; ++p) {
const x = f32[a]!;
${list(columns, (j) => multiplyAdd[variant](`c0${j}`, "x", `f32[b${j}]!`), "\n")}
a += aStep;
${list(columns, (j) => `b${j} += bStep;`, "\n")}
}
${store}
}
`;
}

export function tilesSource(): string {
  const [rows, columns] = [4, 4];
  const variants = Object.keys(multiplyAdd) as Variant[];
  return `
const fround = Math.fround;
/** Rows and columns of a tile. */
export const MR = ${rows};
export const NR = ${columns};
export type Panel = Float32Array | Float64Array;
${variants
  .map(
    (variant) => `
export const ${variant}Panel = ${panel[variant]};
${tile(variant, rows, columns)}${row(variant, columns)}`,
  )
  .join("")}`;
}
