// The published bundle in a real browser against the sources in Node: the same weights, bit for bit.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as sources from "../src/index.js";
import { classify, heavy, population } from "./browser/training.js";
import { installed, launch } from "./chromium.js";

const MiB = 2 ** 20;
/** Puts the bundle and the training functions where `page.evaluate` finds them. */
const page = `<!doctype html><script type="module" src="/page.js"></script>`;
const pageScript = `import * as chainrule from "/chainrule.js"; import * as training from "/training.js"; Object.assign(globalThis, { chainrule, training });`;

const policies: Readonly<Record<string, string>> = {
  "/no-wasm": "script-src 'self'",
  "/no-workers": "worker-src 'none'",
  "/trusted": "require-trusted-types-for 'script'",
  "/trusted-other": "require-trusted-types-for 'script'; trusted-types other",
  "/listed-other": "trusted-types other",
};

declare global {
  var training: typeof import("./browser/training.js");
  var chainrule: typeof import("../src/index.js");
}

describe.skipIf(!installed)("Chromium", () => {
  let folder: string;
  let bundle: string;
  let server: Server;
  let browser: Browser;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "chainrule-browser-"));
    execFileSync("npx", ["tsdown", "--filter", "browser", "--out-dir", folder], { stdio: "pipe" });
    bundle = readFileSync(join(folder, "chainrule.browser.js"), "utf8");
    const { outputText } = ts.transpileModule(readFileSync("test/browser/training.ts", "utf8"), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    const files: Record<string, string> = { "/chainrule.js": bundle, "/training.js": outputText, "/page.js": pageScript };
    for (const name of readdirSync(folder)) if (name.endsWith(".js")) files[`/${name}`] = readFileSync(join(folder, name), "utf8");
    server = createServer(({ url = "/" }, response) => {
      response.setHeader("Content-Type", url in files ? "text/javascript" : "text/html");
      if (url in policies) response.setHeader("Content-Security-Policy", policies[url]!);
      if (url === "/isolated" || (url in policies && url !== "/no-wasm")) {
        response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
        response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
      }
      response.end(files[url] ?? page);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    browser = await launch();
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(path = "/"): Promise<Page> {
    const opened = await browser.newPage();
    await opened.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
    await opened.waitForFunction(() => "training" in globalThis);
    return opened;
  }

  test("the bundle stands alone: no import but of builds on demand, no fetch, no top-level await", () => {
    const alone = bundle.replace(/\bimport\(["'`]\.\/chainrule\.browser\.(relaxed|strictThreads|relaxedThreads)\.js["'`]\)/g, "");
    expect(alone).not.toBe(bundle);
    expect(alone).not.toMatch(/\bimport\s*[({"'*]|\bfetch\s*\(|import\.meta/);
    const statements = bundle.replace(/export\s*\{[^}]*\};?\s*$/, "");
    expect(statements).not.toBe(bundle);
    // Parsed, not run: in a function that is not async, `await` is a syntax error.
    expect(() => new Function(statements)).not.toThrow();
  });

  test("trains to the weights that Node gets, on both backends", async () => {
    const node = await classify(sources, "wasm");
    expect(node.hash).not.toBe(node.initial);
    expect(await classify(sources, "js")).toEqual({ ...node, name: "js" });
    const opened = await open();
    for (const backend of ["wasm", "js"] as const) {
      const there = await opened.evaluate((name) => training.classify(chainrule, name), backend);
      expect(there).toEqual({ ...node, name: backend });
    }
    await opened.close();
  });

  test("without a seed arithmetic is relaxed; where its file is not served it is strict, and says why", async () => {
    const make = () => chainrule.network({ input: 2, layers: [chainrule.dense(1)], loss: chainrule.meanSquaredError() });
    const arithmetic = (page: Page) => page.evaluate(`(${make})().then((net) => ({ ...net.arithmetic, build: net.backend.build }))`);
    const served = await open();
    expect(await arithmetic(served)).toMatchObject({ name: "relaxed", build: "relaxed" });
    await served.close();
    const missing = await browser.newPage();
    await missing.route("**/chainrule.browser.relaxed.js", (route) => route.fulfill({ status: 404 }));
    await missing.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await missing.waitForFunction(() => "training" in globalThis);
    expect(await arithmetic(missing)).toMatchObject({
      name: "strict",
      build: "strict",
      reason: expect.stringContaining("serve all files of chainrule's dist folder next to one another"),
    });
    await missing.close();
  });

  test("a page with the two headers trains on threads, to the weights that Node gets on one", async () => {
    const node = await classify(sources, "wasm");
    const opened = await open("/isolated");
    for (const threads of [2, 3]) {
      const there = await opened.evaluate((count) => training.classify(chainrule, "wasm", count), threads);
      expect(there).toEqual({ ...node, threads, reason: expect.stringContaining(`asked for by name; ${threads} threads: asked for`) });
    }
    await opened.close();
  });

  test("a page without them trains on one thread and says which they are; a number of threads is an error that says so", async () => {
    const headers = /Cross-Origin-Opener-Policy: same-origin.*Cross-Origin-Embedder-Policy: require-corp/;
    const opened = await open();
    const there = await opened.evaluate(() => training.classify(chainrule, "wasm", "auto"));
    expect(there.threads).toBe(1);
    expect(there.reason).toMatch(headers);
    const refused = opened.evaluate(() => training.classify(chainrule, "wasm", 2));
    await expect(refused).rejects.toThrow(/BackendError/);
    await expect(refused).rejects.toThrow(headers);
    await opened.close();
  });

  test("an isolated page that refuses workers trains on one thread and says so; a number of threads is an error", async () => {
    const opened = await open("/no-workers");
    const there = await opened.evaluate(() => {
      Object.defineProperty(navigator, "hardwareConcurrency", { value: 2 });
      return training.heavy(chainrule);
    });
    expect(there).toMatchObject({ name: "wasm", threads: 1, hash: (await heavy(sources)).hash });
    expect(there.reason).toMatch(/one thread: threads: .*workers are refused here.*worker-src/);
    const refused = opened.evaluate(() => training.classify(chainrule, "wasm", 2));
    await expect(refused).rejects.toThrow(/BackendError: network: threads is 2, but workers are refused here.*worker-src/);
    // It asks once: each refusal is an error in the page's console.
    const again = await opened.evaluate(async () => {
      const construct = globalThis.Worker;
      let made = 0;
      globalThis.Worker = class extends construct {
        constructor(url: string | URL, options?: WorkerOptions) {
          super(url, options);
          made += 1;
        }
      };
      const { reason } = await training.heavy(chainrule);
      return { reason, made, feature: chainrule.features().threads };
    });
    expect(again).toMatchObject({ made: 0, feature: { available: false } });
    expect(again.reason).toMatch(/one thread: workers are refused here.*worker-src/);
    await opened.close();
  });

  test("a page that requires Trusted Types trains on threads, unless it lists other policies alone: then it says so", async () => {
    const node = await classify(sources, "wasm");
    for (const path of ["/trusted", "/listed-other"]) {
      const opened = await open(path);
      const there = await opened.evaluate(() => training.classify(chainrule, "wasm", 2));
      expect(there).toMatchObject({ hash: node.hash, threads: 2 });
      await opened.close();
    }
    const opened = await open("/trusted-other");
    const refused = opened.evaluate(() => training.classify(chainrule, "wasm", 2));
    await expect(refused).rejects.toThrow(
      /BackendError: threads: .*where its trusted-types lists policies, chainrule \(.*TrustedScriptURL/,
    );
    await opened.close();
  });

  test("500 networks alive at once train in one page, as they do in Node", async () => {
    const node = await population(sources, 500);
    const opened = await open();
    const there = await opened.evaluate(() => training.population(chainrule, 500));
    expect(there.losses).toEqual(node.losses);
    expect(there.hashes).toEqual(node.hashes);
    expect(new Set(there.hashes).size).toBe(500);
    console.log(`500 networks in Chromium: ${(there.bytes / MiB).toFixed(1)} MiB of WebAssembly memory`);
    await opened.close();
  });

  test("a page whose security policy forbids WebAssembly trains in JavaScript, to the same weights, and says why", async () => {
    const opened = await open("/no-wasm");
    const there = await opened.evaluate(() => training.classify(chainrule, "auto"));
    expect(there.name).toBe("js");
    expect(there.reason).toContain("'wasm-unsafe-eval'");
    expect(there.hash).toBe((await classify(sources, "js")).hash);
    const refusal = await opened.evaluate(() => training.classify(chainrule, "wasm").catch((error: Error) => error.name));
    expect(refusal).toBe("BackendError");
    // What has been tried is known, and said where threads are asked for.
    const [features, threads] = await opened.evaluate(async () => {
      const { dense, features, meanSquaredError, network } = chainrule;
      const error = await network({ input: 1, layers: [dense(1)], loss: meanSquaredError(), threads: 2 }).catch(({ message }) => message);
      return [features(), error] as const;
    });
    for (const feature of [features.simd, features.relaxedSimd]) {
      expect(feature).toEqual({ available: false, reason: expect.stringContaining("this environment refuses to compile WebAssembly") });
    }
    expect(threads).toMatch(/^network: threads is 2, but plain JavaScript .* has no threads, which is .*'wasm-unsafe-eval'/);
    await opened.close();
  });

  test("hundreds of small networks train on two threads in one page, one after the other, though a page holds 124 memories", async () => {
    const opened = await open("/isolated");
    const [threads, saved] = await opened.evaluate(async () => {
      const { dense, disposeThreads, loadNetwork, meanSquaredError, network } = chainrule;
      const data = { inputs: new Float32Array(16).fill(0.3), targets: new Float32Array(4).fill(1) };
      const counts = new Set<number>();
      let bytes = new Uint8Array();
      for (let i = 0; i < 200; ++i) {
        const net = await network({ input: 4, layers: [dense(8), dense(1)], loss: meanSquaredError(), threads: 2, seed: i });
        await net.fit(data);
        counts.add(net.backend.threads);
        bytes = net.save();
        if (i % 2) net.dispose();
      }
      await disposeThreads();
      // TextDecoder refuses what lies in shared memory.
      const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
      shared.set(bytes);
      return [[...counts], (await loadNetwork(shared)).weightsHash() === (await loadNetwork(bytes)).weightsHash()] as const;
    });
    expect(threads).toEqual([2]);
    expect(saved).toBe(true);
    await opened.close();
  });

  test("dropped networks of some 2 MiB come back in a page too", async () => {
    const opened = await open();
    const [count, bytes] = await opened.evaluate(async () => {
      const { dense, meanSquaredError, network, zeros } = chainrule;
      let most = 0;
      let all = 0;
      for (let i = 0; i < 500; ++i) {
        const net = await network({ input: 512, layers: [dense(512, { weight: zeros() })], loss: meanSquaredError(), backend: "wasm" });
        all += net.memory().region;
        most = Math.max(most, net.memory().process);
      }
      return [all, most] as const;
    });
    console.log(`networks of ${count / MiB} MiB in all dropped in Chromium: at most ${bytes / MiB} MiB at once`);
    expect(count).toBeGreaterThan(900 * MiB);
    expect(bytes).toBeLessThan(512 * MiB);
    await opened.close();
  });
});
