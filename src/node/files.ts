// Node only: a network in a file. Written beside and renamed, so that a reader never sees half of one.
import { randomBytes } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import { checkNetwork, shown } from "../checks.js";
import { FormatError, OptionError } from "../errors.js";
import { type LoadOptions, loadNetwork } from "../make.js";
import type { Network, SaveOptions } from "../network.js";

export function checkPath(who: string, path: unknown): void {
  if (typeof path !== "string" || path === "") throw new OptionError(`${who}: path is ${shown(path)}, expected a file's path`);
}

/** Writes `net.save(options)` to a file, whole or not at all. @throws {FormatError} with the file system's error as its cause */
export async function saveFile(net: Network, path: string, options: SaveOptions = {}): Promise<void> {
  checkNetwork("saveFile", net);
  checkPath("saveFile", path);
  await writeWhole(path, net.save(options));
}

/** Writes beside, then renames: whoever reads the path finds the old file or the new one, never half of one. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const beside = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const file = await open(beside, "wx");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (cause) {
    await rm(beside, { force: true }).catch(() => {});
    throw new FormatError(`${path}: the file could not be written: ${(cause as Error).message}`, { cause });
  }
}

/** @throws {FormatError} if the file cannot be read or is no saved network */
export async function loadFile(path: string, options: LoadOptions = {}): Promise<Network> {
  checkPath("loadFile", path);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new FormatError(`${path}: the file could not be read: ${(cause as Error).message}`, { cause });
  }
  return loadNetwork(bytes, options);
}
