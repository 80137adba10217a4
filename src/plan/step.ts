// The record that tells a step what differs from the last one, and takes its results. One for every step of a chunk.
import { Step } from "../../assembly/opcodes.js";

export interface StepLayout {
  /** Bytes from one record to the next, whole v128s. */
  readonly stride: number;
  /** Byte offset of each metric's sum over the batch's rows (f64, out). */
  readonly metrics: readonly number[];
  /** Byte offset of each of the optimizer's factors (f32). */
  readonly factors: readonly number[];
}

export function stepLayout(metrics: number, factors: number): StepLayout {
  const firstMetric = (Step.End + 7) & ~7;
  const firstFactor = firstMetric + metrics * 8;
  return {
    stride: (firstFactor + factors * 4 + 15) & ~15,
    metrics: Array.from({ length: metrics }, (_, i) => firstMetric + i * 8),
    factors: Array.from({ length: factors }, (_, i) => firstFactor + i * 4),
  };
}
