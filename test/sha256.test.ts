// SHA-256 against Node's.
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { dense, meanSquaredError, network } from "../src/index.js";
import { hexadecimal, Sha256 } from "../src/sha256.js";

const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => (i * i * 31 + i * 7 + length) >>> 3);
const sha256Hex = (...chunks: Uint8Array[]) => {
  const hash = new Sha256();
  for (const chunk of chunks) hash.update(chunk);
  return hexadecimal(hash.digest());
};
const expected = (...chunks: Uint8Array[]) => {
  const hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
};

test("the examples of FIPS 180-2, appendix B", () => {
  const ascii = (text: string) => new TextEncoder().encode(text);
  expect(sha256Hex(ascii("abc"))).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  expect(sha256Hex(ascii(two))).toBe("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  expect(sha256Hex(new Uint8Array(1_000_000).fill(97))).toBe("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
});

test("every length around the ends of blocks", () => {
  for (const length of [...Array(130).keys(), 191, 192, 193, 1000, 4096, 65_537]) {
    expect(sha256Hex(bytes(length))).toBe(expected(bytes(length)));
  }
});

test("chunks of any lengths, also views into the middle of a buffer, hash as what they make together", () => {
  const sizes = [0, 1, 63, 64, 65, 5, 55, 56, 128, 3, 200, 61];
  for (let start = 0; start < sizes.length; ++start) {
    const chunks = sizes.slice(start).map((size) => bytes(size + 9).subarray(4, 4 + size));
    expect(sha256Hex(...chunks)).toBe(expected(...chunks));
  }
});

test("digest gives 32 bytes", () => {
  expect(new Sha256().update(bytes(10)).digest()).toEqual(Uint8Array.from(createHash("sha256").update(bytes(10)).digest()));
});

test("weightsHash is that of every parameter's name, shape and little-endian float32s", async () => {
  const net = await network({ input: 2, layers: [dense(3)], loss: meanSquaredError(), seed: 1 });
  net.setParameters([
    { name: "dense_1.weight", values: [1, 2, 3, 4, 5, -0.5] },
    { name: "dense_1.bias", values: [1e-40, 0, -0] },
  ]);
  const numbers = (values: readonly number[]) => {
    const view = new DataView(new ArrayBuffer(4 * values.length));
    for (const [i, value] of values.entries()) view.setFloat32(4 * i, value, true);
    return new Uint8Array(view.buffer);
  };
  const text = (given: string) => new TextEncoder().encode(given);
  expect(net.weightsHash()).toBe(
    expected(text("dense_1.weight\u00002,3\0"), numbers([1, 2, 3, 4, 5, -0.5]), text("dense_1.bias\u00003\0"), numbers([1e-40, 0, -0])),
  );
});
