// A network's parameters by their names: copied out, set all or none, hashed; and their norms.
import { memoryOf } from "./bytes.js";
import { isNetwork, MOST_DIMENSIONS, shown } from "./checks.js";
import { type Rows, toRows } from "./data/rows.js";
import { ShapeError } from "./errors.js";
import { showText } from "./inspect/inspect.js";
import { tensorText } from "./inspect/tensorText.js";
import { cut } from "./inspect/wrap.js";
import type { Model } from "./model.js";
import { columns, product, size } from "./plan/tensor.js";
import { hexadecimal, Sha256 } from "./sha256.js";
import { oneOf } from "./spelling.js";
import { toUtf8 } from "./utf8.js";

export interface NamedTensor {
  readonly name: string;
  /** Of what has a value for each row of a batch, `[batch, ...]`. */
  readonly shape: readonly number[];
  /** A copy, row after row: the last axis is the fastest. */
  readonly values: Float32Array<ArrayBuffer>;
}

/** Shown as its shape, range and first numbers. */
export function namedTensor(name: string, shape: readonly number[], values: Float32Array<ArrayBuffer>): NamedTensor {
  const tensor: NamedTensor = { name, shape, values };
  return showText(tensor, () => tensorText(cut(name, 40), tensor));
}

/** Values of a parameter, in its shape. */
export interface GivenParameter {
  readonly name: string;
  readonly values: Rows;
  readonly shape?: readonly number[] | undefined;
}

/** In the order they were made. */
export function parametersOf(model: Model): NamedTensor[] {
  return model.parameters.map(({ tensor, address }) => namedTensor(tensor.name, [...tensor.shape], model.readTensor(tensor, address, 0)));
}

/** @throws {ShapeError} what does not fit, before any is set */
export function setParameters(model: Model, given: readonly GivenParameter[]): void {
  if (!Array.isArray(given))
    throw new ShapeError(
      `setParameters: got ${isNetwork(given) ? "a network" : shown(given)}, expected an array of { name, shape, values }, as its parameters()`,
    );
  const seen = new Set<string>();
  const writes = Array.from(given, (entry) => {
    const { name, values, shape } = entry ?? {};
    const parameter = model.parameters.find(({ tensor }) => tensor.name === name);
    if (!parameter) {
      const names = model.parameters.map(({ tensor }) => tensor.name);
      throw new ShapeError(`setParameters: unknown name ${shown(name)}, expected ${oneOf(names, name)}`);
    }
    if (seen.has(name)) throw new ShapeError(`setParameters: ${name} is given twice`);
    seen.add(name);
    const wanted = parameter.tensor.shape;
    if (shape !== undefined && !(Array.isArray(shape) && shape.length === wanted.length && wanted.every((size, i) => shape[i] === size)))
      throw new ShapeError(
        `setParameters: ${name} has shape ${Array.isArray(shape) && shape.length <= MOST_DIMENSIONS ? `[${shape.join(", ")}]` : shown(shape)}, expected [${wanted.join(", ")}]`,
      );
    const matrix = toRows(`setParameters: ${name}`, values, columns(parameter.tensor), `shape [${wanted.join(", ")}]`);
    const count = product(wanted);
    if (matrix.values.length !== count)
      throw new ShapeError(`setParameters: ${name} has ${matrix.values.length} values, expected ${count}, shape [${wanted.join(", ")}]`);
    return { parameter, values: matrix.values as Float32Array };
  });
  for (const { parameter, values } of writes) model.writeTensor(parameter.tensor, parameter.address, values);
}

/** SHA-256 over every parameter's name, shape and bytes, as hexadecimal digits. */
export function hashOf(parameters: readonly NamedTensor[]): string {
  const hash = new Sha256();
  for (const { name, shape, values } of parameters) {
    hash.update(toUtf8(`${name}\0${shape.join(",")}\0`));
    hash.update(memoryOf(values));
  }
  return hexadecimal(hash.digest());
}

/** Before the first step state may begin as a copy of the parameters. @param position of the network */
export function weightsWereSet(model: Model, { step }: { readonly step: number }): void {
  if (step === 0) model.initializeState();
}

/** Euclidean norms of all parameters as they are, in their order. `fit` begins with it, be it for a single step: nothing is copied, padding
 *  is zeros. */
export function parameterNorms(model: Model): number[] {
  const { f32 } = model.region.views();
  return model.parameters.map(({ tensor, address }) => norm(f32.subarray(address >> 2, (address >> 2) + size(tensor, 0))));
}

/** In float64, where no square of a float32 overflows. Four sums, for each waits for its last addition. */
export function norm(values: Float32Array): number {
  const { length } = values;
  const whole = length & ~3;
  let [sum0, sum1, sum2, sum3] = [0, 0, 0, 0];
  for (let i = 0; i < whole; i += 4) {
    sum0 += values[i]! * values[i]!;
    sum1 += values[i + 1]! * values[i + 1]!;
    sum2 += values[i + 2]! * values[i + 2]!;
    sum3 += values[i + 3]! * values[i + 3]!;
  }
  for (let i = whole; i < length; ++i) sum0 += values[i]! * values[i]!;
  return Math.sqrt(sum0 + sum1 + (sum2 + sum3));
}
