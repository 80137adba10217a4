// The golden cases, and that the runner notices what is wrong.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCase, selectCases } from "../scripts/golden/run.js";

const folder = "test/golden";

describe.each(["wasm", "js"] as const)("on %s", (backend) => {
  test.each(["activations", "losses", "optimizers", "schedules", "networks-dense", "metrics", "textbook-xor"])(
    "no case of %s fails",
    async (group) => {
      const outcomes = await Promise.all(selectCases(folder, { group }).map((one) => runCase(one, backend)));
      expect(outcomes.filter(({ status }) => status === "failed")).toEqual([]);
      expect(outcomes.some(({ status }) => status === "passed")).toBe(true);
    },
  );
});

test.each(["optimizers", "schedules", "metrics"])("no case of %s is skipped", async (group) => {
  const outcomes = await Promise.all(selectCases(folder, { group }).map((one) => runCase(one, "js")));
  expect(outcomes.filter(({ status }) => status !== "passed")).toEqual([]);
});

describe("the runner", () => {
  test.each([
    ["activations", "tanh", ["dx", "data", "3"]],
    ["losses", "mse-4x5", ["value"]],
    ["losses", "bce-probabilities-exact-right", ["valueRange", "0"]],
    ["optimizers", "adam-b", ["weights", "9", "1", "0"]],
    ["optimizers", "lion-weight-decay", ["weights", "9", "0", "3"]],
    ["schedules", "one-cycle-cos", ["lr", "7"]],
    ["networks-dense", "l2-5-7-1", ["expected", "totalLoss", "2"]],
    ["metrics", "multiclass-7", ["expected", "perClass", "f1", "3"]],
    ["metrics", "regression", ["expected", "r2"]],
    ["textbook-xor", "case 0", ["firstStep", "delta1", "1", "0"]],
  ])("%s/%s fails with %j wrong by 0.01", async (group, name, path) => {
    const one = selectCases(folder, { group }).find((selected) => selected.name === name)!;
    const given = structuredClone(one.given);
    const last = path.at(-1)!;
    const holder = path.slice(0, -1).reduce((inner, key) => inner[key] as never, given as Record<string, number | object>);
    holder[last] = (holder[last] as number) + 0.01;
    expect((await runCase({ ...one, given }, "wasm")).status).toBe("failed");
  });

  test("a kind or a type that nobody knows is a failure, not a skip", async () => {
    const one = selectCases(folder, { group: "losses", name: "mse-4x5" })[0]!;
    expect((await runCase({ ...one, given: { ...one.given, loss: { type: "msee" } } }, "js")).status).toBe("failed");
    expect((await runCase({ ...one, given: { name: "what is this" } }, "js")).status).toBe("failed");
  });
});

describe("npm run golden", () => {
  let temporary: string;
  beforeAll(() => {
    temporary = mkdtempSync(join(tmpdir(), "chainrule-golden-"));
    const [right, later] = ["mse-4x5", "hinge"].map((name) => selectCases(folder, { group: "losses", name })[0]!.given);
    const wrong = { ...right, name: "wrong", value: 1 };
    writeFileSync(join(temporary, "losses.json"), JSON.stringify({ cases: [right, wrong, later] }));
  });
  afterAll(() => rmSync(temporary, { recursive: true }));

  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", "scripts/golden.ts", ...args], { encoding: "utf8" });
    return { status, lines: (stdout + stderr).trimEnd().split("\n") };
  };

  test("says which case fails and why, what it skips, and sums up", () => {
    const { status, lines } = run(temporary, "--backend", "js");
    expect(status).toBe(1);
    expect(lines[0]).toMatch(/^FAIL losses\/wrong \[js\] value\[0\] is .*, expected 1, error .*, bound /);
    expect(lines).toContain("     1  loss hinge");
    expect(lines.at(-1)).toBe("1 passed, 1 failed, 1 skipped");
  });

  test("exits 2 with one line where nothing can be run", () => {
    const { status, lines } = run(folder, "--what");
    expect([status, lines.length]).toEqual([2, 1]);
    expect(lines[0]).toMatch(/^golden: Unknown option '--what'; usage: /);
  });

  test.each([
    ["/nowhere", {}, "no such folder: /nowhere"],
    ["src", {}, "no cases in src"],
    [folder, { group: "loss" }, 'no group "loss", expected one of: activations, '],
    [folder, { name: "no such case" }, 'no case has "no such case" in its name'],
  ])("cases of %s with %j are refused: %s", (from, filters, message) => {
    expect(() => selectCases(from, filters)).toThrow(message);
  });
});
