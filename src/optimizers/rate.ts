// A learning rate as users give it: a number, or a schedule; and as a file holds it.
import { checkNumber, shown } from "../checks.js";
import { FormatError, OptionError } from "../errors.js";
import type { Schedule } from "../schedules.js";
import * as factories from "../schedules.js";

function restoreSchedule(type: string, options: Readonly<Record<string, unknown>>): Schedule {
  const known = factories as unknown as Readonly<Record<string, (options: unknown) => Schedule>>;
  const factory = Object.hasOwn(known, type) ? known[type] : undefined;
  if (!factory) throw new FormatError(`schedule is ${shown(type)}, expected one of: ${Object.keys(known).join(", ")}`);
  return factory(options);
}

/** @param given a number >= 0, a schedule, or a schedule's plain data
 *  @throws {OptionError} saying who */
export function toSchedule(who: string, given: unknown): Schedule {
  if (typeof given === "number") {
    checkNumber(who, given, { least: 0 });
    return factories.constant({ base: given });
  }
  const { type, options, rate } = (given ?? {}) as Partial<Schedule>;
  if (typeof rate === "function") return given as Schedule;
  if (typeof type === "string" && typeof options === "object") return restoreSchedule(type, options);
  throw new OptionError(`${who} is ${shown(given)}, expected a number of at least 0, or a schedule, as schedules.cosine({ … })`);
}
