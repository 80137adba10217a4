import type { Builder } from "../plan/builder.js";
import type { Tensor } from "../plan/tensor.js";

/** Plain data plus the one function that says what the layer computes, as a composition of ops on symbolic tensors.
 *  Its gradient follows from the ops'; no layer writes a backward. */
export interface Layer {
  readonly kind: string;
  /** As JSON: what a saved network needs to make the layer again. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Unique in its network; `<kind>_<n>` if not given. */
  readonly name?: string;
  apply(g: Builder, x: Tensor): Tensor;
}

/** @param apply takes the builder and the input `[batch, ...]`, returns the output */
export function layer(
  kind: string,
  { name, ...options }: Readonly<Record<string, unknown>> & { readonly name?: string | undefined },
  apply: (g: Builder, x: Tensor) => Tensor,
): Layer {
  return { kind, options, ...(name !== undefined && { name }), apply };
}
