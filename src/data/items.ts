// What data comes in one after another, be it collected or a stream: samples, and batches of them, with or without targets.
import { isRecord, shown } from "../checks.js";
import { ShapeError } from "../errors.js";
import type { Label } from "./classes.js";
import { checkFields, type Data, type SampleWeights } from "./data.js";
import type { Rows } from "./rows.js";

/** Many samples at once. */
export interface Batch {
  readonly inputs: Rows;
  /** one label a row, or what `Data` has */
  readonly targets: Data["targets"] | readonly Label[];
  /** as in `Data` */
  readonly sampleWeights?: SampleWeights | undefined;
}

export interface Sample {
  readonly input: number | Rows;
  readonly target: Label | Rows;
  /** what it counts in the loss, >= 0 */
  readonly sampleWeight?: number | undefined;
}

const sampleFields: readonly string[] = ["input", "target", "sampleWeight"];

const isObject = (item: unknown): item is object => item !== null && typeof item === "object";

/** A sample as a batch of one row; all else as it is, for the checks of batches. A dataset is a batch: its `input` is a shape. */
export function toBatch(item: unknown): unknown {
  if (!isObject(item) || "inputs" in item || !("input" in item)) return item;
  const { input, target, sampleWeight } = item as { readonly input: unknown; readonly target?: unknown; readonly sampleWeight?: unknown };
  return {
    inputs: oneRow(input, (each) => [typeof each === "number" ? [each] : each]),
    ...("target" in item && { targets: oneRow(target, (each) => [each]) }),
    ...(sampleWeight !== undefined && { sampleWeights: oneRow(sampleWeight, (each) => [each]) }),
  };
}

/** With several inputs or outputs, of each. */
function oneRow(given: unknown, row: (value: unknown) => unknown): unknown {
  return isRecord(given) ? Object.fromEntries(Object.entries(given).map(([name, each]) => [name, row(each)])) : row(given);
}

/** @param who names the item in messages @param item whose fields are looked at if it is a sample
 *  @throws {ShapeError} a sample's field that is none, or what has no inputs or no targets */
export function labelledBatch(who: string, item: unknown): Record<"inputs" | "targets", unknown> {
  const batch = toBatch(item);
  if (batch !== item) checkFields(who, item as object, sampleFields);
  if (isObject(batch) && "inputs" in batch && "targets" in batch) return batch;
  throw new ShapeError(`${who}: got ${shown(item)}, expected { input, target } or { inputs, targets }`);
}

/** Of what an item has and another lacks. */
export const notAlike = (who: string, what: string) =>
  new ShapeError(`${who}: ${what}, expected in all items alike, as in item 0, or in none`);
