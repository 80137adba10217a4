// Base64 by each of the ways that engines have: Uint8Array.fromBase64, Node's Buffer, and atob, as browsers had it alone until 2025.
import { afterEach, describe, expect, test, vi } from "vitest";
import { base64 } from "../build/strict.js";
import { fromBase64 } from "../src/base64.js";

const { fromBase64: own } = Uint8Array as { readonly fromBase64?: unknown };

afterEach(() => {
  vi.unstubAllGlobals();
  Object.assign(Uint8Array, { fromBase64: own });
  if (own === undefined) Reflect.deleteProperty(Uint8Array, "fromBase64");
});

/** Leaves the engine one way. */
const only: Readonly<Record<string, () => void>> = {
  atob: () => {
    Object.assign(Uint8Array, { fromBase64: undefined });
    vi.stubGlobal("Buffer", undefined);
  },
  Buffer: () => {
    Object.assign(Uint8Array, { fromBase64: undefined });
    vi.stubGlobal("atob", undefined);
  },
  fromBase64: () => {
    const { Buffer } = globalThis;
    Object.assign(Uint8Array, {
      fromBase64(this: unknown, text: string) {
        if (this !== Uint8Array) throw new TypeError("not called on Uint8Array");
        return Uint8Array.from(Buffer.from(text, "base64"));
      },
    });
    vi.stubGlobal("Buffer", undefined);
    vi.stubGlobal("atob", undefined);
  },
};

describe.each(Object.entries(only))("by %s", (_, leave) => {
  // RFC 4648, section 10; and by its table 1 of 62 and 63 in turn, of 0 and of 63.
  test.each([
    ["", ""],
    ["Zg==", "f"],
    ["Zm8=", "fo"],
    ["Zm9v", "foo"],
    ["Zm9vYg==", "foob"],
    ["Zm9vYmE=", "fooba"],
    ["Zm9vYmFy", "foobar"],
    ["+/+/AP8=", "\xfb\xff\xbf\x00\xff"],
  ])("%s", (text, bytes) => {
    leave();
    expect([...fromBase64(text)]).toEqual(Array.from(bytes, (character) => character.charCodeAt(0)));
  });

  test("a module", () => {
    leave();
    expect(WebAssembly.validate(fromBase64(base64))).toBe(true);
  });
});
