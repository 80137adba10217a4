// Node only: a network in a file. Written beside and renamed, so that a reader never sees half of one.
import { randomBytes } from "node:crypto";
import { open, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkNetwork, shown } from "../checks.js";
import { FormatError, OptionError } from "../errors.js";
import { type LoadOptions, loadNetwork } from "../make.js";
import type { Network, SaveOptions } from "../network.js";

export function checkPath(who: string, path: unknown): void {
  if (typeof path !== "string" || path === "")
    throw new OptionError(`${who}: path is ${shown(path)}, expected a file's path${asText(path)}`);
}

const isUrl = (path: unknown): path is URL => Object.prototype.toString.call(path) === "[object URL]";
const asText = (path: unknown) => (isUrl(path) ? ", as fileURLToPath(url) of node:url makes it" : "");

/** A path, or that of a URL. @throws {OptionError} what is none, or a URL of another scheme than file: */
function pathOf(who: string, path: unknown): string {
  if (!isUrl(path)) {
    checkPath(who, path);
    return path as string;
  }
  try {
    return fileURLToPath(path.href);
  } catch (cause) {
    throw new OptionError(`${who}: path is the URL ${shown(path.href)}, expected a file's: ${(cause as Error).message}`, { cause });
  }
}

/** Writes `net.save(options)` to a file, whole or not at all. @param path or a URL that begins with file:
 *  @throws {FormatError} with the file system's error as its cause */
export async function saveFile(net: Network, path: string | URL, options: SaveOptions = {}): Promise<void> {
  checkNetwork("saveFile", net);
  await writeWhole(pathOf("saveFile", path), net.save(options));
}

/** Writes beside, then renames: whoever reads the path finds the old file or the new one, never half of one. A link goes on to lead to the
 *  file, and one that was there keeps its permissions. @throws {FormatError} with the file system's error as its cause */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  await replace(path, bytes);
}

/** Does what `writeWhole` does but for replacing the file. @throws {FormatError} as that */
export async function checkWritable(path: string): Promise<void> {
  await replace(path, undefined);
}

async function replace(path: string, bytes: Uint8Array | undefined): Promise<void> {
  let beside: string | undefined;
  try {
    const target = await realpath(path).catch(() => path);
    const old = await stat(target).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
    // Renaming would put a file in the place of whatever is there, of /dev/null as well.
    if (old && !old.isFile()) throw new Error(`it is ${old.isDirectory() ? "a folder" : "a device"}, expected a file`);
    // Without the target's name, which may be as long as names can be.
    beside = join(dirname(target), `chainrule-${randomBytes(6).toString("hex")}.tmp`);
    const file = await open(beside, "wx");
    try {
      if (old) await file.chmod(old.mode & 0o777);
      if (bytes) await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await (bytes ? rename(beside, target) : rm(beside));
  } catch (cause) {
    if (beside) await rm(beside, { force: true }).catch(() => {});
    throw new FormatError(`${path}: the file could not be written: ${(cause as Error).message}`, { cause });
  }
}

/** As `loadNetwork`, of a file. @param file its path, or a URL that begins with file: `new URL("digits.net", import.meta.url)`
 *  @throws {FormatError} if the file cannot be read or is no saved network; the message begins with the path */
export async function loadFile(file: string | URL, options: LoadOptions = {}): Promise<Network> {
  const path = pathOf("loadFile", file);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new FormatError(`${path}: the file could not be read: ${(cause as Error).message}`, { cause });
  }
  try {
    return await loadNetwork(bytes, options);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(`${path}: ${error.message}`, { cause: error });
  }
}
