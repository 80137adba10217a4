// Every error this library throws on purpose. Messages say who, got, wanted, and where the expectation comes from.

/** Base class: `catch (e) { if (e instanceof ChainruleError) … }` tells this library's errors from all others. `cause`, where an
 *  error wraps another, is that other one. */
export class ChainruleError extends Error {
  // Spelt out in every class: minifiers rename classes.
  override readonly name: string = "ChainruleError";
}

/** An array, a batch or a layer's input has another shape than what receives it. */
export class ShapeError extends ChainruleError {
  override readonly name = "ShapeError";
}

/** An option is missing, unknown, out of range or of the wrong type. */
export class OptionError extends ChainruleError {
  override readonly name = "OptionError";
}

/** A plan breaks one of its invariants: a fault of this library or of a custom op, never of the data. */
export class PlanError extends ChainruleError {
  override readonly name = "PlanError";
}

/** A backend is not available, ran out of memory or failed while it ran. */
export class BackendError extends ChainruleError {
  override readonly name = "BackendError";
}

/** Bytes that are not a file of the format they were read as, or of a version that is not known. */
export class FormatError extends ChainruleError {
  override readonly name = "FormatError";
}

/** Euclidean norm of a tensor, by the tensor's name. */
export interface Norm {
  readonly of: string;
  readonly value: number;
  /** Of a parameter: what it was when `fit` began. */
  readonly before?: number;
}

/** Training met NaN or an infinity. The network is as it was before that step. */
export class NonFiniteError extends ChainruleError {
  override readonly name = "NonFiniteError";
  /** The step, counted from the network's first, 1. */
  readonly step: number;
  /** The first layer concerned, by name; where it belongs to none, `loss` or `optimizer`. */
  readonly layer: string;
  /** `state` is the optimizer's. */
  readonly what: "loss" | "gradient" | "weight" | "state";
  /** The op that made it, and the row of the data where it began; absent where an update did. */
  readonly op: string | undefined;
  readonly row: number | undefined;
  /** Just before it went wrong, largest first: of what that op took, or of the spoiled parameter and its gradient; and of the parameter
   *  whose norm has grown most since `fit` began. */
  readonly norms: readonly Norm[];

  constructor(
    message: string,
    found: {
      step: number;
      layer: string;
      what: NonFiniteError["what"];
      op?: string;
      row?: number | undefined;
      norms: readonly Norm[];
    },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.step = found.step;
    this.layer = found.layer;
    this.what = found.what;
    this.op = found.op;
    this.row = found.row;
    this.norms = found.norms;
  }
}
