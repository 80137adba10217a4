// safetensors, the format of Hugging Face's models (https://github.com/huggingface/safetensors, "Format"), all little-endian:
//
//   0   u64    bytes of the header
//   8   JSON   { name: { dtype, shape, data_offsets: [begin, end) }, …, "__metadata__": { text: text } }, spaces after it
//   …   data   row-major, without holes or overlaps, offsets from here
import { bytesOf, viewOf } from "../bytes.js";
import { checkBoolean, checkNetwork, checkOneOf, checkOptions, isArrayOf, isList, isRecord, MOST_DIMENSIONS, shown } from "../checks.js";
import { FormatError, OptionError, ShapeError } from "../errors.js";
import { powerInteger } from "../float64.js";
import type { Network } from "../network.js";
import { product } from "../plan/tensor.js";
import { fromUtf8, toUtf8 } from "../utf8.js";
import { JsonReader } from "./json.js";

/** Numbers as they are read: halves, bfloat16 and float64 become float32, 64-bit integers int32 or uint32 if they all fit. */
export type SafetensorValues =
  | Float32Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>;

export interface Safetensor {
  readonly name: string;
  /** as it is in the file */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** row-major */
  readonly values: SafetensorValues;
}

export interface Safetensors {
  /** in the header's order */
  readonly tensors: readonly Safetensor[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** The reference implementation's limit. */
const MOST_HEADER = 100_000_000;
const METADATA = "__metadata__";

interface Dtype {
  readonly bytes: number;
  read(view: DataView, at: number): number;
  make(count: number): SafetensorValues;
}

const float = (count: number) => new Float32Array(count);

/** Of the format's types those that have a meaning here; not the 8-bit and smaller floats, nor complex numbers. */
const dtypes: Readonly<Record<string, Dtype>> = {
  F64: { bytes: 8, read: (view, at) => narrow(view.getFloat64(at, true)), make: float },
  F32: { bytes: 4, read: (view, at) => view.getFloat32(at, true), make: float },
  F16: { bytes: 2, read: (view, at) => half(view.getUint16(at, true)), make: float },
  BF16: { bytes: 2, read: (view, at) => bfloat(view.getUint16(at, true)), make: float },
  I64: {
    bytes: 8,
    read: (view, at) => ranged(Number(view.getBigInt64(at, true)), -(2 ** 31), 2 ** 31 - 1),
    make: (n) => new Int32Array(n),
  },
  U64: { bytes: 8, read: (view, at) => ranged(Number(view.getBigUint64(at, true)), 0, 2 ** 32 - 1), make: (n) => new Uint32Array(n) },
  I32: { bytes: 4, read: (view, at) => view.getInt32(at, true), make: (n) => new Int32Array(n) },
  U32: { bytes: 4, read: (view, at) => view.getUint32(at, true), make: (n) => new Uint32Array(n) },
  I16: { bytes: 2, read: (view, at) => view.getInt16(at, true), make: (n) => new Int16Array(n) },
  U16: { bytes: 2, read: (view, at) => view.getUint16(at, true), make: (n) => new Uint16Array(n) },
  I8: { bytes: 1, read: (view, at) => view.getInt8(at), make: (n) => new Int8Array(n) },
  U8: { bytes: 1, read: (view, at) => view.getUint8(at), make: (n) => new Uint8Array(n) },
  BOOL: { bytes: 1, read: (view, at) => ranged(view.getUint8(at), 0, 1), make: (n) => new Uint8Array(n) },
};

const refuse = (what: string, cause?: unknown) => new FormatError(`safetensors: ${what}`, cause === undefined ? undefined : { cause });

/** A finite float64 must not become infinite. */
function narrow(value: number): number {
  if (Number.isFinite(value) && !Number.isFinite(Math.fround(value))) throw refuse(`${value} is beyond float32`);
  return value;
}

function ranged(value: number, least: number, most: number): number {
  if (value < least || value > most) throw refuse(`${value} is not from ${least} to ${most}`);
  return value;
}

const word = new DataView(new ArrayBuffer(4));

/** Brain float: the upper half of a float32. */
function bfloat(bits: number): number {
  word.setUint16(0, bits);
  word.setUint16(2, 0);
  return word.getFloat32(0);
}

/** IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1024 + fraction) * SCALES[exponent]!;
}

/** 2^(exponent - 25), exact. */
const SCALES = Array.from({ length: 31 }, (_, exponent) => powerInteger(2, exponent) * 2 ** -25);

interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** Reads a file's tensors. The header is proved sound, against the bytes that are there, before anything is allocated for it.
 *  Numbers are not checked to be finite, as the format allows others; NaNs' payloads may change.
 *  @throws {FormatError} a truncated file, a header over 100 MB, that is no UTF-8, no JSON, or has other fields than the format's; a name twice;
 *    a type that is not known or fits no array here; shapes, offsets and bytes that disagree, holes, overlaps, bytes left over */
export function decodeSafetensors(file: Uint8Array | ArrayBuffer): Safetensors {
  const bytes = bytesOf("safetensors", file);
  const view = viewOf(bytes);
  if (bytes.length < 8) throw refuse(`${bytes.length} bytes, expected at least 8`);
  const header = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
  if (header > MOST_HEADER) throw refuse(`a header of ${header} bytes, expected at most ${MOST_HEADER}; is this another kind of file?`);
  if (header > bytes.length - 8) throw refuse(`a header of ${header} bytes in a file of ${bytes.length}: the file is cut short`);
  const first = 8 + header;
  const { entries, metadata } = readHeader(bytes.subarray(8, first));
  checkLayout(entries, bytes.length - first);
  const tensors = entries.map(({ name, dtype, shape, begin }) => {
    const { bytes: size, read, make } = dtypes[dtype]!;
    const values = make(product(shape));
    try {
      for (let i = 0, at = first + begin; i < values.length; ++i, at += size) values[i] = read(view, at);
    } catch (cause) {
      throw refuse(`${shown(name)}: ${(cause as Error).message.replace("safetensors: ", "")}`, cause);
    }
    return { name, dtype, shape, values };
  });
  return { tensors, metadata };
}

function readHeader(bytes: Uint8Array): { readonly entries: Entry[]; readonly metadata: Readonly<Record<string, string>> } {
  let text: string;
  try {
    text = fromUtf8(bytes);
  } catch (cause) {
    throw refuse("the header is not UTF-8", cause);
  }
  if (text[0] !== "{") throw refuse(`the header begins with ${shown(text.slice(0, 8))}, expected "{"`);
  const json = new JsonReader(text, refuse);
  const entries: Entry[] = [];
  const metadata: [string, string][] = [];
  json.object("the header", (name) => {
    if (name === METADATA) json.object(METADATA, (key) => metadata.push([key, json.string(`${METADATA}: ${shown(key)}`)]));
    else entries.push(readEntry(json, name));
  });
  json.end("the header");
  return { entries, metadata: Object.fromEntries(metadata) };
}

function readEntry(json: JsonReader, name: string): Entry {
  let dtype: string | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  const who = shown(name);
  const counts = (field: string, most: number) => {
    const list: number[] = [];
    json.array(`${who}: ${field}`, () => {
      if (list.push(json.count(`${who}: ${field}`)) > most) throw refuse(`${who}: ${field} has more than ${most} numbers`);
    });
    return list;
  };
  json.object(who, (field) => {
    if (field === "dtype") dtype = json.string(`${who}: dtype`);
    else if (field === "shape") shape = counts(field, MOST_DIMENSIONS);
    else if (field === "data_offsets") offsets = counts(field, 2);
    else throw refuse(`${who} has the field ${shown(field)}, expected dtype, shape and data_offsets`);
  });
  if (dtype === undefined || !shape || !offsets || offsets.length !== 2)
    throw refuse(`${who} lacks ${dtype === undefined ? "dtype" : shape ? "two data_offsets" : "shape"}`);
  if (!Object.hasOwn(dtypes, dtype)) throw refuse(`${who}: dtype is ${shown(dtype)}, expected one of: ${Object.keys(dtypes).join(", ")}`);
  return { name, dtype, shape, begin: offsets[0]!, end: offsets[1]! };
}

/** Every tensor has the bytes that its shape needs, and together they are all bytes, each once. */
function checkLayout(entries: readonly Entry[], bytes: number): void {
  const sorted = [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { name, dtype, shape, begin, end } of sorted) {
    const described = `${shown(name)}, ${dtype} [${shape.join(", ")}]`;
    let needed = dtypes[dtype]!.bytes;
    for (const size of shape) {
      needed *= size;
      if (!Number.isSafeInteger(needed)) throw refuse(`${described}, has more than 2^53 bytes`);
    }
    if (end > bytes || begin > end)
      throw refuse(
        `${described}, lies at ${begin} to ${end} of ${bytes} bytes of data: ${begin > end ? "backwards" : "the file is cut short"}`,
      );
    if (end - begin !== needed) throw refuse(`${described}, needs ${needed} bytes, but has ${end - begin}`);
    if (begin !== at)
      throw refuse(`${described}, begins at ${begin}, expected ${at}: ${begin < at ? "tensors overlap" : "there is a hole"}`);
    at = end;
  }
  if (at !== bytes) throw refuse(`${bytes - at} bytes of data belong to no tensor`);
}

function checkMetadata(who: string, metadata: unknown): void {
  if (!isRecord(metadata)) throw new OptionError(`${who}: metadata is ${shown(metadata)}, expected an object of texts`);
  for (const [key, text] of Object.entries(metadata))
    if (typeof text !== "string") throw new OptionError(`${who}: metadata ${shown(key)} is ${shown(text)}, expected text`);
}

/** As when reading: a finite number must not become infinite, an integer array's no other number. Fractions are rounded. */
function checkNumbers(name: string, values: ArrayLike<unknown>): void {
  const exact = values instanceof Int32Array || values instanceof Uint32Array;
  for (let i = 0; i < values.length; ++i) {
    const value = values[i];
    const wanted =
      typeof value !== "number"
        ? "a number"
        : Number.isFinite(value) && !Number.isFinite(Math.fround(value))
          ? "a number within float32's range"
          : exact && Math.fround(value) !== value
            ? "a whole number that float32 has, as all up to 2^24"
            : undefined;
    if (wanted) throw new ShapeError(`safetensors: ${name}: element ${i} is ${shown(value)}, expected ${wanted}`);
  }
}

/** A file with the given tensors as F32, in their order; the header padded so that data begins at a multiple of 8 bytes, as the reference
 *  implementation writes it.
 *  @param metadata text by name @throws {ShapeError} values that do not fill their shape, or are beyond float32; {OptionError} names twice or reserved */
export function encodeSafetensors(
  tensors: readonly { readonly name: string; readonly shape: readonly number[]; readonly values: ArrayLike<number> }[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  if (!Array.isArray(tensors)) throw new OptionError(`safetensors: got ${shown(tensors)}, expected an array of { name, shape, values }`);
  checkMetadata("safetensors", metadata);
  const names = new Set<string>();
  const members = Object.keys(metadata).length > 0 ? [`"${METADATA}":${JSON.stringify(metadata)}`] : [];
  let end = 0;
  for (const tensor of tensors) {
    const { name, shape, values } = tensor ?? {};
    if (typeof name !== "string" || name === METADATA || names.has(name))
      throw new OptionError(`safetensors: a tensor is named ${shown(name)}, expected a name of its own, not ${METADATA}`);
    names.add(name);
    if (!isList(values)) throw new ShapeError(`safetensors: ${name} has as values ${shown(values)}, expected an array of numbers`);
    const isSize = (size: unknown) => typeof size === "number" && Number.isInteger(size) && size >= 0;
    const good = isArrayOf<number>(shape, isSize) && product(shape) === values.length;
    if (!good) throw new ShapeError(`safetensors: ${name} has ${values.length} values, expected those of shape ${shown(shape)}`);
    checkNumbers(name, values);
    const begin = end;
    end += 4 * values.length;
    members.push(`${JSON.stringify(name)}:{"dtype":"F32","shape":[${shape.join(",")}],"data_offsets":[${begin},${end}]}`);
  }
  const json = toUtf8(`{${members.join(",")}}`);
  const header = (json.length + 7) & ~7;
  const bytes = new Uint8Array(8 + header + end);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, header, true);
  bytes.fill(0x20, 8, 8 + header);
  bytes.set(json, 8);
  let at = 8 + header;
  for (const { values } of tensors) {
    new Float32Array(bytes.buffer, at, values.length).set(values);
    at += values.length * 4;
  }
  return bytes;
}

/** `torch`: matrices as PyTorch's Linear has them, `[out, in]`; `native`: as they are here, `[in, out]`. */
export type Layout = "torch" | "native";

export interface SafetensorsOptions {
  /** default torch, which most files have */
  readonly layout?: Layout | undefined;
  /** the file's name of a parameter, by the network's name: "dense_1.weight" and "dense_1.bias"; default: the same */
  readonly rename?: Readonly<Record<string, string>> | ((name: string) => string) | undefined;
}

/** Kept in a file's metadata, so that a square matrix cannot be read the wrong way round. */
const LAYOUT = "chainrule.layout";

function fileName({ rename = {} }: SafetensorsOptions, name: string): string {
  const renamed = typeof rename === "function" ? rename(name) : Object.hasOwn(rename, name) ? rename[name]! : name;
  if (typeof renamed !== "string") throw new OptionError(`safetensors: rename makes ${shown(renamed)} of ${name}, expected a name`);
  return renamed;
}

function checkLayoutOptions(who: string, options: SafetensorsOptions, known: readonly string[], net: Network): Layout {
  checkNetwork(who, net);
  net.assertAlive(who);
  checkOptions(who, options, known);
  const { layout = "torch", rename = {} } = options;
  checkOneOf(`${who}: layout`, layout, ["torch", "native"]);
  if (typeof rename !== "function")
    checkOptions(
      `${who}: rename`,
      rename,
      net.parameters().map(({ name }) => name),
    );
  return layout;
}

/** A layer's matrix, which layouts turn. */
const isWeight = (name: string, shape: readonly number[]) => shape.length === 2 && /(^|\.)weight$/.test(name);

/** @param values `[rows, columns]` @returns `[columns, rows]` */
function transpose(values: ArrayLike<number>, rows: number, columns: number): Float32Array {
  const turned = new Float32Array(rows * columns);
  for (let r = 0; r < rows; ++r) for (let c = 0; c < columns; ++c) turned[c * rows + r] = values[r * columns + c]!;
  return turned;
}

/** The network's parameters as a safetensors file.
 *  @example writeFileSync("digits.safetensors", toSafetensors(net, { rename: (name) => name.replace("dense_1", "fc1") })); */
export function toSafetensors(
  net: Network,
  options: SafetensorsOptions & { readonly metadata?: Readonly<Record<string, string>> | undefined } = {},
): Uint8Array<ArrayBuffer> {
  const layout = checkLayoutOptions("toSafetensors", options, ["layout", "rename", "metadata"], net);
  const tensors = net.parameters().map(({ name, shape, values }) => {
    const [rows = 0, columns = 0] = shape;
    const turned = layout === "torch" && isWeight(name, shape);
    return turned
      ? { name: fileName(options, name), shape: [columns, rows], values: transpose(values, rows, columns) }
      : { name: fileName(options, name), shape, values };
  });
  // Loaders of the transformers library demand "format".
  const { metadata = {} } = options;
  checkMetadata("toSafetensors", metadata);
  return encodeSafetensors(tensors, { ...(layout === "torch" && { format: "pt" }), ...metadata, [LAYOUT]: layout });
}

/** Sets the network's parameters from a safetensors file, all or none. The optimizer's state stays.
 *  @param options strict (default true): the file has these parameters and no others; false: what both have, at least one
 *  @throws {FormatError} bytes as in `decodeSafetensors`, names that are missing or left over, a file written in the other layout;
 *    {ShapeError} other shapes, numbers that are not finite */
export function fromSafetensors(
  net: Network,
  file: Uint8Array | ArrayBuffer,
  options: SafetensorsOptions & { readonly strict?: boolean | undefined } = {},
): void {
  const layout = checkLayoutOptions("fromSafetensors", options, ["layout", "rename", "strict"], net);
  net.assertIdle("fromSafetensors");
  const { strict = true } = options;
  checkBoolean("fromSafetensors: strict", strict);
  const { tensors, metadata } = decodeSafetensors(file);
  const written = metadata[LAYOUT];
  if (written !== undefined && written !== layout)
    throw refuse(`the file says its layout is ${shown(written)}, the option says ${shown(layout)}`);

  const inFile = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const parameters = net.parameters().map((parameter) => ({ ...parameter, file: fileName(options, parameter.name) }));
  const missing = parameters.filter(({ file }) => !inFile.has(file)).map(({ file }) => file);
  const wanted = new Set(parameters.map(({ file }) => file));
  if (wanted.size < parameters.length) throw new OptionError("fromSafetensors: rename gives one name to two parameters");
  const others = tensors.filter(({ name }) => !wanted.has(name)).map(({ name }) => name);
  const some = (names: readonly string[]) =>
    `${names.slice(0, 5).map(shown).join(", ")}${names.length > 5 ? ` and ${names.length - 5} more` : ""}`;
  if (strict && missing.length > 0) throw refuse(`the file lacks ${some(missing)}${others.length > 0 ? `; it has ${some(others)}` : ""}`);
  if (strict && others.length > 0) throw refuse(`the network has no parameter for ${some(others)}; strict: false leaves them out`);
  if (missing.length === parameters.length) throw refuse(`the file has none of the network's parameters; it has ${some(others)}`);

  net.setParameters(
    parameters.flatMap(({ name, shape, file }) => {
      const tensor = inFile.get(file);
      if (!tensor) return [];
      const turned = layout === "torch" && isWeight(name, shape);
      const expected = turned ? [shape[1]!, shape[0]!] : shape;
      if (tensor.shape.join() !== expected.join())
        throw new ShapeError(
          `fromSafetensors: ${shown(file)} has shape [${tensor.shape.join(", ")}], expected [${expected.join(", ")}], ${name} in layout ${layout}`,
        );
      const values = turned ? transpose(tensor.values, expected[0]!, expected[1]!) : Float32Array.from(tensor.values);
      return [{ name, shape, values }];
    }),
  );
}
