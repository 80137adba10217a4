import { appendFile, open, readFile, writeFile } from "node:fs/promises";
import type { Callback } from "../callbacks.js";
import { checkBoolean, checkCount, checkOptions, shown } from "../checks.js";
import { FormatError, OptionError } from "../errors.js";
import type { Epoch } from "../history.js";

export interface LogOptions {
  /** adds to a file that is there, default false: each run begins anew. A resumed run always adds. */
  readonly append?: boolean;
}

const reserved: readonly string[] = ["epoch", "loss", "validation.loss", "seconds"];

/** An epoch as one row: epoch, loss, metrics, validation results, seconds. */
function rowOf(epoch: Epoch, index: number): ReadonlyMap<string, number> {
  const { loss, metrics, validation, seconds } = epoch;
  const row = new Map([
    ["epoch", index + 1],
    ["loss", loss],
  ]);
  const add = (prefix: string, values: Readonly<Record<string, number>>) => {
    for (const [name, value] of Object.entries(values)) {
      let own = name;
      while (row.has(prefix + own) || reserved.includes(prefix + own)) own = `metrics.${own}`;
      row.set(prefix + own, value);
    }
  };
  add("", metrics);
  if (validation) {
    row.set("validation.loss", validation.loss);
    add("validation.", validation.metrics);
  }
  return row.set("seconds", seconds);
}

/** RFC 4180. */
const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Callback. One row an epoch in a file: CSV with a header if the path ends in .csv, JSON lines if it ends in .jsonl. Metrics are under their
 *  names, validation's after `validation.`; one whose name is taken, as "loss", is `metrics.loss`. What was written after the checkpoint that a
 *  run is resumed from is written again: it is cut off.
 *  @throws {FormatError} by fit, before its first step, if the file cannot be written, with the file system's error as its cause; after its
 *    first epoch, if the file it adds to has other columns */
export function logTo(path: string, options: LogOptions = {}): Callback {
  const kind = /\.(csv|jsonl)$/.exec(String(path))?.[1];
  if (typeof path !== "string" || !kind) throw new OptionError(`logTo: path is ${shown(path)}, expected one that ends in .csv or .jsonl`);
  checkOptions("logTo", options, ["append"]);
  const { append = false } = options;
  checkBoolean("logTo: append", append);
  /** Does the next row begin the file anew, and is it the first of this run? */
  let next = { anew: true, first: true };
  /** Of the file, with this run's rows. */
  let bytes = 0;
  /** What `restore` was given: of the run that begins next. */
  let restored: number | undefined;
  const accessing = async <T>(access: () => Promise<T>): Promise<T> => {
    try {
      return await access();
    } catch (cause) {
      throw new FormatError(`logTo: ${path}: the file could not be written: ${(cause as Error).message}`, { cause });
    }
  };
  return {
    type: "logTo",
    // Leaves what is in it, but for rows that come again.
    onFitStart: ({ resumed }) =>
      accessing(async () => {
        const file = await open(path, "a");
        try {
          const { size } = await file.stat();
          const anew = !append && !resumed;
          bytes = anew ? 0 : resumed ? Math.min(size, restored ?? size) : size;
          if (!anew && bytes < size) await file.truncate(bytes);
          next = { anew, first: true };
        } finally {
          await file.close();
          restored = undefined;
        }
      }),
    async onEpochEnd(epoch, index) {
      const row = rowOf(epoch, index);
      const header = `${[...row.keys()].map(cell).join(",")}\n`;
      const line = kind === "csv" ? [...row.values()].join(",") : JSON.stringify(Object.fromEntries(row));
      if (kind === "csv" && next.first && bytes > 0) {
        const has = `${(await accessing(() => readFile(path, "utf8"))).split("\n", 1)}\n`;
        if (has !== header)
          throw new FormatError(
            `logTo: ${path}: its columns are ${has.trim()}, expected ${header.trim()}, this run's; give it a file of its own, or leave out append`,
          );
      }
      const text = `${kind === "csv" && bytes === 0 ? header : ""}${line}\n`;
      await accessing(() => (next.anew ? writeFile : appendFile)(path, text));
      bytes += Buffer.byteLength(text);
      next = { anew: false, first: false };
    },
    state: () => ({ json: { path, bytes } }),
    restore({ json }) {
      // It may be out of a file, and of another log.
      checkOptions("logTo: state", json, ["path", "bytes"]);
      const { path: was, bytes } = json as { readonly path: string; readonly bytes: number };
      checkCount("logTo: state.bytes", bytes, 0, Number.MAX_SAFE_INTEGER);
      restored = was === path ? bytes : undefined;
    },
  };
}
