// What a call has come to, as text in which bits are told apart: its result, or what it threw.
import { createHash } from "node:crypto";

/** Without times, which no two calls share. */
export function told(result: unknown): string {
  return JSON.stringify(result, (key, value: unknown) => {
    if (key === "seconds" || key === "samplesPerSecond" || key === "secondsLeft") return undefined;
    if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))) return Object.is(value, -0) ? "-0" : `${value}`;
    if (ArrayBuffer.isView(value)) return shown(value as Float32Array);
    return value;
  });
}

/** Its numbers; of many, which are megabytes of text, their digest. */
function shown(values: Float32Array | Uint32Array | Uint8Array): readonly number[] | string {
  if (values.length <= 64) return [...values];
  // All NaNs are alike: which one it is is the engine's choice.
  const same = values instanceof Float32Array ? values.map((value) => (Number.isNaN(value) ? Number.NaN : value)) : values;
  const bytes = new Uint8Array(same.buffer, same.byteOffset, same.byteLength);
  return `${values.length} of ${createHash("sha1").update(bytes).digest("hex")}`;
}

export async function outcome(call: () => unknown): Promise<string> {
  try {
    return `gives ${told(await call())}`;
  } catch (error) {
    return `throws ${(error as Error).name}: ${(error as Error).message}`;
  }
}
