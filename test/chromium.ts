// The browser that tests drive, where there is one.
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const executablePath = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
export const installed = existsSync(executablePath);
if (!installed) {
  console.log(`Browser tests are skipped: no Chromium at ${executablePath}. Install it (apt-get install chromium) or set CHROMIUM_PATH.`);
}

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
