// V8's revectorizer makes 256-bit operations of pairs of adjacent 128-bit ones. What it takes, and whether this process has it switched on;
// src/node/revectorize.ts switches it.
import type { ArithmeticName } from "../arithmetic.js";
import { lacks } from "./engine.js";

/** Of V8, [major, minor]: Node 22's, the first whose results and gain were measured. V8 11.3 (Node 20) does not know the switch. */
const FIRST = [12, 4] as const;

let on = false;

export function isRevectorized(): boolean {
  return on;
}

export function setRevectorized(): void {
  on = true;
}

/** Whether 256-bit operations are made of an arithmetic's: V8 before Node 24's pairs no fused ones. */
export function isWide(arithmetic: ArithmeticName): boolean {
  return on && (arithmetic === "strict" || Number.parseInt(globalThis.process.versions.v8, 10) >= 13);
}

/** In words why V8's revectorizer cannot be switched on here; undefined if it can. Whether the CPU has AVX2 only Linux says, to whom
 *  may read /proc; without it the switch does nothing. */
export function lacksRevectorizer(): string | undefined {
  const { process } = globalThis;
  const { node, v8, bun, deno } = process?.versions ?? {};
  if (!node || !v8 || bun || deno) return "only Node can switch V8's revectorizer on";
  const [major = 0, minor = 0] = v8.split(".").map(Number);
  if (major < FIRST[0] || (major === FIRST[0] && minor < FIRST[1]))
    return `V8 ${major}.${minor} of Node ${node} has no revectorizer, Node 22 is the first that has`;
  if (process.arch !== "x64") return `V8's revectorizer is for x64 with AVX2, this CPU is ${process.arch}`;
  if (process.platform === "linux" && cpuFlags()?.includes("avx2") === false) return "this CPU has no AVX2";
  // It makes its operations of theirs.
  return lacks("simd");
}

/** undefined: they cannot be read, as under --permission. */
function cpuFlags(): readonly string[] | undefined {
  try {
    const text = globalThis.process.getBuiltinModule("node:fs").readFileSync("/proc/cpuinfo", "utf8");
    return /^flags.*/m.exec(text)?.[0].split(" ") ?? [];
  } catch {
    return undefined;
  }
}
