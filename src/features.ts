// What the engine has of that which makes chainrule fast, in words that say what to do about the rest.
import { lacks } from "./backends/engine.js";
import { lacksRevectorizer } from "./backends/revectorizer.js";
import { whyOneThread } from "./backends/threads.js";
import { whyNotCompiled } from "./backends/wasm.js";

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
  /** Memory that threads share, and workers to share it with. */
  readonly threads: Feature;
  /** 256-bit operations: `revectorize()` of chainrule/node can be called. */
  readonly revectorize: Feature;
}

/** What this engine offers, unless it has shown already that a policy forbids it. Nothing is compiled, loaded or switched on by asking.
 *  @example console.log(features().threads.reason) */
export function features(): Features {
  return {
    simd: feature(lacks("simd") ?? whyNotCompiled()),
    relaxedSimd: feature(lacks("relaxedSimd") ?? whyNotCompiled()),
    threads: feature(whyOneThread() ?? whyNotCompiled()),
    revectorize: feature(lacksRevectorizer()),
  };
}

function feature(reason: string | undefined): Feature {
  return reason === undefined ? { available: true } : { available: false, reason };
}
