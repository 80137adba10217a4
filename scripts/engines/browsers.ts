// Browsers that are installed: a page, served with the headers that threads need, is given one row after the other.
import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { text } from "node:stream/consumers";
import type { Engine, Outcome } from "./engine.js";

interface Browser {
  readonly name: Engine["name"];
  /** All that must be there. */
  readonly programs: readonly string[];
  /** Behind the first of them. @param profile an empty folder, for what it keeps */
  arguments(profile: string, url: string): readonly string[];
  /** What it calls itself, with its version. */
  readonly agent: RegExp;
}

const { CHROMIUM_PATH, FIREFOX_PATH, WEBKIT_PATH = "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser" } = process.env;

export const browsers: readonly Browser[] = [
  {
    name: "Chromium",
    programs: [CHROMIUM_PATH ?? "/usr/bin/chromium"],
    arguments: (profile, url) => ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", `--user-data-dir=${profile}`, url],
    agent: /Chrome\/(\d+\.\d+)/,
  },
  {
    name: "Firefox",
    programs: [FIREFOX_PATH ?? ["/usr/bin/firefox", "/usr/bin/firefox-esr"].find(existsSync) ?? "/usr/bin/firefox"],
    arguments: (profile, url) => ["--headless", "--no-remote", "--profile", profile, url],
    agent: /Firefox\/(\d+\.\d+)/,
  },
  {
    // Safari's engine in its makers' own browser, which has no headless mode: Debian's webkit2gtk-driver, xvfb and xauth.
    name: "WebKit",
    programs: ["/usr/bin/xvfb-run", WEBKIT_PATH],
    arguments: (_, url) => ["--auto-servernum", WEBKIT_PATH, "--private", url],
    agent: /Version\/(\d+\.\d+)/,
  },
];

/** Milliseconds for a browser to start, and for a row. */
const PATIENCE = 60_000;

const folders: readonly (readonly [RegExp, string])[] = [
  [/^\/chainrule\.browser[.\w]*\.js$/, "dist"],
  [/^\/(page|train)\.mjs$/, "scripts/engines"],
];

/** Of these it needs; undefined: all are there. */
export const missing = ({ programs }: Browser): string | undefined => programs.find((program) => !existsSync(program));

export async function open({ name, programs, arguments: given, agent }: Browser): Promise<Engine> {
  const events = new EventEmitter<{ page: [outcome: Outcome | null, answer: ServerResponse, agent: string] }>();
  const server = createServer(async (request, response) => {
    const { url = "/" } = request;
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    if (url === "/next") {
      events.emit("page", JSON.parse(await text(request)), response, request.headers["user-agent"] ?? "");
      return;
    }
    const folder = folders.find(([names]) => names.test(url))?.[1];
    response.setHeader("Content-Type", folder ? "text/javascript" : "text/html");
    response.end(folder ? readFileSync(join(folder, basename(url))) : `<!doctype html><script type="module" src="/page.mjs"></script>`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  const heard = () =>
    once(events, "page", { signal: AbortSignal.timeout(PATIENCE) }).catch(() => {
      throw new Error(`${name}'s page was not heard of for ${PATIENCE / 1000} s`);
    }) as Promise<[Outcome, ServerResponse, string]>;
  let page = heard();
  const profile = mkdtempSync(join(tmpdir(), "chainrule-browser-"));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const child = spawn(programs[0]!, given(profile, url), {
    ...{ stdio: "ignore", detached: true },
    // Nor has it a folder of its own for what it keeps; and its sandbox cannot be had where one is root.
    env: { ...process.env, HOME: profile, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1" },
  });
  const closed = once(child, "close");
  const [, , own] = await page.catch((error: unknown) => {
    process.kill(-child.pid!);
    throw error;
  });
  return {
    name,
    version: agent.exec(own)![1]!,
    major: 26,
    async train(row) {
      try {
        const [, answer] = await page;
        page = heard();
        answer.end(JSON.stringify(row));
        return (await page)[0];
      } catch (error) {
        return { error: String(error) };
      }
    },
    async close() {
      server.close();
      // With the processes that it has started.
      process.kill(-child.pid!);
      await closed;
      rmSync(profile, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}
