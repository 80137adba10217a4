// Activations: y = f(x), and dx = f'(x)·dy from whichever of x and y is cheaper to keep; dropout.
import { Op, Share } from "../../../assembly/opcodes.js";
import { byRows, type Made, op, read, scalar, whole, write } from "../spec.js";

/** An elementwise forward op whose gradient op is `backward` and reads the saved `keeps`. */
function forward<const B extends string>(code: Op, backward: B, keeps: "x" | "y", makes: Made = "numbers") {
  return op(() => ({
    code,
    operands: [write("y", whole), read("x", whole), scalar("end", "extent")],
    split: Share.Elements,
    alias: [["y", "x"]],
    epilogue: keeps === "y",
    makes,
    flops: whole,
    backward: (g, o) => g.contribute(o.x, (dx) => g.emit(backward, { dx, dy: g.gradient(o.y), [keeps]: o[keeps], end: o.end })),
  }));
}

/** Its gradient op: dx from dy and what was kept. */
export function backward<const K extends "x" | "y">(code: Op, keeps: K) {
  return op(() => ({
    code,
    operands: [write("dx", whole), read("dy", whole), read(keeps, whole), scalar("end", "extent")],
    split: Share.Elements,
    alias: [["dx", "dy"]],
    flops: (v) => 2 * v.end!,
  }));
}

/** The same for activations with one option, `alpha`; all of these keep y. */
function forwardAlpha<const B extends string>(code: Op, backward: B) {
  return op(() => ({
    code,
    operands: [write("y", whole), read("x", whole), scalar("alpha", "f32"), scalar("end", "extent")],
    split: Share.Elements,
    alias: [["y", "x"]],
    epilogue: true,
    makes: "numbers",
    flops: whole,
    backward: (g, o) => g.contribute(o.x, (dx) => g.emit(backward, { dx, dy: g.gradient(o.y), y: o.y, alpha: o.alpha, end: o.end })),
  }));
}

function backwardAlpha(code: Op) {
  return op(() => ({
    code,
    operands: [write("dx", whole), read("dy", whole), read("y", whole), scalar("alpha", "f32"), scalar("end", "extent")],
    split: Share.Elements,
    alias: [["dx", "dy"]],
    flops: (v) => 2 * v.end!,
  }));
}

/** The same for activations of whole rows, which keep y. */
function forwardRows<const B extends string>(code: Op, backward: B, makes: Made) {
  return op(() => ({
    code,
    operands: [write("y", byRows), read("x", byRows), scalar("columns", "u32"), scalar("ld", "u32"), scalar("end", "extent")],
    within: [["columns", "ld"]],
    vectors: ["ld"],
    split: Share.Rows,
    alias: [["y", "x"]],
    makes,
    flops: (v) => 5 * v.end! * v.columns!,
    backward: (g, o) =>
      g.contribute(o.x, (dx) => g.emit(backward, { dx, dy: g.gradient(o.y), y: o.y, columns: o.columns, ld: o.ld, end: o.end })),
  }));
}

function backwardRows(code: Op) {
  return op(() => ({
    code,
    operands: [
      write("dx", byRows),
      read("dy", byRows),
      read("y", byRows),
      scalar("columns", "u32"),
      scalar("ld", "u32"),
      scalar("end", "extent"),
    ],
    within: [["columns", "ld"]],
    vectors: ["ld"],
    split: Share.Rows,
    alias: [["dx", "dy"]],
    flops: (v) => 4 * v.end! * v.columns!,
  }));
}

export const activationOps = {
  reluForward: forward(Op.ReluForward, "reluBackward", "y"),
  reluBackward: backward(Op.ReluBackward, "y"),
  leakyReluForward: forwardAlpha(Op.LeakyReluForward, "leakyReluBackward"),
  leakyReluBackward: backwardAlpha(Op.LeakyReluBackward),
  sigmoidForward: forward(Op.SigmoidForward, "sigmoidBackward", "y", "probabilities"),
  sigmoidBackward: backward(Op.SigmoidBackward, "y"),
  tanhForward: forward(Op.TanhForward, "tanhBackward", "y"),
  tanhBackward: backward(Op.TanhBackward, "y"),
  softplusForward: forward(Op.SoftplusForward, "softplusBackward", "x"),
  softplusBackward: backward(Op.SoftplusBackward, "x"),
  eluForward: forwardAlpha(Op.EluForward, "eluBackward"),
  eluBackward: backwardAlpha(Op.EluBackward),
  geluForward: forward(Op.GeluForward, "geluBackward", "x"),
  geluBackward: backward(Op.GeluBackward, "x"),
  geluTanhForward: forward(Op.GeluTanhForward, "geluTanhBackward", "x"),
  geluTanhBackward: backward(Op.GeluTanhBackward, "x"),
  siluForward: forward(Op.SiluForward, "siluBackward", "x"),
  siluBackward: backward(Op.SiluBackward, "x"),

  seluForward: forward(Op.SeluForward, "seluBackward", "y"),
  seluBackward: backward(Op.SeluBackward, "y"),
  celuForward: forwardAlpha(Op.CeluForward, "celuBackward"),
  celuBackward: backwardAlpha(Op.CeluBackward),
  mishForward: forward(Op.MishForward, "mishBackward", "x"),
  mishBackward: backward(Op.MishBackward, "x"),
  softsignForward: forward(Op.SoftsignForward, "softsignBackward", "x"),
  softsignBackward: backward(Op.SoftsignBackward, "x"),
  logSigmoidForward: forward(Op.LogSigmoidForward, "logSigmoidBackward", "x"),
  logSigmoidBackward: backward(Op.LogSigmoidBackward, "x"),
  hardSigmoidForward: forward(Op.HardSigmoidForward, "hardSigmoidBackward", "y", "probabilities"),
  hardSigmoidBackward: backward(Op.HardSigmoidBackward, "y"),
  hardSwishForward: forward(Op.HardSwishForward, "hardSwishBackward", "x"),
  hardSwishBackward: backward(Op.HardSwishBackward, "x"),
  hardTanhForward: forward(Op.HardTanhForward, "hardTanhBackward", "y"),
  hardTanhBackward: backward(Op.HardTanhBackward, "y"),
  relu6Forward: forward(Op.Relu6Forward, "relu6Backward", "y"),
  relu6Backward: backward(Op.Relu6Backward, "y"),

  /** y = exp(x - max) / sum of the same, over each row */
  softmaxForward: forwardRows(Op.SoftmaxForward, "softmaxBackward", "distributions"),
  /** dx = y·(dy - sum over the row of dy·y) */
  softmaxBackward: backwardRows(Op.SoftmaxBackward),
  /** y = x - max - log(sum over the row of exp(x - max)) */
  logSoftmaxForward: forwardRows(Op.LogSoftmaxForward, "logSoftmaxBackward", "numbers"),
  /** dx = dy - exp(y)·(sum over the row of dy) */
  logSoftmaxBackward: backwardRows(Op.LogSoftmaxBackward),

  /** y = scale·x where an element's random word is at least `threshold`, else 0: inverted dropout. Its gradient is itself,
   *  with the same random words: they depend on (seed, stream, step number, row, column) only, so no mask is stored. */
  dropout: op(() => ({
    code: Op.Dropout,
    operands: [
      write("y", byRows),
      read("x", byRows),
      scalar("seed", "u32"),
      scalar("stream", "u32"),
      scalar("threshold", "u32"),
      scalar("scale", "f32"),
      scalar("columns", "u32"),
      scalar("ld", "u32"),
      scalar("number", "stepU32"),
      scalar("end", "extent"),
    ],
    within: [["columns", "ld"]],
    vectors: ["ld"],
    split: Share.Rows,
    alias: [["y", "x"]],
    flops: (v) => v.end! * v.columns!,
    backward: (g, o) => g.contribute(o.x, (dx) => g.emit("dropout", { ...o, y: dx, x: g.gradient(o.y) })),
  })),
};
