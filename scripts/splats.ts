// Rewrites a module's constant vectors, a quarter of the kernels' code. asc writes each as v128.const, 18 bytes, where for four equal lanes f32.const
// and f32x4.splat take 7 and give V8 the same three instructions. And it leaves them within loops, where V8 13 and later build them anew in
// every turn, two of the three on the only port that shuffles: tanh takes half as long again as with V8 11 and 12, which find out for
// themselves that they are the same in all turns. So they are built before the loop.
import {
  Code,
  countBytes,
  instructionEnd,
  parametersOf,
  partsOf,
  readCount,
  Section,
  sectionsOf,
  sized,
  V128,
  VectorCode,
} from "./wasm.js";

/** The same module with constant vectors built before loops, and as splats where they can be. */
export function rewriteConstants(module: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = [module.subarray(0, 8)];
  let parameters: number[] = [];
  let types: number[] = [];
  for (const { id, bytes, header } of sectionsOf(module)) {
    if (id === Section.Type) parameters = parametersOf(bytes);
    if (id === Section.Function) types = countsIn(bytes);
    if (id === Section.Code) {
      const functions = partsOf(bytes);
      const bodies = functions.map((body, i) => sized(rewriteBody(body, parameters[types[i]!]!)));
      out.push(Uint8Array.of(id), sized(Buffer.concat([Uint8Array.from(countBytes(functions.length)), ...bodies])));
    } else out.push(header, bytes);
  }
  return Uint8Array.from(Buffer.concat(out));
}

function countsIn(section: Uint8Array): number[] {
  let [length, at] = readCount(section, 0);
  return Array.from({ length }, () => {
    const [count, end] = readCount(section, at);
    at = end;
    return count;
  });
}

interface Loop {
  /** Its first instruction and its last. */
  readonly begin: number;
  end: number;
  /** A call would have what is kept in registers stored and read again. */
  calls: boolean;
}

function rewriteBody(body: Uint8Array, parameters: number): Uint8Array {
  const [groups, firstGroup] = readCount(body, 0);
  let at = firstGroup;
  let variables = parameters;
  for (let i = 0; i < groups; ++i) {
    const [count, type] = readCount(body, at);
    variables += count;
    at = type + 1;
  }
  const begins: number[] = [];
  const firstInstruction = at;
  for (; at < body.length; at = instructionEnd(body, at)) begins.push(at);

  /** The variable that holds a constant. */
  const held = new Map<string, number>();
  const constants = begins.map((begin) => constantAt(body, begin));
  const out: Uint8Array[] = [];
  let loops = hoistable(body, begins);
  for (let i = 0; i < begins.length; ++i) {
    const [loop] = loops;
    if (loop?.begin === i)
      for (const constant of new Set(constants.slice(loop.begin, loop.end))) {
        if (constant === undefined) continue;
        if (!held.has(constant)) held.set(constant, variables + held.size);
        out.push(codeOf(constant), Uint8Array.of(Code.LocalSet, ...countBytes(held.get(constant)!)));
      }
    const constant = constants[i];
    if (constant === undefined) out.push(body.subarray(begins[i]!, begins[i + 1]));
    else if (loop && i > loop.begin) out.push(Uint8Array.of(Code.LocalGet, ...countBytes(held.get(constant)!)));
    else out.push(codeOf(constant));
    if (loop?.end === i) loops = loops.slice(1);
  }
  const added = held.size > 0 ? [...countBytes(held.size), V128] : [];
  const locals = [...countBytes(groups + (held.size > 0 ? 1 : 0)), ...body.subarray(firstGroup, firstInstruction), ...added];
  return Buffer.concat([Uint8Array.from(locals), ...out]);
}

/** The outermost loops that call nothing, in order. */
function hoistable(body: Uint8Array, begins: readonly number[]): Loop[] {
  const loops: Loop[] = [];
  /** Blocks that are open, of which loops are given. */
  const open: (Loop | undefined)[] = [];
  begins.forEach((begin, i) => {
    const code = body[begin];
    if (code === Code.Loop) {
      const loop = { begin: i, end: i, calls: false };
      loops.push(loop);
      open.push(loop);
    } else if (code === Code.Block || code === Code.If) open.push(undefined);
    else if (code === Code.End) {
      const closed = open.pop();
      if (closed) closed.end = i;
    } else if (code === Code.Call || code === Code.CallIndirect) for (const loop of open) if (loop) loop.calls = true;
  });
  let free = 0;
  return loops.filter(({ begin, end, calls }) => {
    if (calls || begin < free) return false;
    free = end;
    return true;
  });
}

/** The instruction that makes a vector, as text, if there is a constant at `at`; V8 has better ways to make 0 and all bits set, which stay. */
function constantAt(bytes: Uint8Array, at: number): string | undefined {
  if (bytes[at] !== Code.Vector || bytes[at + 1] !== VectorCode.Const) return undefined;
  const lanes = bytes.subarray(at + 2, at + 18);
  if (lanes.every((byte) => byte === lanes[0]) && (lanes[0] === 0 || lanes[0] === 0xff)) return undefined;
  const isSplat = lanes.every((byte, i) => byte === lanes[i & 3]);
  return String.fromCharCode(
    ...(isSplat ? [Code.F32Const, ...lanes.subarray(0, 4), Code.Vector, VectorCode.F32x4Splat] : bytes.subarray(at, at + 18)),
  );
}

function codeOf(constant: string): Uint8Array {
  return Uint8Array.from(constant, (unit) => unit.charCodeAt(0));
}
