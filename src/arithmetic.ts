// How a network's numbers are rounded: the rule that decides between strict and relaxed, and its words.

export type ArithmeticName = "strict" | "relaxed";
export const arithmetics = ["strict", "relaxed"] as const satisfies readonly ArithmeticName[];

/** How a network's numbers are rounded, and why so. `strict`: every operation once and in a stated order, the same bits from every
 *  backend, engine and machine. `relaxed`: products and sums fused in WebAssembly, sums of products in float64 in JavaScript; the same
 *  bits again on the same machine and engine, no others. */
export interface Arithmetic {
  readonly name: ArithmeticName;
  readonly reason: string;
}

/** What a network asks for. `fastest`: relaxed where the engine has it. */
export interface ArithmeticWish {
  readonly name: ArithmeticName | "fastest";
  readonly reason: string;
}

/** The rule: who gives a seed wants to see the same numbers again. */
export function wishOf(arithmetic: ArithmeticName | undefined, seed: number | undefined): ArithmeticWish {
  if (arithmetic !== undefined) return { name: arithmetic, reason: "asked for by name" };
  if (seed !== undefined) return { name: "strict", reason: "a seed was given" };
  return { name: "fastest", reason: "no seed was given" };
}

const meaning = {
  strict: "every operation is rounded once and in a stated order, the same bits on every backend and machine",
  relaxed: "fast, and the same bits again on this machine only",
} as const;

export function explained(name: ArithmeticName, reason: string): Arithmetic {
  return { name, reason: `${reason}: ${meaning[name]}` };
}
