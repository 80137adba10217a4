// Rows for a network, from few numbers: what fast-check makes smaller, and prints.
import fc from "fast-check";
import { type Data, type DataStream, dataset, minMax, type StreamItem } from "../../src/index.js";
import { numbers } from "../cases.js";
import type { Kind, Port } from "./networks.js";

export interface DataSpec {
  readonly rows: number;
  readonly seed: number;
  /** Which outputs' rows have weights. */
  readonly weights: "none" | "first" | "last" | "all";
  /** What one row has in it that is no good. */
  readonly bad: "nothing" | "NaN" | "huge input" | "huge target";
  /** What it says of its numbers, which becomes the network's. */
  readonly says: "nothing" | "classes" | "other classes" | "scale" | "other scale";
}

export const dataSpec = (bad: DataSpec["bad"][] = ["nothing"]): fc.Arbitrary<DataSpec> =>
  fc.record({
    rows: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 1200 })),
    seed: fc.integer({ min: 1, max: 99 }),
    weights: fc.constantFrom("none", "none", "first", "last", "all"),
    bad: fc.constantFrom(...bad),
    says: fc.oneof(
      { weight: 8, arbitrary: fc.constant("nothing" as const) },
      { weight: 1, arbitrary: fc.constantFrom("classes", "classes", "other classes", "scale", "scale", "other scale") },
    ),
  });

/** Numbers from -1 to 1: drawn once, for data is made at every command. */
const some = Float32Array.from(
  { length: 8191 },
  (
    (draw) => () =>
      2 * (draw() - 0.5)
  )(numbers(1)),
);

/** The only one by itself, several by their names. */
function byName<T>(ports: readonly Port[], make: (port: Port, index: number) => T): T | Record<string, T> {
  if (ports.length === 1) return make(ports[0]!, 0);
  return Object.fromEntries(ports.map((port, i) => [port.name, make(port, i)]));
}

export function dataOf({ inputs, outputs, rows: most }: Kind, { seed, weights, bad, says, ...spec }: DataSpec): Data {
  const rows = 1 + ((spec.rows - 1) % most);
  const next = numbers(seed);
  const fill = (length: number) => {
    const values = new Float32Array(length);
    for (let at = 0, from = Math.floor(some.length * next()); at < length; from = 0) {
      const part = some.subarray(from, from + length - at);
      values.set(part, at);
      at += part.length;
    }
    return values;
  };
  const spoilt = Math.floor(rows * next());
  const spoil = (values: Float32Array, width: number, value: number) => {
    values[spoilt * width] = value;
    return values;
  };
  const x = byName(inputs, ({ width }) => {
    const values = fill(rows * width);
    return bad === "NaN" ? spoil(values, width, Number.NaN) : bad === "huge input" ? spoil(values, width, 3e38) : values;
  });
  const y = byName(outputs, ({ width, classes }) => {
    if (classes !== undefined) return Uint32Array.from({ length: rows * width }, () => classes * next());
    return bad === "huge target" ? spoil(fill(rows * width), width, 1e38) : fill(rows * width);
  });
  // A third of them 0.
  const weigh = () => Float32Array.from({ length: rows }, () => Math.floor(3 * next()) / 2);
  const weighed = weights === "none" ? [] : outputs.slice(weights === "last" ? -1 : 0, weights === "first" ? 1 : undefined);
  const w = weighed.length > 0 && (outputs.length === 1 ? weigh() : Object.fromEntries(weighed.map(({ name }) => [name, weigh()])));
  return { inputs: x, targets: y, ...(w && { sampleWeights: w }), ...saidOf(inputs, outputs, says) } as Data;
}

function saidOf([{ width }, ...more]: Kind["inputs"], [{ classes }]: Kind["outputs"], says: DataSpec["says"]) {
  if (says.endsWith("classes") && classes !== undefined)
    return { classes: Array.from({ length: classes }, (_, id) => `${says === "classes" ? "a" : "b"}${id}`) };
  if (!says.endsWith("scale") || more.length > 0) return {};
  const least = new Array<number>(width).fill(says === "scale" ? -1 : -2);
  return { scalers: { inputs: minMax([least, least.map(() => 1)]) } };
}

export interface StreamSpec {
  /** Rows of each item, in turn. */
  readonly sizes: readonly number[];
  /** Says how many rows there are. */
  readonly counted: boolean;
  readonly buffer: number;
  /** At item `item` of reading `reading` it throws, gives NaN, or ends. */
  readonly fault: { readonly reading: number; readonly item: number; readonly how: "throws" | "NaN" | "ends" } | undefined;
}

export const streamSpec = (faults = true): fc.Arbitrary<StreamSpec> =>
  fc.record({
    sizes: fc.array(fc.constantFrom(1, 2, 7, 30, 300), { minLength: 1, maxLength: 3 }),
    counted: fc.boolean(),
    buffer: fc.constantFrom(0, 2, 10, 1000),
    fault: faults
      ? fc.oneof(
          { weight: 3, arbitrary: fc.constant(undefined) },
          {
            weight: 1,
            arbitrary: fc.record({
              reading: fc.integer({ min: 0, max: 4 }),
              item: fc.integer({ min: 0, max: 3 }),
              how: fc.constantFrom("throws", "NaN", "ends"),
            }),
          },
        )
      : fc.constant(undefined),
  });

/** The rows from `begin` on to `end` of all that the data has. */
function part(kind: Kind, { inputs, targets, sampleWeights, ...said }: Data, begin: number, end: number): Data {
  type Values = Float32Array | Uint32Array;
  const cut = (given: unknown, ports: readonly Port[], width = (port: Port) => port.width) =>
    byName(ports, (port) => {
      const values = ports.length === 1 && ArrayBuffer.isView(given) ? (given as Values) : (given as Record<string, Values>)[port.name]!;
      return values.slice(begin * width(port), end * width(port));
    });
  const weighed = kind.outputs.filter(({ name }) => sampleWeights && (ArrayBuffer.isView(sampleWeights) || name in sampleWeights));
  const w =
    sampleWeights &&
    (ArrayBuffer.isView(sampleWeights)
      ? cut(sampleWeights, kind.outputs, () => 1)
      : Object.fromEntries(weighed.map(({ name }) => [name, (sampleWeights as Record<string, Float32Array>)[name]!.slice(begin, end)])));
  return {
    ...said,
    inputs: cut(inputs, kind.inputs),
    targets: cut(targets, kind.outputs),
    ...(w && { sampleWeights: w }),
  } as Data;
}

export function rowsOf(kind: Kind, data: Data): number {
  const values = kind.inputs.length === 1 ? data.inputs : (data.inputs as Record<string, Float32Array>)[kind.inputs[0]!.name]!;
  return (values as Float32Array).length / kind.inputs[0]!.width;
}

/** @param meanwhile is called at each item */
export function streamOf(kind: Kind, data: Data, { sizes, counted, buffer, fault }: StreamSpec, meanwhile = () => {}): DataStream {
  const rows = rowsOf(kind, data);
  let readings = 0;
  async function* open(): AsyncGenerator<StreamItem> {
    const reading = readings++;
    for (let begin = 0, item = 0; begin < rows; ++item) {
      const end = Math.min(rows, begin + sizes[item % sizes.length]!);
      const faulty = fault?.reading === reading && fault.item === item ? fault.how : undefined;
      meanwhile();
      if (faulty === "throws") throw new Error(`item ${item} of reading ${reading} is out of order`);
      if (faulty === "ends") return;
      const given = part(kind, data, begin, end);
      if (faulty === "NaN")
        for (const values of [given.inputs].flatMap((x) => (ArrayBuffer.isView(x) ? [x] : Object.values(x)))) values[0] = Number.NaN;
      yield given;
      begin = end;
    }
  }
  return dataset.stream(open, { shuffleBuffer: buffer, ...(counted && { rows }) });
}
