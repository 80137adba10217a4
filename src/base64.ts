// Base64 text to bytes, by whatever the engine has for it: a loop in a process that has just begun takes longer than all of the rest of it.

/** @param text valid base64, padded */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const own = (Uint8Array as { readonly fromBase64?: (text: string) => Uint8Array<ArrayBuffer> }).fromBase64;
  if (own) return own.call(Uint8Array, text);
  // Node before 25.
  const { Buffer } = globalThis as { readonly Buffer?: { from(text: string, encoding: "base64"): Uint8Array<ArrayBuffer> } };
  if (Buffer) return Buffer.from(text, "base64");
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; ++i) bytes[i] = characters.charCodeAt(i);
  return bytes;
}
