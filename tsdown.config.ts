// What is published: modules for npm consumers, whose bundlers see the one dependency; one file for pages without a bundler, with the
// builds that are loaded on demand next to it; and the bare modules for runtimes that compile WebAssembly ahead of time only.
import { resolve } from "node:path";
import { defineConfig, type Rolldown } from "tsdown";

/** The JavaScript backend: loaded on demand, as the builds are. */
const plain = (id: string) => /\/src\/backends\/(js\.|kernels\/)|\/build\/js\//.test(id) && !id.endsWith(".d.ts");
/** What every entry may need: all but the entries themselves, what is loaded on demand, and declarations. */
const shared = (id: string) =>
  /\/(src|assembly)\/|\/build\/strict\./.test(id) && !plain(id) && !/\/src\/(index|node|csv)\b|\.d\.ts$/.test(id);

/** Escapes what is not ASCII, in texts: for one "…" V8 keeps all of the source at two bytes a character. */
const ascii: Rolldown.Plugin = {
  name: "ascii",
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle))
      if (chunk.type === "chunk" && chunk.fileName.endsWith(".js"))
        chunk.code = chunk.code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  },
};

const common = { format: "esm", target: "es2022", fixedExtension: false, logLevel: "warn", plugins: ascii } as const;

export default defineConfig([
  {
    ...common,
    name: "npm",
    entry: {
      index: "src/index.ts",
      node: "src/node.ts",
      csv: "src/csv.ts",
      cli: "bench/cli.ts",
      started: "bench/started.ts",
      planned: "bench/planned.ts",
    },
    // Nothing of Node may be assumed: workers, Deno and Bun run the same files. Only src/node.ts imports node: modules.
    platform: "neutral",
    // Half the size is a quarter of the time that importing takes; so is one file for what belongs together.
    minify: true,
    outputOptions: {
      codeSplitting: {
        groups: [
          { name: "chainrule", test: shared },
          { name: "js", test: plain },
        ],
      },
    },
    // The bench's own dependency is no dependency of the library.
    deps: { neverBundle: [/^node:/], alwaysBundle: ["tinybench"], onlyBundle: ["tinybench"] },
    dts: true,
    copy: [{ from: ["build/strict*.wasm", "build/relaxed*.wasm"], to: "dist/wasm" }],
    inputOptions: { checks: { pluginTimings: false } },
  },
  {
    ...common,
    name: "browser",
    entry: { "chainrule.browser": "src/index.ts" },
    platform: "browser",
    // Its JavaScript backend is within: what both need would else be a second file that every page loads.
    alias: { [resolve("src/backends/plain.ts")]: resolve("src/backends/plainInline.ts") },
    deps: { alwaysBundle: ["@assemblyscript/loader"], onlyBundle: ["@assemblyscript/loader"] },
    minify: true,
    outputOptions: { chunkFileNames: "chainrule.browser.[name].js" },
    banner: "/*! chainrule, MIT. Contains @assemblyscript/loader, Copyright Daniel Wirtz and contributors, Apache-2.0. */",
    dts: false,
  },
]);
