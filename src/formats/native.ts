// The native file: magic, version, a JSON header, parameters as float32 little-endian, and a SHA-256 of everything before it.
//
//   0   8 bytes   "chainrul"
//   8   u32       version, 1
//   12  u32       bytes of the header, padded with spaces so that data begins at a multiple of 16
//   16  header    { definition, parameters: [{ name, shape }] }
//   …   data      the parameters' elements, in the header's order, unpadded
//   end 32 bytes  SHA-256 of all bytes before
import { shown } from "../checks.js";
import { FormatError } from "../errors.js";
import { product } from "../plan/tensor.js";
import { Sha256 } from "../sha256.js";

const MAGIC = "chainrul";
const VERSION = 1;
const DIGEST = 32;

export interface StoredParameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export interface StoredNetwork {
  readonly definition: unknown;
  readonly parameters: readonly StoredParameter[];
}

const encoder = new TextEncoder();

export function encode({ definition, parameters }: StoredNetwork): Uint8Array {
  const json = encoder.encode(JSON.stringify({ definition, parameters: parameters.map(({ name, shape }) => ({ name, shape })) }));
  const headerBytes = ((16 + json.length + 15) & ~15) - 16;
  const dataBytes = parameters.reduce((sum, { values }) => sum + values.length * 4, 0);
  const bytes = new Uint8Array(16 + headerBytes + dataBytes + DIGEST);
  const view = new DataView(bytes.buffer);
  bytes.set(encoder.encode(MAGIC));
  view.setUint32(8, VERSION, true);
  view.setUint32(12, headerBytes, true);
  bytes.fill(0x20, 16, 16 + headerBytes);
  bytes.set(json, 16);
  let at = 16 + headerBytes;
  for (const { values } of parameters) for (const value of values) view.setFloat32((at += 4) - 4, value, true);
  bytes.set(new Sha256().update(bytes.subarray(0, -DIGEST)).digest(), bytes.length - DIGEST);
  return bytes;
}

/** @throws {FormatError} for a foreign, newer, truncated or altered file */
export function decode(bytes: Uint8Array): StoredNetwork {
  if (!(bytes instanceof Uint8Array))
    throw new FormatError(`saved network: got ${shown(bytes)}, expected a Uint8Array of the file's bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 16 + DIGEST || new TextDecoder().decode(bytes.subarray(0, 8)) !== MAGIC)
    throw new FormatError(`saved network: ${bytes.length} bytes that do not begin with "${MAGIC}", expected a file written by save()`);
  const version = view.getUint32(8, true);
  if (version !== VERSION) throw new FormatError(`saved network: format version ${version}, this chainrule reads version ${VERSION}`);
  const expected = new Sha256().update(bytes.subarray(0, -DIGEST)).digest();
  if (!expected.every((byte, i) => byte === bytes[bytes.length - DIGEST + i]))
    throw new FormatError("saved network: its SHA-256 does not match its content: the file is damaged or was cut short");

  const headerBytes = view.getUint32(12, true);
  const begin = 16 + headerBytes;
  const end = bytes.length - DIGEST;
  if (begin > end) throw new FormatError(`saved network: a header of ${headerBytes} bytes in a file of ${bytes.length}`);
  const header = parse(bytes.subarray(16, begin));
  let at = begin;
  const parameters = header.parameters.map(({ name, shape }) => {
    const count = product(shape);
    if (at + count * 4 > end) throw new FormatError(`saved network: ${name} [${shape.join(", ")}] reaches past the end of the file`);
    const values = Float32Array.from({ length: count }, (_, i) => view.getFloat32(at + i * 4, true));
    at += count * 4;
    return { name, shape, values };
  });
  if (at !== end) throw new FormatError(`saved network: ${end - at} bytes belong to no parameter`);
  return { definition: header.definition, parameters };
}

function parse(json: Uint8Array): { definition: unknown; parameters: readonly { name: string; shape: readonly number[] }[] } {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch (cause) {
    throw new FormatError("saved network: the header is no JSON", { cause });
  }
  const { definition, parameters } = (header ?? {}) as Record<string, unknown>;
  const good =
    Array.isArray(parameters) &&
    parameters.every(
      (p) =>
        typeof p?.name === "string" && Array.isArray(p.shape) && p.shape.every((n: unknown) => Number.isInteger(n) && (n as number) > 0),
    );
  if (!good || typeof definition !== "object" || definition === null)
    throw new FormatError("saved network: the header lacks definition or parameters");
  return { definition, parameters };
}
