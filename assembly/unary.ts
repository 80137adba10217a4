// Functions of one tensor for users' own parts, elementwise over [begin, end). Where the gradient is a product or a quotient of what is
// there (exp, log), the op table says so; only what needs an operation of its own has a backward here.
import { map, mapGradient } from "./map";
import { cos, exp, log, sin, splat } from "./vmath";

@unmanaged
class Exp {
  @inline value(x: v128, _: v128): v128 {
    return exp(x);
  }
}

@unmanaged
class Log {
  @inline value(x: v128, _: v128): v128 {
    return log(x);
  }
}

/** Gradient from y: dy/(2·y). */
@unmanaged
class Sqrt {
  @inline value(x: v128, _: v128): v128 {
    return f32x4.sqrt(x);
  }
  @inline gradient(dy: v128, y: v128, _: v128): v128 {
    return f32x4.div(f32x4.mul(dy, splat(0.5)), y);
  }
}

/** Gradient from x: dy, -dy, or 0 at 0. */
@unmanaged
class Abs {
  @inline value(x: v128, _: v128): v128 {
    return f32x4.abs(x);
  }
  @inline gradient(dy: v128, x: v128, _: v128): v128 {
    const signed = v128.bitselect(f32x4.neg(dy), dy, f32x4.lt(x, splat(0)));
    return v128.andnot(signed, f32x4.eq(x, splat(0)));
  }
}

/** Gradient from x: dy·cos(x). */
@unmanaged
class Sin {
  @inline value(x: v128, _: v128): v128 {
    return sin(x);
  }
  @inline gradient(dy: v128, x: v128, _: v128): v128 {
    return f32x4.mul(dy, cos(x));
  }
}

/** Gradient from x: -dy·sin(x). */
@unmanaged
class Cos {
  @inline value(x: v128, _: v128): v128 {
    return cos(x);
  }
  @inline gradient(dy: v128, x: v128, _: v128): v128 {
    return f32x4.neg(f32x4.mul(dy, sin(x)));
  }
}

export function expForward(y: usize, x: usize, begin: u32, end: u32): void {
  map<Exp>(y, x, 0, begin, end);
}

export function logForward(y: usize, x: usize, begin: u32, end: u32): void {
  map<Log>(y, x, 0, begin, end);
}

export function sqrtForward(y: usize, x: usize, begin: u32, end: u32): void {
  map<Sqrt>(y, x, 0, begin, end);
}

export function sqrtBackward(dx: usize, dy: usize, y: usize, begin: u32, end: u32): void {
  mapGradient<Sqrt>(dx, dy, y, 0, begin, end);
}

export function absForward(y: usize, x: usize, begin: u32, end: u32): void {
  map<Abs>(y, x, 0, begin, end);
}

export function absBackward(dx: usize, dy: usize, x: usize, begin: u32, end: u32): void {
  mapGradient<Abs>(dx, dy, x, 0, begin, end);
}

export function sinForward(y: usize, x: usize, begin: u32, end: u32): void {
  map<Sin>(y, x, 0, begin, end);
}

export function sinBackward(dx: usize, dy: usize, x: usize, begin: u32, end: u32): void {
  mapGradient<Sin>(dx, dy, x, 0, begin, end);
}

export function cosForward(y: usize, x: usize, begin: u32, end: u32): void {
  map<Cos>(y, x, 0, begin, end);
}

export function cosBackward(dx: usize, dy: usize, x: usize, begin: u32, end: u32): void {
  mapGradient<Cos>(dx, dy, x, 0, begin, end);
}
