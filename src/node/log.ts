import { appendFile, writeFile } from "node:fs/promises";
import type { Callback } from "../callbacks.js";
import { checkBoolean, checkOptions, shown } from "../checks.js";
import { OptionError } from "../errors.js";
import type { Epoch } from "../history.js";

export interface LogOptions {
  /** adds to a file that is there, default false: begins anew. A resumed run always adds. */
  readonly append?: boolean;
}

/** An epoch as one row: epoch, loss, metrics, validation results, seconds. */
function rowOf(epoch: Epoch, index: number): Readonly<Record<string, number>> {
  const prefixed = (prefix: string, values: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}${name}`, value]));
  const { loss, metrics, validation, seconds } = epoch;
  return {
    epoch: index + 1,
    loss,
    ...metrics,
    ...(validation && prefixed("validation.", { loss: validation.loss, ...validation.metrics })),
    seconds,
  };
}

/** Callback. One row an epoch in a file: CSV with a header if the path ends in .csv, JSON lines if it ends in .jsonl. */
export function logTo(path: string, options: LogOptions = {}): Callback {
  const kind = /\.(csv|jsonl)$/.exec(String(path))?.[1];
  if (typeof path !== "string" || !kind) throw new OptionError(`logTo: path is ${shown(path)}, expected one that ends in .csv or .jsonl`);
  checkOptions("logTo", options, ["append"]);
  const { append = false } = options;
  checkBoolean("logTo: append", append);
  let begun = append;
  return {
    type: "logTo",
    async onEpochEnd(epoch, index) {
      const row = rowOf(epoch, index);
      const header = kind === "csv" && !begun ? `${Object.keys(row).join(",")}\n` : "";
      const line = kind === "csv" ? Object.values(row).join(",") : JSON.stringify(row);
      await (begun ? appendFile : writeFile)(path, `${header}${line}\n`);
      begun = true;
    },
    state: () => ({ json: { begun } }),
    restore({ json }) {
      begun = (json as { readonly begun: boolean }).begun;
    },
  };
}
