// Kernels that move, fill and add up rows.
import { beforeEach, describe, expect, test } from "vitest";
import { Start } from "../assembly/opcodes.js";
import { Twin } from "./twin.js";

let twin: Twin;
beforeEach(async () => {
  twin = await Twin.create();
});

/** Floats of about unit size, the same in every run (Lehmer's generator, MINSTD). */
function numbers(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647 - 0.5;
  });
}

const up = (columns: number) => (columns + 3) & ~3;
const widths = [1, 2, 3, 4, 5, 12, 16, 17, 33, 64, 784];

describe("gatherRows", () => {
  test.each(widths)("rows of %i words arrive as they are, in the given order, and nothing else is written", (words) => {
    const order = [4, 0, 4, 2, 1];
    const data = Uint32Array.from(numbers(5 * words, 7), (x) => (x * 2 ** 32) >>> 0);
    data[0] = 0x7f800001; // a signalling NaN, which a copy through floats may change
    const from = twin.placeIds(data);
    const rows = twin.placeIds(order);
    const y = twin.placeIds(new Array(5 * words + 1).fill(77));
    twin.call("gatherRows", y, from, rows, words, 1, 5);
    const out = [...twin.wasm.u32.slice(y >> 2, (y >> 2) + 5 * words + 1)];
    const expected = [new Array(words).fill(77), ...order.slice(1).map((r) => [...data.slice(r * words, (r + 1) * words)]), [77]].flat();
    expect(out).toEqual(expected);
  });
});

test("fill and accumulate change their range only", () => {
  const y = twin.place(numbers(64, 1));
  const before = twin.read(y, 64);
  const x = numbers(64, 2);
  twin.call("accumulate", y, twin.place(x), 8, 60);
  const sum = before.map((a, i) => (i >= 8 && i < 60 ? a + x[i]! : a));
  expect(twin.read(y, 64)).toEqual(sum);
  twin.call("fill", y, Math.fround(0.1), 4, 20);
  expect(twin.read(y, 64)).toEqual(sum.map((a, i) => (i >= 4 && i < 20 ? 0.1 : a)));
});

describe("sumRows", () => {
  const shapes = [1, 3, 4, 5, 8, 17, 64].flatMap((rows) => [1, 3, 4, 5, 17, 64].map((columns) => [rows, columns] as const));

  test.each(shapes)("[%i, %i]: the float32 sum of each column, in row order", (rows, columns) => {
    const values = numbers(rows * columns, 11);
    const x = twin.placeRows(values, columns);
    const expected = (start: Float32Array) =>
      start.map((s, j) => {
        let sum = s;
        for (let r = 0; r < rows; ++r) sum = Math.fround(sum + values[r * columns + j]!);
        return sum;
      });

    const y = twin.reserve(up(columns)); // NaN: start Zero must not read it
    twin.call("sumRows", y, x, rows, columns, up(columns), Start.Zero, 0, up(columns));
    expect(twin.read(y, columns)).toEqual(expected(new Float32Array(columns)));

    const start = numbers(columns, 5);
    const z = twin.placeRows(start, columns, 0);
    twin.call("sumRows", z, x, rows, columns, up(columns), Start.C, 0, up(columns));
    expect(twin.read(z, columns)).toEqual(expected(start));

    // x's padding is NaN
    for (const at of [y, z]) for (const lane of twin.read(at, up(columns)).slice(columns)) expect(Object.is(lane, 0)).toBe(true);
  });

  test("shares of the columns give the bits of the whole", () => {
    const x = twin.placeRows(numbers(9 * 37, 1), 37);
    const [whole, parts] = [twin.reserve(40), twin.reserve(40)];
    twin.call("sumRows", whole, x, 9, 37, 40, Start.Zero, 0, 40);
    for (const [begin, end] of [
      [0, 12],
      [12, 16],
      [16, 40],
    ] as const)
      twin.call("sumRows", parts, x, 9, 37, 40, Start.Zero, begin, end);
    expect(twin.read(parts, 40)).toEqual(twin.read(whole, 40));
  });

  test("no rows leave the start", () => {
    const y = twin.reserve(4);
    twin.call("sumRows", y, twin.reserve(4), 0, 4, 4, Start.Zero, 0, 4);
    expect([...twin.read(y, 4)]).toEqual([0, 0, 0, 0]);
  });
});
