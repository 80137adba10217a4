// Metrics against counts by hand and float64. Twin.call demands the same bits of WebAssembly and JavaScript.
import { beforeEach, expect, test } from "vitest";
import { Twin } from "./twin.js";

const twin = await Twin.create();
beforeEach(() => twin.reset());

const up = (columns: number) => (columns + 3) & ~3;

/** Runs a metric on all rows; padding is NaN. */
function metric(kernel: string, p: readonly number[], t: readonly number[], columns: number, ...options: number[]): number {
  const ids = kernel.startsWith("sparse");
  const [pAt, tAt] = [twin.placeRows(p, columns), ids ? twin.placeIds(t) : twin.placeRows(t, columns)];
  const out = twin.reserve(2);
  twin.call(kernel, out, pAt, tAt, 0, columns, up(columns), ids ? 1 : up(columns), ...options, 0, p.length / columns);
  return twin.readF64(out);
}

test("accuracy counts rows whose largest elements agree, the first of equals", () => {
  const p = [1, 2, 0, 5, 5, 1, -3, -2, -1];
  expect(metric("categoricalAccuracy", p, [0, 1, 0, 1, 0, 0, 1, 0, 0], 3)).toBe(2);
  expect(metric("sparseCategoricalAccuracy", p, [1, 0, 0], 3)).toBe(2);
  expect(metric("sparseCategoricalAccuracy", p, [1, 1, 2], 3)).toBe(2);
});

test.each([1, 3, 4, 5, 17, 64])("of %d classes each is found where it is largest", (columns) => {
  const p = Array.from({ length: columns * columns }, (_, i) => (i % columns === Math.floor(i / columns) ? 1 : -i));
  const ids = Array.from({ length: columns }, (_, r) => r);
  expect(metric("sparseCategoricalAccuracy", p, ids, columns)).toBe(columns);
  expect(metric("categoricalAccuracy", p, p, columns)).toBe(columns);
});

test("binaryAccuracy is the share of elements on the same side, above the threshold and not at it", () => {
  expect(metric("binaryAccuracy", [0.5, 0.6, 0.4, 0.9], [0, 1, 1, 1], 4, 0.5)).toBe(0.75);
  expect(metric("binaryAccuracy", [0.1, -0.1, 0], [1, 0, 1], 1, 0)).toBe(2);
  expect(metric("binaryAccuracy", [1, 1, 0, 1, 1, 1], [1, 1, 1, 1, 0, 0], 3, 0.5)).toBe(2 / 3 + 1 / 3);
});

test("absoluteError is the sum over rows of the mean absolute difference, in float64", () => {
  expect(metric("absoluteError", [1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 1], 3)).toBe(3 / 3 + 12 / 3);
  const [p, t] = [Math.fround(1e8), Math.fround(0.1)];
  expect(metric("absoluteError", [p], [t], 1)).toBe(p - t);
  expect(metric("absoluteError", [1, Number.NaN], [1, 1], 2)).toBeNaN();
});

test("rows of weight 0 are left out, other weights are not asked", () => {
  const [p, t, ids] = [twin.placeRows([2, 1, 2, 1, 1, 2], 2), twin.placeRows([1, 0, 1, 0, 1, 0], 2), twin.placeIds([0, 2 ** 32 - 100, 0])];
  const [weights, out] = [twin.place([0.5, 0, 3]), twin.reserve(2)];
  const sumOf = (kernel: string, target: number, ldt: number, ...options: number[]) => {
    twin.call(kernel, out, p, target, weights, 2, 4, ldt, ...options, 0, 3);
    return twin.readF64(out);
  };
  expect(sumOf("categoricalAccuracy", t, 4)).toBe(1);
  expect(sumOf("sparseCategoricalAccuracy", ids, 1)).toBe(1);
  expect(sumOf("binaryAccuracy", t, 4, 1.5)).toBe(1 + 0);
  expect(sumOf("absoluteError", t, 4)).toBe(1 + 1);
});
