// Initializers: distributions, orthogonality, and what their values depend on.
import { describe, expect, test } from "vitest";
import { ChainruleError, OptionError } from "../src/errors.js";
import {
  constant,
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  type Initializer,
  lecunNormal,
  lecunUniform,
  normal,
  orthogonal,
  uniform,
  zeros,
} from "../src/initializers.js";
import { dense } from "../src/layers/dense.js";
import { meanSquaredError } from "../src/losses/regression.js";
import { network } from "../src/make.js";
import { uniform as draw, Stream } from "../src/random.js";
import { modelOf } from "./internals.js";

const random =
  (seed: number, parameter = 0) =>
  (element: number) =>
    draw(seed, Stream.Initialize, parameter, element);
const values = (initializer: Initializer, shape: number[], seed = 1) => initializer.fill(shape, random(seed));

const mean = (x: Float32Array) => x.reduce((s, v) => s + v, 0) / x.length;
const moment = (x: Float32Array, about: number, order: number) => x.reduce((s, v) => s + (v - about) ** order, 0) / x.length;

/** Mean and variance of a sample lie within 4 standard errors (99.99 % confidence each; seeds are fixed) of the distribution's;
 *  `kurtosis` is the distribution's fourth moment over its variance squared. */
function expectMoments(x: Float32Array, expectedMean: number, variance: number, kurtosis: number): void {
  expect(Math.abs(mean(x) - expectedMean)).toBeLessThan(4 * Math.sqrt(variance / x.length));
  expect(Math.abs(moment(x, expectedMean, 2) / variance - 1)).toBeLessThan(4 * Math.sqrt((kurtosis - 1) / x.length));
}
const uniformKurtosis = 9 / 5;
const normalKurtosis = 3;
// Of the standard normal cut off at ±2, with c = 2φ(2)·2 / (1 - 2Φ(-2)): E x² = 1 - c, E x⁴ = 3 - 7c.
const c = 0.2262588967;
const truncatedKurtosis = (3 - 7 * c) / (1 - c) ** 2;

describe("scaled by fans", () => {
  // [200, 300]: fanIn 200, fanOut 300. Convolution [3, 3, 20, 30]: fanIn 180, fanOut 270.
  const fans: [number[], number, number][] = [
    [[200, 300], 200, 300],
    [[3, 3, 20, 30], 180, 270],
    [[5000], 5000, 5000],
  ];
  const kinds: [Initializer, Initializer, (fanIn: number, fanOut: number) => number][] = [
    [glorotUniform(), glorotNormal(), (i, o) => 2 / (i + o)],
    [heUniform(), heNormal(), (i) => 2 / i],
    [lecunUniform(), lecunNormal(), (i) => 1 / i],
  ];
  const cases = kinds.flatMap(([u, n, variance]) => fans.map(([shape, i, o]) => [u, n, shape, variance(i, o)] as const));

  test.each(cases)("$0.type and $1.type for $2 have mean 0 and variance $3 within their bounds", (flat, bell, shape, variance) => {
    const a = values(flat, shape);
    expectMoments(a, 0, variance, uniformKurtosis);
    const limit = Math.sqrt(3 * variance) * (1 + 2 ** -24); // rounding to float32
    expect(a.every((v) => Math.abs(v) <= limit)).toBe(true);

    const b = values(bell, shape);
    expectMoments(b, 0, variance, truncatedKurtosis);
    const cut = (2 / 0.87962566103423978) * Math.sqrt(variance) * (1 + 2 ** -24);
    expect(b.every((v) => Math.abs(v) <= cut)).toBe(true);
  });
});

test("uniform keeps within [min, max] with the variance of its width", () => {
  const x = values(uniform({ min: -1, max: 3 }), [50, 400]);
  expectMoments(x, 1, 16 / 12, uniformKurtosis);
  expect(x.every((v) => v >= -1 && v <= 3)).toBe(true);
});

test("normal has its mean and standard deviation, and tails", () => {
  const x = values(normal({ mean: 2, std: 0.5 }), [50, 400]);
  expectMoments(x, 2, 0.25, normalKurtosis);
  const beyond = x.filter((v) => Math.abs(v - 2) > 1).length / x.length; // two standard deviations: 4.55 %
  expect(Math.abs(beyond - 0.0455)).toBeLessThan(4 * Math.sqrt(0.0455 / x.length));
});

test("a uniform number of exactly 0 gives a finite normal one", () => {
  for (const initializer of [normal(), heNormal()]) expect(initializer.fill([2], () => 0).every(Number.isFinite)).toBe(true);
});

test("zeros and constant", () => {
  expect([...values(zeros(), [2, 2])]).toEqual([0, 0, 0, 0]);
  expect([...values(constant(0.25), [3])]).toEqual([0.25, 0.25, 0.25]);
  expect([...values(constant(2), [])]).toEqual([2]);
});

describe("orthogonal", () => {
  test.each([[[1, 1]], [[3, 3]], [[5, 3]], [[4, 17]], [[64, 64]], [[3, 3, 4, 8]], [[100, 30]]])(
    "%j: the shorter side's vectors are orthonormal",
    (shape) => {
      const gain = 1.5;
      const x = values(orthogonal({ gain }), shape);
      const columns = shape.at(-1)!;
      const rows = x.length / columns;
      const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)];
      const at = (i: number, j: number) => x[columns > rows ? i * columns + j : j * columns + i]! / gain;
      for (let a = 0; a < count; ++a) {
        for (let b = 0; b <= a; ++b) {
          let dot = 0;
          for (let j = 0; j < length; ++j) dot += at(a, j) * at(b, j);
          expect(Math.abs(dot - (a === b ? 1 : 0))).toBeLessThan(1e-6);
        }
      }
    },
  );

  test("has no preferred direction: elements have mean 0 and variance 1/n over many matrices", () => {
    // Of a matrix that is uniform among the orthogonal ones; without the sign of the triangular factor the diagonal would lean to one side.
    const firsts = Float32Array.from({ length: 4000 }, (_, seed) => values(orthogonal(), [3, 3], seed)[0]!);
    expectMoments(firsts, 0, 1 / 3, (3 / 15) * 9); // E x⁴ = 3 / (n (n + 2))
  });

  test("refuses a vector by name", () => {
    expect(() => values(orthogonal(), [5])).toThrow("orthogonal: the parameter's shape is [5], expected two axes or more");
  });
});

describe("what values depend on", () => {
  const all = [glorotUniform(), glorotNormal(), heUniform(), heNormal(), lecunUniform(), lecunNormal(), uniform(), normal(), orthogonal()];

  test.each(all.map((i) => [i.type, i] as const))(
    "%s: the same seed gives the same bits, another seed or parameter others",
    (_, initializer) => {
      const first = initializer.fill([7, 5], random(3, 0));
      expect(initializer.fill([7, 5], random(3, 0))).toEqual(first);
      expect(initializer.fill([7, 5], random(4, 0))).not.toEqual(first);
      expect(initializer.fill([7, 5], random(3, 1))).not.toEqual(first);
    },
  );

  test("an element's number is its place among the logical elements", () => {
    const asked: number[] = [];
    heNormal().fill([3, 5], (element) => {
      asked.push(element);
      return 0.5;
    });
    expect(asked).toEqual(Array.from({ length: 15 }, (_, i) => i));
    const wide: number[] = [];
    orthogonal().fill([5, 3], (element) => {
      wide.push(element);
      return random(1)(element);
    });
    expect(wide.sort((a, b) => a - b)).toEqual(asked);
  });

  test.each(["wasm", "js"] as const)(
    "%s draws the same bits for a network's parameters, padded rows too, about any mean",
    async (backend) => {
      const drawn = [...all.slice(0, -1), normal({ mean: 2, std: 0.5 }), uniform({ min: -1, max: 3 })];
      for (const initializer of drawn) {
        const layers = [dense(5, { weight: zeros() }), dense(7, { weight: initializer })];
        const net = await network({ input: 3, layers, loss: meanSquaredError(), seed: 8, backend });
        // The weight is parameter 2 of the network.
        expect(net.parameters()[2]!.values, initializer.type).toEqual(initializer.fill([5, 7], random(8, 2)));
        net.dispose();
      }
    },
  );

  test("values of a fixed seed stay what they are", () => {
    // By the definition: Threefry's published block for key (0, 0), counter (0, 0) is 6b200159 99ba4efe.
    const u = (Math.floor(0x6b200159 / 32) * 2 ** 26 + Math.floor(0x99ba4efe / 64)) / 2 ** 53;
    expect(Stream.Initialize).toBe(0);
    expect(uniform({ min: 0, max: 1 }).fill([1], random(0, 0))[0]).toBe(Math.fround(u));
  });
});

test("initializers are plain data but for `fill`", () => {
  expect(JSON.parse(JSON.stringify(uniform({ max: 2 })))).toEqual({ type: "uniform", min: -0.05, max: 2 });
  expect(JSON.parse(JSON.stringify(orthogonal()))).toEqual({ type: "orthogonal", gain: 1 });
  expect(JSON.parse(JSON.stringify(heNormal()))).toEqual({ type: "heNormal" });
});

test("options out of range are refused by name", () => {
  expect(() => uniform({ min: 1, max: 0 })).toThrow("uniform: min is 1, expected at most max, which is 0");
  expect(() => normal({ std: -1 })).toThrow("normal: std is -1, expected a finite number at least 0");
  expect(() => constant(Number.NaN)).toThrow("constant: value is NaN, expected a finite number");
  expect(() => constant(1e39)).toThrow(OptionError);
  expect(() => orthogonal({ gain: Number.POSITIVE_INFINITY })).toThrow(ChainruleError);
});

test("the plan that draws a parameter is verified as all are: one that would write elsewhere is refused before it runs", async () => {
  const net = await network({ input: 3, layers: [dense(2)], loss: meanSquaredError(), seed: 1 });
  const model = modelOf(net);
  const [weight] = model.parameters;
  const { address } = weight!;
  const before = net.weightsHash();
  Object.assign(weight!, { address: weight!.address + 8 });
  expect(() => model.initialize()).toThrow(/record 0 \(draw of dense_1\.weight\): y is at \d+, expected a multiple of 16/);
  Object.assign(weight!, { address: model.region.views().u32.length * 4 });
  expect(() => model.initialize()).toThrow(/record 0 \(draw of dense_1\.weight\): y is bytes \[.*\), outside its slab/);
  Object.assign(weight!, { address });
  expect(net.weightsHash()).toBe(before);
});
