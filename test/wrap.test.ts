// Text for people in 80 columns: lines, and numbers in few of them.
import { expect, test } from "vitest";
import { figure, wrapped } from "../src/inspect/wrap.js";

test("words are wrapped at the 80th column; a longer one has a line of its own, and no line is empty", () => {
  const [a, b] = ["a".repeat(39), "b".repeat(40)];
  expect(wrapped("", [a, b, "c"])).toBe(`${a} ${b}\nc`);
  expect(wrapped("", [a, `${b}b`], 2)).toBe(`  ${a}\n  ${b}b`);
  const long = "d".repeat(90);
  expect(wrapped("", [long, "c"], 2)).toBe(`  ${long}\n  c`);
  expect(wrapped("first", [long, "c"], 2)).toBe(`first\n  ${long}\n  c`);
});

test("numbers below 0.0001 have an exponent, others a point", () => {
  expect([1e-4, -1e-4, 9.996e-5, -9.994e-5, 0, 12345].map((value) => figure(value, 4))).toEqual([
    "0.0001000",
    "-0.0001000",
    "9.996e-5",
    "-9.994e-5",
    "0.000",
    "1.235e+4",
  ]);
});
