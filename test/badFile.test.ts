// Saved networks that are damaged, foreign or hostile: a FormatError, before anything is allocated for them.
import { runInNewContext } from "node:vm";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encode } from "../src/formats/native.js";
import { FormatError, loadNetwork, network, OptionError } from "../src/index.js";
import { any, options, thrownBy, transferred } from "./refusals.js";

describe("a saved file", () => {
  const saved = (async () => (await network(options)).save())();
  const definition = {
    inputs: [{ name: "input", shape: [3] }],
    layers: [{ kind: "dense", name: "d", options: { units: 2, bias: false } }],
    nodes: [{ layer: 0, from: [0] }],
    outputs: [1],
    objectives: [{ loss: { type: "meanSquaredError", options: {} }, metrics: [] }],
    optimizer: { type: "sgd", options: {} },
    seed: 1,
    arithmetic: "strict",
  };
  const parameter = { name: "d.weight", shape: [3, 2], values: new Float32Array(6) };
  /** Well-formed and hashed, with a hostile content. */
  const hostile = (changes: Record<string, unknown>, stored: readonly unknown[] = [parameter], beside: object = {}) =>
    encode({ definition: { ...definition, ...changes }, parameters: any(stored), ...beside });
  const block = (layers: unknown) => hostile({ layers: [{ kind: "residual", name: "d", options: { layers } }] });
  const nested: unknown = JSON.parse("[".repeat(1000) + "]".repeat(1000));

  test("the one that the hostile ones are made from is good", async () => {
    expect((await loadNetwork(hostile({}))).parameters()).toHaveLength(1);
  });

  test.each<readonly [string, (bytes: Uint8Array) => unknown, RegExp]>([
    ["nothing", () => undefined, /got undefined, expected a Uint8Array/],
    [
      "a file of a page",
      () => new Blob(["a"]),
      /got a Blob, expected a Uint8Array or an ArrayBuffer of the file's bytes; await its arrayBuffer\(\) gives them$/,
    ],
    [
      "the page of a server that has no such file",
      () => new TextEncoder().encode("\n<!DOCTYPE html><title>Not found</title>"),
      /bytes that do not begin with "chainrul", expected a file written by save\(\); they are a page, as a server sends where there is no such file$/,
    ],
    ["null", () => null, /got null, expected a Uint8Array/],
    [
      "text",
      () => "chainrul",
      /got "chainrul", expected a Uint8Array .*; await readFile\(path\) of node:fs\/promises gives them, in a page await response.arrayBuffer\(\)$/,
    ],
    [
      "a DataView",
      (bytes) => new DataView(bytes.buffer),
      /got DataView\(\d+\), expected a Uint8Array or an ArrayBuffer of the file's bytes/,
    ],
    [
      "an ArrayBuffer that went to a worker",
      (bytes) => {
        const { buffer } = bytes.slice();
        structuredClone(buffer, { transfer: [buffer] });
        return buffer;
      },
      /^saved network: got an ArrayBuffer that is detached \(it was transferred, as to a worker: keep a copy\), expected/,
    ],
    ["a Float32Array", () => new Float32Array(64), /got Float32Array\(64\), expected a Uint8Array/],
    ["bytes that went to a worker", (bytes) => transferred(bytes.slice()), /^saved network: got a Uint8Array whose buffer is detached/],
    ["no bytes", () => new Uint8Array(), /0 bytes that do not begin with "chainrul"/],
    ["the first 20 bytes", (bytes) => bytes.slice(0, 20), /^saved network: 20 bytes: the file was cut short$/],
    ["a foreign file", () => new TextEncoder().encode("PK\x03\x04".padEnd(200)), /do not begin with "chainrul"/],
    ["a file cut short", (bytes) => bytes.subarray(0, -1), /SHA-256 does not match/],
    ["only its first bytes", (bytes) => bytes.subarray(0, 20), /20 bytes/],
    ["a byte more", (bytes) => Uint8Array.of(...bytes, 0), /SHA-256 does not match/],
    ["another hash", (bytes) => bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte)), /SHA-256 does not match/],
    ["another weight", (bytes) => bytes.map((byte, i) => (i === bytes.length - 40 ? byte ^ 1 : byte)), /SHA-256 does not match/],
    [
      "a newer version",
      (bytes) => bytes.map((byte, i) => (i === 8 ? 2 : byte)),
      /format version 2, this chainrule reads version 1; load it with the chainrule that saved it/,
    ],
    [
      "an optimizer whose options do not go together",
      () => hostile({ optimizer: { type: "sgd", options: { nesterov: true } } }),
      /^saved network: sgd: nesterov is true, but momentum is 0/,
    ],
    [
      "an unknown layer",
      () => hostile({ layers: [{ kind: "conv9d", name: "d", options: {} }] }),
      /^saved network: the library has no layer "conv9d"/,
    ],
    [
      "a layer named like a method",
      () => hostile({ layers: [{ kind: "constructor", name: "d", options: {} }] }),
      /the library has no layer "constructor"/,
    ],
    [
      "a layer of a block that is one before it, where there is none",
      () => hostile({ layers: [{ kind: "residual", name: "d", options: { layers: [{ name: "dense_1" }] } }] }),
      /residual: layer "dense_1" has no kind, and none before it has that name/,
    ],
    [
      "two layers of a block under one name",
      () => {
        const inner = { kind: "dense", name: "a", options: { units: 3 } };
        return hostile({ layers: [{ kind: "residual", name: "d", options: { layers: [inner, inner] } }] });
      },
      /residual: a layer is named "a", as another layer is, expected a name of its own/,
    ],
    ["a block without layers", () => block(undefined), /residual: layers is undefined, expected an array of \{ name, kind, options \}/],
    ["a block of a layer that is null", () => block([null]), /residual: layers is an array of 1, expected an array of \{ name, kind/],
    [
      "a block of a layer whose kind is a list",
      () => block([{ kind: ["dense"], name: "a", options: { units: 3 } }]),
      /residual: layers is an array of 1, expected/,
    ],
    [
      "a block of a layer whose options are a text",
      () => block([{ kind: "prelu", name: "a", options: "a" }]),
      /residual: layers is an array of 1, expected/,
    ],
    [
      "an activation whose type is no text",
      () => hostile({ layers: [{ kind: "dense", name: "d", options: { units: 2, activation: { type: { toString: 1 } } } }] }),
      /the type of the activation is an object \{toString\}, expected a text/,
    ],
    [
      "fewer outputs than losses",
      () => hostile({ objectives: [definition.objectives[0], definition.objectives[0]] }),
      /definition.objectives: got 2 for 1 outputs, expected one for each/,
    ],
    [
      "an input of very many dimensions",
      () => hostile({ inputs: [{ name: "input", shape: new Array(10_000).fill(1) }] }),
      /network: input is an array of 10000, expected .* a shape of at most 64 dimensions/,
    ],
    [
      "a very long name",
      () => hostile({ layers: [{ kind: "a".repeat(1e6), name: "d", options: {} }] }),
      /^saved network: the library has no layer "a{40}…"; .{0,2000}…$/,
    ],
    [
      "a layer of very many inputs",
      () => {
        const nodes = [{ layer: 0, from: new Array(1e6).fill(0) }];
        return hostile({ layers: [{ kind: "add", name: "d", options: {} }], nodes });
      },
      /^saved network: its layers are nested deeper, or take more inputs, than this engine can \(Maximum call stack/,
    ],
    ["classes that are null", () => hostile({}, [parameter], { classes: null }), /classes is null, expected an array of names/],
    ["classes that are false", () => hostile({}, [parameter], { classes: false }), /classes is false, expected an array of names/],
    [
      "what is attached nested too deep to be saved again",
      () => hostile({}, [parameter], { attached: nested }),
      /attached: 0: .*… is nested deeper than 500, expected plain data/,
    ],
    [
      "a callback's state nested too deep to be saved again",
      () => {
        const callbacks = [{ type: "mine", state: nested }];
        return hostile({}, [parameter], { training: { json: { step: 1, epoch: 1, callbacks }, tensors: [] } });
      },
      /training.json.callbacks\[0\].state: 0: .*… is nested deeper than 500/,
    ],
    ["an output twice", () => hostile({ outputs: [1, 1] }), /outputs\[0\] and outputs\[1\] are both named d,/],
    ...Object.keys(definition)
      .filter((field) => field !== "arithmetic")
      .map((field): readonly [string, () => unknown, RegExp] => [
        `a definition without ${field}`,
        () => hostile({ [field]: undefined }),
        new RegExp(`^saved network: definition\\.${field} is undefined, expected `),
      ]),
    ["an arithmetic of null", () => hostile({ arithmetic: null }), /definition.arithmetic is null, expected a text/],
    ["inputs by name", () => hostile({ inputs: { x: 3 } }), /definition.inputs is an object \{x\}, expected an array/],
    [
      "an input without a shape",
      () => hostile({ inputs: [{ name: "x" }] }),
      /definition.inputs\[0\].shape is undefined, expected an array/,
    ],
    ["layers that are none", () => hostile({ layers: 5 }), /definition.layers is 5, expected an array/],
    ["a layer that is null", () => hostile({ layers: [null] }), /definition.layers\[0\] is null, expected \{ name, kind, options \}/],
    ["a layer without options", () => hostile({ layers: [{ kind: "dense", name: "d" }] }), /definition.layers\[0\].options is undefined/],
    ["a node that takes nothing", () => hostile({ nodes: [{ layer: 0 }] }), /definition.nodes\[0\].from is undefined, expected an array/],
    ["an output by name", () => hostile({ outputs: ["d"] }), /definition.outputs\[0\] is "d", expected a number/],
    [
      "no loss",
      () => hostile({ objectives: [{ loss: null, metrics: [] }] }),
      /definition.objectives\[0\].loss is null, expected \{ type, options \}/,
    ],
    [
      "a metric that is null",
      () => hostile({ objectives: [{ ...definition.objectives[0], metrics: [null] }] }),
      /definition.objectives\[0\].metrics\[0\] is null, expected \{ type, options \}/,
    ],
    ["an optimizer by name", () => hostile({ optimizer: "sgd" }), /definition.optimizer is "sgd", expected \{ type, options \}/],
    ["a node of no layer", () => hostile({ nodes: [{ layer: 7, from: [0] }] }), /a node uses layer 7 of 1/],
    ["a node that takes itself", () => hostile({ nodes: [{ layer: 0, from: [1] }] }), /a node takes value 1 of 1/],
    ["an output of no node", () => hostile({ outputs: [9] }), /a node takes value 9 of 2/],
    ["an unknown optimizer", () => hostile({ optimizer: { type: "tiger", options: {} } }), /optimizer is "tiger"/],
    ["an option out of range", () => hostile({ layers: [{ kind: "dense", name: "d", options: { units: -1 } }] }), /units is -1/],
    ["an arithmetic of another version", () => hostile({ arithmetic: "exact" }), /arithmetic is "exact"/],
    [
      "units beyond memory",
      () => hostile({ layers: [{ kind: "dense", name: "d", options: { units: 2 ** 31 - 1, bias: false } }] }),
      /it holds d.weight \[3, 2\]; its layers have d.weight \[3, 2147483647\]/,
    ],
    ["an input beyond memory", () => hostile({ inputs: [{ name: "input", shape: [2 ** 31 - 1, 2 ** 31 - 1] }] }), /saved network: /],
    ["an input that is negative", () => hostile({ inputs: [{ name: "input", shape: [-3] }] }), /input is -3/],
    ["a shape beyond the file", () => hostile({}, [{ ...parameter, shape: [2 ** 40, 2 ** 40] }]), /reaches past the end of the file/],
    [
      "a shape whose product is no number",
      () => hostile({}, [{ ...parameter, shape: new Array(40).fill(2 ** 53 - 1) }]),
      /reaches past the end of the file/,
    ],
    ["a negative shape", () => hostile({}, [{ ...parameter, shape: [-3, -2] }]), /the header lacks definition or parameters/],
    ["a shape that is too small", () => hostile({}, [{ ...parameter, shape: [3, 1] }]), /bytes belong to no parameter/],
    [
      "the same bytes in another shape",
      () => hostile({}, [{ ...parameter, shape: [2, 3] }]),
      /it holds d.weight \[2, 3\]; its layers have d.weight \[3, 2\]/,
    ],
    ["a parameter of another name", () => hostile({}, [{ ...parameter, name: "e.weight" }]), /it holds e.weight/],
    ["a parameter twice", () => hostile({}, [parameter, parameter]), /it holds d.weight \[3, 2\], d.weight/],
    [
      "a weight that is NaN",
      () => hostile({}, [{ ...parameter, values: new Float32Array(6).fill(Number.NaN) }]),
      /d.weight: row 0, column 0 is NaN/,
    ],
  ])("%s is a FormatError", async (_, change, message) => {
    const error = await thrownBy(async () => loadNetwork(any(change(await saved))));
    expect(error).toBeInstanceOf(FormatError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toMatch(/^saved network: (?!saved network)/);
  });

  test("bytes of another realm are bytes, as where jsdom has its own Uint8Array; an ArrayBuffer, as fetch gives it, is, too", async () => {
    const bytes = runInNewContext("Uint8Array.from(bytes)", { bytes: [...(await saved)] });
    expect(bytes).not.toBeInstanceOf(Uint8Array);
    for (const file of [bytes, bytes.buffer, (await saved).slice().buffer])
      expect((await loadNetwork(file)).weightsHash()).toBe((await network(options)).weightsHash());
  });

  test("options of loadNetwork are checked, and are not the file's fault", async () => {
    const bytes = await saved;
    await expect(loadNetwork(bytes, any(null))).rejects.toThrow(OptionError);
    await expect(loadNetwork(bytes, any({ backend: "gpu" }))).rejects.toThrow(
      /loadNetwork: backend is "gpu", expected one of: auto, wasm, js/,
    );
    await expect(loadNetwork(bytes, any({ backend: "gpu" }))).rejects.toThrow(OptionError);
    await expect(loadNetwork(bytes, any({ seed: 1 }))).rejects.toThrow(/loadNetwork: unknown option "seed"/);
  });

  test("whatever is cut off or altered, it is a FormatError", async () => {
    const bytes = await saved;
    const damaged = fc.record({
      keep: fc.nat(bytes.length),
      flips: fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 })), { maxLength: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(damaged, async ({ keep, flips }) => {
        const altered = bytes.slice();
        for (const [at, by] of flips) altered[at]! ^= by;
        const given = altered.subarray(0, keep);
        fc.pre(given.length < bytes.length || given.some((byte, i) => byte !== bytes[i]));
        expect(await thrownBy(() => loadNetwork(given, { backend: "js" }))).toBeInstanceOf(FormatError);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  test("whatever a header with a true hash claims, it is a FormatError or a network", async () => {
    const value = fc.oneof(fc.integer(), fc.double(), fc.string(), fc.constant(null), fc.boolean(), fc.array(fc.integer()), fc.jsonValue());
    const key = fc.constantFrom("input", "layers", "loss", "optimizer", "metrics", "seed", "arithmetic");
    const option = fc.constantFrom("units", "bias", "activation", "weight", "kernelL1", "other");
    await fc.assert(
      fc.asyncProperty(key, option, value, value, async (changed, field, a, b) => {
        const layers = [{ kind: "dense", name: "d", options: { units: 2, bias: false, [field]: b } }];
        for (const bytes of [hostile({ [changed]: a }), hostile({ layers })]) {
          const error = await thrownBy(() => loadNetwork(bytes, { backend: "js" }));
          if (error !== undefined) expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { seed: 2, numRuns: 500 },
    );
  });
});
