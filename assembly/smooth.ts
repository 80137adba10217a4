// Activations made of exponentials, elementwise over [begin, end); the first ones are in activations.ts.
import { multiplyAdd } from "./arithmetic";
import * as C from "./coefficients";
import { map, mapGradient } from "./map";
import { expm1, expNegative, minusAbs, sigmoid, softplus, splat } from "./vmath";

/** lambda·(x > 0 ? x : alpha·(e^x - 1)) (Klambauer et al. 2017). Gradient from y: lambda·alpha·e^x = y + lambda·alpha. */
@unmanaged
class Selu {
  @inline value(x: v128, _: v128): v128 {
    const low = f32x4.mul(splat(C.SELU_SCALE_ALPHA), expm1(x));
    return v128.bitselect(f32x4.mul(splat(C.SELU_SCALE), x), low, f32x4.gt(x, splat(0)));
  }
  @inline gradient(dy: v128, y: v128, _: v128): v128 {
    const low = f32x4.add(y, splat(C.SELU_SCALE_ALPHA));
    return f32x4.mul(dy, v128.bitselect(splat(C.SELU_SCALE), low, f32x4.gt(y, splat(0))));
  }
}

/** x > 0 ? x : alpha·(e^(x/alpha) - 1) (Barron 2017). Gradient from y: e^(x/alpha) = y/alpha + 1. */
@unmanaged
class Celu {
  @inline value(x: v128, alpha: v128): v128 {
    return v128.bitselect(x, f32x4.mul(alpha, expm1(f32x4.div(x, alpha))), f32x4.gt(x, splat(0)));
  }
  @inline gradient(dy: v128, y: v128, alpha: v128): v128 {
    const low = f32x4.add(f32x4.div(y, alpha), splat(1));
    return v128.bitselect(dy, f32x4.mul(dy, low), f32x4.gt(y, splat(0)));
  }
}

/** x·tanh(softplus(x)) (Misra 2019). With w = e^-|x|, tanh(softplus(x)) = n/(n + 2u) where n, u are 1 + 2w, w² for x >= 0 and
 *  w² + 2w, 1 below: nothing cancels. Gradient from x: t + x·sigmoid(x)·(1 - t²), with 1 - t² = 4u·(n + u)/(n + 2u)². */
@unmanaged
class Mish {
  @inline value(x: v128, _: v128): v128 {
    const w = expNegative(minusAbs(x));
    const w2 = f32x4.mul(w, w);
    const below = f32x4.lt(x, splat(0));
    const n = f32x4.add(f32x4.add(w, w), v128.bitselect(w2, splat(1), below));
    const u = v128.bitselect(splat(1), w2, below);
    return f32x4.mul(x, f32x4.div(n, f32x4.add(n, f32x4.add(u, u))));
  }
  @inline gradient(dy: v128, x: v128, _: v128): v128 {
    const w = expNegative(minusAbs(x));
    const w2 = f32x4.mul(w, w);
    const below = f32x4.lt(x, splat(0));
    const n = f32x4.add(f32x4.add(w, w), v128.bitselect(w2, splat(1), below));
    const u = v128.bitselect(splat(1), w2, below);
    const d = f32x4.add(n, f32x4.add(u, u));
    const s = f32x4.div(v128.bitselect(w, splat(1), below), f32x4.add(w, splat(1)));
    const rest = f32x4.div(f32x4.mul(f32x4.mul(splat(4), u), f32x4.add(n, u)), f32x4.mul(d, d));
    return f32x4.mul(dy, multiplyAdd(f32x4.mul(x, s), rest, f32x4.div(n, d)));
  }
}

/** x/(1 + |x|). Gradient from x: 1/(1 + |x|)². */
@unmanaged
class Softsign {
  @inline value(x: v128, _: v128): v128 {
    return f32x4.div(x, f32x4.add(f32x4.abs(x), splat(1)));
  }
  @inline gradient(dy: v128, x: v128, _: v128): v128 {
    const d = f32x4.add(f32x4.abs(x), splat(1));
    return f32x4.div(f32x4.div(dy, d), d);
  }
}

/** log(sigmoid(x)) = -softplus(-x). Gradient from x: sigmoid(-x). */
@unmanaged
class LogSigmoid {
  @inline value(x: v128, _: v128): v128 {
    return f32x4.neg(softplus(f32x4.neg(x)));
  }
  @inline gradient(dy: v128, x: v128, _: v128): v128 {
    return f32x4.mul(dy, sigmoid(f32x4.neg(x)));
  }
}

export function seluForward(y: usize, x: usize, begin: u32, end: u32): void {
  map<Selu>(y, x, 0, begin, end);
}

export function seluBackward(dx: usize, dy: usize, y: usize, begin: u32, end: u32): void {
  mapGradient<Selu>(dx, dy, y, 0, begin, end);
}

export function celuForward(y: usize, x: usize, alpha: f32, begin: u32, end: u32): void {
  map<Celu>(y, x, alpha, begin, end);
}

export function celuBackward(dx: usize, dy: usize, y: usize, alpha: f32, begin: u32, end: u32): void {
  mapGradient<Celu>(dx, dy, y, alpha, begin, end);
}

export function mishForward(y: usize, x: usize, begin: u32, end: u32): void {
  map<Mish>(y, x, 0, begin, end);
}

export function mishBackward(dx: usize, dy: usize, x: usize, begin: u32, end: u32): void {
  mapGradient<Mish>(dx, dy, x, 0, begin, end);
}

export function softsignForward(y: usize, x: usize, begin: u32, end: u32): void {
  map<Softsign>(y, x, 0, begin, end);
}

export function softsignBackward(dx: usize, dy: usize, x: usize, begin: u32, end: u32): void {
  mapGradient<Softsign>(dx, dy, x, 0, begin, end);
}

export function logSigmoidForward(y: usize, x: usize, begin: u32, end: u32): void {
  map<LogSigmoid>(y, x, 0, begin, end);
}

export function logSigmoidBackward(dx: usize, dy: usize, x: usize, begin: u32, end: u32): void {
  mapGradient<LogSigmoid>(dx, dy, x, 0, begin, end);
}
