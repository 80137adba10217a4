// Arithmetic with broadcasting, and the kernels that sum, cut, join and turn columns, against float64. Twin.call demands the same bits of
// WebAssembly and JavaScript.
import { beforeEach, describe, expect, test } from "vitest";
import { numbers } from "./cases.js";
import { Twin } from "./twin.js";

const twin = await Twin.create();
beforeEach(() => twin.reset());

const fround = Math.fround;
const sizes = [1, 3, 4, 5, 17, 64];
const rows = 3;
const padded = (columns: number) => (columns + 3) & ~3;

function values(count: number, seed: number): Float32Array {
  const next = numbers(seed);
  return Float32Array.from({ length: count }, () => 4 * (next() - 0.5));
}

/** An operand under a `[rows, columns]` result: where it lies, its stride and step, and its element at (r, c). */
interface Lying {
  readonly address: number;
  readonly stride: number;
  readonly step: number;
  at(r: number, c: number): number;
}

const layouts = {
  full: (columns: number, seed: number): Lying => {
    const given = values(rows * columns, seed);
    return { address: twin.placeRows(given, columns), stride: padded(columns), step: 1, at: (r, c) => given[r * columns + c]! };
  },
  row: (columns: number, seed: number): Lying => {
    const given = values(columns, seed);
    return { address: twin.placeRows(given, columns), stride: 0, step: 1, at: (_, c) => given[c]! };
  },
  column: (_: number, seed: number): Lying => {
    const given = values(rows, seed);
    return { address: twin.placeRows(given, 1), stride: 4, step: 0, at: (r) => given[r]! };
  },
  single: (_: number, seed: number): Lying => {
    const given = values(1, seed);
    return { address: twin.placeRows(given, 1), stride: 0, step: 0, at: () => given[0]! };
  },
};
type LayoutName = keyof typeof layouts;
const names = Object.keys(layouts) as LayoutName[];

const binary: Record<string, (a: number, b: number) => number> = {
  plus: (a, b) => a + b,
  minus: (a, b) => a - b,
  times: (a, b) => a * b,
  dividedBy: (a, b) => a / b,
  maximum: Math.max,
  minimum: Math.min,
};
const ternary: Record<string, (a: number, b: number, c: number) => number> = {
  where: (a, b, c) => (a > 0 ? b : c),
  gradientOfLarger: (a, b, c) => (b > c ? a : b === c ? a / 2 : 0),
};

describe.each(Object.keys(binary))("%s", (name) => {
  test.each(sizes)("of %d columns, each operand a matrix, a row, a column or an element, is the rounded result", (columns) => {
    const ld = padded(columns);
    for (const left of names)
      for (const right of names) {
        const [a, b] = [layouts[left](columns, 1), layouts[right](columns, 2)];
        const y = twin.reserve(rows * ld);
        twin.call(name, y, a.address, b.address, ld, a.stride, a.step, b.stride, b.step, 0, rows);
        const found = twin.readRows(y, rows, columns);
        // One operation: rounded once, so float64's result rounded is the only right one.
        found.forEach((value, i) => {
          const [r, c] = [Math.floor(i / columns), i % columns];
          expect(value).toBe(fround(binary[name]!(a.at(r, c), b.at(r, c))));
        });
      }
  });

  test("a range of rows leaves the others alone", () => {
    const [a, b] = [layouts.full(5, 1), layouts.row(5, 2)];
    const y = twin.place(new Float32Array(rows * 8).fill(7));
    twin.call(name, y, a.address, b.address, 8, a.stride, a.step, b.stride, b.step, 1, 2);
    const found = twin.readRows(y, rows, 5);
    for (const i of [0, 1, 2, 3, 4, 10, 11, 12, 13, 14]) expect(found[i]).toBe(7);
    expect(found[5]).not.toBe(7);
  });

  test.each(["full", "column"] as const)("y may be an operand: a %s", (left) => {
    // A column as wide as y when padded: columns <= 4.
    const [apart, inPlace, b] = [layouts[left](3, 1), layouts[left](3, 1), layouts.row(3, 2)];
    const y = twin.reserve(rows * 4);
    twin.call(name, y, apart.address, b.address, 4, apart.stride, apart.step, b.stride, b.step, 0, rows);
    twin.call(name, inPlace.address, inPlace.address, b.address, 4, inPlace.stride, inPlace.step, b.stride, b.step, 0, rows);
    expect(twin.readRows(inPlace.address, rows, 3)).toEqual(twin.readRows(y, rows, 3));
  });

  test("a NaN passes, whichever operand has it", () => {
    const [a, b] = [twin.place([Number.NaN, 1, 1, 1]), twin.place([1, Number.NaN, 1, 1])];
    const y = twin.reserve(4);
    twin.call(name, y, a, b, 4, 4, 1, 4, 1, 0, 1);
    expect([...twin.read(y, 4)].map(Number.isNaN)).toEqual([true, true, false, false]);
  });

  test("signed zeros, denormals and huge values have the same bits in both languages", () => {
    const given = [0, -0, 1e-45, -1e-45, 3e38, -3e38, 1, -1];
    const all = given.flatMap((a) => given.map((b) => [a, b] as const));
    const [a, b, y] = [twin.place(all.map(([p]) => p)), twin.place(all.map(([, q]) => q)), twin.reserve(64)];
    twin.call(name, y, a, b, 64, 64, 1, 64, 1, 0, 1);
    all.forEach(([p, q], i) => {
      expect(twin.read(y, 64)[i]).toBe(fround(binary[name]!(fround(p), fround(q))));
    });
  });
});

describe.each(Object.keys(ternary))("%s", (name) => {
  test.each(sizes)("of %d columns, with every way to broadcast, selects exactly", (columns) => {
    const ld = padded(columns);
    for (const one of names)
      for (const two of names)
        for (const three of names) {
          const [a, b, c] = [layouts[one](columns, 3), layouts[two](columns, 4), layouts[three](columns, two === three ? 4 : 5)];
          const y = twin.reserve(rows * ld);
          twin.call(name, y, a.address, b.address, c.address, ld, a.stride, a.step, b.stride, b.step, c.stride, c.step, 0, rows);
          twin.readRows(y, rows, columns).forEach((value, i) => {
            const [r, k] = [Math.floor(i / columns), i % columns];
            expect(value).toBe(ternary[name]!(a.at(r, k), b.at(r, k), c.at(r, k)));
          });
          twin.reset();
        }
  });
});

describe("columns", () => {
  test.each(sizes)("the sum of rows of %d is that of the stated tree, padded with +0 or packed", (columns) => {
    const given = values(rows * columns, 1);
    const x = twin.placeRows(given, columns);
    const [wide, packed] = [twin.reserve(rows * 4), twin.reserve(rows + 1)];
    twin.call("sumColumns", wide, x, columns, padded(columns), 4, 0, rows);
    twin.call("sumColumns", packed, x, columns, padded(columns), 1, 0, rows);
    for (let r = 0; r < rows; ++r) {
      const lanes = new Float32Array(4);
      for (let c = 0; c < columns; ++c) lanes[c % 4]! += given[r * columns + c]!;
      const sum = fround(fround(lanes[0]! + lanes[1]!) + fround(lanes[2]! + lanes[3]!));
      expect([...twin.read(wide + r * 16, 4)]).toEqual([sum, 0, 0, 0]);
      expect(twin.read(packed, rows)[r]).toBe(sum);
    }
  });

  test.each(sizes)("%d columns are copied and added anywhere, and nothing beside them is touched", (count) => {
    const [from, to, width] = [2, 3, count + 6];
    const given = values(rows * width, 1);
    const x = twin.placeRows(given, width);
    const y = twin.place(new Float32Array(rows * padded(width)).fill(7));
    const ld = padded(width);
    twin.call("copyColumns", y, x, count, to, from, ld, ld, 0, 0, rows);
    twin.call("addColumns", y, x, count, to, from, ld, ld, 0, rows);
    for (let r = 0; r < rows; ++r)
      twin.read(y + r * ld * 4, ld).forEach((value, c) => {
        const inside = c >= to && c < to + count;
        expect(value).toBe(inside ? 2 * given[r * width + c - to + from]! : 7);
      });
  });

  test.each(sizes)("a matrix of %d columns is transposed, with +0 in the padding", (columns) => {
    const given = values(rows * columns, 1);
    const x = twin.placeRows(given, columns);
    const y = twin.reserve(columns * 4);
    twin.call("transpose", y, x, rows, 4, padded(columns), 0, columns);
    for (let c = 0; c < columns; ++c) expect([...twin.read(y + c * 16, 4)]).toEqual([...[0, 1, 2].map((r) => given[r * columns + c]!), 0]);
  });

  test.each(sizes)("clearPadding of %d columns clears what is beyond them", (columns) => {
    const given = values(rows * columns, 1);
    const y = twin.placeRows(given, columns);
    const ld = padded(columns);
    twin.call("clearPadding", y, columns, ld, 0, rows);
    for (let r = 0; r < rows; ++r)
      twin.read(y + r * ld * 4, ld).forEach((value, c) => {
        expect(value).toBe(c < columns ? given[r * columns + c]! : 0);
      });
  });
});

describe("functions of one tensor", () => {
  const claims: Record<string, { f: (x: number) => number; low: number; high: number }> = {
    exp: { f: Math.exp, low: -3, high: 3 },
    log: { f: Math.log, low: 0.01, high: 10 },
    sqrt: { f: Math.sqrt, low: 0.01, high: 10 },
    abs: { f: Math.abs, low: -5, high: 5 },
    sin: { f: Math.sin, low: -20, high: 20 },
    cos: { f: Math.cos, low: -20, high: 20 },
  };
  const slopes: Record<string, { f: (x: number) => number; keeps: "x" | "y" }> = {
    sqrt: { f: (x) => 0.5 / Math.sqrt(x), keeps: "y" },
    abs: { f: Math.sign, keeps: "x" },
    sin: { f: Math.cos, keeps: "x" },
    cos: { f: (x) => -Math.sin(x), keeps: "x" },
  };

  test.each(Object.keys(claims))("%s and its gradient agree with float64", (name) => {
    const { f, low, high } = claims[name]!;
    const next = numbers(7);
    const xs = Float32Array.from({ length: 68 }, () => low + (high - low) * next());
    const [x, dy] = [twin.place(xs), twin.place(values(68, 2))];
    const [y, dx] = [twin.reserve(68), twin.reserve(68)];
    twin.call(`${name}Forward`, y, x, 0, 68);
    // vmath's bounds: 1 ulp of up to 20, 1e-7 of sin and cos
    twin.read(y, 68).forEach((value, i) => {
      expect(Math.abs(value - f(xs[i]!))).toBeLessThan(2e-6);
    });
    const slope = slopes[name];
    if (!slope) return;
    twin.call(`${name}Backward`, dx, dy, slope.keeps === "x" ? x : y, 0, 68);
    const dys = twin.read(dy, 68);
    twin.read(dx, 68).forEach((value, i) => {
      expect(Math.abs(value - dys[i]! * slope.f(xs[i]!))).toBeLessThan(2e-6);
    });
    twin.call(`${name}Backward`, dy, dy, slope.keeps === "x" ? x : y, 0, 68);
    expect(twin.read(dy, 68)).toEqual(twin.read(dx, 68));
  });

  test("|x| has the gradient 0 at 0", () => {
    const [dx, dy, x] = [twin.reserve(4), twin.place([1, 1, 1, 1]), twin.place([0, -0, 1, -1])];
    twin.call("absBackward", dx, dy, x, 0, 4);
    expect([...twin.read(dx, 4)]).toEqual([0, 0, 1, -1]);
  });
});
