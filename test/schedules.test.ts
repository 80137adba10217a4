// Learning rate schedules. PyTorch's rates: the golden cases; here what they leave out.
import { describe, expect, test } from "vitest";
import { adam, adamW, dense, FormatError, meanSquaredError, type Network, network, OptionError, schedules, sgd } from "../src/index.js";
import { restoreOptimizer } from "../src/optimizers.js";
import { modelOf } from "./internals.js";
import { sparse } from "./refusals.js";

const {
  constant,
  cosine,
  cosineWarmRestarts,
  cyclic,
  exponential,
  list,
  multiStep,
  oneCycle,
  polynomial,
  reduceOnPlateau,
  step,
  warmupCosine,
} = schedules;

/** One of each kind, with every option set. */
const all: readonly schedules.Schedule[] = [
  constant({ base: 0.3 }),
  step({ base: 0.3, stepSize: 7, gamma: 0.5 }),
  multiStep({ base: 0.3, milestones: [3, 3, 20], gamma: 0.5 }),
  exponential({ base: 0.3, gamma: 0.97 }),
  polynomial({ base: 0.3, totalSteps: 40, power: 1.7, end: 0.01 }),
  cosine({ base: 0.3, totalSteps: 40, min: 0.01 }),
  cosineWarmRestarts({ base: 0.3, firstPeriod: 5, periodFactor: 3, min: 0.01 }),
  warmupCosine({ base: 0.3, warmupSteps: 10, totalSteps: 40, min: 0.01, startFactor: 0.2 }),
  oneCycle({ max: 0.3, totalSteps: 40, warmupFraction: 0.4, anneal: "cos", divFactor: 10, finalDivFactor: 100, threePhase: true }),
  cyclic({ min: 0.01, max: 0.3, stepsUp: 5, stepsDown: 8, mode: "expRange", gamma: 0.99 }),
  reduceOnPlateau({
    base: 0.3,
    mode: "max",
    factor: 0.5,
    patience: 1,
    threshold: 0.1,
    thresholdMode: "abs",
    cooldown: 1,
    min: 0.1,
    epsilon: 0,
  }),
];
const named = all.map((schedule) => [schedule.type, schedule] as const);

describe.each(named)("%s", (_, schedule) => {
  test("never leaves [0, highest]", () => {
    for (let i = 0; i < 200; ++i) {
      expect(schedule.rate(i)).toBeGreaterThanOrEqual(0);
      expect(schedule.rate(i)).toBeLessThanOrEqual(schedule.highest);
    }
  });

  test("comes back from a saved optimizer with the same rates, to the bit", () => {
    const { type, options } = adam({ learningRate: schedule });
    const { schedule: restored } = restoreOptimizer(type, JSON.parse(JSON.stringify(options)));
    for (let i = 0; i < 100; ++i) expect(restored.rate(i)).toBe(schedule.rate(i));
    expect(restored.options).toEqual(schedule.options);
  });

  test("takes no time for an update far away", () => {
    const begun = performance.now();
    for (let i = 0; i < 1000; ++i) expect(schedule.rate(2 ** 31 - i)).toBeLessThanOrEqual(schedule.highest);
    expect(performance.now() - begun).toBeLessThan(1000);
  });
});

test.each([
  ["polynomial", polynomial({ base: 0.3, totalSteps: 9, end: 0.1 }), 0.1],
  ["cosine", cosine({ base: 0.3, totalSteps: 9, min: 0.1 }), 0.1],
  ["warmupCosine", warmupCosine({ base: 0.3, warmupSteps: 2, totalSteps: 9, min: 0.1 }), 0.1],
  ["oneCycle", oneCycle({ max: 0.3, totalSteps: 9, divFactor: 1, finalDivFactor: 3 }), 0.3 / 3],
])("%s stays at its last rate", (_, schedule, last) => {
  for (const i of [9, 10, 1000]) expect(schedule.rate(i)).toBe(last);
});

// The phases by hand: up to 0.2 · 50 - 1 = 9, down to 18, on to 49.
test("oneCycle in three phases turns where PyTorch's does", () => {
  const { rate } = oneCycle({
    max: 1,
    totalSteps: 50,
    warmupFraction: 0.2,
    anneal: "linear",
    divFactor: 4,
    finalDivFactor: 5,
    threePhase: true,
  });
  for (const [i, expected] of [
    [0, 0.25],
    [9, 1],
    [18, 0.25],
    [49, 0.05],
    [6, 0.75],
    [15, 0.5],
  ] as const)
    expect(Math.abs(rate(i) - expected)).toBeLessThan(1e-15);
});

test("oneCycle may begin at its top", () => {
  const { rate } = oneCycle({ max: 1, totalSteps: 10, warmupFraction: 0.1 });
  expect(rate(0)).toBe(1);
  expect(oneCycle({ max: 1, totalSteps: 10, warmupFraction: 0 }).rate(9)).toBeCloseTo(1 / 25 / 10000, 12);
});

test("expRange shrinks the height with every update", () => {
  const { rate } = cyclic({ min: 1, max: 3, stepsUp: 2, stepsDown: 4, mode: "expRange", gamma: 0.5 });
  // Heights 0, 1/2, 1, 3/4, 1/2, 1/4 of 2, times 0.5^i.
  expect([0, 1, 2, 3, 4, 5, 6, 7].map(rate)).toEqual([1, 1.5, 1.5, 1.1875, 1.0625, 1.015625, 1, 1.0078125]);
});

describe("reduceOnPlateau", () => {
  const options = { base: 1, factor: 0.5, patience: 1, cooldown: 1, threshold: 0.1 };
  const metrics = [5, 4.9, Number.NaN, 4.9, 4.9, 4.9, 4, 4, 4];

  test("falls after too many metrics that are no better, NaN among them, and waits for its cooldown", () => {
    const schedule = reduceOnPlateau(options);
    const rates = metrics.map((metric) => {
      schedule.observe(metric);
      return schedule.rate(0);
    });
    // 4.9 is not 10 % better than 5; the fall at NaN; one metric cools, the next two are bad; 4 is better.
    expect(rates).toEqual([1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125]);
  });

  test("goes on from its saved state, at any point, as if nothing had been", () => {
    for (let at = 0; at <= metrics.length; ++at) {
      const [whole, first, second] = [reduceOnPlateau(options), reduceOnPlateau(options), reduceOnPlateau(options)];
      metrics.forEach(whole.observe);
      metrics.slice(0, at).forEach(first.observe);
      second.restore(JSON.parse(JSON.stringify(first.state())));
      metrics.slice(at).forEach(second.observe);
      expect(second.state()).toEqual(whole.state());
    }
  });

  test.each([
    [{ rate: 2, best: 1, bad: 0, cooldown: 0 }, /state.rate is 2/],
    [{ rate: 1, best: Number.NaN, bad: 0, cooldown: 0 }, /state.best is NaN/],
    [{ rate: 1, best: 1, bad: 2, cooldown: 0 }, /state.bad is 2/],
    [{ rate: 1, best: 1, bad: 0, cooldown: -1 }, /state.cooldown is -1/],
    [{ rate: 1, best: 1, bad: 0, cooldown: 0, what: 1 }, /unknown option "what"/],
  ])("refuses the state %j", (state, message) => {
    expect(() => reduceOnPlateau(options).restore(state)).toThrow(message);
  });
});

// biome-ignore lint/suspicious/noExplicitAny: what types forbid and JavaScript does not
type Factory = (options: any) => unknown;

test.each<[string, Factory, object, RegExp]>([
  ["no rate", constant, { base: "fast" }, /constant: base is "fast"/],
  ["a negative rate", constant, { base: -1 }, /constant: base is -1, expected a finite number at least 0/],
  ["an unknown option", cosine, { base: 1, steps: 5 }, /cosine: unknown option "steps"/],
  ["no steps", cosine, { base: 1 }, /cosine: totalSteps is undefined/],
  ["a floor above the base", cosine, { base: 1, totalSteps: 5, min: 2 }, /cosine: min is 2, expected at most base, 1/],
  ["an empty list", list, { rates: [] }, /list: rates is an array of 0/],
  ["no list", list, {}, /list: rates is undefined/],
  ["a list with a hole", list, { rates: [1, undefined] }, /list: rates\[1\] is undefined/],
  ["half a step", step, { stepSize: 0.5 }, /step: stepSize is 0.5/],
  ["a factor of 0", step, { stepSize: 5, gamma: 0 }, /step: gamma is 0/],
  ["no milestones", multiStep, { milestones: [] }, /multiStep: milestones is an array of 0/],
  ["a hole among the milestones", multiStep, { milestones: sparse((_) => [1, _, 3]) }, /milestones\[1\] is undefined/],
  ["milestones out of order", multiStep, { milestones: [5, 3] }, /milestones\[1\] is 3, expected at least the one before it, 5/],
  ["no gamma", exponential, {}, /exponential: gamma is undefined/],
  ["no power", polynomial, { totalSteps: 5, power: 0 }, /polynomial: power is 0/],
  ["a period of 0", cosineWarmRestarts, { firstPeriod: 0 }, /firstPeriod is 0/],
  ["a shrinking period", cosineWarmRestarts, { firstPeriod: 5, periodFactor: 0.5 }, /periodFactor is 0.5/],
  ["nothing after the warmup", warmupCosine, { warmupSteps: 5, totalSteps: 5 }, /totalSteps is 5, expected more than warmupSteps, 5/],
  ["a warmup from above", warmupCosine, { warmupSteps: 5, totalSteps: 9, startFactor: 2 }, /startFactor is 2/],
  ["no maximum", oneCycle, { totalSteps: 5 }, /oneCycle: max is undefined/],
  ["three phases in one", oneCycle, { max: 1, totalSteps: 5, warmupFraction: 0.6, threePhase: true }, /warmupFraction is 0.6/],
  ["an unknown curve", oneCycle, { max: 1, totalSteps: 5, anneal: "exp" }, /anneal is "exp"/],
  ["a cycle upside down", cyclic, { min: 2, max: 1, stepsUp: 5 }, /min is 2, expected at most max, 1/],
  ["an unknown mode", cyclic, { min: 0, max: 1, stepsUp: 5, mode: "saw" }, /mode is "saw"/],
  ["a factor that does nothing", reduceOnPlateau, { factor: 1 }, /factor is 1/],
  ["no options at all", cyclic, null as never, /cyclic: options are null/],
])("%s is refused", (_, make, options, message) => {
  expect(() => make(options)).toThrow(message);
  expect(() => make(options)).toThrow(OptionError);
});

describe("a learning rate", () => {
  test("may be a number, a schedule, or a schedule's plain data", () => {
    const data = { type: "cosine", options: { base: 0.1, totalSteps: 10 } };
    for (const learningRate of [cosine({ base: 0.1, totalSteps: 10 }), data as never])
      expect(sgd({ learningRate }).schedule.rate(5)).toBe(0.05);
    expect(sgd({ learningRate: 0.5 }).schedule.rate(5)).toBe(0.5);
  });

  test.each([
    [{}, /sgd: learningRate is an object {}, expected a number of at least 0, or a schedule/],
    [null, /sgd: learningRate is null/],
    [-1, /sgd: learningRate is -1/],
  ])("may not be %j", (learningRate, message) => {
    expect(() => sgd({ learningRate: learningRate as never })).toThrow(message);
  });

  test.each(["cosinus", "isObserver"])("of an unknown kind is named: %s", (type) => {
    const load = () => restoreOptimizer("sgd", { learningRate: { type, options: {} } });
    expect(load).toThrow(new RegExp(`schedule is "${type}", expected one of: .*cosine, `));
    expect(load).toThrow(FormatError);
  });

  test("is written for each step, rounded once", () => {
    const schedule = polynomial({ base: 0.3, totalSteps: 7, power: 0.3 });
    const { factors, factorCount } = sgd({ learningRate: schedule });
    const out = new Float32Array(factorCount);
    for (let t = 1; t <= 8; ++t) {
      factors(t, out, 0);
      expect(out[0]).toBe(Math.fround(schedule.rate(t - 1)));
    }
  });

  test("may at no update be so high that decoupled decay flips signs", () => {
    expect(() => adamW({ learningRate: cosine({ base: 2, totalSteps: 5 }), weightDecay: 0.6 })).toThrow(
      /adamW: learningRate · weightDecay is 1.2, expected a finite number at least 0 and at most 1/,
    );
    expect(() => adamW({ learningRate: exponential({ gamma: 1.1 }) })).toThrow(/learningRate · weightDecay is Infinity/);
    expect(adamW({ learningRate: exponential({ gamma: 1.1 }), weightDecay: 0 }).schedule.highest).toBe(Number.POSITIVE_INFINITY);
  });
});

test("a list gives its rates, comes back from a saved optimizer, and refuses an update beyond its end", () => {
  const { type, options, schedule } = adam({ learningRate: list({ rates: [0.1, 0.3, 0.2] }) });
  const { schedule: restored } = restoreOptimizer(type, JSON.parse(JSON.stringify(options)));
  expect([0, 1, 2].map(restored.rate)).toEqual([0.1, 0.3, 0.2]);
  expect(schedule.highest).toBe(0.3);
  expect(() => restored.rate(3)).toThrow("list: rates has 3, expected one for each update; update 4 was asked for");
});

test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, "1", 1n, undefined])("there is no rate of update %s", (i) => {
  for (const schedule of [step({ stepSize: 2 }), cosine({ totalSteps: 5 }), cosineWarmRestarts({ firstPeriod: 2, periodFactor: 2 })])
    expect(() => schedule.rate(i as never)).toThrow(/^\w+: rate of update .*, expected a whole number of at least 0$/);
});

test("exponential goes on falling beyond 2^32 updates", () => {
  const { rate } = exponential({ base: 1, gamma: 1 - 2 ** -40 });
  // (1 - 2^-40)^(2^33) = exp(-2^-7) up to 2^-48; 33 squarings leave errors of at most 2^33 · 2^-53.
  expect(Math.abs(rate(2 ** 33) - Math.exp(-(2 ** -7)))).toBeLessThan(2 ** -20);
  expect(rate(2 ** 33 + 1)).toBeLessThan(rate(2 ** 33));
});

test("networks that share an optimizer have a plateau each", async () => {
  const optimizer = sgd({ learningRate: reduceOnPlateau({ base: 0.1, patience: 0, threshold: 0.9 }) });
  const data = { inputs: [[1], [2], [3]], targets: [[1], [0], [1]] };
  const make = () => network({ input: 1, layers: [dense(1)], loss: meanSquaredError(), optimizer, seed: 1 });
  const outcome = async (net: Network) => {
    const { epochs } = await net.fit(data, { epochs: 30 });
    return { losses: epochs.map(({ loss }) => loss), hash: net.weightsHash() };
  };
  const [first, beside] = [await make(), await make()];
  const expected = await outcome(first);
  expect(await outcome(beside)).toEqual(expected);
  expect(await outcome(await make())).toEqual(expected);
  // 0.1 falls to a tenth until that is less than epsilon, 1e-8.
  const { schedule } = modelOf(first).definition.optimizer;
  expect(schedule.rate(0)).toBeLessThan(1e-6);
  expect(optimizer.schedule.rate(0)).toBe(0.1);
});

test("reduceOnPlateau counts an infinity as no improvement, and what it knows is JSON", () => {
  const observer = reduceOnPlateau({ mode: "max", patience: 1 });
  observer.observe(Number.POSITIVE_INFINITY);
  expect(observer.state()).toEqual({ rate: 0.001, best: null, bad: 1, cooldown: 0 });
  observer.observe(3);
  observer.observe(Number.POSITIVE_INFINITY);
  expect(JSON.parse(JSON.stringify(observer.state()))).toEqual({ rate: 0.001, best: 3, bad: 1, cooldown: 0 });
});
