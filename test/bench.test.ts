// The bench's command line and records, not its figures.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "tsdown";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { measure } from "../bench/measure.js";
import { engineName, table } from "../bench/page.js";
import { Progress } from "../bench/progress.js";
import { Sheet } from "../bench/sheet.js";
import { version } from "../package.json";
import config from "../tsdown.config.js";

vi.setConfig({ testTimeout: 300_000 }); // each run compiles the loops of the limit or starts a process

const built = mkdtempSync(join(tmpdir(), "chainrule-bench-"));
const command = [join(built, "cli.js"), "bench"];
beforeAll(async () => {
  await build({ ...config[0]!, outDir: built, copy: [], dts: false, config: false, logLevel: "error" });
});
afterAll(() => rmSync(built, { recursive: true }));

function run(...options: string[]): { page: string; records: Record<string, unknown>[] } {
  const folder = mkdtempSync(join(tmpdir(), "chainrule-bench-"));
  const file = join(folder, "records.json");
  try {
    const page = execFileSync(process.execPath, [...command, "--quick", "--json", file, ...options], { encoding: "utf8" });
    return { page, records: JSON.parse(readFileSync(file, "utf8")) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const common = {
  revectorized: false,
  threads: 1,
  engine: `Node ${process.versions.node}, V8 ${process.versions.v8}`,
  min: expect.any(Number),
  median: expect.any(Number),
  max: expect.any(Number),
};

/** Plain JavaScript in both arithmetics: the page compares with the faster. */
const hows = [
  { backend: "wasm", arithmetic: "strict" },
  { backend: "js", arithmetic: "strict" },
  { backend: "js", arithmetic: "relaxed" },
];

test("a product is reported on both backends as a share of the limit, which is the fastest of at least six loops", () => {
  const { page, records } = run("--only", "gemm 32x32x32 nn");
  const limits = records.filter(({ bench }) => bench === "limit");
  expect(limits.filter((r) => /chains/.test(String(r.case))).length).toBeGreaterThanOrEqual(6);
  for (const limit of limits)
    expect(limit).toEqual({
      ...common,
      arithmetic: "strict",
      bench: "limit",
      case: expect.any(String),
      backend: "wasm",
      unit: "GFLOP/s",
      ofLimit: expect.any(Number),
    });
  const fastest = Math.max(...limits.map(({ median }) => median as number));
  expect(limits[0]!.median).toBe(fastest);
  const products = records.filter(({ bench }) => bench === "gemm");
  for (const [i, how] of hows.entries()) {
    expect(products[i]).toEqual({
      ...common,
      ...how,
      bench: "gemm",
      case: "32x32x32",
      form: "NN",
      unit: "GFLOP/s",
      ofLimit: expect.any(Number),
    });
  }
  // All are shares of one limit, which was measured beside them: as the first one, but for the machine's moods.
  const [limit, ...others] = products.map(({ median, ofLimit }) => (median as number) / (ofLimit as number));
  for (const other of others) expect(other).toBeCloseTo(limit!, 9);
  expect(limit! / fastest).toBeGreaterThan(0.2);
  expect(limit! / fastest).toBeLessThan(5);
  expect(products.length).toBe(3);
  expect(Math.max(...page.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
});

test("a kernel and a network are reported without what does not apply to them", () => {
  const kernel = run("--only", "kernel reluForward").records;
  expect(kernel.map(({ backend }) => backend)).toEqual(["wasm", "js"]);
  for (const [i, r] of kernel.entries())
    expect(r).toEqual({ ...common, ...hows[i], bench: "kernel", case: "reluForward 128x512", unit: "GB/s" });
  const step = run("--only", "step 2-8-1").records;
  expect(step.length).toBe(3);
  for (const [i, r] of step.entries())
    expect(r).toEqual({ ...common, ...hows[i], bench: "step", case: "2-8-1 batch 4", unit: "samples/s" });
  for (const r of [...kernel, ...step]) {
    expect(r.min as number).toBeGreaterThan(0);
    expect(r.min as number).toBeLessThanOrEqual(r.median as number);
    expect(r.median as number).toBeLessThanOrEqual(r.max as number);
  }
});

test("every table fits 80 columns, and its cells lie apart", () => {
  for (const lines of ["kernel sgdStep", "step 784-128-10 all on", "start"]) {
    const { page } = run("--only", lines);
    expect(Math.max(...page.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  }
  const wasm = { min: 0.01, median: 151, max: 1.59e5 };
  const line = { name: "784-128-10 all on batch 32", wasm, js: { min: 0.98, median: 0.99, max: 1 }, extra: "copy 152 %" };
  const { heading, row } = table("", { extra: "bound" });
  expect(heading().trim().split(/ +/)).toEqual(["min", "wasm", "max", "bound", "js", "ratio"]);
  expect(row(line).split(/ {2,}/)).toEqual(["784-128-10 all on batch 32", "0.01", "151", "159k", "copy 152 %", "0.99", "153x"]);
});

describe("lines appear when they are known", () => {
  const figure = { min: 1, median: 2, max: 3 };
  const fields = { bench: "step", case: "2-8-1", unit: "samples/s" } as const;
  const terminal = (isTTY: boolean) => {
    const written: string[] = [];
    return { isTTY, columns: 80, written, write: (text: string) => written.push(text) };
  };
  /** What is on the page when a line is measured, for each of its figures, and at the end. */
  async function pages(stream: ReturnType<typeof terminal>) {
    const page: string[] = [];
    const log = vi.spyOn(console, "log").mockImplementation((text) => void page.push(...text.split("\n")));
    const seen: string[][] = [];
    try {
      const sheet = new Sheet({ backend: "wasm", arithmetic: "strict" }, new Progress(2, stream));
      const run = () => {
        seen.push(page.map((line) => line.split(" ")[0]!));
        return figure;
      };
      sheet.begin("none");
      sheet.begin("training");
      await sheet.line("first", fields, run);
      await sheet.line("second", fields, run);
    } finally {
      log.mockRestore();
    }
    return { seen, page };
  }

  test("each under its table's heading, before the next is measured", async () => {
    const { seen, page } = await pages(terminal(false));
    const none: string[] = [];
    const first = ["", "training", "first"];
    expect(seen).toEqual([none, none, none, first, first, first]);
    expect(page.map((line) => line.split(" ")[0])).toEqual([...first, "second"]);
  });

  test("and on a terminal what is measured is said below them, and gone at the end; elsewhere nothing", async () => {
    const [live, file] = [terminal(true), terminal(false)];
    vi.stubEnv("TERM", "xterm");
    await pages(live);
    await pages(file);
    vi.unstubAllEnvs();
    expect(file.written).toEqual([]);
    const erase = "\r\x1b[K";
    const shown = live.written.filter((text) => text.includes("2-8-1")).map((text) => text.replace(erase, ""));
    expect(shown[0]).toMatch(/^0\/2 .* 2-8-1 wasm strict$/);
    expect(shown.at(-1)).toMatch(/^1\/2 /);
    expect(live.written.at(-1)).toBe(erase);
  });
});

test("help fits 80 columns", () => {
  for (const args of [["--help"], ["-h"], ["bench", "--help"], ["bench", "-h"]]) {
    const help = execFileSync(process.execPath, [command[0]!, ...args], { encoding: "utf8" });
    expect(help).toContain("chainrule bench [options]");
    expect(Math.max(...help.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
    if (args[0] !== "bench") continue;
    // Every column of the tables, and the products' forms.
    for (const name of ["wasm", "js", "min", "max", "ratio", "limit", "bound", "NN", "TN", "NT"])
      expect(help).toMatch(new RegExp(`\\b${name}\\b`));
  }
});

test("--version is the package's", () => {
  for (const flag of ["--version", "-v"])
    expect(execFileSync(process.execPath, [command[0]!, flag], { encoding: "utf8" })).toBe(`${version}\n`);
});

test("a command ends when its reader has seen enough", async () => {
  const endless =
    'import { endWithReader } from "./src/node/terminal.ts"; endWithReader(process.stdout); setInterval(() => console.log("on"), 10);';
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", endless], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    // As head does after its last line.
    child.stdout.once("data", () => child.stdout.destroy());
    expect(await once(child, "exit", { signal: AbortSignal.timeout(30_000) })).toEqual([0, null]);
  } finally {
    child.kill();
  }
});

test("an unknown option, a missing value, a file that cannot be written or a text that no line has is one line on stderr and exit code 2", () => {
  const nowhere = ["--json", join(built, "nowhere", "figures.json")];
  for (const options of [
    ["--fast"],
    ["--json"],
    ["extra"],
    ["--quick=3"],
    ["--only", "--json"],
    ["--only", "no such line"],
    ["--only", "nothing"],
    nowhere,
  ]) {
    const { status, stderr, stdout } = spawnSync(process.execPath, [...command, ...options], { encoding: "utf8" });
    expect([options, status, stdout]).toEqual([options, 2, ""]);
    expect(stderr.trim().split("\n").length).toBe(1);
    expect(stderr).toMatch(/^bench: .*[^.]; --help lists the options\n$/);
  }
});

describe("measure", () => {
  const budget = { warmup: 1, time: 20, samples: 5, fit: 1 };

  test("counts samples between two quiet moments only", () => {
    let looks = 0;
    const isQuiet = () => looks++ % 4 < 2;
    // Slow but in the one sample of four that is quiet before and after.
    const call = () => {
      const begun = performance.now();
      while (looks % 4 !== 1 && performance.now() - begun < 5);
    };
    const figure = measure(call, 1, { ...budget, isQuiet });
    expect(figure.median).toBeGreaterThan(1000);
    expect(figure.disturbed).toBeUndefined();
    looks = 0;
    expect(measure(call, 1, budget).median).toBeLessThan(201);
  });

  test("takes its samples however long they last", { timeout: 30_000 }, () => {
    const call = () => {
      const begun = performance.now();
      while (performance.now() - begun < 1100);
    };
    expect(measure(call, 1, budget).disturbed).toBeUndefined();
  });

  test("says so where there were too few of them", { timeout: 20_000 }, () => {
    expect(measure(() => {}, 1, { ...budget, isQuiet: () => false })).toMatchObject({ disturbed: true, median: expect.any(Number) });
  });
});

test("other engines are not taken for the Node that they stand in for", () => {
  const versions = { ...process.versions, node: "26.3.0", v8: "14.6.202.34-node.20" };
  expect(engineName(versions)).toBe("Node 26.3.0, V8 14.6.202.34-node.20");
  expect(engineName({ ...versions, bun: "1.4.5" })).toBe("Bun 1.4.5, JavaScriptCore");
  expect(engineName({ ...versions, deno: "2.9.6", v8: "15.0.245.2-rusty" })).toBe("Deno 2.9.6, V8 15.0.245.2-rusty");
});
