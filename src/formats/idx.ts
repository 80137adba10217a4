// The IDX file format: two zero bytes, a type, the number of dimensions, the dimensions, the elements; all big-endian.
// Specification: http://yann.lecun.com/exdb/mnist/, "The IDX file format".
import { bytesOf, viewOf } from "../bytes.js";
import { checkText } from "../checks.js";
import { FormatError } from "../errors.js";

export interface Idx {
  readonly type: "uint8" | "int8" | "int16" | "int32" | "float32" | "float64";
  readonly shape: readonly number[];
  /** Row-major, as many as the shape has places. */
  readonly values: Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;
}

const types = {
  8: { type: "uint8", array: Uint8Array, read: "getUint8" },
  9: { type: "int8", array: Int8Array, read: "getInt8" },
  11: { type: "int16", array: Int16Array, read: "getInt16" },
  12: { type: "int32", array: Int32Array, read: "getInt32" },
  13: { type: "float32", array: Float32Array, read: "getFloat32" },
  14: { type: "float64", array: Float64Array, read: "getFloat64" },
} as const;

/** Reads an IDX file, as MNIST's. Nothing is allocated that the file does not fill.
 *  @param given the file's bytes @param name of the file, for messages
 *  @returns shape and values; uint8 values share memory with what was given
 *  @throws {FormatError} bytes that are no IDX file, or more or fewer than its header promises; the message begins with `name`;
 *    {OptionError} a name that is no text */
export function parseIdx(given: Uint8Array | ArrayBuffer, name = "IDX file"): Idx {
  checkText("parseIdx: name", name);
  const bytes = bytesOf(name, given);
  const view = viewOf(bytes);
  if (bytes.length < 4) throw new FormatError(`${name}: ${bytes.length} bytes, too few for an IDX header`);
  const magic = view.getUint32(0);
  const code = (magic >> 8) & 0xff;
  if (magic >>> 16 !== 0 || !isType(code)) {
    const known = Object.entries(types).map(([key, { type }]) => `${Number(key).toString(16).padStart(2, "0")} ${type}`);
    throw new FormatError(
      `${name}: begins with 0x${magic.toString(16).padStart(8, "0")}, no IDX file (0x0000, then a type: ${known.join(", ")})`,
    );
  }

  const dimensions = magic & 0xff;
  const header = 4 + 4 * dimensions;
  if (dimensions === 0) throw new FormatError(`${name}: has no dimensions, expected at least 1`);
  if (bytes.length < header) throw new FormatError(`${name}: ${bytes.length} bytes, too few for a header of ${dimensions} dimensions`);
  const shape = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  const { type, array, read } = types[code];
  const count = shape.reduce((product, size) => product * size, 1);
  const size = array.BYTES_PER_ELEMENT;
  const [got, wanted] = [bytes.length - header, count * size];
  if (got !== wanted)
    throw new FormatError(
      `${name}: ${got} bytes after the header, expected ${wanted}, [${shape.join(", ")}] of ${type}: ${got < wanted ? "truncated" : "too long"}`,
    );

  if (array === Uint8Array) return { type, shape, values: new Uint8Array(bytes.buffer, bytes.byteOffset + header, count) };
  const values = new array(count);
  for (let i = 0; i < count; ++i) values[i] = view[read](header + i * size);
  return { type, shape, values };
}

function isType(code: number): code is keyof typeof types {
  return code in types;
}
