// How users' own layers, losses, activations and metrics are made again from a saved network. How they are written: custom.ts.
import { shown } from "./checks.js";
import { FormatError } from "./errors.js";

/** Factories of a user's own parts, by their names in saved files: what `loadNetwork(bytes, { custom })` takes. */
// biome-ignore lint/suspicious/noExplicitAny: options come from a file; each factory checks its own
export type Custom = Readonly<Record<string, (options: any) => unknown>>;

/** For names that are none of the library's: those go first, as a metric of one's own may have the name of one of the library's losses.
 *  @param what it is, for messages @throws {FormatError} if there is no factory for it */
export function makeCustom(what: string, type: string, options: unknown, custom: Custom): unknown {
  if (typeof type !== "string") throw new FormatError(`the type of the ${what} is ${shown(type)}, expected a text`);
  if (!Object.hasOwn(custom, type))
    throw new FormatError(
      `the library has no ${what} ${shown(type)}; for one of your own give loadNetwork { custom: { ${type}: options => ${what} } }`,
    );
  return custom[type]!(options);
}
