// Text to rows of numbers. Quotes and delimiters are papaparse's work; what cells mean is decided here.
import Papa from "papaparse";
import { checkBoolean, checkOneOf, checkOptions, shown } from "../checks.js";
import type { Classes } from "../data/classes.js";
import { FormatError, OptionError } from "../errors.js";
import { suggestion } from "../spelling.js";

/** A column by its name in the header, or by its number from 0. */
export type Column = string | number;

export interface CsvOptions {
  /** The column to predict, or several, whose cells are then numbers. */
  readonly target: Column | readonly Column[];
  /** The columns to predict from, whose cells are numbers; default: all others. */
  readonly inputs?: readonly Column[] | undefined;
  /** What the target means; default: classes if its first cell is no number, else values. See `Classes`. */
  readonly classes?: Classes | undefined;
  /** The first line has the columns' names, default true. */
  readonly header?: boolean | undefined;
  /** one character, default "," */
  readonly delimiter?: string | undefined;
  /** A cell in use that is empty, "?", or what pandas takes for missing ("NA", "N/A", "NaN", "nan", "NULL", "null", "None", "#N/A" and the like): an
   *  error (default), or the line is left out. What `classes` names is a class, as is "None" where it is true, or
   *  is left out and the lines before had labels. */
  readonly missing?: "refuse" | "drop" | undefined;
}

/** Characters of one record: more are a quote that is never closed, and every piece would read them anew. */
const LONGEST = 2 ** 24;

/** Those in use. */
const delimiters = [",", ";", "\t", "|"];

/** UCI's, and the default `na_values` of pandas.read_csv. */
const missing = new Set([
  ...["?", "", "NA", "N/A", "n/a", "<NA>", "#NA", "#N/A", "#N/A N/A", "NULL", "null", "None"],
  ...["NaN", "nan", "-NaN", "-nan", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"],
]);

/** Given where the text of a file is wanted. */
const isPath = (text: string) => /\.\w{2,4}$/.test(text);

const isNumber = (text: string) => /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text);

/** Advice for columns that are no numbers. */
const OF_TEXT = "; the option inputs leaves columns of text out, and categories are columns of 0 and 1";

/** The columns in use, by number. */
interface Columns {
  readonly inputs: readonly number[];
  readonly targets: readonly number[];
}

/** What papaparse says of one record. */
interface Parsed {
  readonly data: readonly string[];
  readonly errors: readonly { readonly message: string }[];
}

/** What a record says: its inputs, and its target as a label or as values. */
export interface Row {
  readonly inputs: readonly number[];
  readonly label?: string;
  readonly values?: readonly number[];
  /** Where it is, for messages: "csv: line 3". */
  readonly at: string;
}

function checkColumns(who: string, columns: readonly Column[]): void {
  if (!Array.isArray(columns) || columns.length === 0)
    throw new OptionError(`csv: ${who} is ${shown(columns)}, expected an array of columns`);
  for (const column of columns)
    if (typeof column !== "string" && typeof column !== "number")
      throw new OptionError(`csv: ${who} is ${shown(column)}, expected a column's name or number`);
}

/** Takes text as it comes, and gives the rows of whole records. */
export class CsvTable {
  private rest = "";
  private line = 1;
  private names: readonly string[] | undefined;
  /** For messages: what the first line suggests, where it is one cell with another delimiter in it. */
  private hint = "";
  private layout: Columns | undefined;
  /** Whether the target is classes; decided by the first line without a missing value. */
  private areLabels: boolean | undefined;
  private rows = 0;
  /** Copied, whatever becomes of what was given; with the defaults. */
  readonly classes: Classes | undefined;
  private readonly options: {
    readonly header: boolean;
    readonly delimiter: string;
    readonly drops: boolean;
    readonly targets: readonly Column[];
    readonly inputs: readonly Column[] | undefined;
  };

  constructor(
    options: CsvOptions,
    private readonly give: (row: Row) => void,
  ) {
    checkOptions("csv", options, ["target", "inputs", "classes", "header", "delimiter", "missing"]);
    const { header = true, delimiter = ",", missing: rule = "refuse", target, inputs, classes } = options;
    const targets = Array.isArray(target) ? [...target] : [target as Column];
    checkBoolean("csv: header", header);
    checkOneOf("csv: missing", rule, ["refuse", "drop"]);
    if (typeof delimiter !== "string" || delimiter.length !== 1 || /["\r\n\ufeff]/.test(delimiter))
      throw new OptionError(`csv: delimiter is ${shown(delimiter)}, expected one character, no quote and no line break`);
    checkColumns("target", targets);
    if (inputs !== undefined) checkColumns("inputs", inputs);
    this.options = { header, delimiter, drops: rule === "drop", targets, inputs: inputs && [...inputs] };
    this.classes = Array.isArray(classes) ? [...classes] : classes;
  }

  take(text: string, isLast: boolean): void {
    const pending = this.rest + text;
    // A "\r" at the end may be half of a line break.
    const cut = !isLast && pending.endsWith("\r") ? pending.length - 1 : pending.length;
    // papaparse leaves a byte order mark out, too, but its cursor counts from after it.
    const ready = pending
      .slice(0, cut)
      .replace(/^\ufeff/, "")
      .replace(/\r\n?/g, "\n");
    // The last record may go on in the next piece, and so may what is wrong with it.
    let last: Parsed | undefined;
    let [taken, end] = [0, 0];
    Papa.parse<string[]>(ready, {
      delimiter: this.options.delimiter,
      newline: "\n",
      step: ({ data, errors, meta }) => {
        if (last) this.record(last);
        last = { data, errors };
        [taken, end] = [end, meta.cursor];
      },
    });
    if (isLast && last) this.record(last);
    this.rest = ready.slice(taken) + pending.slice(cut);
    if (!isLast && this.rest.length > LONGEST)
      throw new FormatError(`csv: line ${this.line}: a record of more than ${LONGEST} characters; was a quote left open?`);
  }

  private record({ data, errors }: Parsed): void {
    const at = `csv: line ${this.line}`;
    if (errors[0]) throw new FormatError(`${at}: ${errors[0].message}`);
    this.line += 1;
    for (const cell of data) for (let i = cell.indexOf("\n"); i >= 0; i = cell.indexOf("\n", i + 1)) this.line += 1;
    const cells = data.map((cell) => cell.trim());
    if (cells.length === 1 && cells[0] === "") return;
    if (!this.names) {
      const { header } = this.options;
      this.names = header ? cells : cells.map((_, i) => String(i));
      const other = cells.length === 1 ? delimiters.find((character) => cells[0]!.includes(character)) : undefined;
      if (other)
        this.hint = `; the first line is one cell with ${shown(other)} in it: if that is the delimiter, give delimiter: ${shown(other)}`;
      const twice = this.names.find((name, i) => this.names!.indexOf(name) !== i);
      if (twice !== undefined) throw new FormatError(`${at}: two columns are named ${shown(twice)}`);
      if (header) return;
    }
    if (cells.length !== this.names.length)
      throw new FormatError(
        `${at}: ${cells.length} ${cells.length === 1 ? "cell" : "cells"}, expected ${this.names.length}, as in the first line${this.hint}`,
      );
    this.layout ??= this.arrange(this.names);
    const { inputs, targets } = this.layout;
    const { classes } = this;
    const named = Array.isArray(classes) ? (classes as readonly string[]) : undefined;
    // Severity or damage may well be "None".
    const isNoneClass = targets.length === 1 && (classes === true || (classes === undefined && this.areLabels === true));
    const known = (text: string) => named?.includes(text) || (text === "None" && isNoneClass);
    const isClass = (column: number) => targets.includes(column) && known(cells[column]!);
    const lacking = [...inputs, ...targets].find((column) => missing.has(cells[column]!) && !isClass(column));
    if (lacking !== undefined) {
      if (this.options.drops) return;
      throw new FormatError(
        `${at}, column ${shown(this.names[lacking])}: ${shown(cells[lacking])} is a missing value; missing: "drop" leaves such lines out`,
      );
    }
    const number = (column: number) => {
      const value = isNumber(cells[column]!) ? Math.fround(Number(cells[column])) : Number.NaN;
      if (!Number.isFinite(value))
        throw new FormatError(
          `${at}, column ${shown(this.names![column])}: ${shown(cells[column])} is no finite float32 number${inputs.includes(column) ? OF_TEXT : ""}`,
        );
      return value;
    };
    this.areLabels ??= classes === undefined ? targets.length === 1 && !isNumber(cells[targets[0]!]!) : classes !== false;
    this.rows += 1;
    const row = { at, inputs: inputs.map(number) };
    this.give(this.areLabels ? { ...row, label: cells[targets[0]!]! } : { ...row, values: targets.map(number) });
  }

  private arrange(names: readonly string[]): Columns {
    const { classes } = this;
    const { inputs, ...options } = this.options;
    const find = (who: string, column: Column) => {
      const at = typeof column === "number" ? column : names.indexOf(column);
      if (!Number.isInteger(at) || at < 0 || at >= names.length) {
        const known = `${names.slice(0, 10).map(shown).join(", ")}${names.length > 10 ? ", …" : ""}`;
        throw new OptionError(
          `csv: ${who} has column ${shown(column)}, expected a number from 0 to ${names.length - 1} or one of: ${known}${suggestion(names, column)}${this.hint}`,
        );
      }
      return at;
    };
    const findAll = (who: string, columns: readonly Column[]) => {
      const found = columns.map((column) => find(who, column));
      const twice = found.find((column, i) => found.indexOf(column) !== i);
      if (twice !== undefined) throw new OptionError(`csv: ${who} has column ${shown(names[twice])} twice`);
      return found;
    };
    const targets = findAll("target", options.targets);
    const chosen = inputs ? findAll("inputs", inputs) : names.map((_, i) => i).filter((i) => !targets.includes(i));
    if (chosen.length === 0) throw new OptionError(`csv: no column is left to predict from${this.hint}`);
    const both = chosen.find((column) => targets.includes(column));
    if (both !== undefined) throw new OptionError(`csv: column ${shown(names[both])} is in inputs and is the target`);
    if (classes !== undefined && classes !== false && targets.length > 1)
      throw new OptionError(`csv: target has ${targets.length} columns, which cannot be classes`);
    return { inputs: chosen, targets };
  }

  /** The inputs' columns, by their names if they have any. @throws {FormatError} no rows */
  columns(): { readonly input: number; readonly features?: readonly string[] } {
    if (!this.layout) {
      // As where the text is a file's path.
      const header = this.names ? ` after the columns' names: ${this.names.slice(0, 10).map(shown).join(", ")}` : "";
      const path =
        this.names?.length === 1 && isPath(this.names[0]!) ? "; this looks like a file's path, expected what is in the file" : "";
      throw new FormatError(`csv: no lines of data${header}${path}`);
    }
    if (this.rows === 0) throw new FormatError("csv: every line has a missing value");
    const { inputs } = this.layout;
    const { header } = this.options;
    return { input: inputs.length, ...(header && { features: inputs.map((column) => this.names![column]!) }) };
  }
}
