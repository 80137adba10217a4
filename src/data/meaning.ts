// What the numbers of data mean, and so those of the network that is trained on it: their scale, and what class ids stand for. Arrays do not
// say it, a dataset does, also that it is not scaled, and a network as soon as it has scalers or names of classes; where two say it, they agree.
import { checkOptions } from "../checks.js";
import { ShapeError } from "../errors.js";
import { checkSameClasses } from "./classes.js";
import { isDescribed } from "./collect.js";
import type { Parts } from "./dataset.js";
import { notAlike } from "./items.js";
import type { Scaler, Scalers } from "./scalers.js";

export interface Meaning {
  /** {}: it is not scaled; undefined: nothing is said of it */
  scalers: Scalers | undefined;
  /** the class ids' names; undefined: nothing is said of them */
  classes: readonly string[] | undefined;
}

/** What data in memory says, or an item of a stream: of its scale a dataset all there is to say, arrays nothing.
 *  @throws {OptionError} scalers that are no object of them */
export function meaningOf(who: string, data: object): Meaning {
  const { scalers = isDescribed(data) ? {} : undefined, classes } = data as Partial<Parts>;
  if (scalers !== undefined) checkOptions(`${who}: scalers`, scalers, ["inputs", "targets"]);
  return { scalers, classes };
}

export function isScaled(scalers: Scalers | undefined): scalers is Scalers {
  return scalers !== undefined && Object.values(scalers).some((scaler) => scaler !== undefined);
}

/** What a reader makes of what a stream's first item says, with which all its items agree. @param who names the item */
export type OnMeaning = (who: string, said: Meaning) => void;

/** Of data: targets, which class ids are, too, or inputs alone. */
type Part = keyof Scalers;
const allParts: readonly Part[] = ["inputs", "targets"];
/** What is predicted from. */
export const inputsAlone: readonly Part[] = ["inputs"];

/** @param own of the network @param parts which are looked at @throws {ShapeError} other classes, or another scale */
export function checkMeaning(who: string, said: Meaning, own: Meaning, parts = allParts): void {
  if (parts.includes("targets")) checkSameClasses(who, said.classes, own.classes);
  if (!said.scalers || !isScaled(own.scalers)) return;
  const advice = isScaled(said.scalers)
    ? "take data that is not scaled yet, and scale it: data.scale(net.scalers)"
    : "scale it: data.scale(net.scalers); or, if you did so by hand, say so: { ...data, scalers: net.scalers }";
  checkOneScale(who, said.scalers, own.scalers, "the network's data", advice, parts);
}

/** Validation, and so what stops early by it, has a meaning in the scale of training only. @throws {ShapeError} datasets of two scales */
export function checkSameScale(who: string, said: Meaning, training: Meaning): void {
  if (said.scalers && training.scalers)
    checkOneScale(who, said.scalers, training.scalers, "the training data", "fit scalers on the training data, and scale both with them");
}

/** @param first what the stream's first item says @param parts which are looked at @throws {ShapeError} */
export function checkAlike(who: string, said: Meaning, first: Meaning, parts = allParts): void {
  if (parts.includes("targets")) {
    if ((said.classes === undefined) !== (first.classes === undefined)) throw notAlike(who, "names of classes");
    checkSameClasses(who, said.classes, first.classes, { whose: "item 0's", advice: "dataset(…, { classes }) gives labels the same ids" });
  }
  checkOneScale(who, said.scalers ?? {}, first.scalers ?? {}, "item 0", "fit scalers once, and scale all items with them", parts);
}

function checkOneScale(who: string, ours: Scalers, theirs: Scalers, whose: string, advice: string, parts = allParts): void {
  const part = parts.find((name) => ours[name] !== theirs[name] && text(ours[name]) !== text(theirs[name]));
  if (!part) return;
  throw new ShapeError(
    `${who}: the data is ${named(ours)}, but ${whose} is ${named(theirs)}${difference(part, ours[part], theirs[part])}, expected one scale; ${advice}`,
  );
}

const text = (scaler: Scaler | undefined) => JSON.stringify(scaler);

function named(scalers: Scalers): string {
  const parts = allParts.filter((what) => scalers[what]).map((what) => `${what} by ${scalers[what]!.type}`);
  return parts.length === 0 ? "not scaled" : `scaled (${parts.join(", ")})`;
}

/** Of scalers of one type. */
function difference(what: string, ours: Scaler | undefined, theirs: Scaler | undefined): string {
  if (!ours || !theirs || ours.type !== theirs.type) return "";
  for (const [name, numbers] of Object.entries(ours.options)) {
    const others = theirs.options[name] ?? [];
    const column = numbers.findIndex((number, c) => number !== others[c]);
    if (column >= 0) return `: of ${what} the ${name} of column ${column} is ${numbers[column]}, not ${others[column]}`;
  }
  return "";
}
