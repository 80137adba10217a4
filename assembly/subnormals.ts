// Numbers below float32's normal range are slow on some CPUs (an Intel Xeon: an Adam step of which one element in sixteen has such a mean takes
// fifteen times as long). Where gradients stay 0, an optimizer's mean of them shrinks until it is one, and then rounds to itself for ever.

/** In every `every`-th step: x = +0 where |x| < least. x: f32[end]; the range in elements, both multiples of 4. */
export function flushSubnormals(x: usize, number: u32, every: u32, least: f32, begin: u32, end: u32): void {
  if (number % every) return;
  const magnitude = i32x4.splat(0x7fffffff);
  const bound = i32x4.splat(reinterpret<i32>(least));
  const stop = x + ((<usize>end) << 2);
  for (let at = x + ((<usize>begin) << 2); at < stop; at += 16) {
    // As integers, which have the order of magnitudes, and are slow for none.
    const bits = v128.load(at);
    v128.store(at, v128.andnot(bits, i32x4.lt_s(v128.and(bits, magnitude), bound)));
  }
}
