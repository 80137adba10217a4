// One kernel's operands in memory, laid out as the op table says, the same for WebAssembly and plain JavaScript; and the two calls.
// What a record holds for an op is what its kernel takes, so a new op needs nothing here to be timed.
import { readFileSync } from "node:fs";
import { instantiateSync } from "@assemblyscript/loader";
import { sourceOf } from "../scripts/generate.js";
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
  readonly wasm: () => void;
  readonly js: () => void;
  /** Bytes of tensors that a call reads and writes; scratch is left out. */
  readonly bytes: number;
  /** Bytes of memory that they lie in. */
  readonly span: number;
  readonly flops: number;
}

const BYTES = 64 * 2 ** 20;
/** As in a plan, address 0 means "left out". */
const FIRST = 65_536;

const memory = new WebAssembly.Memory({ initial: BYTES / 65_536 });
const { instance } = instantiateSync(new WebAssembly.Module(readFileSync("build/strict.wasm")), { env: { memory } });
const wasmKernels = instance.exports as unknown as Record<OpName, (...args: number[]) => void>;
const [wasmViews, jsViews] = [viewsOf(memory.buffer, 0, BYTES), viewsOf(new ArrayBuffer(BYTES), 0, BYTES)];

/** Lays the operands out from the memory's beginning on: what an earlier job had there is gone. */
export async function prepare(job: Job): Promise<Calls> {
  const { op, values, positive = [], ids = [], given = [], dataRows = 0 } = job;
  const spec = specOf(op);
  let at = FIRST;
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
      if (ids.includes(name)) wasmViews.u32[i] = Math.floor(uniform * values.columns!);
      else wasmViews.f32[i] = positive.includes(name) ? uniform : 2 * uniform - 1;
    }
    return address;
  };
  const order = () => {
    const rows = new Uint32Array(dataRows);
    permutation(dataRows, 1, 0, rows);
    const address = reserve(values.end!);
    wasmViews.u32.set(rows.subarray(0, values.end!), address >> 2);
    return address;
  };
  const args = spec.operands.map((operand) => {
    if (operand.kind === "tensor") return place(operand);
    if (operand.kind === "stepAddress") return reserve(4);
    return operand.kind === "stepPointer" ? order() : (values[operand.name] ?? 0);
  });
  jsViews.u8.set(wasmViews.u8.subarray(0, at));

  const list = [...args.slice(0, -1), 0, args.at(-1)!];
  const twins: Record<string, (views: Views, ...args: number[]) => void> = await import(`../src/backends/kernels/${sourceOf(op)}.js`);
  const [wasm, js] = [wasmKernels[op], twins[op]!];
  return {
    wasm: wasm.bind(undefined, ...list),
    js: js.bind(undefined, jsViews, ...list),
    bytes,
    span: at - FIRST,
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
