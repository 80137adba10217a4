// Where a training step's time goes. The interpreter is stepped through the plan, each record a plan of its own, so every instruction
// runs on what the one before it left, in the caches as they are in a step; the network's parameters and state are put back.
import { Op } from "../../assembly/opcodes.js";
import type { BackendInfo } from "../backends/backend.js";
import { checkCount, checkNumber, checkOptions } from "../checks.js";
import type { Plan } from "../compile.js";
import type { Data, Ports } from "../data/data.js";
import { type Samples, weightedOutputs } from "../data/samples.js";
import { BackendError } from "../errors.js";
import { targetShape } from "../losses/loss.js";
import type { Model } from "../model.js";
import { type Cost, costOf } from "../plan/cost.js";
import { shownOp } from "../plan/explain.js";
import { specOf } from "../plan/ops.js";
import { type Phase, valuesOf } from "../plan/program.js";
import { aligned, product } from "../plan/tensor.js";
import { stageInOrder } from "../single.js";
import { showText } from "./inspect.js";
import { cut } from "./wrap.js";

export interface ProfileOptions {
  /** rows of the step; default 32, or all of the data's if those are fewer */
  readonly batchSize?: number | undefined;
  /** how long to measure, about; the first half warms up; default 500 */
  readonly milliseconds?: number | undefined;
}

/** One instruction of the plan, in a batch of the profile's size. */
export interface ProfiledInstruction extends Cost {
  /** The layer that asked for it, or `input`, `loss`, `optimizer`. */
  readonly layer: string;
  readonly phase: Phase;
  /** Its op, and the activation that it applies to its result: `gemm + reluForward`. */
  readonly op: string;
  readonly nanoseconds: number;
  /** Of all instructions' time, 0 … 1; they add up to 1. */
  readonly share: number;
  /** 10^9 operations a second; 0 of what only moves data */
  readonly gflops: number;
  /** 10^9 bytes a second */
  readonly gigabytesPerSecond: number;
}

export interface Profile {
  readonly backend: BackendInfo["name"];
  /** of the batch */
  readonly rows: number;
  /** In the plan's order. */
  readonly instructions: readonly ProfiledInstruction[];
  /** All instructions', each timed alone. */
  readonly nanoseconds: number;
  /** The same step in one call, as `fit` runs it. */
  readonly stepNanoseconds: number;
  /** A table of at most 80 columns. */
  toString(): string;
}

export function completeProfile(options: ProfileOptions): Required<ProfileOptions> {
  checkOptions("profile", options, ["batchSize", "milliseconds"]);
  const { batchSize = 32, milliseconds = 500 } = options;
  checkCount("profile: batchSize", batchSize);
  checkNumber("profile: milliseconds", milliseconds, { above: 0 });
  return { batchSize, milliseconds };
}

/** Rows that the network can take, where the user gave none: inputs in [0, 1), one-hot rows or class ids. */
export function madeUp({ inputs, outputs }: Ports, rows: number): Data {
  // Multiples of the golden ratio modulo 1 have no period that columns could share.
  const fill = (count: number) => Float32Array.from({ length: count }, (_, i) => (i * 0.6180339887498949) % 1);
  const targetsOf = ({ shape, loss }: Ports["outputs"][number]) => {
    const wanted = targetShape(shape, loss);
    const length = rows * product(wanted);
    if (loss.targets === "ids") return Uint32Array.from({ length }, (_, i) => i % (shape.at(-1) ?? 1));
    const columns = wanted.at(-1)!;
    return Float32Array.from({ length }, (_, i) => Number(Math.floor(i / columns) % Math.max(columns, 2) === i % columns));
  };
  return {
    inputs: Object.fromEntries(inputs.map(({ name, shape }) => [name, fill(rows * product(shape))])),
    targets: Object.fromEntries(outputs.map((output) => [output.name, targetsOf(output)])),
  };
}

/** Rounds of which each instruction's median counts, at least: an interruption spoils one. */
const ROUNDS = 9;

/** @param number of the step that it repeats, from 1 on @param samples all rows are one batch */
export function profileOf(model: Model, samples: Samples, number: number, milliseconds: number): Profile {
  checkClock();
  const { rows } = samples;
  const plan = model.plan("train", { capacity: rows, orderRows: rows }, weightedOutputs(samples));
  const pieces = [...writePieces(model, plan), plan.address];
  model.claim({});
  stageInOrder(model.region.views(), plan, samples);
  const backup = model.backup();
  try {
    const views = model.region.views();
    const write = () => model.writeStep(plan, views, 0, rows, number, samples);
    const round = (steps: number) => timeSteps(model, plan, pieces, write, steps);
    const begun = performance.now();
    const elapsed = () => performance.now() - begun;
    let steps = 0;
    // Optimised code comes after some calls, in the background.
    for (let batch = 1; elapsed() < milliseconds / 2; batch *= 2) {
      round(batch);
      steps += batch;
      model.restore(backup);
    }
    const each = Math.max(1, Math.floor(steps / ROUNDS));
    const rounds: Float64Array[] = [];
    while (rounds.length < ROUNDS || elapsed() < milliseconds) {
      rounds.push(round(each));
      model.restore(backup);
    }
    return summarize(
      model,
      plan,
      rows,
      number,
      pieces.map((_, i) => median(rounds.map((times) => times[i]!))),
    );
  } finally {
    model.restore(backup);
  }
}

/** Cloudflare Workers let no time pass while code runs: no milliseconds would ever be over there. Other clocks move on within 100 ms. */
function checkClock(): void {
  const begun = performance.now();
  for (let looks = 0; looks < 1e7; ++looks) if (performance.now() > begun) return;
  throw new BackendError("profile: the clock, performance.now(), stands still while code runs here, so that nothing can be timed");
}

/** Lays every record out as a plan of its own, beyond all that the plan uses. @returns addresses: of an empty plan, twice, then of each record */
function writePieces(model: Model, plan: Plan): number[] {
  const end = [Op.End, 2];
  const words: number[] = [...end];
  const begins = [0, 0];
  for (let pc = 0; plan.words[pc] !== Op.End; pc += plan.words[pc + 1]!) {
    begins.push(words.length);
    words.push(...plan.words.subarray(pc, pc + plan.words[pc + 1]!), ...end);
  }
  const at = aligned(plan.end);
  model.region.reserve(at + words.length * 4);
  model.region.views().u32.set(words, at >> 2);
  return begins.map((begin) => at + begin * 4);
}

/** @param write writes the step's record @returns mean milliseconds of each piece; the last is the step as a whole */
function timeSteps({ region }: Model, { table, layout }: Plan, pieces: readonly number[], write: () => void, steps: number): Float64Array {
  const times = new Float64Array(pieces.length);
  const { stride } = layout;
  const last = pieces.length - 1;
  for (let i = 0; i < steps; ++i) {
    write();
    let before = performance.now();
    for (let p = 0; p < last; ++p) {
      region.run(pieces[p]!, table, stride, 1);
      const now = performance.now();
      times[p]! += now - before;
      before = now;
    }
    write();
    before = performance.now();
    region.run(pieces[last]!, table, stride, 1);
    times[last]! += performance.now() - before;
  }
  return times.map((sum) => sum / steps);
}

function median(values: readonly number[]): number {
  return values.slice().sort((a, b) => a - b)[values.length >> 1]!;
}

/** @param number of the step that was timed @param times milliseconds: of a call with nothing in it, twice, of each instruction's, of the whole step's */
function summarize(model: Model, { program }: Plan, rows: number, number: number, times: readonly number[]): Profile {
  // A call and the clock take their time in every measurement. What comes first finds cold caches, and begins with a call of the clock that may
  // not be optimised as the others are: it is not what they are compared with.
  const [, call, ...rest] = times.map((time) => time * 1e6);
  const spent = rest.map((time) => Math.max(0, time - call!));
  const stepNanoseconds = spent.pop()!;
  const nanoseconds = spent.reduce((sum, time) => sum + time, 0);
  const instructions = program.instructions.map((instruction, i): ProfiledInstruction => {
    const { layer, phase } = instruction;
    const cost = specOf(instruction.op).rests?.(valuesOf(instruction, rows), number) ? { flops: 0, bytes: 0 } : costOf(instruction, rows);
    const time = spent[i]!;
    const rate = (count: number) => (time > 0 ? count / time : 0);
    return {
      layer,
      phase,
      op: shownOp(instruction),
      nanoseconds: time,
      share: time / (nanoseconds || 1),
      ...cost,
      gflops: rate(cost.flops),
      gigabytesPerSecond: rate(cost.bytes),
    };
  });
  const { name: backend } = model.region.backend;
  const profile = { backend, rows, instructions, nanoseconds, stepNanoseconds };
  const table = () => tableOf(profile);
  return showText({ ...profile }, table);
}

function tableOf({ backend, rows, instructions, nanoseconds, stepNanoseconds }: Omit<Profile, "toString">): string {
  const line = (layer: string, op: string, ...numbers: readonly string[]) =>
    `${cut(layer, 14).padEnd(14)} ${cut(op, 29).padEnd(29)}${numbers.map((text) => text.padStart(9)).join("")}`;
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const shown = (rate: number) => (rate > 0 ? threeDigits(rate) : "");
  return [
    `a training step of ${rows} rows on ${backend}: ${shownTime(stepNanoseconds)}, ${Math.round((rows / stepNanoseconds) * 1e9)} rows/s`,
    line("layer", "op", "share", "time", "GFLOP/s", "GB/s"),
    ...instructions.map((one) =>
      line(one.layer, one.op, percent(one.share), shownTime(one.nanoseconds), shown(one.gflops), shown(one.gigabytesPerSecond)),
    ),
    line("all", "", percent(1), shownTime(nanoseconds)),
  ]
    .map((text) => text.trimEnd())
    .join("\n");
}

function shownTime(nanoseconds: number): string {
  const [unit, size] = nanoseconds >= 999.5e3 ? ["ms", 1e6] : nanoseconds >= 999.5 ? ["µs", 1e3] : ["ns", 1];
  return `${threeDigits(nanoseconds / size)} ${unit}`;
}

function threeDigits(value: number): string {
  return value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2);
}
