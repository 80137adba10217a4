// What npm would publish, installed into an empty folder: resolves, trains, and has the types it promises.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as csv from "../src/csv.js";
import * as chainrule from "../src/index.js";
import * as node from "../src/node.js";

/** As a reader of the documentation would write it. */
const consumer = `
import { adam, binaryCrossEntropy, dense, network } from "chainrule";
import { loadFile, saveFile } from "chainrule/node";

const net = await network({
  input: 2,
  layers: [dense(8, { activation: "tanh" }), dense(1, { activation: "sigmoid" })],
  loss: binaryCrossEntropy(),
  optimizer: adam({ learningRate: 0.05 }),
  seed: 1,
});
const inputs = [[0, 0], [0, 1], [1, 0], [1, 1]];
const history = await net.fit({ inputs, targets: [[0], [1], [1], [0]] }, { epochs: 200, batchSize: 4 });
await saveFile(net, "xor.chainrule");
const again = await loadFile("xor.chainrule");
console.log(JSON.stringify({
  losses: history.epochs.map((epoch) => epoch.loss),
  predictions: [...net.predict(inputs)],
  hashes: [net.weightsHash(), again.weightsHash()],
  backend: net.backend.name,
}));
`;

/** Types a consumer relies on: what is exported, and that wrong options are errors. */
const typedConsumer = `${consumer}
import { argmax, type ChainOptions, type Dataset, decodeSafetensors, Network, oneHot, toSafetensors } from "chainrule";
import type { CsvOptions, parseCsv } from "chainrule/csv";
declare const parse: typeof parseCsv;
const csv: CsvOptions = { target: "species", classes: true };
const parts: Record<"train" | "test", Dataset> = parse("", csv).split({ test: 0.25 });
await net.fit(parts.train);
// @ts-expect-error no part of that name was asked for
parse("", csv).split({ test: 0.25 }).validation;
const typed: Network = net;
const hash: string = typed.weightsHash();
const file = toSafetensors(net);
const download: Blob = new Blob([net.save(), file]);
// Whatever is given out may be sent to a worker: its buffer is an ordinary one.
const targets = [[0], [1], [1], [0]];
const sent: { readonly buffer: ArrayBuffer }[] = [
  net.predict(inputs), ...Object.values(net.predictAll(inputs)),
  ...[...net.parameters(), ...Object.values(net.gradients(inputs, targets)), net.trace(inputs, targets).prediction].map(({ values }) => values),
  ...decodeSafetensors(file).tensors.map(({ values }) => values),
  oneHot([1], 2), argmax([[1, 2]]),
];
const options: ChainOptions = { input: 2, layers: [dense(1)], loss: binaryCrossEntropy(), seed: 1, backend: "js" };
// @ts-expect-error no such activation
dense(8, { activation: "swoosh" });
// @ts-expect-error networks are made by network()
new Network();
// @ts-expect-error no such backend
await network({ ...options, backend: "gpu" });
export { download, hash, sent };
`;

/** Fails to compile where exactOptionalPropertyTypes lets no one pass on an option that he was not given. */
const wrapper = `
import * as all from "chainrule";
import * as csv from "chainrule/csv";
import * as node from "chainrule/node";
/** Properties that may be missing, but not undefined. */
type Strict<T> = T extends unknown ? { [K in keyof T]-?: string extends K ? never : {} extends Pick<T, K> ?
  ({ [_ in K]: undefined } extends Pick<T, K> ? never : K) : never }[keyof T] : never;
/** Arguments that may be {}. */
type Options<A> = A extends unknown ? ({} extends A ? A : never) : never;
type OptionsOf<F> = F extends (...given: infer A) => unknown ? Options<A[number]> : never;
type Bad<M> = { [K in keyof M]-?: Strict<OptionsOf<M[K]>> }[keyof M];
type Every = Bad<typeof all> | Bad<typeof csv> | Bad<typeof node> | Bad<typeof all.schedules> | Bad<all.Network> | Bad<all.Dataset> | Bad<all.Builder>
  | Strict<all.ChainOptions> | Strict<all.ParameterGroup> | Strict<all.GivenParameter> | Strict<csv.CsvOptions>;
const none: Every extends never ? true : Every = true;
// What it would say: of such a function and of such an interface.
const found: [Bad<{ huber(options: { readonly delta?: number }): void }>, Strict<{ readonly rank?: number }>] = ["delta", "rank"];
export { found, none };
`;

describe("the package", () => {
  let folder: string;
  let files: string[];
  const npm = (...args: string[]) => execFileSync("npm", args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "chainrule-package-"));
    execFileSync("npx", ["tsdown"], { stdio: "pipe" });
    // Scripts off: the build that prepack starts would rewrite build/ under the other tests.
    const packed = npm("pack", resolve("."), "--ignore-scripts", "--json");
    files = JSON.parse(packed)[0].files.map(({ path }: { path: string }) => path);
    writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
    npm("install", "--prefer-offline", "--no-audit", "--no-fund", `./${readdirSync(folder).find((name) => name.endsWith(".tgz"))}`);
  }, 120_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("holds dist, package.json, README, LICENSE and what README links to, and nothing else", () => {
    const others = files.filter((path) => !path.startsWith("dist/"));
    expect(others.sort()).toEqual(["CONTRIBUTING.md", "LICENSE", "MEASUREMENTS.md", "README.md", "package.json"]);
    expect(files).toEqual(
      expect.arrayContaining([
        "dist/index.js",
        "dist/index.d.ts",
        "dist/node.js",
        "dist/node.d.ts",
        "dist/csv.js",
        "dist/csv.d.ts",
        "dist/cjs/index.cjs",
        "dist/cjs/index.d.cts",
        "dist/chainrule.browser.js",
        "dist/chainrule.browser.relaxed.js",
        "dist/cli.js",
        "dist/wasm/strict.wasm",
      ]),
    );
  });

  test("asks for Node's process by globalThis: bundlers for pages would look for a package of that name", () => {
    const library = files.filter((path) => /^dist\/(cjs\/)?(chainrule|index|js|relaxed|strict)[^/]*\.c?js$/.test(path));
    expect(library.length).toBeGreaterThan(14);
    for (const path of library) expect(readFileSync(path, "utf8")).not.toMatch(/(?<![\w.$])process[.?[]/);
  });

  test("declares what can be imported, and nothing that exports nothing", () => {
    const declarations = files.filter((path) => /\.d\.c?ts$/.test(path));
    expect(declarations).toEqual(expect.arrayContaining(["dist/index.d.ts", "dist/node.d.ts", "dist/csv.d.ts"]));
    const empty = declarations.filter((path) => !/^export (?!\{ *\};?$)/m.test(readFileSync(path, "utf8")));
    expect(empty).toEqual([]);
  });

  test("brings nothing else", () => {
    const installed = readdirSync(join(folder, "node_modules"), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith("package.json"))
      .map((path) => path.replace(/[\\/]package\.json$/, ""));
    expect(installed).toEqual(["chainrule"]);
  });

  test("trains in Node to the same weights as the sources, and a saved network comes back", async () => {
    writeFileSync(join(folder, "consumer.js"), consumer);
    const output = execFileSync(process.execPath, ["consumer.js"], { cwd: folder, encoding: "utf8" });
    const { losses, predictions, hashes, backend } = JSON.parse(output);
    expect(backend).toBe("wasm");
    expect(losses).toHaveLength(200);
    expect(losses.at(-1)).toBeLessThan(0.1);
    expect(predictions.map(Math.round)).toEqual([0, 1, 1, 0]);

    const { adam, binaryCrossEntropy, dense, network } = chainrule;
    const net = await network({
      input: 2,
      layers: [dense(8, { activation: "tanh" }), dense(1, { activation: "sigmoid" })],
      loss: binaryCrossEntropy(),
      optimizer: adam({ learningRate: 0.05 }),
      seed: 1,
    });
    const inputs = [[0, 0], [0, 1], [1, 0], [1, 1]]; // biome-ignore format: a truth table
    await net.fit({ inputs, targets: [[0], [1], [1], [0]] }, { epochs: 200, batchSize: 4 });
    expect(hashes).toEqual([net.weightsHash(), net.weightsHash()]);
  });

  test.runIf(process.features.require_module)("is one module in Node, however it is loaded", () => {
    const script = `const required = require("chainrule");
import("chainrule").then((imported) => console.log(required.network === imported.network));`;
    expect(execFileSync(process.execPath, ["-e", script], { cwd: folder, encoding: "utf8" })).toBe("true\n");
  });

  // As Jest loads it by default: Node takes ES modules before it.
  test("is there as CommonJS, with all that is loaded on demand, and trains to the same weights", () => {
    const { exports } = JSON.parse(readFileSync("package.json", "utf8"));
    const paths = [".", "./node"].map((name) => `./node_modules/chainrule/${exports[name].require.default}`);
    const script = `const [{ dense, features, meanSquaredError, network }, { loadFile, saveFile }] = ${JSON.stringify(paths)}.map(require);
(async () => {
  const hashes = [];
  for (const more of [{}, { threads: 2 }, { backend: "js" }, { arithmetic: features().relaxedSimd.available ? "relaxed" : "strict" }]) {
    const net = await network({ input: 3, layers: [dense(4), dense(1)], loss: meanSquaredError(), seed: 1, ...more });
    await net.fit({ inputs: [[1, 2, 3]], targets: [[1]] }, { epochs: 2 });
    await saveFile(net, "required.chainrule");
    hashes.push(net.weightsHash(), (await loadFile("required.chainrule")).weightsHash(), net.backend.build);
  }
  console.log(JSON.stringify(hashes));
})();`;
    const hashes = JSON.parse(execFileSync(process.execPath, ["-e", script], { cwd: folder, encoding: "utf8" }));
    const [strict, threads, plain] = [hashes.slice(0, 3), hashes.slice(3, 6), hashes.slice(6, 9)];
    expect(threads).toEqual([strict[0], strict[0], "strictThreads"]);
    expect(plain).toEqual([strict[0], strict[0], "strict"]);
    expect(hashes[9]).toBe(hashes[10]);
  });

  test.each(["node_modules/chainrule/dist/index.js", "node_modules/chainrule/dist/chainrule.browser.js"])(
    "%s trains where a page has put fields on Object.prototype before",
    (file) => {
      const script = `Object.prototype.shared = 1;
const { adam, dense, meanSquaredError, network, schedules } = await import("./${file}");
const optimizer = adam({ learningRate: schedules.cosine({ totalSteps: 2 }) });
const net = await network({ input: 1, layers: [dense(1)], loss: meanSquaredError(), optimizer, seed: 1 });
await net.fit({ inputs: [[1]], targets: [[2]] }, { epochs: 2 });
console.log(net.steps, Object.hasOwn(schedules, "shared"));`;
      const output = execFileSync(process.execPath, ["--input-type=module", "-e", script], { cwd: folder, encoding: "utf8" });
      expect(output).toBe("2 false\n");
    },
  );

  test("an error that nobody catches shows its own line and its class's name, not the library", () => {
    const script = 'import { dense, network } from "chainrule"; await network({ input: 0, layers: [dense(1)] });';
    const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { cwd: folder, encoding: "utf8" });
    expect(status).toBe(1);
    // Node writes "a [OptionError]: " where a minifier has renamed the class.
    expect(stderr).toMatch(/^OptionError: network: /m);
    // The file's line, the message and the stack; with all of the code in one line it was 320,000.
    expect(stderr.length).toBeLessThan(4000);
  });

  test("brings the bench as a command, and the modules themselves", () => {
    const page = npm("exec", "--offline", "--", "chainrule", "bench", "--quick", "--only", "gemm 32x32x32 NN");
    expect(page).toMatch(/^32x32x32 NN( +[\d.]+){3} +\d+ %( +[\d.]+) +[\d.]+x$/m);
    const url = 'import.meta.resolve("chainrule/wasm/strict.wasm")';
    const script = `import { readFile } from "node:fs/promises"; console.log(WebAssembly.validate(await readFile(new URL(${url}))));`;
    expect(execFileSync(process.execPath, ["--input-type=module", "-e", script], { cwd: folder, encoding: "utf8" }).trim()).toBe("true");
  });

  test.each([
    ["a page's", { lib: ["ES2022", "DOM"], types: [] }],
    ["Node's", { lib: ["ES2022"], types: ["node"], typeRoots: [resolve("node_modules/@types")] }],
  ])("its declarations stand alone under strict, without skipLibCheck, with %s types alone", (_, surroundings) => {
    writeFileSync(join(folder, "consumer.ts"), typedConsumer);
    writeFileSync(join(folder, "wrapper.ts"), wrapper);
    const compilerOptions = {
      module: "nodenext",
      target: "es2022",
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      skipLibCheck: false,
      ...surroundings,
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["consumer.ts", "wrapper.ts"] }));
    const tsc = resolve("node_modules/typescript/bin/tsc");
    const check = () => execFileSync(process.execPath, [tsc, "--project", folder], { encoding: "utf8", stdio: "pipe" });
    expect(check).not.toThrow();
  });

  test("TypeScript takes it from CommonJS as well", () => {
    writeFileSync(
      join(folder, "required.cts"),
      'import { network } from "chainrule"; import { saveFile } from "chainrule/node";\nexport const all = [network, saveFile];',
    );
    const compilerOptions = { module: "node16", strict: true, noEmit: true, types: ["node"], typeRoots: [resolve("node_modules/@types")] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["required.cts"] }));
    const tsc = resolve("node_modules/typescript/bin/tsc");
    expect(spawnSync(process.execPath, [tsc, "--project", folder], { encoding: "utf8" }).stdout).toBe("");
  });

  test("TypeScript that knows no exports finds its entry points, too", () => {
    const text =
      'import { network } from "chainrule"; import { saveFile } from "chainrule/node"; import { parseCsv } from "chainrule/csv";';
    writeFileSync(join(folder, "old.ts"), `${text}\nexport const all = [network, saveFile, parseCsv];`);
    const compilerOptions = {
      module: "commonjs",
      moduleResolution: "node10",
      ignoreDeprecations: "6.0",
      target: "es2022",
      strict: true,
      noEmit: true,
      typeRoots: [resolve("node_modules/@types")],
      types: ["node"],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["old.ts"] }));
    const tsc = resolve("node_modules/typescript/bin/tsc");
    const { stdout } = spawnSync(process.execPath, [tsc, "--project", folder], { encoding: "utf8" });
    expect(stdout).toBe("");
  });

  test("a library with declarations of its own can pass on what any public function takes and gives", () => {
    const lines = Object.entries({ chainrule, "chainrule/node": node, "chainrule/csv": csv }).flatMap(([path, names], i) => [
      `import * as from${i} from "${path}";`,
      ...Object.entries(names)
        .filter(([name, value]) => typeof value === "function" && !/^[A-Z]/.test(name))
        .flatMap(([name]) => [
          `export const takes${i}_${name} = (...given: Parameters<typeof from${i}.${name}>) => given;`,
          `export const gives${i}_${name} = (given: () => ReturnType<typeof from${i}.${name}>) => given();`,
        ]),
    ]);
    const file = join(folder, "library.ts");
    writeFileSync(file, lines.join("\n"));
    const program = ts.createProgram([file], {
      module: ts.ModuleKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
      lib: ["lib.es2022.d.ts", "lib.dom.d.ts"],
      types: [],
      strict: true,
      declaration: true,
    });
    expect(ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "))).toEqual([]);
  });

  test("is found by what does not read exports, too", () => {
    const { main, types } = JSON.parse(readFileSync(join(folder, "node_modules/chainrule/package.json"), "utf8"));
    const exported = JSON.parse(readFileSync("package.json", "utf8")).exports["."];
    expect({ types, default: main }).toEqual(exported.default);
    const options = { moduleResolution: ts.ModuleResolutionKind.Node10 };
    const { resolvedModule } = ts.resolveModuleName("chainrule", join(folder, "consumer.ts"), options, ts.sys);
    expect(resolvedModule?.resolvedFileName).toMatch(/dist\/index\.d\.ts$/);
  });
});
