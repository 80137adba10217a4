// The names of what `fit` reports of an epoch, as monitors, logs and tables have them: the loss, the metrics, and validation's.
import { shown } from "../checks.js";
import { OptionError } from "../errors.js";
import { suggestion } from "../spelling.js";
import type { Epoch } from "./history.js";

/** Before a name: validation's. */
export const VALIDATION = "validation.";

/** `Run.reported` of a network with these metrics. */
export function reportedNames(metrics: readonly string[], validated: boolean): readonly string[] {
  const own = ["loss", ...metrics];
  return validated ? [...own, ...own.map((name) => `${VALIDATION}${name}`)] : own;
}

/** @throws {OptionError} a name that is none of those, or of several */
export function checkReported(who: string, name: string, reported: readonly string[]): void {
  const numbers = reported.filter((each) => each === name).length;
  if (numbers > 1)
    throw new OptionError(`${who}: monitor is ${shown(name)}, a name of ${numbers} numbers, expected one's own: name the metric otherwise`);
  if (numbers === 1) return;
  if (name.startsWith(VALIDATION) && reported.includes(name.slice(VALIDATION.length)))
    throw new OptionError(`${who}: ${name} needs validation data; give fit the option validation`);
  // Also what there would be with validation data: the next message says that.
  const all = [...reported, ...reported.map((each) => `${VALIDATION}${each}`)];
  throw new OptionError(`${who}: monitor is ${shown(name)}, expected one of: ${reported.join(", ")}${suggestion(all, name)}`);
}

/** @param name as in `Run.reported` */
export function numberOf(epoch: Epoch, name: string): number {
  const of = ({ loss, metrics }: Pick<Epoch, "loss" | "metrics">, key: string) => (key === "loss" ? loss : metrics[key]);
  return of(epoch, name) ?? of(epoch.validation!, name.slice(VALIDATION.length))!;
}
