// The vocabulary of the op table: what an operand is, and what an op says of itself. No op is named here.
import type { Op, Start } from "../../assembly/opcodes.js";
import type { Extent, Tensor } from "./tensor.js";

/** The numbers of a record, by operand name, extents evaluated. */
export type Values = Readonly<Record<string, number>>;

export type Access = "read" | "write" | "update" | "scratch";

export interface TensorOperand<N extends string = string> {
  readonly name: N;
  readonly kind: "tensor";
  readonly access: Access | ((v: Values) => Access);
  /** Elements touched, counted from the tensor's first. `undefined`: anywhere within the tensor. */
  readonly span?: (v: Values) => number;
  readonly optional?: boolean;
}

/** - `extent`: a count, possibly per row of the batch; kernels get it evaluated
 *  - `u32`, `f32`: an immediate
 *  - `stepU32 | stepF32 | stepF64`: read from the step's record at that byte offset
 *  - `stepAddress`: the address of an f64 of the step's record, which the kernel reads or writes itself
 *  - `stepStatus`: the address of the record's status word, whose bits all threads set atomically
 *  - `stepPointer`: an address in the region that the step's record holds */
export type ScalarKind = "extent" | "u32" | "f32" | "stepU32" | "stepF32" | "stepF64" | "stepAddress" | "stepStatus" | "stepPointer";

/** Bytes of the field that a kind of operand is of the step's record. */
export const stepFieldBytes: Partial<Record<ScalarKind, number>> = {
  stepU32: 4,
  stepF32: 4,
  stepF64: 8,
  stepAddress: 8,
  stepStatus: 4,
  stepPointer: 4,
};

export interface ScalarOperand<N extends string = string, K extends ScalarKind = ScalarKind> {
  readonly name: N;
  readonly kind: K;
}

export type RecordOperand = TensorOperand | ScalarOperand;

/** What an op's results are: probabilities in [0, 1], rows of them that sum to 1, or numbers that are neither. */
export type Made = "numbers" | "probabilities" | "distributions";

/** One op = one record layout = one kernel of the same name in AssemblyScript and in JavaScript. The last operand is the
 *  range's end: a kernel is called with `[begin, end)`, which is all of it or one thread's share. */
export interface OpSpec {
  readonly code: Op;
  /** In order: outputs, inputs, sizes, then the extent that is split. */
  readonly operands: readonly RecordOperand[];
  /** Threads' shares are multiples of so many: `Share` has the usual numbers; "none": one thread does it all. */
  readonly split: number | "none";
  /** [count, stride] pairs of operands: a row's elements are no more than lie between two rows. */
  readonly within?: readonly (readonly [string, string])[];
  /** Strides of whole v128s (4 elements): the kernel goes through these rows by vectors, of which the last reaches beyond a row's elements. */
  readonly vectors?: readonly string[];
  /** [output, input] pairs that may be the same memory. */
  readonly alias?: readonly (readonly [string, string])[];
  /** An elementwise `(y, x)` that gemm can apply to its result before it leaves the cache; `alpha` is its only option. */
  readonly epilogue?: boolean;
  /** C = A·B is the outer product of the rows A and B where k is 1. */
  readonly outerProduct?: true;
  /** An optimizer's step on (w, g): the op that takes the same step on one parameter whose gradient is an outer product, of its rows a and b. */
  readonly ofOuterProduct?: string;
  /** What comes out, whatever goes in; absent: that depends. */
  readonly makes?: Made;
  /** Floating-point operations of its formula, exp and max and their like one each; choices, and what is the same for all of a row, none. */
  readonly flops: (v: Values) => number;
  /** Whether it does nothing in the step of that number; absent: it never rests. */
  readonly rests?: (v: Values, step: number) => boolean;
  /** Inputs to which `backward` lets nothing flow. */
  readonly stops?: readonly string[];
  /** Emits what computes the gradients of the inputs; see GradientFlow. Absent: nothing flows back through it. */
  // biome-ignore lint/suspicious/noExplicitAny: each op sees its own operands, which only the table as a whole can type
  readonly backward?: (g: Gradients, o: any) => void;
}

/** What a backward rule may do. */
export interface Gradients {
  // biome-ignore lint/suspicious/noExplicitAny: typed by GradientFlow.emit; the table cannot name its own type while it is built
  emit(op: string, operands: any): void;
  /** The gradient that has arrived at a tensor. */
  gradient(of: Tensor): Tensor;
  /** Adds a contribution to the gradient of `to`, if it needs one: `write` emits what stores it in `dx`. */
  contribute(to: Tensor, write: (dx: Tensor) => void): void;
  /** The same for an op that can itself add to what is there: `start` is Start.Zero or Start.C. */
  accumulate(to: Tensor, write: (dx: Tensor, start: Start) => void): void;
  /** As `contribute`, where `write` emits a contribution of the shape of `like`, over which `to` was broadcast: its sum is added. */
  contributeTo(to: Tensor, like: Tensor, write: (dx: Tensor) => void): void;
  /** The same for a contribution that is there already. */
  contributeSum(to: Tensor, contribution: Tensor): void;
  /** A tensor `[1]` that holds the number. */
  constant(value: number): Tensor;
}

type Value<O> = O extends { kind: "tensor" } ? Tensor : O extends { kind: "extent" } ? Extent : number;
type Named<O, N> = Extract<O, { name: N }>;
type Operands<S extends OpSpec> = S["operands"][number];
type Optional<S extends OpSpec> = Extract<Operands<S>, { optional: true }>["name"];

/** What `emit` takes for an op: tensors by operand name, extents, numbers (for step kinds: byte offsets in the record). */
export type OperandsOf<S extends OpSpec> = {
  readonly [N in Exclude<Operands<S>["name"], Optional<S>>]: Value<Named<Operands<S>, N>>;
} & { readonly [N in Optional<S>]?: Value<Named<Operands<S>, N>> };

/** An entry of the table, made when it is first asked for (`specOf`): a process that begins needs few of them. */
export function op<const S extends OpSpec>(make: () => S): () => S {
  return make;
}

type Span = (v: Values) => number;

/** One element for each of the range, */
export const whole: Span = (v) => v.end!;
/** or one row of `ld` elements. */
export const byRows: Span = (v) => v.end! * v.ld!;

export function read<const N extends string>(name: N, span?: Span) {
  return { name, kind: "tensor", access: "read", span } as const;
}
export function write<const N extends string>(name: N, span: Span) {
  return { name, kind: "tensor", access: "write", span } as const;
}
export function update<const N extends string>(name: N, span: Span) {
  return { name, kind: "tensor", access: "update", span } as const;
}
export function scratch<const N extends string>(name: N, span: Span) {
  return { name, kind: "tensor", access: "scratch", span, optional: true } as const;
}
/** Makes a tensor operand one that may be left out; the kernel then gets the address 0. */
export function optional<const O extends TensorOperand>(operand: O) {
  return { ...operand, optional: true } as O & { readonly optional: true };
}
export function scalar<const N extends string, const K extends ScalarKind>(name: N, kind: K) {
  return { name, kind } as const;
}
/** An op's own numbers, float32. */
export function numbers<const N extends string>(names: readonly N[]) {
  return names.map((name) => scalar(name, "f32") as N extends string ? ScalarOperand<N, "f32"> : never);
}

/** What an op does with an operand, where that follows from its scalars too. */
export function accessOf(operand: TensorOperand, v: Values): Access {
  return typeof operand.access === "function" ? operand.access(v) : operand.access;
}
