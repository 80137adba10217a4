import { expect, test } from "vitest";
import { Trials } from "../src/training/trials.js";

/** Runs until so many seconds have passed. @param cost seconds of a step on all threads and on one @param most steps of a call */
function train(trials: Trials, seconds: number, [together, alone]: readonly [number, number], most = 10) {
  const spent = { together: 0, alone: 0, changes: [] as number[], longest: 0 };
  let time = 0;
  while (time < seconds) {
    const steps = Math.min(most, trials.most);
    const way = trials.together ? "together" : "alone";
    const took = steps * (way === "together" ? together : alone);
    time += took;
    spent[way] += took;
    if (trials.most < Number.POSITIVE_INFINITY) spent.longest = Math.max(spent.longest, took);
    if (trials.called(steps, took)) spent.changes.push(time);
  }
  return spent;
}

test("threads that pay are kept, and trials take little time", () => {
  const trials = new Trials();
  const { changes, alone } = train(trials, 30, [0.001, 0.0018]);
  expect(changes).toEqual([]);
  expect(trials.together).toBe(true);
  expect(alone).toBeGreaterThan(0);
  expect(alone / 30).toBeLessThan(0.01);
});

test("where others use the cores one thread takes over within a second, and gives back within ten", () => {
  const trials = new Trials();
  expect(train(trials, 20, [0.001, 0.0018]).changes).toEqual([]);
  const busy = train(trials, 20, [0.008, 0.002]);
  expect(busy.changes).toHaveLength(1);
  expect(busy.changes[0]).toBeLessThan(1);
  // The way that is four times slower is tried in short calls.
  expect(busy.together / 20).toBeLessThan(0.04);
  expect(busy.longest).toBeLessThan(0.05);
  const free = train(trials, 20, [0.001, 0.0018]);
  expect(free.changes).toHaveLength(1);
  expect(free.changes[0]).toBeLessThan(10);
});

test("a difference within what trials can tell changes nothing", () => {
  expect(train(new Trials(), 30, [0.001, 0.00095]).changes).toEqual([]);
});

test("steps that take longer than a trial are tried one at a time, and a clock that stands still decides nothing", () => {
  const trials = new Trials();
  expect(train(trials, 30, [0.3, 0.1], 1).changes).toHaveLength(1);
  expect(trials.together).toBe(false);
  const still = new Trials();
  for (let i = 0; i < 1000; ++i) expect(still.called(5, 0)).toBe(false);
  expect([still.together, still.most]).toEqual([true, Number.POSITIVE_INFINITY]);
});
