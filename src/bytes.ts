// Bytes: those of files as users give them, and those that numbers are made of.
import { isBytes, isDetached, isList, kindOf, shown } from "./checks.js";
import { FormatError } from "./errors.js";

/** Advice for what has the bytes, or says where they are. */
function sourceOf(given: unknown): string {
  if (typeof given === "string") return "; await readFile(path) of node:fs/promises gives them, in a page await response.arrayBuffer()";
  const hasThem = typeof (given as { readonly arrayBuffer?: unknown } | null | undefined)?.arrayBuffer === "function";
  return hasThem ? "; await its arrayBuffer() gives them" : "";
}

/** A file's bytes as whatever read it gives them: a Uint8Array or a Buffer, or an ArrayBuffer, as fetch. Nothing is copied.
 *  @throws {FormatError} what are none, or have been transferred elsewhere */
export function bytesOf(who: string, given: unknown): Uint8Array {
  if (isBytes(given) && isList(given)) return given;
  const buffer = given !== null && typeof given === "object" && kindOf(given) === "ArrayBuffer" ? (given as ArrayBuffer) : undefined;
  if (buffer && !isDetached({ buffer })) return new Uint8Array(buffer);
  throw new FormatError(`${who}: got ${shown(given)}, expected a Uint8Array or an ArrayBuffer of the file's bytes${sourceOf(given)}`);
}

/** For numbers at any place in them, whatever its alignment. */
export function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** The memory of float32 numbers, which is little-endian, as that of every platform with WebAssembly. Nothing is copied. */
export function memoryOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
