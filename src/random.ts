// Random numbers as pure functions of (seed, stream, counters): Threefry2x32 with 20 rounds (Salmon, Moraes, Dror and Shaw, "Parallel
// random numbers: as easy as 1, 2, 3", SC 2011), the generator that JAX uses. No state, so no order of calls matters.
// Its SIMD version, for dropout and first values, is in assembly/random.ts.

/** The second word of every key: what a random number is for. */
export const Stream = {
  /** Initial values; counters: (parameter, element). */
  Initialize: 0,
  /** Row orders; counters: (epoch, position). */
  Shuffle: 1,
  /** A dataset's own orders, before any training; counters: (0 shuffle, 1 split; position). */
  Dataset: 2,
  /** The first of the dropout ops, which take the streams from here on; counters: (step, element). */
  Dropout: 256,
} as const;

/** Threefry2x32-20: encrypts a counter under a key, giving two independent uniform words.
 * @param out its first two elements are written */
export function threefry(key0: number, key1: number, counter0: number, counter1: number, out: Uint32Array): void {
  let k0 = key0 | 0;
  let k1 = key1 | 0;
  let k2 = k0 ^ k1 ^ 0x1bd11bda; // the parity constant of Threefish with 32-bit words (Salmon et al.)
  let x0 = (counter0 + k0) | 0;
  let x1 = (counter1 + k1) | 0;
  for (let group = 1; group <= 5; ++group) {
    // Four rounds, by the rotations of Salmon et al., table 2; the two groups of four take turns.
    if (group & 1) {
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
    } else {
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 17) | (x1 >>> 15)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 29) | (x1 >>> 3)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 16) | (x1 >>> 16)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 24) | (x1 >>> 8)) ^ x0;
    }
    const k = k0;
    k0 = k1;
    k1 = k2;
    k2 = k;
    x0 = (x0 + k0) | 0;
    x1 = (x1 + k1 + group) | 0;
  }
  out[0] = x0;
  out[1] = x1;
}

const block = new Uint32Array(2);

/** A float64 in [0, 1), a multiple of 2^-53, for one counter of a stream. */
export function uniform(seed: number, stream: number, counter0: number, counter1: number): number {
  threefry(seed, stream, counter0, counter1, block);
  // The high 27 and 26 bits, as in Matsumoto and Nishimura's genrand_res53.
  return ((block[0]! >>> 5) * 67108864 + (block[1]! >>> 6)) / 9007199254740992;
}

/** Writes a random order of 0 … n - 1 (Fisher and Yates, as Durstenfeld 1964), a function of (n, seed, epoch, stream).
 * @param out u32, at least `n` elements; the first `n` are written */
export function permutation(n: number, seed: number, epoch: number, out: Uint32Array, stream: number = Stream.Shuffle): void {
  for (let i = 0; i < n; ++i) out[i] = i;
  for (let i = n - 1; i > 0; --i) {
    const j = Math.floor(uniform(seed, stream, epoch, i) * (i + 1));
    const other = out[j]!;
    out[j] = out[i]!;
    out[i] = other;
  }
}

/** A seed from the system's entropy, uint32. */
export function drawSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}
