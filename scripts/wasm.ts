// How a module is read: its sections, and where one instruction ends and the next begins (WebAssembly core specification 2.0, chapter 5, with
// relaxed SIMD and threads).

export enum Section {
  Type = 1,
  Import = 2,
  Function = 3,
  Global = 6,
  Export = 7,
  Start = 8,
  Code = 10,
  Data = 11,
}

export enum Code {
  Block = 0x02,
  Loop = 0x03,
  If = 0x04,
  End = 0x0b,
  Call = 0x10,
  CallIndirect = 0x11,
  LocalGet = 0x20,
  LocalSet = 0x21,
  F32Const = 0x43,
  Bulk = 0xfc,
  Vector = 0xfd,
  Atomic = 0xfe,
}

/** After `Code.Vector`. */
export enum VectorCode {
  Const = 12,
  F32x4Splat = 19,
}

export const V128 = 0x7b;

/** The number at `at` in LEB128, and where it ends. */
export function readCount(bytes: Uint8Array, at: number): readonly [count: number, end: number] {
  let count = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]!;
    count |= (byte & 0x7f) << shift;
    if (byte < 0x80) return [count >>> 0, at];
  }
}

export function countBytes(count: number): number[] {
  const bytes: number[] = [];
  for (; count >= 0x80; count >>>= 7) bytes.push((count & 0x7f) | 0x80);
  return [...bytes, count];
}

/** Bytes with their number before them. */
export function sized(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.from(countBytes(bytes.length)), bytes]);
}

/** `header`: with the section's number and size. */
export function* sectionsOf(
  module: Uint8Array,
): Generator<{ readonly id: Section; readonly bytes: Uint8Array; readonly header: Uint8Array }> {
  for (let at = 8; at < module.length; ) {
    const [size, begin] = readCount(module, at + 1);
    yield { id: module[at]!, bytes: module.subarray(begin, begin + size), header: module.subarray(at, begin) };
    at = begin + size;
  }
}

/** The parts of a section that is a list of sized parts, as that of the code is. */
export function partsOf(section: Uint8Array): Uint8Array[] {
  const [count, begin] = readCount(section, 0);
  let at = begin;
  return Array.from({ length: count }, () => {
    const [size, first] = readCount(section, at);
    at = first + size;
    return section.subarray(first, at);
  });
}

/** How many parameters each type of function has. */
export function parametersOf(types: Uint8Array): number[] {
  let [count, at] = readCount(types, 0);
  return Array.from({ length: count }, () => {
    if (types[at] !== 0x60) throw new Error(`type section: byte ${at} is ${types[at]}, expected a function's type`);
    const [parameters, first] = readCount(types, at + 1);
    const [results, last] = readCount(types, first + parameters);
    at = last + results;
    return parameters;
  });
}

/** Where the instruction at `at` ends. */
export function instructionEnd(bytes: Uint8Array, at: number): number {
  const code = bytes[at]!;
  const first = at + 1;
  // A block's type; br, br_if, call: an index.
  if ((code >= Code.Block && code <= Code.If) || code === 0x0c || code === 0x0d || code === Code.Call) return numbersEnd(bytes, first, 1);
  // br_table
  if (code === 0x0e) {
    const [targets, next] = readCount(bytes, first);
    return numbersEnd(bytes, next, targets + 1);
  }
  if (code === Code.CallIndirect) return numbersEnd(bytes, first, 2);
  // Of locals, globals and tables; loads and stores; memory.size, memory.grow, i32.const, i64.const.
  if (code >= Code.LocalGet && code <= 0x26) return numbersEnd(bytes, first, 1);
  if (code >= 0x28 && code <= 0x3e) return numbersEnd(bytes, first, 2);
  if (code >= 0x3f && code <= 0x42) return numbersEnd(bytes, first, 1);
  // select, where it says its type: that of vectors
  if (code === 0x1c) {
    const [types, next] = readCount(bytes, first);
    return next + types;
  }
  if (code === Code.F32Const) return first + 4;
  // f64.const
  if (code === 0x44) return first + 8;
  if (code === Code.Bulk) return bulkEnd(bytes, first);
  if (code === Code.Vector) return vectorEnd(bytes, first);
  if (code === Code.Atomic) {
    const [which, next] = readCount(bytes, first);
    // atomic.fence has a flag, all others have an address.
    return numbersEnd(bytes, next, which === 3 ? 1 : 2);
  }
  // unreachable, nop, else, end, return, drop, select; then all arithmetic.
  const plain = code <= 0x01 || code === 0x05 || code === Code.End || code === 0x0f || code === 0x1a || code === 0x1b;
  if (plain || (code >= 0x45 && code <= 0xc4)) return first;
  throw new Error(`code section: the instruction 0x${code.toString(16)} is not known`);
}

function numbersEnd(bytes: Uint8Array, at: number, count: number): number {
  for (let i = 0; i < count; ++i) {
    while (bytes[at]! >= 0x80) ++at;
    ++at;
  }
  return at;
}

/** Conversions, then memory.init, data.drop, memory.copy, memory.fill. */
function bulkEnd(bytes: Uint8Array, at: number): number {
  const [which, next] = readCount(bytes, at);
  if (which > 11) throw new Error(`code section: the instruction 0xfc ${which} is not known`);
  return numbersEnd(bytes, next, which <= 7 ? 0 : which === 8 || which === 10 ? 2 : 1);
}

function vectorEnd(bytes: Uint8Array, at: number): number {
  const [which, next] = readCount(bytes, at);
  // Constants and shuffles.
  if (which === VectorCode.Const || which === 13) return next + 16;
  // A lane's number; memory; both.
  if (which >= 21 && which <= 34) return next + 1;
  if (which <= 11 || which === 92 || which === 93) return numbersEnd(bytes, next, 2);
  if (which >= 84 && which <= 91) return numbersEnd(bytes, next, 2) + 1;
  return next;
}
