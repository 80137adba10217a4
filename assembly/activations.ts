// Activations, forward y = f(x) and backward dx = dy·f'(x), elementwise over [begin, end); softmax, which works on rows, is in
// softmax.ts, later ones in smooth.ts and piecewise.ts.
import { multiplyAdd } from "./arithmetic";
import * as C from "./coefficients";
import { map, mapGradient } from "./map";
import { clamp, erf, expm1, expNegative, sigmoid, softplus, splat, tanh } from "./vmath";

/** x < 0 ? 0 : x, so that a NaN passes. Gradient from y: 0 at y = 0. */
@unmanaged
class Relu {
  @inline value(x: v128, _: v128): v128 {
    return v128.andnot(x, f32x4.lt(x, splat(0)));
  }
  @inline gradient(dy: v128, y: v128, _: v128): v128 {
    return v128.and(dy, f32x4.gt(y, splat(0)));
  }
}

/** x > 0 ? x : alpha·x, alpha >= 0. Gradient from y. */
@unmanaged
class LeakyRelu {
  @inline value(x: v128, alpha: v128): v128 {
    return v128.bitselect(x, f32x4.mul(alpha, x), f32x4.gt(x, splat(0)));
  }
  @inline gradient(dy: v128, y: v128, alpha: v128): v128 {
    return v128.bitselect(dy, f32x4.mul(alpha, dy), f32x4.gt(y, splat(0)));
  }
}

/** Gradient from y: dy·y·(1 - y). */
@unmanaged
class Sigmoid {
  @inline value(x: v128, _: v128): v128 {
    return sigmoid(x);
  }
  @inline gradient(dy: v128, y: v128, _: v128): v128 {
    return f32x4.mul(dy, f32x4.mul(y, f32x4.sub(splat(1), y)));
  }
}

/** Gradient from y: dy·(1 - y²). */
@unmanaged
class Tanh {
  @inline value(x: v128, _: v128): v128 {
    return tanh(x);
  }
  @inline gradient(dy: v128, y: v128, _: v128): v128 {
    return f32x4.mul(dy, f32x4.sub(splat(1), f32x4.mul(y, y)));
  }
}

/** Gradient from x: dy·sigmoid(x). */
@unmanaged
class Softplus {
  @inline value(x: v128, _: v128): v128 {
    return softplus(x);
  }
  @inline gradient(dy: v128, x: v128, _: v128): v128 {
    return f32x4.mul(dy, sigmoid(x));
  }
}

/** x > 0 ? x : alpha·(e^x - 1) (Clevert et al. 2016). Gradient from y: alpha·e^x = y + alpha. */
@unmanaged
class Elu {
  @inline value(x: v128, alpha: v128): v128 {
    return v128.bitselect(x, f32x4.mul(alpha, expm1(x)), f32x4.gt(x, splat(0)));
  }
  @inline gradient(dy: v128, y: v128, alpha: v128): v128 {
    return v128.bitselect(dy, f32x4.mul(dy, f32x4.add(y, alpha)), f32x4.gt(y, splat(0)));
  }
}

/** x·Phi(x), Phi(x) = (1 + erf(x/sqrt(2)))/2 (Hendrycks & Gimpel 2016). Gradient from x: Phi + x·e^(-x²/2)/sqrt(2·pi). */
@unmanaged
class Gelu {
  @inline value(x: v128, _: v128): v128 {
    const half = f32x4.mul(x, splat(0.5));
    return f32x4.mul(half, f32x4.add(erf(f32x4.mul(x, splat(C.SQRT_HALF))), splat(1)));
  }
  @inline gradient(dy: v128, x: v128, _: v128): v128 {
    const phi = multiplyAdd(erf(f32x4.mul(x, splat(C.SQRT_HALF))), splat(0.5), splat(0.5));
    const density = expNegative(f32x4.mul(f32x4.mul(x, x), splat(-0.5)));
    return f32x4.mul(dy, multiplyAdd(f32x4.mul(x, splat(C.INVERSE_SQRT_2PI)), density, phi));
  }
}

/** 0.5·x·(1 + tanh(u/2)) = x·sigmoid(u) with u = 2·sqrt(2/pi)·(x + 0.044715·x³) (Hendrycks & Gimpel 2016).
 *  Gradient from x: s + s·(1 - s)·x·u', s = sigmoid(u). */
@unmanaged
class GeluTanh {
  @inline value(x: v128, _: v128): v128 {
    const u = f32x4.mul(x, multiplyAdd(f32x4.mul(x, x), splat(C.GELU_CUBIC), splat(C.GELU_LINEAR)));
    return f32x4.mul(x, sigmoid(u));
  }
  @inline gradient(dy: v128, x: v128, _: v128): v128 {
    const c = clamp(x, -16, 16); // s is 0 or 1 there; keeps x² from overflowing to 0·Infinity
    const z = f32x4.mul(c, c);
    const s = sigmoid(f32x4.mul(c, multiplyAdd(z, splat(C.GELU_CUBIC), splat(C.GELU_LINEAR))));
    const slope = f32x4.mul(c, multiplyAdd(z, splat(C.GELU_CUBIC_3), splat(C.GELU_LINEAR)));
    return f32x4.mul(dy, multiplyAdd(s, f32x4.mul(f32x4.sub(splat(1), s), slope), s));
  }
}

/** x·sigmoid(x) (Elfwing et al. 2018). Gradient from x: s·(1 + x·(1 - s)), s = sigmoid(x). */
@unmanaged
class Silu {
  @inline value(x: v128, _: v128): v128 {
    return f32x4.mul(x, sigmoid(x));
  }
  @inline gradient(dy: v128, x: v128, _: v128): v128 {
    const s = sigmoid(x);
    return f32x4.mul(dy, f32x4.mul(s, multiplyAdd(x, f32x4.sub(splat(1), s), splat(1))));
  }
}

export function reluForward(y: usize, x: usize, begin: u32, end: u32): void {
  map<Relu>(y, x, 0, begin, end);
}

export function reluBackward(dx: usize, dy: usize, y: usize, begin: u32, end: u32): void {
  mapGradient<Relu>(dx, dy, y, 0, begin, end);
}

export function leakyReluForward(y: usize, x: usize, alpha: f32, begin: u32, end: u32): void {
  map<LeakyRelu>(y, x, alpha, begin, end);
}

export function leakyReluBackward(dx: usize, dy: usize, y: usize, alpha: f32, begin: u32, end: u32): void {
  mapGradient<LeakyRelu>(dx, dy, y, alpha, begin, end);
}

export function sigmoidForward(y: usize, x: usize, begin: u32, end: u32): void {
  map<Sigmoid>(y, x, 0, begin, end);
}

export function sigmoidBackward(dx: usize, dy: usize, y: usize, begin: u32, end: u32): void {
  mapGradient<Sigmoid>(dx, dy, y, 0, begin, end);
}

export function tanhForward(y: usize, x: usize, begin: u32, end: u32): void {
  map<Tanh>(y, x, 0, begin, end);
}

export function tanhBackward(dx: usize, dy: usize, y: usize, begin: u32, end: u32): void {
  mapGradient<Tanh>(dx, dy, y, 0, begin, end);
}

export function softplusForward(y: usize, x: usize, begin: u32, end: u32): void {
  map<Softplus>(y, x, 0, begin, end);
}

export function softplusBackward(dx: usize, dy: usize, x: usize, begin: u32, end: u32): void {
  mapGradient<Softplus>(dx, dy, x, 0, begin, end);
}

export function eluForward(y: usize, x: usize, alpha: f32, begin: u32, end: u32): void {
  map<Elu>(y, x, alpha, begin, end);
}

export function eluBackward(dx: usize, dy: usize, y: usize, alpha: f32, begin: u32, end: u32): void {
  mapGradient<Elu>(dx, dy, y, alpha, begin, end);
}

export function geluForward(y: usize, x: usize, begin: u32, end: u32): void {
  map<Gelu>(y, x, 0, begin, end);
}

export function geluBackward(dx: usize, dy: usize, x: usize, begin: u32, end: u32): void {
  mapGradient<Gelu>(dx, dy, x, 0, begin, end);
}

export function geluTanhForward(y: usize, x: usize, begin: u32, end: u32): void {
  map<GeluTanh>(y, x, 0, begin, end);
}

export function geluTanhBackward(dx: usize, dy: usize, x: usize, begin: u32, end: u32): void {
  mapGradient<GeluTanh>(dx, dy, x, 0, begin, end);
}

export function siluForward(y: usize, x: usize, begin: u32, end: u32): void {
  map<Silu>(y, x, 0, begin, end);
}

export function siluBackward(dx: usize, dy: usize, x: usize, begin: u32, end: u32): void {
  mapGradient<Silu>(dx, dy, x, 0, begin, end);
}
