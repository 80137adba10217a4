import { afterEach, expect, test, vi } from "vitest";
import { dense, fromSafetensors, loadNetwork, meanSquaredError, network, toSafetensors } from "../src/index.js";
import { fromUtf8, toUtf8 } from "../src/utf8.js";

afterEach(() => vi.unstubAllGlobals());

/** As in a page that Jest simulates. */
function withoutCoders<T>(body: () => T): T {
  for (const name of ["TextEncoder", "TextDecoder"]) vi.stubGlobal(name, undefined);
  return body();
}

const texts = ["", "weights", "Größe", "\u0000\u007f\u0080\u07ff\u0800\uffff", "\ufeffmark", "重み 🙂", "a\ud83dz\udc00", "%41%"];

test.each(texts)("%j has the engine's bytes without its encoder, and comes back", (text) => {
  const bytes = new TextEncoder().encode(text);
  expect(toUtf8(text)).toEqual(bytes);
  expect(withoutCoders(() => toUtf8(text))).toEqual(bytes);
  vi.unstubAllGlobals();
  expect(withoutCoders(() => fromUtf8(bytes))).toBe(text.replace(/\p{Surrogate}/gu, "\ufffd"));
});

test.each([[0x80], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0x41, 0xff]])(
  "%j is no UTF-8, with and without",
  (...bytes) => {
    const given = Uint8Array.from(bytes);
    expect(() => fromUtf8(given)).toThrow();
    expect(() => withoutCoders(() => fromUtf8(given))).toThrow();
  },
);

test("a network is saved, loaded and hashed without them, to the same bytes", async () => {
  const net = await network({ input: 2, layers: [dense(3, { name: "Größe" })], loss: meanSquaredError(), seed: 1 });
  const [saved, tensors, hash] = [net.save(), toSafetensors(net), net.weightsHash()];
  const [again, exported, hashed] = withoutCoders(() => [net.save(), toSafetensors(net), net.weightsHash()] as const);
  expect([again, exported, hashed]).toEqual([saved, tensors, hash]);
  const loaded = await loadNetwork(saved);
  fromSafetensors(loaded, tensors);
  expect(loaded.weightsHash()).toBe(hash);
});
