// Proves a plan safe and true to its program for every batch of up to `capacity` rows, from its words: kernels check nothing.
// It knows nothing of how addresses were chosen. It follows memory symbolically: which tensor does each byte range hold now?
// Spans only grow with the rows, and share their beginning, so what holds at capacity holds below. What a step's record holds (rows, row
// numbers, where they begin) is JavaScript's to write, and not seen here.
import { Op, Step } from "../../assembly/opcodes.js";
import { PlanError } from "../errors.js";
import { extentWord, floatWord } from "./assemble.js";
import { opNames, specOf } from "./ops.js";
import { type Instruction, isTensor, type Program, valuesOf } from "./program.js";
import { collide, EVERYONE, type Touch, touchesOf } from "./shares.js";
import { accessOf, type Operand, type ScalarKind } from "./spec.js";
import { type Extent, elements, evaluate, type Slab, size, type Tensor } from "./tensor.js";

/** Bytes [begin, end). */
export type Range = readonly [begin: number, end: number];

export interface VerifyOptions {
  readonly program: Program;
  readonly addresses: ReadonlyMap<Tensor, number>;
  /** Where in the region tensors of each slab lie. */
  readonly slabs: Readonly<Record<Slab, Range>>;
  /** What else lies in the region and is nobody's to write: plans, the table of step records. */
  readonly reserved: Readonly<Record<string, Range>>;
  readonly capacity: number;
  /** Bytes of a step record. */
  readonly stride: number;
  /** that may run it together, at most; default 1 */
  readonly threads?: number;
}

interface Held {
  readonly tensor: Tensor;
  readonly begin: number;
  readonly end: number;
}

/** @throws {PlanError} naming the record and what is wrong with it */
export function verify(words: Uint32Array, options: VerifyOptions): void {
  const { program, slabs, capacity, threads = 1 } = options;
  checkLayout(options);
  const races = new Races(options);
  let held: Held[] = [];
  let pc = 0;

  program.instructions.forEach((instruction, index) => {
    const fail = (what: string): never => {
      throw new PlanError(`record ${index} (${instruction.op} of ${instruction.layer}): ${what}`);
    };
    const { operands, within = [], alias = [] } = specOf(instruction.op);
    if (opNames.get(words[pc]!) !== instruction.op) fail(`opcode is ${words[pc]}, expected ${specOf(instruction.op).code}`);
    if (words[pc + 1] !== operands.length + 2) fail(`length is ${words[pc + 1]}, expected ${operands.length + 2}`);
    for (const [i, operand] of operands.entries()) checkWord(operand, instruction, words[pc + 2 + i]!, options, fail);

    const values = valuesOf(instruction, capacity);
    for (const [count, stride] of within)
      if (values[count]! > values[stride]!) fail(`${count} is ${values[count]}, more than ${stride}, ${values[stride]}`);
    const touched = operands.flatMap((operand, i) => {
      const tensor = instruction.operands[operand.name];
      if (operand.kind !== "tensor") return [];
      if (!isTensor(tensor)) {
        const needed = operand.access === "scratch" ? (operand.span?.(values) ?? 0) : 0;
        if (needed > 0) fail(`${operand.name} is missing, ${needed} elements are needed`);
        return [];
      }
      const begin = words[pc + 2 + i]!;
      const elements = operand.span ? operand.span(values) : size(tensor, capacity);
      // Of several threads each has working memory of its own, one after the other.
      const spread = operand.access === "scratch" ? (threads - 1) * tensor.stride : 0;
      if (spread > 0 && elements > tensor.stride) fail(`${operand.name} spans ${elements} elements, each thread has ${tensor.stride}`);
      if (spread + elements > size(tensor, capacity))
        fail(`${operand.name} spans ${spread + elements} elements of ${tensor.name}, which has ${size(tensor, capacity)}`);
      const end = begin + (spread + elements) * 4;
      const [low, high] = slabs[tensor.slab];
      if (begin < low || end > high) fail(`${operand.name} is bytes [${begin}, ${end}), outside its slab [${low}, ${high})`);
      return [{ operand, tensor, begin, end, access: accessOf(operand, values) }];
    });

    const stretches = touched.filter(({ tensor }) => tensor.offset !== undefined);
    for (const { operand, tensor } of stretches)
      if (tensor.offset !== stretches[0]!.tensor.offset) fail(`${operand.name} and ${stretches[0]!.operand.name} are of other parameters`);

    for (const { operand, tensor, begin, end, access } of touched) {
      if (access === "write" || access === "scratch" || holds(held, tensor, end - begin, options)) continue;
      fail(`${operand.name} reads ${tensor.name}, which this step has not written, or has overwritten`);
    }
    for (const a of touched) {
      if (a.access === "read") continue;
      if (a.tensor.slab === "staging") fail(`${a.operand.name} writes the staged data`);
      if ((a.tensor.slab === "parameter" || a.tensor.slab === "slot") && instruction.phase !== "update")
        fail(`${a.operand.name} writes ${a.tensor.name}, which only an update may`);
      for (const b of touched) {
        if (a === b || a.begin >= b.end || b.begin >= a.end) continue;
        const allowed = alias.some(
          ([x, y]) => (x === a.operand.name && y === b.operand.name) || (y === a.operand.name && x === b.operand.name),
        );
        if (!allowed || a.begin !== b.begin || a.end !== b.end) fail(`${a.operand.name} overlaps ${b.operand.name}`);
      }
    }
    for (const { tensor, begin, end, access } of touched) {
      if (access === "read") continue;
      // A slab written as a whole holds its parts still.
      const parts = tensor.parts ?? [];
      held = held.filter(
        (other) =>
          other.end <= begin || other.begin >= end || (access === "update" && other.tensor === tensor) || parts.includes(other.tensor),
      );
      if (access !== "scratch" && !held.some((other) => other.tensor === tensor)) held.push({ tensor, begin, end });
    }
    races.check(instruction, fail);
    pc += operands.length + 2;
  });
  races.end();

  if (words[pc] !== Op.End || words[pc + 1] !== 2 || words.length !== pc + 2)
    throw new PlanError(`word ${pc}: the plan does not end here with End`);
  for (const tensor of program.results)
    if (!holds(held, tensor, evaluate(elements(tensor), capacity) * 4, options))
      throw new PlanError(`${tensor.name} is to be read after the step, but is not there any more`);
}

/** Proves that no thread touches what another may be writing: all that lies between two barriers may happen at once. One thread needs none. */
class Races {
  private since: Touch[] = [];
  private met = true;

  constructor(private readonly options: VerifyOptions) {}

  check(instruction: Instruction, fail: (what: string) => never): void {
    const { threads = 1, addresses, capacity } = this.options;
    this.met = instruction.op === "barrier";
    if (threads === 1) {
      if (this.met) fail("one thread has nobody to wait for");
      return;
    }
    if (this.met) this.since = [];
    for (const touch of touchesOf(instruction, addresses, capacity)) {
      if (touch.writes && touch.owners === EVERYONE) fail(`${touch.operand} is written by every thread`);
      const other = this.since.find((earlier) => collide(earlier, touch));
      if (other)
        fail(`${touch.operand}, ${touch.owners}, races with ${other.operand}, ${other.owners}, which no barrier separates from it`);
      this.since.push(touch);
    }
  }

  end(): void {
    if ((this.options.threads ?? 1) > 1 && !this.met)
      throw new PlanError("the plan does not end with a barrier: the next step races with it");
  }
}

/** Are the tensor's first so many bytes there? Parameters, slots and staged data are before the step begins; the rest must have been
 *  written in it. */
function holds(held: readonly Held[], tensor: Tensor, bytes: number, options: VerifyOptions): boolean {
  if (tensor.slab === "staging" || tensor.slab === "parameter" || tensor.slab === "slot") return true;
  if (tensor.parts) return tensor.parts.every((part) => holds(held, part, evaluate(elements(part), options.capacity) * 4, options));
  const begin = options.addresses.get(tensor);
  return held.some((other) => other.tensor === tensor && other.begin === begin && other.end - other.begin >= bytes);
}

/** What lasts beyond an instruction lies apart: slabs, what JavaScript stages, and in their slabs, one after another, parameters and
 *  their gradients, so that an optimizer's i-th element is the same parameter's in all of them. */
function checkLayout({ program, addresses, slabs, reserved, capacity }: VerifyOptions): void {
  checkApart(Object.entries({ ...slabs, ...reserved }));
  const staged = [...addresses].filter(([tensor]) => tensor.slab === "staging");
  checkApart(staged.map(([tensor, begin]) => [tensor.name, [begin, begin + size(tensor, capacity) * 4]]));
  for (const [tensor, begin] of staged) {
    const [low, high] = slabs.staging;
    if (begin % 16 !== 0 || begin < low || begin + size(tensor, capacity) * 4 > high)
      throw new PlanError(`${tensor.name} is at ${begin}, expected a multiple of 16 within the staged data [${low}, ${high})`);
  }

  let offset = 0;
  for (const parameter of program.parameters) {
    const gradient = program.gradients.get(parameter);
    for (const tensor of gradient ? [parameter, gradient] : [parameter]) {
      const expected = slabs[tensor.slab][0] + offset;
      if (addresses.get(tensor) !== expected)
        throw new PlanError(`${tensor.name} is at ${addresses.get(tensor)}, expected ${expected}, after the one before it`);
    }
    offset += size(parameter, 0) * 4;
  }
  for (const [tensor, begin] of addresses) {
    const first = tensor.parts?.[0];
    if (first && begin !== addresses.get(first))
      throw new PlanError(`${tensor.name} is at ${begin}, expected ${addresses.get(first)}, where ${first.name} lies`);
    if (tensor.slab === "slot" && (begin - slabs.slot[0] - (tensor.offset ?? 0) * 4) % offset !== 0)
      throw new PlanError(
        `${tensor.name} is at ${begin}, expected a whole number of ${offset} bytes from ${slabs.slot[0] + (tensor.offset ?? 0) * 4} on`,
      );
  }
}

function checkApart(ranges: readonly (readonly [name: string, range: Range])[]): void {
  const sorted = ranges.filter(([, [begin, end]]) => end > begin).sort(([, [a]], [, [b]]) => a - b);
  sorted.forEach(([name, [begin]], i) => {
    const [before, [, end]] = sorted[i - 1] ?? ["", [0, 0]];
    if (begin < end) throw new PlanError(`${name} overlaps ${before}`);
  });
}

/** What a field of the step's record is, by kind of operand: its width in bytes. */
const fieldBytes: Partial<Record<ScalarKind, number>> = { stepU32: 4, stepF32: 4, stepF64: 8, stepAddress: 4, stepPointer: 4 };

function checkWord(operand: Operand, instruction: Instruction, word: number, options: VerifyOptions, fail: (what: string) => never): void {
  const value = instruction.operands[operand.name];
  if (operand.kind === "tensor") {
    if (!isTensor(value)) {
      if (!operand.optional) fail(`${operand.name} is missing`);
      if (word !== 0) fail(`${operand.name} is at ${word}, expected none`);
      return;
    }
    if (word !== options.addresses.get(value))
      fail(`${operand.name} is at ${word}, but ${value.name} lies at ${options.addresses.get(value)}`);
    if (word % 16 !== 0) fail(`${operand.name} is at ${word}, expected a multiple of 16`);
    return;
  }
  const width = fieldBytes[operand.kind];
  if (width !== undefined && (word % width !== 0 || word + width > options.stride || word < Step.Rows))
    fail(`${operand.name} is byte ${word} of a step record of ${options.stride}`);
  const expected =
    operand.kind === "extent" ? extentWord(value as Extent) : operand.kind === "f32" ? floatWord(value as number) : (value as number) >>> 0;
  if (word !== expected) fail(`${operand.name} is ${word}, expected ${expected}`);
}
