import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { dense, meanSquaredError, network } from "../src/index.js";
import { checkpoint, loadFile, logTo, progressBar } from "../src/node.js";
import { runKilled } from "./node/killed.js";

const folder = mkdtempSync(join(tmpdir(), "chainrule-node-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("a process killed again and again leaves a whole checkpoint each time, and the last run ends with an uninterrupted one's weights", async () => {
  const path = join(folder, "killed.chainrule");
  const whole = await runKilled(join(folder, "whole.chainrule"));
  let kills = 0;
  for (let finished = false; !finished; ) {
    const child = spawn(process.execPath, ["--import", "tsx", "test/node/killed.ts", path], { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (text) => {
      output += text;
    });
    const done = new Promise((resolve) => child.on("close", resolve));
    // Let it write some checkpoints, then kill it at an odd moment.
    const killer = setInterval(() => {
      if (output.split("\n").length > 4 + 3 * kills && kills < 3) {
        child.kill("SIGKILL");
        kills += 1;
        clearInterval(killer);
      }
    }, 7);
    await done;
    clearInterval(killer);
    finished = /hash \w{64}/.test(output);
    if (finished) expect(/hash (\w{64})/.exec(output)![1]).toBe(whole);
    else await expect(loadFile(path)).resolves.toBeDefined();
  }
  expect(kills).toBe(3);
}, 120_000);

test("a log has one row an epoch, with a header in CSV", async () => {
  const net = await network({ input: 2, layers: [dense(1)], loss: meanSquaredError(), metrics: ["mae"], seed: 1 });
  const data = {
    inputs: [
      [1, 2],
      [3, 4],
    ],
    targets: [[1], [2]],
  };
  const [csv, jsonl] = [join(folder, "log.csv"), join(folder, "log.jsonl")];
  const { epochs } = await net.fit(data, { epochs: 3, validation: data, callbacks: [logTo(csv), logTo(jsonl), progressBar()] });
  const lines = readFileSync(csv, "utf8").trimEnd().split("\n");
  expect(lines[0]).toBe("epoch,loss,mae,validation.loss,validation.mae,seconds");
  expect(lines).toHaveLength(4);
  const rows = readFileSync(jsonl, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(rows.map(({ epoch, loss }) => [epoch, loss])).toEqual(epochs.map(({ loss }, i) => [i + 1, loss]));
});

test("callbacks refuse paths and options that cannot be meant", () => {
  expect(() => checkpoint("")).toThrow(/path is "", expected a file's path/);
  expect(() => checkpoint("a", { everySeconds: -1 })).toThrow(/everySeconds is -1/);
  expect(() => logTo("log.txt")).toThrow(/expected one that ends in \.csv or \.jsonl/);
  expect(() => progressBar({ width: 3 } as never)).toThrow(/unknown option "width"/);
});

test("a checkpoint leaves no other file beside it", async () => {
  const path = join(folder, "alone", "net.chainrule");
  const { mkdirSync } = await import("node:fs");
  mkdirSync(join(folder, "alone"));
  const net = await network({ input: 2, layers: [dense(1)], loss: meanSquaredError(), seed: 1 });
  await net.fit({ inputs: [[1, 2]], targets: [[1]] }, { epochs: 20, callbacks: [checkpoint(path, { everySeconds: 0 })] });
  expect(existsSync(path)).toBe(true);
  expect(readdirSync(join(folder, "alone"))).toEqual(["net.chainrule"]);
});
