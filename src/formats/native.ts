// The native file: magic, version, a JSON header, parameters as float32 little-endian, and a SHA-256 of everything before it.
//
//   0   8 bytes   "chainrul"
//   8   u32       version, 1
//   12  u32       bytes of the header, padded with spaces so that data begins at a multiple of 16
//   16  header    { definition, parameters: [{ name, shape }], training?, scalers?, classes?, attached? }
//   …   data      the elements of parameters, then of training.tensors, in the header's order, unpadded
//   end 32 bytes  SHA-256 of all bytes before
import { bytesOf, memoryOf, viewOf } from "../bytes.js";
import { FormatError } from "../errors.js";
import { product } from "../plan/tensor.js";
import { Sha256 } from "../sha256.js";
import { fromUtf8, toUtf8 } from "../utf8.js";

const MAGIC = "chainrul";
const VERSION = 1;
const DIGEST = 32;

export interface StoredParameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** What a run needs to go on: JSON, and tensors beside it (the optimizer's state, callbacks' arrays). */
export interface StoredTraining {
  readonly json: unknown;
  readonly tensors: readonly StoredParameter[];
}

export interface StoredNetwork {
  readonly definition: unknown;
  readonly parameters: readonly StoredParameter[];
  readonly training?: StoredTraining;
  /** JSON of scalers, of names of classes, and of the user's. */
  readonly scalers?: unknown;
  readonly classes?: unknown;
  readonly attached?: unknown;
}

export function encode({ definition, parameters, training, ...beside }: StoredNetwork): Uint8Array<ArrayBuffer> {
  const described = (tensors: readonly StoredParameter[]) => tensors.map(({ name, shape }) => ({ name, shape }));
  const header = {
    definition,
    parameters: described(parameters),
    ...(training && { training: { json: training.json, tensors: described(training.tensors) } }),
    ...beside,
  };
  const json = toUtf8(JSON.stringify(header));
  const tensors = [...parameters, ...(training?.tensors ?? [])];
  const headerBytes = ((16 + json.length + 15) & ~15) - 16;
  const dataBytes = tensors.reduce((sum, { values }) => sum + values.length * 4, 0);
  const bytes = new Uint8Array(16 + headerBytes + dataBytes + DIGEST);
  const view = new DataView(bytes.buffer);
  bytes.set(toUtf8(MAGIC));
  view.setUint32(8, VERSION, true);
  view.setUint32(12, headerBytes, true);
  bytes.fill(0x20, 16, 16 + headerBytes);
  bytes.set(json, 16);
  let at = 16 + headerBytes;
  for (const { values } of tensors) {
    bytes.set(memoryOf(values), at);
    at += values.length * 4;
  }
  bytes.set(new Sha256().update(bytes.subarray(0, -DIGEST)).digest(), bytes.length - DIGEST);
  return bytes;
}

const isMarkup = (bytes: Uint8Array) => /^\s*<(!doctype|html|\?xml)/i.test(String.fromCharCode(...bytes.subarray(0, 64)));

/** @throws {FormatError} for a foreign, newer, truncated or altered file */
export function decode(file: Uint8Array | ArrayBuffer): StoredNetwork {
  const bytes = bytesOf("saved network", file);
  const view = viewOf(bytes);
  if (String.fromCharCode(...bytes.subarray(0, 8)) !== MAGIC)
    throw new FormatError(
      `saved network: ${bytes.length} bytes that do not begin with "${MAGIC}", expected a file written by save()${isMarkup(bytes) ? "; they are a page, as a server sends where there is no such file" : ""}`,
    );
  if (bytes.length < 16 + DIGEST) throw new FormatError(`saved network: ${bytes.length} bytes: the file was cut short`);
  const version = view.getUint32(8, true);
  if (version !== VERSION)
    throw new FormatError(
      `saved network: format version ${version}, this chainrule reads version ${VERSION}; load it with the chainrule that saved it, or a newer one`,
    );
  const expected = new Sha256().update(bytes.subarray(0, -DIGEST)).digest();
  if (!expected.every((byte, i) => byte === bytes[bytes.length - DIGEST + i]))
    throw new FormatError("saved network: its SHA-256 does not match its content: the file is damaged or was cut short");

  const headerBytes = view.getUint32(12, true);
  const begin = 16 + headerBytes;
  const end = bytes.length - DIGEST;
  if (begin > end) throw new FormatError(`saved network: a header of ${headerBytes} bytes in a file of ${bytes.length}`);
  const header = parse(bytes.subarray(16, begin));
  let at = begin;
  const read = ({ name, shape }: Described) => {
    const count = product(shape);
    // Written so that a product that is no number is refused, too.
    if (!(at + count * 4 <= end)) throw new FormatError(`saved network: ${name} [${shape.join(", ")}] reaches past the end of the file`);
    const values = new Float32Array(count);
    memoryOf(values).set(bytes.subarray(at, at + count * 4));
    at += count * 4;
    return { name, shape, values };
  };
  const parameters = header.parameters.map(read);
  const training = header.training && { json: header.training.json, tensors: header.training.tensors.map(read) };
  if (at !== end) throw new FormatError(`saved network: ${end - at} bytes belong to no parameter`);
  return { ...header, parameters, training };
}

interface Described {
  readonly name: string;
  readonly shape: readonly number[];
}

interface Header extends Omit<StoredNetwork, "parameters" | "training"> {
  readonly parameters: readonly Described[];
  readonly training?: { readonly json: unknown; readonly tensors: readonly Described[] };
}

/** @param least size of an axis: a parameter has elements, a callback's array may be empty */
function areDescribed(tensors: unknown, least: number): tensors is readonly Described[] {
  const isSize = (n: unknown) => Number.isInteger(n) && (n as number) >= least;
  return Array.isArray(tensors) && tensors.every((t) => typeof t?.name === "string" && Array.isArray(t.shape) && t.shape.every(isSize));
}

function parse(json: Uint8Array): Header {
  let header: unknown;
  try {
    header = JSON.parse(fromUtf8(json));
  } catch (cause) {
    throw new FormatError("saved network: the header is no JSON", { cause });
  }
  const { definition, parameters, training } = (header ?? {}) as Partial<Header>;
  if (!areDescribed(parameters, 1) || typeof definition !== "object" || definition === null)
    throw new FormatError("saved network: the header lacks definition or parameters");
  if (training !== undefined && !areDescribed(training?.tensors, 0))
    throw new FormatError("saved network: the header's training has no list of tensors");
  return header as Header;
}
