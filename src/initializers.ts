// How parameters get their first values. An initializer is plain data and one function; a value depends on the parameter's shape and on
// its element's own random number only, never on padding, order or platform. Streams and counters: random.ts.
import { Variate } from "../assembly/opcodes.js";
import { checkNumber, checkOptions, isRecord, shown } from "./checks.js";
import { OptionError } from "./errors.js";
import { variate } from "./float64.js";
import { product } from "./plan/tensor.js";

export interface Initializer {
  /** The factory's name; with the other fields but functions, all that is saved of it. */
  readonly type: string;
  /** The values of one parameter in row-major order.
   * @param shape of the parameter; what is multiplied by it has the axes before the last, a convolution's kernel is `[...window, in, out]`
   * @param random a uniform number in [0, 1) for each element of the parameter; the same for the same element
   * @throws {OptionError} if it cannot fill such a shape */
  readonly fill: (shape: readonly number[], random: (element: number) => number) => Float32Array;
  /** Says that `fill` makes `mean + scale·variate(kind, random(i))` of each element: a backend then does so itself, which is faster. */
  readonly distribution?: (shape: readonly number[]) => Distribution;
}

export interface Distribution {
  readonly kind: Variate;
  readonly mean: number;
  readonly scale: number;
}

/** All zeros. */
export function zeros(): Initializer {
  return { type: "zeros", fill: (shape) => new Float32Array(product(shape)) };
}

/** `value` everywhere. */
export function constant(value: number): Initializer & { readonly value: number } {
  checkNumber("constant: value", value);
  return { type: "constant", value, fill: (shape) => new Float32Array(product(shape)).fill(value) };
}

export interface UniformOptions {
  /** default -0.05 */
  readonly min?: number | undefined;
  /** at least min, default 0.05 */
  readonly max?: number | undefined;
}

/** Uniform between `min` and `max`. */
export function uniform(options: UniformOptions = {}): Initializer & Required<UniformOptions> {
  checkOptions("uniform", options, ["min", "max"]);
  const { min = -0.05, max = 0.05 } = options;
  checkNumber("uniform: min", min);
  checkNumber("uniform: max", max);
  if (min > max) throw new OptionError(`uniform: min is ${min}, expected at most max, which is ${max}`);
  return { type: "uniform", min, max, ...distributed(() => ({ kind: Variate.Uniform, mean: min, scale: max - min })) };
}

export interface NormalOptions {
  /** default 0 */
  readonly mean?: number | undefined;
  /** at least 0, default 0.05 */
  readonly std?: number | undefined;
}

/** Normal with mean `mean` and standard deviation `std`, not truncated. */
export function normal(options: NormalOptions = {}): Initializer & Required<NormalOptions> {
  checkOptions("normal", options, ["mean", "std"]);
  const { mean = 0, std = 0.05 } = options;
  checkNumber("normal: mean", mean);
  checkNumber("normal: std", std, { least: 0 });
  return { type: "normal", mean, std, ...distributed(() => ({ kind: Variate.Normal, mean, scale: std })) };
}

/** Uniform with variance 2 / (fanIn + fanOut): within ±sqrt(6 / (fanIn + fanOut)). Glorot and Bengio, AISTATS 2010, eq. 16. */
export function glorotUniform(): Initializer {
  return scaled("glorotUniform", glorotVariance, Variate.UnitUniform);
}

/** Truncated normal with variance 2 / (fanIn + fanOut). Glorot and Bengio, AISTATS 2010, eq. 12. */
export function glorotNormal(): Initializer {
  return scaled("glorotNormal", glorotVariance, Variate.Truncated);
}

/** Uniform with variance 2 / fanIn, for relu: within ±sqrt(6 / fanIn). He, Zhang, Ren and Sun, ICCV 2015, eq. 10. */
export function heUniform(): Initializer {
  return scaled("heUniform", heVariance, Variate.UnitUniform);
}

/** Truncated normal with variance 2 / fanIn, for relu. He, Zhang, Ren and Sun, ICCV 2015, eq. 10. */
export function heNormal(): Initializer {
  return scaled("heNormal", heVariance, Variate.Truncated);
}

/** Uniform with variance 1 / fanIn: within ±sqrt(3 / fanIn). LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998, eq. 16. */
export function lecunUniform(): Initializer {
  return scaled("lecunUniform", lecunVariance, Variate.UnitUniform);
}

/** Truncated normal with variance 1 / fanIn. LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998, eq. 16. */
export function lecunNormal(): Initializer {
  return scaled("lecunNormal", lecunVariance, Variate.Truncated);
}

/** A random matrix `[all axes but the last, last]` whose shorter side's vectors are orthogonal with length `gain`, each such matrix as
 *  likely as any other. Saxe, McClelland and Ganguli, ICLR 2014. Needs two axes or more. @param options gain: default 1 */
export function orthogonal(options: { readonly gain?: number | undefined } = {}): Initializer & { readonly gain: number } {
  checkOptions("orthogonal", options, ["gain"]);
  const { gain = 1 } = options;
  checkNumber("orthogonal: gain", gain);
  return { type: "orthogonal", gain, fill: (shape, random) => fillOrthogonal(shape, random, gain) };
}

type Variance = (fanIn: number, fanOut: number) => number;
const glorotVariance: Variance = (fanIn, fanOut) => 2 / (fanIn + fanOut);
const heVariance: Variance = (fanIn) => 2 / fanIn;
const lecunVariance: Variance = (fanIn) => 1 / fanIn;

function scaled(type: string, variance: Variance, kind: Variate): Initializer {
  return { type, ...distributed((shape) => ({ kind, mean: 0, scale: Math.sqrt(variance(...fans(shape))) })) };
}

function distributed(distribution: NonNullable<Initializer["distribution"]>): Pick<Initializer, "fill" | "distribution"> {
  const fill: Initializer["fill"] = (shape, random) => {
    const { kind, mean, scale } = distribution(shape);
    return new Float32Array(product(shape)).map((_, i) => mean + scale * variate(kind, random(i)));
  };
  return { fill, distribution };
}

/** How many products meet in one output, and how many outputs one input reaches. A vector counts as a diagonal matrix's would in Keras:
 *  its length for both. */
function fans(shape: readonly number[]): [fanIn: number, fanOut: number] {
  if (shape.length < 2) return [product(shape), product(shape)];
  return [product(shape.slice(0, -1)), product(shape.slice(0, -2)) * shape.at(-1)!];
}

/** Gram-Schmidt on normal vectors, each made orthogonal twice, which is enough for float64's precision (Giraud, Langou and Rozložník,
 *  2005). The triangular factor's diagonal is then positive, which makes the result uniform (Mezzadri 2007). */
function fillOrthogonal(shape: readonly number[], random: (element: number) => number, gain: number): Float32Array {
  if (shape.length < 2) throw new OptionError(`orthogonal: the parameter's shape is [${shape}], expected two axes or more`);
  const columns = shape.at(-1)!;
  const rows = product(shape) / columns;
  const out = new Float32Array(rows * columns);
  // Element j of vector i is `at(i, j)` in the matrix: vectors are its columns, or its rows where those are fewer.
  const wide = columns > rows;
  const at = (i: number, j: number) => (wide ? i * columns + j : j * columns + i);
  const length = Math.max(rows, columns);
  const basis: Float64Array[] = [];
  for (let i = 0; i < Math.min(rows, columns); ++i) {
    const vector = new Float64Array(length).map((_, j) => variate(Variate.Normal, random(at(i, j))));
    for (let pass = 0; pass < 2; ++pass) {
      for (const other of basis) addScaled(vector, -dot(vector, other), other);
    }
    const norm = Math.sqrt(dot(vector, vector));
    for (let j = 0; j < length; ++j) {
      vector[j]! /= norm;
      out[at(i, j)] = gain * vector[j]!;
    }
    basis.push(vector);
  }
  return out;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < a.length; ++j) sum += a[j]! * b[j]!;
  return sum;
}

function addScaled(y: Float64Array, factor: number, x: Float64Array): void {
  for (let j = 0; j < y.length; ++j) y[j]! += factor * x[j]!;
}

const factories: Readonly<Record<string, (options: never) => Initializer>> = {
  zeros,
  constant: ({ value }: { value: number }) => constant(value),
  uniform,
  normal,
  glorotUniform,
  glorotNormal,
  heUniform,
  heNormal,
  lecunUniform,
  lecunNormal,
  orthogonal,
};

/** What a backend is to draw for an initializer that says so. @throws {OptionError} unless it is a distribution of finite numbers */
export function distributionOf(who: string, { type, distribution }: Initializer, shape: readonly number[]): Distribution | undefined {
  if (distribution === undefined) return undefined;
  const given = typeof distribution === "function" ? distribution(shape) : undefined;
  if (typeof given?.kind === "number" && Variate[given.kind] !== undefined && Number.isFinite(given.mean) && Number.isFinite(given.scale))
    return given;
  throw new OptionError(
    `${who}: the initializer ${shown(type)} has the distribution ${shown(given ?? distribution)}, expected a function that gives { kind: 0 to 3, mean, scale }, finite numbers`,
  );
}

/** What an initializer makes of a parameter: a user's own may give anything. @throws {OptionError} unless it fills the shape with finite numbers */
export function filled(
  who: string,
  { type, fill }: Initializer,
  shape: readonly number[],
  random: (element: number) => number,
): Float32Array {
  const values: unknown = fill(shape, random);
  const count = product(shape);
  if (!(values instanceof Float32Array) || values.length !== count)
    throw new OptionError(
      `${who}: the initializer ${shown(type)} gave ${shown(values)}, expected Float32Array(${count}), shape [${shape}]`,
    );
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new OptionError(`${who}: the initializer ${shown(type)} gave ${values[bad]} for element ${bad}, expected a finite number`);
  return values;
}

/** An initializer as users give it, or as plain data out of a file. @throws {OptionError} if it is neither */
export function toInitializer(who: string, given: Initializer): Initializer {
  return isInitializer(given) ? given : restoreInitializer(who, given);
}

/** The same for a layer of the library's own, whose file must make it again: the layer's factory knows no initializer of a user's.
 *  @throws {OptionError} also for one of a user's own */
export function toSavable(who: string, given: Initializer): Initializer {
  if (!isInitializer(given)) return restoreInitializer(who, given);
  if (!Object.hasOwn(factories, given.type))
    throw new OptionError(
      `${who} is the initializer ${shown(given.type)}, expected one of: ${Object.keys(factories).join(", ")}, from which a saved network is made again; one of your own belongs in a layer of your own, or set values by setParameters`,
    );
  restoreInitializer(who, Object.fromEntries(Object.entries(given).filter(([, value]) => typeof value !== "function")));
  return given;
}

/** Arrays have a fill, too. */
function isInitializer(given: Initializer): boolean {
  return typeof given?.fill === "function" && typeof given.type === "string";
}

function restoreInitializer(who: string, given: unknown): Initializer {
  const { type, ...options } = (isRecord(given) ? given : {}) as { readonly type?: unknown };
  const factory = typeof type === "string" && Object.hasOwn(factories, type) ? factories[type] : undefined;
  if (!factory) throw new OptionError(`${who} is ${shown(given)}, expected an initializer, as heNormal()`);
  return factory(options as never);
}
