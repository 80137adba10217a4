// How float32 results are compared with float64 references.
import { expect } from "vitest";

/** |value - expected| <= relative·(the largest |expected|) for every element: sums that cancel keep the error of their terms. */
export function expectClose(what: string, values: ArrayLike<number>, expected: ArrayLike<number>, relative: number): void {
  expect(values.length, `${what}: elements`).toBe(expected.length);
  const scale = largest(expected);
  for (let i = 0; i < expected.length; ++i) {
    const error = Math.abs(values[i]! - expected[i]!);
    if (!(error <= relative * scale))
      expect.fail(
        `${what}[${i}] is ${values[i]}, expected ${expected[i]}: error ${(error / scale).toExponential(1)} of the largest, bound ${relative}`,
      );
  }
}

export function largest(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; ++i) most = Math.max(most, Math.abs(values[i]!));
  return most;
}
