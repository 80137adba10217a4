// What is published: modules for npm consumers, without dependencies; the same as CommonJS, for what loads no ES modules, as Jest by default;
// one file for pages without a bundler, with the builds that are loaded on demand next to it; and the bare modules for runtimes that compile
// WebAssembly ahead of time only.
import { relative, resolve } from "node:path";
import { defineConfig, type Rolldown, type UserConfig } from "tsdown";

/** Of a module in here, wherever this folder lies. */
const pathOf = (id: string) => relative(import.meta.dirname, id).replaceAll("\\", "/");
/** The JavaScript backend: loaded on demand, as the builds are. */
const plain = (id: string) =>
  /^(src\/backends\/(js\.|kernels\/)|build\/js\/|assembly\/coefficients\.)/.test(pathOf(id)) && !id.endsWith(".d.ts");
/** What every entry may need: all but the entries themselves, what is loaded on demand, and declarations. */
const shared = (id: string) =>
  /^(src\/|assembly\/|build\/strict\.)/.test(pathOf(id)) && !plain(id) && !/^src\/(node|csv)\b|\.d\.ts$/.test(pathOf(id));

/** Makes texts cheap to read for V8: one "\u2026" and all of the source takes two bytes a character; a template is read several times as
 *  slowly as a string, and the minifier writes all strings as templates. Each statement begins a line: Node shows the line that threw. */
const texts: Rolldown.Plugin = {
  name: "texts",
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== "chunk" || !/\.c?js$/.test(chunk.fileName)) continue;
      let code = "";
      let at = 0;
      for (const { start, end, text } of replacements(this.parse(chunk.code))) {
        code += chunk.code.slice(at, start) + text;
        at = end;
      }
      code += chunk.code.slice(at);
      chunk.code = code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
    }
  },
};

interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** In a syntax tree's order: strings for templates that have neither expressions nor a tag, a new line before each statement, and objects' own
 *  fields in the place of all. */
function replacements(tree: object): Replacement[] {
  const found: Replacement[] = [];
  const visit = (node: object) => {
    const { type, start, end, quasis } = node as { type?: string; start: number; end: number; quasis: { value: { cooked: string } }[] };
    if (type === "TemplateLiteral" && quasis.length === 1) {
      found.push({ start, end, text: JSON.stringify(quasis[0]!.value.cooked) });
      return;
    }
    // The bundler's own, for the fields of namespaces: what a page has put on Object.prototype is none of them.
    if (type === "ForInStatement") {
      const { left, right } = node as unknown as Record<"left" | "right", { start: number; end: number }>;
      found.push({ start: left.end, end: right.start, text: " of Object.keys(" }, { start: right.end, end: right.end, text: ")" });
    }
    if (type && /(Statement|Declaration|Definition)$/.test(type) && type !== "BlockStatement")
      found.push({ start, end: start, text: "\n" });
    for (const [name, child] of Object.entries(node)) if (child && typeof child === "object" && name !== "quasi") visit(child);
  };
  visit(tree);
  return found.sort((a, b) => a.start - b.start);
}

/** Classes keep their names: consoles and error reports show them. */
const minify = { compress: true, mangle: { keepNames: { class: true, function: false } } } as const;

const common = {
  format: "esm",
  target: "es2022",
  fixedExtension: false,
  logLevel: "warn",
  plugins: texts,
  inputOptions: { checks: { pluginTimings: false } },
} as const;

/** What can be imported; the command and the processes that it starts export nothing, so that they have nothing to declare. */
const library = { index: "src/index.ts", node: "src/node.ts", csv: "src/csv.ts" };

const installed: UserConfig = {
  ...common,
  // Nothing of Node may be assumed: workers, Deno and Bun run the same files. Only src/node.ts imports node: modules.
  platform: "neutral",
  // Half the size is a quarter of the time that importing takes; so is one file for what belongs together.
  minify,
  outputOptions: {
    codeSplitting: {
      groups: [
        { name: "chainrule", test: shared },
        { name: "js", test: plain },
      ],
    },
  },
  deps: { neverBundle: [/^node:/], onlyBundle: [] },
  dts: { entry: Object.values(library) },
};

export default defineConfig([
  {
    ...installed,
    name: "npm",
    entry: { ...library, cli: "bench/cli.ts", started: "bench/started.ts", planned: "bench/planned.ts" },
    copy: [{ from: ["build/strict*.wasm", "build/relaxed*.wasm"], to: "dist/wasm" }],
  },
  { ...installed, name: "CommonJS", format: "cjs", entry: library, outDir: "dist/cjs" },
  {
    ...common,
    name: "browser",
    entry: { "chainrule.browser": "src/index.ts" },
    platform: "browser",
    // Its JavaScript backend is within: what both need would else be a second file that every page loads.
    alias: { [resolve("src/backends/plain.ts")]: resolve("src/backends/plainInline.ts") },
    minify,
    outputOptions: { chunkFileNames: "chainrule.browser.[name].js" },
    deps: { onlyBundle: [] },
    dts: false,
  },
]);
