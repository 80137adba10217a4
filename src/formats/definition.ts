// The form of a file's definition, checked before anything is made of it, so that what is missing has a name. What the fields say (a kind
// of layer, an option's range, which node takes which) is left to the factories, which check it for everybody.
import { isRecord, shown } from "../checks.js";
import type { StoredDefinition } from "../definition.js";
import { FormatError } from "../errors.js";

type Check = (who: string, value: unknown) => void;

const plain =
  (good: (value: unknown) => boolean, wanted: string): Check =>
  (who, value) => {
    if (!good(value)) throw new FormatError(`saved network: ${who} is ${shown(value)}, expected ${wanted}`);
  };

const list =
  (each: Check): Check =>
  (who, value) => {
    plain(Array.isArray, "an array")(who, value);
    (value as readonly unknown[]).forEach((item, i) => {
      each(`${who}[${i}]`, item);
    });
  };

const object =
  (fields: Readonly<Record<string, Check>>): Check =>
  (who, value) => {
    plain(isRecord, `{ ${Object.keys(fields).join(", ")} }`)(who, value);
    for (const [name, check] of Object.entries(fields)) check(`${who}.${name}`, (value as Readonly<Record<string, unknown>>)[name]);
  };

const text = plain((value) => typeof value === "string", "a text");
const number = plain((value) => typeof value === "number", "a number");
const options = plain(isRecord, "an object");
const part = object({ type: text, options });

const fields: Readonly<Record<keyof StoredDefinition, Check>> = {
  inputs: list(object({ name: text, shape: list(number) })),
  layers: list(object({ name: text, kind: text, options })),
  nodes: list(object({ layer: number, from: list(number) })),
  outputs: list(number),
  objectives: list(object({ loss: part, metrics: list((who, metric) => (typeof metric === "string" ? undefined : part(who, metric))) })),
  optimizer: part,
  seed: number,
  // Versions that knew no arithmetic wrote none.
  arithmetic: plain((value) => value === undefined || typeof value === "string", "a text"),
};

/** @throws {FormatError} naming the field, what it is and what was expected */
export function checkDefinition(definition: unknown): asserts definition is StoredDefinition {
  object(fields)("definition", definition);
}
