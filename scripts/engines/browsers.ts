// Browsers that are installed: a page, served with the headers that threads need, is given one row after the other.
import { execFileSync, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { text } from "node:stream/consumers";
import { type Engine, type Outcome, versionIn } from "./engine.js";

interface Browser {
  readonly name: Engine["name"];
  readonly program: string;
  /** @param profile an empty folder, for what it keeps */
  command(profile: string, url: string): readonly string[];
}

export const browsers: readonly Browser[] = [
  {
    name: "Chromium",
    program: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
    command: (profile, url) => ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", `--user-data-dir=${profile}`, url],
  },
  {
    name: "Firefox",
    program: process.env.FIREFOX_PATH ?? ["/usr/bin/firefox", "/usr/bin/firefox-esr"].find(existsSync) ?? "/usr/bin/firefox",
    command: (profile, url) => ["--headless", "--no-remote", "--profile", profile, url],
  },
];

/** Milliseconds for a browser to start, and for a row. */
const PATIENCE = 60_000;

const folders: readonly (readonly [RegExp, string])[] = [
  [/^\/chainrule\.browser[.\w]*\.js$/, "dist"],
  [/^\/(page|train)\.mjs$/, "scripts/engines"],
];

/** @returns undefined if it is not installed */
export async function open({ name, program, command }: Browser): Promise<Engine | undefined> {
  if (!existsSync(program)) return undefined;
  const events = new EventEmitter<{ page: [outcome: Outcome | null, answer: ServerResponse] }>();
  const server = createServer(async (request, response) => {
    const { url = "/" } = request;
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    if (url === "/next") {
      events.emit("page", JSON.parse(await text(request)), response);
      return;
    }
    const folder = folders.find(([names]) => names.test(url))?.[1];
    response.setHeader("Content-Type", folder ? "text/javascript" : "text/html");
    response.end(folder ? readFileSync(join(folder, basename(url))) : `<!doctype html><script type="module" src="/page.mjs"></script>`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  const heard = () => once(events, "page", { signal: AbortSignal.timeout(PATIENCE) }) as Promise<[Outcome, ServerResponse]>;
  let page = heard();
  const profile = mkdtempSync(join(tmpdir(), "chainrule-browser-"));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const child = spawn(program, command(profile, url), { stdio: "ignore", detached: true });
  const closed = once(child, "close");
  return {
    name,
    version: versionIn(execFileSync(program, ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })),
    major: 26,
    async train(row) {
      const [, answer] = await page;
      page = heard();
      answer.end(JSON.stringify(row));
      return (await page)[0];
    },
    async close() {
      server.close();
      // With the processes that it has started.
      process.kill(-child.pid!, "SIGKILL");
      await closed;
      rmSync(profile, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}
