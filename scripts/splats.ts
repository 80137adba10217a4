// Makes a WebAssembly module smaller: asc writes a vector of four equal constants as v128.const, 18 bytes, where f32.const and
// f32x4.splat take 7 and give V8 the same three instructions. A quarter of the kernels' code is such constants.

const CODE = 10;
const V128_CONST = [0xfd, 0x0c] as const;
const F32_CONST = 0x43;
const F32X4_SPLAT = [0xfd, 0x13] as const;

/** The number at `at` in LEB128, and where it ends. */
function readCount(bytes: Uint8Array, at: number): readonly [count: number, end: number] {
  let count = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]!;
    count |= (byte & 0x7f) << shift;
    if (byte < 0x80) return [count >>> 0, at];
  }
}

function countBytes(count: number): number[] {
  const bytes: number[] = [];
  for (; count >= 0x80; count >>>= 7) bytes.push((count & 0x7f) | 0x80);
  return [...bytes, count];
}

const sized = (bytes: readonly number[]): number[] => [...countBytes(bytes.length), ...bytes];

/** Whether a v128.const of equal lanes begins at `at`. V8 has better ways to make 0 and all bits set, which stay. */
function isSplat(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] !== V128_CONST[0] || bytes[at + 1] !== V128_CONST[1] || at + 18 > bytes.length) return false;
  const lanes = bytes.subarray(at + 2, at + 18);
  if (lanes.every((byte) => byte === lanes[0]) && (lanes[0] === 0 || lanes[0] === 0xff)) return false;
  return lanes.every((byte, i) => byte === lanes[i & 3]);
}

/** A function's body with its constants written as splats. An operand that looked like such a constant would need the same four bytes four
 *  times in a row, which none has: what is told apart is the whole of the 18 bytes. */
function withSplats(body: Uint8Array): number[] {
  const out: number[] = [];
  for (let at = 0; at < body.length; )
    if (isSplat(body, at)) {
      out.push(F32_CONST, ...body.subarray(at + 2, at + 6), ...F32X4_SPLAT);
      at += 18;
    } else out.push(body[at++]!);
  return out;
}

/** The same module with constants of equal lanes as splats. */
export function shrinkConstants(module: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = [...module.subarray(0, 8)];
  for (let at = 8; at < module.length; ) {
    const id = module[at]!;
    const [size, begin] = readCount(module, at + 1);
    const end = begin + size;
    if (id !== CODE) out.push(...module.subarray(at, end));
    else {
      let [functions, next] = readCount(module, begin);
      const code = countBytes(functions);
      for (; functions > 0; --functions) {
        const [length, first] = readCount(module, next);
        next = first + length;
        code.push(...sized(withSplats(module.subarray(first, next))));
      }
      out.push(CODE, ...sized(code));
    }
    at = end;
  }
  return Uint8Array.from(out);
}
