// chainrule/csv: data from CSV, in memory or as it comes. An entry point of its own, since it needs the package papaparse, an optional peer
// dependency; chosen for running without Node's Buffer and streams.
import { shown } from "./checks.js";
import { type CsvSource, textOf } from "./csv/source.js";
import { type CsvOptions, CsvTable, type Row } from "./csv/table.js";
import { idsOf } from "./data/classes.js";
import { fromColumns, growing } from "./data/collect.js";
import { Dataset } from "./data/dataset.js";
import { OptionError, ShapeError } from "./errors.js";

export type { CsvSource } from "./csv/source.js";
export type { Column, CsvOptions } from "./csv/table.js";

/** A dataset from the whole text of a CSV file. Spaces around cells do not count, nor do empty lines.
 *  @example const { train, test } = parseCsv(text, { target: "species" }).split({ test: 0.25, stratified: true });
 *  @throws {FormatError} ragged lines, cells that are no numbers, a quote that is never closed, no lines: with line and column;
 *    {ShapeError} a label that is none of the classes; {OptionError} a column that is not there, or an option out of range */
export function parseCsv(text: string, options: CsvOptions): Dataset {
  if (typeof text !== "string") throw new OptionError(`csv: got ${shown(text)}, expected text; readCsv and streamCsv take streams`);
  const { table, done } = collecting(options);
  table.take(text, true);
  return done();
}

/** As `parseCsv`, without holding the text: only its numbers. @example await readCsv((await fetch(url)).body, { target: "price" }) */
export async function readCsv(source: CsvSource, options: CsvOptions): Promise<Dataset> {
  const { table, done } = collecting(options);
  for await (const text of textOf(source)) table.take(text, false);
  table.take("", true);
  return done();
}

function collecting(options: CsvOptions): { readonly table: CsvTable; done(): Dataset } {
  const [inputs, values] = [growing(), growing()];
  const labels: string[] = [];
  const table = new CsvTable(options, (row) => {
    inputs.push(row.inputs);
    if (row.values) values.push(row.values);
    else labels.push(row.label!);
  });
  const done = () => {
    const areLabels = labels.length > 0;
    const { classes = true } = table;
    const targets = areLabels ? labels : values.done();
    return new Dataset(
      fromColumns("csv", { inputs: inputs.done(), targets }, { ...table.columns(), classes: areLabels ? classes : false }),
    );
  };
  return { table, done };
}

/** Rows as they come, for files that are larger than memory: a dataset for each piece of the source in which lines end, as `dataset.stream`
 *  takes them. Classes must be known beforehand: their names, or how many ids there are.
 *  @example
 *  const rows = dataset.stream(() => streamCsv(createReadStream("prices.csv"), { target: "price" }), { shuffleBuffer: 10_000 });
 *  await net.fit(rows, { epochs: 10 });
 *  for await (const part of streamCsv(source, options)) yield part.scale(scalers); // where the stream is to be scaled
 *  @throws {OptionError} an option out of range, at once; what `parseCsv` throws, when it is read */
export function streamCsv(source: CsvSource, options: CsvOptions): AsyncGenerator<Dataset, void> {
  let [inputs, targets]: [number[], number[]] = [[], []];
  let areLabels = false;
  const table = new CsvTable(options, (row) => {
    areLabels = row.values === undefined;
    for (const value of row.inputs) inputs.push(value);
    if (row.values) for (const value of row.values) targets.push(value);
    else targets.push(idOf(row));
  });
  const { classes, idOf } = reader(table);
  return (async function* () {
    const read = (text: string, isLast: boolean): Dataset | undefined => {
      table.take(text, isLast);
      if (targets.length === 0) return undefined;
      const { input, features } = table.columns();
      const rows = inputs.length / input;
      const batch = new Dataset({
        rows,
        input: [input],
        inputs: Float32Array.from(inputs),
        targets: areLabels ? Uint32Array.from(targets) : Float32Array.from(targets),
        columns: targets.length / rows,
        ...(areLabels && { classes }),
        ...(features && { features }),
      });
      [inputs, targets] = [[], []];
      return batch;
    };
    for await (const text of textOf(source)) {
      const batch = read(text, false);
      if (batch) yield batch;
    }
    const last = read("", true);
    table.columns();
    if (last) yield last;
  })();
}

/** Reads labels as they come; `classes` are their names. */
function reader({ classes }: CsvTable): { readonly classes: readonly string[] | undefined; idOf(row: Row): number } {
  const wanted = 'their names, classes: ["a", "b"], or of ids their number, classes: 2';
  if (classes === true)
    throw new OptionError(`csv: classes is true, but a stream's classes must be known before all labels are read: give ${wanted}`);
  const ids = classes === undefined || classes === false ? undefined : idsOf("csv", classes);
  const idOf = ({ at, label }: Row) => {
    if (!ids)
      throw new OptionError(`${at}: the target is ${shown(label)}, a class; a stream's classes must be known beforehand: give ${wanted}`);
    const id = ids.of(label!);
    if (id === undefined) throw new ShapeError(`${at}: the target is ${shown(label)}, expected ${ids.wanted}`);
    return id;
  };
  return { classes: ids?.names, idOf };
}
