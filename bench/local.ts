// npm run bench: the published command on the sources. What it starts is bundled when it is needed, as the package's modules are.
import { build } from "tsdown";
import config from "../tsdown.config.js";
import { bench } from "./index.js";

async function bundled(name: string): Promise<string> {
  const { format, target, fixedExtension, platform, minify, deps, outputOptions } = config[0]!;
  const options = {
    format,
    target,
    fixedExtension,
    platform,
    minify,
    deps,
    outputOptions,
    clean: false,
    dts: false,
    config: false,
  } as const;
  await build({ ...options, entry: [`bench/${name}.ts`], outDir: "build/bench", logLevel: "error" });
  return `build/bench/${name}.js`;
}

await bench(process.argv.slice(2), bundled);
