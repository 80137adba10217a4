import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type Callback, customMetric, dense, earlyStopping, loadNetwork, meanSquaredError, network } from "../src/index.js";
import { checkpoint, loadFile, logTo, progressBar } from "../src/node.js";
import { runKilled } from "./node/killed.js";
import { thrownBy } from "./refusals.js";

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
  // Begun once more, it has nothing left to do.
  expect(await runKilled(path)).toBe(whole);
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

test("a log's columns keep apart: names are quoted, one that is taken is of the metrics", async () => {
  const half = (name: string) => customMetric(name, {}, (g, p) => g.mean(g.add(g.mul(p, 0), 0.5)));
  const names = ["a,b", 'a "quoted"\nname', "epoch", "loss", "seconds", "metrics.loss", "validation.loss"];
  const net = await network({ input: 2, layers: [dense(1)], loss: meanSquaredError(), metrics: names.map(half), seed: 1 });
  const data = { inputs: [[1, 2]], targets: [[1]] };
  const [csv, jsonl] = [join(folder, "names.csv"), join(folder, "names.jsonl")];
  const { epochs } = await net.fit(data, { validation: data, callbacks: [logTo(csv), logTo(jsonl)] });
  const file = readFileSync(csv, "utf8");
  const header =
    'epoch,loss,"a,b","a ""quoted""\nname",metrics.epoch,metrics.loss,metrics.seconds,metrics.metrics.loss,metrics.validation.loss,' +
    'validation.loss,"validation.a,b","validation.a ""quoted""\nname",validation.epoch,validation.metrics.loss,validation.seconds,' +
    "validation.metrics.metrics.loss,validation.validation.loss,seconds\n";
  expect(file.slice(0, header.length)).toBe(header);
  const { loss, validation, seconds } = epochs[0]!;
  const halves = names.map(() => 0.5);
  expect(file.slice(header.length)).toBe(`${[1, loss, ...halves, validation!.loss, ...halves, seconds].join()}\n`);
  expect(JSON.parse(readFileSync(jsonl, "utf8"))).toMatchObject({ epoch: 1, loss, "metrics.loss": 0.5, "validation.metrics.loss": 0.5 });
});

test("a log that cannot be written is refused before the first step, and one that is there stays until the first epoch", async () => {
  const net = await network({ input: 2, layers: [dense(1)], loss: meanSquaredError(), seed: 1 });
  const data = { inputs: [[1, 2]], targets: [[1]] };
  const nowhere = join(folder, "nowhere", "log.csv");
  const error = await thrownBy(() => net.fit(data, { callbacks: [logTo(nowhere)] }));
  expect(error).toMatchObject({
    name: "FormatError",
    message: expect.stringContaining(`logTo: ${nowhere}: the file could not be written: ENOENT`),
    cause: { code: "ENOENT" },
  });
  expect(net.steps).toBe(0);
  const kept = join(folder, "kept.csv");
  writeFileSync(kept, "what was there before");
  await expect(net.fit(data, { callbacks: [logTo(kept), logTo(nowhere)] })).rejects.toThrow(/logTo/);
  expect(readFileSync(kept, "utf8")).toBe("what was there before");
  await net.fit(data, { callbacks: [logTo(kept)] });
  expect(readFileSync(kept, "utf8")).toMatch(/^epoch,loss,seconds\n1,/);
  // Removed while it is written to.
  mkdirSync(join(folder, "later"));
  const later = join(folder, "later", "log.jsonl");
  const remove: Callback = { type: "remove", onFitStart: () => rmSync(join(folder, "later"), { recursive: true }) };
  await expect(net.fit(data, { callbacks: [logTo(later), remove] })).rejects.toThrow(
    `logTo: ${later}: the file could not be written: ENOENT`,
  );
});

test("a log is of the last run, and of all of it where that was resumed; with append of all runs, under one header", async () => {
  const data = { inputs: [[1, 2], [3, 4]], targets: [[1], [2]] }; // biome-ignore format: rows
  const make = () => network({ input: 2, layers: [dense(1)], loss: meanSquaredError(), seed: 1 });
  const epochsOf = (path: string) => {
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    return lines.map((line) => (path.endsWith(".csv") ? line.split(",")[0] : String(JSON.parse(line).epoch)));
  };
  for (const kind of ["csv", "jsonl"]) {
    const header = kind === "csv" ? ["epoch"] : [];
    const path = join(folder, `runs.${kind}`);
    const net = await make();
    const abort = new AbortController();
    const onEpochEnd = (_: unknown, index: number) => index === 2 && abort.abort();
    await net.fit(data, { epochs: 5, signal: abort.signal, onEpochEnd, callbacks: [logTo(path)] });
    expect(epochsOf(path)).toEqual([...header, "1", "2", "3"]);
    await net.fit(data, { epochs: 5, resume: true, callbacks: [logTo(path)] });
    expect(epochsOf(path)).toEqual([...header, "1", "2", "3", "4", "5"]);

    const log = logTo(path);
    for (const epochs of [2, 1]) {
      await net.fit(data, { epochs, callbacks: [log] });
      expect(epochsOf(path)).toEqual([...header, "1", "2"].slice(0, header.length + epochs));
    }

    const added = join(folder, `added.${kind}`);
    if (kind === "csv") writeFileSync(added, "");
    for (let run = 0; run < 2; ++run) await net.fit(data, { epochs: 2, callbacks: [logTo(added, { append: true })] });
    expect(epochsOf(added)).toEqual([...header, "1", "2", "1", "2"]);
    rmSync(added);
    await net.fit(data, { callbacks: [logTo(added, { append: true })] });
    expect(epochsOf(added)).toEqual([...header, "1"]);
  }
});

test("a log's rows after the state that a run is resumed from come once; those of the runs before stay", async () => {
  const data = { inputs: [[1, 2], [3, 4]], targets: [[1], [2]] }; // biome-ignore format: rows
  for (const kind of ["csv", "jsonl"])
    for (const kept of [-1, 0, 2]) {
      const path = join(folder, `again.${kept}.${kind}`);
      const net = await network({ input: 2, layers: [dense(1)], loss: meanSquaredError(), seed: 1 });
      const callbacks = () => [logTo(path, { append: true })];
      await net.fit(data, { epochs: 2, callbacks: callbacks() });
      let saved = new Uint8Array();
      const save = (index: number) => {
        if (index === kept) saved = net.save({ training: true });
      };
      const first = { type: "first", onFitStart: () => save(-1), state: () => ({}), restore() {} };
      await net.fit(data, { epochs: 4, callbacks: [...callbacks(), first], onEpochEnd: (_, index) => save(index) });
      const undisturbed = readFileSync(path, "utf8");
      const again = await loadNetwork(saved);
      await again.fit(data, { epochs: 4, resume: true, callbacks: [...callbacks(), first] });
      const epochsOf = (text: string) => [...text.matchAll(/^(?:\{"epoch":)?(\d+)/gm)].map(([, epoch]) => epoch);
      const withoutSeconds = (text: string) => text.replace(/[\d.e-]+}?$/gm, "");
      expect(withoutSeconds(readFileSync(path, "utf8"))).toBe(withoutSeconds(undisturbed));
      // By what is in it, not by its path, it is known how far the file is; of one that something has changed nothing is cut off.
      const other = join(folder, `other.${kept}.${kind}`);
      for (const content of kept < 0 ? [undisturbed] : [undisturbed, undisturbed.replaceAll("\n", "\r\n")]) {
        writeFileSync(other, content);
        await (await loadNetwork(saved)).fit(data, { epochs: 4, resume: true, callbacks: [logTo(other), first] });
        const after = readFileSync(other, "utf8");
        if (content === undisturbed) expect(withoutSeconds(after)).toBe(withoutSeconds(undisturbed));
        else expect([after.startsWith(content), epochsOf(after.slice(content.length))]).toEqual([true, ["2", "3", "4"].slice(kept)]);
      }
    }
});

test("a log adds no row to a file with other columns", async () => {
  const path = join(folder, "columns.csv");
  const data = { inputs: [[1, 2]], targets: [[1]] };
  const net = await network({ input: 2, layers: [dense(1)], loss: meanSquaredError(), seed: 1 });
  await net.fit(data, { validation: data, callbacks: [logTo(path)] });
  const before = readFileSync(path, "utf8");
  const error = await thrownBy(() => net.fit(data, { callbacks: [logTo(path, { append: true })] }));
  expect(error).toMatchObject({
    name: "FormatError",
    message: expect.stringContaining(
      `${path}: its columns are epoch,loss,validation.loss,seconds, expected epoch,loss,seconds, this run's; give`,
    ),
  });
  expect(readFileSync(path, "utf8")).toBe(before);
});

test("a row is a line of its own, also in a file that does not end with one", async () => {
  const path = join(folder, "unended.csv");
  writeFileSync(path, "\ufeffepoch,loss,seconds\r\n1,2,3");
  const net = await network({ input: 2, layers: [dense(1)], loss: meanSquaredError(), seed: 1 });
  await net.fit({ inputs: [[1, 2]], targets: [[1]] }, { epochs: 2, callbacks: [logTo(path, { append: true })] });
  expect(readFileSync(path, "utf8")).toMatch(/^\ufeffepoch,loss,seconds\r\n1,2,3\n1,[^\n]+\n2,[^\n]+\n$/);
});

test.each<[unknown, string]>([
  [{ bytes: -1, last: "" }, "state.bytes is -1"],
  [{ bytes: 1 }, "state.last is undefined, expected a row"],
  [{ bytes: 1, last: "", size: 1 }, 'unknown option "size"'],
])("a log's state of %j is refused", (json, message) => {
  expect(() => logTo("a.csv").restore!({ json })).toThrow(message);
});

test("a progress bar is gone after a run, and stays above the error that ended one", async () => {
  const net = await network({ input: 2, layers: [dense(1)], loss: meanSquaredError(), seed: 1 });
  const data = { inputs: [[1, 2]], targets: [[1]] };
  const written: string[] = [];
  const stream = { isTTY: true, columns: 80, write: (text: string) => written.push(text) };
  const erase = "\r\x1b[K";
  // A step a chunk, and no second line so soon after the first.
  await net.fit(data, { epochs: 3, chunkMilliseconds: 1e-6, callbacks: [progressBar({ stream })] });
  // Of the room's 20 columns a third.
  const shown = expect.stringContaining(`${erase}epoch 1/3  step 1/1 ${"█".repeat(7)}${"░".repeat(13)} loss `);
  expect(written).toEqual([shown, erase]);
  written.length = 0;
  const failing: Callback = { type: "failing", onChunkEnd: () => Promise.reject(new RangeError("the disk is gone")) };
  await expect(net.fit(data, { epochs: 3, chunkMilliseconds: 1e-6, callbacks: [progressBar({ stream }), failing] })).rejects.toThrow(
    "the disk is gone",
  );
  expect(written).toEqual([shown, "\n"]);
});

test.each([
  ["none has passed", () => 0, true],
  ["less has passed", () => (1.5 * performance.now()) / 1000, false],
])("a checkpoint is written when its seconds have passed since the run began, and at the end: %s", async (name, seconds, written) => {
  const path = join(folder, `${name}.chainrule`);
  const net = await network({ input: 2, layers: [dense(1)], loss: meanSquaredError(), seed: 1 });
  const seen: boolean[] = [];
  const watch: Callback = { type: "watch", onChunkEnd: () => void seen.push(existsSync(path)) };
  await net.fit({ inputs: [[1, 2]], targets: [[1]] }, { epochs: 3, callbacks: [checkpoint(path, { everySeconds: seconds() }), watch] });
  expect(new Set(seen)).toEqual(new Set([written]));
  expect((await loadFile(path)).steps).toBe(3);
});

test("callbacks refuse paths and options that cannot be meant", () => {
  expect(() => checkpoint("")).toThrow(/path is "", expected a file's path/);
  expect(() => checkpoint("a", { everySeconds: -1 })).toThrow(/everySeconds is -1/);
  expect(() => logTo("log.txt")).toThrow(/expected one that ends in \.csv or \.jsonl/);
  expect(() => progressBar({ width: 3 } as never)).toThrow(/unknown option "width"/);
});

test("a checkpoint after earlyStopping has the best weights in the end, one before it the last", async () => {
  const net = await network({ input: 2, layers: [dense(1)], loss: meanSquaredError(), seed: 1 });
  const [before, after] = [join(folder, "before.chainrule"), join(folder, "after.chainrule")];
  // No epoch is better than the first.
  const stop = earlyStopping({ monitor: "loss", minDelta: 1e3 });
  await net.fit({ inputs: [[1, 2]], targets: [[1]] }, { epochs: 3, callbacks: [checkpoint(before), stop, checkpoint(after)] });
  const [last, best] = [await loadFile(before), await loadFile(after)];
  expect(best.weightsHash()).toBe(net.weightsHash());
  expect(last.weightsHash()).not.toBe(net.weightsHash());
});

test("a checkpoint that cannot be written is refused before the first step, and what is there stays until it is written", async () => {
  const net = await network({ input: 2, layers: [dense(1)], loss: meanSquaredError(), seed: 1 });
  const data = { inputs: [[1, 2]], targets: [[1]] };
  const nowhere = join(folder, "nowhere", "net.chainrule");
  const kept = join(folder, "kept.chainrule");
  writeFileSync(kept, "what was there before");
  await expect(net.fit(data, { callbacks: [checkpoint(kept), checkpoint(nowhere)] })).rejects.toThrow(
    `${nowhere}: the file could not be written: ENOENT`,
  );
  expect(net.steps).toBe(0);
  expect(readFileSync(kept, "utf8")).toBe("what was there before");
});

test("a checkpoint leaves no other file beside it", async () => {
  const path = join(folder, "alone", "net.chainrule");
  mkdirSync(join(folder, "alone"));
  const net = await network({ input: 2, layers: [dense(1)], loss: meanSquaredError(), seed: 1 });
  await net.fit({ inputs: [[1, 2]], targets: [[1]] }, { epochs: 20, callbacks: [checkpoint(path, { everySeconds: 0 })] });
  expect(existsSync(path)).toBe(true);
  expect(readdirSync(join(folder, "alone"))).toEqual(["net.chainrule"]);
});
