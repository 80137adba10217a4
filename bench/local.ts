// npm run bench: the published command on the sources. What it starts is bundled when it is needed, as the package's modules are.
import { build } from "tsdown";
import config from "../tsdown.config.js";
import { bench } from "./index.js";

async function bundled(name: string): Promise<string> {
  const differs = { entry: [`bench/${name}.ts`], outDir: "build/bench", copy: [], dts: false, clean: false };
  await build({ ...config[0]!, ...differs, config: false, logLevel: "error" });
  return `build/bench/${name}.js`;
}

await bench(process.argv.slice(2), bundled);
