// A learning rate as users give it: a number, or a schedule; and as a file holds it.
import { checkNumber, isRecord, shown } from "../checks.js";
import { FormatError, OptionError } from "../errors.js";
import { isObserver } from "../schedules/plateau.js";
import type { Schedule } from "../schedules.js";
import * as factories from "../schedules.js";

function restoreSchedule(type: string, options: Readonly<Record<string, unknown>>): Schedule {
  const known = factories as unknown as Readonly<Record<string, (options: unknown) => Schedule>>;
  const factory = Object.hasOwn(known, type) ? known[type] : undefined;
  if (!factory) throw new FormatError(`schedule is ${shown(type)}, expected one of: ${Object.keys(known).join(", ")}`);
  return factory(options);
}

function checkSavable(who: string, given: Schedule): void {
  const { type, options } = given;
  if (!Object.hasOwn(factories, String(type)) || !isRecord(options))
    throw new OptionError(
      `${who} is ${shown(given)}, a schedule of your own, which no file could hold; expected a number, or one of ${Object.keys(factories).join(", ")}; schedules.list({ rates }) takes any rates`,
    );
  const [rate, again] = [given.rate(0), restoreSchedule(type, options).rate(0)];
  checkNumber(`${who}: rate(0)`, rate, { least: 0 });
  // What an observer has made of its rate is saved beside it.
  if (!isObserver(given) && rate !== again)
    throw new OptionError(`${who}: rate(0) is ${rate}, but a file would hold type and options alone, which make ${again} (${type})`);
}

/** @param given a number >= 0, a schedule of the library's, or a schedule's plain data
 *  @throws {OptionError} saying who, also for a schedule whose type and options would not make it again from a file */
export function toSchedule(who: string, given: unknown): Schedule {
  if (typeof given === "number") {
    checkNumber(who, given, { least: 0 });
    return factories.constant({ base: given });
  }
  const { type, options, rate } = (given ?? {}) as Partial<Schedule>;
  if (typeof rate === "function") {
    checkSavable(who, given as Schedule);
    return given as Schedule;
  }
  if (typeof type === "string" && typeof options === "object") return restoreSchedule(type, options);
  throw new OptionError(`${who} is ${shown(given)}, expected a number of at least 0, or a schedule, as schedules.cosine({ … })`);
}
