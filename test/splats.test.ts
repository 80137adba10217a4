// The build's last step on modules written by hand, byte for byte as the WebAssembly core specification 2.0, chapter 5 says.
import { expect, test } from "vitest";
import { rewriteConstants } from "../scripts/splats.js";

const END = 0x0b;
const SPLAT = [0xfd, 0x13];
const vector = (...lanes: [number, number, number, number]) => Float32Array.of(...lanes);
const constant = (value: Float32Array) => [0xfd, 0x0c, ...new Uint8Array(value.buffer)];
/** Stores what `value` leaves at 16 times the parameter. */
const store = (value: readonly number[]) => [0x20, 0, 0x41, 4, 0x74, ...value, 0xfd, 0x0b, 0, 0];
const storeAt = (address: number, value: readonly number[]) => [0x41, address, ...value, 0xfd, 0x0b, 0, 0];

/** Exports the function `f`, of a number, and the memory; the other function gives the constant 9.5. */
function moduleOf(...code: readonly number[]): Uint8Array<ArrayBuffer> {
  // One variable, an i32.
  const body = [1, 1, 0x7f, ...code, END];
  const nine = [0, ...constant(vector(9.5, 9.5, 9.5, 9.5)), END];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, 9, 2, 0x60, 1, 0x7f, 0, 0x60, 0, 1, 0x7b],
    ...[3, 3, 2, 0, 1],
    ...[5, 3, 1, 0, 1],
    ...[7, 9, 2, 1, 0x66, 0, 0, 1, 0x6d, 2, 0],
    ...[10, ...sizeOf(3 + body.length + nine.length + (body.length > 127 ? 1 : 0)), 2],
    ...[...sizeOf(body.length), ...body],
    ...[nine.length, ...nine],
  ]);
}

function sizeOf(length: number): number[] {
  return length < 128 ? [length] : [(length & 0x7f) | 0x80, length >> 7];
}

/** All that the function writes. */
function run(bytes: Uint8Array<ArrayBuffer>, argument = 0): Uint8Array {
  const { f, m } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as { f: (n: number) => void; m: WebAssembly.Memory };
  f(argument);
  return new Uint8Array(m.buffer, 0, 1024).slice();
}

/** Where the bytes begin. */
function placesOf(bytes: Uint8Array, wanted: readonly number[]): number[] {
  return [...bytes.keys()].filter((at) => wanted.every((byte, i) => bytes[at + i] === byte));
}

test("constants of four equal lanes take 11 bytes less and keep their bits, others stay as they are", () => {
  const constants = [
    vector(1.5, 1.5, 1.5, 1.5),
    vector(1, 2, 3, 4),
    new Float32Array(4),
    // An integer's bits, a NaN as a float: 0x7fa00001 in each lane.
    new Float32Array(Uint32Array.of(0x7fa00001, 0x7fa00001, 0x7fa00001, 0x7fa00001).buffer),
  ];
  const long = moduleOf(...constants.flatMap((value, i) => storeAt(16 * i, constant(value))));
  const short = rewriteConstants(long);
  expect(run(short)).toEqual(run(long));
  // That of the other function, too.
  expect(long.length - short.length).toBe(3 * 11);
});

/** Runs `body` while the parameter, less one each time, is not 0. */
const loop = (...body: readonly number[]) => [0x03, 0x40, ...body, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, END];
const [two, three] = [constant(vector(2, 2, 2, 2)), constant(vector(3, 3, 3, 3))];

test("what a loop has of them is made once, before it", () => {
  const lanes = constant(vector(1, 2, 3, 4));
  const product = [...two, ...three, 0xfd, 0xe6, 1, ...lanes, 0xfd, 0xe4, 1];
  const before = moduleOf(...loop(...store(two), ...store(product)), ...storeAt(0, three));
  const after = rewriteConstants(before);
  expect(run(after, 20)).toEqual(run(before, 20));
  const [begin] = placesOf(after, [0x03, 0x40]);
  const splats = placesOf(after, SPLAT);
  expect(splats.filter((at) => at < begin!)).toHaveLength(2);
  expect(placesOf(after, lanes).map((at) => at < begin!)).toEqual([true]);
  // After the loop, and in the other function.
  expect(splats.filter((at) => at > begin!)).toHaveLength(2);
});

test("of loops within loops the outermost that calls nothing", () => {
  const call = [0x10, 1];
  const inner = (...body: readonly number[]) => [0x03, 0x40, ...body, END];
  // The outer one calls; of the two within it the first has another within.
  const before = moduleOf(...loop(...store(call), ...inner(...inner(...store(two))), ...store(two), ...inner(...store(three))));
  const after = rewriteConstants(before);
  expect(run(after, 5)).toEqual(run(before, 5));
  const [outer, first, within, second] = placesOf(after, [0x03, 0x40]);
  const splats = placesOf(after, SPLAT);
  const between = (from: number, to = Number.POSITIVE_INFINITY) => splats.filter((at) => at > from && at < to).length;
  expect([between(0, outer), between(outer!, first), between(first!, within)]).toEqual([0, 1, 0]);
  // Where the outer one has it of its own, then what the second takes, then the other function's.
  expect([between(within!, second), between(second!)]).toEqual([2, 1]);
});

test("a choice of vectors, which says their type, is read as one instruction", () => {
  // Whether the parameter is 0, at address 0.
  const before = moduleOf(...storeAt(0, [...two, ...three, 0x20, 0, 0x1c, 1, 0x7b]));
  const after = rewriteConstants(before);
  for (const argument of [0, 1]) expect(run(after, argument)).toEqual(run(before, argument));
});

test("an instruction that is not known is an error, for what follows it could be anything", () => {
  expect(() => rewriteConstants(moduleOf(0x06, 0x40, END))).toThrow("the instruction 0x6 is not known");
});
