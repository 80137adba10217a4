// What README shows is what comes out.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { adam, dense, network, sparseCategoricalCrossEntropy } from "../src/index.js";

const readme = readFileSync("README.md", "utf8");

test.each([...readme.matchAll(/```[jt]s\n(.*?)```/gs)].map(([, code]) => [code!]))("its sample %# runs", (code) => {
  const source = code.replace('"chainrule"', '"./src/index.ts"');
  const { status, stderr } = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", source], {
    encoding: "utf8",
  });
  expect([status, stderr]).toEqual([0, ""]);
});

test("its plan is the one that explain() prints", async () => {
  const net = await network({
    input: 784,
    layers: [dense(128, { activation: "relu" }), dense(10)],
    loss: sparseCategoricalCrossEntropy({ fromLogits: true }),
    optimizer: adam(),
    metrics: ["accuracy"],
  });
  expect(readme).toContain(`\`\`\`\n${net.explain()}\n\`\`\``);
});
