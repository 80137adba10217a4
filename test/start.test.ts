// The main job as people run it: a process, its output, its exit code.
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { parseOptions } from "../examples/mnist/options.js";
import { LiveLine } from "../src/node/terminal.js";
import { idx } from "./idx.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "chainrule-start-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const start = (...args: string[]) => startWith("", ...args);

/** @param prelude what the process does first */
function startWith(prelude: string, ...args: string[]): Promise<Outcome> {
  const imports = ["--import", "tsx", "--import", `data:text/javascript,${encodeURIComponent(prelude)}`];
  const options = { cwd: root, env: { ...process.env, TERM: "xterm" } };
  return new Promise((resolve) => {
    execFile(process.execPath, [...imports, "examples/mnist.ts", ...args], options, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

/** Ten classes that a network learns at once: class c has ink in rows 2c and 2c + 1, of a strength that differs from image to image. */
function stripes(count: number): { readonly images: Uint8Array; readonly labels: Uint8Array } {
  const images = new Uint8Array(count * 784);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
  labels.forEach((label, i) => {
    const from = i * 784 + 2 * label * 28;
    images.fill(128 + ((i * 37) % 128), from, from + 56);
  });
  return { images: idx([count, 28, 28], images), labels: idx([count], labels) };
}

beforeAll(() => {
  for (const [prefix, count] of [
    ["train", 500],
    ["t10k", 100],
  ] as const) {
    const { images, labels } = stripes(count);
    writeFileSync(join(folder, `${prefix}-images-idx3-ubyte`), images);
    writeFileSync(join(folder, `${prefix}-labels-idx1-ubyte`), labels);
  }
});

const impossible: readonly (readonly [string[], RegExp])[] = [
  [["--epoch", "3"], /unknown option "--epoch", expected one of: --epochs, --batch, --hidden, --backend, --seed, --data, --save, --help$/],
  [["--constructor", "3"], /unknown option "--constructor"/],
  [["3"], /unknown option "3"/],
  [["--"], /unknown option "--"/],
  [["--epochs"], /--epochs has no value, expected a whole number from 1/],
  [["--epochs", "0"], /--epochs is "0", expected a whole number from 1/],
  [["--epochs", "-1"], /--epochs is "-1"/],
  [["--epochs=1.5"], /--epochs is "1.5"/],
  [["--epochs", "1e3"], /--epochs is "1e3"/],
  [["--epochs="], /--epochs is ""/],
  [["--batch", "0"], /--batch is "0", expected a whole number from 1/],
  [["--batch", "99999999999999999999"], /--batch is/],
  [["--hidden", "128,,64"], /--hidden is "128,,64", expected whole numbers from 1/],
  [["--hidden", "0"], /--hidden is "0"/],
  [["--hidden", "a\nb"], /--hidden is "a\\nb"/],
  [["--backend", "gpu"], /--backend is "gpu", expected wasm or js$/],
  [["--seed", "4294967296"], /--seed is "4294967296", expected a whole number from 0 to 4294967295$/],
  [["--data", ""], /--data is "", expected a folder/],
  [["--save", ""], /--save is "", expected a file/],
];

describe("options", () => {
  test.each(impossible)("%j is a usage error of one line", (args, message) => {
    expect(() => parseOptions(args)).toThrow(expect.objectContaining({ name: "UsageError" }));
    expect(() => parseOptions(args)).toThrow(message);
    expect(() => parseOptions(args)).not.toThrow("\n");
  });

  test("values come after a space or an equals sign, the last one counts, the rest is as --help says", () => {
    const expected = { epochs: 8, batch: 64, hidden: [128], backend: "wasm", seed: 1, data: undefined, save: "build/mnist.chainrule" };
    expect(parseOptions([])).toEqual(expected);
    expect(parseOptions(["--epochs=3", "--hidden", "128,64", "--seed", "0", "--epochs", "2"])).toEqual({
      ...expected,
      epochs: 2,
      hidden: [128, 64],
      seed: 0,
    });
    expect(parseOptions(["--data", "a=b", "--save=--x"])).toEqual({ ...expected, data: "a=b", save: "--x" });
  });
});

describe("LiveLine", () => {
  const written = (isTTY: boolean, columns: number) => {
    vi.stubEnv("TERM", "xterm");
    const texts: string[] = [];
    const line = new LiveLine({ isTTY, columns, write: (text) => texts.push(text) });
    line.update(0.5, "epoch 1/2", "3 s left");
    line.update(0.6, "too early", "for another");
    line.print("done");
    vi.unstubAllEnvs();
    return texts;
  };

  test("a terminal's last line is written over, with a bar where there is room", () => {
    expect(written(true, 80)).toEqual(["\r\x1b[Kepoch 1/2 ██████████░░░░░░░░░░ 3 s left", "\r\x1b[K", "done\n"]);
    expect(written(true, 26)[0]).toBe("\r\x1b[Kepoch 1/2 ███░░░ 3 s left");
    expect(written(true, 12)[0]).toBe("\r\x1b[Kepoch 1/2  ");
  });

  test("a pipe or a file gets plain lines", () => {
    expect(written(false, 80)).toEqual(["epoch 1/2  3 s left\n", "done\n"]);
  });
});

describe("npm start", () => {
  test("--help lists every option, and nothing is trained", async () => {
    const { code, stdout, stderr } = await start("--help");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const name of ["epochs", "batch", "hidden", "backend", "seed", "data", "save", "help"]) expect(stdout).toContain(`--${name}`);
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  test.each([
    ["an impossible value", ["--epochs", "0"], /^mnist: --epochs is "0", .*\n$/],
    ["an unknown option", ["--nonsense"], /^mnist: unknown option .*\n$/],
    [
      "a folder without data",
      ["--data", join(tmpdir(), "nowhere")],
      /^mnist: .*nowhere.train-images-idx3-ubyte: cannot be read: ENOENT.*\n$/,
    ],
    ["a file in a place where none can be", ["--data", folder, "--save", folder], /^mnist: --save .*: it is a folder, expected a file\n$/],
    [
      "a file that could not be written",
      ["--data", folder, "--save", join(folder, "x".repeat(256))],
      /^mnist: --save .*x: ENAMETOOLONG.*\n$/,
    ],
    ["layers larger than any memory", ["--data", folder, "--hidden", "1000000,1000000"], /^mnist: --hidden 1000000,1000000: .*\n$/],
  ])("exits 2 with one line on stderr: %s", async (_, args, message) => {
    const { code, stdout, stderr } = await start(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
  });

  test("--data DIR trains, reports in plain lines of 80 columns, and saves; both backends get the same weights", async () => {
    const hashes = await Promise.all(
      ["wasm", "js"].map(async (backend) => {
        const save = join(folder, "deeper", `${backend}.chainrule`);
        const args = ["--data", folder, "--backend", backend, "--epochs", "12", "--batch", "20", "--hidden", "32,16", "--save", save];
        const { code, stdout, stderr } = await start(...args);
        expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
        expect(stdout).toMatch(/epoch \d+\/12 {2}step +\d+\/25 {2}loss \d/);
        expect(stdout).toContain(`backend ${backend}:`);
        // Stripes are linearly separable.
        expect(stdout).toContain("Test accuracy 100.00 %: 100 of 100 right");
        expect(stdout).toMatch(/ratio +\d+\.\d\n/);
        expect(stdout).toContain("they have the same weights, bit for bit");
        expect(stdout).toMatch(/read back it predicts the same, bit for bit\n$/);
        expect(existsSync(save)).toBe(true);
        expect(stdout).not.toContain("\r");
        // The plan's lines have the names that users choose.
        const report = stdout.split("\n").filter((line) => !line.includes(folder) && !line.includes(" <- "));
        expect(report.filter((line) => line.length > 80)).toEqual([]);
        return /\nweights {2}([0-9a-f]{64})\n/.exec(stdout)?.[1];
      }),
    );
    expect(hashes[0]).toBeDefined();
    expect(hashes[1]).toBe(hashes[0]);
  });

  test.each(["epoch", "comparing"])("an error while a terminal shows %s leaves that line, and is told below it", async (shown) => {
    // The first line of progress is the last: the event loop does not turn after it.
    const prelude = `
      const write = process.stdout.write.bind(process.stdout);
      process.stdout.isTTY = true;
      process.stdout.write = (text) => {
        if (text.includes("\\x1b[K${shown}")) globalThis.setImmediate = globalThis.MessageChannel = function () { throw new RangeError("broken off"); };
        return write(text);
      };`;
    const save = join(folder, "broken.chainrule");
    const { code, stdout, stderr } = await startWith(prelude, "--data", folder, "--epochs", "2", "--batch", "20", "--save", save);
    expect([code, stderr.includes("RangeError: broken off")]).toEqual([1, true]);
    expect(stdout.slice(stdout.lastIndexOf("\x1b[K"))).toMatch(new RegExp(`^.{3}${shown}.*\\n$`));
  });
});
