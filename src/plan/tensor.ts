// Symbolic tensors: what layers compute with while a network is compiled. They have shapes and names, never values.

/** A count that is known when compiling, or `perRow` for every row of a step's batch. */
export type Extent = number | { readonly perRow: number };

/** Where a tensor lives.
 * - `parameter`, `slot`: kept from step to step (slots belong to the optimizer), `gradient`: one for every parameter
 * - `staging`: what JavaScript wrote before the call: the rows of data a chunk of steps reads, or one batch to predict
 * - `workspace`: valid within one step only, laid out by liveness
 */
export type Slab = "parameter" | "slot" | "gradient" | "staging" | "workspace";

/** A matrix of `rows(t)` x `columns(t)` 32-bit elements; higher ranks are rows of their last axis. */
export interface Tensor {
  readonly name: string;
  /** One sample's shape if `batched`, else the whole shape. `[]` is one element (a row). */
  readonly shape: readonly number[];
  readonly batched: boolean;
  readonly dtype: "f32" | "u32";
  /** Elements from one row to the next: columns, up to whole v128s; class ids, and what losses and weights have a row, are unpadded. */
  readonly stride: number;
  readonly slab: Slab;
  /** Does the loss's gradient with respect to it have to be computed? */
  readonly needsGradient: boolean;
  /** Set if this names a whole slab or a stretch of it: the tensors that lie in it, in order. */
  readonly parts?: readonly Tensor[];
  /** Set if this names consecutive parameters' elements in a slab, or in a slot: where in it they begin. */
  readonly offset?: number;
}

/** Up to a whole number of v128s (4 elements). */
export function padded(columns: number): number {
  return Math.ceil(columns / 4) * 4;
}

/** Up to a whole number of cache lines. */
export function aligned(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}

export function product(values: readonly number[]): number {
  return values.reduce((a, b) => a * b, 1);
}

export function columns(t: Tensor): number {
  return t.shape.at(-1) ?? 1;
}

export function rows(t: Tensor): Extent {
  const each = product(t.shape.slice(0, -1));
  return t.batched ? { perRow: each } : each;
}

/** The same row for every sample: what is broadcast over rows. */
export function isOneRow(t: Tensor): boolean {
  return rows(t) === 1;
}

/** All elements with the padding between them, as elementwise kernels see them. */
export function elements(t: Tensor): Extent {
  return scale(rows(t), t.stride);
}

function scale(extent: Extent, by: number): Extent {
  return typeof extent === "number" ? extent * by : { perRow: extent.perRow * by };
}

/** The extent's value for a batch of so many rows. */
export function evaluate(extent: Extent, batchRows: number): number {
  return typeof extent === "number" ? extent : extent.perRow * batchRows;
}

/** Elements of one sample of a batched tensor: its rows with their padding. */
export function sampleElements(t: Tensor): number {
  return evaluate(elements(t), 1);
}

/** Elements of parameters, or of what has their shapes, side by side in a slab. */
export function slabElements(parameters: readonly Tensor[]): number {
  return parameters.reduce((sum, parameter) => sum + size(parameter, 0), 0);
}

/** Elements to reserve for batches of up to `capacity` rows; whole v128s, so that unpadded tensors may be read in them too. */
export function size(t: Tensor, capacity: number): number {
  return padded(evaluate(elements(t), capacity));
}
