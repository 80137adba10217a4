// Penalties on parameters, and their gradients.
import { Op, Share } from "../../../assembly/opcodes.js";
import { op, read, scalar, update, whole } from "../spec.js";

export const penaltyOps = {
  /** out (f64) += l1·sum|w| + l2·sum w² */
  penaltyForward: op(() => ({
    code: Op.PenaltyForward,
    operands: [
      scalar("out", "stepAddress"),
      scalar("status", "stepStatus"),
      read("w", whole),
      scalar("l1", "f32"),
      scalar("l2", "f32"),
      scalar("end", "extent"),
    ],
    split: "none",
    flops: (v) => 4 * v.end!,
  })),
  /** dw += l1·sign(w) + 2·l2·w */
  penaltyBackward: op(() => ({
    code: Op.PenaltyBackward,
    operands: [update("dw", whole), read("w", whole), scalar("l1", "f32"), scalar("l2", "f32"), scalar("end", "extent")],
    split: Share.Elements,
    flops: (v) => 5 * v.end!,
  })),
};
