// What console.log of Node, Deno and Bun writes of an object in place of its fields: what people look for there. Browsers show the fields, as
// ever; `${object}` has the text there, too.

const inspect = Symbol.for("nodejs.util.inspect.custom");

/** @param show an object to be written instead; it must not throw
 *  @returns the object, of whose own fields nothing changes */
export function showAs<T extends object>(object: T, show: () => unknown): T {
  return Object.defineProperty(object, inspect, { value: show });
}

/** The same of a text as it is to be read, which is made when somebody looks. */
export function showText<T extends object>(object: T, text: () => string): T {
  return Object.defineProperty(showAs(object, text), "toString", { value: text, configurable: true, writable: true });
}
