// AssemblyScript that only benches need, compiled when they start; the production artefact holds none of it.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { rewriteConstants } from "../scripts/splats.js";

/** Compiles the text of one file, as the library is compiled; it lies in build/bench/ and imports from there. Its memory is imported as
 *  `env.memory`. */
export function compileAssembly(name: string, source: string, { relaxed = false } = {}): WebAssembly.Module {
  mkdirSync("build/bench", { recursive: true });
  const [text, wasm] = [`build/bench/${name}.ts`, `build/bench/${name}.wasm`];
  writeFileSync(text, source);
  const features = relaxed ? ["--enable", "relaxed-simd"] : [];
  const options = ["-O3", "--runtime", "stub", "--noAssert", "--importMemory", "--enable", "simd", ...features, "-o", wasm];
  execFileSync(process.execPath, ["node_modules/assemblyscript/bin/asc.js", text, ...options], { stdio: "inherit" });
  return new WebAssembly.Module(rewriteConstants(readFileSync(wasm)));
}
