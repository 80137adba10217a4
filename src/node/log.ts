import { appendFile, open, writeFile } from "node:fs/promises";
import type { Callback } from "../callbacks.js";
import { checkBoolean, checkOptions, shown } from "../checks.js";
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
 *  names, validation's after `validation.`; one whose name is taken, as "loss", is `metrics.loss`.
 *  @throws {FormatError} by fit, before its first step, if the file cannot be written, with the file system's error as its cause */
export function logTo(path: string, options: LogOptions = {}): Callback {
  const kind = /\.(csv|jsonl)$/.exec(String(path))?.[1];
  if (typeof path !== "string" || !kind) throw new OptionError(`logTo: path is ${shown(path)}, expected one that ends in .csv or .jsonl`);
  checkOptions("logTo", options, ["append"]);
  const { append = false } = options;
  checkBoolean("logTo: append", append);
  /** Does the next row begin the file anew, and does it need a header? Of each run. */
  let next = { anew: true, header: true };
  const writing = async (write: () => Promise<unknown>) => {
    try {
      await write();
    } catch (cause) {
      throw new FormatError(`logTo: ${path}: the file could not be written: ${(cause as Error).message}`, { cause });
    }
  };
  return {
    type: "logTo",
    // Leaves what is in it.
    onFitStart: ({ resumed }) =>
      writing(async () => {
        const file = await open(path, "a");
        const { size } = await file.stat().finally(() => file.close());
        const anew = !append && !resumed;
        next = { anew, header: kind === "csv" && (anew || size === 0) };
      }),
    async onEpochEnd(epoch, index) {
      const row = rowOf(epoch, index);
      const header = next.header ? `${[...row.keys()].map(cell).join(",")}\n` : "";
      const line = kind === "csv" ? [...row.values()].join(",") : JSON.stringify(Object.fromEntries(row));
      await writing(() => (next.anew ? writeFile : appendFile)(path, `${header}${line}\n`));
      next = { anew: false, header: false };
    },
    // Nothing of it is needed to go on.
    state: () => ({}),
    restore: () => {},
  };
}
