// Parts of the library that most programs never need are modules of their own, which whoever needs one loads.
import { BackendError } from "../errors.js";

/** @param what for the message: whose module it is
 *  @throws {BackendError} it is not where the library is */
export async function loadPart<T>(what: string, load: () => T | Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new BackendError(
      `${what}'s module could not be loaded (${cause}); serve all files of chainrule's dist folder next to one another; a service worker can load none`,
      { cause },
    );
  }
}
