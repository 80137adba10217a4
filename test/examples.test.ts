// The examples as a reader runs them: they end well, say what they promise, and fit a terminal of 80 columns.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const cwd = fileURLToPath(new URL("..", import.meta.url));

async function run(name: string): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["--import", "tsx", `examples/${name}.ts`], { cwd });
  expect(stderr).toBe("");
  expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  return stdout;
}

// Bars: test/golden/datasets/reference.json, the least score of ten seeds.
test("iris names a flower, and reaches the bar", async () => {
  const [, accuracy, species] = (await run("iris")).match(/^test accuracy (.*) of 38 flowers\n.* cm: (.*)\n$/)!;
  expect(Number(accuracy)).toBeGreaterThanOrEqual(0.868);
  expect(species).toBe("virginica");
});

test("diabetes stops early, and reaches the bar", async () => {
  const output = await run("diabetes");
  expect(Number(output.match(/stopped after (\d+) epochs/)![1])).toBeLessThan(200);
  const [network, mean] = output
    .match(/R² +(\S+) +(\S+)/)!
    .slice(1)
    .map(Number);
  expect(network).toBeGreaterThanOrEqual(0.4239);
  expect(Math.abs(mean!)).toBeLessThan(0.05);
});

test("cross-validation tells a layer that is too narrow from others", async () => {
  const rows = [...(await run("cross-validation")).matchAll(/^ +(\d+) +((?: *[01]\.\d{3}){7})$/gm)].map(([, units, cells]) => ({
    units: Number(units),
    cells: cells!.trim().split(/ +/).map(Number),
  }));
  expect(rows.map(({ units }) => units)).toEqual([1, 2, 4, 16, 64]);
  for (const { cells } of rows) expect(cells.slice(0, 5).reduce((a, b) => a + b) / 5).toBeCloseTo(cells[5]!, 2);
  const [narrow, ...others] = rows.map(({ cells }) => cells.at(-1)!);
  for (const loss of others) expect(loss).toBeLessThan(narrow!);
  expect(rows.at(-2)!.cells[5]).toBeGreaterThan(0.93);
});

test("digits-csv shows what is taken for what, and reaches the bar", async () => {
  const output = await run("digits-csv");
  const rows = [...output.matchAll(/^ {2}is \d +(.*?) +\S+ %$/gm)].map(([, cells]) =>
    cells!.split(/ +/).map((cell) => (cell === "·" ? 0 : Number(cell))),
  );
  const right = rows.reduce((sum, row, digit) => sum + row[digit]!, 0);
  expect([rows.length, rows.flat().reduce((a, b) => a + b, 0)]).toEqual([10, 449]);
  expect(output).toContain(`accuracy ${((100 * right) / 449).toFixed(2)} %`);
  expect(right / 449).toBeGreaterThanOrEqual(0.9522);
});

test("two-inputs tells the species of most flowers it was trained on", async () => {
  expect(Number((await run("two-inputs")).match(/^species right: (\S+) %$/m)![1])).toBeGreaterThan(90);
});
