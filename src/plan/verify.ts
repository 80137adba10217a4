// Proves a plan safe and true to its program for every batch of up to `capacity` rows, from its words: kernels check nothing.
// It knows nothing of how addresses were chosen. It follows memory symbolically: which tensor does each byte range hold now?
// Spans only grow with the rows, and share their beginning, so what holds at capacity holds below. What a step's record holds (rows, row
// numbers, where they begin) is JavaScript's to write, and not seen here.
import { Op, Step } from "../../assembly/opcodes.js";
import { PlanError } from "../errors.js";
import { extentWord, floatWord } from "./assemble.js";
import { specOf } from "./ops.js";
import { type Instruction, isTensor, type Program, valuesOf } from "./program.js";
import { collide, EVERYONE, type Touch, touchesOf } from "./shares.js";
import { type Access, accessOf, type RecordOperand, type ScalarKind, stepFieldBytes, type TensorOperand } from "./spec.js";
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

/** A tensor operand of a record, and the bytes that it touches. */
interface Touched {
  readonly operand: TensorOperand;
  readonly tensor: Tensor;
  readonly access: Access;
  readonly begin: number;
  readonly end: number;
}

/** @throws {PlanError} naming the record and what is wrong with it */
export function verify(words: Uint32Array, options: VerifyOptions): void {
  checkLayout(options);
  const memory = new Memory(options);
  const races = new Races(options);
  let pc = 0;
  let index = 0;
  let instruction: Instruction;
  const fail = (what: string): never => {
    throw new PlanError(`record ${index} (${instruction.op} of ${instruction.layer}): ${what}`);
  };
  for (instruction of options.program.instructions) {
    const touched = checkRecord(words, pc, instruction, options, fail);
    checkOverlaps(touched, instruction, fail);
    memory.check(touched, fail);
    races.check(instruction, fail);
    pc += 2 + specOf(instruction.op).operands.length;
    ++index;
  }
  races.end();
  if (words[pc] !== Op.End || words[pc + 1] !== 2 || words.length !== pc + 2)
    throw new PlanError(`word ${pc}: the plan does not end here with End`);
  memory.end();
}

type Fail = (what: string) => never;

/** The record's words are the instruction's, and what they touch lies within tensors and slabs. @returns its tensors */
function checkRecord(words: Uint32Array, pc: number, instruction: Instruction, options: VerifyOptions, fail: Fail): Touched[] {
  const { slabs, capacity, threads = 1 } = options;
  const { code, operands, within = [], vectors = [] } = specOf(instruction.op);
  if (words[pc] !== code) fail(`opcode is ${words[pc]}, expected ${code}`);
  if (words[pc + 1] !== operands.length + 2) fail(`length is ${words[pc + 1]}, expected ${operands.length + 2}`);
  const values = valuesOf(instruction, capacity);
  for (const [count, stride] of within)
    if (values[count]! > values[stride]!) fail(`${count} is ${values[count]}, more than ${stride}, ${values[stride]}`);
  for (const stride of vectors)
    if (values[stride]! % 4 !== 0) fail(`${stride} is ${values[stride]}, expected a multiple of 4: its rows are whole vectors`);

  const touched: Touched[] = [];
  let at = pc + 2;
  for (const operand of operands) {
    const begin = words[at++]!;
    checkWord(operand, instruction, begin, options, fail);
    if (operand.kind !== "tensor") continue;
    const tensor = instruction.operands[operand.name];
    const access = accessOf(operand, values);
    if (!isTensor(tensor)) {
      const needed = access === "scratch" ? (operand.span?.(values) ?? 0) : 0;
      if (needed > 0) fail(`${operand.name} is missing, ${needed} elements are needed`);
      continue;
    }
    const has = size(tensor, capacity);
    const elements = operand.span ? operand.span(values) : has;
    // Of several threads each has working memory of its own, one after the other.
    const spread = access === "scratch" ? (threads - 1) * tensor.stride : 0;
    if (spread > 0 && elements > tensor.stride) fail(`${operand.name} spans ${elements} elements, each thread has ${tensor.stride}`);
    if (spread + elements > has) fail(`${operand.name} spans ${spread + elements} elements of ${tensor.name}, which has ${has}`);
    const end = begin + (spread + elements) * 4;
    const [low, high] = slabs[tensor.slab];
    if (begin < low || end > high) fail(`${operand.name} is bytes [${begin}, ${end}), outside its slab [${low}, ${high})`);
    touched.push({ operand, tensor, access, begin, end });
  }
  return touched;
}

/** What an instruction writes may be written by it, and is nothing else of its own but what the op allows. */
function checkOverlaps(touched: readonly Touched[], instruction: Instruction, fail: Fail): void {
  let stretch: Touched | undefined;
  for (const one of touched) {
    if (one.tensor.offset === undefined) continue;
    stretch ??= one;
    if (one.tensor.offset !== stretch.tensor.offset) fail(`${one.operand.name} and ${stretch.operand.name} are of other parameters`);
  }
  const { alias = [] } = specOf(instruction.op);
  for (const a of touched) {
    if (a.access === "read") continue;
    const { slab, name } = a.tensor;
    if (slab === "staging") fail(`${a.operand.name} writes the staged data`);
    if ((slab === "parameter" || slab === "slot") && instruction.phase !== "update")
      fail(`${a.operand.name} writes ${name}, which only an update may`);
    for (const b of touched) {
      if (a === b || a.begin >= b.end || b.begin >= a.end) continue;
      const [x, y] = [a.operand.name, b.operand.name];
      const allowed = alias.some(([output, input]) => output === x && input === y);
      if (!allowed || a.begin !== b.begin || a.end !== b.end) fail(`${x} overlaps ${y}`);
    }
  }
}

/** Follows memory symbolically: which tensor does each byte range hold now? */
class Memory {
  /** At most once each. Gone through by number: a loop that is not optimised yet makes an object of each turn of an iterator. */
  private readonly held: Held[] = [];

  constructor(private readonly options: VerifyOptions) {}

  check(touched: readonly Touched[], fail: Fail): void {
    for (const { operand, tensor, begin, end, access } of touched) {
      if (access === "write" || access === "scratch" || this.holds(tensor, end - begin)) continue;
      fail(`${operand.name} reads ${tensor.name}, which this step has not written, or has overwritten`);
    }
    for (const one of touched) if (one.access !== "read") this.write(one);
  }

  /** What is to be read after the step is there. */
  end(): void {
    const { program, capacity } = this.options;
    for (const tensor of program.results)
      if (!this.holds(tensor, evaluate(elements(tensor), capacity) * 4))
        throw new PlanError(`${tensor.name} is to be read after the step, but is not there any more`);
  }

  private write({ tensor, begin, end, access }: Touched): void {
    // A slab written as a whole holds its parts still.
    const { parts } = tensor;
    let present = false;
    let kept = 0;
    for (let i = 0; i < this.held.length; ++i) {
      const other = this.held[i]!;
      const apart = other.end <= begin || other.begin >= end;
      if (!apart && !(access === "update" && other.tensor === tensor) && !parts?.includes(other.tensor)) continue;
      if (other.tensor === tensor) present = true;
      this.held[kept++] = other;
    }
    this.held.length = kept;
    if (access !== "scratch" && !present) this.held.push({ tensor, begin, end });
  }

  /** Are the tensor's first so many bytes there? Parameters, slots and staged data are before the step begins; the rest must have been
   *  written in it. */
  private holds(tensor: Tensor, bytes: number): boolean {
    const { addresses, capacity } = this.options;
    if (tensor.slab === "staging" || tensor.slab === "parameter" || tensor.slab === "slot") return true;
    if (tensor.parts) return tensor.parts.every((part) => this.holds(part, evaluate(elements(part), capacity) * 4));
    const begin = addresses.get(tensor);
    for (let i = this.held.length; i-- > 0; ) {
      const other = this.held[i]!;
      if (other.tensor === tensor) return other.begin === begin && other.end - other.begin >= bytes;
    }
    return false;
  }
}

/** Proves that no thread touches what another may be writing: all that lies between two barriers may happen at once. One thread needs none. */
class Races {
  private since: Touch[] = [];
  private met = true;

  constructor(private readonly options: VerifyOptions) {}

  check(instruction: Instruction, fail: Fail): void {
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

/** What lasts beyond an instruction lies apart: slabs, what JavaScript stages, the optimizer's slots, and in their slabs, one after
 *  another, parameters and their gradients, so that an optimizer's i-th element is the same parameter's in all of them. */
function checkLayout({ program, addresses, slabs, reserved, capacity }: VerifyOptions): void {
  checkApart(Object.entries({ ...slabs, ...reserved }));
  const within = (slab: Slab) => [...addresses].filter(([tensor]) => tensor.slab === slab);
  const rangesOf = (tensors: readonly (readonly [Tensor, number])[]) =>
    tensors.map(([tensor, begin]) => [tensor.name, [begin, begin + size(tensor, capacity) * 4]] as const);
  const staged = within("staging");
  checkApart(rangesOf(staged));
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
  checkApart(rangesOf(within("slot")));
}

function checkApart(ranges: readonly (readonly [name: string, range: Range])[]): void {
  const sorted = ranges.filter(([, [begin, end]]) => end > begin).sort(([, [a]], [, [b]]) => a - b);
  sorted.forEach(([name, [begin]], i) => {
    const [before, [, end]] = sorted[i - 1] ?? ["", [0, 0]];
    if (begin < end) throw new PlanError(`${name} overlaps ${before}`);
  });
}

/** Where in a step's record what is written, or is an address, may be; numbers may be read anywhere. */
function fieldRange(kind: ScalarKind, stride: number): Range {
  if (kind === "stepPointer") return [Step.Order, Step.Order + 4];
  if (kind === "stepStatus") return [Step.Status, Step.Status + 4];
  return [kind === "stepAddress" ? Step.Penalty : 0, stride];
}

function checkWord(operand: RecordOperand, instruction: Instruction, word: number, options: VerifyOptions, fail: Fail): void {
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
  const width = stepFieldBytes[operand.kind];
  const [from, to] = fieldRange(operand.kind, options.stride);
  if (width !== undefined && (word % width !== 0 || word < from || word + width > to))
    fail(`${operand.name} is byte ${word} of a step record of ${options.stride}`);
  const expected =
    operand.kind === "extent" ? extentWord(value as Extent) : operand.kind === "f32" ? floatWord(value as number) : (value as number) >>> 0;
  if (word !== expected) fail(`${operand.name} is ${word}, expected ${expected}`);
}
