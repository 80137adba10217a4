// Optimizer steps, gradient clipping and penalties as kernels, against PyTorch's trajectories (test/golden) and float64 formulas.
import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { Status } from "../assembly/opcodes.js";
import {
  adadelta,
  adagrad,
  adam,
  adamax,
  adamW,
  dense,
  lion,
  meanSquaredError,
  nadam,
  network,
  radam,
  rmsprop,
  sgd,
} from "../src/index.js";
import { leastMean, leastStep } from "../src/optimizers/fading.js";
import { eachLastingWord, modelOf } from "./internals.js";
import { Twin } from "./twin.js";

let twin: Twin;
beforeEach(async () => {
  twin = await Twin.create();
});
const fround = Math.fround;

/** Floats of about unit size, the same in every run (Lehmer's generator, MINSTD). */
function numbers(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (state * 48271) % 2147483647;
    return (state / 2147483647 - 0.5) * 3;
  });
}

/** Writes to both memories. */
function poke(address: number, values: ArrayLike<number>): void {
  for (const v of [twin.wasm, twin.js]) v.f32.set(values, address >> 2);
}
const placeStatus = () => twin.placeIds([0, 0, 0, 0]);
const readStatus = (address: number) => twin.wasm.u32[address >> 2];

interface Options {
  type: string;
  learningRate: number | number[];
  momentum?: number;
  dampening?: number;
  nesterov?: boolean;
  weightDecay?: number;
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  amsgrad?: boolean;
  rho?: number;
  centered?: boolean;
  initialAccumulator?: number;
  momentumDecay?: number;
  clip?: { type: "globalNorm" | "norm" | "value"; value: number };
}

/** Slots of one slab of parameters and the step that uses them; t = 1, 2, … What the step's record will hold is computed here in float64. */
function stepper(o: Options, w: number, g: number, status: number, size: number): (t: number) => void {
  const slot = (value = 0) => twin.place(new Float32Array(size).fill(value));
  const rate = (t: number) => (typeof o.learningRate === "number" ? o.learningRate : o.learningRate[t - 1]!);
  const { momentum = 0, dampening = 0, weightDecay = 0, beta1 = 0, beta2 = 0, epsilon = 0, rho = 0, momentumDecay = 0 } = o;
  const call = (kernel: string, ...args: number[]) => twin.call(kernel, ...args.map((a) => (Number.isInteger(a) ? a : fround(a))), 0, size);
  // Before the step of those whose own op does not add it.
  const decay = () => {
    if (weightDecay > 0) call("penaltyBackward", g, w, 0, weightDecay / 2);
  };
  switch (o.type) {
    case "sgd": {
      if (!momentum) return (t) => call("sgdStep", w, g, status, rate(t), weightDecay);
      const v = slot();
      return (t) =>
        call("sgdMomentumStep", w, v, g, status, rate(t), t === 1 ? 1 : 1 - dampening, momentum, o.nesterov ? 1 : 0, weightDecay);
    }
    case "adam":
    case "adamW": {
      const [m, v, vMax] = [slot(), slot(), o.amsgrad ? slot() : 0];
      const decoupled = o.type === "adamW";
      return (t) => {
        const stepSize = rate(t) / (1 - beta1 ** t);
        const inverseRootBias2 = 1 / Math.sqrt(1 - beta2 ** t);
        const left = decoupled ? 1 - rate(t) * weightDecay : 1;
        if (!decoupled) decay();
        call("adamStep", w, m, v, vMax, g, status, stepSize, inverseRootBias2, left, beta1, 1 - beta1, beta2, 1 - beta2, epsilon);
      };
    }
    case "adamax": {
      const [m, u] = [slot(), slot()];
      return (t) => {
        decay();
        call("adamaxStep", w, m, u, g, status, rate(t) / (1 - beta1 ** t), beta1, 1 - beta1, beta2, epsilon);
      };
    }
    case "nadam": {
      const [m, v] = [slot(), slot()];
      const mu = (t: number) => beta1 * (1 - 0.5 * 0.96 ** (t * momentumDecay));
      const left = (t: number) => 1 - Array.from({ length: t }, (_, s) => mu(s + 1)).reduce((a, b) => a * b);
      return (t) => {
        const ofMoment = (rate(t) * mu(t + 1)) / left(t + 1);
        const ofGradient = (rate(t) * (1 - mu(t))) / left(t);
        const inverseRootBias2 = 1 / Math.sqrt(1 - beta2 ** t);
        const averages = [beta1, 1 - beta1, beta2, 1 - beta2] as const;
        decay();
        call("nadamStep", w, m, v, g, status, ofMoment, ofGradient, inverseRootBias2, ...averages, epsilon);
      };
    }
    case "radam": {
      const [m, v] = [slot(), slot()];
      const longest = 2 / (1 - beta2) - 1;
      return (t) => {
        const r = longest - (2 * t * beta2 ** t) / (1 - beta2 ** t);
        const rectified = Math.sqrt(((r - 4) * (r - 2) * longest * (1 - beta2 ** t)) / ((longest - 4) * (longest - 2) * r));
        const [factor, ofRoot, floor] = r > 5 ? [rectified, 1, epsilon] : [1, 0, 1];
        const stepSize = (rate(t) / (1 - beta1 ** t)) * factor;
        decay();
        call("radamStep", w, m, v, g, status, stepSize, ofRoot, floor, beta1, 1 - beta1, beta2, 1 - beta2);
      };
    }
    case "adadelta": {
      const [v, squares] = [slot(), slot()];
      return (t) => {
        decay();
        call("adadeltaStep", w, v, squares, g, status, rate(t), rho, 1 - rho, epsilon);
      };
    }
    case "lion": {
      const m = slot();
      return (t) => call("lionStep", w, m, g, status, rate(t), 1 - rate(t) * weightDecay, beta1, 1 - beta1, beta2, 1 - beta2);
    }
    case "rmsprop": {
      const [v, mean, velocity] = [slot(), o.centered ? slot() : 0, momentum ? slot() : 0];
      return (t) => {
        decay();
        call("rmspropStep", w, v, mean, velocity, g, status, rate(t), rho, 1 - rho, epsilon, momentum);
      };
    }
    default: {
      const h = slot(o.initialAccumulator);
      return (t) => {
        decay();
        call("adagradStep", w, h, g, status, rate(t), epsilon);
      };
    }
  }
}

describe("PyTorch's trajectories", () => {
  interface Tensor {
    shape: number[];
    data: number[];
  }
  interface Case {
    name: string;
    optimizer: Options;
    inputs: string;
    rtol: number;
    atol: number;
    weights: number[][][];
  }
  const golden = JSON.parse(readFileSync("test/golden/cases/optimizers.json", "utf8")) as {
    inputs: Record<string, { parameters: Tensor[]; gradients: number[][][] }>;
    cases: Case[];
  };
  const { cases } = golden;

  // Parameters lie in one slab as [3, 5] with rows padded to 8 and [7] padded to 8; all padding is zero.
  const offsets = [
    [0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 16, 17, 18, 19, 20],
    [24, 25, 26, 27, 28, 29, 30],
  ];
  const ranges = [
    [0, 24],
    [24, 32],
  ] as const;
  const slab = (parts: readonly ArrayLike<number>[]) => {
    const out = new Float32Array(32);
    for (const [p, part] of parts.entries()) for (const [i, at] of offsets[p]!.entries()) out[at] = part[i]!;
    return out;
  };

  test.each(cases.map((c) => [c.name, c] as const))("%s", (_, { optimizer, inputs, rtol, atol, weights }) => {
    const { parameters, gradients } = golden.inputs[inputs]!;
    const w = twin.place(slab(parameters.map((p) => p.data)));
    const g = twin.reserve(32);
    const [status, sum] = [placeStatus(), twin.reserve(2)];
    const step = stepper(optimizer, w, g, status, 32);
    for (let t = 1; t <= 10; ++t) {
      poke(g, slab(gradients[t - 1]!));
      const { type, value } = optimizer.clip ?? { type: "none", value: 0 };
      if (type === "globalNorm") {
        twin.call("sumSquares", sum, status, g, 0, 32);
        twin.call("clipGlobalNorm", g, twin.readF64(sum), fround(value), 0, 32);
      }
      if (type === "norm") for (const [begin, end] of ranges) twin.call("clipNorm", g, status, fround(value), begin, end);
      if (type === "value") twin.call("clipValue", g, status, fround(value), 0, 32);
      step(t);
      const now = twin.read(w, 32);
      for (const [p, expected] of weights[t - 1]!.entries()) {
        for (const [i, b] of expected.entries()) {
          expect(Math.abs(now[offsets[p]![i]!]! - b)).toBeLessThanOrEqual(atol + rtol * Math.abs(b));
        }
      }
      const padding = [...now].filter((_, at) => !offsets.flat().includes(at));
      expect(padding.every((x) => Object.is(x, 0))).toBe(true);
    }
    expect(readStatus(status)).toBe(0);
  });

  test("there are 40 of them", () => expect(cases.length).toBe(40));
});

const everyKind: [string, Options][] = [
  ["sgd", { type: "sgd", learningRate: 0.1 }],
  ["sgd with weight decay", { type: "sgd", learningRate: 0.1, weightDecay: 0.01 }],
  ["momentum", { type: "sgd", learningRate: 0.1, momentum: 0.9, dampening: 0.1 }],
  ["momentum with weight decay", { type: "sgd", learningRate: 0.1, momentum: 0.9, weightDecay: 0.01 }],
  ["nesterov", { type: "sgd", learningRate: 0.1, momentum: 0.9, nesterov: true }],
  ["adam", { type: "adam", learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }],
  ["amsgrad", { type: "adamW", learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, amsgrad: true }],
  ["rmsprop", { type: "rmsprop", learningRate: 0.01, rho: 0.9, epsilon: 1e-7 }],
  ["rmsprop with all slots", { type: "rmsprop", learningRate: 0.01, rho: 0.9, epsilon: 1e-7, centered: true, momentum: 0.9 }],
  ["adagrad", { type: "adagrad", learningRate: 0.01, epsilon: 1e-7, initialAccumulator: 0.1 }],
  ["adamax", { type: "adamax", learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1 }],
  ["nadam", { type: "nadam", learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, momentumDecay: 0.004 }],
  ["radam, from its sixth step on adaptive", { type: "radam", learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }],
  ["radam, soon adaptive", { type: "radam", learningRate: 0.01, beta1: 0.9, beta2: 0.8, epsilon: 1e-8, weightDecay: 0.1 }],
  ["adadelta", { type: "adadelta", learningRate: 1, rho: 0.9, epsilon: 1e-6 }],
  ["lion", { type: "lion", learningRate: 0.01, beta1: 0.9, beta2: 0.99 }],
  ["lion with weight decay", { type: "lion", learningRate: 0.01, beta1: 0.9, beta2: 0.99, weightDecay: 0.1 }],
];

describe("every optimizer", () => {
  test.each(everyKind)("%s: the same bits in both languages for tiny, huge and zero values, at any size", (_, options) => {
    for (const size of [4, 8, 20, 64, 260]) {
      twin.reset();
      const values = numbers(size, size);
      const scales = [1, 1e-30, 1e15, 0, -0, 1e-44, 1e-8];
      const w = twin.place(values.map((x, i) => x * scales[i % 7]!));
      const g = twin.place(values.map((x, i) => x * scales[(i * 3 + 1) % 7]!));
      const status = placeStatus();
      const step = stepper(options, w, g, status, size);
      for (let t = 1; t <= 3; ++t) step(t);
      expect(readStatus(status)).toBe(0);
    }
  });

  test.each(everyKind)("%s: a gradient or weight that is not finite is reported, wherever it is, and bits are added", (_, options) => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (const at of [0, 5, 14, 19]) {
        twin.reset();
        const [w, g] = [twin.place(numbers(20, 1)), twin.place(numbers(20, 2).map((x, i) => (i === at ? value : x)))];
        const status = twin.placeIds([Status.Loss, 0, 0, 0]);
        stepper(options, w, g, status, 20)(1);
        expect(readStatus(status)).toBe(Status.Loss | Status.Gradient | Status.Weight);

        poke(g, numbers(20, 2));
        poke(
          w,
          numbers(20, 1).map((x, i) => (i === at ? value : x)),
        );
        const again = placeStatus();
        const l2 = { ...options, weightDecay: 0 };
        stepper(l2, w, g, again, 20)(1);
        expect(readStatus(again)).toBe(Status.Weight);
      }
    }
  });

  test.each(everyKind)("%s: shares of the range give the bits of the whole", (_, options) => {
    const run = (ranges: [number, number][]) => {
      twin.reset();
      const [w, g, status] = [twin.place(numbers(64, 1)), twin.place(numbers(64, 2)), placeStatus()];
      const call = twin.call.bind(twin);
      const step = stepper(options, w, g, status, 64);
      twin.call = (kernel, ...args) => {
        for (const range of ranges) call(kernel, ...args.slice(0, -2), ...range);
      };
      for (let t = 1; t <= 3; ++t) step(t);
      twin.call = call;
      return twin.read(w, 64);
    };
    expect(
      run([
        [0, 12],
        [12, 16],
        [16, 64],
      ]),
    ).toEqual(run([[0, 64]]));
  });
});

test("centered rmsprop: the variance of gradients that hardly vary is theirs, not what rounding leaves of their squares", () => {
  const count = 64;
  const base = 2;
  const next = numbers(1000 * count, 9);
  const [w, g, status] = [twin.place(new Float32Array(count)), twin.place(new Float32Array(count)), placeStatus()];
  const step = stepper({ type: "rmsprop", learningRate: 1, rho: 0.9, epsilon: 1e-7, centered: true }, w, g, status, count);
  const [mean, square, expected] = Array.from({ length: 3 }, () => new Float64Array(count));
  let before = new Float32Array(count);
  for (let t = 1; t <= 1000; ++t) {
    // Of one part in a thousand, so that of the squares float32 holds one digit of what varies.
    const gradients = Float32Array.from({ length: count }, (_, i) => base * (1 + 1e-3 * next[(t - 1) * count + i]!));
    poke(g, gradients);
    step(t);
    const after = Float32Array.from(twin.read(w, count));
    for (let i = 0; i < count; ++i) {
      mean![i] = 0.9 * mean![i]! + 0.1 * gradients[i]!;
      square![i] = 0.9 * square![i]! + 0.1 * gradients[i]! ** 2;
      expected![i] = gradients[i]! / (Math.sqrt(square![i]! - mean![i]! ** 2) + 1e-7);
      // The weights, up to some millions, hold a step to 0.5.
      if (t > 200) expect(Math.abs(before[i]! - after[i]! - expected![i]!)).toBeLessThan(1 + 0.01 * expected![i]!);
    }
    before = after;
  }
  expect(readStatus(status)).toBe(0);
});

test("adamax: where every gradient was 0 the state stays 0 and the weight its bits; the first that is not makes the first step", () => {
  const options = { type: "adamax", learningRate: 0.5, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  const [w, g, status] = [twin.place([0, -0, 1, 2]), twin.place([0, -0, 0, 0]), placeStatus()];
  const step = stepper(options, w, g, status, 4);
  step(1);
  expect([...twin.read(w, 4)]).toEqual([0, -0, 1, 2]);
  poke(g, [0, 0, 3, -3]);
  step(2);
  // m = 0.3, u = 3, corrected by 1 - 0.9² = 0.19: a step of 0.5 · 0.1 / 0.19.
  const expected = [0, 0, 1 - 0.05 / 0.19, 2 + 0.05 / 0.19];
  for (const [i, value] of twin.read(w, 4).entries()) expect(Math.abs(value - expected[i]!)).toBeLessThan(2e-7); // a rounding or two of numbers near 2
  expect(readStatus(status)).toBe(0);
});

test("lion: steps by the rate whatever the gradient's size, and not where it is 0", () => {
  const values = [1e-30, -1e30, 0, -0, 1e-44, -5, 3.4e38, 0];
  const [w, g, status] = [twin.place(values.map(() => 1)), twin.place(values), placeStatus()];
  stepper({ type: "lion", learningRate: 0.25, beta1: 0, beta2: 0.99 }, w, g, status, 8)(1);
  expect([...twin.read(w, 8)]).toEqual([0.75, 1.25, 1, 1, 0.75, 1.25, 0.75, 1]);
  expect(readStatus(status)).toBe(0);
});

test("nadam: a step's factors are Dozat's, early and late, whichever step came before", () => {
  const { factors } = nadam({ learningRate: 0.5, beta1: 0.9, beta2: 0.99 });
  const mu = (t: number) => 0.9 * (1 - 0.5 * 0.96 ** (t * 0.004));
  const left = (t: number) => 1 - Array.from({ length: t }, (_, s) => mu(s + 1)).reduce((a, b) => a * b);
  for (const t of [1, 2, 3000, 50, 10, 1]) {
    const out = new Float32Array(3);
    factors(t, out, 0);
    const expected = [(0.5 * mu(t + 1)) / left(t + 1), (0.5 * (1 - mu(t))) / left(t), 1 / Math.sqrt(1 - 0.99 ** t)];
    // Of one rounding to float32.
    for (const [i, value] of expected.entries()) expect(Math.abs(out[i]! / value - 1)).toBeLessThan(2 ** -23);
  }
});

test.each([
  ["nadam", { type: "nadam", learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8 }],
  ["radam", { type: "radam", learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8 }],
  ["adadelta", { type: "adadelta", learningRate: 1, rho: 0.9, epsilon: 1e-6 }],
])("%s: a gradient whose square overflows is reported, not ignored for ever", (_, options) => {
  const [w, g, status] = [twin.place([1, 1, 1, 1]), twin.place([0, 1e25, 0, 0]), placeStatus()];
  stepper(options, w, g, status, 4)(1);
  expect(readStatus(status)).toBe(Status.Weight);
});

describe("the average of the weights", () => {
  test("is the float64 formula's, at any size", () => {
    for (const size of [4, 20, 64]) {
      const [before, weights] = [numbers(size, 1), numbers(size, 2)];
      const average = twin.place(before);
      twin.call("emaStep", average, twin.place(weights), fround(1 - 0.9), 0, size);
      for (const [i, value] of twin.read(average, size).entries())
        expect(Math.abs(value - (0.9 * before[i]! + 0.1 * weights[i]!))).toBeLessThan(3e-7); // three roundings of numbers below 2
    }
  });

  test("of weights that stay is those weights, to the bit, however slow the decay", () => {
    const weights = numbers(64, 3);
    const [average, w] = [twin.place(weights), twin.place(weights)];
    for (let t = 0; t < 100; ++t) twin.call("emaStep", average, w, fround(1 - 0.9999), 0, 64);
    expect(twin.read(average, 64)).toEqual(weights);
  });
});

describe("numbers below the normal range", () => {
  const least = 2 ** -126;
  const values = [least, -least, least - 2 ** -149, -(2 ** -149), 2 ** -130, -0, 0, 1, -Infinity, Number.NaN, 3e38, -(2 ** -127)];
  const flushed = [least, -least, 0, 0, 0, 0, 0, 1, -Infinity, Number.NaN, 3e38, 0];

  test("become +0 in every so many steps, and all others stay", () => {
    const x = twin.place(values);
    for (const step of [1, 63, 65, 127]) twin.call("flushSubnormals", x, step, 64, least, 0, 12);
    expect(twin.read(x, 12)).toEqual(Float32Array.from(values));
    twin.call("flushSubnormals", x, 128, 64, least, 4, 8);
    expect(twin.read(x, 12)).toEqual(Float32Array.from([...values.slice(0, 4), ...flushed.slice(4, 8), ...values.slice(8)]));
    twin.call("flushSubnormals", x, 128, 64, least, 0, 12);
    expect(twin.read(x, 12)).toEqual(Float32Array.from(flushed));
  });

  test.each([0.5, 0.8, 0.9, 0.999])("are foreseen until the next look, 64 steps on, of means that keep %d a step, up to 2^-96", (left) => {
    // Powers are rounded.
    for (const [least, factor] of [
      [leastMean(left), 1],
      [leastStep(left), 2 ** -20], // a step of a learning rate over a root of squares
    ] as const)
      if (least < 2 ** -96) expect((least * factor * left ** 64) / 2 ** -126).toBeCloseTo(1, 12);
      else {
        expect(least).toBe(2 ** -96);
        expect(least * factor * left ** 64).toBeLessThan(2 ** -126);
      }
    expect([leastMean(0), leastStep(0)]).toEqual([2 ** -96, 2 ** -96]); // no mean at all
  });

  test.each([
    adam(),
    adam({ beta1: 0.95, beta2: 0.9, amsgrad: true }),
    adam({ groups: [{ match: "*.bias", frozen: true }] }),
    adamW(),
    adamax(),
    nadam(),
    radam(),
    sgd({ momentum: 0.9 }),
    sgd({ momentum: 0.8, nesterov: true }),
    rmsprop({ rho: 0.9 }),
    rmsprop({ rho: 0.95, centered: true, momentum: 0.9 }),
    adagrad(),
    adadelta(),
    lion({ beta2: 0.9 }),
  ])("are never an optimizer's state while gradients stay 0 ($type, $options)", async (optimizer) => {
    const build = (backend: "wasm" | "js") =>
      network({ input: 3, layers: [dense(5, { activation: "tanh" }), dense(2)], loss: meanSquaredError(), optimizer, seed: 1, backend });
    const hashes: string[] = [];
    for (const net of [await build("wasm"), await build("js")]) {
      net.trainOnBatch([[1, 2, 3]], [[1, 1]]);
      // Inputs of 0 have no part in any output: the first layer's weights get gradients of 0 from now on.
      const model = modelOf(net);
      const { u32, f32 } = model.region.views();
      let subnormal = 0;
      for (let step = 2; step <= 1024; ++step) {
        net.trainOnBatch([[0, 0, 0]], [[1, 1]]);
        eachLastingWord(model, "slots", (at) => {
          if (f32[at] !== 0 && (u32[at]! & 0x7f800000) === 0) subnormal += 1;
        });
      }
      expect(subnormal).toBe(0);
      hashes.push(net.weightsHash());
    }
    expect(hashes[0]).toBe(hashes[1]);
  });
});

describe("clipping", () => {
  const sizes = [4, 8, 12, 16, 20, 64, 4100];

  test.each(sizes)("sumSquares of %i elements is the float64 sum", (size) => {
    const values = numbers(size, 3);
    const [out, status] = [twin.reserve(2), placeStatus()];
    twin.call("sumSquares", out, status, twin.place(values), 0, size);
    const exact = values.reduce((sum, x) => sum + x * x, 0);
    expect(Math.abs(twin.readF64(out) / exact - 1)).toBeLessThan(size * 2 ** -53); // error bound of a sum of positive numbers
    expect(readStatus(status)).toBe(0);
  });

  test("sumSquares holds the squares of the largest floats, and reports what is not finite", () => {
    const values = new Float32Array(20).fill(3.4028234663852886e38);
    const [out, status, g] = [twin.reserve(2), placeStatus(), twin.place(values)];
    twin.call("sumSquares", out, status, g, 0, 20);
    expect(twin.readF64(out)).toBe(20 * 3.4028234663852886e38 ** 2);
    expect(readStatus(status)).toBe(0);
    for (const bad of [Number.NaN, Number.NEGATIVE_INFINITY]) {
      const reported = placeStatus();
      poke(
        g,
        values.map((x, i) => (i === 17 ? bad : x)),
      );
      twin.call("sumSquares", out, reported, g, 0, 20);
      expect(readStatus(reported)).toBe(Status.Gradient);
    }
  });

  test("clipGlobalNorm scales to the limit, or leaves the bits alone", () => {
    const values = numbers(64, 4);
    const sum = values.reduce((s, x) => s + x * x, 0);
    const g = twin.place(values);
    twin.call("clipGlobalNorm", g, sum, fround(Math.sqrt(sum) * 1.0001), 0, 64);
    expect(twin.read(g, 64)).toEqual(values);
    twin.call("clipGlobalNorm", g, sum, 0.5, 0, 64);
    const norm = Math.sqrt(twin.read(g, 64).reduce((s, x) => s + x * x, 0));
    expect(Math.abs(norm - 0.5)).toBeLessThan(1e-7); // factor and products each round by 2^-24 at most
  });

  test("clipNorm scales one tensor to the limit, or leaves its bits alone, and reports what is not finite", () => {
    const values = numbers(20, 4);
    const [g, status] = [twin.place(values), placeStatus()];
    const norm = () => Math.sqrt(twin.read(g, 20).reduce((s, x) => s + x * x, 0));
    twin.call("clipNorm", g, status, fround(norm() * 1.0001), 0, 20);
    expect(twin.read(g, 20)).toEqual(values);
    twin.call("clipNorm", g, status, 0.5, 0, 20);
    expect(Math.abs(norm() - 0.5)).toBeLessThan(1e-7); // factor and products each round by 2^-24 at most
    expect(readStatus(status)).toBe(0);
    poke(g, [Number.NaN]);
    twin.call("clipNorm", g, status, 0.5, 0, 20);
    expect(readStatus(status)).toBe(Status.Gradient);
  });

  test("clipValue holds elements within the limit and hands on NaN; what was not finite is reported", () => {
    const values = [0.5, -0.5, 2, -2, 0.75, -0.75, -0, 1e38];
    const [g, status] = [twin.place(values), placeStatus()];
    twin.call("clipValue", g, status, 0.75, 0, 8);
    expect([...twin.read(g, 8)]).toEqual([0.5, -0.5, 0.75, -0.75, 0.75, -0.75, -0, 0.75]);
    expect(readStatus(status)).toBe(0);
    for (const [bad, becomes] of [
      [Number.NaN, Number.NaN],
      [Number.POSITIVE_INFINITY, 0.75],
      [Number.NEGATIVE_INFINITY, -0.75],
    ] as const) {
      const reported = placeStatus();
      poke(g, [...values.slice(0, 5), bad, ...values.slice(6)]);
      twin.call("clipValue", g, reported, 0.75, 0, 8);
      expect(twin.read(g, 8)[5]).toBe(becomes);
      expect(readStatus(reported)).toBe(Status.Gradient);
    }
  });
});

describe("penalties", () => {
  const factors = [
    [0.01, 0],
    [0, 0.02],
    [0.3, 0.1],
  ].map(([l1, l2]) => [fround(l1!), fround(l2!)] as const);

  test.each(factors)("l1 %f, l2 %f: value and gradient are the float64 formula's", (l1, l2) => {
    for (const size of [4, 8, 20, 64, 1028]) {
      twin.reset();
      const values = numbers(size, 6).map((x, i) => (i % 5 === 3 ? 0 : x));
      const [w, out, status] = [twin.place(values), twin.reserve(2), placeStatus()];
      for (const v of [twin.wasm, twin.js]) v.f64[out >> 3] = 0.25;
      twin.call("penaltyForward", out, status, w, l1, l2, 0, size);
      const expected = values.reduce((sum, x) => sum + l1 * Math.abs(x) + l2 * x * x, 0.25);
      expect(Math.abs(twin.readF64(out) / expected - 1)).toBeLessThan(size * 2 ** -52); // every term is positive
      expect(readStatus(status)).toBe(0);

      const before = numbers(size, 8);
      const dw = twin.place(before);
      twin.call("penaltyBackward", dw, w, l1, l2, 0, size);
      const after = twin.read(dw, size);
      for (let i = 0; i < size; ++i) {
        const exact = before[i]! + l1 * Math.sign(values[i]!) + 2 * l2 * values[i]!;
        expect(Math.abs(after[i]! - exact)).toBeLessThan(2e-7 * 3); // three roundings of numbers below 2
        if (values[i] === 0) expect(after[i]).toBe(before[i]);
      }
    }
  });

  test("a weight that is not finite shows in the status and in its gradient; zero padding stays +0", () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const [w, out, status] = [twin.place([1, bad, 0, -0]), twin.place([0, 0]), placeStatus()];
      const dw = twin.place([0, 0, 0, 0]);
      twin.call("penaltyForward", out, status, w, 0.5, 0.5, 0, 4);
      expect(readStatus(status)).toBe(Status.Loss);
      twin.call("penaltyBackward", dw, w, 0.5, 0.5, 0, 4);
      expect([...twin.read(dw, 4)]).toEqual([1.5, bad, 0, 0]);
    }
  });
});
