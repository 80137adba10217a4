/** One network's region of linear memory, as arrays over the same bytes; index 0 is the region's first byte.
 *  Never kept across an `await` or a user's callback: growing a WebAssembly memory detaches them. */
export interface Views {
  readonly u8: Uint8Array;
  readonly u32: Uint32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  /** Asks the JavaScript kernels for relaxed arithmetic. */
  readonly relaxed: boolean;
}

export function viewsOf(buffer: ArrayBufferLike, byteOffset: number, bytes: number, relaxed = false): Views {
  return {
    u8: new Uint8Array(buffer, byteOffset, bytes),
    u32: new Uint32Array(buffer, byteOffset, bytes >> 2),
    f32: new Float32Array(buffer, byteOffset, bytes >> 2),
    f64: new Float64Array(buffer, byteOffset, bytes >> 3),
    relaxed,
  };
}
