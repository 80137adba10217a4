// What plain JavaScript by hand gives: a multilayer perceptron in float64, the baseline of the benches. Its product keeps
// eight sums in registers: 4.4 GFLOP/s on Node 20 where three plain loops get 1.3 and four rows of b at once 3; larger tiles give no more.
import type { Weights, Workload } from "./workloads.js";

/** Trains on `batch` rows. @returns the outputs before the step, `[batch, outputs]`; softmax ones of a cross-entropy */
export type Step = (x: Float64Array, target: Float64Array) => Float64Array;

const f64 = (length: number) => new Float64Array(length);

// biome-ignore format: short enough to be seen at once
/** c = a·b, c `[m, n]`, a[i, l] at i·ai + l·al, b[l, j] at l·bl + j·bj. */
function multiply(m: number, n: number, k: number, a: Float64Array, ai: number, al: number, b: Float64Array, bl: number, bj: number, c: Float64Array) {
  const a2i = 2 * ai, a3i = 3 * ai;
  for (let i = 0; i < m; i += 4) for (let j = 0; j < n; j += 2) {
    if (i + 4 > m || j + 2 > n) {
      for (let r = i; r < i + 4 && r < m; ++r) for (let s = j; s < j + 2 && s < n; ++s) {
        let sum = 0;
        for (let l = 0; l < k; ++l) sum += a[r * ai + l * al]! * b[l * bl + s * bj]!;
        c[r * n + s] = sum;
      }
      continue;
    }
    let c00 = 0, c01 = 0, c10 = 0, c11 = 0, c20 = 0, c21 = 0, c30 = 0, c31 = 0;
    for (let l = 0, p = i * ai, q = j * bj; l < k; ++l, p += al, q += bl) {
      const a0 = a[p]!, a1 = a[p + ai]!, a2 = a[p + a2i]!, a3 = a[p + a3i]!, b0 = b[q]!, b1 = b[q + bj]!;
      c00 += a0 * b0; c01 += a0 * b1; c10 += a1 * b0; c11 += a1 * b1; c20 += a2 * b0; c21 += a2 * b1; c30 += a3 * b0; c31 += a3 * b1;
    }
    const at = i * n + j;
    c[at] = c00; c[at + 1] = c01; c[at + n] = c10; c[at + n + 1] = c11;
    c[at + 2 * n] = c20; c[at + 2 * n + 1] = c21; c[at + 3 * n] = c30; c[at + 3 * n + 1] = c31;
  }
}

// biome-ignore format: short enough to be seen at once
export function handwritten({ batch, hidden, loss, optimizer, learningRate }: Workload, weights: readonly Weights[]): Step {
  const layers = weights.map(({ weight: { length }, bias, weight }) => ({
    units: bias.length, inputs: length / bias.length, w: Float64Array.from(weight), b: Float64Array.from(bias),
    dw: f64(length), db: f64(bias.length), y: f64(batch * bias.length), dy: f64(batch * bias.length),
    moments: [f64(length), f64(length), f64(bias.length), f64(bias.length)] as const }));
  const { y: out, dy: dout, units: outputs } = layers.at(-1)!;
  let step = 0;
  const update = (p: Float64Array, g: Float64Array, m: Float64Array, v: Float64Array) => {
    if (optimizer === "sgd") for (let i = 0; i < p.length; ++i) p[i]! -= learningRate * g[i]!;
    else { // Adam (Kingma and Ba 2015, algorithm 1)
      const rate = learningRate / (1 - 0.9 ** step), correction = 1 / (1 - 0.999 ** step);
      for (let i = 0; i < p.length; ++i) {
        m[i] = 0.9 * m[i]! + 0.1 * g[i]!; v[i] = 0.999 * v[i]! + 0.001 * g[i]! * g[i]!;
        p[i]! -= (rate * m[i]!) / (Math.sqrt(v[i]! * correction) + 1e-8);
      }
    }
  };
  return (x, target) => {
    ++step;
    layers.forEach(({ inputs, units, w, b, y }, l) => {
      multiply(batch, units, inputs, l ? layers[l - 1]!.y : x, inputs, 1, w, units, 1, y);
      for (let r = 0, i = 0; r < batch; ++r) for (let u = 0; u < units; ++u, ++i) {
        const z = y[i]! + b[u]!;
        y[i] = y === out ? z : hidden === "relu" ? Math.max(z, 0) : Math.tanh(z);
      }
    });
    if (loss === "squared error") for (let i = 0; i < out.length; ++i) dout[i] = (2 * (out[i]! - target[i]!)) / out.length;
    else for (let i = 0; i < out.length; i += outputs) {
      let max = -Infinity, sum = 0;
      for (let u = i; u < i + outputs; ++u) max = Math.max(max, out[u]!);
      for (let u = i; u < i + outputs; ++u) { out[u] = Math.exp(out[u]! - max); sum += out[u]!; }
      for (let u = i; u < i + outputs; ++u) { out[u]! /= sum; dout[u] = (out[u]! - target[u]!) / batch; }
    }
    for (let l = layers.length - 1; l >= 0; --l) {
      const { inputs, units, w, b, dw, db, dy, moments: [m, v, mb, vb] } = layers[l]!, below = layers[l - 1];
      multiply(inputs, units, batch, below ? below.y : x, 1, inputs, dy, units, 1, dw);
      db.fill(0);
      for (let r = 0, i = 0; r < batch; ++r) for (let u = 0; u < units; ++u, ++i) db[u]! += dy[i]!;
      if (below) {
        multiply(batch, inputs, units, dy, units, 1, w, 1, units, below.dy);
        for (let i = 0; i < below.y.length; ++i) below.dy[i]! *= hidden === "relu" ? (below.y[i]! > 0 ? 1 : 0) : 1 - below.y[i]! ** 2;
      }
      update(w, dw, m, v);
      update(b, db, mb, vb);
    }
    return out;
  };
}
