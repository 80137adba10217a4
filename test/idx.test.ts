import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { DigitsError, loadDigits } from "../examples/mnist/digits.js";
import { FormatError, parseIdx } from "../src/index.js";
import { idx } from "./idx.js";
import { transferred } from "./refusals.js";

const bytes = (...values: number[]) => Uint8Array.from(values);

describe("parseIdx", () => {
  // Each file written by hand from the format's specification.
  test.each([
    ["uint8", bytes(0, 0, 8, 1, 0, 0, 0, 3, 7, 0, 255), [3], new Uint8Array([7, 0, 255])],
    ["int8", bytes(0, 0, 9, 1, 0, 0, 0, 2, 0x80, 0x7f), [2], new Int8Array([-128, 127])],
    ["int16, two dimensions", bytes(0, 0, 11, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0xfe, 0x01, 0x00), [1, 2], new Int16Array([-2, 256])],
    ["int32", bytes(0, 0, 12, 1, 0, 0, 0, 1, 0x80, 0, 0, 1), [1], new Int32Array([-2147483647])],
    ["float32", bytes(0, 0, 13, 1, 0, 0, 0, 1, 0xc0, 0x20, 0, 0), [1], new Float32Array([-2.5])],
    ["float64", bytes(0, 0, 14, 1, 0, 0, 0, 1, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0), [1], new Float64Array([1.5])],
    ["three dimensions", bytes(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 5, 6), [1, 2, 1], new Uint8Array([5, 6])],
    ["no elements", bytes(0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0, 9), [0, 9], new Uint8Array()],
  ])("reads %s", (_, file, shape, values) => {
    expect(parseIdx(file)).toMatchObject({ shape, values });
  });

  test("reads a file that lies within a larger buffer", () => {
    const buffer = bytes(9, 9, 9, 0, 0, 11, 1, 0, 0, 0, 1, 1, 2, 9);
    expect(parseIdx(buffer.subarray(3, 13)).values).toEqual(new Int16Array([258]));
  });

  test.each([
    ["an empty file", bytes(), /^f: 0 bytes, too few for an IDX header$/],
    ["half a magic number", bytes(0, 0, 8), /^f: 3 bytes, too few/],
    ["a gzipped file", gzipSync(bytes(0, 0, 8, 1, 0, 0, 0, 0)), /^f: begins with 0x1f8b0800, no IDX file/],
    ["an unknown type", bytes(0, 0, 10, 1, 0, 0, 0, 0), /^f: begins with 0x00000a01, no IDX file/],
    ["no dimensions", bytes(0, 0, 8, 0, 1), /^f: has no dimensions/],
    ["half a header", bytes(0, 0, 8, 3, 0, 0, 0, 1), /^f: 8 bytes, too few for a header of 3 dimensions$/],
    ["one byte too few", bytes(0, 0, 8, 1, 0, 0, 0, 3, 1, 2), /^f: 2 bytes after the header, expected 3, \[3\] of uint8: truncated$/],
    ["one byte too many", bytes(0, 0, 8, 1, 0, 0, 0, 1, 1, 2), /^f: 2 bytes after the header, expected 1, \[1\] of uint8: too long$/],
    ["half an element", bytes(0, 0, 13, 1, 0, 0, 0, 1, 1, 2), /^f: 2 bytes after the header, expected 4, \[1\] of float32: truncated$/],
    ["dimensions beyond all memory", new Uint8Array(20).fill(255).fill(0, 0, 2).fill(8, 2, 3).fill(4, 3, 4), /truncated$/],
  ])("refuses %s", (_, file, message) => {
    expect(() => parseIdx(file, "f")).toThrow(FormatError);
    expect(() => parseIdx(file, "f")).toThrow(message);
  });
});

test("parseIdx refuses what is no bytes", () => {
  expect(() => parseIdx("train" as never)).toThrow(/^IDX file: got "train", expected a Uint8Array/);
  expect(() => parseIdx(bytes(0), {} as never)).toThrow(/^parseIdx: name is an object {}, expected a text that is not empty$/);
  expect(parseIdx(bytes(0, 0, 8, 1, 0, 0, 0, 1, 7).buffer)).toEqual({ type: "uint8", shape: [1], values: bytes(7) });
  expect(() => parseIdx(transferred(bytes(0, 0, 8, 1, 0, 0, 0, 0)), "f")).toThrow(FormatError);
  expect(() => parseIdx(transferred(bytes(0, 0, 8, 1, 0, 0, 0, 0)), "f")).toThrow(/^f: got a Uint8Array whose buffer is detached/);
});

describe("loadDigits", () => {
  const folder = mkdtempSync(join(tmpdir(), "chainrule-idx-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const image = new Uint8Array(784).fill(51);
  const good: Readonly<Record<string, Uint8Array>> = {
    "train-images-idx3-ubyte": idx([2, 28, 28], [...image, ...image.fill(255, 0, 1)]),
    "train-labels-idx1-ubyte": idx([2], [3, 9]),
    "t10k-images-idx3-ubyte": idx([1, 28, 28], image),
    "t10k-labels-idx1-ubyte": idx([1], [0]),
  };
  const write = (changes: Readonly<Record<string, Uint8Array>> = {}) => {
    for (const [name, content] of Object.entries({ ...good, ...changes })) writeFileSync(join(folder, name), content);
  };

  test("the bundled MNIST is complete: 60,000 and 10,000 images, every pixel from 0 to 1", () => {
    const { train, test } = loadDigits();
    expect([train.count, test.count]).toEqual([60_000, 10_000]);
    // Class sizes as published, http://yann.lecun.com/exdb/mnist/.
    const sizes = new Array(10).fill(0);
    for (const label of test.labels) sizes[label] += 1;
    expect(sizes).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    expect([...train.labels.subarray(0, 5)]).toEqual([5, 0, 4, 1, 9]);
    expect(train.images.every((value) => value >= 0 && value <= 1)).toBe(true);
    // Mean of MNIST's training pixels, 0.1307 (as PyTorch's example normalises with).
    expect(train.images.reduce((sum, value) => sum + value, 0) / train.images.length).toBeCloseTo(0.1307, 4);
  });

  test("a folder's files are read and scaled, whatever their number of images", () => {
    write();
    const { train, test } = loadDigits(folder);
    expect([train.count, test.count]).toEqual([2, 1]);
    expect([train.images[0], train.images[784], train.images[785]]).toEqual([Math.fround(51 / 255), 1, Math.fround(0.2)]);
    expect([...train.labels]).toEqual([3, 9]);
  });

  test("gzipped files are read too", () => {
    write();
    const plain = loadDigits(folder);
    for (const [name, content] of Object.entries(good)) {
      rmSync(join(folder, name));
      writeFileSync(join(folder, `${name}.gz`), gzipSync(content));
    }
    expect(loadDigits(folder)).toEqual(plain);
    for (const name of Object.keys(good)) rmSync(join(folder, `${name}.gz`));
  });

  test.each([
    [
      "images of another size",
      { "train-images-idx3-ubyte": idx([2, 27, 28], new Uint8Array(2 * 27 * 28)) },
      /^train-images-idx3-ubyte: holds \[2, 27, 28\] of uint8, expected \[n, 28, 28\]/,
    ],
    [
      "images and labels the wrong way round",
      { "train-images-idx3-ubyte": idx([2], [3, 9]) },
      /^train-images-idx3-ubyte: holds \[2\] of uint8, expected/,
    ],
    ["no images", { "t10k-images-idx3-ubyte": idx([0, 28, 28], []) }, /^t10k-images-idx3-ubyte: holds \[0, 28, 28\]/],
    [
      "fewer labels than images",
      { "train-labels-idx1-ubyte": idx([1], [3]) },
      /^train-labels-idx1-ubyte: holds \[1\] of uint8, expected \[2\]/,
    ],
    ["a label that is no digit", { "t10k-labels-idx1-ubyte": idx([1], [10]) }, /^t10k-labels-idx1-ubyte: label 0 is 10, expected 0 to 9$/],
    [
      "labels of another type",
      { "t10k-labels-idx1-ubyte": bytes(0, 0, 9, 1, 0, 0, 0, 1, 0) },
      /^t10k-labels-idx1-ubyte: holds \[1\] of int8/,
    ],
    [
      "a truncated file",
      { "t10k-images-idx3-ubyte": good["t10k-images-idx3-ubyte"]!.subarray(0, 100) },
      /^t10k-images-idx3-ubyte: 84 bytes .* truncated$/,
    ],
  ])("refuses %s", (_, changes, message) => {
    write(changes as Readonly<Record<string, Uint8Array>>);
    expect(() => loadDigits(folder)).toThrow(DigitsError);
    expect(() => loadDigits(folder)).toThrow(message);
  });

  test("a missing file is named with its folder", () => {
    expect(() => loadDigits(join(folder, "nowhere"))).toThrow(/nowhere\/train-images-idx3-ubyte: cannot be read: ENOENT/);
  });
});
