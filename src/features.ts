// What the engine has of that which makes chainrule fast, in words that say what to do about the rest.
import { lacks } from "./backends/engine.js";
import { lacksRevectorizer } from "./backends/revectorizer.js";

/** Whether there is such a thing here; if not, why. */
export interface Feature {
  readonly available: boolean;
  readonly reason?: string;
}

export interface Features {
  /** WebAssembly with 128-bit SIMD: the "wasm" backend. */
  readonly simd: Feature;
  /** Fused multiply-add: `arithmetic: "relaxed"` in WebAssembly. */
  readonly relaxedSimd: Feature;
  /** Memory that threads share. */
  readonly threads: Feature;
  /** 256-bit operations: `revectorize()` of chainrule/node can be called. */
  readonly revectorize: Feature;
}

/** What this engine offers. Nothing is compiled, loaded or switched on by asking.
 *  @example console.log(features().threads.reason) */
export function features(): Features {
  return {
    simd: feature(lacks("simd")),
    relaxedSimd: feature(lacks("relaxedSimd")),
    threads: feature(lacks("threads") ?? lacksSharedMemory()),
    revectorize: feature(lacksRevectorizer()),
  };
}

function feature(reason: string | undefined): Feature {
  return reason === undefined ? { available: true } : { available: false, reason };
}

function lacksSharedMemory(): string | undefined {
  if (globalThis.crossOriginIsolated === false)
    return "the page is not cross-origin isolated, so it may not share memory: serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";
  return typeof SharedArrayBuffer === "function" ? undefined : "this environment has no SharedArrayBuffer";
}
