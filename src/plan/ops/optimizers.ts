// What happens to the gradient slab and the parameter slab once the gradients are there. Elementwise over slabs whose padding is zero
// and stays zero. Formulas: test/golden/README.md, section Optimizers, and the papers named in src/optimizers/.
import { Op, Share } from "../../../assembly/opcodes.js";
import { op, optional, read, scalar, update, whole } from "../spec.js";
import { padded } from "../tensor.js";

const w = update("w", whole);
const g = read("g", whole);
const status = scalar("status", "stepStatus");
const end = scalar("end", "extent");

export const optimizerOps = {
  /** out (f64) = the sum of g², in float64, in a fixed tree */
  sumSquares: op(() => ({
    code: Op.SumSquares,
    operands: [scalar("out", "stepAddress"), status, g, end],
    split: "none",
    flops: (v) => 2 * v.end!,
  })),
  /** g *= min(1, limit / sqrt(sumSquares)) */
  clipGlobalNorm: op(() => ({
    code: Op.ClipGlobalNorm,
    operands: [update("g", whole), scalar("sumSquares", "stepF64"), scalar("limit", "f32"), end],
    split: Share.Elements,
    flops: whole,
  })),
  /** g *= min(1, limit / |g|), the norm of this tensor alone */
  clipNorm: op(() => ({
    code: Op.ClipNorm,
    operands: [update("g", whole), status, scalar("limit", "f32"), end],
    split: "none",
    flops: (v) => 3 * v.end!,
  })),
  /** g = g held within [-limit, limit]; a NaN stays one */
  clipValue: op(() => ({
    code: Op.ClipValue,
    operands: [update("g", whole), status, scalar("limit", "f32"), end],
    split: Share.Elements,
    flops: (v) => 2 * v.end!,
  })),
  /** w -= rate·(g + weightDecay·w) */
  sgdStep: op(() => ({
    code: Op.SgdStep,
    operands: [w, g, status, scalar("rate", "stepF32"), scalar("weightDecay", "f32"), end],
    split: Share.Elements,
    ofOuterProduct: "outerSgdStep",
    flops: (v) => 4 * v.end!,
  })),
  /** w[i][j] -= rate·(a[i]·b[j] + weightDecay·w[i][j]); the range is rows of w */
  outerSgdStep: op(() => ({
    code: Op.OuterSgdStep,
    operands: [
      update("w", (v) => v.end! * v.ldw!),
      read("a", (v) => padded(v.end!)),
      read("b", (v) => padded(v.n!)),
      status,
      scalar("rate", "stepF32"),
      scalar("weightDecay", "f32"),
      scalar("n", "extent"),
      scalar("ldw", "u32"),
      end,
    ],
    within: [["n", "ldw"]],
    vectors: ["ldw"],
    split: Share.Rows,
    flops: (v) => 5 * v.end! * v.n!,
  })),
  /** g' = g + weightDecay·w; v = momentum·v + gradientFactor·g'; w -= rate·(nesterov ? g' + momentum·v : v) */
  sgdMomentumStep: op(() => ({
    code: Op.SgdMomentumStep,
    operands: [
      w,
      update("v", whole),
      g,
      status,
      scalar("rate", "stepF32"),
      scalar("gradientFactor", "stepF32"),
      scalar("momentum", "f32"),
      scalar("nesterov", "u32"),
      scalar("weightDecay", "f32"),
      end,
    ],
    split: Share.Elements,
    flops: (v) => 7 * v.end!,
  })),
  /** m = beta1·m + oneMinusBeta1·g; v = beta2·v + oneMinusBeta2·g²; vMax = max(vMax, v) if given, else v;
   *  w = decay·w - stepSize·m / (sqrt(vMax)·inverseRootBias2 + epsilon) */
  adamStep: op(() => ({
    code: Op.AdamStep,
    operands: [
      w,
      update("m", whole),
      update("v", whole),
      optional(update("vMax", whole)),
      g,
      status,
      scalar("stepSize", "stepF32"),
      scalar("inverseRootBias2", "stepF32"),
      scalar("decay", "stepF32"),
      scalar("beta1", "f32"),
      scalar("oneMinusBeta1", "f32"),
      scalar("beta2", "f32"),
      scalar("oneMinusBeta2", "f32"),
      scalar("epsilon", "f32"),
      end,
    ],
    split: Share.Elements,
    flops: (v) => 14 * v.end!,
  })),
  /** If `mean` is given v = rho·(v + oneMinusRho·(g - mean)²), mean = rho·mean + oneMinusRho·g, else v = rho·v + oneMinusRho·g²;
   *  d = sqrt(v) + epsilon; if `velocity` is given: velocity = momentum·velocity + g/d, w -= rate·velocity, else w -= rate·g/d */
  rmspropStep: op(() => ({
    code: Op.RmspropStep,
    operands: [
      w,
      update("v", whole),
      optional(update("mean", whole)),
      optional(update("velocity", whole)),
      g,
      status,
      scalar("rate", "stepF32"),
      scalar("rho", "f32"),
      scalar("oneMinusRho", "f32"),
      scalar("epsilon", "f32"),
      scalar("momentum", "f32"),
      end,
    ],
    split: Share.Elements,
    flops: (v) => 9 * v.end!,
  })),
  /** h += g²; w -= rate·g / (sqrt(h) + epsilon) */
  adagradStep: op(() => ({
    code: Op.AdagradStep,
    operands: [w, update("h", whole), g, status, scalar("rate", "stepF32"), scalar("epsilon", "f32"), end],
    split: Share.Elements,
    flops: (v) => 7 * v.end!,
  })),
  /** m = beta1·m + oneMinusBeta1·g; u = max(beta2·u, |g| + epsilon); w -= rate·m/u; a u of epsilon is stored as 0 */
  adamaxStep: op(() => ({
    code: Op.AdamaxStep,
    operands: [
      w,
      update("m", whole),
      update("u", whole),
      g,
      status,
      scalar("rate", "stepF32"),
      scalar("beta1", "f32"),
      scalar("oneMinusBeta1", "f32"),
      scalar("beta2", "f32"),
      scalar("epsilon", "f32"),
      end,
    ],
    split: Share.Elements,
    flops: (v) => 10 * v.end!,
  })),
  /** m, v as in adamStep; w -= (momentFactor·m + gradientFactor·g) / (sqrt(v)·inverseRootBias2 + epsilon) */
  nadamStep: op(() => ({
    code: Op.NadamStep,
    operands: [
      w,
      update("m", whole),
      update("v", whole),
      g,
      status,
      scalar("momentFactor", "stepF32"),
      scalar("gradientFactor", "stepF32"),
      scalar("inverseRootBias2", "stepF32"),
      scalar("beta1", "f32"),
      scalar("oneMinusBeta1", "f32"),
      scalar("beta2", "f32"),
      scalar("oneMinusBeta2", "f32"),
      scalar("epsilon", "f32"),
      end,
    ],
    split: Share.Elements,
    flops: (v) => 15 * v.end!,
  })),
  /** m, v as in adamStep; w -= stepSize·m / (rootFactor·sqrt(v) + floor): with 1 and epsilon adaptive, with 0 and 1 not */
  radamStep: op(() => ({
    code: Op.RadamStep,
    operands: [
      w,
      update("m", whole),
      update("v", whole),
      g,
      status,
      scalar("stepSize", "stepF32"),
      scalar("rootFactor", "stepF32"),
      scalar("floor", "stepF32"),
      scalar("beta1", "f32"),
      scalar("oneMinusBeta1", "f32"),
      scalar("beta2", "f32"),
      scalar("oneMinusBeta2", "f32"),
      end,
    ],
    split: Share.Elements,
    flops: (v) => 13 * v.end!,
  })),
  /** v = rho·v + oneMinusRho·g²; step = sqrt(squares + epsilon) / sqrt(v + epsilon) · g;
   *  squares = rho·squares + oneMinusRho·step²; w -= rate·step */
  adadeltaStep: op(() => ({
    code: Op.AdadeltaStep,
    operands: [
      w,
      update("v", whole),
      update("squares", whole),
      g,
      status,
      scalar("rate", "stepF32"),
      scalar("rho", "f32"),
      scalar("oneMinusRho", "f32"),
      scalar("epsilon", "f32"),
      end,
    ],
    split: Share.Elements,
    flops: (v) => 16 * v.end!,
  })),
  /** w = decay·w - rate·sign(beta1·m + oneMinusBeta1·g); m = beta2·m + oneMinusBeta2·g */
  lionStep: op(() => ({
    code: Op.LionStep,
    operands: [
      w,
      update("m", whole),
      g,
      status,
      scalar("rate", "stepF32"),
      scalar("decay", "stepF32"),
      scalar("beta1", "f32"),
      scalar("oneMinusBeta1", "f32"),
      scalar("beta2", "f32"),
      scalar("oneMinusBeta2", "f32"),
      end,
    ],
    split: Share.Elements,
    flops: (v) => 10 * v.end!,
  })),
  /** average += oneMinusDecay·(w - average) */
  emaStep: op(() => ({
    code: Op.EmaStep,
    operands: [update("average", whole), read("w", whole), scalar("oneMinusDecay", "f32"), end],
    split: Share.Elements,
    flops: (v) => 3 * v.end!,
  })),
  /** In every `every`-th step: x = +0 where |x| < least */
  flushSubnormals: op(() => ({
    code: Op.FlushSubnormals,
    operands: [update("x", whole), scalar("number", "stepU32"), scalar("every", "u32"), scalar("least", "f32"), end],
    split: Share.Elements,
    flops: () => 0,
    rests: (v, step) => step % v.every! !== 0,
  })),
};
