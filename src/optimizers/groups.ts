// Parameter groups: settings of an optimizer that hold for some parameters only, chosen by patterns, which can be saved, not functions.
import { checkBoolean, checkCount, checkNumber, checkOptions, isArrayOf, shown } from "../checks.js";
import { OptionError } from "../errors.js";
import type { Tensor } from "../plan/tensor.js";

/** Which parameters, and what holds for them. A parameter that several groups take has the settings of them all, later ones first. */
export interface ParameterGroup {
  /** A parameter (`dense_1.weight`), all of a layer (`dense_1`), or those of a name in any layer (`bias`); `*` stands for any characters.
   *  Several: any of them. Default: those of `rank`, and one of the two must be given: `match: "*"` takes every parameter. */
  readonly match?: string | readonly string[] | undefined;
  /** Only parameters with so many axes: 1 for biases and the scales of norms, 2 for matrices. */
  readonly rank?: number | undefined;
  /** times the optimizer's learning rate, >= 0 */
  readonly learningRateFactor?: number | undefined;
  /** in place of the optimizer's, >= 0 */
  readonly weightDecay?: number | undefined;
  /** They stay as they are; training computes no gradient for them. `false` in a later group frees some again. */
  readonly frozen?: boolean | undefined;
}

/** A group: no weight decay for biases and the scales of norms, as most recipes have it. */
export const vectorsWithoutDecay: ParameterGroup = { rank: 1, weightDecay: 0 };

/** What holds for one parameter. */
export interface Setting {
  readonly learningRateFactor: number;
  readonly weightDecay: number;
  readonly frozen: boolean;
}

/** Parameters [first, end) with one setting. */
export interface ParameterRun {
  readonly first: number;
  readonly end: number;
  readonly setting: Setting;
}

const choices = ["match", "rank"] as const;
const settings = ["learningRateFactor", "weightDecay", "frozen"] as const;

export function checkGroups(who: string, groups: unknown): void {
  if (!Array.isArray(groups)) throw new OptionError(`${who} is ${shown(groups)}, expected an array of groups`);
  for (const [i, group] of groups.entries() as ArrayIterator<[number, ParameterGroup]>) {
    const one = `${who}[${i}]`;
    checkOptions(one, group, [...choices, ...settings]);
    const { match, rank, learningRateFactor, weightDecay, frozen } = group;
    const patterns = Array.isArray(match) ? match : [match];
    if (match !== undefined && (patterns.length === 0 || !isArrayOf(patterns, (pattern) => typeof pattern === "string" && pattern !== "")))
      throw new OptionError(`${one}: match is ${shown(match)}, expected a pattern of names, or an array of patterns`);
    if (rank !== undefined) checkCount(`${one}: rank`, rank, 0);
    if (learningRateFactor !== undefined) checkNumber(`${one}: learningRateFactor`, learningRateFactor, { least: 0 });
    if (weightDecay !== undefined) checkNumber(`${one}: weightDecay`, weightDecay, { least: 0 });
    if (frozen !== undefined) checkBoolean(`${one}: frozen`, frozen);
    for (const names of [choices, settings])
      if (names.every((name) => group[name] === undefined)) {
        const advice = names === choices ? `; match: "*" takes every parameter` : "";
        throw new OptionError(`${one} has none of ${names.join(", ")}, expected at least one${advice}`);
      }
  }
}

export function copyOf(groups: readonly ParameterGroup[]): readonly ParameterGroup[] {
  return groups.map((group) => ({ ...group, ...(Array.isArray(group.match) && { match: [...group.match] }) }));
}

function patternsOf({ match = "*" }: ParameterGroup): readonly string[] {
  return typeof match === "string" ? [match] : match;
}

/** Does the pattern match all of the text? `*` stands for any characters. */
function isMatch(pattern: string, text: string): boolean {
  const [first, ...pieces] = pattern.split("*") as [string, ...string[]];
  const last = pieces.pop();
  if (last === undefined) return pattern === text;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const piece of pieces) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return text.length >= at + last.length && text.endsWith(last);
}

/** Names are dotted paths: a pattern matches a whole one, its beginning (a layer) or its end (a parameter's own name). */
function takes(group: ParameterGroup, { name, shape }: Tensor): boolean {
  if (group.rank !== undefined && shape.length !== group.rank) return false;
  const parts = name.split(".");
  const paths = parts.flatMap((_, i) => [parts.slice(0, i + 1).join("."), parts.slice(i).join(".")]);
  return patternsOf(group).some((pattern) => paths.some((path) => isMatch(pattern, path)));
}

function apply(setting: Setting, group: ParameterGroup): Setting {
  const { learningRateFactor = setting.learningRateFactor, weightDecay = setting.weightDecay, frozen = setting.frozen } = group;
  return { learningRateFactor, weightDecay, frozen };
}

function settingOf(groups: readonly ParameterGroup[], start: Setting, parameter: Tensor): Setting {
  return groups.reduce((setting, group) => (takes(group, parameter) ? apply(setting, group) : setting), start);
}

/** @param optimizer of whose groups some may freeze it */
export function isFrozen({ groups = [] }: { readonly groups?: readonly ParameterGroup[] }, parameter: Tensor): boolean {
  return settingOf(groups, { learningRateFactor: 1, weightDecay: 0, frozen: false }, parameter).frozen;
}

/** Each has factors of its own in every step's record. */
const MOST_SETTINGS = 256;

/** Every setting that the groups can make of `start`, whatever the parameters are; `start` is the first.
 *  @throws {OptionError} for groups that combine to too many, as only a file made on purpose has them */
export function possibleSettings(who: string, groups: readonly ParameterGroup[], start: Setting): readonly Setting[] {
  const found = new Map([[keyOf(start), start]]);
  for (const group of groups) {
    for (const setting of [...found.values()].map((before) => apply(before, group))) found.set(keyOf(setting), setting);
    if (found.size > MOST_SETTINGS) throw new OptionError(`${who} combine to more than ${MOST_SETTINGS} settings`);
  }
  return [...found.values()];
}

function keyOf(setting: Setting): string {
  return settings.map((name) => setting[name]).join();
}

/** Neighbours with one setting together, in order; frozen ones are left out.
 *  @throws {OptionError} for a group or pattern that takes no parameter */
export function runsOf(who: string, groups: readonly ParameterGroup[], start: Setting, parameters: readonly Tensor[]): ParameterRun[] {
  groups.forEach((group, i) => {
    for (const match of patternsOf(group)) {
      if (parameters.some((parameter) => takes({ ...group, match }, parameter))) continue;
      const choice = [group.match === undefined ? "" : `match ${shown(match)}`, group.rank === undefined ? "" : `rank ${group.rank}`];
      const names = parameters.map(({ name }) => name).join(", ");
      throw new OptionError(`${who}[${i}]: ${choice.filter(Boolean).join(", ")} takes none of this network's parameters: ${names}`);
    }
  });
  const runs: ParameterRun[] = [];
  parameters.forEach((parameter, i) => {
    const setting = settingOf(groups, start, parameter);
    const before = runs.at(-1);
    if (before && keyOf(before.setting) === keyOf(setting)) runs[runs.length - 1] = { ...before, end: i + 1 };
    else runs.push({ first: i, end: i + 1, setting });
  });
  return runs.filter(({ setting }) => !setting.frozen);
}
