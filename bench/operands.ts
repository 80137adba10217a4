// One kernel's operands in memory, laid out as the op table says, the same for WebAssembly and plain JavaScript; and the two calls.
// What a record holds for an op is what its kernel takes, so a new op needs nothing here to be timed.
import * as twins from "../build/js/dispatch.js";
import type { ArithmeticName } from "../src/arithmetic.js";
import { firstByte, page } from "../src/backends/arena.js";
import { builds, whyNot } from "../src/backends/builds.js";
import { isRevectorized } from "../src/backends/revectorizer.js";
import { setTile } from "../src/backends/tile.js";
import { type Views, viewsOf } from "../src/backends/views.js";
import { type OpName, specOf } from "../src/plan/ops.js";
import { accessOf, type TensorOperand, type Values } from "../src/plan/spec.js";
import { permutation } from "../src/random.js";

export interface Job {
  readonly op: OpName;
  /** Scalars by operand name, as the kernel gets them; 0 if left out. */
  readonly values: Values;
  /** Tensors with values in (0, 1), such as probabilities and variances; class ids, below `columns`. Others are in (-1, 1). */
  readonly positive?: readonly string[];
  readonly ids?: readonly string[];
  /** Optional tensors that are given; scratch always is. */
  readonly given?: readonly string[];
  /** gatherRows: rows to gather from, whose number the table leaves open. */
  readonly dataRows?: number;
}

export interface Calls {
  /** In relaxed arithmetic only where the engine has it. */
  readonly wasm: Partial<Readonly<Record<ArithmeticName, () => void>>>;
  readonly js: Readonly<Record<ArithmeticName, () => void>>;
  /** Bytes of tensors that a call reads and writes; scratch is left out. */
  readonly bytes: number;
  /** Bytes of memory that they lie in. */
  readonly span: number;
  readonly flops: number;
}

const BYTES = 64 * 2 ** 20;

type Kernels<First extends readonly unknown[]> = Record<OpName, (...args: [...First, ...number[]]) => void>;
/** A build's kernels, and the memory that they work in. */
interface Instance {
  readonly kernels: Kernels<[]>;
  readonly u8: Uint8Array;
}

async function instanceOf(arithmetic: ArithmeticName): Promise<Instance | undefined> {
  if (whyNot(arithmetic)) return undefined;
  const bytes = Buffer.from(await builds[arithmetic].load(), "base64");
  // V8 shares machine code between modules of the same bytes: an empty section named "r" tells one that is compiled anew from the first.
  const module = await WebAssembly.compile(isRevectorized() ? Buffer.concat([bytes, Uint8Array.of(0, 2, 1, 0x72)]) : bytes);
  const memory = new WebAssembly.Memory({ initial: BYTES / page });
  setTile(memory, arithmetic);
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  return { kernels: instance.exports as unknown as Kernels<[]>, u8: new Uint8Array(memory.buffer) };
}
let instances: Partial<Record<ArithmeticName, Instance>> | undefined;

/** The next job's kernels are compiled anew, as the revectorizer asks that was switched on in between. */
export function recompile(): void {
  instances = undefined;
}

const jsBuffer = new ArrayBuffer(BYTES);
const jsViews = { strict: viewsOf(jsBuffer, 0, BYTES), relaxed: viewsOf(jsBuffer, 0, BYTES, true) };

/** Lays the operands out from the memory's beginning on: what an earlier job had there is gone. */
export async function prepare(job: Job): Promise<Calls> {
  const { op, values, positive = [], ids = [], given = [], dataRows = 0 } = job;
  const spec = specOf(op);
  let at = firstByte;
  let bytes = 0;
  const reserve = (elements: number) => {
    const address = at;
    at = (at + elements * 4 + 15) & ~15;
    if (at > BYTES) throw new Error(`bench: ${op} needs more than ${BYTES} bytes`);
    return address;
  };
  const place = (operand: TensorOperand) => {
    const { name, span } = operand;
    const access = accessOf(operand, values);
    if (access === "scratch") return reserve(span!(values));
    if (operand.optional && !given.includes(name)) return 0;
    // Of gatherRows' data as much is read as is written.
    const touched = span ? span(values) : values.end! * values.words!;
    bytes += touched * 4 * (access === "update" ? 2 : 1);
    const address = reserve(span ? touched : dataRows * values.words!);
    const next = random();
    for (let i = address >> 2; i < at >> 2; ++i) {
      const uniform = next();
      if (ids.includes(name)) jsViews.strict.u32[i] = Math.floor(uniform * values.columns!);
      else jsViews.strict.f32[i] = positive.includes(name) ? uniform : 2 * uniform - 1;
    }
    return address;
  };
  const order = () => {
    const rows = new Uint32Array(dataRows);
    permutation(dataRows, 1, 0, rows);
    const address = reserve(values.end!);
    jsViews.strict.u32.set(rows.subarray(0, values.end!), address >> 2);
    return address;
  };
  const args = spec.operands.map((operand) => {
    if (operand.kind === "tensor") return place(operand);
    if (operand.kind === "stepAddress" || operand.kind === "stepStatus") return reserve(4);
    return operand.kind === "stepPointer" ? order() : (values[operand.name] ?? 0);
  });
  const laidOut = jsViews.strict.u8.subarray(firstByte, at);
  const list = [...args.slice(0, -1), 0, args.at(-1)!];
  instances ??= { strict: await instanceOf("strict"), relaxed: await instanceOf("relaxed") };
  for (const instance of Object.values(instances)) instance?.u8.set(laidOut, firstByte);
  const js = (twins as unknown as Kernels<[Views]>)[op];
  return {
    wasm: {
      strict: instances.strict?.kernels[op].bind(undefined, ...list),
      relaxed: instances.relaxed?.kernels[op].bind(undefined, ...list),
    },
    js: { strict: js.bind(undefined, jsViews.strict, ...list), relaxed: js.bind(undefined, jsViews.relaxed, ...list) },
    bytes,
    span: at - firstByte,
    flops: spec.flops(values),
  };
}

/** Numbers in (0, 1), the same every time: a linear congruential generator with the constants of Knuth and Lewis (Numerical Recipes, 7.1). */
function random(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
}
