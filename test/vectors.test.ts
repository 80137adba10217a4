// Which strides kernels take for whole vectors: exactly those that the op table names, and the verifier asks of. Rows of a stride that is no
// multiple of 4 end where WebAssembly's memory does: a kernel that goes beyond them traps.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Share } from "../assembly/opcodes.js";
import { firstByte } from "../src/backends/arena.js";
import { type OpName, ops, specOf } from "../src/plan/ops.js";
import type { Values } from "../src/plan/spec.js";

const BYTES = 2 ** 22;
const memory = new WebAssembly.Memory({ initial: BYTES / 2 ** 16 });
const module = new WebAssembly.Module(readFileSync("build/strict.wasm"));
const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Record<string, (...args: number[]) => void>;

/** By operand name; others are 0. */
const given: Values = { scale: 1, stepA: 1, stepB: 1, stepC: 1, first: 1 };
/** Rows of C, columns and k: of every kind of product that `blocked` in gemm/macro.ts tells apart. */
const sizes = [
  { end: 3, n: 5, k: 5, columns: 5, rows: 3, count: 5 },
  { end: 3, n: 1, k: 5, columns: 1, rows: 3, count: 1 },
  { end: 3, n: 9, k: 1, columns: 2, rows: 3, count: 2 },
  { end: 2, n: 133, k: 133, columns: 9, rows: 2, count: 9 },
  { end: 97, n: 97, k: 97, columns: 3, rows: 5, count: 3 },
] as const;

/** Of which the range, too, is as long as a row. */
const transposes: readonly OpName[] = ["gemmTransposedA", "transpose"];

/** What each byte is. Zeros are numbers of rows and classes, too; but one op skips rows of zeros. */
const filler = (op: OpName) => (op === "outerSgdStep" ? 1 : 0);

const stridesOf = (op: OpName) =>
  specOf(op)
    .operands.map(({ name }) => name)
    .filter((name) => /^ld/.test(name));

/** Numbers with which strides are just what rows need, or whole vectors of them. */
function valuesOf(op: OpName, size: (typeof sizes)[number], isWhole: (stride: string) => boolean): Values {
  const { operands, split } = specOf(op);
  const byElements = split === Share.Elements;
  // Ranges of elements are whole vectors, which rows have, too.
  const end = byElements ? Math.ceil(size.end / 4) * 4 : size.end;
  const names = operands.map(({ name }) => name).filter((name) => name !== "rows" && (name !== "end" || transposes.includes(op)));
  const widest = byElements ? end + 1 : Math.max(size.columns, ...names.map((name) => (size as Values)[name] ?? 0));
  const strides = stridesOf(op).map((stride) => [stride, isWhole(stride) ? Math.ceil(widest / 4) * 4 : widest]);
  return { ...given, ...size, end, ...Object.fromEntries(strides) };
}

/** Runs the kernel once for each of its tensors, which then ends with the memory. @returns those beyond whose end it goes */
function beyond(op: OpName, values: Values): string[] {
  const { operands } = specOf(op);
  const tensors = operands.filter((operand) => operand.kind === "tensor");
  const spans = new Map(tensors.map((tensor) => [tensor.name, tensor.optional && tensor.access === "read" ? 0 : tensor.span!(values)]));
  const found: string[] = [];
  for (const last of tensors) {
    new Uint8Array(memory.buffer).fill(filler(op));
    let at = firstByte;
    const args = operands.map((operand) => {
      if (operand.kind === "tensor") {
        const span = spans.get(operand.name)!;
        if (span === 0) return 0;
        if (operand === last) return BYTES - span * 4;
        at += Math.ceil(span / 16) * 64 + 256;
        return at - Math.ceil(span / 16) * 64 - 128;
      }
      if (/Address|Status/.test(operand.kind)) return firstByte - 64;
      return values[operand.name] ?? 0;
    });
    const end = args.pop()!;
    try {
      kernels[op]!(...args, 0, end);
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      found.push(last.name);
    }
  }
  return found;
}

const withStrides = (Object.keys(ops) as OpName[]).filter((op) => stridesOf(op).length > 0);

describe.each(withStrides)("%s", (op) => {
  const { vectors = [] } = specOf(op);
  test("stays within rows whose named strides are whole vectors", () => {
    for (const size of sizes)
      expect(
        beyond(
          op,
          valuesOf(op, size, (stride) => vectors.includes(stride)),
        ),
      ).toEqual([]);
  });
  test.each(vectors)("goes beyond where %s is none", (stride) => {
    const found = sizes.flatMap((size) =>
      beyond(
        op,
        valuesOf(op, size, (other) => other !== stride),
      ),
    );
    expect(found).not.toEqual([]);
  });
});
