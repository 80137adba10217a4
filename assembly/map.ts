// How an elementwise function is applied to [begin, end). Each function is a class without fields, F; both loops are compiled once for
// each.

/** y = F(x), y may be x. Two vectors a turn: V8 builds constants inside the loop, three instructions each, once for both. */
export function map<F>(y: usize, x: usize, alpha: f32, begin: u32, end: u32): void {
  const f = changetype<F>(<usize>0);
  const a = f32x4.splat(alpha);
  const stop = (<usize>end) << 2;
  let at = (<usize>begin) << 2;
  for (; at + 32 <= stop; at += 32) {
    const first = f.value(v128.load(x + at), a);
    const second = f.value(v128.load(x + at, 16), a);
    v128.store(y + at, first);
    v128.store(y + at, second, 16);
  }
  if (at < stop) v128.store(y + at, f.value(v128.load(x + at), a));
}

/** dx = dy·F'(saved), dx may be dy; saved is x or y, as F has it. */
export function mapGradient<F>(dx: usize, dy: usize, saved: usize, alpha: f32, begin: u32, end: u32): void {
  const f = changetype<F>(<usize>0);
  const a = f32x4.splat(alpha);
  const stop = (<usize>end) << 2;
  let at = (<usize>begin) << 2;
  for (; at + 32 <= stop; at += 32) {
    const first = f.gradient(v128.load(dy + at), v128.load(saved + at), a);
    const second = f.gradient(v128.load(dy + at, 16), v128.load(saved + at, 16), a);
    v128.store(dx + at, first);
    v128.store(dx + at, second, 16);
  }
  if (at < stop) v128.store(dx + at, f.gradient(v128.load(dy + at), v128.load(saved + at), a));
}
