import { appendFile, open, readFile, truncate, writeFile } from "node:fs/promises";
import { checkBoolean, checkCount, checkOptions, shown } from "../checks.js";
import { FormatError, OptionError } from "../errors.js";
import type { Callback } from "../training/callbacks.js";
import type { Epoch } from "../training/history.js";
import { VALIDATION } from "../training/reported.js";

export interface LogOptions {
  /** adds to a file that is there, default false: each run begins anew. A resumed run always adds. */
  readonly append?: boolean | undefined;
}

const NEW_LINE = 10;

const reserved: readonly string[] = ["epoch", "loss", `${VALIDATION}loss`, "seconds"];

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
    row.set(`${VALIDATION}loss`, validation.loss);
    add(VALIDATION, validation.metrics);
  }
  return row.set("seconds", seconds);
}

/** RFC 4180. */
const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** How far a log is. */
interface Place {
  /** Of the file, with the run's rows. */
  readonly bytes: number;
  /** The last of these rows; "" if there is none. */
  readonly last: string;
}

/** Whether a file is as a run left it when it was there: it may have been changed since, or be another one. */
function holds(file: Buffer, { bytes, last }: Place): boolean {
  return bytes <= file.length && (bytes === 0 || file.subarray(0, bytes).toString().endsWith(`${last}\n`));
}

/** Callback. One row an epoch in a file: CSV with a header if the path ends in .csv, JSON lines if it ends in .jsonl. Metrics are under their
 *  names, validation's after `validation.`; one whose name is taken, as "loss", is `metrics.loss`. Of a run that is resumed from a checkpoint,
 *  rows that were written after it are cut off, for they come again, unless something else has changed the file.
 *  @throws {FormatError} by fit, before its first step, if the file cannot be written, with the file system's error as its cause; after its
 *    first epoch, if the file it adds to has other columns */
export function logTo(path: string, options: LogOptions = {}): Callback {
  const kind = /\.(csv|jsonl)$/.exec(String(path))?.[1];
  if (typeof path !== "string" || !kind) throw new OptionError(`logTo: path is ${shown(path)}, expected one that ends in .csv or .jsonl`);
  checkOptions("logTo", options, ["append"]);
  const { append = false } = options;
  checkBoolean("logTo: append", append);
  /** What the next row does: begins the file anew, adds to what others have written, or to this run's rows. */
  let next: "begin" | "join" | "add" = "begin";
  let place: Place = { bytes: 0, last: "" };
  /** What `restore` was given: of the run that begins next. */
  let restored: Place | undefined;
  const accessing = async <T>(access: () => Promise<T>): Promise<T> => {
    try {
      return await access();
    } catch (cause) {
      throw new FormatError(`logTo: ${path}: the file could not be written: ${(cause as Error).message}`, { cause });
    }
  };
  /** Makes the file one to which rows with these columns can be added. @returns its length */
  const join = async (header: string): Promise<number> => {
    const file = await accessing(() => readFile(path));
    const length = holds(file, place) ? place.bytes : file.length;
    const first = file.subarray(0, length).toString().replace("\ufeff", "").split(/\r?\n/, 1)[0]!;
    if (kind === "csv" && length > 0 && first !== header)
      throw new FormatError(
        `logTo: ${path}: its columns are ${first}, expected ${header}, this run's; give it a file of its own, or leave out append`,
      );
    if (length < file.length) await accessing(() => truncate(path, length));
    if (length === 0 || file[length - 1] === NEW_LINE) return length;
    await accessing(() => appendFile(path, "\n"));
    return length + 1;
  };
  return {
    type: "logTo",
    // Leaves what is in it.
    onFitStart: ({ resumed }) =>
      accessing(async () => {
        const file = await open(path, "a");
        const { size } = await file.stat().finally(() => file.close());
        next = append || resumed ? "join" : "begin";
        place = next === "begin" ? { bytes: 0, last: "" } : ((resumed ? restored : undefined) ?? { bytes: size, last: "" });
        restored = undefined;
      }),
    async onEpochEnd(epoch, index) {
      const row = rowOf(epoch, index);
      const header = [...row.keys()].map(cell).join(",");
      const bytes = next === "join" ? await join(header) : place.bytes;
      const last = kind === "csv" ? [...row.values()].join(",") : JSON.stringify(Object.fromEntries(row));
      const text = `${kind === "csv" && bytes === 0 ? `${header}\n` : ""}${last}\n`;
      await accessing(() => (next === "begin" ? writeFile : appendFile)(path, text));
      place = { bytes: bytes + Buffer.byteLength(text), last };
      next = "add";
    },
    state: () => ({ json: place }),
    restore({ json }) {
      // Saved by a version that kept none.
      if (json === undefined || json === null) return;
      // It may be out of a file.
      checkOptions("logTo: state", json, ["bytes", "last"]);
      const { bytes, last } = json as Place;
      checkCount("logTo: state.bytes", bytes, 0, Number.MAX_SAFE_INTEGER);
      if (typeof last !== "string") throw new OptionError(`logTo: state.last is ${shown(last)}, expected a row`);
      restored = { bytes, last };
    },
  };
}
