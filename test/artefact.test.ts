// What each build holds, read from its sections: each worker makes an instance of its own on one memory, so whatever an
// instance would initialise or keep to itself is a fault.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type BuildName, builds } from "../src/backends/builds.js";
import { ops } from "../src/plan/ops.js";

/** Of all ops but the barrier, which is the interpreters' own. */
const kernels = Object.keys(ops).filter((name) => name !== "barrier");

/** Section numbers: WebAssembly core specification 2.0, 5.5.2. */
const section = { global: 6, start: 8, data: 11 } as const;

/** Unsigned LEB128, same place, 5.2.2. */
function readUint(bytes: Uint8Array, at: number): [value: number, next: number] {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]!;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return [value, at];
  }
}

function sections(bytes: Uint8Array): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  let at = 8; // after magic and version
  while (at < bytes.length) {
    const id = bytes[at]!;
    const [size, start] = readUint(bytes, at + 1);
    found.set(id, bytes.subarray(start, start + size));
    at = start + size;
  }
  return found;
}

/** Name and text of an exported function, one instruction a line. */
function exportedFunction(text: string, exported: string): { name: string; lines: string[] } {
  const name = text.match(new RegExp(`\\(export "${exported}" \\(func (\\S+)\\)\\)`))![1]!;
  const start = text.indexOf(`\n (func ${name} `);
  return { name, lines: text.slice(start, text.indexOf("\n )", start)).trim().split("\n") };
}

const count = (pattern: RegExp, within: string) => within.match(pattern)?.length ?? 0;

describe.each(Object.keys(builds) as BuildName[])("build/%s.wasm", (name) => {
  const bytes = readFileSync(`build/${name}.wasm`);
  const text = readFileSync(`build/${name}.wat`, "utf8");

  test("initialises nothing: no data segment and no start function", () => {
    expect(sections(bytes).has(section.data)).toBe(false);
    expect(sections(bytes).has(section.start)).toBe(false);
  });

  test("keeps nothing to an instance: no mutable global", () => {
    expect(count(/\(global \S+ \(mut /g, text)).toBe(0);
    // The text is another rendering of the same module: as many globals there as here.
    const global = sections(bytes).get(section.global);
    expect(count(/^ \(global /gm, text)).toBe(global ? global[0] : 0);
  });

  // From the text: not every engine can compile every build.
  test("imports a memory, what threads cannot do in WebAssembly, and nothing else", () => {
    const { threads } = builds[name];
    const imports = [/^ \(import "env" "memory" \(memory /, ...(threads ? [/"env" "wait"/, /"env" "report"/] : [])];
    expect(text.match(/^ \(import .*$/gm)).toEqual(imports.map((pattern) => expect.stringMatching(pattern)));
    expect(/"memory" \(memory .* shared\)/.test(text)).toBe(threads);
    expect(text.includes("atomic")).toBe(threads);
  });

  test("exports the interpreter and every kernel of the op table", () => {
    const exported = [...text.matchAll(/^ \(export "([^"]+)" \(func /gm)].map(([, name]) => name);
    expect(exported).toEqual(expect.arrayContaining(["run", ...kernels]));
  });

  test("large kernels are functions of their own: the interpreter calls them", () => {
    // asc inlines what is small, with a loop of some 60 instructions at most.
    const large = kernels.map((op) => exportedFunction(text, op)).filter(({ lines }) => lines.length > 100);
    expect(large.length).toBeGreaterThan(10);
    const interpreter = exportedFunction(text, "run").lines.map((line) => line.trim());
    for (const { name } of large) expect(interpreter).toContain(`call ${name}`);
  });

  test("fuses if it is relaxed, and only then", () => {
    expect(text.includes("relaxed")).toBe(builds[name].arithmetic === "relaxed");
  });
});
