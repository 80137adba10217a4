// What compiles WebAssembly, and what it has, asked of `WebAssembly.validate` with the smallest module that uses it.

export type FeatureName = "simd" | "relaxedSimd" | "threads";

/** A module of one function of no parameters with this body (its locals are none); opcodes: WebAssembly core specification 3.0, 5.4. */
function usesOf(result: number, ...code: number[]): Uint8Array<ArrayBuffer> {
  const body = [0, ...code, 0x0b];
  return Uint8Array.of(
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // magic, version 1
    ...[1, 5, 1, 0x60, 0, 1, result], // one type: () -> result
    ...[3, 2, 1, 0], // one function of it
    ...[10, body.length + 2, 1, body.length, ...body], // its code
  );
}

const i32 = 0x7f;
const v128 = 0x7b;
const vector = [0x41, 0, 0xfd, 0x0f]; // i32.const 0, i8x16.splat

const features: Record<FeatureName, { readonly name: string; readonly module: Uint8Array<ArrayBuffer> }> = {
  simd: { name: "128-bit SIMD", module: usesOf(v128, ...vector, ...vector, 0xfd, 0xe4, 0x01) }, // f32x4.add
  relaxedSimd: { name: "relaxed SIMD", module: usesOf(v128, ...vector, ...vector, ...vector, 0xfd, 0x85, 0x02) }, // f32x4.relaxed_madd
  threads: { name: "threads", module: usesOf(i32, 0xfe, 0x03, 0, 0x41, 0) }, // atomic.fence, i32.const 0
};

/** In words why the engine has not got a feature; undefined if it has. */
export function lacks(feature: FeatureName): string | undefined {
  if (typeof WebAssembly !== "object") return "this environment has no WebAssembly";
  const { name, module } = features[feature];
  return WebAssembly.validate(module) ? undefined : `this engine's WebAssembly has no ${name}`;
}

/** Whether it is V8: in Node, in Deno, in Chromium and what is made of it. Bun names a version of V8, too, for packages that look for it. */
export function isV8(): boolean {
  const { v8, bun } = globalThis.process?.versions ?? {};
  return v8 ? !bun : /Chrom(e|ium)\//.test(globalThis.navigator?.userAgent ?? "");
}
