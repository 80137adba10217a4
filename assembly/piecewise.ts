// Activations made of straight lines and one parabola, elementwise over [begin, end).
import { map, mapGradient } from "./map";
import { clamp, splat } from "./vmath";

/** dy where low < y < high, else 0: the gradient of y = clamp(x, low, high), told from y. */
// @ts-ignore: decorator
@inline
function within(dy: v128, y: v128, low: f64, high: f64): v128 {
  return v128.and(dy, v128.and(f32x4.gt(y, splat(low)), f32x4.lt(y, splat(high))));
}

/** clamp(x + 3, 0, 6)/6 (Howard et al. 2019). Gradient from y: dy/6, 0 where y is 0 or 1. */
@unmanaged
class HardSigmoid {
  @inline value(x: v128, _: v128): v128 {
    return f32x4.div(clamp(f32x4.add(x, splat(3)), 0, 6), splat(6));
  }
  @inline gradient(dy: v128, y: v128, _: v128): v128 {
    return within(f32x4.div(dy, splat(6)), y, 0, 1);
  }
}

/** x·clamp(x + 3, 0, 6)/6 (Howard et al. 2019). Gradient from x: 0 up to -3, x/3 + 1/2, 1 from 3 on. */
@unmanaged
class HardSwish {
  @inline value(x: v128, _: v128): v128 {
    return f32x4.mul(x, f32x4.div(clamp(f32x4.add(x, splat(3)), 0, 6), splat(6)));
  }
  @inline gradient(dy: v128, x: v128, _: v128): v128 {
    const slope = f32x4.add(f32x4.div(x, splat(3)), splat(0.5));
    const high = v128.bitselect(splat(1), slope, f32x4.ge(x, splat(3)));
    return f32x4.mul(dy, v128.andnot(high, f32x4.le(x, splat(-3))));
  }
}

/** clamp(x, -1, 1). Gradient from y: 0 where y is ±1. */
@unmanaged
class HardTanh {
  @inline value(x: v128, _: v128): v128 {
    return clamp(x, -1, 1);
  }
  @inline gradient(dy: v128, y: v128, _: v128): v128 {
    return within(dy, y, -1, 1);
  }
}

/** clamp(x, 0, 6) (Krizhevsky 2010). Gradient from y: 0 where y is 0 or 6. */
@unmanaged
class Relu6 {
  @inline value(x: v128, _: v128): v128 {
    return clamp(x, 0, 6);
  }
  @inline gradient(dy: v128, y: v128, _: v128): v128 {
    return within(dy, y, 0, 6);
  }
}

export function hardSigmoidForward(y: usize, x: usize, begin: u32, end: u32): void {
  map<HardSigmoid>(y, x, 0, begin, end);
}

export function hardSigmoidBackward(dx: usize, dy: usize, y: usize, begin: u32, end: u32): void {
  mapGradient<HardSigmoid>(dx, dy, y, 0, begin, end);
}

export function hardSwishForward(y: usize, x: usize, begin: u32, end: u32): void {
  map<HardSwish>(y, x, 0, begin, end);
}

export function hardSwishBackward(dx: usize, dy: usize, x: usize, begin: u32, end: u32): void {
  mapGradient<HardSwish>(dx, dy, x, 0, begin, end);
}

export function hardTanhForward(y: usize, x: usize, begin: u32, end: u32): void {
  map<HardTanh>(y, x, 0, begin, end);
}

export function hardTanhBackward(dx: usize, dy: usize, y: usize, begin: u32, end: u32): void {
  mapGradient<HardTanh>(dx, dy, y, 0, begin, end);
}

export function relu6Forward(y: usize, x: usize, begin: u32, end: u32): void {
  map<Relu6>(y, x, 0, begin, end);
}

export function relu6Backward(dx: usize, dy: usize, y: usize, begin: u32, end: u32): void {
  mapGradient<Relu6>(dx, dy, y, 0, begin, end);
}
