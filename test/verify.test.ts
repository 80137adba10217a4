// Faults planted in plans, which the verifier must find. A fault is planted in the words, in the addresses (the words then agree with
// them), or in the program (then words and program agree, and only what memory holds can tell).
import { describe, expect, test } from "vitest";
import { Step } from "../assembly/opcodes.js";
import type { Plan, Purpose } from "../src/compile.js";
import { PlanError } from "../src/errors.js";
import { adam, categoricalCrossEntropy, dense, dropout, meanSquaredError, network, sgd } from "../src/index.js";
import { assemble } from "../src/plan/assemble.js";
import { BARRIER_RECORD, LONGEST_RECORD, type OpName, ops, specOf } from "../src/plan/ops.js";
import type { Instruction, Program } from "../src/plan/program.js";
import type { Tensor } from "../src/plan/tensor.js";
import { verify } from "../src/plan/verify.js";
import { cases } from "./cases.js";
import { composedCases } from "./composed.js";
import { modelOf } from "./internals.js";

const capacity = 4;

const net = await network({
  input: 5,
  layers: [
    dense(6, { activation: "relu", name: "first" }),
    dropout(0.25),
    dense(6, { activation: "tanh", name: "second" }),
    dense(6, { name: "third" }),
  ],
  loss: categoricalCrossEntropy({ fromLogits: true }),
  optimizer: adam({ clip: { type: "globalNorm", value: 1 }, ema: { decay: 0.9 } }),
  metrics: ["accuracy"],
  seed: 1,
  backend: "js",
});
const plans = Object.fromEntries(
  (["train", "evaluate", "predict", "trace"] as const).map((purpose) => [
    purpose,
    modelOf(net).plan(purpose, { capacity, orderRows: capacity }),
  ]),
) as unknown as Record<Purpose, Plan>;
const { train, predict } = plans;
/** Updates its parameters in stretches. */
const grouped: Plan = modelOf(
  await network({
    input: 4,
    layers: [dense(4, { name: "first" }), dense(4, { name: "second" })],
    loss: meanSquaredError(),
    optimizer: sgd({ momentum: 0.9, groups: [{ match: "first.*", learningRateFactor: 0.5 }] }),
    seed: 1,
    backend: "js",
  }),
).plan("train", { capacity, orderRows: capacity });

type Changes = Partial<Pick<Plan, "program" | "addresses" | "words" | "slabs" | "reserved">> & { readonly capacity?: number };

function check(plan: Plan, changes: Changes = {}): void {
  const { program, addresses, slabs, reserved } = { ...plan, ...changes };
  const words = changes.words ?? assemble(program, addresses);
  verify(words, { program, addresses, slabs, reserved, capacity: changes.capacity ?? capacity, stride: plan.layout.stride });
}

// ---- finding things in a plan

function indexOf(plan: Plan, op: OpName, layer = ""): number {
  const found = plan.program.instructions.findIndex((instruction) => instruction.op === op && instruction.layer.includes(layer));
  if (found < 0) throw new Error(`no ${op} of ${layer}`);
  return found;
}

function operand(plan: Plan, op: OpName, name: string, layer = ""): Tensor {
  return plan.program.instructions[indexOf(plan, op, layer)]!.operands[name] as Tensor;
}

function parameter(name: string): Tensor {
  return train.program.parameters.find((tensor) => tensor.name === name)!;
}

/** Where an operand's word is in the plan. */
function wordOf(plan: Plan, op: OpName, name: string, layer = ""): number {
  let pc = 0;
  for (const instruction of plan.program.instructions.slice(0, indexOf(plan, op, layer))) pc += specOf(instruction.op).operands.length + 2;
  return pc + 2 + specOf(op).operands.findIndex((o) => o.name === name);
}

// ---- planting

function withWord(plan: Plan, at: number, value: number): Changes {
  const words = plan.words.slice();
  words[at] = value;
  return { words };
}

function withWords(plan: Plan, edit: (words: number[]) => void): Changes {
  const words = [...plan.words];
  edit(words);
  return { words: Uint32Array.from(words) };
}

function moved(plan: Plan, ...moves: readonly (readonly [Tensor, number])[]): Changes {
  return { addresses: new Map([...plan.addresses, ...moves]) };
}

function withInstructions(plan: Plan, edit: (instructions: Instruction[]) => void): { readonly program: Program } {
  const instructions = [...plan.program.instructions];
  edit(instructions);
  return { program: { ...plan.program, instructions } };
}

function withOperand(plan: Plan, op: OpName, layer: string, changes: Instruction["operands"]): { readonly program: Program } {
  return withInstructions(plan, (instructions) => {
    const at = indexOf(plan, op, layer);
    instructions[at] = { ...instructions[at]!, operands: { ...instructions[at]!.operands, ...changes } };
  });
}

const address = (plan: Plan, tensor: Tensor) => plan.addresses.get(tensor)!;

describe("a plan as it was compiled", () => {
  test.each(Object.entries(plans))("for %s is accepted", (_, plan) => {
    expect(() => check(plan)).not.toThrow();
  });
});

const hidden = operand(train, "gemm", "c", "first");
const secondOut = operand(train, "gemm", "c", "second");
const firstWeight = parameter("first.weight");
const secondWeight = parameter("second.weight");
const thirdWeight = parameter("third.weight");
const gradientOf = (tensor: Tensor) => train.program.gradients.get(tensor)!;

const faults: readonly (readonly [name: string, plan: Plan, changes: () => Changes, message: RegExp])[] = [
  // ---- the words disagree with the program
  ["an opcode that is another op's", train, () => withWord(train, 0, 3), /record 0 .*opcode is 3/],
  ["an opcode that is no op's", train, () => withWord(train, 0, 999), /opcode is 999/],
  ["a length that would make the interpreter read operands as opcodes", train, () => withWord(train, 1, 6), /length is 6/],
  ["an End in the middle", train, () => withWord(train, 0, 0), /opcode is 0/],
  [
    "an address that is another tensor's",
    train,
    () => withWord(train, wordOf(train, "gemm", "a", "second"), address(train, firstWeight)),
    /a is at \d+, but .* lies at/,
  ],
  [
    "two operands in each other's place",
    train,
    () =>
      withWords(train, (words) => {
        const [a, b] = [wordOf(train, "gemm", "a"), wordOf(train, "gemm", "b")];
        [words[a], words[b]] = [words[b]!, words[a]!];
      }),
    /a is at/,
  ],
  ["a wrong stride", train, () => withWord(train, wordOf(train, "gemm", "lda"), 12), /lda is 12, expected 8/],
  ["a count that forgets it is per row", train, () => withWord(train, wordOf(train, "gemm", "end"), 1), /end is 1, expected 2147483649/],
  ["another immediate", train, () => withWord(train, wordOf(train, "dropout", "scale"), 0), /scale is 0/],
  ["an operand where there is none", train, () => withWord(train, wordOf(train, "adamStep", "vMax"), 64), /vMax is at 64, expected none/],
  [
    "a field of the step's record that is another one",
    train,
    () => withWord(train, wordOf(train, "reduceLoss", "lossScale"), train.layout.losses[0]!.loss),
    /lossScale is 40, expected 32/,
  ],
  ["a record left out", train, () => withWords(train, (words) => words.splice(0, words[1]!)), /record \d+ .*(opcode|length|is at)/],
  ["a record twice", train, () => withWords(train, (words) => words.unshift(...words.slice(0, words[1]!))), /record 1 /],
  ["no End", train, () => ({ words: train.words.slice(0, -2) }), /does not end here/],
  ["an End of another length", train, () => withWord(train, train.words.length - 1, 3), /does not end here/],
  ["words after End", train, () => withWords(train, (words) => words.push(0, 2)), /does not end here/],
  ["no words at all", train, () => ({ words: new Uint32Array() }), /opcode is undefined/],

  // ---- the program is wrong, and the words agree with it: fields of the step's record
  ["a result beyond the step's record", train, () => withOperand(train, "reduceLoss", "", { out: train.layout.stride - 4 }), /out is byte/],
  ["a result across two fields", train, () => withOperand(train, "reduceLoss", "", { out: Step.End + 4 }), /out is byte/],
  ["a result in place of the number of rows", train, () => withOperand(train, "reduceLoss", "", { out: Step.Rows }), /out is byte 0/],
  ["row numbers where no address is", train, () => withOperand(train, "gatherRows", "", { order: Step.Number }), /order is byte 8/],
  ["a status that is no status word", train, () => withOperand(train, "reduceLoss", "", { status: Step.Rows }), /status is byte 0/],

  // ---- the addresses are wrong, and the words agree with them
  [
    "two tensors in one place while both are needed",
    train,
    () => moved(train, [secondOut, address(train, hidden)]),
    /overlaps|overwritten/,
  ],
  ["a tensor reaching a little into another", train, () => moved(train, [secondOut, address(train, hidden) + 16]), /overlaps|overwritten/],
  [
    "an output on an input where the op does not allow it",
    predict,
    () => {
      const [c, a] = [operand(predict, "gemm", "c", "second"), operand(predict, "gemm", "a", "second")];
      return moved(predict, [c, address(predict, a)]);
    },
    /c overlaps a/,
  ],
  [
    "an elementwise output shifted against its input",
    plans.trace,
    () => {
      const [y, x] = [operand(plans.trace, "reluForward", "y"), operand(plans.trace, "reluForward", "x")];
      return moved(plans.trace, [y, address(plans.trace, x) + 16]);
    },
    /y overlaps x/,
  ],
  ["an address that is no multiple of 16", train, () => moved(train, [hidden, address(train, hidden) + 4]), /expected a multiple of 16/],
  ["a tensor before its slab", train, () => moved(train, [hidden, train.slabs.workspace[0] - 16]), /outside its slab/],
  ["a tensor beyond its slab", train, () => moved(train, [hidden, train.slabs.workspace[1] - 16]), /outside its slab/],
  ["a workspace tensor among the parameters", train, () => moved(train, [hidden, address(train, firstWeight)]), /outside its slab/],
  ["a tensor at 0, where nothing lies", train, () => moved(train, [hidden, 0]), /outside its slab/],
  [
    "two gradients in each other's place",
    train,
    () => {
      const [a, b] = [gradientOf(secondWeight), gradientOf(thirdWeight)];
      return moved(train, [a, address(train, b)], [b, address(train, a)]);
    },
    /second.weight.grad is at \d+, expected/,
  ],
  [
    "two parameters in each other's place",
    predict,
    () => {
      const [a, b] = predict.program.parameters.filter(({ shape }) => shape.join() === "6,6") as [Tensor, Tensor];
      return moved(predict, [a, address(predict, b)], [b, address(predict, a)]);
    },
    /second.weight is at \d+, expected/,
  ],
  [
    "a slab as a whole elsewhere than its parts",
    train,
    () => moved(train, [operand(train, "adamStep", "g"), address(train, operand(train, "adamStep", "g")) + 16]),
    /gradients is at \d+, expected \d+, where first.weight.grad lies/,
  ],
  [
    "a stretch of parameters with another one's gradients",
    grouped,
    () => {
      const [first, second] = grouped.program.instructions.filter(({ op }) => op === "sgdMomentumStep");
      return withInstructions(grouped, (list) => {
        list[list.indexOf(first!)] = { ...first!, operands: { ...first!.operands, g: second!.operands.g! } };
      });
    },
    /g and w are of other parameters|w and g are of other parameters/,
  ],
  [
    "optimizer state of a stretch that is out of step with its parameters",
    grouped,
    () => {
      const stretch = grouped.program.instructions.findLast(({ op }) => op === "sgdMomentumStep")!.operands.v as Tensor;
      return moved(grouped, [stretch, address(grouped, stretch) - 16]);
    },
    /velocity is at \d+, expected a whole number of/,
  ],
  [
    "optimizer state that is out of step with the parameters",
    train,
    () => moved(train, [operand(train, "adamStep", "v"), address(train, operand(train, "adamStep", "v")) + 16]),
    /v is at \d+, expected a whole number of/,
  ],
  [
    "two pieces of optimizer state in one place",
    train,
    () => moved(train, [operand(train, "adamStep", "v"), address(train, operand(train, "adamStep", "m"))]),
    /v overlaps m/,
  ],
  [
    "pieces of optimizer state that no instruction names together in one place",
    train,
    () => moved(train, [operand(train, "emaStep", "average"), address(train, operand(train, "adamStep", "m"))]),
    /ema overlaps m/,
  ],
  [
    "staged inputs on staged targets",
    train,
    () => moved(train, [train.feeds[1]!.staged, address(train, train.feeds[0]!.staged)]),
    /data.target overlaps data.input|data.input overlaps data.target/,
  ],
  [
    "row numbers that no instruction names on staged inputs",
    train,
    () => moved(train, [train.order!, address(train, train.feeds[0]!.staged)]),
    /overlaps/,
  ],
  ["staged data beyond its slab", train, () => moved(train, [train.order!, train.slabs.staging[1]]), /order is at/],
  [
    "slabs that overlap",
    train,
    () => ({ slabs: { ...train.slabs, slot: [train.slabs.slot[0], train.slabs.slot[1] + 64] } }),
    /gradient overlaps slot/,
  ],
  [
    "a workspace that reaches into the step records",
    train,
    () => ({ slabs: { ...train.slabs, workspace: [train.table, train.slabs.workspace[1]] } }),
    /overlaps/,
  ],
  [
    "a batch larger than the plan was laid out for",
    train,
    () => ({ capacity: 2 * capacity }),
    /outside its slab|overlaps|overwritten|staged data/,
  ],

  // ---- the program is wrong, and the words agree with it
  [
    "a record left out whose result is read",
    train,
    () => withInstructions(train, (list) => list.splice(indexOf(train, "gemm", "second"), 1)),
    /reads second\.\w+, which this step has not written/,
  ],
  [
    "a record after one that reads its result",
    train,
    () =>
      withInstructions(train, (list) =>
        list.splice(indexOf(train, "gemm", "first"), 0, ...list.splice(indexOf(train, "gemm", "second"), 1)),
      ),
    /a reads dropout_1.dropped, which this step has not written/,
  ],
  [
    "a gradient that nothing computes",
    train,
    () => withInstructions(train, (list) => list.splice(indexOf(train, "gemmTransposedA", "first"), 1)),
    /g reads gradients, which this step has not written/,
  ],
  [
    "a first contribution to a gradient that adds",
    train,
    () => withOperand(train, "gemmTransposedA", "first", { start: 1 }),
    /c reads first.weight.grad, which this step has not written/,
  ],
  [
    "a write to staged data",
    plans.trace,
    () => withOperand(plans.trace, "reluForward", "first", { y: plans.trace.feeds[0]!.staged }),
    /y writes the staged data/,
  ],
  [
    "a parameter written before the update",
    train,
    () => withOperand(train, "gemmTransposedA", "second", { c: secondWeight }),
    /c writes second.weight, which only an update may/,
  ],
  [
    "operands of other shapes in each other's place",
    train,
    () => {
      const { a, b } = train.program.instructions[indexOf(train, "gemm", "first")]!.operands;
      return withOperand(train, "gemm", "first", { a: b, b: a });
    },
    /spans \d+ elements of/,
  ],
  ["a stride wider than the tensor's", train, () => withOperand(train, "gemm", "first", { ldc: 64 }), /c spans 256 elements of/],
  [
    "rows longer than the way to the next row",
    train,
    () => withOperand(train, "gemmTransposedA", "first", { n: 100 }),
    /n is 100, more than ldc, 8/,
  ],
  [
    "a reader of more than was written",
    train,
    () => withOperand(train, "dropout", "dropout", { end: { perRow: 0.5 } as never }),
    /reads .*, which this step has not written/,
  ],
  [
    "rows of targets that are no whole vectors",
    train,
    () => withOperand(train, "categoricalCrossEntropyLogits", "", { ldt: 6 }),
    /ldt is 6, expected a multiple of 4/,
  ],
  [
    "a tensor whose rows are no whole vectors, and all that names it agrees",
    predict,
    () => {
      const wide = predict.predictions[0]!;
      const narrow: Tensor = { ...wide, stride: 6 };
      const { program } = withOperand(predict, "gemm", "third", { c: narrow, ldc: 6 });
      return { program: { ...program, results: [narrow] }, ...moved(predict, [narrow, address(predict, wide)]) };
    },
    /ldc is 6, expected a multiple of 4/,
  ],
  ["a missing operand that the op needs", train, () => withOperand(train, "gemm", "first", { a: undefined }), /a is missing/],
  [
    "a result that nothing computes",
    predict,
    () => withInstructions(predict, (list) => list.pop()),
    /third\.\w+ is to be read after the step/,
  ],
];

describe("the verifier finds", () => {
  test.each(faults)("%s", (_, plan, changes, message) => {
    expect(() => check(plan, changes())).toThrow(PlanError);
    expect(() => check(plan, changes())).toThrow(message);
  });

  test("a result that something else lies on at the end", () => {
    const other: Tensor = { ...predict.predictions[0]!, name: "other" };
    const { program } = withInstructions(predict, (list) =>
      list.push({ op: "fill", operands: { y: other, value: 0, end: { perRow: other.stride } }, layer: "after", phase: "forward" }),
    );
    expect(() => check(predict, { program, ...moved(predict, [other, address(predict, predict.predictions[0]!)]) })).toThrow(
      /is not there any more/,
    );
  });

  test("a product that must pack and has no memory for it", async () => {
    const wide = await network({ input: 64, layers: [dense(64), dense(64)], loss: meanSquaredError(), seed: 1, backend: "js" });
    const plan = modelOf(wide).plan("train", { capacity: 64 });
    const packs = plan.program.instructions.find(({ operands }) => operands.scratch)!;
    const { program } = withInstructions(plan, (list) => {
      list[list.indexOf(packs)] = { ...packs, operands: { ...packs.operands, scratch: undefined } };
    });
    expect(() => check(plan, { program, capacity: 64 })).toThrow(/scratch is missing, \d+ elements are needed/);
  });
});

test.each([...cases, ...composedCases])(
  "$name: the verifier asks of every stride that kernels take for whole vectors that it is",
  async (given) => {
    const model = modelOf(await network({ ...given.options, backend: "js" }));
    for (const purpose of ["train", "predict"] as const) {
      const plan = model.plan(purpose, { capacity: given.batch });
      plan.program.instructions.forEach((instruction, at) => {
        for (const stride of specOf(instruction.op).vectors ?? []) {
          const { program } = withInstructions(plan, (list) => {
            list[at] = { ...instruction, operands: { ...instruction.operands, [stride]: (instruction.operands[stride] as number) + 2 } };
          });
          expect(() => check(plan, { program, capacity: given.batch })).toThrow(new RegExp(`${stride} is \\d+, expected a multiple of 4`));
        }
      });
    }
  },
);

test("no op's record is longer than what plans' room is measured in", () => {
  const words = (Object.keys(ops) as OpName[]).map((name) => 2 + specOf(name).operands.length);
  expect(Math.max(...words)).toBe(LONGEST_RECORD);
  expect(2 + specOf("barrier").operands.length).toBe(BARRIER_RECORD);
});
