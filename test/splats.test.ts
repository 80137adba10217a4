// The build's last step on a module written by hand, byte for byte as the WebAssembly core specification 2.0, chapter 5 says.
import { expect, test } from "vitest";
import { shrinkConstants } from "../scripts/splats.js";

const constants = [
  Float32Array.of(1.5, 1.5, 1.5, 1.5),
  Float32Array.of(1, 2, 3, 4),
  new Float32Array(4),
  // An integer's bits, a NaN as a float: 0x7fa00001 in each lane.
  new Float32Array(Uint32Array.of(0x7fa00001, 0x7fa00001, 0x7fa00001, 0x7fa00001).buffer),
];

/** Exports a function that stores the constants one after the other from address 0 on, and the memory. */
function moduleOf(): Uint8Array<ArrayBuffer> {
  const stores = constants.flatMap((constant, i) => [0x41, 16 * i, 0xfd, 0x0c, ...new Uint8Array(constant.buffer), 0xfd, 0x0b, 0, 0]);
  const body = [0, ...stores, 0x0b];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, 4, 1, 0x60, 0, 0],
    ...[3, 2, 1, 0],
    ...[5, 3, 1, 0, 1],
    ...[7, 9, 2, 1, 0x66, 0, 0, 1, 0x6d, 2, 0],
    ...[10, body.length + 2, 1, body.length, ...body],
  ]);
}

function run(bytes: Uint8Array<ArrayBuffer>): Uint8Array {
  const { f, m } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as { f: () => void; m: WebAssembly.Memory };
  f();
  return new Uint8Array(m.buffer, 0, 16 * constants.length).slice();
}

test("constants of four equal lanes take 11 bytes less and keep their bits, others stay as they are", () => {
  const long = moduleOf();
  const short = shrinkConstants(long);
  expect(run(short)).toEqual(run(long));
  expect(long.length - short.length).toBe(2 * 11);
});
