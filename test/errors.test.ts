// What users can rely on when they catch this library's errors.
import { expect, test } from "vitest";
import * as errors from "../src/errors.js";

test("every error is a ChainruleError, names itself and keeps its cause", () => {
  const cause = new Error("underneath");
  const { NonFiniteError, ...plain } = errors;
  for (const [name, Kind] of Object.entries(plain)) {
    const error = new Kind("what happened", { cause });
    expect(error).toBeInstanceOf(errors.ChainruleError);
    expect(error).toBeInstanceOf(Error);
    expect([error.name, String(error), error.cause]).toEqual([name, `${name}: what happened`, cause]);
  }
  const error = new NonFiniteError(
    "dense_1: gradient is not finite",
    { step: 12, layer: "dense_1", what: "gradient", norms: [] },
    { cause },
  );
  expect(error).toBeInstanceOf(errors.ChainruleError);
  expect(error).toMatchObject({ name: "NonFiniteError", step: 12, layer: "dense_1", what: "gradient", cause });
});
