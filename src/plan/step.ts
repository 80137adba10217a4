// The record that tells a step what differs from the last one, and takes its results. One for every step of a chunk.
import { Step } from "../../assembly/opcodes.js";

/** Byte offsets of what one loss has in a step's record. */
export interface LossFields {
  /** f64: the loss is this times the sum of its rows' losses */
  readonly scale: number;
  /** f64, out: the loss, without penalties */
  readonly loss: number;
  /** f32: `scale` rounded, the factor of every gradient */
  readonly gradientScale: number;
}

export interface StepLayout {
  /** Bytes from one record to the next, whole v128s. */
  readonly stride: number;
  readonly losses: readonly LossFields[];
  /** Byte offset of each metric's sum over the batch's rows (f64, out). */
  readonly metrics: readonly number[];
  /** Byte offset of each of the optimizer's factors (f32). */
  readonly factors: readonly number[];
}

/** The only step of `draw`, which fills a parameter with its first values, has two fields. */
export const drawLayout = { mean: Step.End, scale: Step.End + 8, stride: Step.End + 16 };

export function stepLayout(losses: number, metrics: number, factors: number): StepLayout {
  let at: number = Step.End;
  const fields = (count: number, bytes: number) =>
    Array.from({ length: count }, () => {
      at += bytes;
      return at - bytes;
    });
  const scales = fields(losses, 8);
  const values = fields(losses, 8);
  const sums = fields(metrics, 8);
  const gradientScales = fields(losses, 4);
  return {
    losses: scales.map((scale, i) => ({ scale, loss: values[i]!, gradientScale: gradientScales[i]! })),
    metrics: sums,
    factors: fields(factors, 4),
    stride: (at + 15) & ~15,
  };
}
