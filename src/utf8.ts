// Text as bytes. Simulated pages, as Jest's jsdom, have no TextEncoder and no TextDecoder.

/** Lone surrogates become U+FFFD. */
export function toUtf8(text: string): Uint8Array<ArrayBuffer> {
  if (typeof TextEncoder === "function") return new TextEncoder().encode(text);
  const wellFormed = text.replace(/\p{Surrogate}/gu, "\ufffd");
  const bytes = encodeURIComponent(wellFormed).replace(/%(..)/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16)));
  return Uint8Array.from(bytes, (unit) => unit.charCodeAt(0));
}

/** A byte order mark is text like any other. @throws {Error} of what kind the engine says: bytes that are no UTF-8 */
export function fromUtf8(bytes: Uint8Array): string {
  // Browsers decode no shared memory.
  const own = bytes.buffer instanceof ArrayBuffer ? bytes : Uint8Array.from(bytes);
  if (typeof TextDecoder === "function") return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(own);
  return decodeURIComponent(Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""));
}
