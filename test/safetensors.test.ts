// safetensors: bytes written here from the format's description (https://github.com/huggingface/safetensors, "Format"), and hostile ones.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  activation,
  decodeSafetensors,
  dense,
  encodeSafetensors,
  FormatError,
  fromSafetensors,
  meanSquaredError,
  type Network,
  network,
  OptionError,
  ShapeError,
  toSafetensors,
} from "../src/index.js";
import { transferred } from "./refusals.js";

/** A file of this header and data. @param length what the first 8 bytes say, default the truth */
function file(header: string | object, data: ArrayLike<number> = [], length?: bigint): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

const entry = (dtype: string, shape: readonly number[], begin: number, end: number) => ({ dtype, shape, data_offsets: [begin, end] });

describe("reads", () => {
  // Bytes of each type by hand: sign, exponent, fraction.
  test.each<[string, number[], ArrayLike<number>]>([
    ["F32", [0, 0, 0x80, 0x3f, 0, 0, 0, 0x80, 0, 0, 0x80, 0x7f], Float32Array.of(1, -0, Number.POSITIVE_INFINITY)],
    ["F64", [0, 0, 0, 0, 0, 0, 0xf8, 0xbf], Float32Array.of(-1.5)],
    [
      "F16",
      [0, 0x3c, 0x01, 0, 0xff, 0x7b, 0, 0x80, 0, 0xfc, 0x55, 0x35, 0xff, 3],
      Float32Array.of(1, 2 ** -24, 65504, -0, -Infinity, 0.333251953125, 1023 * 2 ** -24),
    ],
    ["BF16", [0x80, 0x3f, 0x49, 0xc0, 0, 0x80], Float32Array.of(1, -3.140625, -0)],
    ["I64", [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Int32Array.of(-2)],
    ["U64", [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0], Uint32Array.of(4294967295)],
    ["I32", [0, 0, 0, 0x80], Int32Array.of(-2147483648)],
    ["U32", [0, 0, 0, 0x80], Uint32Array.of(2147483648)],
    ["I16", [0, 0x80, 1, 0], Int16Array.of(-32768, 1)],
    ["U16", [0, 0x80], Uint16Array.of(32768)],
    ["I8", [0x80], Int8Array.of(-128)],
    ["U8", [0x80, 7], Uint8Array.of(128, 7)],
    ["BOOL", [1, 0], Uint8Array.of(1, 0)],
  ])("%s", (dtype, data, values) => {
    const { tensors } = decodeSafetensors(file({ x: entry(dtype, [values.length], 0, data.length) }, data));
    expect(tensors).toEqual([{ name: "x", dtype, shape: [values.length], values }]);
  });

  test("every F16 as the float32 of the same sign, fraction and true exponent", () => {
    const halves = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits).filter((bits) => (bits & 0x7c00) < 0x7c00 && bits & 0x7c00);
    // Biases are 15 and 127, fractions 10 and 23 bits.
    const singles = Uint32Array.from(
      halves,
      (bits) => ((bits & 0x8000) << 16) | ((((bits >> 10) & 31) + 112) << 23) | ((bits & 1023) << 13),
    );
    const data = new Uint8Array(halves.buffer);
    const { tensors } = decodeSafetensors(file({ x: entry("F16", [halves.length], 0, data.length) }, data));
    expect(halves).toHaveLength(2 * 30 * 1024);
    expect(tensors[0]!.values).toEqual(new Float32Array(singles.buffer));
  });

  test("the example of the reference implementation's documentation", () => {
    // docs.rs/safetensors, SafeTensors::deserialize.
    const text = '<\0\0\0\0\0\0\0{"test":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}}\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0';
    expect(decodeSafetensors(new TextEncoder().encode(text))).toEqual({
      tensors: [{ name: "test", dtype: "I32", shape: [2, 2], values: new Int32Array(4) }],
      metadata: {},
    });
  });

  test("scalars, empty tensors, any order of data, escapes, spaces and metadata, from within a larger buffer", () => {
    const header = ` {"\\u0065mpty" : ${JSON.stringify(entry("F32", [0, 3], 1, 1))},\n"__metadata__":{"by":"\\"hand\\"","__proto__":"x"},
      "__proto__":{"shape":[],"data_offsets":[0,1],"dtype":"U8"}, "last":${JSON.stringify(entry("U8", [2], 1, 3))} }  `.slice(1);
    const bytes = file(header, [7, 8, 9]);
    const larger = new Uint8Array(bytes.length + 8).fill(255);
    larger.set(bytes, 3);
    const { tensors, metadata } = decodeSafetensors(larger.subarray(3, 3 + bytes.length));
    expect(tensors.map(({ name, shape, values }) => [name, shape, [...values]])).toEqual([
      ["empty", [0, 3], []],
      ["__proto__", [], [7]],
      ["last", [2], [8, 9]],
    ]);
    expect(Object.entries(metadata)).toEqual([["by", '"hand"'], ["__proto__", "x"]]); // biome-ignore format: pairs
  });
});

describe("writes", () => {
  const six = Float32Array.of(0, 1, 2, 3, 4, 5);
  test("what the reference implementation writes, spaces included", () => {
    // Its test_serialization_forced_alignement, test_serialization and test_empty: 65 and 64 bytes of JSON, {} and metadata alone.
    const data = new Uint8Array(six.buffer);
    const json = '{"attn0":{"dtype":"F32","shape":[1,1,2,3],"data_offsets":[0,24]}}';
    expect(encodeSafetensors([{ name: "attn0", shape: [1, 1, 2, 3], values: six }])).toEqual(file(json.padEnd(72), data));
    const aligned = '{"attn.0":{"dtype":"F32","shape":[1,2,3],"data_offsets":[0,24]}}';
    expect(encodeSafetensors([{ name: "attn.0", shape: [1, 2, 3], values: six }])).toEqual(file(aligned, data));
    expect(encodeSafetensors([])).toEqual(file("{}      "));
    const none = '{"none":{"dtype":"F32","shape":[2,0],"data_offsets":[0,0]}}';
    expect(encodeSafetensors([{ name: "none", shape: [2, 0], values: [] }])).toEqual(file(none.padEnd(64)));
    expect(encodeSafetensors([], { framework: "pt" })).toEqual(file('{"__metadata__":{"framework":"pt"}}     '));
  });

  test("what it reads back, bit for bit, whatever the names", () => {
    const tensor = fc.record({
      name: fc.string({ unit: "binary" }).filter((name) => name !== "__metadata__"),
      values: fc.float32Array({ maxLength: 9, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.uniqueArray(tensor, { selector: ({ name }) => name }), fc.dictionary(fc.string(), fc.string()), (given, metadata) => {
        const tensors = given.map(({ name, values }) => ({ name, shape: [values.length], values }));
        const read = decodeSafetensors(encodeSafetensors(tensors, metadata));
        expect(read.tensors).toEqual(tensors.map((one) => ({ ...one, dtype: "F32" })));
        expect(Object.entries(read.metadata).sort()).toEqual(Object.entries(metadata).sort());
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});

describe("refuses", () => {
  const x = (part: object) => ({ x: { ...entry("U8", [2], 0, 2), ...part } });
  const data = [1, 2];
  test.each<[string, Uint8Array, RegExp]>([
    ["an empty file", new Uint8Array(), /^safetensors: 0 bytes, expected at least 8$/],
    ["a header cut short", file("{}", [], 3n), /a header of 3 bytes in a file of 10: the file is cut short$/],
    ["a header over 100 MB", file("{}", [], 100_000_001n), /a header of 100000001 bytes, expected at most 100000000/],
    ["a header of 2^64 - 1 bytes", file("{}", [], 2n ** 64n - 1n), /a header of 18446744073709552000 bytes/],
    ["a header of no bytes", file(""), /the header begins with "", expected "{"$/],
    ["a byte order mark", file("\ufeff{}"), /the header begins with/],
    ["spaces before the header", file(" {}"), /the header begins with " {}"/],
    ["what is not UTF-8", file("{}", [], 2n).fill(0xff, 9, 10), /the header is not UTF-8$/],
    ["what is no JSON", file("{x}"), /the header: a name: got "x}", expected a string$/],
    ["an open object", file('{"x":{"dtype":"U8"'), /"x": got its end, expected "," or "}"$/],
    ["a comma too many", file("{},"), /the header: got ",", expected its end$/],
    ["data cut short", file(x({}), [1]), /"x", U8 \[2\], lies at 0 to 2 of 1 bytes of data: the file is cut short$/],
    ["data left over", file(x({}), [1, 2, 3]), /1 bytes of data belong to no tensor$/],
    [
      "a name twice",
      file('{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\\u0078":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', [1]),
      /the header has "x" twice$/,
    ],
    ["metadata twice", file('{"__metadata__":{},"__metadata__":{}}'), /the header has "__metadata__" twice$/],
    ["a field twice", file('{"x":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}', [1]), /"x" has "dtype" twice$/],
    ["a field that nobody knows", file(x({ strides: [1] }), data), /"x" has the field "strides", expected dtype, shape and data_offsets$/],
    ["no dtype", file('{"x":{"shape":[1],"data_offsets":[0,1]}}', [1]), /"x" lacks dtype$/],
    ["no shape", file('{"x":{"dtype":"U8","data_offsets":[0,1]}}', [1]), /"x" lacks shape$/],
    ["one offset", file(x({ data_offsets: [0] }), data), /"x" lacks two data_offsets$/],
    ["three offsets", file(x({ data_offsets: [0, 1, 2] }), data), /"x": data_offsets has more than 2 numbers$/],
    ["65 dimensions", file(x({ shape: new Array(65).fill(1) }), data), /"x": shape has more than 64 numbers$/],
    ["an unknown dtype", file(x({ dtype: "F8_E4M3" }), data), /"x": dtype is "F8_E4M3", expected one of: F64, F32, /],
    ["a dtype of the prototype", file(x({ dtype: "constructor" }), data), /dtype is "constructor"/],
    ["a dtype that is a number", file(x({ dtype: 8 }), data), /"x": dtype: got "8,.*", expected a string$/],
    ["metadata that is no text", file({ __metadata__: { a: 1 } }), /__metadata__: "a": got "1}}", expected a string$/],
    ["a negative size", file(x({ shape: [-2] }), data), /"x": shape: got "-2\].*", expected a whole number from 0 to 2\^53 - 1$/],
    ["half a size", file(x({ shape: [1.5] }), data), /"x": shape: got "1.5\]/],
    ["a size of 1e300", file('{"x":{"dtype":"U8","shape":[1e300],"data_offsets":[0,1]}}', [1]), /"x": shape: got "1e300/],
    [
      "a size of 2^53",
      file('{"x":{"dtype":"U8","shape":[9007199254740992],"data_offsets":[0,1]}}', [1]),
      /"x": shape: got "9007199254740992/,
    ],
    ["a size with a leading zero", file('{"x":{"dtype":"U8","shape":[01],"data_offsets":[0,1]}}', [1]), /"x": shape: got "01/],
    [
      "sizes whose product wraps",
      file(x({ shape: [2 ** 32, 2 ** 32] }), data),
      /"x", U8 \[4294967296, 4294967296\], has more than 2\^53 bytes$/,
    ],
    ["a huge tensor without data", file(x({ shape: [2 ** 40] }), data), /needs 1099511627776 bytes, but has 2$/],
    ["a negative offset", file(x({ data_offsets: [-2, 0] }), data), /"x": data_offsets: got "-2,0/],
    ["offsets backwards", file(x({ data_offsets: [2, 0] }), data), /lies at 2 to 0 of 2 bytes of data: backwards$/],
    ["a shape that needs other bytes", file(x({ shape: [3] }), data), /"x", U8 \[3\], needs 3 bytes, but has 2$/],
    [
      "a hole",
      file({ x: entry("U8", [1], 0, 1), y: entry("U8", [1], 2, 3) }, [1, 2, 3]),
      /"y", U8 \[1\], begins at 2, expected 1: there is a hole$/,
    ],
    [
      "an overlap",
      file({ x: entry("U8", [2], 0, 2), y: entry("U8", [2], 1, 3) }, [1, 2, 3]),
      /"y", U8 \[2\], begins at 1, expected 2: tensors overlap$/,
    ],
    ["two tensors on the same bytes", file({ x: entry("U8", [2], 0, 2), y: entry("U8", [2], 0, 2) }, data), /tensors overlap$/],
    ["deep nesting", file(`{"x":${"[".repeat(1e6)}`), /"x": got "\[\[\[.*, expected "{"$/],
    ["a boolean of 2", file(x({ dtype: "BOOL" }), [1, 2]), /"x": 2 is not from 0 to 1$/],
    ["a float64 beyond float32", file({ x: entry("F64", [1], 0, 8) }, [0, 0, 0, 0, 0, 0, 0xf0, 0x7e]), /"x": .* is beyond float32$/],
    [
      "an int64 beyond int32",
      file({ x: entry("I64", [1], 0, 8) }, [0, 0, 0, 0, 1, 0, 0, 0]),
      /"x": 4294967296 is not from -2147483648 to 2147483647$/,
    ],
  ])("%s", (_, bytes, message) => {
    expect(() => decodeSafetensors(bytes)).toThrow(FormatError);
    expect(() => decodeSafetensors(bytes)).toThrow(message);
  });

  test("what is no bytes, and what cannot be written", () => {
    const bytes = encodeSafetensors([{ name: "a", shape: [1], values: [2] }]);
    expect(decodeSafetensors(bytes.buffer)).toEqual(decodeSafetensors(bytes));
    expect(() => decodeSafetensors("x" as never)).toThrow(/^safetensors: got "x", expected a Uint8Array/);
    expect(() => decodeSafetensors(transferred(encodeSafetensors([])))).toThrow(FormatError);
    expect(() => decodeSafetensors(transferred(encodeSafetensors([])))).toThrow(/^safetensors: got a Uint8Array whose buffer is detached/);
    const one = { name: "a", shape: [1], values: [1] };
    expect(() => encodeSafetensors([one, one])).toThrow(OptionError);
    expect(() => encodeSafetensors([{ ...one, name: "__metadata__" }])).toThrow(OptionError);
    expect(() => encodeSafetensors([{ ...one, shape: [2] }])).toThrow(ShapeError);
    const write = (values: ArrayLike<number>) => () => encodeSafetensors([{ name: "a", shape: [values.length], values }]);
    // The largest float32 and half a step above it, which rounds to infinity.
    expect(write([1, -(2 ** 128 - 2 ** 103)])).toThrow(
      /^safetensors: a: element 1 is -3.40\d+e\+38, expected a number within float32's range$/,
    );
    expect(write(Float64Array.of(1e300))).toThrow(ShapeError);
    expect(decodeSafetensors(write([2 ** 128 - 2 ** 104, Number.NEGATIVE_INFINITY, 0.1, 2 ** 24 + 1])()).tensors[0]!.values).toEqual(
      Float32Array.of(2 ** 128 - 2 ** 104, Number.NEGATIVE_INFINITY, Math.fround(0.1), 2 ** 24),
    );
    for (const Kind of [Int32Array, Uint32Array]) {
      expect(write(Kind.of(2 ** 24 + 1))).toThrow(/^safetensors: a: element 0 is 16777217, expected a whole number that float32 has/);
      expect(decodeSafetensors(write(Kind.of(2 ** 24, 2 ** 24 + 2))()).tensors[0]!.values).toEqual(Float32Array.of(2 ** 24, 2 ** 24 + 2));
    }
    expect(() => encodeSafetensors([one], { epoch: 3 } as never)).toThrow(/^safetensors: metadata "epoch" is 3, expected text$/);
  });
});

describe("whatever the bytes, the answer is tensors or a FormatError, soon", () => {
  const answers = (bytes: Uint8Array) => {
    try {
      decodeSafetensors(bytes);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
  };
  const good = encodeSafetensors(
    [
      { name: "dense_1.weight", shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) },
      { name: "dense_1.bias", shape: [3], values: Float32Array.of(7, 8, 9) },
    ],
    { format: "pt" },
  );
  const header = new TextDecoder().decode(good.subarray(8, -36));

  test("bytes changed, cut out or put in", () => {
    const change = fc.record({ at: fc.nat(good.length), remove: fc.nat(3), put: fc.uint8Array({ maxLength: 3 }) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        let bytes = [...good];
        for (const { at, remove, put } of changes) bytes = [...bytes.slice(0, at), ...put, ...bytes.slice(at + remove)];
        answers(Uint8Array.from(bytes));
      }),
      { seed: 1, numRuns: 5000 },
    );
  });

  test("numbers and texts of the header exchanged, under a right length", () => {
    const parts = header.split(/(\d+|"[^"]*"|[{}[\],:])/).filter((part) => part !== "");
    const other = fc.oneof(
      fc.constantFrom(
        "0",
        "-1",
        "4",
        "1e9",
        "9007199254740991",
        "18446744073709551616",
        "null",
        "[]",
        "{}",
        '"',
        "[[",
        "]",
        "}",
        ",",
        '"F64"',
        "NaN",
        "\u0000",
      ),
      fc.constantFrom(...parts),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(parts.length - 1), other), { minLength: 1, maxLength: 3 }), (changes) => {
        const changed = [...parts];
        for (const [at, part] of changes) changed[at] = part;
        answers(file(changed.join(""), good.subarray(-36)));
      }),
      { seed: 2, numRuns: 5000 },
    );
  });

  test("any JSON as the header", () => {
    fc.assert(
      fc.property(fc.json(), fc.uint8Array(), (json, data) => answers(file(json, data))),
      { seed: 3, numRuns: 1000 },
    );
  });

  test("a header of a million names, and one string of 20 MB", () => {
    const names = Array.from({ length: 2 ** 20 + 1 }, (_, i) => `"${i}":""`).join(",");
    expect(() => decodeSafetensors(file(`{"__metadata__":{${names}}}`))).toThrow(/^safetensors: __metadata__ has more than 1048576 names$/);
    expect(() => decodeSafetensors(file(`{"${"a\\\\".repeat(5e6)}":1}`))).toThrow(FormatError);
  });
});

describe("a network", () => {
  const make = (seed = 1) =>
    network({
      input: 2,
      layers: [dense(3, { activation: "relu" }), activation("linear"), dense(2)],
      loss: meanSquaredError(),
      seed,
      backend: "js",
    });

  test("with PyTorch's layout computes x·Wᵀ + b of the file's matrices", async () => {
    const net = await network({ input: 2, layers: [dense(3)], loss: meanSquaredError(), seed: 1, backend: "js" });
    const bytes = encodeSafetensors([
      { name: "0.weight", shape: [3, 2], values: [1, 2, 3, 4, 5, 6] },
      { name: "0.bias", shape: [3], values: [0.5, 0, -1] },
    ]);
    fromSafetensors(net, bytes, { rename: (name) => name.replace("dense_1", "0") });
    // Rows of W are units: 10·1 + 100·2 + 0.5 …
    expect([...net.predict([10, 100])]).toEqual([210.5, 430, 649]);
    expect(net.parameters()[0]).toMatchObject({ shape: [2, 3], values: Float32Array.of(1, 3, 5, 2, 4, 6) });
    net.dispose();
  });

  test.each(["torch", "native"] as const)("comes back bit for bit in layout %s, under other names", async (layout) => {
    const [net, other] = [await make(), await make(2)];
    const rename = { "dense_1.weight": "fc.weight" };
    const bytes = toSafetensors(net, { layout, rename, metadata: { epoch: "3" } });
    const { tensors, metadata } = decodeSafetensors(bytes);
    expect(tensors.map(({ name, shape }) => [name, shape])).toEqual([
      ["fc.weight", layout === "torch" ? [3, 2] : [2, 3]],
      ["dense_1.bias", [3]],
      ["dense_2.weight", layout === "torch" ? [2, 3] : [3, 2]],
      ["dense_2.bias", [2]],
    ]);
    expect(metadata).toEqual({ ...(layout === "torch" && { format: "pt" }), epoch: "3", "chainrule.layout": layout });
    fromSafetensors(other, bytes, { layout, rename });
    expect(other.weightsHash()).toBe(net.weightsHash());
    net.dispose();
    other.dispose();
  });

  test("takes what both have if not strict, and else nothing at all", async () => {
    const net = await make();
    const before = net.weightsHash();
    const bytes = encodeSafetensors([
      { name: "dense_1.bias", shape: [3], values: [1, 2, 3] },
      { name: "position", shape: [1], values: [9] },
    ]);
    expect(() => fromSafetensors(net, bytes)).toThrow(
      /^safetensors: the file lacks "dense_1.weight", "dense_2.weight", "dense_2.bias"; it has "position"$/,
    );
    expect(net.weightsHash()).toBe(before);
    fromSafetensors(net, bytes, { strict: false });
    expect([...net.parameters()[1]!.values]).toEqual([1, 2, 3]);
    net.dispose();
  });

  test.each<[string, (net: Network) => unknown, new (message: string) => Error, RegExp]>([
    [
      "another layout than the file says",
      (net) => fromSafetensors(net, toSafetensors(net), { layout: "native" }),
      FormatError,
      /its layout is "torch", the option says "native"$/,
    ],
    [
      "other shapes",
      (net) =>
        fromSafetensors(net, encodeSafetensors([{ name: "dense_1.weight", shape: [2, 3], values: [1, 2, 3, 4, 5, 6] }]), { strict: false }),
      ShapeError,
      /^fromSafetensors: "dense_1.weight" has shape \[2, 3\], expected \[3, 2\], dense_1.weight in layout torch$/,
    ],
    [
      "NaN",
      (net) =>
        fromSafetensors(net, encodeSafetensors([{ name: "dense_1.bias", shape: [3], values: [1, Number.NaN, 3] }]), { strict: false }),
      ShapeError,
      /^setParameters: dense_1.bias: row 0, column 1 is NaN/,
    ],
    [
      "nothing in common",
      (net) => fromSafetensors(net, encodeSafetensors([{ name: "x", shape: [1], values: [1] }]), { strict: false }),
      FormatError,
      /none of the network's parameters; it has "x"$/,
    ],
    ["an unknown layout", (net) => toSafetensors(net, { layout: "keras" as never }), OptionError, /^toSafetensors: layout is "keras"/],
    [
      "a name that is no parameter's",
      (net) => toSafetensors(net, { rename: { "dense_9.weight": "x" } }),
      OptionError,
      /^toSafetensors: rename: unknown option "dense_9.weight"/,
    ],
    [
      "one name for two",
      (net) => toSafetensors(net, { rename: () => "x" }),
      OptionError,
      /^safetensors: a tensor is named "x", expected a name of its own/,
    ],
  ])("refuses %s", async (_, call, kind, message) => {
    const net = await make();
    const before = net.weightsHash();
    expect(() => call(net)).toThrow(kind);
    expect(() => call(net)).toThrow(message);
    expect(net.weightsHash()).toBe(before);
    net.dispose();
  });
});
