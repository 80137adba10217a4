// plain.ts of the one file for pages.
import * as js from "./js.js";

export async function loadPlain(): Promise<typeof js> {
  return js;
}
