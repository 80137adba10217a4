// The page of examples/page, served as `npm run page` serves it, as a visitor meets it.
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addressOf, serve } from "../examples/page/serve.js";
import { installed, launch } from "./chromium.js";

describe.skipIf(!installed)("the page in Chromium", () => {
  let dist: string;
  let server: Server;
  let browser: Browser;
  let page: Page;
  const errors: unknown[] = [];

  beforeAll(async () => {
    dist = mkdtempSync(join(tmpdir(), "chainrule-page-"));
    execFileSync("npx", ["tsdown", "--filter", "browser", "--out-dir", dist], { stdio: "pipe" });
    server = await serve(dist, 0);
    browser = await launch();
    page = await browser.newPage({ viewport: { width: 600, height: 950 } });
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    page.on("pageerror", (error) => errors.push(error));
    await page.goto(addressOf(server));
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(dist, { recursive: true, force: true });
  });

  const says = (pattern: RegExp) =>
    page.waitForFunction((source) => new RegExp(source).test(document.querySelector("output")!.value), pattern.source, { timeout: 20_000 });
  const steps = () =>
    page.evaluate(() =>
      Number(
        document
          .querySelector("output")!
          .value.match(/^(\S+) steps/m)![1]!
          .replaceAll(",", ""),
      ),
    );
  /** Red over blue at a place of the plane, -1 to 1 each: above 1 it is orange. */
  const orange = (x: number, y: number) =>
    page.evaluate(
      ([x, y]) => {
        const { width, height } = document.querySelector("canvas")!;
        const [red, , blue] = document
          .querySelector("canvas")!
          .getContext("2d")!
          .getImageData(((x + 1) / 2) * width, ((y + 1) / 2) * height, 1, 1).data;
        return red! / blue!;
      },
      [x, y] as const,
    );

  test("learns the spirals and shows it", async () => {
    await page.fill("#time", "3");
    await says(/100\.0 % of 200 points right\n.* steps, .* samples\/s \(wasm, strict\)$/);
    // Between two points each of the arms.
    expect(await orange(0.3, -0.76)).toBeGreaterThan(1);
    expect(await orange(-0.3, 0.76)).toBeLessThan(1);
  });

  test("pauses and goes on, and begins anew", async () => {
    await page.click("#pause");
    await page.waitForTimeout(100);
    const paused = await steps();
    await page.waitForTimeout(200);
    expect(await steps()).toBe(paused);
    await page.click("#pause");
    await page.waitForFunction(
      (before) => !document.querySelector("output")!.value.includes(`${before} steps`),
      paused.toLocaleString("en"),
    );
    await page.fill("#time", "-5");
    await page.click("#again");
    await says(/\n\d{1,3} steps/);
  });

  test("while it is paused, numbers are of the network and the points that are there", async () => {
    await page.click("#pause");
    await page.click("#again");
    await says(/ of 200 points right\n0 steps \(wasm, strict\)$/);
    expect(await page.textContent("#step")).toMatch(/^Pause/);
    await page.click("#clear");
    await says(/^No points: /);
    expect(await page.isDisabled("#once")).toBe(true);
    await page.click("#spirals");
    await says(/ of 200 points right\n0 steps/);
  });

  test("one step shows what it does: the rule, with the numbers of the network", async () => {
    const before = await page.textContent("output");
    await page.click("#once");
    await says(/\n1 steps/);
    expect(await page.textContent("output")).not.toBe(before);
    const text = (await page.textContent("#step"))!;
    // Four layers' worth of numbers: none is left out or none.
    expect(text).toMatch(/dense_1 {2}z .* a .*\n {2}dense_2 {2}z .* a .*\n {2}dense_3 {2}z /);
    expect(text).not.toMatch(/NaN|undefined/);
    const [, p, loss] = /= (\S+); {2}loss = -ln p = (\S+)/.exec(text)!.map(Number);
    expect(loss).toBeCloseTo(-Math.log(p!), 3);
    expect(Number(/p - y = (\S+)/.exec(text)![1])).toBeCloseTo(p! - 1, 3);
    const [, delta, a, own] = /a\[\d+\] = (\S+) · (\S+) = (\S+)/.exec(text)!.map(Number);
    expect(delta! * a!).toBeCloseTo(own!, 3);
    const [, was, rate, gradient, is] = /w: (\S+) - (\S+) · (\S+) = (\S+)/.exec(text)!.map(Number);
    expect(Math.abs(gradient!)).toBeGreaterThan(1e-4);
    expect(is).toBeCloseTo(was! - rate! * gradient!, 5);
    await page.click("#pause");
  });

  test("learns points that are clicked, or put by keys, in the colour that is chosen", async () => {
    await page.click("#clear");
    await page.click("#plane", { position: { x: 100, y: 100 } });
    await page.click("#plane", { position: { x: 300, y: 100 }, modifiers: ["Shift"] });
    await page.check("#orange");
    await page.focus("#board");
    // From the middle, down.
    for (let i = 0; i < 8; ++i) await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.fill("#time", "3");
    await says(/^loss 0\.000\d+, 100\.0 % of 3 points right/);
    expect(await orange(0.1, 0.5)).toBeGreaterThan(1);
    const { clientWidth: side } = await page.evaluate(() => ({ clientWidth: document.querySelector("canvas")!.clientWidth }));
    const at = (pixels: number) => (2 * pixels) / side - 1;
    // Beside the dots.
    expect(await orange(at(90), at(100))).toBeLessThan(1);
    expect(await orange(at(310), at(100))).toBeGreaterThan(1);
    expect(errors).toEqual([]);
  });
});

test("a port that is taken is said in a line", async () => {
  const server = await serve(".", 0);
  try {
    const { port } = new URL(addressOf(server));
    const run = promisify(execFile)("npx", ["tsx", "examples/page/serve.ts"], { env: { ...process.env, PORT: port } });
    const { code, stderr } = await run.then(
      () => ({ code: 0, stderr: "" }),
      (error) => error,
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^Port ${port} cannot be had \\(.*EADDRINUSE.*\\); another one: PORT=8081 npm run page\n$`));
  } finally {
    server.close();
  }
});

test("only files of the page and of dist are served", async () => {
  const server = await serve(".", 0);
  try {
    const status = async (path: string) => (await fetch(new URL(path, addressOf(server)))).status;
    expect(await Promise.all(["", "page.js", "step.js", "index.html?x"].map(status))).toEqual([200, 200, 200, 200]);
    expect(await Promise.all(["serve.ts", "dist/package.json", "dist/../page.js/x", "..%2f..%2fREADME.md", "x.js"].map(status))).toEqual(
      Array(5).fill(404),
    );
  } finally {
    server.close();
  }
});
