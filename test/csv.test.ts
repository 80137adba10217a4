// CSV by hand, in one piece and in many: RFC 4180's quotes, and what is refused with its line and column.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CsvOptions, type CsvSource, parseCsv, readCsv, streamCsv } from "../src/csv.js";
import {
  adam,
  type Dataset,
  dataset,
  dense,
  FormatError,
  network,
  OptionError,
  ShapeError,
  sparseCategoricalCrossEntropy,
} from "../src/index.js";
import { sparse } from "./refusals.js";

const text = 'height,"width, cm",kind\n1,2,cat\n-3.5,4e1,"dog ""b"""\n\n.5 , 6. ,cat\n';

test("inputs are numbers, names are the header's, and a target that is no number is a class", () => {
  expect(parseCsv(text, { target: "kind" })).toMatchObject({
    rows: 3,
    inputs: Float32Array.of(1, 2, -3.5, 40, 0.5, 6),
    targets: Uint32Array.of(0, 1, 0),
    classes: ["cat", 'dog "b"'],
    features: ["height", "width, cm"],
  });
});

describe("columns are chosen", () => {
  test.each<[string, CsvOptions, object]>([
    ["by name", { target: "a", inputs: ["c"] }, { inputs: Float32Array.of(3, 6), targets: Float32Array.of(1, 4), features: ["c"] }],
    [
      "by number",
      { target: 2, inputs: [1, 0] },
      { inputs: Float32Array.of(2, 1, 5, 4), targets: Float32Array.of(3, 6), features: ["b", "a"] },
    ],
    ["several to predict", { target: ["a", "c"] }, { inputs: Float32Array.of(2, 5), targets: Float32Array.of(1, 3, 4, 6), columns: 2 }],
    ["numbers as classes", { target: "c", classes: true }, { targets: Uint32Array.of(0, 1), classes: ["3", "6"] }],
  ])("%s", (_, options, expected) => {
    expect(parseCsv("a,b,c\n1,2,3\n4,5,6", options)).toMatchObject(expected);
  });

  test("by number where there is no header", () => {
    const data = parseCsv("1;2\n3;4", { target: 1, header: false, delimiter: ";" });
    expect(data).toMatchObject({ inputs: Float32Array.of(1, 3), targets: Float32Array.of(2, 4) });
    expect(data.features).toBeUndefined();
  });
});

test("lines that lack a value are left out if asked for, wherever they are", () => {
  const data = parseCsv("a,b,c\n1,2,?\n,2,x\n1,NA,x\n7,,y\n1,2,x\n3,4,y", { target: "c", inputs: ["a", "b"], missing: "drop" });
  expect(data).toMatchObject({ inputs: Float32Array.of(1, 2, 3, 4), classes: ["x", "y"] });
});

test("what pandas takes for missing is, but for a class that is called None", () => {
  // https://pandas.pydata.org/docs/reference/api/pandas.read_csv.html, na_values
  const pandas = " |#N/A|#N/A N/A|#NA|-1.#IND|-1.#QNAN|-NaN|-nan|1.#IND|1.#QNAN|<NA>|N/A|NA|NULL|NaN|None|n/a|nan|null".split("|");
  for (const cell of [...pandas, "?"]) {
    const text = `a,b\n1,2\n${cell},3\n4,${cell}\n5,6`;
    expect(parseCsv(text, { target: "b", missing: "drop" }).inputs).toEqual(Float32Array.of(1, 5));
    expect(() => parseCsv(text, { target: "b" })).toThrow(/^csv: line 3, column "a": ".*" is a missing value; missing: "drop"/);
  }
  const text = "a,b\n1,None\n2,slight\nNone,None\n3,null\n4,None";
  const damage = parseCsv(text, { target: "b", missing: "drop", classes: true });
  expect(damage).toMatchObject({ inputs: Float32Array.of(1, 2, 4), targets: Uint32Array.of(0, 1, 0), classes: ["None", "slight"] });
  // Before there are labels it may be a number that is missing.
  expect(parseCsv(text, { target: "b", missing: "drop" })).toMatchObject({ inputs: Float32Array.of(2, 4), classes: ["None", "slight"] });
  expect(parseCsv("a,y\n1,None\n2,3.5\n3,4.5", { target: "y", missing: "drop" }).targets).toEqual(Float32Array.of(3.5, 4.5));
  expect(parseCsv("a,y\n1,0\n2,None\n3,1", { target: "y", classes: 2, missing: "drop" }).targets).toEqual(Uint32Array.of(0, 1));
  // What is named is there.
  expect(parseCsv("a,y\n2,null\n1,bad", { target: "y", classes: ["null", "bad"] }).targets).toEqual(Uint32Array.of(0, 1));
  const values = parseCsv("a,b\n1,None\n2,3", { target: "b", classes: false, missing: "drop" });
  expect(values).toMatchObject({ inputs: Float32Array.of(2), targets: Float32Array.of(3) });
});

async function* inPieces(whole: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, i = 0; at < whole.length; ++i) {
    const size = sizes[i % sizes.length]!;
    yield whole.subarray(at, at + size);
    at += size;
  }
}

const same = (a: Dataset, b: Dataset) => expect(a).toEqual(b);

test("the pieces in which a stream comes change nothing: quotes, line breaks and UTF-8 may be cut anywhere", async () => {
  const whole = '\ufeffx,"a ""quoted""\r\nname",né\r\n1,2,"é,\r\n""ü"""\r\n3,4,🙂\r5,6,"x"\n\r\n';
  const expected = parseCsv(whole, { target: "né" });
  expect(expected).toMatchObject({ rows: 3, classes: ["x", 'é,\n"ü"', "🙂"], features: ["x", 'a "quoted"\nname'] });
  const bytes = new TextEncoder().encode(whole);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 }), async (sizes) => {
      same(await readCsv(inPieces(bytes, sizes), { target: "né" }), expected);
    }),
    { seed: 1, numRuns: 200 },
  );
  same(await readCsv(new Blob([bytes]), { target: "né" }), expected);
});

test("a byte order mark counts in no line, wherever text is cut", async () => {
  for (const first of ["\ufeff", ""]) {
    const content = `${first}a,b\n1,2\nx,4\n`;
    for (let at = 0; at <= content.length; ++at)
      await expect(readCsv([content.slice(0, at), content.slice(at)], { target: "b" })).rejects.toThrow(/^csv: line 3, column "a": "x"/);
  }
});

/** All batches of a stream, joined. */
async function joined(source: CsvSource, options: CsvOptions) {
  const batches: Dataset[] = [];
  for await (const batch of streamCsv(source, options)) batches.push(batch);
  const of = (what: "inputs" | "targets") => batches.flatMap((batch) => [...batch[what]]);
  return { batches, inputs: of("inputs"), targets: of("targets") };
}

describe("streamCsv", () => {
  const whole = '\ufeffx,"a ""quoted""\r\nname",né\r\n1,2,"é,\r\n""ü"""\r\n3,4,🙂\r5,6,"x"\n\r\n';
  const classes = ["x", 'é,\n"ü"', "🙂"];

  test("gives the rows of readCsv, however they are cut: within quotes, line breaks and characters too", async () => {
    const bytes = new TextEncoder().encode(whole);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 }), async (sizes) => {
        const { inputs, targets } = await joined(inPieces(bytes, sizes), { target: "né", classes });
        expect([inputs, targets]).toEqual([
          [1, 2, 3, 4, 5, 6],
          [1, 2, 0],
        ]);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test("gives lines as soon as they have ended, and no empty batches", async () => {
    const { batches } = await joined(["a,b\n1,", "2\n3,4\n5,6", "0\n", "", "7,8"], { target: "b" });
    const values = (...numbers: number[]) => Float32Array.from(numbers);
    expect(batches.map(({ rows, inputs, targets }) => ({ rows, inputs, targets }))).toEqual([
      { rows: 2, inputs: values(1, 3), targets: values(2, 4) },
      { rows: 1, inputs: values(5), targets: values(60) },
      { rows: 1, inputs: values(7), targets: values(8) },
    ]);
  });

  test("values of several columns, ids, and lines that lack a value", async () => {
    const lines = "a,b,c\n1,2,0\n3,?,1\n5,6,1\n";
    const all = await joined([lines], { target: ["b", "c"], missing: "drop" });
    expect([all.inputs, all.targets]).toEqual([[1, 5], [2, 0, 6, 1]]); // biome-ignore format: rows
    const ids = await joined([lines], { target: "c", inputs: ["a"], classes: 2 });
    expect(ids.batches[0]!.targets).toEqual(Uint32Array.of(0, 1, 1));
  });

  test("a network trained on it, evaluated and used ends as with the whole file in memory", async () => {
    const file = readFileSync(new URL("golden/datasets/iris.csv", import.meta.url));
    const options = { target: "target", classes: ["setosa", "versicolor", "virginica"] };
    const make = () =>
      network({
        input: 4,
        layers: [dense(5, { activation: "tanh" }), dense(3)],
        loss: sparseCategoricalCrossEntropy({ fromLogits: true }),
        optimizer: adam(),
        metrics: ["accuracy"],
        seed: 1,
        backend: "js",
      });
    const held = parseCsv(file.toString(), options);
    const rows = dataset.stream(() => streamCsv(inPieces(file, [100, 7]), options));
    const [ours, theirs] = [await make(), await make()];
    const run = { epochs: 3, shuffle: false } as const;
    await ours.fit(rows, { ...run, validation: rows });
    await theirs.fit(held, run);
    expect(ours.classes).toEqual(options.classes);
    expect(ours.save()).toEqual(theirs.save());
    expect(await ours.evaluate(rows)).toEqual(theirs.evaluate(held));
    const turned = dataset.stream(() => streamCsv([file], { ...options, classes: options.classes.toReversed() }));
    await expect(ours.evaluate(turned)).rejects.toThrow(/^evaluate: item 0 of the stream: its classes are virginica, versicolor, setosa, /);
  });

  test.each<[string, CsvOptions]>([
    ["the names of classes", { target: "c", classes: ["no", "yes"] }],
    ["the number of classes", { target: "c", inputs: ["b"], classes: 2 }],
    ["values", { target: ["b", "c"] }],
    ["no names of columns", { target: 2, header: false, missing: "drop" }],
  ])("gives datasets that say what readCsv's does: %s", async (_, options) => {
    const first = options.header === false ? "" : "a,b,c\n";
    const pieces = [`${first}1,2,0\n`, "3,4,1\n5,6,1\n"];
    expect(await dataset.from(streamCsv(pieces, options))).toEqual(await readCsv(pieces, options));
  });

  test("makes the same of labels as readCsv, or refuses the same ones", async () => {
    const names = [["1", "2", "3"], ["0", "1", "2"], ["a", "b", "c"], ["-1", "0.5", "c"], ["a", "1", "c"]]; // biome-ignore format: names
    const columns = ["0,1,2", "1,2,3", "1,1,1", "a,b,c", "a,1,c", "0,b,2", "-1,0.5,c", "-1,2,0", "01,2,0", "2,1,3"];
    for (const classes of [2, 3, ...names])
      for (const labels of columns) {
        const file = ["x,y\n", ...labels.split(",").map((label, i) => `${i},${label}\n`)];
        const read = (from: () => Promise<Dataset>) => from().then(({ targets }) => [...targets], (error) => error.constructor); // biome-ignore format: one idea
        const options = { target: "y", classes };
        const held = await read(() => readCsv(file, options));
        expect(await read(() => dataset.from(streamCsv(file, options))), `${classes}: ${labels}`).toEqual(held);
      }
  });

  test("a source that is left early is closed, with its file or its connection", async () => {
    let cancelled = 0;
    const source = () => new ReadableStream<string>({ pull: (to) => to.enqueue("a,b\n1,2\n3,4\n"), cancel: () => void ++cancelled });
    for (const given of [
      source(),
      {
        getReader: (
          (stream) => () =>
            stream.getReader()
        )(source()),
      } as never,
    ])
      for await (const _ of streamCsv(given, { target: "b" })) break;
    expect(cancelled).toBe(2);
  });

  test.each<[string, CsvSource, CsvOptions, typeof FormatError | typeof OptionError | typeof ShapeError, RegExp]>([
    [
      "labels whose classes are not known",
      [text],
      { target: "kind" },
      OptionError,
      /^csv: line 2: the target is "cat", a class; a stream's classes must be known beforehand: give their names/,
    ],
    [
      "a label that is no class, with its line",
      [text],
      { target: "kind", classes: ["cat", "cow"] },
      ShapeError,
      /^csv: line 3: the target is "dog \\"b\\"", expected one of: cat, cow; or, as all others, an id from 0 to 1$/,
    ],
    [
      "an id that is no class",
      ["a,b\n1,2"],
      { target: "b", classes: 2 },
      ShapeError,
      /^csv: line 2: the target is "2", expected an id from 0 to 1$/,
    ],
    ["no lines", ["a,b\n"], { target: "b" }, FormatError, /^csv: no lines of data after the columns' names: "a", "b"$/],
    ["missing values everywhere", ["a,b\n?,2"], { target: "b", missing: "drop" }, FormatError, /^csv: every line has a missing value$/],
    ["a quote left open", ['a,b\n1,"2\n3,4'], { target: "b" }, FormatError, /^csv: line 2: Quoted field unterminated$/],
    ["a short line in a later piece", ["a,b\n1,2\n", "3,4\n", "5\n"], { target: "b" }, FormatError, /^csv: line 4: 1 cell, expected 2/],
    ["what is no stream", "a,b" as never, { target: "b" }, OptionError, /^csv: got "a,b", expected a stream/],
  ])("refuses %s", async (_, source, options, kind, message) => {
    await expect(joined(source, options)).rejects.toThrow(kind);
    await expect(joined(source, options)).rejects.toThrow(message);
  });

  test("refuses options at once", () => {
    expect(() => streamCsv([text], { target: "kind", classes: true })).toThrow(
      /^csv: classes is true, but a stream's classes must be known/,
    );
    expect(() => streamCsv([text], { target: "kind", delimiter: "" })).toThrow(/^csv: delimiter is ""/);
  });
});

test("streams of the web, without async iteration too, and iterables of text", async () => {
  const expected = parseCsv(text, { target: "kind" });
  same(await readCsv(new Blob([text]).stream(), { target: "kind" }), expected);
  same(await readCsv(new Response(text).body!, { target: "kind" }), expected);
  const bare = { getReader: () => new Blob([text]).stream().getReader() };
  same(await readCsv(bare as never, { target: "kind" }), expected);
  same(await readCsv([...text], { target: "kind" }), expected);
});

test("the small real data sets are read as their README says", () => {
  const read = (name: string, options: CsvOptions) =>
    parseCsv(readFileSync(new URL(`golden/datasets/${name}.csv`, import.meta.url), "utf8"), options);
  const iris = read("iris", { target: "target", classes: ["setosa", "versicolor", "virginica"] });
  expect([iris.rows, iris.input, [...iris.inputs.subarray(0, 4)]]).toEqual([150, [4], [5.1, 3.5, 1.4, 0.2].map(Math.fround)]);
  expect([read("digits", { target: "target", classes: 10 }).input, read("diabetes", { target: "target" }).rows]).toEqual([[64], 442]);
});

describe("refuses", () => {
  const parse =
    (content: string, options: Partial<CsvOptions> = {}) =>
    () =>
      parseCsv(content, { target: "b", ...options });
  test.each<[string, () => unknown, RegExp]>([
    ["no text", parse(""), /^csv: no lines of data$/],
    ["a header alone", parse("a,b\n"), /^csv: no lines of data after the columns' names: "a", "b"$/],
    [
      "a path",
      parse("data/iris.csv"),
      /^csv: no lines of data after the columns' names: "data\/iris.csv"; this looks like a file's path, expected what is in the file$/,
    ],
    ["a line that is short", parse("a,b\n1,2\n3"), /^csv: line 3: 1 cell, expected 2, as in the first line$/],
    [
      "a line that is long, counted with empty lines and quoted breaks",
      parse('a,"b\nc",b\n1,2,3\n\n1,2,3,4'),
      /^csv: line 5: 4 cells, expected 3/,
    ],
    [
      "a word among numbers",
      parse("a,b\n1,2\nx1,4"),
      /^csv: line 3, column "a": "x1" is no finite float32 number; the option inputs leaves columns of text out, and categories are columns of 0 and 1$/,
    ],
    ["a word among the targets", parse("a,b\n1,2\n3,four"), /^csv: line 3, column "b": "four" is no finite float32 number$/],
    ["hexadecimal", parse("a,b\n0x10,2"), /"0x10" is no finite/],
    ["infinity", parse("a,b\nInfinity,2"), /"Infinity" is no finite/],
    ["a number beyond float32", parse("a,b\n1e39,2"), /"1e39" is no finite/],
    [
      "another delimiter, and commas in numbers",
      parse("a;b\n1,5;2"),
      /^csv: line 2: 2 cells, expected 1, as in the first line; .* delimiter: ";"$/,
    ],
    ["an empty cell", parse("a,b\n1,2\n,4"), /^csv: line 3, column "a": "" is a missing value; missing: "drop" leaves such lines out$/],
    ["missing values everywhere", parse("a,b\n?,2", { missing: "drop" }), /^csv: every line has a missing value$/],
    ["a name twice", parse("a,b,a\n1,2,3"), /^csv: line 1: two columns are named "a"$/],
    ["a quote left open", parse('a,b\n1,"2\n3,4\n'), /^csv: line 2: Quoted field unterminated$/],
    ["text after a quote", parse('a,b\n1,"2"x\n3,"4"\n'), /^csv: line 2: Trailing quote on quoted field is malformed$/],
  ])("%s", (_, call, message) => {
    expect(call).toThrow(FormatError);
    expect(call).toThrow(message);
  });

  test.each<[string, () => unknown, RegExp]>([
    ["an unknown target", parse("a,c\n1,2"), /^csv: target has column "b", expected a number from 0 to 1 or one of: "a", "c"$/],
    ["a number beyond the columns", parse("a,b\n1,2", { inputs: [2] }), /^csv: inputs has column 2/],
    ["the target as an input", parse("a,b\n1,2", { inputs: ["b"] }), /^csv: column "b" is in inputs and is the target$/],
    ["nothing to predict from", parse("b\n1"), /^csv: no column is left to predict from$/],
    [
      "two columns of classes",
      parse("a,b,c\n1,2,3", { target: ["b", "c"], classes: true }),
      /^csv: target has 2 columns, which cannot be classes$/,
    ],
    ["an input twice", parse("a,b,c\n1,2,3", { inputs: ["a", 0] }), /^csv: inputs has column "a" twice$/],
    ["no options to streamCsv", () => streamCsv([], undefined as never), /^csv: options are undefined, expected an object$/],
    ["a target that is none, before anything is read", () => streamCsv([], { target: null as never }), /^csv: target is null/],
    [
      "a hole among the inputs",
      parse("a,b\n1,2", { inputs: sparse((_) => ["a", _, "b"]) }),
      /^csv: inputs is undefined, expected a column's name/,
    ],
    [
      "another delimiter",
      parse("a;b;y\n1;2;3", { target: "y" }),
      /^csv: target has column "y", expected a number from 0 to 0 or one of: "a;b;y"; the first line is one cell with ";" in it: if that is the delimiter, give delimiter: ";"$/,
    ],
    [
      "another delimiter, without names",
      parse("1\t2\n3\t4", { target: 1, header: false }),
      /with "\\t" in it: if that .* give delimiter: "\\t"$/,
    ],
    [
      "another delimiter, and a column by number",
      parse("1|2", { target: 0, header: false }),
      /^csv: no column is left to predict from; .* "\|"$/,
    ],
    ["a comma that is no delimiter", parse("a,b;1,2\n3;4", { delimiter: ";", target: "b" }), /or one of: "a,b", "1,2"$/],
    ["no target", () => parseCsv("a,b", {} as never), /^csv: target is undefined/],
    ["a delimiter that is none", parse("", { delimiter: ";;" }), /^csv: delimiter is ";;"/],
    ["an unknown option", parse("", { separator: ";" } as never), /^csv: unknown option "separator"/],
    ["bytes to parseCsv", () => parseCsv(new Uint8Array(3) as never, { target: 0 }), /^csv: got Uint8Array\(3\), expected text/],
  ])("%s", (_, call, message) => {
    expect(call).toThrow(OptionError);
    expect(call).toThrow(message);
  });

  test("a label that is none of the classes", () => {
    expect(parse("a,b\n1,x\n2,z", { classes: ["x", "y"] })).toThrow(ShapeError);
    expect(parse("a,b\n1,x\n2,z", { classes: ["x", "y"] })).toThrow(
      /^csv: targets: row 1 has label "z", expected one of: x, y; or, as all others, an id from 0 to 1$/,
    );
  });

  test("what is no stream, no text, or no UTF-8", async () => {
    await expect(readCsv("a,b\n1,2" as never, { target: "b" })).rejects.toThrow(/^csv: got "a,b\\n1,2", expected a stream/);
    await expect(readCsv([1] as never, { target: "b" })).rejects.toThrow(/^csv: a piece is 1, expected text or a Uint8Array$/);
    await expect(readCsv([Uint8Array.of(0xc3, 0x28)], { target: "b" })).rejects.toThrow(/^csv: is not UTF-8$/);
  });

  test("a quote left open at the beginning of an endless stream", async () => {
    function* endless() {
      yield 'a,b\n"';
      for (;;) yield "1,2\n".repeat(2 ** 20);
    }
    await expect(readCsv(endless(), { target: "b" })).rejects.toThrow(/^csv: line 2: a record of more than 16777216 characters/);
  });
});

test("importing chainrule does not pull papaparse", () => {
  const modules = new Map<string, string>();
  const visit = (url: URL) => {
    if (modules.has(url.href)) return;
    const source = readFileSync(url, "utf8");
    modules.set(url.href, source);
    for (const [, path] of source.matchAll(/ from "(\.[^"]+)\.js"/g)) visit(new URL(`${path}.ts`, url));
  };
  visit(new URL("../src/index.ts", import.meta.url));
  expect(modules.size).toBeGreaterThan(20);
  expect([...modules.values()].filter((source) => /papaparse/.test(source))).toEqual([]);
});

test("options are copied: whoever changes them while a file is read changes nothing", async () => {
  const options = { target: ["y"], inputs: ["a", "b"], classes: ["no", "yes"], delimiter: ";", header: true };
  async function* pieces() {
    yield "a;b;y\n1;2;yes\n";
    Object.assign(options, { delimiter: ",", header: false });
    options.target[0] = "a";
    options.inputs.pop();
    options.classes.reverse();
    yield "3;4;no\n";
  }
  const read = await readCsv(pieces(), options);
  expect([...read.inputs]).toEqual([1, 2, 3, 4]);
  expect([...read.targets]).toEqual([1, 0]);
  expect(read.classes).toEqual(["no", "yes"]);
});
