// What each build holds, read from its bytes: each worker makes an instance of its own on one memory, so whatever an
// instance would initialise or keep to itself is a fault. Not every engine can compile every build.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Code, instructionEnd, partsOf, readCount, Section, sectionsOf } from "../scripts/wasm.js";
import { mostPages } from "../src/backends/arena.js";
import { type BuildName, builds } from "../src/backends/builds.js";
import { ops } from "../src/plan/ops.js";

/** Of all ops but the barrier, which is the interpreters' own. */
const kernels = Object.keys(ops).filter((name) => name !== "barrier");

/** What an import or export is: core specification 2.0, 5.5.5. */
const external = { function: 0, memory: 2 } as const;

/** A list's entries, each read from where the last one ended. */
class Reader {
  constructor(
    private readonly bytes: Uint8Array,
    private at = 0,
  ) {}

  count(): number {
    const [count, end] = readCount(this.bytes, this.at);
    this.at = end;
    return count;
  }

  name(): string {
    const length = this.count();
    this.at += length;
    return Buffer.from(this.bytes.subarray(this.at - length, this.at)).toString();
  }

  each<T>(read: () => T): T[] {
    return Array.from({ length: this.count() }, read);
  }
}

function importsOf(section: Uint8Array) {
  const from = new Reader(section);
  return from.each(() => {
    const [module, name, kind] = [from.name(), from.name(), from.count()];
    if (kind === external.function) return { module, name, type: from.count() };
    if (kind !== external.memory) throw new Error(`import of kind ${kind}`);
    const flags = from.count();
    return { module, name, isShared: (flags & 2) !== 0, initial: from.count(), most: flags & 1 ? from.count() : undefined };
  });
}

/** Exported functions: number by name. */
function exportsOf(section: Uint8Array): Map<string, number> {
  const from = new Reader(section);
  const all = from.each(() => ({ name: from.name(), kind: from.count(), index: from.count() }));
  return new Map(all.filter(({ kind }) => kind === external.function).map(({ name, index }) => [name, index]));
}

/** The instructions of a function's body, which its variables are before. */
function instructionsOf(body: Uint8Array): Uint8Array[] {
  let [groups, at] = readCount(body, 0);
  for (; groups > 0; --groups) at = readCount(body, at)[1] + 1;
  const found: Uint8Array[] = [];
  while (at < body.length) {
    const end = instructionEnd(body, at);
    found.push(body.subarray(at, end));
    at = end;
  }
  return found;
}

/** Relaxed instructions come after all others on vectors. */
const isRelaxed = (instruction: Uint8Array) => instruction[0] === Code.Vector && readCount(instruction, 1)[0] >= 0x100;

describe.each(Object.keys(builds) as BuildName[])("build/%s.wasm", (name) => {
  const sections = new Map([...sectionsOf(readFileSync(`build/${name}.wasm`))].map(({ id, bytes }) => [id, bytes]));
  const imports = importsOf(sections.get(Section.Import)!);
  const exported = exportsOf(sections.get(Section.Export)!);
  const imported = imports.filter(({ type }) => type !== undefined).length;
  const functions = partsOf(sections.get(Section.Code)!).map(instructionsOf);
  const functionOf = (name: string) => functions[exported.get(name)! - imported]!;
  const instructions = functions.flat();
  const { threads, arithmetic } = builds[name];

  test("initialises nothing: no data segment and no start function", () => {
    expect(sections.has(Section.Data)).toBe(false);
    expect(sections.has(Section.Start)).toBe(false);
  });

  test("keeps nothing to an instance: no mutable global", () => {
    const section = sections.get(Section.Global);
    // Each is a type, whether it can change, and its first value, one instruction and an end.
    let [count, at] = section ? readCount(section, 0) : [0, 0];
    for (; count > 0; --count) {
      expect(section![at + 1]).toBe(0);
      at = instructionEnd(section!, at + 2) + 1;
    }
  });

  test("imports a memory, what threads cannot do in WebAssembly, and nothing else", () => {
    const memory = { module: "env", name: "memory", isShared: threads, initial: 1, most: threads ? mostPages : undefined };
    const called = threads ? ["wait", "report"].map((name) => ({ module: "env", name, type: expect.any(Number) })) : [];
    expect(imports).toEqual([...called, memory]);
    expect(instructions.some(([code]) => code === Code.Atomic)).toBe(threads);
  });

  test("exports the interpreter and every kernel of the op table", () => {
    expect([...exported.keys()]).toEqual(expect.arrayContaining(["run", ...kernels]));
  });

  test("large kernels are functions of their own: the interpreter calls them", () => {
    // asc inlines what is small, with a loop of some 60 instructions at most.
    const large = kernels.filter((op) => functionOf(op).length > 200);
    expect(large.length).toBeGreaterThan(10);
    const called = functionOf("run").flatMap((instruction) => (instruction[0] === Code.Call ? readCount(instruction, 1)[0] : []));
    for (const op of large) expect(called).toContain(exported.get(op));
  });

  test("fuses if it is relaxed, and only then", () => {
    expect(instructions.some(isRelaxed)).toBe(arithmetic === "relaxed");
  });
});
