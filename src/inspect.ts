// What Node's console.log writes of an object in place of its fields: what people look for there. Browsers show the fields, as ever.

const inspect = Symbol.for("nodejs.util.inspect.custom");

/** @param show a text as it is to be read, or an object to be written instead; it must not throw
 *  @returns the object, of whose own fields nothing changes */
export function showAs<T extends object>(object: T, show: () => unknown): T {
  return Object.defineProperty(object, inspect, { value: show });
}
