// The WebAssembly builds of the same sources: what each computes, and where its bytes are. One is inlined in the library; the others are
// modules of their own, loaded when the first network takes one.
import { base64 as strict } from "../../build/strict.js";
import type { ArithmeticName } from "../arithmetic.js";
import { type FeatureName, lacks } from "./engine.js";

export interface Build {
  readonly arithmetic: ArithmeticName;
  /** Several threads may run it, on one shared memory. */
  readonly threads: boolean;
  /** What the engine's WebAssembly must have. */
  readonly features: readonly FeatureName[];
  /** The module in base64. */
  load(): string | Promise<string>;
}

/** The build within. A minifier writes a constant that is used once where it is used: in a function V8 would read all of it twice. */
const within = { strict };

export const builds = {
  strict: { arithmetic: "strict", threads: false, features: ["simd"], load: () => within.strict },
  relaxed: {
    arithmetic: "relaxed",
    threads: false,
    features: ["simd", "relaxedSimd"],
    load: async () => (await import("../../build/relaxed.js")).base64,
  },
  strictThreads: {
    arithmetic: "strict",
    threads: true,
    features: ["simd", "threads"],
    load: async () => (await import("../../build/strictThreads.js")).base64,
  },
  relaxedThreads: {
    arithmetic: "relaxed",
    threads: true,
    features: ["simd", "relaxedSimd", "threads"],
    load: async () => (await import("../../build/relaxedThreads.js")).base64,
  },
} as const satisfies Record<string, Build>;

export type BuildName = keyof typeof builds;

/** Why the engine cannot run a build; undefined if it can. */
export function whyNot(name: BuildName): string | undefined {
  for (const feature of builds[name].features) {
    const why = lacks(feature);
    if (why) return why;
  }
  return undefined;
}
