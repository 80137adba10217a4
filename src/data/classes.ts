// Class labels as users have them, and class ids as losses want them.
import { checkCount, isArrayOf, isList, shown } from "../checks.js";
import { OptionError, ShapeError } from "../errors.js";
import { type Loss, takesIds } from "../losses/loss.js";
import { oneHot as oneHotRows } from "./weighting.js";

export type Label = string | number | boolean;

/** What targets mean. `true`: labels, whose distinct values are the classes, numbers in rising order, others by code units; a number: ids
 *  from 0 up to it; names: labels that are all of these or, if none of these looks like an id, all ids of them; `false`: values. */
export type Classes = boolean | number | readonly string[];

/** Beyond the largest vocabularies in use: a column of other numbers was meant by mistake. */
export const MOST_CLASSES = 2 ** 20;

const isId = (text: string) => /^(0|[1-9]\d{0,9})$/.test(text);

/** @returns ids `[rows]`, each the position of its label in `names`
 *  @throws {ShapeError} a label that is none; {OptionError} names that are none */
export function toClasses(
  who: string,
  labels: ArrayLike<Label>,
  classes: Exclude<Classes, false>,
): { readonly ids: Uint32Array; readonly names: readonly string[] } {
  const texts = Array.from(labels, (label, i) => {
    const good = typeof label === "string" ? label !== "" : typeof label === "boolean" || Number.isInteger(label);
    if (!good) throw new ShapeError(`${who}: row ${i} has label ${shown(label)}, expected a name or a whole number`);
    return String(label);
  });
  const { names, wanted, of } = idsOf(who, classes === true ? distinct(who, texts) : classes);
  const ids = Uint32Array.from(texts, (text, i) => {
    const id = of(text);
    if (id === undefined) throw new ShapeError(`${who}: row ${i} has label ${shown(labels[i])}, expected ${wanted}`);
    return id;
  });
  return { ids, names };
}

/** Reads labels, all at once or as they come. Where a name looks like an id, all are names; else the first tells whether all are names or ids.
 *  @returns a label's id; undefined: it is none, which `wanted` says */
export function idsOf(
  who: string,
  classes: number | readonly string[],
): { readonly names: readonly string[]; readonly wanted: string; of(label: string): number | undefined } {
  const names = named(who, classes);
  const positions = new Map(names.map((name, id) => [name, id]));
  const onlyNames = names.some(isId);
  const anId = `an id from 0 to ${names.length - 1}`;
  let areIds: boolean | undefined;
  return {
    names,
    wanted: typeof classes === "number" ? anId : `one of: ${listed(names)}${onlyNames ? "" : `; or, as all others, ${anId}`}`,
    of: (label) => {
      areIds ??= !onlyNames && isId(label);
      if (!areIds) return positions.get(label);
      return isId(label) && Number(label) < names.length ? Number(label) : undefined;
    },
  };
}

/** The first of many, for messages. */
function listed(names: readonly string[]): string {
  return `${names.slice(0, 10).join(", ")}${names.length > 10 ? ", …" : ""}`;
}

function distinct(who: string, texts: readonly string[]): string[] {
  const names = [...new Set(texts)];
  if (names.length > MOST_CLASSES)
    throw new ShapeError(`${who}: ${names.length} different labels, expected at most ${MOST_CLASSES} classes`);
  // The default order is by code units, the same everywhere.
  names.sort();
  return names.every((name) => /^-?\d+$/.test(name)) ? names.sort((a, b) => Number(a) - Number(b)) : names;
}

function named(who: string, classes: number | readonly string[]): readonly string[] {
  if (typeof classes === "number") {
    checkCount(`${who}: classes`, classes, 1, MOST_CLASSES);
    return Array.from({ length: classes }, (_, id) => String(id));
  }
  return namesOf(`${who}: classes`, classes, "true, false, a number, or ");
}

/** A copy of names that are all there, and each once. @param others what else is taken @throws {OptionError} */
export function namesOf(who: string, names: unknown, others = ""): readonly string[] {
  if (!isArrayOf<string>(names, (name) => typeof name === "string" && name !== "") || names.length === 0)
    throw new OptionError(`${who} is ${shown(names)}, expected ${others}an array of names`);
  if (new Set(names).size !== names.length) throw new OptionError(`${who} has a name twice`);
  return [...names];
}

/** The network's own, against which most are held. */
const networks = { whose: "the network's", advice: "dataset(…, { classes: net.classes }) gives its labels the network's ids" };

/** Ids say by their classes' order alone what they mean. What has no names says nothing.
 *  @param given of data @throws {ShapeError} naming both, and where they differ first */
export function checkSameClasses(who: string, given: unknown, own: readonly string[] | undefined, { whose, advice } = networks): void {
  if (given === undefined || own === undefined) return;
  const names = namesOf(`${who}: classes`, given);
  const differs = (_: unknown, id: number) => names[id] !== own[id];
  const id = (names.length > own.length ? names : own).findIndex(differs);
  if (id < 0) return;
  throw new ShapeError(
    `${who}: its classes are ${listed(names)}, expected ${whose}, ${listed(own)}: class ${id} is ${shown(names[id])}, not ${shown(own[id])}; ${advice}`,
  );
}

/** Ids of more classes than an output tells apart are numbers to its loss, whose order and distances mean nothing.
 *  @param shape one sample's prediction @throws {ShapeError} */
export function checkToldApart(who: string, names: readonly string[], shape: readonly number[], loss: Loss): void {
  const columns = shape.at(-1) ?? 1;
  const takesClasses = takesIds(loss);
  const most = takesClasses ? columns : 2;
  if (names.length <= most) return;
  throw new ShapeError(
    takesClasses
      ? `${who}: there are ${names.length} classes, ${listed(names)}, but the last layer has ${columns} columns, expected one a class`
      : `${who}: there are ${names.length} classes, ${listed(names)}, but ${loss.type} takes values, or two classes as 0 and 1; sparseCategoricalCrossEntropy and a column for each class learn more; if they are numbers as text, make them numbers first`,
  );
}

/** @returns the largest id @throws {ShapeError} what is none, with the advice */
export function checkIds(who: string, ids: ArrayLike<number>, classes = MOST_CLASSES, advice = ""): number {
  checkCount(`${who}: classes`, classes, 1, MOST_CLASSES);
  if (!isList(ids) || ids.length === 0) throw new ShapeError(`${who}: got ${shown(ids)}, expected an array of class ids`);
  let largest = 0;
  for (let i = 0; i < ids.length; ++i) {
    const id = ids[i]!;
    if (!Number.isInteger(id) || id < 0 || id >= classes)
      throw new ShapeError(`${who}: row ${i} has class id ${shown(id)}, expected a whole number from 0 to ${classes - 1}${advice}`);
    largest = Math.max(largest, id);
  }
  return largest;
}

/** Class ids as rows of zeros and a one, as categoricalCrossEntropy takes them.
 *  @param ids `[rows]` @param classes at least 1 @returns `[rows, classes]`, flat: 1 at each row's class, 0 elsewhere @throws {ShapeError} an id that is no class */
export function oneHot(ids: ArrayLike<number>, classes: number): Float32Array<ArrayBuffer> {
  checkCount("oneHot: classes", classes, 1, MOST_CLASSES);
  checkIds("oneHot", ids, classes);
  return oneHotRows(ids, classes);
}

/** Rows of each class. */
export function countClasses(ids: ArrayLike<number>, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (let r = 0; r < ids.length; ++r) counts[ids[r]!]! += 1;
  return counts;
}

/** Weights with which every class counts alike in a loss: rows / (classes · rows of the class), scikit-learn's "balanced".
 *  @param ids `[rows]` @param classes default: the largest id + 1 @throws {ShapeError} an id that is no class, or a class without rows */
export function classWeights(ids: ArrayLike<number>, classes?: number): number[] {
  const largest = checkIds("classWeights", ids, classes);
  const count = classes ?? largest + 1;
  return countClasses(ids, count).map((rows, id) => {
    if (rows === 0) throw new ShapeError(`classWeights: class ${id} has no rows, so no weight makes it count like the others`);
    return ids.length / (count * rows);
  });
}
